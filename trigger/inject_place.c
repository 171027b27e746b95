/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/inject_place.h"

#include "trigger/thread_regs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* As much as the runtime keeps for it (runtime/registry.c). */
#define FRAME_LEN (16u << 10)

/*
 * Between the frame and the thread's stack pointer, if the frame's memory has been in use: what
 * it holds is then far below all that is.
 */
#define DISTANCE (64u << 10)

/* A function may use so much below its stack pointer (x86-64 psABI 3.2.2); others less. */
#define RED_ZONE 128u

/* Functions are aligned so; nothing depends on it. */
#define CODE_ALIGN 16u

static const unsigned char syscall_code[] = ULP_SYSCALL_CODE;

struct mappings {
	struct ulp_region *list; /* owned */
	size_t nr;
};

static const struct ulp_region *mapping_of(const struct mappings *m, uint64_t addr)
{
	for (size_t i = 0; i < m->nr; i++)
		if (addr >= m->list[i].start && addr < m->list[i].end)
			return &m->list[i];
	return NULL;
}

static bool is_zero(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* --- instructions ------------------------------------------------------------- */

/* The padding behind an object's code; also where a tool that was killed has left them. */
static bool code_in(struct ulp_space *space, const struct mappings *m, const struct ulp_object *o,
		    struct place *p)
{
	const uint64_t page = (uint64_t)space->page_size;
	const uint64_t end = (o->text_end + page - 1) & ~(page - 1);
	const struct ulp_region *text = mapping_of(m, o->text_end - 1);
	uint64_t at = (o->text_end + CODE_ALIGN - 1) & ~(uint64_t)(CODE_ALIGN - 1);
	unsigned char found[sizeof(syscall_code)];

	if (!text || text->prot != (PROT_READ | PROT_EXEC) || text->end < end)
		return false;
	for (; at < end && end - at >= sizeof(found); at += CODE_ALIGN) {
		if (space_read(space, at, found, sizeof(found), NULL))
			return false;
		p->code_is_new = is_zero(found, sizeof(found));
		p->code = at;
		if (p->code_is_new || memcmp(found, syscall_code, sizeof(found)) == 0)
			return true;
	}
	return false;
}

static enum ulp_code code_find(struct ulp_space *space, const struct mappings *m,
			       const struct ulp_objects *objects, struct place *p,
			       struct ulp_err *err)
{
	for (size_t i = 0; i < objects->nr; i++) {
		const struct ulp_object *o = &objects->list[i];

		/* Not the vDSO, which is the kernel's and in no file. */
		if (o->text_end && (o->is_main || strchr(o->path, '/')) && code_in(space, m, o, p))
			return ULP_OK;
	}
	return ulp_fail(err, ULP_EUNSUP,
			"no library of the process has %zu unused bytes behind its code",
			sizeof(syscall_code));
}

/* --- the frame ---------------------------------------------------------------- */

/* Whether nobody needs what is at the frame. */
static bool is_free(const struct ulp_region *stack, const struct place *p, uint64_t sp)
{
	const bool unused = is_zero(p->original, p->frame_len);

	/* Elsewhere: on an alternate stack, or a coroutine's; how deep this one is we cannot see.
	 */
	if (sp < stack->start || sp >= stack->end)
		return unused;
	return sp >= p->frame + p->frame_len + (unused ? RED_ZONE : DISTANCE);
}

static enum ulp_code no_stack(struct ulp_err *err)
{
	return ulp_fail(err, ULP_ESTOP, "the stack of the process's first thread is too full");
}

/* The mapping of the first thread's stack: the kernel has put random bytes at its upper end. */
static const struct ulp_region *stack_find(const struct process *proc, pid_t tid,
					   const struct mappings *m)
{
	const struct ulp_region *stack;
	uint64_t at_random;

	if (!process_auxv(proc->pid, tid, AT_RANDOM, &at_random))
		return NULL;
	stack = mapping_of(m, at_random);
	return stack && stack->prot == (PROT_READ | PROT_WRITE) ? stack : NULL;
}

static enum ulp_code frame_find(const struct process *proc, pid_t tid, struct ulp_space *space,
				const struct mappings *m, struct place *p, struct ulp_err *err)
{
	const struct ulp_region *stack = stack_find(proc, tid, m);
	struct thread_regs regs;
	enum ulp_code code;

	if (!stack || stack->end - stack->start < FRAME_LEN + DISTANCE)
		return no_stack(err);
	if (!thread_regs_get(tid, &regs))
		return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
	p->frame = stack->start;
	p->frame_len = FRAME_LEN;
	p->original = malloc(FRAME_LEN);
	if (!p->original)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	code = space_read(space, p->frame, p->original, FRAME_LEN, err);
	if (!code && !is_free(stack, p, thread_regs_sp(&regs)))
		code = no_stack(err);
	return code;
}

/* --- both ---------------------------------------------------------------------- */

enum ulp_code place_take(const struct process *proc, pid_t tid, struct ulp_space *space,
			 const struct ulp_objects *objects, struct place *ret, struct ulp_err *err)
{
	struct place p = {0};
	struct mappings m;
	enum ulp_code code = space->ops->regions(space, &m.list, &m.nr, err);

	if (code)
		return code;
	code = code_find(space, &m, objects, &p, err);
	if (!code)
		code = frame_find(proc, tid, space, &m, &p, err);
	free(m.list);
	if (!code && p.code_is_new)
		code = space_write(space, p.code, syscall_code, sizeof(syscall_code), err);
	if (code) {
		place_abandon(&p);
		return code;
	}
	*ret = p;
	return ULP_OK;
}

enum ulp_code place_give_back(struct place *p, struct ulp_space *space, struct ulp_err *err)
{
	static const unsigned char zero[sizeof(syscall_code)];
	enum ulp_code code = space_write(space, p->frame, p->original, p->frame_len, err);

	/* Found there they stay: the thread of a killed tool may be about to use them. */
	if (!code && p->code_is_new)
		code = space_write(space, p->code, zero, sizeof(zero), err);
	place_abandon(p);
	return code;
}

void place_abandon(struct place *p)
{
	free(p->original);
	*p = (struct place){0};
}
