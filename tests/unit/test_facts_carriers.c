/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who carries a copy of a function. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/facts_builder.h"
#include "tests/lib/fail_alloc.h"

#include "container/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct fb *fb;
	struct ulp_facts facts;
	struct ulp_facts_carrier *carriers;
	size_t nr;
	struct ulp_err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->fb = fb_create();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->carriers);
	ulp_facts_free(&f->facts);
	free(f);
	return 0;
}

static void read_facts(struct fixture *f, bool linked)
{
	size_t len;
	unsigned char *bytes = fb_finish(f->fb, &len);

	f->fb = NULL;
	assert_succeeds(ulp_facts_read(bytes, len, linked, &f->facts, &f->err), &f->err);
	free(bytes);
}

/* A static function without code: all of it was inlined. */
static uint32_t inlined_away(struct fixture *f, const char *name, uint32_t line)
{
	return fb_function(f->fb, (struct fb_function){
					  .name = name, .line = line, .entry = ULP_FACTS_NO_CODE});
}

static uint32_t with_code(struct fixture *f, const char *name, uint64_t vaddr)
{
	return fb_function(
		f->fb,
		(struct fb_function){.name = name, .linkage = ULP_FACTS_HIDDEN, .vaddr = vaddr});
}

static uint32_t derived(struct fixture *f, enum ulp_facts_kind kind, const char *name,
			uint32_t origin, uint64_t vaddr)
{
	return fb_function(f->fb, (struct fb_function){.name = name,
						       .kind = (uint8_t)kind,
						       .origin = origin + 1,
						       .vaddr = vaddr});
}

/* The carriers' names in their order, with a blank between them. */
static void assert_carriers(struct fixture *f, const char *name, const char *source,
			    const char *wanted)
{
	uint32_t function = ulp_facts_find(&f->facts, 0, name, source);
	char got[256] = "";

	assert_int_not_equal(function, ULP_FACTS_NONE);
	free(f->carriers);
	f->carriers = NULL;
	assert_succeeds(ulp_facts_carriers(&f->facts, function, &f->carriers, &f->nr, &f->err),
			&f->err);
	for (size_t i = 0; i < f->nr; i++) {
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%s%s", i != 0 ? " " : "",
			 f->facts.functions[f->carriers[i].function].name);
	}
	assert_string_equal(got, wanted);
}

/* Name of the function that the i-th carrier's record is about, "" for a clone. */
static const char *copy_of(const struct fixture *f, size_t i)
{
	uint32_t record = f->carriers[i].inlined;

	if (record == ULP_FACTS_NONE)
		return "";
	return f->facts.functions[f->facts.inlined[record].function].name;
}

/* --- one unit ------------------------------------------------------------------- */

static void function_that_nobody_took_in_has_no_carriers(void **state)
{
	struct fixture *f = *state;

	fb_unit(f->fb, 0, "a.c");
	with_code(f, "alone", 0x10);
	read_facts(f, true);
	assert_carriers(f, "alone", NULL, "");
	assert_null(f->carriers);
}

static void carriers_are_found_over_all_levels(void **state)
{
	struct fixture *f = *state;
	uint32_t inner;
	uint32_t middle;

	fb_unit(f->fb, 0, "a.c");
	inner = inlined_away(f, "inner", 1);
	middle = inlined_away(f, "middle", 2);
	fb_inlined(f->fb, inner, 0);
	with_code(f, "outer", 0x20);
	fb_inlined(f->fb, middle, 0);
	fb_inlined(f->fb, inner, 1);
	with_code(f, "other", 0x10);
	fb_inlined(f->fb, inner, 0);
	with_code(f, "unrelated", 0x30);
	read_facts(f, true);
	assert_carriers(f, "inner", NULL, "other outer");
	assert_int_equal(f->facts.inlined[f->carriers[1].inlined].via,
			 f->facts.functions[f->carriers[1].function].first_inlined);
	assert_carriers(f, "middle", NULL, "outer");
	assert_carriers(f, "outer", NULL, "");
}

static void carrier_with_several_copies_is_listed_once(void **state)
{
	struct fixture *f = *state;
	uint32_t inner;

	fb_unit(f->fb, 0, "a.c");
	inner = inlined_away(f, "inner", 1);
	with_code(f, "outer", 0x20);
	for (int i = 0; i < 3; i++)
		fb_inlined(f->fb, inner, 0);
	read_facts(f, true);
	assert_carriers(f, "inner", NULL, "outer");
	assert_int_equal(f->carriers[0].inlined, 0);
}

static void clones_and_parts_carry_and_are_followed(void **state)
{
	struct fixture *f = *state;
	uint32_t whole;
	uint32_t part;
	uint32_t clone;

	fb_unit(f->fb, 0, "a.c");
	whole = with_code(f, "whole", 0x10);
	part = derived(f, ULP_FACTS_PART, "whole.part.0", whole, 0x20);
	derived(f, ULP_FACTS_ALIAS, "name_of_the_part", part, 0x20);
	clone = derived(f, ULP_FACTS_CLONE, "whole.isra.0", whole, 0);
	derived(f, ULP_FACTS_CLONE, "whole.part.0.constprop.0", part, 0x30);
	with_code(f, "took_clone", 0x40);
	fb_inlined(f->fb, clone, 0);
	derived(f, ULP_FACTS_THUNK, "thunk", whole, 0x50);
	read_facts(f, true);
	assert_carriers(f, "whole", NULL, "whole.part.0 whole.part.0.constprop.0 took_clone");
	assert_string_equal(copy_of(f, 0), "");
	assert_string_equal(copy_of(f, 1), "");
	assert_string_equal(copy_of(f, 2), "whole.isra.0");
	/* The other way round it is the part that is asked for. */
	assert_carriers(f, "whole.part.0", NULL, "whole.part.0.constprop.0");
}

static void alias_is_the_function_itself(void **state)
{
	struct fixture *f = *state;
	uint32_t body;
	uint32_t alias;

	fb_unit(f->fb, 0, "a.c");
	body = with_code(f, "body", 0x10);
	alias = derived(f, ULP_FACTS_ALIAS, "alias", body, 0x10);
	with_code(f, "took_body", 0x20);
	fb_inlined(f->fb, body, 0);
	with_code(f, "took_alias", 0x30);
	fb_inlined(f->fb, alias, 0);
	derived(f, ULP_FACTS_ALIAS, "second_name", 3, 0x30);
	read_facts(f, true);
	assert_carriers(f, "alias", NULL, "took_body took_alias");
	assert_carriers(f, "body", NULL, "took_body took_alias");
}

static void body_that_serves_for_a_merged_function_carries_it(void **state)
{
	struct fixture *f = *state;
	uint32_t body;

	fb_unit(f->fb, 0, "a.c");
	body = with_code(f, "body", 0x10);
	derived(f, ULP_FACTS_MERGED, "merged", body, 0);
	with_code(f, "took_body", 0x20);
	fb_inlined(f->fb, body, 0);
	read_facts(f, true);
	assert_carriers(f, "merged", NULL, "body took_body");
	assert_carriers(f, "body", NULL, "took_body");
}

static void recursive_function_does_not_carry_itself(void **state)
{
	struct fixture *f = *state;
	uint32_t self;

	fb_unit(f->fb, 0, "a.c");
	self = with_code(f, "self", 0x10);
	fb_inlined(f->fb, self, 0);
	derived(f, ULP_FACTS_CLONE, "self.constprop.0", self, 0x20);
	fb_inlined(f->fb, self, 0);
	read_facts(f, true);
	assert_carriers(f, "self", NULL, "self.constprop.0");
	assert_int_equal(f->carriers[0].inlined, ULP_FACTS_NONE);
}

static void function_that_the_linker_dropped_carries_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t inner;

	fb_unit(f->fb, 0, "a.c");
	inner = inlined_away(f, "inner", 1);
	fb_function(f->fb,
		    (struct fb_function){.name = "dropped", .flags = ULP_FACTS_FUNCTION_CODE});
	fb_inlined(f->fb, inner, 0);
	read_facts(f, true);
	assert_carriers(f, "inner", NULL, "");
}

/* --- several units ---------------------------------------------------------------- */

static void header_function(struct fixture *f, const char *unit, const char *directory,
			    const char *header, const char *outer, uint64_t vaddr)
{
	uint32_t inner;

	fb_unit(f->fb, 0, unit);
	fb_directory(f->fb, directory);
	inner = fb_function(f->fb, (struct fb_function){.name = "inner",
							.file = fb_file(f->fb, header),
							.line = 7,
							.entry = ULP_FACTS_NO_CODE});
	with_code(f, outer, vaddr);
	fb_inlined(f->fb, inner, 0);
}

static void function_of_a_header_is_one_in_all_units(void **state)
{
	struct fixture *f = *state;

	header_function(f, "a.c", "/src", "include/x.h", "a", 0x10);
	header_function(f, "b.c", "/src/sub/b", "../../include/./x.h", "b", 0x20);
	header_function(f, "c.c", "/build", "/src/include/x.h", "c", 0x30);
	header_function(f, "d.c", "/build", "/usr/include/x.h", "other", 0x40);
	header_function(f, "e.c", "/src/sub/..", "include/x.h", "e", 0x50);
	read_facts(f, true);
	assert_carriers(f, "inner", NULL, "a b c e");
	assert_carriers(f, "inner", "/usr/include/x.h", "other");
	assert_int_equal(ulp_facts_identity(&f->facts, 4), ulp_facts_identity(&f->facts, 0));
	assert_int_not_equal(ulp_facts_identity(&f->facts, 6), ulp_facts_identity(&f->facts, 0));
}

static void static_functions_of_one_name_are_not_mixed_up(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		uint32_t inner;

		fb_unit(f->fb, 0, i == 0 ? "a.c" : "b.c");
		inner = inlined_away(f, "init", 1);
		with_code(f, i == 0 ? "a" : "b", 0x10 * (1 + (unsigned)i));
		fb_inlined(f->fb, inner, 0);
	}
	read_facts(f, true);
	assert_carriers(f, "init", "a.c", "a");
	assert_carriers(f, "init", "b.c", "b");
}

/* Declared at one place and, by other macros, at another. */
static void global_functions_of_one_name_are_one(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 2; i++) {
		uint32_t inner;

		fb_unit(f->fb, 0, i == 0 ? "a.c" : "b.c");
		inner = fb_function(f->fb, (struct fb_function){.name = "inner",
								.linkage = ULP_FACTS_HIDDEN,
								.line = 1 + i});
		with_code(f, i == 0 ? "a" : "b", 0x10 * (1 + i));
		fb_inlined(f->fb, inner, 0);
	}
	read_facts(f, true);
	assert_carriers(f, "inner", NULL, "a b");
}

/* Each unit of an object has its own copy, and addresses do not tell them apart. */
static void static_function_of_an_object_is_a_carrier_in_each_unit(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		uint32_t inner;
		uint32_t header;

		fb_unit(f->fb, 0, i == 0 ? "a.c" : "b.c");
		header = fb_file(f->fb, "x.h");
		inner = fb_function(
			f->fb, (struct fb_function){.name = "inner", .file = header, .line = 1});
		fb_function(f->fb, (struct fb_function){.name = "outer",
							.file = header,
							.line = 2,
							.flags = ULP_FACTS_FUNCTION_CODE});
		fb_inlined(f->fb, inner, 0);
	}
	read_facts(f, false);
	assert_carriers(f, "inner", NULL, "outer outer");
}

/* Two units have it with code; the linker keeps one, and both records may show its address. */
static void comdat_function_is_one_carrier(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		uint32_t inner;

		fb_unit(f->fb, 0, i == 0 ? "a.cc" : "b.cc");
		inner = fb_function(f->fb,
				    (struct fb_function){.name = "_Z5innerv",
							 .linkage = ULP_FACTS_EXPORTED,
							 .flags = ULP_FACTS_FUNCTION_COMDAT});
		fb_function(f->fb, (struct fb_function){.name = "_Z5outerv",
							.linkage = ULP_FACTS_EXPORTED,
							.flags = ULP_FACTS_FUNCTION_COMDAT,
							.vaddr = 0x10});
		fb_inlined(f->fb, inner, 0);
	}
	read_facts(f, true);
	assert_carriers(f, "_Z5innerv", NULL, "_Z5outerv");
}

static void comdat_function_of_an_object_is_one_carrier(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		uint32_t inner;

		fb_unit(f->fb, 0, i == 0 ? "a.cc" : "b.cc");
		inner = inlined_away(f, "inner", 1);
		fb_function(f->fb, (struct fb_function){.name = "_Z5outerv",
							.linkage = ULP_FACTS_EXPORTED,
							.flags = ULP_FACTS_FUNCTION_COMDAT |
								 ULP_FACTS_FUNCTION_CODE});
		fb_inlined(f->fb, inner, 0);
		fb_function(f->fb,
			    (struct fb_function){.name = "own", .flags = ULP_FACTS_FUNCTION_CODE});
		fb_inlined(f->fb, inner, 0);
	}
	read_facts(f, false);
	assert_carriers(f, "inner", "a.cc", "_Z5outerv own");
}

/* --- LTO -------------------------------------------------------------------------- */

/*
 * inner went into middle before LTO, middle into outer after it, and a clone of
 * middle has code.
 */
static void build_lto(struct fixture *f)
{
	uint32_t inner;
	uint32_t middle;

	fb_unit(f->fb, ULP_FACTS_UNIT_BEFORE_LTO, "a.c");
	fb_directory(f->fb, "/src/sub");
	inner = inlined_away(f, "inner", 1);
	inlined_away(f, "middle", 2);
	fb_inlined(f->fb, inner, 0);
	fb_function(f->fb, (struct fb_function){
				   .name = "outer", .linkage = ULP_FACTS_EXPORTED, .line = 3});

	fb_unit(f->fb, ULP_FACTS_UNIT_PARTITION, "");
	fb_directory(f->fb, "/src");
	middle = fb_function(f->fb, (struct fb_function){.name = "middle.lto_priv.0",
							 .linkage = ULP_FACTS_HIDDEN,
							 .file = fb_file(f->fb, "moved/a.c"),
							 .line = 2,
							 .vaddr = 0x30});
	derived(f, ULP_FACTS_CLONE, "middle.lto_priv.0.constprop.0", middle, 0x20);
	fb_function(f->fb, (struct fb_function){.name = "outer",
						.linkage = ULP_FACTS_EXPORTED,
						.file = 1,
						.line = 3,
						.vaddr = 0x10});
	fb_inlined(f->fb, middle, 0);
	with_code(f, "unrelated", 0x40);
}

static void lto_is_followed_from_before_it_to_the_code(void **state)
{
	struct fixture *f = *state;

	build_lto(f);
	read_facts(f, true);
	assert_carriers(f, "inner", NULL, "outer middle.lto_priv.0.constprop.0 middle.lto_priv.0");
	/* Outer's record says through whom. */
	assert_string_equal(copy_of(f, 0), "middle.lto_priv.0");
	assert_string_equal(copy_of(f, 2), "inner");
	assert_carriers(f, "middle", NULL, "outer middle.lto_priv.0.constprop.0");
	assert_carriers(f, "middle.lto_priv.0", NULL, "outer middle.lto_priv.0.constprop.0");
}

/* A function of a header that is also in a unit without LTO, whose own list is complete. */
static void copy_taken_in_before_lto_says_nothing_of_other_units(void **state)
{
	struct fixture *f = *state;
	uint32_t inner;

	fb_unit(f->fb, ULP_FACTS_UNIT_BEFORE_LTO, "a.c");
	inner = inlined_away(f, "inner", 1);
	fb_function(f->fb, (struct fb_function){.name = "weak", .linkage = ULP_FACTS_EXPORTED});
	fb_inlined(f->fb, inner, 0);
	fb_unit(f->fb, 0, "b.c");
	fb_function(f->fb, (struct fb_function){
				   .name = "weak", .linkage = ULP_FACTS_EXPORTED, .vaddr = 0x10});
	read_facts(f, true);
	assert_carriers(f, "inner", NULL, "");
}

/* --- memory and time ---------------------------------------------------------------- */

static void carriers_survive_every_failed_allocation(void **state)
{
	struct fixture *f = *state;
	uint32_t inner;
	enum ulp_code code;

	fb_unit(f->fb, 0, "a.c");
	inner = inlined_away(f, "inner", 1);
	for (unsigned i = 0; i < 100; i++) {
		with_code(f, i % 2 ? "odd" : "even", 0x10 + i);
		fb_inlined(f->fb, inner, 0);
	}
	read_facts(f, true);
	for (size_t nr = 1;; nr++) {
		fail_alloc_begin(nr);
		code = ulp_facts_carriers(&f->facts, inner, &f->carriers, &f->nr, &f->err);
		if (!fail_alloc_end())
			break;
		assert_int_equal(code, ULP_ENOMEM);
	}
	assert_succeeds(code, &f->err);
	assert_int_equal(f->nr, 100);
}

#define LIBRARY_UNITS 500
#define LIBRARY_FUNCTIONS 20 /* a unit */

/*
 * A library of 10,000 functions and 30,000 copies: the questions about all functions
 * need as many steps as there are copies, so this test ends at once or not before
 * the time limit of all tests.
 */
static void whole_library_is_answered(void **state)
{
	struct fixture *f = *state;
	char name[32];
	size_t nr = 0;

	for (unsigned u = 0; u < LIBRARY_UNITS; u++) {
		fb_unit(f->fb, 0, "a.c");
		fb_file(f->fb, "include/header.h");
		for (unsigned i = 0; i < LIBRARY_FUNCTIONS; i++) {
			snprintf(name, sizeof(name), i < 4 ? "header_%u" : "f_%u_%u", i, u);
			fb_function(f->fb,
				    (struct fb_function){.name = name,
							 .file = i < 4,
							 .line = i,
							 .vaddr = i < 4 ? 0 : 16 * (u * 20 + i)});
			for (unsigned k = 0; i >= 4 && k < 4; k++)
				fb_inlined(f->fb, k, 0);
		}
	}
	read_facts(f, true);
	for (uint32_t i = 0; i < f->facts.nr_functions; i++) {
		struct ulp_facts_carrier *carriers;

		if (i >= 2 * LIBRARY_FUNCTIONS && i % LIBRARY_FUNCTIONS < 4)
			continue; /* 8 questions about functions of the header are enough */
		assert_succeeds(ulp_facts_carriers(&f->facts, i, &carriers, &nr, &f->err), &f->err);
		assert_int_equal(nr, i % LIBRARY_FUNCTIONS < 4
					     ? LIBRARY_UNITS * (LIBRARY_FUNCTIONS - 4)
					     : 0);
		free(carriers);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(function_that_nobody_took_in_has_no_carriers),
		TEST(carriers_are_found_over_all_levels),
		TEST(carrier_with_several_copies_is_listed_once),
		TEST(clones_and_parts_carry_and_are_followed),
		TEST(alias_is_the_function_itself),
		TEST(body_that_serves_for_a_merged_function_carries_it),
		TEST(recursive_function_does_not_carry_itself),
		TEST(function_that_the_linker_dropped_carries_nothing),
		TEST(function_of_a_header_is_one_in_all_units),
		TEST(static_functions_of_one_name_are_not_mixed_up),
		TEST(global_functions_of_one_name_are_one),
		TEST(static_function_of_an_object_is_a_carrier_in_each_unit),
		TEST(comdat_function_is_one_carrier),
		TEST(comdat_function_of_an_object_is_one_carrier),
		TEST(lto_is_followed_from_before_it_to_the_code),
		TEST(copy_taken_in_before_lto_says_nothing_of_other_units),
		TEST(carriers_survive_every_failed_allocation),
		TEST(whole_library_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
