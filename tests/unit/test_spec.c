/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/spec.c: what a spec may say, and the place of each fault in it. */
#include "config.h"

#include "tests/lib/check_err.h"

#include "packer/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH "fix.yaml"

/* Lines 1 to 3 of specs that are right but for what a test adds. */
#define HEAD "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\n"
#define FUNCTIONS "functions:\n  - replace: f\n"

static enum ulp_code parse(struct pool *pool, const char *text, size_t len, struct spec *spec,
			   struct ulp_err *err)
{
	return spec_parse(pool, PATH, text, len, spec, err);
}

static void assert_rejected_at(const char *text, size_t len, const char *place, struct ulp_err *err)
{
	struct pool pool = {0};
	struct spec s;

	assert_fails_at(parse(&pool, text, len, &s, err), ULP_ESPEC, err, place);
	pool_deinit(&pool);
}

static void spec_fills_every_member(void **state)
{
	static const char text[] = "ulp: 1\n"
				   "name: openssl-CVE-1\n"
				   "description: |\n"
				   "  two\n"
				   "  lines\n"
				   "labels: [CVE-1, 'bsc#2']\n"
				   "target:\n"
				   "  soname: libcrypto.so.3\n"
				   "  build_ids: [00ff, AB01]\n"
				   "functions:\n"
				   "  - replace: old\n"
				   "    with: new\n"
				   "    source: a/b.c\n"
				   "  - replace: other.constprop.0\n"
				   "consistency: none\n";
	struct pool pool = {0};
	struct ulp_err err;
	struct spec s;

	(void)state;
	assert_succeeds(parse(&pool, text, strlen(text), &s, &err), &err);
	assert_string_equal(s.name, "openssl-CVE-1");
	assert_string_equal(s.description, "two\nlines\n");
	assert_int_equal(s.nr_labels, 2);
	assert_string_equal(s.labels[1], "bsc#2");
	assert_string_equal(s.soname, "libcrypto.so.3");
	assert_int_equal(s.nr_build_ids, 2);
	assert_int_equal(s.build_ids[1].len, 2);
	assert_int_equal(s.build_ids[1].bytes[0], 0xab);
	assert_int_equal(s.nr_functions, 2);
	assert_string_equal(s.functions[0].replace, "old");
	assert_string_equal(s.functions[0].with, "new");
	assert_string_equal(s.functions[0].source, "a/b.c");
	assert_string_equal(s.functions[1].with, "other.constprop.0");
	assert_null(s.functions[1].source);
	assert_int_equal(s.functions[1].place.line, 14);
	assert_int_equal(s.functions[1].place.column, 5);
	assert_int_equal(s.consistency, ULP_CONSISTENCY_NONE);
	pool_deinit(&pool);
}

static void spec_has_defaults(void **state)
{
	static const char text[] = HEAD FUNCTIONS;
	struct pool pool = {0};
	struct ulp_err err;
	struct spec s;

	(void)state;
	assert_succeeds(parse(&pool, text, strlen(text), &s, &err), &err);
	assert_string_equal(s.description, "");
	assert_int_equal(s.nr_labels, 0);
	assert_int_equal(s.nr_build_ids, 0);
	assert_string_equal(s.functions[0].with, "f");
	assert_int_equal(s.consistency, ULP_CONSISTENCY_FUNCTION);
	pool_deinit(&pool);
}

static void spec_keeps_relations_in_their_order(void **state)
{
	static const char text[] =
		HEAD "supersedes: [old-1, old-2]\n" FUNCTIONS "requires: [base]\nconflicts: []\n";
	static const struct {
		const char *name;
		enum ulp_relation_kind kind;
		unsigned line, column;
	} expected[] = {
		{"old-1", ULP_RELATION_SUPERSEDES, 4, 14},
		{"old-2", ULP_RELATION_SUPERSEDES, 4, 21},
		{"base", ULP_RELATION_REQUIRES, 7, 12},
	};
	struct pool pool = {0};
	struct ulp_err err;
	struct spec s;

	(void)state;
	assert_succeeds(parse(&pool, text, strlen(text), &s, &err), &err);
	assert_int_equal(s.nr_relations, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(s.relations[i].name, expected[i].name);
		assert_int_equal(s.relations[i].kind, expected[i].kind);
		assert_int_equal(s.relations[i].place.line, expected[i].line);
		assert_int_equal(s.relations[i].place.column, expected[i].column);
	}
	pool_deinit(&pool);
}

static void spec_rejects_more_relations_than_a_container_holds(void **state)
{
	char text[16384] = HEAD FUNCTIONS "requires: [";
	size_t at = strlen(text);
	struct ulp_err err;

	(void)state;
	for (unsigned i = 0; i <= ULP_MAX_RELATIONS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%sa%u", i ? ", " : "", i);
	at += (size_t)snprintf(text + at, sizeof(text) - at, "]\n");
	assert_true(at < sizeof(text));
	assert_rejected_at(text, at, PATH ":6:11", &err);
}

static void spec_knows_what_is_accepted(void **state)
{
	static const char text[] = HEAD FUNCTIONS
		"accept:\n"
		"  - refusal: struct-layout\n"
		"    name: struct record\n"
		"    reason: the member is behind all that old code reads\n"
		"  - {refusal: prototype, name: f, reason: callers ignore it}\n"
		"  - {refusal: initial-value, name: v, reason: \"no\xc3\xa4 readers\"}\n"
		"  - {refusal: stale-copy, name: f, reason: it is never called}\n";
	const struct spec_accept *found;
	struct pool pool = {0};
	struct ulp_err err;
	struct spec s;

	(void)state;
	assert_succeeds(parse(&pool, text, strlen(text), &s, &err), &err);
	assert_int_equal(s.nr_accepts, 4);
	found = spec_accepted(&s, "struct-layout", "struct record");
	assert_ptr_equal(found, &s.accepts[0]);
	assert_string_equal(found->reason, "the member is behind all that old code reads");
	assert_int_equal(found->place.line, 7);
	assert_int_equal(found->place.column, 5);
	assert_ptr_equal(spec_accepted(&s, "stale-copy", "f"), &s.accepts[3]);
	assert_null(spec_accepted(&s, "struct-layout", "f"));
	assert_null(spec_accepted(&s, "prototype", "g"));
	pool_deinit(&pool);
}

static void spec_knows_references(void **state)
{
	static const char text[] =
		HEAD FUNCTIONS "references:\n"
			       "  - {pointer: ulpr_state, to: state}\n"
			       "  - {pointer: ulpr_other, to: state, source: a/b.c}\n";
	struct pool pool = {0};
	struct ulp_err err;
	struct spec s;

	(void)state;
	assert_succeeds(parse(&pool, text, strlen(text), &s, &err), &err);
	assert_int_equal(s.nr_references, 2);
	assert_string_equal(s.references[0].pointer, "ulpr_state");
	assert_string_equal(s.references[0].to, "state");
	assert_null(s.references[0].source);
	assert_string_equal(s.references[1].source, "a/b.c");
	assert_int_equal(s.references[1].place.line, 8);
	assert_int_equal(s.references[1].place.column, 5);
	pool_deinit(&pool);
}

/* A key that people know from elsewhere: the error says why it is not there, and is at the key. */
static void spec_says_why_there_are_no_callbacks(void **state)
{
	static const char text[] = HEAD FUNCTIONS "callbacks:\n  before_apply: check\n";
	struct ulp_err err;

	(void)state;
	assert_rejected_at(text, strlen(text), PATH ":6:1", &err);
	assert_non_null(strstr(err.text, "callbacks are not supported: no code"));
	assert_non_null(strstr(err.text, "\n  callbacks:\n  ^"));
}

static void spec_knows_each_consistency(void **state)
{
	static const struct {
		const char *text;
		enum ulp_consistency value;
	} all[] = {
		{HEAD FUNCTIONS "consistency: function\n", ULP_CONSISTENCY_FUNCTION},
		{HEAD FUNCTIONS "consistency: none\n", ULP_CONSISTENCY_NONE},
		{HEAD FUNCTIONS "consistency: library\n", ULP_CONSISTENCY_LIBRARY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct pool pool = {0};
		struct ulp_err err;
		struct spec s;

		assert_succeeds(parse(&pool, all[i].text, strlen(all[i].text), &s, &err), &err);
		assert_int_equal(s.consistency, all[i].value);
		pool_deinit(&pool);
	}
}

struct bad_spec {
	const char *text;
	unsigned line, column;
	const char *says; /* part of the reason */
};

static const struct bad_spec bad_specs[] = {
	/* keys */
	{HEAD FUNCTIONS "require: [x]\n", 6, 1, "unknown key 'require'"},
	{HEAD "functions:\n  - replace: f\n    color: red\n", 6, 5, "unknown key 'color'"},
	{"ulp: 1\nname: a\ntarget: {soname: a, sonam: b}\n" FUNCTIONS, 3, 21,
	 "unknown key 'sonam'"},
	{HEAD FUNCTIONS "name: again\n", 6, 1, "'name' is given twice"},
	{HEAD "functions:\n  - {replace: f, replace: g}\n", 5, 18, "given twice"},
	{"name: fix\ntarget: {soname: a}\n" FUNCTIONS, 1, 1, "'ulp' is missing"},
	{"ulp: 1\ntarget: {soname: a}\n" FUNCTIONS, 1, 1, "'name' is missing"},
	{"ulp: 1\nname: a\n" FUNCTIONS, 1, 1, "'target' is missing"},
	{HEAD, 1, 1, "'functions' is missing"},
	{"ulp: 1\nname: a\ntarget: {build_id: aa}\n" FUNCTIONS, 3, 9, "'soname' is missing"},
	{HEAD "functions:\n  - with: f\n", 5, 5, "'replace' is missing"},
	{HEAD FUNCTIONS "? [a]\n: b\n", 6, 3, "a key must be a word"},
	{HEAD FUNCTIONS "<<: {name: x}\n", 6, 1, "unknown key '<<'"},
	/* the version */
	{"ulp: 2\nname: a\n", 1, 6, "must be 1"},
	{"ulp: '1'\nname: a\n", 1, 6, "must be 1"},
	{"ulp: [1]\nname: a\n", 1, 6, "must be 1"},
	/* types */
	{"- a\n- b\n", 1, 1, "must be a map"},
	{"just words\n", 1, 1, "must be a map"},
	{"ulp: 1\nname: [a]\n", 2, 7, "not a list"},
	{"ulp: 1\nname: {a: b}\n", 2, 7, "not a map"},
	{"ulp: 1\nname: 12\n", 2, 7, "must be text"},
	{"ulp: 1\nname: 1.5e3\n", 2, 7, "must be text"},
	{"ulp: 1\nname: true\n", 2, 7, "must be text"},
	{"ulp: 1\nname: ~\n", 2, 7, "must be text"},
	{"ulp: 1\nname:\ntarget: x\n", 2, 6, "must be text"},
	{"ulp: 1\nname: ''\n", 2, 7, "must not be empty"},
	{HEAD FUNCTIONS "labels: CVE-1\n", 6, 9, "must be a list"},
	{HEAD FUNCTIONS "labels: [a, [b]]\n", 6, 13, "not a list"},
	{HEAD "functions: f\n", 4, 12, "must be a list"},
	{HEAD "functions: []\n", 4, 12, "must not be empty"},
	{HEAD "functions:\n  - f\n", 5, 5, "must be a map"},
	{"ulp: 1\nname: a\ntarget: liba.so\n", 3, 9, "must be a map"},
	{HEAD FUNCTIONS "references: {pointer: a, to: b}\n", 6, 13, "must be a list"},
	{HEAD FUNCTIONS "references: [a]\n", 6, 14, "must be a map"},
	{HEAD FUNCTIONS "references:\n  - pointer: a\n", 7, 5, "'to' is missing"},
	{HEAD FUNCTIONS "references:\n  - to: a\n", 7, 5, "'pointer' is missing"},
	{HEAD FUNCTIONS "references:\n  - {pointer: a, to: b, type: int}\n", 7, 25,
	 "unknown key 'type'"},
	{HEAD FUNCTIONS "references:\n  - {pointer: a, to: b}\n  - {pointer: a, to: c}\n", 8, 5,
	 "set twice"},
	{HEAD FUNCTIONS "consistency: maybe\n", 6, 14, "'function', 'library' or 'none'"},
	{HEAD FUNCTIONS "consistency: [none]\n", 6, 14, "'function', 'library' or 'none'"},
	/* names */
	{"ulp: 1\nname: ../x\n", 2, 7, "'/'"},
	{"ulp: 1\nname: .x\n", 2, 7, "begin with '.'"},
	{"ulp: 1\nname: -x\n", 2, 7, "begin with '-'"},
	{"ulp: 1\nname: \"a\\x01b\"\n", 2, 7, "control character"},
	{"ulp: 1\nname: \"a\\nb\"\n", 2, 7, "control character"},
	{"ulp: 1\nname: \"a\\0b\"\n", 2, 7, "NUL"},
	{HEAD "functions:\n  - replace: a/b\n", 5, 14, "'/'"},
	{"ulp: 1\nname: a\ntarget: {soname: /lib/x.so}\n", 3, 18, "'/'"},
	{HEAD "functions:\n  - replace: f\n  - replace: g\n  - replace: f\n", 7, 5, "twice"},
	/* relations; the name of the patch is fix */
	{HEAD FUNCTIONS "requires: other\n", 6, 11, "must be a list"},
	{HEAD FUNCTIONS "requires: {a: b}\n", 6, 11, "must be a list"},
	{HEAD FUNCTIONS "conflicts: [[a]]\n", 6, 13, "not a list"},
	{HEAD FUNCTIONS "supersedes: [1]\n", 6, 14, "must be text"},
	{HEAD FUNCTIONS "requires: [a/b]\n", 6, 12, "'/'"},
	{HEAD FUNCTIONS "requires: ['']\n", 6, 12, "must not be empty"},
	{HEAD FUNCTIONS "requires: [a, fix]\n", 6, 15, "the name of this patch itself"},
	{HEAD FUNCTIONS "conflicts: [fix]\n", 6, 13, "the name of this patch itself"},
	{HEAD FUNCTIONS "supersedes: [fix]\n", 6, 14, "the name of this patch itself"},
	{"requires: [fix]\n" HEAD FUNCTIONS, 1, 12, "the name of this patch itself"},
	{HEAD FUNCTIONS "requires: [a, b, a]\n", 6, 18, "named in 'requires' already"},
	{HEAD FUNCTIONS "requires: [a]\nconflicts: [b, a]\n", 7, 16, "in 'requires' already"},
	{HEAD FUNCTIONS "conflicts: [a]\nsupersedes: [a]\n", 7, 14, "in 'conflicts' already"},
	{HEAD FUNCTIONS "supersedes: [a]\nrequires: [a]\n", 7, 12, "in 'supersedes' already"},
	{HEAD FUNCTIONS "requires: [a]\nrequires: [b]\n", 7, 1, "given twice"},
	/* refusals that are overruled */
	{HEAD FUNCTIONS "accept: struct-layout\n", 6, 9, "must be a list"},
	{HEAD FUNCTIONS "accept: [struct-layout]\n", 6, 10, "must be a map"},
	{HEAD FUNCTIONS "accept: [{name: f, reason: it is right}]\n", 6, 10,
	 "'refusal' is missing"},
	{HEAD FUNCTIONS "accept: [{refusal: prototype, reason: it is right}]\n", 6, 10,
	 "'name' is missing"},
	{HEAD FUNCTIONS "accept: [{refusal: prototype, name: f}]\n", 6, 10, "'reason' is missing"},
	{HEAD FUNCTIONS "accept: [{refusal: all, name: f, reason: it is right}]\n", 6, 20,
	 "struct-layout, prototype, initial-value, stale-copy"},
	{HEAD FUNCTIONS "accept: [{refusal: prototype, name: f, reason: short one}]\n", 6, 48,
	 "at least 10 characters"},
	{HEAD FUNCTIONS "accept: [{refusal: prototype, name: f, reason: '  short one '}]\n", 6, 48,
	 "at least 10 characters"},
	{HEAD FUNCTIONS "accept: [{refusal: prototype, name: f, reason: \xc3\xa4\xc3\xa4\xc3"
			"\xa4\xc3\xa4\xc3\xa4}]\n",
	 6, 48, "at least 10 characters"},
	{HEAD FUNCTIONS "accept: [{refusal: prototype, name: f, reason: 1234567890}]\n", 6, 48,
	 "must be text"},
	{HEAD FUNCTIONS "accept: [{refusal: prototype, name: f, why: it is right}]\n", 6, 40,
	 "unknown key 'why'"},
	{HEAD FUNCTIONS "accept:\n- {refusal: prototype, name: f, reason: it is right}\n"
			"- {refusal: prototype, name: f, reason: it is so surely}\n",
	 8, 3, "accepted twice"},
	/* build IDs */
	{"ulp: 1\nname: a\ntarget: {soname: a, build_id: xyz1}\n", 3, 31, "hex digits"},
	{"ulp: 1\nname: a\ntarget: {soname: a, build_id: abc}\n", 3, 31, "even number"},
	{"ulp: 1\nname: a\ntarget: {soname: a, build_id: ''}\n", 3, 31, "even number"},
	{"ulp: 1\nname: a\ntarget: {soname: a, build_id: [aa]}\n", 3, 31, "build ID in hex"},
	{"ulp: 1\nname: a\ntarget: {soname: a, build_ids: aa}\n", 3, 32, "must be a list"},
	{"ulp: 1\nname: a\ntarget: {soname: a, build_ids: []}\n", 3, 32, "must not be empty"},
	{"ulp: 1\nname: a\ntarget: {soname: a, build_id: aa, build_ids: [bb]}\n", 3, 46,
	 "not both"},
	/* YAML that a spec does not need */
	{"ulp: 1\nname: &n fix\n", 2, 7, "anchors"},
	{"ulp: 1\nname: *n\n", 2, 7, "aliases"},
	{"ulp: 1\nname: !!str fix\n", 2, 7, "tags"},
	{"ulp: 1\ntarget: &t {soname: a}\n", 2, 9, "anchors"},
	{HEAD FUNCTIONS "---\nulp: 1\n", 6, 1, "second document"},
	{"", 1, 1, "empty"},
	{"# nothing\n", 1, 1, "empty"},
	{"ulp: 1\nname: [a\n", 3, 1, "flow sequence"},
	{"ulp: 1\n\tname: a\n", 2, 1, ""},
	{"ulp: 1\nname: \"a\n", 3, 1, "quoted scalar"},
	{"ulp: 1\nname: a\xff"
	 "b\n",
	 2, 8, "UTF-8"},
	{"ulp: 1\nname: \xc3\xa4\xc3\xa4/\n", 2, 7, "'/'"},
	{"[[[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]]\n", 1, 17, "too deeply"},
};

static void spec_rejects_each_fault_at_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_specs) / sizeof(bad_specs[0]); i++) {
		const struct bad_spec *bad = &bad_specs[i];
		struct ulp_err err;
		char where[64];

		(void)snprintf(where, sizeof(where), PATH ":%u:%u", bad->line, bad->column);
		assert_rejected_at(bad->text, strlen(bad->text), where, &err);
		if (!strstr(err.text, bad->says))
			fail_msg("%s: '%s' does not say '%s'", where, err.text, bad->says);
	}
}

static void spec_rejects_nul_bytes(void **state)
{
	static const char text[] = "ulp: 1\nname: a\0b\n";
	struct ulp_err err;

	(void)state;
	assert_rejected_at(text, sizeof(text) - 1, PATH ":2:8", &err);
}

static void spec_rejects_utf_16(void **state)
{
	static const char text[] = "\xff\xfeu\0l\0p\0:\0 \0001\0";
	struct ulp_err err;

	(void)state;
	assert_rejected_at(text, sizeof(text) - 1, PATH ":1:1", &err);
}

static void error_shows_the_line_and_a_caret(void **state)
{
	static const char text[] = HEAD "functions:\n\n  - \xc3\xa4: f\n";
	struct ulp_err err;

	(void)state;
	assert_rejected_at(text, strlen(text), PATH ":6:5", &err);
	assert_non_null(strstr(err.text, "\n    - \xc3\xa4: f\n      ^"));
}

struct shown_spec {
	const char *text, *shown;
};

/* Neither terminals nor logs get bytes that could mean something to them. */
static void error_shows_no_raw_bytes(void **state)
{
	static const struct shown_spec specs[] = {
		{"a: \x1b[31m\n", "\n  a: \\x1b[31m\n     ^"},
		{"a: \xff"
		 "b\n",
		 "\n  a: \\xffb\n     ^"},
		{"# \xc3\xa4\na\x80: b\n", "\n  a\\x80: b\n"},
		{"\xc3\xa4: \xc2\x9b"
		 "m\n",
		 "\n  \xc3\xa4: \\xc2\\x9bm\n"},
		{"a: \xc0\x80\n", "\n  a: \\xc0\\x80\n"},
		{"a: \xed\xa0\x80\n", "\n  a: \\xed\\xa0\\x80\n"},
		{"a: \xf4\x90\x80\x80\n", "\n  a: \\xf4\\x90\\x80\\x80\n"},
		{"a: \xe2\x82", "\n  a: \\xe2\\x82\n"},
		{"\xf0\x9f\x98\x80: x\n", "\n  \xf0\x9f\x98\x80: x\n  ^"},
		{"\"\\e[31m\": x\n", "'\\x1b[31m'"}, /* in the reason */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct pool pool = {0};
		struct ulp_err err;
		struct spec s;

		assert_int_equal(parse(&pool, specs[i].text, strlen(specs[i].text), &s, &err),
				 ULP_ESPEC);
		if (!strstr(err.text, specs[i].shown))
			fail_msg("'%s' does not show '%s'", err.text, specs[i].shown);
		pool_deinit(&pool);
	}
}

static void error_of_a_line_of_raw_bytes_fits(void **state)
{
	struct pool pool = {0};
	struct ulp_err err;
	char text[3000];
	struct spec s;

	(void)state;
	memset(text, 0xff, sizeof(text));
	memcpy(text, "a: ", 3);
	assert_int_equal(parse(&pool, text, sizeof(text), &s, &err), ULP_ESPEC);
	assert_int_equal(err.text[strlen(err.text) - 1], '^');
	for (const char *c = err.text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
	pool_deinit(&pool);
}

static void error_of_a_very_long_line_fits(void **state)
{
	struct ulp_err err;
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "ulp: 1\nname: ", 13);
	text[sizeof(text) - 1] = 0;
	assert_rejected_at(text, strlen(text), PATH ":2:7", &err);
	assert_non_null(strstr(err.text, "longer than 200 bytes"));
	assert_non_null(strchr(err.text, '^'));
}

static void load_names_a_file_that_does_not_exist(void **state)
{
	struct pool pool = {0};
	struct ulp_err err;
	struct spec s;

	(void)state;
	assert_fails_at(spec_load(&pool, "/nowhere/fix.yaml", &s, &err), ULP_ESYS, &err,
			"/nowhere/fix.yaml");
	pool_deinit(&pool);
}

static void load_accepts_the_example(void **state)
{
	const char *srcdir = getenv("ULP_SRCDIR");
	struct pool pool = {0};
	struct ulp_err err;
	struct spec s;

	(void)state;
	if (!srcdir)
		srcdir = ".";
	assert_succeeds(
		spec_load(&pool, pool_printf(&pool, "%s/specs/example.yaml", srcdir), &s, &err),
		&err);
	assert_true(s.nr_functions > 0);
	pool_deinit(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_fills_every_member),
		cmocka_unit_test(spec_has_defaults),
		cmocka_unit_test(spec_keeps_relations_in_their_order),
		cmocka_unit_test(spec_rejects_more_relations_than_a_container_holds),
		cmocka_unit_test(spec_knows_what_is_accepted),
		cmocka_unit_test(spec_knows_references),
		cmocka_unit_test(spec_says_why_there_are_no_callbacks),
		cmocka_unit_test(spec_knows_each_consistency),
		cmocka_unit_test(spec_rejects_each_fault_at_its_place),
		cmocka_unit_test(spec_rejects_nul_bytes),
		cmocka_unit_test(spec_rejects_utf_16),
		cmocka_unit_test(error_shows_the_line_and_a_caret),
		cmocka_unit_test(error_shows_no_raw_bytes),
		cmocka_unit_test(error_of_a_line_of_raw_bytes_fits),
		cmocka_unit_test(error_of_a_very_long_line_fits),
		cmocka_unit_test(load_names_a_file_that_does_not_exist),
		cmocka_unit_test(load_accepts_the_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
