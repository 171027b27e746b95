/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An entry that is in two words, "delta" of the fake process: a short jump back to a long
 * one.  At every instant a call of it ends in a function.
 */
#include "config.h"

#include "engine/insides.h"
#include "tests/lib/check_err.h"
#include "tests/lib/plan_fixture.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY 4u	/* bytes from the function's start */
#define JUMP (-5)	/* the same, of the long jump */
#define ENDS_AFTER 100u /* instructions; more of them are a loop */

struct fixture {
	struct plan_fixture plain; /* without delta */
	struct ulp_container c;	   /* delta */
	struct ulp_container d;	   /* delta, alpha */
};

static uint64_t delta(const struct fixture *f)
{
	return f->plain.fp.objects[FAKE_TARGET].bias +
	       fake_process_symbol(&f->plain.fp, FAKE_TARGET, "delta");
}

static int setup(void **state)
{
	static const char *const of_c[] = {"delta", NULL};
	static const char *const of_d[] = {"delta", "alpha", NULL};
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	fake_process_init(&f->plain.fp);
	fake_patch_make(&f->plain.fp, &f->c, 'c', of_c);
	fake_patch_make(&f->plain.fp, &f->d, 'd', of_d);
	f->plain.pristine = fake_space_copy(&f->plain.fp.fs);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fake_space_deinit(&f->plain.pristine);
	ulp_container_close(&f->c);
	ulp_container_close(&f->d);
	fake_process_deinit(&f->plain.fp);
	free(f);
	return 0;
}

/* Where a thread that comes to `at` ends up by jumps and NOPs; 0: it never does. */
static uint64_t runs_to(struct fixture *f, uint64_t at)
{
	for (unsigned n = 0; n < ENDS_AFTER; n++) {
		const unsigned char *code = fake_space_at(&f->plain.fp.fs, at, 5);
		int32_t rel32;

		if (code[0] == 0x90)
			at += 1;
		else if (code[0] == 0xf3) /* endbr64 */
			at += 4;
		else if (code[0] == 0xeb) /* jmp rel8 */
			at += 2 + (uint64_t)(int64_t)(int8_t)code[1];
		else if (code[0] == 0xe9) { /* jmp rel32 */
			memcpy(&rel32, code + 1, sizeof(rel32));
			return at + 5 + (uint64_t)rel32;
		} else
			return at;
	}
	return 0;
}

/* The original function, behind its NOPs. */
static uint64_t body(const struct fixture *f)
{
	return delta(f) + ENTRY + 2;
}

static void calls_go_to_the_container_and_back(void **state)
{
	struct fixture *f = *state;

	assert_true(runs_to(f, delta(f)) == body(f));
	fake_apply(&f->plain.fp, &f->c);
	assert_true(runs_to(f, delta(f)) != body(f) && runs_to(f, delta(f)) != 0);
	fake_revert(&f->plain.fp, &f->c);
	assert_true(runs_to(f, delta(f)) == body(f));
	assert_true(plan_text_is_pristine(&f->plain));
}

static void a_patch_on_top_changes_the_long_jump_alone(void **state)
{
	struct fixture *f = *state;
	uint8_t *entry = fake_space_at(&f->plain.fp.fs, (delta(f) + ENTRY) & ~7ull, 8);
	uint8_t before[8];
	uint64_t of_c, of_d;

	fake_apply(&f->plain.fp, &f->c);
	memcpy(before, entry, sizeof(before));
	of_c = runs_to(f, delta(f));
	fake_apply(&f->plain.fp, &f->d);
	of_d = runs_to(f, delta(f));
	assert_true(of_c != of_d && of_d != body(f));
	assert_memory_equal(entry, before, sizeof(before));
	fake_revert(&f->plain.fp, &f->c);
	assert_true(runs_to(f, delta(f)) == of_d);
	fake_apply(&f->plain.fp, &f->c);
	fake_revert(&f->plain.fp, &f->d);
	assert_true(runs_to(f, delta(f)) == of_c);
	fake_revert(&f->plain.fp, &f->c);
	assert_true(plan_text_is_pristine(&f->plain));
}

/* A thread that has done the short jump stands at the long one. */
static void a_thread_at_the_long_jump_survives_the_revert(void **state)
{
	struct fixture *f = *state;

	fake_apply(&f->plain.fp, &f->c);
	fake_revert(&f->plain.fp, &f->c);
	assert_true(runs_to(f, delta(f) + (uint64_t)JUMP) == body(f));
}

/* The tool dies after each write of a change in turn: old or new, never a loop. */
static void dies_at_every_write(struct fixture *f, const struct ulp_container *c, bool revert)
{
	struct fake_space *fs = &f->plain.fp.fs;
	struct fake_space start = fake_space_copy(fs);
	const uint64_t old = runs_to(f, delta(f));
	unsigned long nr;
	uint64_t new;

	fake_space_heal(fs);
	assert_succeeds(fake_change(&f->plain.fp, c, revert, &f->plain.err), &f->plain.err);
	nr = fs->nr_writes;
	new = runs_to(f, delta(f));
	assert_true(old != new &&nr > 4);
	for (unsigned long n = 0; n <= nr; n++) {
		uint64_t to;

		fake_space_restore(fs, &start);
		fake_space_heal(fs);
		fs->writes_to_live = (long)n;
		(void)!fake_change(&f->plain.fp, c, revert, &f->plain.err);
		to = runs_to(f, delta(f));
		if (to != old && to != new)
			fail_msg("after write %lu of %lu calls end at 0x%llx", n, nr,
				 (unsigned long long)to);
	}
	fake_space_restore(fs, &start);
	fake_space_heal(fs);
	fake_space_deinit(&start);
}

static void calls_end_in_a_function_whenever_the_tool_dies(void **state)
{
	struct fixture *f = *state;

	dies_at_every_write(f, &f->c, false);
	fake_apply(&f->plain.fp, &f->c);
	dies_at_every_write(f, &f->d, false);
	dies_at_every_write(f, &f->c, true);
	fake_apply(&f->plain.fp, &f->d);
	dies_at_every_write(f, &f->d, true);
}

static void the_places_where_nobody_may_stand_are_told(void **state)
{
	struct fixture *f = *state;
	struct engine e;
	struct plan plan;
	struct inside *insides;
	size_t nr;

	fake_process_open(&f->plain.fp, &e);
	assert_succeeds(plan_apply(&plan, &e, &f->d, &f->plain.err), &f->plain.err);
	assert_succeeds(plan_map(&plan, &f->plain.err), &f->plain.err);
	assert_succeeds(plan_write(&plan, &f->plain.err), &f->plain.err);
	assert_succeeds(insides_find(&e.registry, &insides, &nr, &f->plain.err), &f->plain.err);
	assert_int_equal(nr, 2); /* alpha has one instruction before and after */
	assert_true(insides[0].start == delta(f) + (uint64_t)JUMP && insides[0].end == delta(f));
	assert_true(insides[1].start == delta(f) + ENTRY && insides[1].end == body(f));
	assert_string_equal(insides[1].name, "delta");
	free(insides);
	assert_succeeds(plan_commit(&plan, &f->plain.err), &f->plain.err);
	assert_succeeds(insides_find(&e.registry, &insides, &nr, &f->plain.err), &f->plain.err);
	assert_int_equal(nr, 0); /* nothing is going to change */
	free(insides);
	plan_deinit(&plan);
	engine_close(&e);
}

static void changed_bytes_of_either_word_are_told(void **state)
{
	static const int offs[] = {JUMP, -1, ENTRY, ENTRY + 1};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(offs) / sizeof(*offs); i++) {
		uint8_t *byte = fake_space_at(&f->plain.fp.fs, delta(f) + (uint64_t)offs[i], 1);
		const uint8_t was = *byte;

		*byte = 0xcc;
		assert_int_equal(fake_change(&f->plain.fp, &f->c, false, &f->plain.err),
				 ULP_EENTRY);
		*byte = was;
	}
	fake_apply(&f->plain.fp, &f->c);
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(calls_go_to_the_container_and_back),
		WITH_FIXTURE(a_patch_on_top_changes_the_long_jump_alone),
		WITH_FIXTURE(a_thread_at_the_long_jump_survives_the_revert),
		WITH_FIXTURE(calls_end_in_a_function_whenever_the_tool_dies),
		WITH_FIXTURE(the_places_where_nobody_may_stand_are_told),
		WITH_FIXTURE(changed_bytes_of_either_word_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
