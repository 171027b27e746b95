/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/change.h"

#include "engine/insides.h"
#include "engine/plan.h"
#include "trigger/active.h"
#include "trigger/session.h"
#include "trigger/target.h"
#include "trigger/tracee.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One change while it is being carried out, in the child. */
struct work {
	const struct change *change;
	struct target target;
	struct session *session;
	struct plan plan;
	uint64_t deadline_ns;
	pid_t parent;
	bool recovered; /* a change that another tool had left unfinished */
};

/* What the child tells its parent. */
struct outcome {
	char process[64];
	struct ulp_err err; /* code ULP_OK: success */
};

/* Whether nobody waits for us any more: the tool was killed or interrupted. */
static bool abandoned(const struct work *w)
{
	sigset_t pending;

	return getppid() != w->parent ||
	       (sigpending(&pending) == 0 &&
		(sigismember(&pending, SIGINT) > 0 || sigismember(&pending, SIGTERM) > 0 ||
		 sigismember(&pending, SIGHUP) > 0 || sigismember(&pending, SIGQUIT) > 0));
}

/* A borrowed thread for as long as `step` takes, then back to running. */
static enum ulp_code with_borrowed(struct work *w,
				   enum ulp_code (*step)(struct plan *, struct ulp_err *),
				   struct ulp_err *err)
{
	const struct ulp_registry *head = &w->target.engine.registry.head;
	struct ulp_err second;
	enum ulp_code code =
		session_borrow(w->session, head->syscall_code, head->frame, head->frame_len, err);
	enum ulp_code back;

	if (code)
		return code;
	code = step(&w->plan, err);
	back = session_return(w->session, code ? &second : err);
	if (!back)
		back = session_resume_first(w->session, code ? &second : err);
	return code ? code : back;
}

static enum ulp_code active_in(struct work *w, const struct code_range *ranges, size_t nr,
			       struct ulp_err *err)
{
	if (!nr)
		return ULP_OK;
	return active_check(&w->target.proc, w->session, &w->target.rs.space, ranges, nr, err);
}

static enum ulp_code guards_check(struct work *w, struct ulp_err *err)
{
	struct code_range *ranges;
	enum ulp_code code;

	if (w->change->force || !w->plan.nr_guards)
		return ULP_OK;
	ranges = calloc(w->plan.nr_guards, sizeof(*ranges));
	if (!ranges)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < w->plan.nr_guards; i++)
		ranges[i] = (struct code_range){
			.start = w->plan.guards[i].start,
			.end = w->plan.guards[i].end,
			.name = w->plan.guards[i].name,
			.whole = w->plan.guards[i].whole,
		};
	code = active_in(w, ranges, w->plan.nr_guards, err);
	free(ranges);
	return code;
}

/* No thread would go on in the middle of an instruction; nothing does without this check. */
static enum ulp_code insides_check(struct work *w, struct ulp_err *err)
{
	struct inside *insides;
	struct code_range *ranges;
	enum ulp_code code;
	size_t nr;

	code = insides_find(&w->target.engine.registry, &insides, &nr, err);
	if (code)
		return code;
	ranges = calloc(nr + 1, sizeof(*ranges));
	if (!ranges)
		code = ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < nr && !code; i++)
		ranges[i] = (struct code_range){
			.start = insides[i].start,
			.end = insides[i].end,
			.name = insides[i].name,
			.exact = true,
		};
	if (!code)
		code = active_in(w, ranges, nr, err);
	free(ranges);
	free(insides);
	return code;
}

static enum ulp_code commit_stopped(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = guards_check(w, err);

	if (!code)
		code = insides_check(w, err);
	return code ? code : plan_commit(&w->plan, err);
}

static enum ulp_code recover_stopped(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = insides_check(w, err);

	return code ? code : registry_recover(&w->target.engine.registry, &w->target.rs.space, err);
}

typedef enum ulp_code stopped_fn(struct work *w, struct ulp_err *err);

/* Stops all threads, and takes the step if none stands in the way; always resumes. */
static enum ulp_code stop_once(struct work *w, stopped_fn *step, struct ulp_err *err)
{
	struct ulp_err second;
	enum ulp_code code = session_stop_all(w->session, err);
	enum ulp_code resumed;

	if (code)
		return code;
	code = step(w, err);
	resumed = session_resume_all(w->session, code ? &second : err);
	/* Done is done: a thread that died at its resumption changes nothing. */
	return code ? code : resumed == ULP_EGONE ? ULP_OK : resumed;
}

/* Again and again until nobody stands in the way, or the deadline. */
static enum ulp_code stop_and(struct work *w, stopped_fn *step, struct ulp_err *err)
{
	struct ulp_err active = {0};

	for (unsigned n = 0;; n++) {
		struct ulp_err now = {0};
		enum ulp_code code = stop_once(w, step, &now);

		if (!code)
			return ULP_OK;
		/* The deadline came in the middle of a further try: what held up the others
		 * is the reason to tell. */
		if (code == ULP_ESTOP && active.code)
			now = active;
		if (code != ULP_EACTIVE || clock_ns() >= w->deadline_ns) {
			if (err)
				*err = now;
			return now.code;
		}
		active = now;
		if (abandoned(w))
			return ulp_fail(err, ULP_ESTOP, "interrupted");
		wait_for_try(n);
	}
}

/* Finishes what a tool that was killed in the middle of a commit had decided. */
static enum ulp_code recover(struct work *w, struct ulp_err *err)
{
	enum ulp_code code;

	if (!engine_needs_recovery(&w->target.engine))
		return ULP_OK;
	if (w->change->dry_run)
		return ulp_fail(err, ULP_ESTOP,
				"an earlier ulp did not live to finish a change; the next one "
				"without --dry-run will");
	code = stop_and(w, recover_stopped, err);
	if (code)
		return code;
	w->recovered = true;
	registry_message(&w->target.engine.registry, &w->target.rs.space,
			 "finished a change that an earlier ulp did not live to finish");
	return target_refresh(&w->target, w->deadline_ns, err);
}

static void messages_superseded(struct work *w)
{
	struct registry *reg = &w->target.engine.registry;
	char line[512];

	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];

		if (!plan_supersedes(&w->plan, p))
			continue;
		(void)snprintf(line, sizeof(line), "reverted %s: superseded by %s",
			       registry_string(p, p->head.file), w->change->container->base_name);
		registry_message(reg, &w->target.rs.space, line);
	}
}

static void message(struct work *w)
{
	const struct ulp_container *c = w->change->container;
	char line[512];

	snprintf(line, sizeof(line), "%s %s: %zu function%s of %s",
		 w->change->revert ? "reverted" : "applied", c->base_name, c->patch.nr_functions,
		 c->patch.nr_functions == 1 ? "" : "s", c->patch.soname);
	registry_message(&w->target.engine.registry, &w->target.rs.space, line);
	messages_superseded(w);
}

/* Cleaning up may take this long after the deadline. */
#define UNDO_NS 2000000000ull

/*
 * Takes the container's memory out again.  Where that fails it stays as unused
 * memory, and the failure to tell is the one that brought us here.
 */
static void undo(struct work *w, enum ulp_code why)
{
	struct ulp_err second;
	enum ulp_code code;

	if (!plan_needs_map(&w->plan) || why == ULP_EGONE)
		return;
	session_set_deadline(w->session, clock_ns() + UNDO_NS);
	code = with_borrowed(w, plan_undo, &second);
	(void)code;
}

static enum ulp_code carry_out(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (plan_needs_map(&w->plan))
		code = with_borrowed(w, plan_map, err);
	if (!code)
		code = plan_write(&w->plan, err);
	if (!code)
		code = stop_and(w, commit_stopped, err);
	if (!code) {
		message(w);
		return ULP_OK;
	}
	undo(w, code);
	return code;
}

static enum ulp_code with_session(struct work *w, struct ulp_err *err)
{
	const struct ulp_container *c = w->change->container;
	enum ulp_code code = session_resume_first(w->session, err);

	/* The lock is ours from here on: look again at what another tool may have changed. */
	if (!code)
		code = target_refresh(&w->target, w->deadline_ns, err);
	if (!code)
		code = recover(w, err);
	if (code)
		return code;
	code = w->change->revert ? plan_revert(&w->plan, &w->target.engine, c, err)
				 : plan_apply(&w->plan, &w->target.engine, c, err);
	/* It is what had been left unfinished: done now. */
	if (w->recovered && code == (w->change->revert ? ULP_ENOTAPPLIED : ULP_EAPPLIED))
		return ULP_OK;
	if (code)
		return code;
	if (!w->change->dry_run)
		code = carry_out(w, err);
	plan_deinit(&w->plan);
	return code;
}

static enum ulp_code change_target(struct work *w, struct ulp_err *err)
{
	const struct ulp_object *target;
	enum ulp_code code = engine_target(&w->target.engine, w->change->container, &target, err);

	/* Not meant for this process: found out without stopping anything. */
	if (code)
		return code;
	if (w->target.engine.registry.head.disabled && !w->change->revert)
		return ulp_fail(err, ULP_EPERM, "live patching is disabled in this process");
	if (!w->target.proc.writable)
		return ulp_fail(err, ULP_EPERM, "its memory cannot be written; run as root");
	code = session_begin(&w->target.proc, w->deadline_ns, &w->session, err);
	if (code)
		return code;
	w->target.rs.session = w->session;
	code = with_session(w, err);
	w->target.rs.session = NULL;
	session_end(w->session);
	return code;
}

/* Ctrl-C must not hit in the middle: it is looked for where giving up is clean. */
static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void child(pid_t pid, const struct change *change, pid_t parent, struct outcome *out)
{
	struct work w = {
		.change = change,
		.deadline_ns = clock_ns() + change->timeout_ns,
		.parent = parent,
	};

	hold_signals();
	if (target_open(pid, w.deadline_ns, &w.target, &out->err))
		return;
	memcpy(out->process, w.target.proc.name, sizeof(out->process));
	if (!change_target(&w, &out->err))
		out->err = (struct ulp_err){0};
	target_close(&w.target);
}

static bool read_all(int fd, void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static enum ulp_code outcome_read(int fd, pid_t worker, struct outcome *out, struct ulp_err *err)
{
	bool told = read_all(fd, out, sizeof(*out));
	int status = 0;

	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!told && WIFSIGNALED(status))
		return ulp_fail(err, ULP_ESYS, "the working process was killed by signal %d",
				WTERMSIG(status));
	if (!told)
		return ulp_fail(err, ULP_ESYS, "the working process ended without a result");
	if (out->err.code && err)
		*err = out->err;
	return out->err.code;
}

enum ulp_code change_process(pid_t pid, const struct change *change, char process[64],
			     struct ulp_err *err)
{
	struct outcome out = {0};
	pid_t parent = getpid();
	enum ulp_code code;
	pid_t worker;
	int fd[2];

	process[0] = '\0';
	if (pipe(fd) < 0)
		return ulp_fail_errno(err, ULP_ESYS, "pipe");
	(void)fflush(NULL);
	worker = fork();
	if (worker < 0) {
		code = ulp_fail_errno(err, ULP_ESYS, "fork");
		close(fd[0]);
		close(fd[1]);
		return code;
	}
	if (worker == 0) {
		close(fd[0]);
		child(pid, change, parent, &out);
		_exit(write(fd[1], &out, sizeof(out)) == sizeof(out) ? 0 : 1);
	}
	close(fd[1]);
	code = outcome_read(fd[0], worker, &out, err);
	close(fd[0]);
	memcpy(process, out.process, sizeof(out.process));
	return code;
}
