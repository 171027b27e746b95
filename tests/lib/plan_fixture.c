/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/plan_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int plan_fixture_setup(void **state)
{
	static const char *const alpha_beta[] = {"alpha", "beta", NULL};
	static const char *const beta_gamma[] = {"beta", "gamma", NULL};
	struct plan_fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	fake_process_init(&f->fp);
	fake_patch_make(&f->fp, &f->a, 'a', alpha_beta);
	fake_patch_make(&f->fp, &f->b, 'b', beta_gamma);
	f->pristine = fake_space_copy(&f->fp.fs);
	*state = f;
	return 0;
}

int plan_fixture_teardown(void **state)
{
	struct plan_fixture *f = *state;

	fake_space_deinit(&f->pristine);
	ulp_container_close(&f->a);
	ulp_container_close(&f->b);
	fake_process_deinit(&f->fp);
	free(f);
	return 0;
}

uint64_t plan_call_goes_to(const struct plan_fixture *f, const char *name)
{
	uint64_t vaddr = fake_process_symbol(&f->fp, FAKE_TARGET, name);
	const unsigned char *code = fake_process_at(&f->fp, FAKE_TARGET, vaddr, 5);
	uint64_t addr = f->fp.objects[FAKE_TARGET].bias + vaddr;
	int32_t rel32;

	if (code[0] != 0xe9) /* jmp rel32 */
		return addr;
	memcpy(&rel32, code + 1, sizeof(rel32));
	return addr + 5 + (uint64_t)rel32;
}

static char callee(const struct plan_fixture *f, const struct registry *reg, const char *name)
{
	uint64_t to = plan_call_goes_to(f, name);

	if (to == f->fp.objects[FAKE_TARGET].bias + fake_process_symbol(&f->fp, FAKE_TARGET, name))
		return '-';
	for (size_t i = 0; i < reg->nr; i++)
		for (uint32_t k = 0; k < reg->patches[i].head.nr_functions; k++)
			if (reg->patches[i].functions[k].new_addr == to)
				return (char)reg->patches[i].head.build_id[0];
	return '?';
}

const char *plan_callees(struct plan_fixture *f)
{
	static char text[4];
	struct engine e;

	fake_process_open(&f->fp, &e);
	text[0] = callee(f, &e.registry, "alpha");
	text[1] = callee(f, &e.registry, "beta");
	text[2] = callee(f, &e.registry, "gamma");
	engine_close(&e);
	return text;
}

bool plan_text_is_pristine(const struct plan_fixture *f)
{
	return memcmp(fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT, FAKE_TEXT_LEN),
		      f->fp.objects[FAKE_TARGET].file + FAKE_TEXT, FAKE_TEXT_LEN) == 0;
}

static void must(enum ulp_code code, const struct ulp_err *err)
{
	if (code == ULP_OK)
		return;
	fprintf(stderr, "%s: %s: %s\n", ulp_code_name(code), err->where, err->text);
	abort();
}

void planned_begin(struct plan_fixture *f, const struct ulp_container *c, struct planned *p)
{
	fake_process_open(&f->fp, &p->e);
	must(plan_apply(&p->plan, &p->e, c, &f->err), &f->err);
	must(plan_map(&p->plan, &f->err), &f->err);
	must(plan_write(&p->plan, &f->err), &f->err);
}

void planned_end(struct planned *p)
{
	plan_deinit(&p->plan);
	engine_close(&p->e);
}
