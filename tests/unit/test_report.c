/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What reaches the terminal: quoting, the shape of errors and outcomes, exit status.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "trigger/json.h"
#include "trigger/report.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* A report that prints into memory. */
struct capture {
	struct report report;
	char *out;
	char *err;
	size_t out_len;
	size_t err_len;
};

static int capture_open(void **state)
{
	struct capture *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	report_init(&c->report);
	c->report.out = open_memstream(&c->out, &c->out_len);
	c->report.err = open_memstream(&c->err, &c->err_len);
	assert_non_null(c->report.out);
	assert_non_null(c->report.err);
	*state = c;
	return 0;
}

static int capture_close(void **state)
{
	struct capture *c = *state;

	fclose(c->report.out);
	fclose(c->report.err);
	free(c->out);
	free(c->err);
	free(c);
	return 0;
}

static void assert_printed(struct capture *c, const char *out, const char *err)
{
	fflush(c->report.out);
	fflush(c->report.err);
	assert_string_equal(c->out, out);
	assert_string_equal(c->err, err);
}

static struct ulp_err error_at(enum ulp_code code, const char *where, const char *text)
{
	struct ulp_err err = {.code = code};

	strcpy(err.where, where);
	strcpy(err.text, text);
	return err;
}

static void quoted_keeps_plain_text_and_utf8(void **state)
{
	static const char text[] = "libcrypto.so.3 \\ \xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7";

	(void)state;
	assert_string_equal(quoted(text).text, text);
	assert_string_equal(quoted("").text, "");
	assert_string_equal(quoted(NULL).text, "");
}

static void quoted_disarms_control_characters(void **state)
{
	(void)state;
	assert_string_equal(quoted("a\x1b[2Jb\r\x07\x7f").text, "a\\x1b[2Jb\\x0d\\x07\\x7f");
	assert_string_equal(quoted("a\nPID: 1\tb").text, "a\\nPID: 1\\x09b");
	/* U+009B is a CSI of one character for a terminal. */
	assert_string_equal(quoted("\xc2\x9b"
				   "2J")
				    .text,
			    "\\xc2\\x9b2J");
}

static void quoted_disarms_characters_that_reorder_text(void **state)
{
	(void)state;
	assert_string_equal(quoted("a\xe2\x80\xaeso.x").text, "a\\xe2\\x80\\xaeso.x");
	assert_string_equal(quoted("\xe2\x80\xa8").text, "\\xe2\\x80\\xa8");
	assert_string_equal(quoted("\xe2\x81\xa6").text, "\\xe2\\x81\\xa6");
}

static void quoted_shows_bytes_that_are_not_utf8(void **state)
{
	static const struct {
		const char *bytes;
		const char *shown;
	} rows[] = {
		{"\x80", "\\x80"},			      /* a continuation without a start */
		{"\xc3", "\\xc3"},			      /* cut short by the NUL */
		{"\xe2\x82", "\\xe2\\x82"},		      /* the same, after two bytes */
		{"\xc0\xaf", "\\xc0\\xaf"},		      /* overlong '/' */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},	      /* overlong '/' */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},	      /* a surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
		{"\xf8\x90\x80\x80", "\\xf8\\x90\\x80\\x80"}, /* no such start */
		{"\xff", "\\xff"},
		{"\xc3(", "\\xc3("},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(quoted(rows[i].bytes).text, rows[i].shown);
}

static void quote_cuts_at_a_character_and_says_so(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(quote("1234567", buf, sizeof(buf)), "1234567");
	assert_string_equal(quote("12345678", buf, sizeof(buf)), "1234...");
	/* Never half of \x1b, never half of a character. */
	assert_string_equal(quote("12\x1b\x1b", buf, sizeof(buf)), "12...");
	assert_string_equal(quote("123\xe2\x82\xac\xe2\x82\xac", buf, sizeof(buf)), "123...");
	assert_string_equal(quote("\x1b\x1b", buf, 4), "...");
}

static void quote_stays_inside_its_buffer_for_every_length(void **state)
{
	static const char text[] =
		"ab\x1b\xe2\x82\xac\ncd\xff\xe2\x80\xae...........................";

	(void)state;
	for (size_t len = 4; len < 64; len++) {
		/* The heap block's end is watched under AddressSanitizer. */
		char *buf = malloc(len);

		assert_non_null(buf);
		assert_true(strlen(quote(text, buf, len)) < len);
		free(buf);
	}
}

static void error_names_place_and_reason(void **state)
{
	struct capture *c = *state;
	struct ulp_err err = error_at(ULP_EELF, "x.so: .dynsym+0x40", "reaches past the end");

	assert_int_equal(report_error(&c->report, &err), ulp_code_status(ULP_EELF));
	assert_printed(c, "", "ulp: x.so: .dynsym+0x40: reaches past the end\n");
}

static void error_without_text_gets_that_of_the_list(void **state)
{
	struct capture *c = *state;
	struct ulp_err err = error_at(ULP_EGONE, "", "");
	char expected[128];

	report_error(&c->report, &err);
	snprintf(expected, sizeof(expected), "ulp: %s\n", ulp_code_text(ULP_EGONE));
	assert_printed(c, "", expected);
}

static void error_is_quoted(void **state)
{
	struct capture *c = *state;
	struct ulp_err err = error_at(ULP_EREGISTRY, "pid 3", "name \x1b]0;x\x07\nSUCCESS");

	report_error(&c->report, &err);
	assert_printed(c, "", "ulp: pid 3: name \\x1b]0;x\\x07\\nSUCCESS\n");
}

static void status_is_the_highest_of_all_errors(void **state)
{
	struct capture *c = *state;
	struct ulp_err high = error_at(ULP_EPERM, "", "a");
	struct ulp_err low = error_at(ULP_EELF, "", "b");

	assert_int_equal(report_status(&c->report), 0);
	report_error(&c->report, &high);
	report_error(&c->report, &low);
	assert_int_equal(report_status(&c->report), ulp_code_status(ULP_EPERM));
}

static void outcome_words_follow_the_code(void **state)
{
	(void)state;
	assert_string_equal(report_word(ULP_OK), "SUCCESS");
	assert_string_equal(report_word(ULP_ENOTARGET), "SKIPPED");
	assert_string_equal(report_word(ULP_EBUILDID), "SKIPPED");
	assert_string_equal(report_word(ULP_EACTIVE), "ERROR");
}

static void outcome_is_one_line_on_stdout(void **state)
{
	struct capture *c = *state;
	struct ulp_err skip = error_at(ULP_ENOTARGET, "", "libx.so.1 is not loaded");
	struct ulp_err fail = error_at(ULP_EACTIVE, "pid 14, tid 15", "f is in use");

	report_outcome(&c->report, 12, "nginx", "fix.so", NULL);
	report_outcome(&c->report, 13, "ba\nsh", "fix.so", &skip);
	report_outcome(&c->report, 14, NULL, NULL, &fail);
	assert_printed(c,
		       "SUCCESS pid 12 (nginx): fix.so\n"
		       "SKIPPED pid 13 (ba\\nsh): fix.so: libx.so.1 is not loaded\n"
		       "ERROR   pid 14: tid 15: f is in use\n",
		       "");
	assert_int_equal(c->report.nr_success, 1);
	assert_int_equal(c->report.nr_skipped, 1);
	assert_int_equal(c->report.nr_errors, 1);
	assert_int_equal(report_status(&c->report), ulp_code_status(ULP_EACTIVE));
}

static void outcome_does_not_say_a_place_twice(void **state)
{
	struct capture *c = *state;
	struct ulp_err err = error_at(ULP_EENTRY, "pid 1: fix.so: f", "other bytes");
	struct ulp_err other = error_at(ULP_EENTRY, "pid 12", "other bytes");

	report_outcome(&c->report, 1, "a", "fix.so", &err);
	report_outcome(&c->report, 1, "a", "fix.so", &other);
	assert_printed(c,
		       "ERROR   pid 1 (a): fix.so: f: other bytes\n"
		       "ERROR   pid 1 (a): fix.so: pid 12: other bytes\n",
		       "");
}

static void color_is_for_the_word_only(void **state)
{
	struct capture *c = *state;
	struct ulp_err skip = error_at(ULP_ENOTARGET, "", "a");
	struct ulp_err fail = error_at(ULP_EACTIVE, "", "b");

	c->report.color = REPORT_COLOR_ALWAYS;
	report_outcome(&c->report, 1, NULL, "x", NULL);
	report_outcome(&c->report, 2, NULL, "x", &skip);
	report_outcome(&c->report, 3, NULL, "x", &fail);
	assert_printed(c,
		       "\033[32mSUCCESS\033[0m pid 1: x\n"
		       "\033[33mSKIPPED\033[0m pid 2: x: a\n"
		       "\033[31mERROR\033[0m   pid 3: x: b\n",
		       "");
}

/* Parses "ulp NAME --json" as a command does. */
static void ask_for_json(struct capture *c)
{
	static const struct argp_child children[] = {{&report_json_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {.children = children};
	char name[] = "ulp trigger";
	char option[] = "--json";
	char *argv[] = {name, option, NULL};
	FILE *out = c->report.out;
	FILE *err = c->report.err;

	report_init(&c->report);
	c->report.out = out;
	c->report.err = err;
	/* Without a parser of its own the argp hands its input to its only child. */
	assert_int_equal(argp_parse(&argp, 2, argv, 0, NULL, &c->report), 0);
	assert_non_null(c->report.json);
}

static void json_is_one_object_at_the_end(void **state)
{
	struct capture *c = *state;
	struct ulp_err fail = error_at(ULP_EACTIVE, "pid 3: x", "in \x1b use");
	struct ulp_err other = error_at(ULP_EELF, "y.so", "cut");

	ask_for_json(c);
	report_say(&c->report, "nobody sees this\n");
	report_outcome(&c->report, 3, "a", "x", &fail);
	report_error(&c->report, &other);
	report_process_error(&c->report, 4, &other);
	report_count(&c->report, "things", UINT64_MAX);
	assert_printed(c, "", "ulp: y.so: cut\nulp: pid 4: y.so: cut\n");
	assert_int_equal(report_finish(&c->report, 6), 6);
	assert_null(c->report.json);
	fflush(c->report.out);
	for (char *from = c->out, *to = c->out;; from++) {
		*to = *from;
		to += *from != ' ' && *from != '\n';
		if (*from == '\0')
			break;
	}
	assert_string_equal(
		c->out,
		"{\"version\":1,\"command\":\"trigger\",\"results\":[{\"outcome\":\"ERROR\","
		"\"pid\":3,"
		"\"process\":\"a\",\"container\":\"x\",\"note\":null,\"error\":{\"code\":\"ULP_"
		"EACTIVE\","
		"\"status\":6,\"where\":null,\"text\":\"in\\\\x1buse\"}}],"
		"\"errors\":[{\"pid\":null,\"code\":\"ULP_EELF\",\"status\":3,\"where\":\"y.so\","
		"\"text\":\"cut\"},{\"pid\":4,\"code\":\"ULP_EELF\",\"status\":3,\"where\":\"y."
		"so\","
		"\"text\":\"cut\"}],\"counts\":{\"things\":18446744073709551615,\"errors\":2},"
		"\"status\":6}");
}

/* A hostile process may say the same long string a thousand times; a file says it once. */
static void json_cuts_what_a_process_says(void **state)
{
	struct json_object *object = json_made();
	char text[3 * QUOTED_LEN];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	json_put_quoted(object, "process", text);
	json_put_text(object, "file", text);
	assert_int_equal(json_object_get_string_len(json_object_object_get(object, "process")),
			 QUOTED_LEN - 1);
	assert_int_equal(json_object_get_string_len(json_object_object_get(object, "file")),
			 sizeof(text) - 1);
	json_object_put(object);
}

static void text_has_no_results_and_no_counts(void **state)
{
	struct capture *c = *state;

	assert_null(report_result(&c->report));
	report_count(&c->report, "things", 1);
	assert_int_equal(report_finish(&c->report, 5), 5);
	assert_printed(c, "", "");
}

static void skipping_everything_is_status_1(void **state)
{
	struct capture *c = *state;
	struct ulp_err skip = error_at(ULP_EBUILDID, "", "another build");

	report_outcome(&c->report, 1, "a", "fix.so", &skip);
	assert_int_equal(report_status(&c->report), 1);
	report_outcome(&c->report, 2, "a", "fix.so", NULL);
	assert_int_equal(report_status(&c->report), 0);
}

static void quiet_prints_only_errors(void **state)
{
	struct capture *c = *state;
	struct ulp_err skip = error_at(ULP_EBUILDID, "", "another build");
	struct ulp_err fail = error_at(ULP_EACTIVE, "", "f is in use");

	c->report.verbosity = -1;
	report_say(&c->report, "answer\n");
	report_remark(&c->report, "remark");
	report_outcome(&c->report, 1, "a", "fix.so", NULL);
	report_outcome(&c->report, 2, "a", "fix.so", &skip);
	report_outcome(&c->report, 3, "a", "fix.so", &fail);
	assert_printed(c, "", "ulp: pid 3 (a): fix.so: f is in use\n");
}

static void remarks_are_for_verbose(void **state)
{
	struct capture *c = *state;

	report_remark(&c->report, "one");
	c->report.verbosity = 1;
	report_remark(&c->report, "tw%s", "o");
	assert_printed(c, "", "ulp: two\n");
}

int main(void)
{
#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture_open, capture_close)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoted_keeps_plain_text_and_utf8),
		cmocka_unit_test(quoted_disarms_control_characters),
		cmocka_unit_test(quoted_disarms_characters_that_reorder_text),
		cmocka_unit_test(quoted_shows_bytes_that_are_not_utf8),
		cmocka_unit_test(quote_cuts_at_a_character_and_says_so),
		cmocka_unit_test(quote_stays_inside_its_buffer_for_every_length),
		CAPTURED(error_names_place_and_reason),
		CAPTURED(error_without_text_gets_that_of_the_list),
		CAPTURED(error_is_quoted),
		CAPTURED(status_is_the_highest_of_all_errors),
		cmocka_unit_test(outcome_words_follow_the_code),
		CAPTURED(outcome_is_one_line_on_stdout),
		CAPTURED(outcome_does_not_say_a_place_twice),
		CAPTURED(color_is_for_the_word_only),
		CAPTURED(json_is_one_object_at_the_end),
		cmocka_unit_test(json_cuts_what_a_process_says),
		CAPTURED(text_has_no_results_and_no_counts),
		CAPTURED(skipping_everything_is_status_1),
		CAPTURED(quiet_prints_only_errors),
		CAPTURED(remarks_are_for_verbose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
