/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/inject.h"

#include "trigger/abandoned.h"
#include "trigger/inject_hooks.h"
#include "trigger/inject_image.h"
#include "trigger/inject_place.h"
#include "trigger/target.h"
#include "trigger/tracee.h"

#include <string.h>

const char inject_default_runtime[] = RUNTIME_DIR "/" ULP_RUNTIME_SONAME;

#define LIBC_SONAME "libc.so.6"

/* Cleaning up may take this long after the deadline. */
#define UNDO_NS 2000000000ull

struct injection {
	struct target target; /* its engine has no registry */
	struct session *session;
	struct image image;
	struct place place;
	uint64_t deadline_ns;
};

/* --- the process ---------------------------------------------------------------- */

static enum ulp_code objects_look(struct injection *in, struct ulp_err *err)
{
	struct target *t = &in->target;

	for (unsigned n = 0;; n++) {
		enum ulp_code code;

		reader_forget(&t->engine.reader);
		code = objects_read(&t->engine.reader, t->proc.at_phdr, t->proc.at_phnum,
				    &t->engine.objects, err);
		if (code != ULP_ESTOP || clock_ns() >= in->deadline_ns || abandoned())
			return code;
		wait_for_try(n);
	}
}

static bool has_runtime(const struct injection *in)
{
	return objects_find_soname(&in->target.engine.objects, ULP_RUNTIME_SONAME) != NULL;
}

static enum ulp_code open_process(struct injection *in, pid_t pid, char process[64],
				  struct ulp_err *err)
{
	struct target *t = &in->target;
	enum ulp_code code = process_open(pid, &t->proc, err);

	if (code)
		return code;
	memcpy(process, t->proc.name, sizeof(t->proc.name));
	remote_space_init(&t->rs, &t->proc);
	t->engine.space = &t->rs.space;
	if (!t->proc.at_phdr)
		code = ulp_fail(err, ULP_EUNSUP, "its auxiliary vector cannot be read");
	if (!code)
		code = reader_init(&t->engine.reader, &t->rs.space, err);
	if (!code)
		code = objects_look(in, err);
	if (code && !process_alive(&t->proc))
		code = ulp_fail(err, ULP_EGONE, "the process ended");
	return code;
}

static void close_process(struct injection *in)
{
	objects_deinit(&in->target.engine.objects);
	reader_deinit(&in->target.engine.reader);
	process_close(&in->target.proc);
}

/* What can be said before anything is touched. */
static enum ulp_code check(const struct injection *in, const struct ulp_container *container,
			   struct ulp_err *err)
{
	const struct ulp_object *target;
	enum ulp_code code = engine_target(&in->target.engine, container, &target, err);

	if (code)
		return code;
	if (!objects_find_soname(&in->target.engine.objects, LIBC_SONAME))
		return ulp_fail(err, ULP_EUNSUP,
				"the runtime cannot be injected: the process's C library is not "
				"glibc (it has no %s)",
				LIBC_SONAME);
	if (!in->target.proc.writable)
		return ulp_fail(err, ULP_EPERM, "its memory cannot be written; run as root");
	return ULP_OK;
}

/* --- a borrowed thread ------------------------------------------------------------ */

typedef enum ulp_code borrowed_fn(struct injection *in, struct ulp_err *err);

static enum ulp_code step_and_return(struct injection *in, borrowed_fn *step, struct ulp_err *err)
{
	struct ulp_err second;
	enum ulp_code code, back;

	code = session_borrow(in->session, in->place.code, in->place.frame, in->place.frame_len,
			      err);
	if (!code)
		code = step(in, err);
	back = session_return(in->session, code ? &second : err);
	if (back) {
		/* It is on its way through the instructions, and comes out by itself. */
		place_abandon(&in->place);
		return code ? code : back;
	}
	back = place_give_back(&in->place, &in->target.rs.space, code ? &second : err);
	return code ? code : back;
}

static enum ulp_code borrow_once(struct injection *in, borrowed_fn *step, struct ulp_err *err)
{
	const struct target *t = &in->target;
	struct ulp_err second;
	enum ulp_code code = session_stop_first(in->session, err);
	enum ulp_code back;

	if (code)
		return code;
	code = place_take(&t->proc, session_stopped_tid(in->session), t->engine.space,
			  &t->engine.objects, &in->place, err);
	if (!code)
		code = step_and_return(in, step, err);
	back = session_resume_first(in->session, code ? &second : err);
	return code ? code : back;
}

/* Again and again until the thread can be borrowed, or the deadline. */
static enum ulp_code with_borrowed(struct injection *in, borrowed_fn *step, struct ulp_err *err)
{
	for (unsigned n = 0;; n++) {
		enum ulp_code code = borrow_once(in, step, err);

		if (code != ULP_ESTOP || clock_ns() >= in->deadline_ns || abandoned())
			return code;
		wait_for_try(n);
	}
}

/* --- the steps ---------------------------------------------------------------------- */

static enum ulp_code write_image(struct injection *in, struct ulp_err *err)
{
	return image_write(&in->image, &in->target.rs.space, err);
}

static enum ulp_code unmap_image(struct injection *in, struct ulp_err *err)
{
	return load_unmap(&in->image.load, &in->target.rs.space, err);
}

/* The libc is what it has most to do with; all of the process is within reach of it anyway. */
static enum ulp_code bind(struct injection *in, struct ulp_err *err)
{
	struct engine *e = &in->target.engine;
	const struct ulp_object *libc = objects_find_soname(&e->objects, LIBC_SONAME);
	enum ulp_code code;

	if (!libc)
		return ulp_fail(err, ULP_ESTOP, "the process's libraries changed meanwhile");
	code = image_bind(&in->image, &e->reader, &e->objects, libc, e->space->page_size, err);
	if (code)
		ulp_err_at(err, "libpulp.so.0");
	return code;
}

static enum ulp_code set_hooks(struct injection *in, bool *written, struct ulp_err *err)
{
	struct engine *e = &in->target.engine;
	const struct hooks hooks = {
		.find_object = image_addr(&in->image, in->image.find_object),
		.iterate_phdr = image_addr(&in->image, in->image.iterate_phdr),
	};

	for (unsigned n = 0;; n++) {
		enum ulp_code code =
			hooks_set(&hooks, in->session, &e->reader, &e->objects, written, err);

		if (code != ULP_ESTOP || clock_ns() >= in->deadline_ns || abandoned())
			return code;
		wait_for_try(n);
	}
}

/*
 * Makes what was written the process's runtime, or takes it out again.  Where slots lead to it
 * already it has to stay, unused: threads may be in it.
 */
static enum ulp_code use_image(struct injection *in, struct ulp_err *err)
{
	bool hooked = false;
	struct ulp_err second;
	enum ulp_code code = set_hooks(in, &hooked, err);

	if (!code)
		return image_finish(&in->image, &in->target.rs.space, err);
	if (hooked || code == ULP_EGONE)
		return code;
	in->deadline_ns = clock_ns() + UNDO_NS;
	session_set_deadline(in->session, in->deadline_ns);
	/* Where that fails it stays as unused memory; what brought us here is what to tell. */
	(void)!with_borrowed(in, unmap_image, &second);
	return code;
}

static enum ulp_code with_session(struct injection *in, struct ulp_err *err)
{
	enum ulp_code code = session_resume_first(in->session, err);

	/* The lock is ours from here on: another tool may have been faster. */
	objects_deinit(&in->target.engine.objects);
	if (!code)
		code = objects_look(in, err);
	if (code || has_runtime(in))
		return code;
	code = bind(in, err);
	if (!code)
		code = with_borrowed(in, write_image, err);
	return code ? code : use_image(in, err);
}

static enum ulp_code carry_out(struct injection *in, struct ulp_err *err)
{
	enum ulp_code code = session_begin(&in->target.proc, in->deadline_ns, &in->session, err);

	if (code)
		return code;
	in->target.rs.session = in->session;
	code = with_session(in, err);
	in->target.rs.session = NULL;
	session_end(in->session);
	return code;
}

enum ulp_code inject_runtime(pid_t pid, const char *runtime, const struct ulp_container *container,
			     uint64_t deadline_ns, char process[64], struct ulp_err *err)
{
	struct injection in = {.deadline_ns = deadline_ns, .target.proc.mem_fd = -1};
	enum ulp_code code = open_process(&in, pid, process, err);

	if (!code && !has_runtime(&in)) {
		code = check(&in, container, err);
		if (!code)
			code = image_open(runtime, &in.image, err);
		if (!code)
			code = carry_out(&in, err);
		image_close(&in.image);
	}
	close_process(&in);
	return code;
}
