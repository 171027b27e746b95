/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/rounds.h"

#include "engine/plan.h"
#include "i18n/i18n.h"
#include "trigger/jobs.h"
#include "trigger/json.h"
#include "trigger/target.h"

#include <stdlib.h>

/* Rounds of looking for processes that appeared meanwhile; a fork bomb ends here too. */
#define MAX_ROUNDS 8u

/* The start time of a process that could not be opened: no process has it. */
#define NOT_OPENED UINT64_C(0)

/* A process that has had its turn. */
struct seen {
	pid_t pid;
	uint64_t start_time; /* NOT_OPENED: could not be opened */
};

struct rounds {
	const struct request *request;
	struct progress progress;
	bool *container_used; /* one each: at least one success */
	size_t nr_processes;  /* with at least one success that changed something */
	struct seen *seen;
	size_t nr_seen;
	struct job *jobs; /* of this round */
	size_t nr_jobs;
	size_t nr_jobs_before; /* of the earlier ones */
	size_t nr_looked_at;   /* processes with the runtime, in whichever round */
	bool library_found;    /* one of them has the library of --revert-all=LIB */
	unsigned round;	       /* of looking for processes, from 0 */
};

/* --- what is done to one process -------------------------------------------------- */

static size_t steps_count(const struct job *job, void *ctx)
{
	const struct rounds *r = ctx;

	return job->library_first + r->request->nr;
}

/* The index of the container of step i; the library's own step has none. */
static bool step_container(const struct rounds *r, const struct job *job, size_t i, size_t *ret)
{
	*ret = i - job->library_first;
	return i >= job->library_first && *ret < r->request->nr;
}

/* What the i-th container does.  Of several for one library only the first takes the place. */
static enum change_kind kind_of(const struct request *q, size_t i)
{
	if (q->revert)
		return CHANGE_REVERT;
	if (!q->revert_all)
		return CHANGE_APPLY;
	for (size_t k = 0; k < i; k++)
		if (ulp_build_id_equal(&q->containers[k].patch.build_id,
				       &q->containers[i].patch.build_id))
			return CHANGE_APPLY;
	return CHANGE_EXCHANGE;
}

static void step_get(const struct job *job, size_t i, struct change *ret, void *ctx)
{
	const struct rounds *r = ctx;
	const struct request *q = r->request;
	size_t container;

	*ret = (struct change){
		.kind = CHANGE_REVERT_ALL,
		.library = q->library,
		.dry_run = q->dry_run,
		.force = q->force,
		.timeout_ns = q->timeout_ns,
	};
	if (step_container(r, job, i, &container)) {
		ret->kind = kind_of(q, container);
		ret->container = &q->containers[container];
		ret->runtime = q->runtime;
	} else {
		ret->except = q->containers;
		ret->nr_except = q->nr;
	}
}

/*
 * A process that ended on its own needs no patch any more; one that was asked
 * for is missed all the same.  A process that was forked meanwhile has its
 * parent's patches already.
 */
static bool worth_telling(const struct rounds *r, const struct job *job,
			  const struct change_outcome *out)
{
	const enum ulp_code code = out->err.code;

	if (code == ULP_EGONE)
		return r->request->selector || process_alive(&job->proc);
	if (!r->round)
		return true;
	return !out->idle && code != (r->request->revert ? ULP_ENOTAPPLIED : ULP_EAPPLIED);
}

/* Returns whether the process was changed. */
static bool step_tell(struct rounds *r, const struct job *job, size_t i)
{
	const struct request *q = r->request;
	const struct change_outcome *out = &job->outcomes[i];
	const char *name = *out->process ? out->process : job->proc.name;
	size_t container;
	bool named = step_container(r, job, i, &container);

	if (!worth_telling(r, job, out))
		return false;
	report_outcome(q->report, job->proc.pid, name,
		       named ? q->containers[container].base_name : q->library, &out->err);
	if (out->err.code || out->idle)
		return false;
	if (named)
		r->container_used[container] = true;
	return true;
}

static void job_done(const struct job *job, void *ctx)
{
	struct rounds *r = ctx;
	bool changed = false;

	if (!job->outcomes) {
		struct ulp_err err;

		(void)ulp_fail(&err, ULP_ENOMEM, "out of memory");
		report_outcome(r->request->report, job->proc.pid, job->proc.name, NULL, &err);
		return;
	}
	for (size_t i = 0; i < job->nr_done; i++)
		changed |= step_tell(r, job, i);
	r->nr_processes += changed;
	/* Who reads along shall not wait for the others. */
	(void)fflush(r->request->report->out);
}

/* --- which processes -------------------------------------------------------------- */

static bool was_seen(const struct rounds *r, pid_t pid, uint64_t start_time)
{
	for (size_t i = 0; i < r->nr_seen; i++)
		if (r->seen[i].pid == pid && r->seen[i].start_time == start_time)
			return true;
	return false;
}

static bool seen_before(struct rounds *r, pid_t pid, uint64_t start_time)
{
	struct seen *list;

	if (was_seen(r, pid, start_time))
		return true;
	list = reallocarray(r->seen, r->nr_seen + 1, sizeof(*list));
	if (!list)
		return true;
	r->seen = list;
	list[r->nr_seen++] = (struct seen){pid, start_time};
	return false;
}

static void job_add(struct rounds *r, const struct process *proc, bool library_first)
{
	struct job *list = reallocarray(r->jobs, r->nr_jobs + 1, sizeof(*list));

	if (!list) {
		struct ulp_err err;

		(void)ulp_fail(&err, ULP_ENOMEM, "out of memory");
		report_outcome(r->request->report, proc->pid, proc->name, NULL, &err);
		return;
	}
	r->jobs = list;
	list[r->nr_jobs++] = (struct job){.proc = *proc, .library_first = library_first};
}

/*
 * Whether the library gets a step of its own: without containers, and where the process
 * has it, but none of the containers is for it.
 */
static bool is_library_first(const struct request *q, const struct target *t)
{
	const struct plan_library lib = {q->library, q->containers, q->nr};

	return q->library && (!q->nr || plan_library_has(&t->engine, &lib));
}

/* A process that was seen in an earlier round has had its outcome, and may have ended since. */
static bool had_outcome(const struct rounds *r, pid_t pid)
{
	for (size_t i = 0; r->round && i < r->nr_seen; i++)
		if (r->seen[i].pid == pid)
			return true;
	return false;
}

static void look_for_library(struct rounds *r, const struct target *t)
{
	const struct plan_library lib = {.name = r->request->library};

	r->nr_looked_at++;
	if (lib.name && plan_library_has(&t->engine, &lib))
		r->library_found = true;
}

static void process_found(struct target *t, void *ctx)
{
	struct rounds *r = ctx;

	progress_hide(&r->progress);
	look_for_library(r, t);
	/* It had no runtime before.  By now it has: from us, with the containers, or by exec(). */
	if (was_seen(r, t->proc.pid, NOT_OPENED))
		return;
	if (!seen_before(r, t->proc.pid, t->proc.start_time))
		job_add(r, &t->proc, is_library_first(r->request, t));
}

static void process_failed(pid_t pid, const struct ulp_err *err, void *ctx)
{
	struct rounds *r = ctx;

	if (had_outcome(r, pid))
		return;
	/* One that could not be opened has no start time: told once. */
	if (seen_before(r, pid, NOT_OPENED))
		return;
	if (err->code == ULP_ENORUNTIME && r->request->runtime)
		job_add(r, &(struct process){.pid = pid, .mem_fd = -1}, false);
	else
		report_outcome(r->request->report, pid, NULL, NULL, err);
}

/* --- the end ---------------------------------------------------------------------- */

static size_t nr_containers_used(const struct rounds *r)
{
	size_t nr = 0;

	for (size_t i = 0; r->container_used && i < r->request->nr; i++)
		nr += r->container_used[i];
	return nr;
}

static void say_processes(const struct rounds *r)
{
	const struct request *q = r->request;
	const bool leave = q->revert || !q->nr;
	const size_t nr = r->nr_processes;

	if (q->dry_run && leave)
		report_say(q->report,
			   ngettext("could be reverted in %zu process",
				    "could be reverted in %zu processes", nr),
			   nr);
	else if (q->dry_run)
		report_say(q->report,
			   ngettext("could be applied to %zu process",
				    "could be applied to %zu processes", nr),
			   nr);
	else if (leave)
		report_say(q->report,
			   ngettext("reverted in %zu process", "reverted in %zu processes", nr),
			   nr);
	else
		report_say(q->report,
			   ngettext("applied to %zu process", "applied to %zu processes", nr), nr);
}

static void summary(const struct rounds *r)
{
	const struct request *q = r->request;
	const size_t nr = nr_containers_used(r);

	if (!q->nr)
		report_say(q->report, "all patches of %s ", quoted(q->library).text);
	else
		report_say(q->report, ngettext("%zu patch ", "%zu patches ", nr), nr);
	say_processes(r);
	report_say(q->report, " (%u skipped, %u failed)\n", q->report->nr_skipped,
		   q->report->nr_errors);
	if (jobs_signal())
		report_say(q->report, "interrupted: other processes were left as they are\n");
}

/* Whether it is known that nobody has the library: of those that were left out nothing is. */
static bool is_library_missing(const struct rounds *r)
{
	return r->request->library && r->nr_looked_at && !r->library_found && !jobs_signal();
}

/*
 * That a name is wrong shows nowhere else where there are containers: they are applied all the
 * same.  Without them each process has an outcome that says so.
 */
static void warn_of_library(const struct rounds *r)
{
	const struct request *q = r->request;

	if (q->nr && is_library_missing(r))
		report_warning(q->report,
			       "--revert-all=%s: no process that was looked at has this library, "
			       "so nothing of it was reverted",
			       quoted(q->library).text);
}

/* There may be more of them since. */
static void warn_of_others(const struct rounds *r)
{
	if (r->round == MAX_ROUNDS)
		report_warning(r->request->report,
			       "processes appear all the time: after %u rounds the newest were not "
			       "looked for any more; run ulp trigger again",
			       MAX_ROUNDS);
}

/* What --json tells besides the outcomes. */
static void answer_end(const struct rounds *r)
{
	const struct request *q = r->request;
	struct report *report = q->report;

	if (!report->json)
		return;
	json_put_bool(report->json, "revert", q->revert);
	json_put_bool(report->json, "revert_all", q->revert_all);
	json_put_text(report->json, "library", q->library);
	if (r->library_found || is_library_missing(r))
		json_put_bool(report->json, "library_found", r->library_found);
	else
		json_put(report->json, "library_found", NULL);
	json_put_bool(report->json, "dry_run", q->dry_run);
	json_put_bool(report->json, "interrupted", jobs_signal() != 0);
	report_count_outcomes(report);
	report_count(report, "containers", nr_containers_used(r));
	report_count(report, "processes", r->nr_processes);
}

/* The exit status where nothing succeeded: the errors', or 1. */
static int nothing_done(const struct report *report)
{
	int status = report_status(report);

	return status ? status : 1;
}

/* One round: finds the processes that were not there before, and changes them. */
static enum ulp_code round_run(struct rounds *r, struct visits *visits)
{
	const struct visitor visitor = {process_found, process_failed, r};
	const struct job_steps steps = {steps_count, step_get, job_done, r};
	const struct request *q = r->request;
	struct ulp_err err;
	enum ulp_code code;

	r->nr_jobs_before += r->nr_jobs;
	r->nr_jobs = 0;
	code = targets_each(q->selector, q->report, &visitor, visits);
	if (code)
		return code;
	code = jobs_run(r->jobs, r->nr_jobs, q->nr_jobs, &steps, r->nr_jobs_before, &r->progress,
			&err);
	if (code)
		report_error(q->report, &err);
	return code;
}

static int all_rounds(struct rounds *r)
{
	const struct request *q = r->request;
	struct visits visits = {0};
	size_t before;

	do {
		before = r->nr_seen;
		if (round_run(r, &visits)) {
			if (r->round)
				break;
			return report_status(q->report);
		}
	} while (r->nr_seen != before && !jobs_signal() && ++r->round < MAX_ROUNDS);

	progress_hide(&r->progress);
	summary(r);
	warn_of_library(r);
	warn_of_others(r);
	if (!r->nr_seen) {
		targets_say_none(q->selector, q->report, &visits);
		return 1;
	}
	/* All of them may have ended meanwhile. */
	return q->report->nr_success ? report_status(q->report) : nothing_done(q->report);
}

int rounds_refuse(const struct request *request)
{
	const struct rounds r = {.request = request};

	answer_end(&r);
	return report_status(request->report);
}

int rounds_run(const struct request *request)
{
	struct rounds r = {.request = request};
	int status;

	r.container_used = calloc(request->nr + 1, sizeof(*r.container_used));
	if (!r.container_used) {
		struct ulp_err err;

		(void)ulp_fail(&err, ULP_ENOMEM, "out of memory");
		return report_error(request->report, &err);
	}
	jobs_catch_signals();
	progress_begin(&r.progress, request->report);
	status = all_rounds(&r);
	progress_hide(&r.progress);
	answer_end(&r);
	free(r.container_used);
	free(r.seen);
	free(r.jobs);
	return status;
}
