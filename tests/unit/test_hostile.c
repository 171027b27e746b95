/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process that lies: its memory is changed at random before and while it is
 * patched.  Whatever it holds, the engine ends, in order or with an error.
 * Meant to run with the sanitizers.  ULP_FUZZ_ROUNDS and ULP_FUZZ_SEED change
 * the defaults; the same seed gives the same rounds.
 */
#include "config.h"

#include "engine/bindings.h"
#include "tests/lib/check_err.h"
#include "tests/lib/fake_patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 20000ul

/* No round may take as long as this; it is only there to end a test that hangs. */
#define DEADLINE 120u /* seconds for 1000 rounds */

struct fixture {
	struct fake_process fp;
	struct ulp_container a; /* applied at the start */
	struct ulp_container b; /* not */
	struct fake_space start;
	uint64_t seed;
};

/* A linear congruential generator (Knuth's MMIX). */
static uint64_t next_random(struct fixture *f)
{
	f->seed = f->seed * 6364136223846793005ull + 1442695040888963407ull;
	return f->seed >> 24;
}

static unsigned long number_from(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static int setup(void **state)
{
	static const char *const of_a[] = {"alpha", "beta", NULL};
	struct fixture *f = calloc(1, sizeof(*f));
	struct fake_patch p;

	fake_process_init(&f->fp);
	fake_patch_make(&f->fp, &f->a, 'a', of_a);
	fake_patch_begin(&p, &f->fp, FAKE_TARGET, "fix", 'b');
	fake_patch_function(&p, "beta");
	fake_patch_function(&p, "gamma");
	for (const char *const *name =
		     (const char *const[]){"helper", "table", "hidden_away", NULL};
	     *name; name++)
		fake_patch_rela(&p, FAKE_DATA, R_X86_64_64,
				fake_patch_import(&p, *name, "", ULP_IMPORT_WEAK), 0);
	fake_patch_end(&p, &f->b);
	fake_apply(&f->fp, &f->a);
	f->start = fake_space_copy(&f->fp.fs);
	f->seed = number_from("ULP_FUZZ_SEED", 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fake_space_deinit(&f->start);
	ulp_container_close(&f->a);
	ulp_container_close(&f->b);
	fake_process_deinit(&f->fp);
	free(f);
	return 0;
}

/* --- lies ----------------------------------------------------------------- */

static uint64_t some_address(struct fixture *f)
{
	const struct fake_area *area = &f->fp.fs.areas[next_random(f) % f->fp.fs.nr_areas];

	return area->start + next_random(f) % area->len;
}

/* A number of the kind that breaks things. */
static uint64_t some_number(struct fixture *f)
{
	static const uint64_t numbers[] = {
		0,	    1,
		8,	    0x7f,
		0xff,	    0x7fff,
		0xffff,	    0x7fffffff,
		0x80000000, 0xffffffff,
		1ull << 40, INT64_MAX,
		UINT64_MAX, UINT64_MAX - 4096,
	};

	switch (next_random(f) % 3) {
	case 0:
		return numbers[next_random(f) % (sizeof(numbers) / sizeof(*numbers))];
	case 1:
		return some_address(f);
	default:
		return next_random(f);
	}
}

/* Where lies are of interest: not in the middle of zeroes or of text. */
static uint64_t some_target(struct fixture *f)
{
	const struct fake_process *fp = &f->fp;
	size_t object = next_random(f) % fp->nr;
	const struct fake_object *o = &fp->objects[object];

	switch (next_random(f) % 6) {
	case 0: /* a link map, or r_debug */
		return fp->r_debug + next_random(f) % 0x300;
	case 1: /* ELF header, program headers, build ID */
		return o->bias + next_random(f) % 0x200;
	case 2: /* the dynamic section and the tables before it */
		return o->bias + o->file_len - 0x1000 - next_random(f) % 0x600;
	case 3: { /* a row of the dynamic section */
		uint64_t at = o->bias + eb_segment_of(o->file, PT_DYNAMIC)->p_vaddr;

		return at + next_random(f) % 0x100 / 8 * 8;
	}
	case 4: /* the registry's head */
		return fp->registry + next_random(f) % 80;
	default: /* a's record */
		return fake_process_registry(fp)->patches +
		       next_random(f) % (sizeof(struct ulp_reg_patch) + 0x100);
	}
}

/* One lie: a byte, a word of 4 or 8 bytes, or a copy of other memory. */
static void lie(struct fixture *f)
{
	static const size_t lens[] = {1, 4, 8, 8, 8, 24};
	size_t len = lens[next_random(f) % 6];
	uint64_t at = some_target(f);
	uint64_t from = some_address(f);
	uint64_t number = some_number(f);
	const struct fake_area *area = fake_space_area(&f->fp.fs, at);
	const struct fake_area *source = fake_space_area(&f->fp.fs, from);

	if (len > 1)
		at &= ~3ull;
	if (!area || at - area->start + len > area->len)
		return;
	if (len <= 8)
		memcpy(fake_space_at(&f->fp.fs, at, len), &number, len);
	else if (from - source->start + len <= source->len)
		memmove(fake_space_at(&f->fp.fs, at, len), fake_space_at(&f->fp.fs, from, len),
			len);
}

/* --- rounds --------------------------------------------------------------- */

/* What `ulp patches` looks at. */
static size_t look_at_everything(const struct engine *e)
{
	size_t sum = 0;

	for (size_t i = 0; i < e->objects.nr; i++)
		sum += strlen(e->objects.list[i].path) + strlen(e->objects.list[i].soname);
	for (size_t i = 0; i < e->registry.nr; i++) {
		const struct registry_patch *p = &e->registry.patches[i];
		const struct ulp_reg_patch *h = &p->head;

		sum += strlen(registry_string(p, h->name)) + strlen(registry_string(p, h->file)) +
		       strlen(registry_string(p, h->soname)) +
		       strlen(registry_string(p, h->target_path));
		for (uint32_t k = 0; k < h->nr_labels; k++)
			sum += strlen(registry_label(p, k));
		for (uint32_t k = 0; k < h->nr_functions; k++)
			sum += strlen(registry_string(p, p->functions[k].name));
	}
	return sum;
}

/* The engine's answer, which may be anything but a crash. */
static void change_anything(struct fixture *f, struct engine *e, bool lies_between)
{
	struct ulp_err err;
	struct plan plan;
	bool revert = next_random(f) % 2;
	enum ulp_code code = ULP_OK;

	if (engine_needs_recovery(e))
		code = registry_recover(&e->registry, e->space, &err);
	if (!code)
		code = engine_refresh(e, f->fp.at_phdr, f->fp.at_phnum, &err);
	if (!code)
		code = revert ? plan_revert(&plan, e, &f->a, &err)
			      : plan_apply(&plan, e, next_random(f) % 4 ? &f->b : &f->a, &err);
	if (code)
		return;
	if (lies_between)
		lie(f);
	code = fake_carry_out(&plan, &err);
	plan_deinit(&plan);
	if (!code)
		registry_message(&e->registry, e->space, "something was changed");
}

static bool round_of(struct fixture *f)
{
	unsigned nr_lies = 1 + (unsigned)(next_random(f) % 4);
	struct ulp_err err;
	struct engine e;

	fake_space_restore(&f->fp.fs, &f->start);
	for (unsigned i = 0; i < nr_lies; i++)
		lie(f);
	if (next_random(f) % 4 == 0)
		fake_process_registry(&f->fp)->commit = ULP_COMMIT_DECIDED;
	if (engine_open(&e, &f->fp.fs.space, f->fp.at_phdr, f->fp.at_phnum, &err))
		return false;
	assert_true(look_at_everything(&e) > 0);
	change_anything(f, &e, next_random(f) % 4 == 0);
	engine_close(&e);
	return true;
}

static void a_process_that_lies_harms_nobody(void **state)
{
	struct fixture *f = *state;
	unsigned long rounds = number_from("ULP_FUZZ_ROUNDS", ROUNDS);
	unsigned long nr_opened = 0;

	for (unsigned long i = 0; i < rounds; i++) {
		if (i % 1000 == 0)
			alarm(DEADLINE);
		nr_opened += round_of(f);
	}
	alarm(0);
	/* Lies that are all found out at once would test little. */
	assert_true(nr_opened > rounds / 4 && nr_opened < rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_process_that_lies_harms_nobody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
