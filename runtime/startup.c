/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same plan and commit as ulp(1)'s, with one difference: nobody has to be
 * stopped, for the only thread is the one that runs this.  Where a constructor
 * of another library has started threads already nothing is applied: code that
 * is replaced may be in use, and we have no way to stop them.
 */
#include "config.h"

#include "runtime/startup.h"

#include "engine/plan.h"
#include "runtime/arena.h"
#include "runtime/candidates.h"
#include "runtime/environment.h"
#include "runtime/folder.h"
#include "runtime/local_space.h"
#include "runtime/message.h"
#include "runtime/opt_out.h"
#include "runtime/own_stack.h"
#include "runtime/registry.h"

#include <string.h>
#include <sys/auxv.h>

#define VARIABLES "LIBPULP_" /* what the names of all begin with */
#define PATCH_PATH VARIABLES "PATCH_PATH"

/* The engine at work on this process. */
struct work {
	struct local_space space;
	struct engine engine;
	struct candidates candidates;
	const void *stack_end; /* where the frames of this thread end */
	bool stale;	       /* the process is not as the engine has read it any more */
};

/* --- one container -------------------------------------------------------------- */

/*
 * Of this thread's frames.  Between the two NOPs of an entry (engine/insides.h) it
 * does not stand: all its frames are behind calls.
 */
static enum ulp_code stack_check(const struct work *w, const struct plan *plan, struct ulp_err *err)
{
	const struct plan_guard *g = own_stack_guard(plan, w->stack_end);

	return g ? ulp_fail(err, ULP_EACTIVE, "%s is in use while the process starts", g->name)
		 : ULP_OK;
}

/* Not inlined: what lies in its frame is nothing for stack_check() to look at. */
__attribute__((noinline)) static void give_up(struct plan *plan)
{
	struct ulp_err err;

	if (plan_undo(plan, &err))
		message_failure("not undone", "", &err);
}

static enum ulp_code carry_out(const struct work *w, struct plan *plan, struct ulp_err *err)
{
	enum ulp_code code = plan_map(plan, err);

	if (!code)
		code = plan_write(plan, err);
	if (!code)
		code = stack_check(w, plan, err);
	if (!code)
		code = plan_commit(plan, err);
	/* The first failure is the one to tell. */
	if (code)
		give_up(plan);
	return code;
}

static enum ulp_code container_apply(struct work *w, const struct ulp_container *c,
				     struct ulp_err *err)
{
	struct plan plan;
	enum ulp_code code = ULP_OK;

	if (w->stale)
		code = engine_refresh(&w->engine, getauxval(AT_PHDR), getauxval(AT_PHNUM), err);
	if (!code)
		w->stale = false;
	if (!code)
		code = plan_apply(&plan, &w->engine, c, err);
	if (code)
		return code;
	w->stale = true;
	code = carry_out(w, &plan, err);
	plan_deinit(&plan);
	return code;
}

/* --- all of them, in an order that their relations allow --------------------------- */

static bool supersedes(const struct ulp_patch *patch, const struct ulp_patch *other)
{
	if (!ulp_build_id_equal(&patch->build_id, &other->build_id))
		return false;
	for (size_t i = 0; i < patch->nr_relations; i++)
		if (patch->relations[i].kind == ULP_RELATION_SUPERSEDES &&
		    strcmp(patch->relations[i].name, other->name) == 0)
			return true;
	return false;
}

/* Whether one that would take its place may still come. */
static bool is_held(const struct candidates *all, const struct candidate *c)
{
	for (size_t i = 0; i < all->nr; i++)
		if (all->list[i].state == CANDIDATE_PENDING && &all->list[i] != c &&
		    supersedes(&all->list[i].container.patch, &c->container.patch))
			return true;
	return false;
}

static void tell_failure(struct candidate *c)
{
	c->state = CANDIDATE_DONE;
	/* The same container lies in two folders. */
	if (c->err.code != ULP_EAPPLIED)
		message_failure("not applied at the start of the process: ", c->container.base_name,
				&c->err);
}

static void candidate_try(struct work *w, struct candidate *c)
{
	const struct ulp_patch *patch = &c->container.patch;
	enum ulp_code code;

	c->err = (struct ulp_err){0};
	code = container_apply(w, &c->container, &c->err);
	if (code == ULP_EREQUIRES)
		return;
	if (code) {
		tell_failure(c);
		return;
	}
	c->state = CANDIDATE_DONE;
	message_add("applied %s at the start of the process: %zu function%s of %s",
		    c->container.base_name, patch->nr_functions,
		    patch->nr_functions == 1 ? "" : "s", patch->soname);
}

/* One round; whether any of them is settled now. */
static bool candidates_try(struct work *w, bool held_too)
{
	struct candidates *all = &w->candidates;
	bool progress = false;

	for (size_t i = 0; i < all->nr; i++) {
		struct candidate *c = &all->list[i];

		if (c->state != CANDIDATE_PENDING || (!held_too && is_held(all, c)))
			continue;
		candidate_try(w, c);
		progress |= c->state == CANDIDATE_DONE;
	}
	return progress;
}

static void candidates_apply(struct work *w)
{
	/* What is held up only by others that wait for it goes in the second way. */
	while (candidates_try(w, false) || candidates_try(w, true))
		continue;
	for (size_t i = 0; i < w->candidates.nr; i++)
		if (w->candidates.list[i].state == CANDIDATE_PENDING)
			tell_failure(&w->candidates.list[i]);
}

/* --- the process ------------------------------------------------------------------ */

static enum ulp_code single_thread_check(struct ulp_err *err)
{
	size_t nr = folder_count_threads();

	if (nr == 0)
		return ulp_fail_errno(err, ULP_ESYS, "cannot read /proc/self/task");
	if (nr > 1)
		return ulp_fail(
			err, ULP_EUNSUP,
			"another library has started threads already; 'ulp trigger' applies "
			"live patches to processes with threads");
	return ULP_OK;
}

static enum ulp_code engine_start(struct work *w, struct ulp_err *err)
{
	enum ulp_code code = local_space_open(&w->space, err);

	if (code)
		return code;
	w->space.magic_at = (uintptr_t)ulp_registry.magic;
	code = engine_open(&w->engine, &w->space.space, getauxval(AT_PHDR), getauxval(AT_PHNUM),
			   err);
	if (!code && w->engine.registry.at != (uintptr_t)&ulp_registry) {
		code = ulp_fail(err, ULP_EUNSUP, "another libpulp.so.0 is loaded as well");
		engine_close(&w->engine);
	}
	if (code)
		local_space_close(&w->space);
	return code;
}

static void patches_apply(struct work *w)
{
	struct ulp_err err;
	enum ulp_code code = single_thread_check(&err);

	if (!code)
		code = engine_start(w, &err);
	if (code) {
		message_failure("no live patch was applied at the start of the process", "", &err);
		return;
	}
	candidates_apply(w);
	engine_close(&w->engine);
	local_space_close(&w->space);
}

/* A folder that the user names may be the user's own; never where that gains rights. */
static bool candidates_find(struct candidates *ret, char *const *envp, bool secure)
{
	const char *paths = environment_get(envp, PATCH_PATH);

	if (paths && !secure)
		return candidates_gather_paths(ret, paths, (uid_t)getauxval(AT_EUID));
	if (paths)
		message_line(PATCH_PATH " is ignored: the program has more rights than the user "
					"who started it");
	return candidates_gather(ret, ULP_LIVEPATCH_DIR, 0);
}

void startup(char **argv, char **envp)
{
	const bool secure = getauxval(AT_SECURE) != 0;
	const char *opted_out = secure ? NULL : opt_out_variable(envp);
	struct work w = {.stack_end = argv};

	if (opted_out) {
		ulp_registry.disabled = 1;
		message_add("live patching is disabled by %s", opted_out);
	} else if (candidates_find(&w.candidates, envp, secure)) {
		if (w.candidates.nr)
			patches_apply(&w);
		candidates_deinit(&w.candidates);
		arena_release();
	}
	/* A program that it executes when it has become its owner for real would obey them. */
	if (secure)
		environment_drop(envp, VARIABLES);
}
