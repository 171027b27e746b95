/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/check_err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void err_fail_fills_code_and_text_and_clears_the_rest(void **state)
{
	struct ulp_err err;

	(void)state;
	memset(&err, 0x5a, sizeof(err));
	assert_int_equal(ulp_fail(&err, ULP_ENOFUNC, "no %s in %d", "f", 7), ULP_ENOFUNC);
	assert_int_equal(err.code, ULP_ENOFUNC);
	assert_int_equal(err.sys_errno, 0);
	assert_string_equal(err.where, "");
	assert_string_equal(err.text, "no f in 7");
}

static void err_fail_accepts_null(void **state)
{
	(void)state;
	assert_int_equal(ulp_fail(NULL, ULP_EELF, "x"), ULP_EELF);
	assert_int_equal(ulp_fail_errno(NULL, ULP_ESYS, "x"), ULP_ESYS);
	assert_int_equal(ulp_err_at(NULL, "x"), ULP_OK);
}

static void err_fail_errno_appends_the_systems_text(void **state)
{
	struct ulp_err err;
	char wanted[256];

	(void)state;
	snprintf(wanted, sizeof(wanted), "cannot open x: %s", strerror(ENOENT));
	errno = ENOENT;
	assert_int_equal(ulp_fail_errno(&err, ULP_ESYS, "cannot open %s", "x"), ULP_ESYS);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(err.text, wanted);
	assert_int_equal(errno, ENOENT);
}

static void err_text_that_is_too_long_is_cut(void **state)
{
	char text[2 * sizeof(((struct ulp_err *)0)->text)];
	struct ulp_err err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ulp_fail(&err, ULP_ESYS, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	errno = EIO;
	ulp_fail_errno(&err, ULP_ESYS, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void err_at_puts_places_in_front(void **state)
{
	struct ulp_err err;

	(void)state;
	ulp_fail(&err, ULP_EFORMAT, "damage");
	assert_int_equal(ulp_err_at(&err, ".ulp+0x%x", 0x40), ULP_EFORMAT);
	assert_string_equal(err.where, ".ulp+0x40");
	assert_int_equal(ulp_err_at(&err, "x.so"), ULP_EFORMAT);
	assert_string_equal(err.where, "x.so: .ulp+0x40");
	assert_string_equal(err.text, "damage");
}

static void err_at_keeps_the_inner_place_and_the_end_of_a_long_path(void **state)
{
	char path[1000];
	struct ulp_err err;
	size_t len;

	(void)state;
	memset(path, 'p', sizeof(path));
	snprintf(path + 900, 20, "/name.so");
	ulp_fail(&err, ULP_EFORMAT, "damage");
	ulp_err_at(&err, "a place of which there is no more than the end when it is long: +0x40");
	ulp_err_at(&err, "%s", path);
	len = strlen(err.where);
	assert_int_equal(len, sizeof(err.where) - 1);
	assert_string_equal(err.where + len - strlen(": +0x40"), ": +0x40");
	assert_non_null(strstr(err.where, "p/name.so: a place"));
}

static void err_at_leaves_a_full_place_alone(void **state)
{
	char place[sizeof(((struct ulp_err *)0)->where)];
	struct ulp_err err;

	(void)state;
	memset(place, 'w', sizeof(place) - 1);
	place[sizeof(place) - 1] = '\0';
	ulp_fail(&err, ULP_EFORMAT, "damage");
	ulp_err_at(&err, "%s", place);
	assert_string_equal(err.where, place);
	assert_int_equal(ulp_err_at(&err, "x.so"), ULP_EFORMAT);
	assert_string_equal(err.where, place);
}

static void err_skip_said_leaves_out_a_place_that_was_named(void **state)
{
	(void)state;
	assert_string_equal(ulp_err_skip_said("x.so: f: damage", "x.so"), "f: damage");
	assert_string_equal(ulp_err_skip_said("pid 1, tid 2", "pid 1"), "tid 2");
	assert_string_equal(ulp_err_skip_said("x.so", "x.so"), "");
	assert_string_equal(ulp_err_skip_said("x.so.1: f", "x.so"), "x.so.1: f");
	assert_string_equal(ulp_err_skip_said("x.so:f", "x.so"), "x.so:f");
	assert_string_equal(ulp_err_skip_said(": f", ""), ": f");
}

static const char *translate(const char *text)
{
	return strcmp(text, "no %s in %d") == 0 ? "kein %s in %d" : "not a format of ours";
}

__attribute__((format(printf, 1, 2))) static struct ulp_err by_way_of_vfail(const char *fmt, ...)
{
	struct ulp_err err;
	va_list args;

	va_start(args, fmt);
	assert_int_equal(ulp_vfail(&err, ULP_ENOFUNC, fmt, args), ULP_ENOFUNC);
	va_end(args);
	va_start(args, fmt);
	assert_int_equal(ulp_vfail(NULL, ULP_ENOFUNC, fmt, args), ULP_ENOFUNC);
	va_end(args);
	return err;
}

static void err_fail_translates_the_format_and_not_the_text(void **state)
{
	struct ulp_err by_fail, by_vfail;

	(void)state;
	ulp_err_translator = translate;
	ulp_fail(&by_fail, ULP_ENOFUNC, "no %s in %d", "f", 7);
	by_vfail = by_way_of_vfail("no %s in %d", "f", 7);
	ulp_err_translator = NULL;
	assert_string_equal(by_fail.text, "kein f in 7");
	assert_string_equal(by_vfail.text, "kein f in 7");
	assert_string_equal(by_vfail.where, "");
	assert_int_equal(by_vfail.sys_errno, 0);
}

static void err_format_joins_place_and_text(void **state)
{
	struct ulp_err err;
	char small[8];
	char buf[64];

	(void)state;
	ulp_fail(&err, ULP_EFORMAT, "damage");
	assert_string_equal(ulp_err_format(&err, buf, sizeof(buf)), "damage");
	ulp_err_at(&err, "x.so");
	assert_ptr_equal(ulp_err_format(&err, buf, sizeof(buf)), buf);
	assert_string_equal(buf, "x.so: damage");
	assert_string_equal(ulp_err_format(&err, small, sizeof(small)), "x.so: d");
	small[0] = 'k';
	ulp_err_format(&err, small, 0);
	assert_int_equal(small[0], 'k');
}

static void err_table_has_a_name_a_text_and_a_status_for_every_code(void **state)
{
	static const struct {
		enum ulp_code code;
		const char *name;
		int status;
		int skip;
		const char *text;
	} rows[] = {
#define ROW(name, status, skip, text) {name, #name, status, skip, text},
		ULP_ERRORS(ROW)
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rows[i].code, i);
		assert_string_equal(ulp_code_name(rows[i].code), rows[i].name);
		assert_string_equal(ulp_code_text(rows[i].code), rows[i].text);
		assert_int_equal(ulp_code_status(rows[i].code), rows[i].status);
		assert_int_equal(ulp_code_is_skip(rows[i].code), rows[i].skip);
		assert_int_equal(rows[i].status == 0, rows[i].code == ULP_OK);
	}
}

static void err_table_survives_a_code_that_does_not_exist(void **state)
{
	enum ulp_code code;
	int wild = -5;

	(void)state;
	memcpy(&code, &wild, sizeof(code)); /* as it may come through a pipe */
	assert_string_equal(ulp_code_name(code), "ULP_EUNKNOWN");
	assert_string_equal(ulp_code_text(code), "unknown error");
	assert_int_equal(ulp_code_status(code), 8);
	assert_false(ulp_code_is_skip(code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_fail_fills_code_and_text_and_clears_the_rest),
		cmocka_unit_test(err_fail_accepts_null),
		cmocka_unit_test(err_fail_errno_appends_the_systems_text),
		cmocka_unit_test(err_text_that_is_too_long_is_cut),
		cmocka_unit_test(err_at_puts_places_in_front),
		cmocka_unit_test(err_at_keeps_the_inner_place_and_the_end_of_a_long_path),
		cmocka_unit_test(err_at_leaves_a_full_place_alone),
		cmocka_unit_test(err_skip_said_leaves_out_a_place_that_was_named),
		cmocka_unit_test(err_fail_translates_the_format_and_not_the_text),
		cmocka_unit_test(err_format_joins_place_and_text),
		cmocka_unit_test(err_table_has_a_name_a_text_and_a_status_for_every_code),
		cmocka_unit_test(err_table_survives_a_code_that_does_not_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
