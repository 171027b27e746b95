/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/template: specs to start from. */
#include "config.h"

#include "packer/library.h"
#include "packer/spec.h"
#include "packer/template.h"
#include "tests/lib/check_err.h"
#include "tests/lib/packer_lab.h"

#include <stdio.h>
#include <string.h>

#define TARGET                                   \
	"#include \"packer_target.h\"\n"         \
	"BODY int f_body(int a) { return a; }\n" \
	"ENTRY(f);\n"                            \
	"BODY int twice_body(int a) { return a * 2; }\n"

/* f is exported; twice is static in target.c (by its other name, fix.c) and in other.c. */
static void make_target(struct packer_lab *lab)
{
	packer_lab_target(lab, TARGET "STATIC_ENTRY(twice);\nint bare(int a) { return a; }\n",
			  "f; bare;");
	packer_lab_compile(lab, "other", TARGET "STATIC_ENTRY(twice);\n", "-Df=g");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o other.o -o liba.so.1");
}

static enum ulp_code make(struct packer_lab *lab, const char *name, const char *function,
			  const char **text, struct spec *spec)
{
	const char *const functions[] = {function, "f"};
	const struct template_options options = {.name = name,
						 .target = packer_lab_path(lab, "liba.so.1"),
						 .functions = functions,
						 .nr_functions = 2};
	enum ulp_code code;

	memset(&lab->report, 0, sizeof(lab->report));
	code = template_make(&lab->pool, &options, &lab->report, text, &lab->err);
	if (!code)
		assert_succeeds(
			spec_parse(&lab->pool, "x.yaml", *text, strlen(*text), spec, &lab->err),
			&lab->err);
	return code;
}

static void made(struct packer_lab *lab, const char *name, const char *function, const char **text,
		 struct spec *spec)
{
	assert_succeeds(make(lab, name, function, text, spec), &lab->err);
}

static void names_patch_label_target_and_functions(void **state)
{
	struct packer_lab *lab = *state;
	struct library library;
	const char *text;
	struct spec spec;

	make_target(lab);
	made(lab, "CVE-2025-69418", "bare", &text, &spec);
	assert_succeeds(
		library_open(&lab->pool, packer_lab_path(lab, "liba.so.1"), &library, &lab->err),
		&lab->err);
	assert_string_equal(spec.name, "liba-CVE-2025-69418");
	assert_int_equal(spec.nr_labels, 1);
	assert_string_equal(spec.labels[0], "CVE-2025-69418");
	assert_string_equal(spec.soname, "liba.so.1");
	assert_int_equal(spec.nr_build_ids, 1);
	assert_true(ulp_build_id_equal(&spec.build_ids[0], &library.build_id));
	assert_int_equal(spec.nr_functions, 2);
	assert_string_equal(spec.functions[0].replace, "bare");
	assert_string_equal(spec.functions[1].replace, "f");
	assert_null(spec.functions[1].source);
	assert_non_null(strstr(text, "without a patchable entry"));
}

static void packs_once_the_objects_are_there(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;
	const char *text;
	struct spec spec;

	make_target(lab);
	made(lab, "CVE-2025-69418", "f", &text, &spec);
	assert_int_equal(spec.nr_functions, 1); /* named twice */
	packer_lab_compile(lab, "fix", "int f(int a) { return a + 1; }\n", "");
	lab->options.no_closure_check = true;
	packer_lab_packed(lab, text, &c);
	assert_string_equal(c.patch.name, "liba-CVE-2025-69418");
	ulp_container_close(&c);
}

static void lists_each_file_that_has_the_function(void **state)
{
	struct packer_lab *lab = *state;
	const char *text;
	struct spec spec;

	make_target(lab);
	made(lab, "test", "twice", &text, &spec);
	assert_int_equal(spec.nr_functions, 3);
	assert_string_equal(spec.functions[0].replace, "twice");
	assert_string_equal(spec.functions[0].source, "fix.c");
	assert_string_equal(spec.functions[1].source, "other.c");
	assert_int_equal(spec.nr_labels, 0);
	assert_non_null(strstr(text, "2 functions have the name twice"));
}

static void says_near_names_of_an_unknown_function(void **state)
{
	struct packer_lab *lab = *state;
	const char *text;
	struct spec spec;

	make_target(lab);
	assert_int_equal(make(lab, "test", "twise", &text, &spec), ULP_ENOFUNC);
	assert_non_null(strstr(lab->err.text, "near names: twice"));
	assert_int_equal(make(lab, "test", "nothing_like_it", &text, &spec), ULP_ENOFUNC);
	assert_non_null(strstr(lab->err.text, "liba.so.1 has no function nothing_like_it"));
}

static void only_a_whole_cve_number_is_a_label(void **state)
{
	static const char *const none[] = {"CVE-25-1",	     "CVE-2025-", "CVE-2025-12x",
					   "xCVE-2025-1234", "C",	  "CVE-",
					   "CVE-2025-123"};
	struct packer_lab *lab = *state;
	const char *text;
	struct spec spec;

	make_target(lab);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		made(lab, none[i], "f", &text, &spec);
		assert_int_equal(spec.nr_labels, 0);
	}
}

/* What YAML would read otherwise is quoted; what no spec may hold is refused. */
static void takes_strange_names_as_they_are(void **state)
{
	static const char *const names[] = {"it's: a #name", "[x]", "liba-own", "0x10", "a\"b"};
	static const char *const wanted[] = {"liba-it's: a #name", "liba-[x]", "liba-own",
					     "liba-0x10", "liba-a\"b"};
	static const char *const refused[] = {"a/b", "a\nb", "\x1b[31m", "\xff"};
	struct packer_lab *lab = *state;
	const char *text;
	struct spec spec;

	make_target(lab);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		made(lab, names[i], "f", &text, &spec);
		assert_string_equal(spec.name, wanted[i]);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(make(lab, refused[i], "f", &text, &spec), ULP_ESPEC);
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(names_patch_label_target_and_functions),
		LAB_TEST(packs_once_the_objects_are_there),
		LAB_TEST(lists_each_file_that_has_the_function),
		LAB_TEST(says_near_names_of_an_unknown_function),
		LAB_TEST(only_a_whole_cve_number_is_a_label),
		LAB_TEST(takes_strange_names_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
