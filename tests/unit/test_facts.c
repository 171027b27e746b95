/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the plugin's facts, and every kind of damage to them. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/facts_builder.h"
#include "tests/lib/fail_alloc.h"

#include "container/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A section and what is read from it. */
struct fixture {
	unsigned char *bytes;
	size_t len;
	struct ulp_facts facts;
	struct ulp_err err;
};

/*
 * One unit, one file more than its source, three functions; the last one holds the first
 * one through the second one.  Offsets of its parts are found by their strings.
 */
static void build_sample(struct fixture *f)
{
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "lib/unit.c");
	fb_function(fb, (struct fb_function){.name = "first",
					     .file = fb_file(fb, "include/inline.h"),
					     .line = 300,
					     .entry = ULP_FACTS_NO_CODE});
	fb_function(fb, (struct fb_function){.name = "second.part.0",
					     .kind = ULP_FACTS_PART,
					     .origin = 3,
					     .entry = ULP_FACTS_NO_CODE});
	fb_function(fb, (struct fb_function){.name = "third",
					     .linkage = ULP_FACTS_EXPORTED,
					     .vaddr = 0x1122334455667788,
					     .flags = ULP_FACTS_FUNCTION_COLD,
					     .line = 7,
					     .relies = ULP_FACTS_RELIES_PURE});
	fb_inlined(fb, 1, 0);
	fb_inlined(fb, 0, 1);
	fb_constant(fb, "debug_name");
	f->bytes = fb_finish(fb, &f->len);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	build_sample(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->bytes);
	free(f);
	return 0;
}

/* Offset of the byte behind the string `text` and its NUL. */
static size_t behind(const struct fixture *f, const char *text)
{
	size_t len = strlen(text) + 1;
	size_t at = 0;

	while (at + len <= f->len && memcmp(f->bytes + at, text, len) != 0)
		at++;
	assert_true(at + len <= f->len);
	return at + len;
}

/* Offset of the function's first byte, which has an address or not. */
static size_t head_of(const struct fixture *f, const char *name, bool code)
{
	return behind(f, name) - strlen(name) - 1 - 4 - (code ? 8 : 0);
}

/* Offset of the number of constants: one follows it. */
static size_t constants_at(const struct fixture *f)
{
	return behind(f, "debug_name") - sizeof("debug_name") - 1;
}

/* Reads, expects failure at that offset, and that *facts has not been touched. */
static void assert_read_fails(struct fixture *f, enum ulp_code code, size_t off)
{
	struct ulp_facts untouched;
	struct ulp_facts facts;
	char place[64];

	memset(&untouched, 0x5a, sizeof(untouched));
	memcpy(&facts, &untouched, sizeof(facts));
	snprintf(place, sizeof(place), ".debug.ulp+0x%zx", off);
	assert_fails_at(ulp_facts_read(f->bytes, f->len, true, &facts, &f->err), code, &f->err,
			place);
	assert_memory_equal(&facts, &untouched, sizeof(facts));
}

static void assert_damaged(struct fixture *f, size_t off)
{
	assert_read_fails(f, ULP_EFORMAT, off);
}

static void replace(struct fixture *f, struct fb *fb)
{
	free(f->bytes);
	f->bytes = fb_finish(fb, &f->len);
}

/* --- reading ------------------------------------------------------------------- */

static void facts_read_back_what_was_built(void **state)
{
	struct fixture *f = *state;
	const struct ulp_facts_function *fn;
	const struct ulp_facts *facts = &f->facts;

	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	memset(f->bytes, 0xff, f->len); /* nothing is borrowed */
	assert_int_equal(facts->nr_units, 1);
	assert_string_equal(facts->units[0].producer, "cc");
	assert_string_equal(facts->units[0].directory, "/src");
	assert_string_equal(facts->units[0].source, "lib/unit.c");
	assert_string_equal(facts->units[0].command, "cc -c lib/unit.c");
	assert_int_equal(facts->units[0].first_function, 0);
	assert_int_equal(facts->units[0].nr_functions, 3);
	assert_int_equal(facts->nr_functions, 3);
	fn = facts->functions;
	assert_string_equal(fn[0].file, "include/inline.h");
	assert_int_equal(fn[0].line, 300);
	assert_int_equal(fn[0].origin, ULP_FACTS_NONE);
	assert_int_equal(fn[1].origin, 2);
	assert_int_equal(fn[1].kind, ULP_FACTS_PART);
	assert_string_equal(fn[2].file, "lib/unit.c");
	assert_true(fn[2].vaddr == 0x1122334455667788);
	assert_int_equal(fn[2].flags, ULP_FACTS_FUNCTION_CODE | ULP_FACTS_FUNCTION_COLD);
	assert_int_equal(fn[2].relies, ULP_FACTS_RELIES_PURE);
	assert_int_equal(fn[2].nr_inlined, 2);
	assert_int_equal(facts->inlined[0].function, 1);
	assert_int_equal(facts->inlined[0].via, ULP_FACTS_NONE);
	assert_int_equal(facts->inlined[1].function, 0);
	assert_int_equal(facts->inlined[1].via, 0);
	ulp_facts_free(&f->facts);
	assert_null(f->facts.storage);
}

static void facts_of_several_units_follow_one_another(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "a.c");
	fb_function(fb, (struct fb_function){.name = "a"});
	fb_unit(fb, ULP_FACTS_UNIT_IPA_KEPT, "empty.c");
	fb_unit(fb, 0, "b.c");
	fb_function(fb, (struct fb_function){.name = "b"});
	fb_function(fb, (struct fb_function){.name = "c", .vaddr = 1});
	fb_inlined(fb, 0, 0);
	replace(f, fb);
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	assert_int_equal(f->facts.nr_units, 3);
	assert_int_equal(f->facts.units[1].flags, ULP_FACTS_UNIT_IPA_KEPT);
	assert_int_equal(f->facts.units[1].nr_functions, 0);
	assert_int_equal(f->facts.units[2].first_function, 1);
	assert_int_equal(f->facts.functions[2].unit, 2);
	assert_int_equal(f->facts.inlined[0].function, 1);
	ulp_facts_free(&f->facts);
}

static void facts_of_an_object_have_no_addresses(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(ulp_facts_read(f->bytes, f->len, false, &f->facts, &f->err), &f->err);
	assert_true(f->facts.functions[2].vaddr == 0);
	assert_true((f->facts.functions[2].flags & ULP_FACTS_FUNCTION_CODE) != 0);
	ulp_facts_free(&f->facts);
}

static void facts_of_an_empty_section_are_none(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(ulp_facts_read(NULL, 0, true, &f->facts, &f->err), &f->err);
	assert_int_equal(f->facts.nr_units, 0);
	assert_int_equal(f->facts.nr_functions, 0);
	ulp_facts_free(&f->facts);
}

static void facts_take_an_unknown_entry_state(void **state)
{
	struct fixture *f = *state;

	f->bytes[head_of(f, "first", false) + 2] = 200;
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	assert_int_equal(f->facts.functions[0].entry, 200);
	ulp_facts_free(&f->facts);
}

static void facts_take_numbers_of_five_bytes(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "a.c");
	fb_function(fb, (struct fb_function){.name = "a", .line = UINT32_MAX});
	replace(f, fb);
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	assert_true(f->facts.functions[0].line == UINT32_MAX);
	ulp_facts_free(&f->facts);
}

static void constants_belong_to_their_unit(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "a.c");
	fb_constant(fb, "first");
	fb_constant(fb, "second");
	fb_unit(fb, 0, "none.c");
	fb_unit(fb, 0, "b.c");
	fb_function(fb, (struct fb_function){.name = "b", .vaddr = 1});
	fb_constant(fb, "third");
	replace(f, fb);
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	memset(f->bytes, 0xff, f->len); /* nothing is borrowed */
	assert_int_equal(f->facts.nr_constants, 3);
	assert_string_equal(f->facts.constants[2], "third");
	assert_int_equal(f->facts.units[1].nr_constants, 0);
	assert_int_equal(f->facts.units[2].first_constant, 2);
	assert_true(ulp_facts_is_constant(&f->facts, 0, "second"));
	assert_false(ulp_facts_is_constant(&f->facts, 1, "second"));
	assert_false(ulp_facts_is_constant(&f->facts, 2, "second"));
	assert_true(ulp_facts_is_constant(&f->facts, 2, "third"));
	ulp_facts_free(&f->facts);
}

static void constant_is_found_by_its_name_with_and_without_a_number(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	assert_true(ulp_facts_is_constant(&f->facts, 0, "debug_name"));
	assert_true(ulp_facts_is_constant(&f->facts, 0, "debug_name.12"));
	assert_false(ulp_facts_is_constant(&f->facts, 0, "debug_nam"));
	assert_false(ulp_facts_is_constant(&f->facts, 0, "debug_names"));
	assert_false(ulp_facts_is_constant(&f->facts, 0, "debug_names.1"));
	assert_false(ulp_facts_is_constant(&f->facts, 0, "debug"));
	ulp_facts_free(&f->facts);
}

/* A library may have been linked of objects from two versions of the plugin. */
static void facts_of_the_first_version_are_read(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "old.c");
	fb_version(fb, 1);
	fb_function(fb, (struct fb_function){.name = "old", .vaddr = 1});
	fb_unit(fb, 0, "new.c");
	fb_constant(fb, "name");
	replace(f, fb);
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	assert_string_equal(f->facts.functions[0].name, "old");
	assert_int_equal(f->facts.units[0].nr_constants, 0);
	assert_true(ulp_facts_is_constant(&f->facts, 1, "name"));
	ulp_facts_free(&f->facts);
}

static void constants_that_are_not_there_are_damage(void **state)
{
	struct fixture *f = *state;
	size_t at = constants_at(f);

	f->bytes[at] = 2;
	assert_damaged(f, f->len);
	f->bytes[at] = 100;
	assert_damaged(f, at);
	f->bytes[at] = 0;
	assert_damaged(f, at + 1);
	f->bytes[at] = 1;
	f->bytes[at + 3] = '\n';
	assert_damaged(f, at + 3);
}

static void facts_survive_every_failed_allocation(void **state)
{
	struct fixture *f = *state;
	enum ulp_code code;

	for (size_t nr = 1;; nr++) {
		fail_alloc_begin(nr);
		code = ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err);
		if (!fail_alloc_end())
			break;
		assert_int_equal(code, ULP_ENOMEM);
	}
	assert_succeeds(code, &f->err);
	ulp_facts_free(&f->facts);
}

/* --- damage -------------------------------------------------------------------- */

static void facts_cut_off_anywhere_are_damaged(void **state)
{
	struct fixture *f = *state;

	for (size_t len = 1; len < f->len; len++) {
		unsigned char *part = malloc(len);

		assert_non_null(part);
		memcpy(part, f->bytes, len);
		assert_fails_at(ulp_facts_read(part, len, true, &f->facts, &f->err), ULP_EFORMAT,
				&f->err, ".debug.ulp+0x0");
		free(part);
	}
}

/* The unit's length is shortened: what stood at the end of it does not fit any more. */
static void unit_cut_off_anywhere_is_damaged(void **state)
{
	struct fixture *f = *state;
	size_t full = f->len;

	for (size_t len = 4; len < full; len++) {
		uint32_t unit_len = (uint32_t)(len - 4);

		memcpy(f->bytes, &unit_len, sizeof(unit_len));
		f->len = len;
		assert_int_equal(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err),
				 ULP_EFORMAT);
	}
}

/* What is left over would be a good unit by itself. */
static void unit_with_bytes_left_over_is_damaged(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();
	uint32_t first_len;
	uint32_t all_len;

	fb_unit(fb, 0, "a.c");
	fb_unit(fb, 0, "b.c");
	replace(f, fb);
	memcpy(&first_len, f->bytes, sizeof(first_len));
	all_len = (uint32_t)(f->len - 4);
	memcpy(f->bytes, &all_len, sizeof(all_len));
	assert_damaged(f, 4 + first_len);
}

static void unit_of_another_version_is_refused(void **state)
{
	struct fixture *f = *state;

	f->bytes[4] = ULP_FACTS_VERSION + 1;
	assert_read_fails(f, ULP_EVERSION, 4);
	f->bytes[4] = ULP_FACTS_OLDEST_VERSION - 1;
	assert_read_fails(f, ULP_EVERSION, 4);
}

static void unknown_unit_flag_is_damage(void **state)
{
	struct fixture *f = *state;

	f->bytes[6] |= 8;
	assert_damaged(f, 6);
}

static void unknown_kind_linkage_and_function_flag_are_damage(void **state)
{
	static const struct {
		size_t at; /* in the function's head */
		unsigned char value;
	} cases[] = {{0, ULP_FACTS_MERGED + 1}, {1, ULP_FACTS_EXPORTED + 1}, {3, 16}};
	struct fixture *f = *state;
	size_t head = head_of(f, "first", false);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char was = f->bytes[head + cases[i].at];

		f->bytes[head + cases[i].at] = cases[i].value;
		assert_damaged(f, head);
		f->bytes[head + cases[i].at] = was;
	}
}

static void control_character_in_a_string_is_damage(void **state)
{
	static const char *const strings[] = {
		"cc", "/src", "lib/unit.c", "cc -c lib/unit.c", "include/inline.h", "first"};
	static const unsigned char controls[] = {0x01, '\n', 0x1b, 0x7f};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		size_t at = behind(f, strings[i]) - 2;
		unsigned char was = f->bytes[at];

		for (size_t k = 0; k < sizeof(controls); k++) {
			f->bytes[at] = controls[k];
			assert_damaged(f, at);
		}
		f->bytes[at] = was;
	}
}

static void string_that_does_not_end_in_its_unit_is_damage(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();
	uint32_t unit_len = 8;

	fb_unit(fb, 0, "a.c");
	fb_unit(fb, 0, "b.c");
	replace(f, fb);
	memcpy(f->bytes, &unit_len, sizeof(unit_len)); /* ends inside of "/src" */
	assert_damaged(f, behind(f, "cc"));
}

static void path_longer_than_paths_can_be_is_damage(void **state)
{
	struct fixture *f = *state;
	char path[4097];
	size_t files;

	for (size_t len = 4095; len <= 4096; len++) {
		struct fb *fb = fb_create();

		memset(path, 'x', len);
		path[len] = '\0';
		fb_unit(fb, 0, "a.c");
		fb_file(fb, path);
		replace(f, fb);
		files = behind(f, "cc -c a.c") + 1;
		if (len > 4095) {
			assert_damaged(f, files);
			continue;
		}
		assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err),
				&f->err);
		ulp_facts_free(&f->facts);
	}
}

static void names_and_paths_may_be_unknown(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "a.c");
	fb_function(fb, (struct fb_function){.name = "", .file = fb_file(fb, "")});
	replace(f, fb);
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	assert_string_equal(f->facts.functions[0].name, "");
	assert_string_equal(f->facts.functions[0].file, "");
	ulp_facts_free(&f->facts);
}

/* A number where one byte stood: continued four times, and what is left of it. */
static void number_beyond_32_bits_is_damage(void **state)
{
	static const unsigned char endings[][2] = {{0x10, 0}, {0x80, 0}, {0x8f, 0x01}};
	struct fixture *f = *state;
	struct fb *fb = fb_create();
	size_t line;

	fb_unit(fb, 0, "a.c");
	fb_function(fb, (struct fb_function){.name = "a", .line = UINT32_MAX});
	replace(f, fb);
	line = behind(f, "a") + 1;
	assert_int_equal(f->bytes[line + 4], 0x0f);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		memcpy(f->bytes + line + 4, endings[i], 2);
		assert_damaged(f, line);
	}
}

static void numbers_of_what_is_not_there_are_damage(void **state)
{
	struct fixture *f = *state;
	const struct {
		size_t at; /* of a number of one byte */
		unsigned char value;
		size_t place; /* of the error */
	} cases[] = {
		{behind(f, "first"), 2, behind(f, "first")},			     /* file */
		{behind(f, "second.part.0") + 2, 4, behind(f, "second.part.0") + 2}, /* origin */
		{f->len - 2, 3, f->len - 2}, /* inlined function */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char was = f->bytes[cases[i].at];

		f->bytes[cases[i].at] = cases[i].value;
		assert_damaged(f, cases[i].place);
		f->bytes[cases[i].at] = was;
	}
}

/* A few bytes cannot ask for much memory: each number is held against what is left. */
static void numbers_without_room_are_damage(void **state)
{
	struct fixture *f = *state;
	size_t files = behind(f, "cc -c lib/unit.c");
	size_t places[] = {files, behind(f, "include/inline.h"), f->len - 5};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		unsigned char was = f->bytes[places[i]];

		f->bytes[places[i]] = 0x7f;
		assert_damaged(f, places[i]);
		f->bytes[places[i]] = was;
	}
}

static void inlined_via_itself_or_a_later_one_is_damage(void **state)
{
	struct fixture *f = *state;

	size_t end = constants_at(f); /* the pairs are before it */

	f->bytes[end - 1] = 2;
	assert_damaged(f, end - 2);
	f->bytes[end - 1] = 1;
	f->bytes[end - 3] = 1;
	assert_damaged(f, end - 4);
}

static void origin_of_a_plain_function_is_damage(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "a.c");
	fb_function(fb, (struct fb_function){.name = "plain", .origin = 2});
	fb_function(fb, (struct fb_function){.name = "other"});
	replace(f, fb);
	assert_damaged(f, behind(f, "plain") + 2);
}

static void origins_that_go_round_are_damage(void **state)
{
	struct fixture *f = *state;

	for (uint32_t nr = 1; nr <= 3; nr++) {
		struct fb *fb = fb_create();

		fb_unit(fb, 0, "a.c");
		fb_function(fb, (struct fb_function){
					.name = "tail", .kind = ULP_FACTS_CLONE, .origin = 2});
		for (uint32_t i = 0; i < nr; i++)
			fb_function(fb, (struct fb_function){.name = "round",
							     .kind = ULP_FACTS_CLONE,
							     .origin = 2 + (i + 1) % nr});
		replace(f, fb);
		assert_damaged(f, 0);
	}
}

static void code_before_lto_is_damage(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, ULP_FACTS_UNIT_BEFORE_LTO, "a.c");
	fb_function(fb, (struct fb_function){.name = "a", .vaddr = 1});
	replace(f, fb);
	assert_damaged(f, head_of(f, "a", true));
}

static void section_longer_than_any_is_refused_unread(void **state)
{
	struct fixture *f = *state;

	f->len = (size_t)ULP_FACTS_MAX_LEN + 1;
	assert_damaged(f, 0);
}

/* --- looking up ------------------------------------------------------------------ */

static void find_goes_on_behind_what_it_found(void **state)
{
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "a.c");
	fb_function(fb, (struct fb_function){.name = "init"});
	fb_unit(fb, 0, "b.c");
	fb_function(fb, (struct fb_function){.name = "other"});
	fb_function(fb, (struct fb_function){.name = "init"});
	replace(f, fb);
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	assert_int_equal(ulp_facts_find(&f->facts, 0, "init", NULL), 0);
	assert_int_equal(ulp_facts_find(&f->facts, 1, "init", NULL), 2);
	assert_int_equal(ulp_facts_find(&f->facts, 3, "init", NULL), ULP_FACTS_NONE);
	assert_int_equal(ulp_facts_find(&f->facts, 0, "ini", NULL), ULP_FACTS_NONE);
	ulp_facts_free(&f->facts);
}

static void find_compares_whole_components_from_the_end(void **state)
{
	static const struct {
		const char *source;
		bool found; /* ../crypto/./modes/ocb128.c in /build/b */
	} cases[] = {
		{"ocb128.c", true},
		{"modes/ocb128.c", true},
		{"crypto/modes/ocb128.c", true},
		{"./crypto//modes/ocb128.c", true},
		{"../crypto/modes/ocb128.c", true},
		{"b/../crypto/modes/ocb128.c", true},
		{"/build/b/../crypto/modes/ocb128.c", true},
		{"/build/b/../crypto/modes/ocb128.c/", true},
		{"128.c", false},
		{"odes/ocb128.c", false},
		{"a/../crypto/modes/ocb128.c", false},
		{"/b/../crypto/modes/ocb128.c", false},
		{"/crypto/modes/ocb128.c", false},
		{"/ocb128.c", false},
		{"x/build/b/../crypto/modes/ocb128.c", false},
	};
	struct fixture *f = *state;
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "../crypto/./modes/ocb128.c");
	fb_directory(fb, "/build/b");
	fb_function(fb, (struct fb_function){.name = "f"});
	replace(f, fb);
	assert_succeeds(ulp_facts_read(f->bytes, f->len, true, &f->facts, &f->err), &f->err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((ulp_facts_find(&f->facts, 0, "f", cases[i].source) == 0) != cases[i].found)
			fail_msg("%s", cases[i].source);
	ulp_facts_free(&f->facts);
}

static void texts_of_unknown_numbers_are_there(void **state)
{
	(void)state;
	assert_string_equal(ulp_facts_kind_text(ULP_FACTS_PART), "part");
	assert_string_equal(ulp_facts_linkage_text(ULP_FACTS_LOCAL), "static");
	assert_string_equal(ulp_facts_entry_text(ULP_FACTS_RESOLVER), "ifunc resolver");
	assert_non_null(strstr(ulp_facts_kind_text(255), "unknown"));
	assert_non_null(strstr(ulp_facts_linkage_text(255), "unknown"));
	assert_non_null(strstr(ulp_facts_entry_text(255), "no entry"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_read_back_what_was_built),
		TEST(facts_of_several_units_follow_one_another),
		TEST(facts_of_an_object_have_no_addresses),
		TEST(facts_of_an_empty_section_are_none),
		TEST(facts_take_an_unknown_entry_state),
		TEST(facts_take_numbers_of_five_bytes),
		TEST(constants_belong_to_their_unit),
		TEST(constant_is_found_by_its_name_with_and_without_a_number),
		TEST(facts_of_the_first_version_are_read),
		TEST(constants_that_are_not_there_are_damage),
		TEST(facts_survive_every_failed_allocation),
		TEST(facts_cut_off_anywhere_are_damaged),
		TEST(unit_cut_off_anywhere_is_damaged),
		TEST(unit_with_bytes_left_over_is_damaged),
		TEST(unit_of_another_version_is_refused),
		TEST(unknown_unit_flag_is_damage),
		TEST(unknown_kind_linkage_and_function_flag_are_damage),
		TEST(control_character_in_a_string_is_damage),
		TEST(string_that_does_not_end_in_its_unit_is_damage),
		TEST(path_longer_than_paths_can_be_is_damage),
		TEST(names_and_paths_may_be_unknown),
		TEST(number_beyond_32_bits_is_damage),
		TEST(numbers_of_what_is_not_there_are_damage),
		TEST(numbers_without_room_are_damage),
		TEST(inlined_via_itself_or_a_later_one_is_damage),
		TEST(origin_of_a_plain_function_is_damage),
		TEST(origins_that_go_round_are_damage),
		TEST(code_before_lto_is_damage),
		TEST(section_longer_than_any_is_refused_unread),
		TEST(find_goes_on_behind_what_it_found),
		TEST(find_compares_whole_components_from_the_end),
		TEST(texts_of_unknown_numbers_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
