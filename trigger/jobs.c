/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/jobs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More workers than this only wait for the same processors and the same terminal. */
#define DEFAULT_MAX 16u

/* A state of the program as a whole, as a signal is. */
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
}

void jobs_catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	/* What is being printed goes on; poll(2) is interrupted all the same. */
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction before;

		/* What the caller lets us ignore (nohup) stays ignored. */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			(void)sigaction(signals[i], &action, NULL);
	}
	/* A reader who has gone is no reason to leave processes out; the exit status tells of it.
	 */
	(void)signal(SIGPIPE, SIG_IGN);
}

int jobs_signal(void)
{
	return caught;
}

unsigned jobs_default(void)
{
	const long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (online < 1)
		return 2;
	return online > (long)DEFAULT_MAX / 2 ? DEFAULT_MAX : 2 * (unsigned)online;
}

struct place {
	struct job *job; /* NULL: it is free */
};

/* The jobs that are being done. */
struct places {
	struct place *list;
	struct pollfd *fds; /* in the same order; fd -1: free */
	unsigned nr;
	unsigned nr_used;
	const struct job_steps *steps;
	size_t nr_done;
	bool told; /* the workers, that they shall give up */
};

static void job_end(struct places *p, struct job *job)
{
	p->steps->done(job, p->steps->ctx);
	free(job->outcomes);
	job->outcomes = NULL;
	p->nr_done++;
}

/* Begins the next step that can be begun.  false: there is none, the job is done. */
static bool step_begin(struct places *p, struct job *job)
{
	const size_t nr = p->steps->count(job, p->steps->ctx);

	while (job->nr_done < nr && !caught) {
		struct change change;
		struct change_outcome *out = &job->outcomes[job->nr_done];

		p->steps->get(job, job->nr_done, &change, p->steps->ctx);
		if (!worker_start(job->proc.pid, &change, &job->worker, &out->err))
			return true;
		job->nr_done++;
	}
	return false;
}

static void job_begin(struct places *p, struct job *job, struct progress *progress)
{
	const size_t nr = p->steps->count(job, p->steps->ctx);
	unsigned at = 0;

	job->outcomes = calloc(nr + 1, sizeof(*job->outcomes));
	if (job->outcomes && step_begin(p, job)) {
		while (p->list[at].job)
			at++;
		p->list[at].job = job;
		p->fds[at] = (struct pollfd){.fd = job->worker.fd, .events = POLLIN};
		p->nr_used++;
		return;
	}
	progress_hide(progress);
	job_end(p, job);
}

/* The worker at this place has ended, or has something to say. */
static void step_end(struct places *p, unsigned at, struct progress *progress)
{
	struct job *job = p->list[at].job;

	worker_finish(&job->worker, &job->outcomes[job->nr_done]);
	job->nr_done++;
	if (step_begin(p, job)) {
		p->fds[at].fd = job->worker.fd;
		return;
	}
	p->list[at].job = NULL;
	p->fds[at].fd = -1;
	p->nr_used--;
	progress_hide(progress);
	job_end(p, job);
}

/* A signal from the terminal they have got themselves, one from kill(1) they have not. */
static void workers_tell(struct places *p)
{
	if (!caught || p->told)
		return;
	p->told = true;
	for (unsigned i = 0; i < p->nr; i++)
		if (p->list[i].job)
			(void)kill(p->list[i].job->worker.pid, caught);
}

static void wait_for_some(struct places *p, struct progress *progress)
{
	/* A signal that came before would not end it: it is looked for now and then. */
	const int look_ms = 200;
	const int due_ms = progress_wait_ms(progress);

	workers_tell(p);
	if (poll(p->fds, p->nr, due_ms >= 0 && due_ms < look_ms ? due_ms : look_ms) <= 0)
		return;
	for (unsigned i = 0; i < p->nr; i++)
		if (p->list[i].job && p->fds[i].revents)
			step_end(p, i, progress);
}

enum ulp_code jobs_run(struct job *jobs, size_t nr, unsigned nr_parallel,
		       const struct job_steps *steps, size_t nr_before, struct progress *progress,
		       struct ulp_err *err)
{
	struct places p = {.nr = nr < nr_parallel ? (unsigned)nr : nr_parallel, .steps = steps};
	size_t next = 0;

	if (!nr)
		return ULP_OK;
	p.list = calloc(p.nr, sizeof(*p.list));
	p.fds = calloc(p.nr, sizeof(*p.fds));
	if (!p.list || !p.fds) {
		free(p.list);
		free(p.fds);
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	}
	for (unsigned i = 0; i < p.nr; i++)
		p.fds[i].fd = -1;
	while (p.nr_used || (next < nr && !caught)) {
		while (next < nr && p.nr_used < p.nr && !caught)
			job_begin(&p, &jobs[next++], progress);
		progress_show(progress, nr_before + p.nr_done, nr_before + nr);
		if (p.nr_used)
			wait_for_some(&p, progress);
	}
	free(p.list);
	free(p.fds);
	return ULP_OK;
}
