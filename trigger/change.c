/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/change.h"
#include "trigger/change_note.h"

#include "engine/insides.h"
#include "engine/pending.h"
#include "engine/plan.h"
#include "trigger/abandoned.h"
#include "trigger/active.h"
#include "trigger/copies.h"
#include "trigger/inject.h"
#include "trigger/inject_hooks.h"
#include "trigger/library_path.h"
#include "trigger/session.h"
#include "trigger/target.h"
#include "trigger/tracee.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One change while it is being carried out, in the child. */
struct work {
	const struct change *change;
	char *library; /* change->library as library_path_resolve() gives it; owned, or NULL */
	struct target target;
	struct session *session;
	struct plan plan;
	struct code_range *ranges; /* owned; see ranges_make() */
	size_t nr_ranges;
	struct active *active; /* owned; borrows the ranges */
	uint64_t deadline_ns;
	bool recovered; /* a change that another tool had left unfinished */
	bool idle;	/* there was nothing to do */
	char note[sizeof(((struct ulp_err *)NULL)->text)]; /* see change_note.h */
};

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

/* --- code in which no thread may stand ------------------------------------------------ */

static void ranges_of_guards(struct work *w)
{
	for (size_t i = 0; i < w->plan.nr_guards; i++)
		w->ranges[w->nr_ranges++] = (struct code_range){
			.start = w->plan.guards[i].start,
			.end = w->plan.guards[i].end,
			.name = w->plan.guards[i].name,
			.whole = w->plan.guards[i].whole,
		};
}

/* No thread would go on in the middle of an instruction; nothing is done without this check. */
static void ranges_of_insides(struct work *w, const struct inside *insides, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		w->ranges[w->nr_ranges++] = (struct code_range){
			.start = insides[i].start,
			.end = insides[i].end,
			.name = insides[i].name,
			.exact = true,
		};
}

static void ranges_forget(struct work *w)
{
	active_close(w->active);
	free(w->ranges);
	w->active = NULL;
	w->ranges = NULL;
	w->nr_ranges = 0;
}

/* Made before the stop.  guards: those of the plan as well. */
static enum ulp_code ranges_make(struct work *w, bool guards, struct ulp_err *err)
{
	struct inside *insides;
	size_t nr;
	enum ulp_code code = insides_find(&w->target.engine.registry, &insides, &nr, err);

	if (code)
		return code;
	w->ranges = calloc(w->plan.nr_guards + nr + 1, sizeof(*w->ranges));
	if (!w->ranges) {
		free(insides);
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	}
	if (guards)
		ranges_of_guards(w);
	ranges_of_insides(w, insides, nr);
	free(insides);
	code = active_open(&w->target.proc, &w->target.rs.space, w->ranges, w->nr_ranges,
			   &w->active, err);
	if (code)
		ranges_forget(w);
	return code;
}

/* session_look_fn */
static void look_at_sleepers(void *ctx, struct stopped_thread *threads, size_t nr)
{
	struct work *w = ctx;

	active_look(w->active, threads, nr);
	plan_rehearse(&w->plan);
}

static enum ulp_code commit_stopped(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = active_check(w->active, w->session, err);

	return code ? code : plan_commit(&w->plan, err);
}

static enum ulp_code recover_stopped(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = active_check(w->active, w->session, err);

	return code ? code : registry_recover(&w->target.engine.registry, &w->target.rs.space, err);
}

typedef enum ulp_code stopped_fn(struct work *w, struct ulp_err *err);

/* Stops all threads, and takes the step if none stands in the way; always resumes. */
static enum ulp_code stop_once(struct work *w, stopped_fn *step, struct ulp_err *err)
{
	enum ulp_code code;

	session_set_look(w->session, look_at_sleepers, w);
	code = session_stop_all(w->session, err);
	session_set_look(w->session, NULL, NULL);
	if (code)
		return code;
	code = step(w, err);
	session_resume_all(w->session);
	return code;
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
		if (abandoned())
			return abandoned_fail(err);
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
	code = ranges_make(w, false, err);
	if (code)
		return code;
	code = stop_and(w, recover_stopped, err);
	ranges_forget(w);
	if (code)
		return code;
	w->recovered = true;
	registry_message(&w->target.engine.registry, &w->target.rs.space,
			 "finished a change that an earlier ulp did not live to finish");
	return target_refresh(&w->target, w->deadline_ns, err);
}

/*
 * Takes out the memory that a tool has mapped and did not live to use.  Where that fails
 * it is left for the next one: it does no harm but to be there.
 */
static void clean(struct work *w)
{
	struct registry *reg = &w->target.engine.registry;
	struct ulp_space *space = &w->target.rs.space;
	struct ulp_err second;
	enum ulp_code code;

	if (w->change->dry_run || !reg->head.pending.len)
		return;
	if (!pending_is_ours(reg, space)) {
		code = pending_forget(reg, space, &second);
		(void)code;
		return;
	}
	w->plan = (struct plan){.engine = &w->target.engine};
	if (!with_borrowed(w, plan_clean, &second))
		registry_message(reg, space,
				 "unmapped a container that an earlier ulp did not live to apply");
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
		code = ranges_make(w, !w->change->force, err);
	if (!code)
		code = stop_and(w, commit_stopped, err);
	ranges_forget(w);
	if (!code) {
		change_messages(w->change, &w->plan);
		return ULP_OK;
	}
	undo(w, code);
	return code;
}

/* Before anything is stopped, and again when no other tool can switch it any more. */
static enum ulp_code disabled_check(const struct work *w, struct ulp_err *err)
{
	if (!w->target.engine.registry.head.disabled || change_only_reverts(w->change))
		return ULP_OK;
	return ulp_fail(err, ULP_EPERM,
			"live patching is disabled in this process; "
			"'ulp set_patchable -p PID enable' allows it");
}

/* Whether the container takes the place of the others: it is for the library that was named. */
static bool is_exchange(const struct work *w)
{
	const struct change *change = w->change;
	const struct ulp_object *target;

	return change->kind == CHANGE_EXCHANGE &&
	       !engine_target(&w->target.engine, change->container, &target, NULL) &&
	       (!w->library || plan_library_is(&w->target.engine, target, w->library));
}

static struct plan_library library_of(const struct work *w)
{
	return (struct plan_library){w->library, w->change->except, w->change->nr_except};
}

static enum ulp_code plan_make(struct work *w, struct ulp_err *err)
{
	const struct change *change = w->change;
	const struct plan_library lib = library_of(w);
	struct engine *e = &w->target.engine;

	switch (change->kind) {
	case CHANGE_REVERT:
		return plan_revert(&w->plan, e, change->container, err);
	case CHANGE_REVERT_ALL:
		return plan_revert_all(&w->plan, e, &lib, err);
	default:
		return is_exchange(w) ? plan_exchange(&w->plan, e, change->container, err)
				      : plan_apply(&w->plan, e, change->container, err);
	}
}

/* One copy of the target: the one that engine_target() gives. */
static enum ulp_code change_copy(void *ctx, struct ulp_err *err)
{
	struct work *w = ctx;
	enum ulp_code code = plan_make(w, err);

	/* It is what had been left unfinished: done now. */
	if (w->recovered && (code == ULP_ENOTAPPLIED || code == ULP_EAPPLIED))
		return ULP_OK;
	if (code)
		return code;
	if (!w->change->dry_run && !plan_is_empty(&w->plan))
		code = carry_out(w, err);
	if (!code) {
		change_note(w->change, &w->plan, w->note, sizeof(w->note));
		w->idle = plan_is_empty(&w->plan) && !w->recovered;
	}
	plan_deinit(&w->plan);
	return code;
}

/* What the container has made leave does not come back with its revert. */
static bool can_go_back(const struct change *change)
{
	const struct ulp_patch *patch = &change->container->patch;

	for (size_t i = 0; i < patch->nr_relations; i++)
		if (patch->relations[i].kind == ULP_RELATION_SUPERSEDES)
			return false;
	return change->kind == CHANGE_APPLY || change->kind == CHANGE_REVERT;
}

/* A copy that was changed before another one could not be. */
static enum ulp_code change_copy_back(void *ctx, struct ulp_err *err)
{
	struct work *w = ctx;
	const struct change *change = w->change;
	struct change back = *change;
	enum ulp_code code;

	if (change->dry_run)
		return ULP_OK;
	if (!can_go_back(change))
		return ulp_fail(err, ULP_EUNSUP, "what has left does not come back");
	back.kind = change->kind == CHANGE_APPLY ? CHANGE_REVERT : CHANGE_APPLY;
	w->change = &back;
	code = change_copy(w, err);
	w->change = change;
	return code;
}

static enum ulp_code change_copies(struct work *w, struct ulp_err *err)
{
	const struct copies_steps steps = {
		.change = change_copy,
		.back = change_copy_back,
		.already = w->change->kind == CHANGE_REVERT ? ULP_ENOTAPPLIED : ULP_EAPPLIED,
		.ctx = w,
	};

	if (!w->change->container)
		return change_copy(w, err);
	return copies_change(&w->target, w->change->container, w->deadline_ns, &steps, err);
}

static enum ulp_code with_session(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = session_lock(w->session, w->target.engine.registry.at, err);

	/* The lock is ours from here on: look again at what another tool may have changed. */
	if (!code)
		code = target_refresh(&w->target, w->deadline_ns, err);
	if (!code)
		code = disabled_check(w, err);
	if (!code)
		code = recover(w, err);
	if (!code && !change_only_reverts(w->change) && !w->change->dry_run)
		code = hooks_renew(w->session, &w->target.engine.reader, &w->target.engine.objects,
				   err);
	if (code)
		return code;
	clean(w);
	return change_copies(w, err);
}

static enum ulp_code library_check(const struct work *w, struct ulp_err *err)
{
	const struct plan_library lib = library_of(w);
	const struct ulp_object *target;

	if (w->change->library && !w->library)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	if (w->change->container)
		return engine_target(&w->target.engine, w->change->container, &target, err);
	return plan_library_has(&w->target.engine, &lib)
		       ? ULP_OK
		       : ulp_fail(err, ULP_ENOTARGET, "the process does not have %s",
				  w->change->library);
}

static enum ulp_code change_target(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = library_check(w, err);

	/* Not meant for this process: found out without stopping anything. */
	if (code)
		return code;
	code = disabled_check(w, err);
	if (code)
		return code;
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

void change_carry_out(pid_t pid, const struct change *change, struct change_outcome *out)
{
	struct work w = {
		.change = change,
		.deadline_ns = clock_ns() + change->timeout_ns,
	};

	if (change->runtime && change->container &&
	    inject_runtime(pid, change->runtime, change->container, w.deadline_ns, out->process,
			   &out->err))
		return;
	if (target_open(pid, w.deadline_ns, &w.target, &out->err))
		return;
	memcpy(out->process, w.target.proc.name, sizeof(out->process));
	if (change->library)
		w.library = library_path_resolve(&w.target, change->library);
	if (!change_target(&w, &out->err)) {
		out->err = (struct ulp_err){0};
		out->idle = w.idle;
		memcpy(out->err.text, w.note, sizeof(out->err.text));
	}
	free(w.library);
	target_close(&w.target);
}
