/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the environment says to the runtime: lists, wildcards, users and groups. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/environment.h"
#include "runtime/opt_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the environment -------------------------------------------------------------- */

static void a_variable_is_found_by_its_whole_name(void **state)
{
	char longer[] = "NAME_MORE=1";
	char empty[] = "EMPTY=";
	char name[] = "NAME=value=more";
	char second[] = "NAME=second";
	char *const envp[] = {longer, empty, name, second, NULL};

	(void)state;
	assert_string_equal(environment_get(envp, "NAME"), "value=more");
	assert_string_equal(environment_get(envp, "EMPTY"), "");
	assert_null(environment_get(envp, "NAM"));
	assert_null(environment_get(envp, "MORE"));
	assert_null(environment_get(NULL, "NAME"));
}

static void a_list_is_parted_by_colons(void **state)
{
	const char *list = "one::two:";
	char item[8];

	(void)state;
	assert_true(environment_item(&list, item, sizeof(item)));
	assert_string_equal(item, "one");
	assert_true(environment_item(&list, item, sizeof(item)));
	assert_string_equal(item, "");
	assert_true(environment_item(&list, item, sizeof(item)));
	assert_string_equal(item, "two");
	assert_true(environment_item(&list, item, sizeof(item)));
	assert_string_equal(item, "");
	assert_false(environment_item(&list, item, sizeof(item)));
}

static void an_item_that_has_no_room_is_left_out(void **state)
{
	const char *list = "1234567:12345678:9";
	char item[8];

	(void)state;
	assert_true(environment_item(&list, item, sizeof(item)));
	assert_string_equal(item, "1234567");
	assert_true(environment_item(&list, item, sizeof(item)));
	assert_string_equal(item, "");
	assert_true(environment_item(&list, item, sizeof(item)));
	assert_string_equal(item, "9");
	assert_false(environment_item(&list, item, sizeof(item)));
}

static void variables_are_dropped_by_how_their_names_begin(void **state)
{
	char first[] = "OURS_A=1";
	char second[] = "NOT_OURS_A=2";
	char third[] = "OURS_B=3";
	char fourth[] = "OURS";
	char *envp[] = {first, second, third, fourth, NULL};
	char *copy[] = {first, second, third, fourth, NULL};
	char *nothing[] = {NULL};

	(void)state;
	environment_drop(envp, "OURS_");
	assert_string_equal(envp[0], "NOT_OURS_A=2");
	assert_string_equal(envp[1], "OURS");
	assert_null(envp[2]);
	assert_null(environment_get(copy, "OURS_A"));
	assert_null(environment_get(copy, "OURS_B"));
	environment_drop(nothing, "OURS_");
	environment_drop(NULL, "OURS_");
	assert_null(nothing[0]);
}

/* --- wildcards ----------------------------------------------------------------------- */

static void wildcards_match_the_whole_text(void **state)
{
	(void)state;
	assert_true(opt_out_matches("/usr/bin/gdb", "/usr/bin/gdb"));
	assert_true(opt_out_matches("/bin/sh:/usr/bin/g*", "/usr/bin/gdb"));
	assert_true(opt_out_matches("*/gd[bc]", "/usr/bin/gdb"));
	assert_true(opt_out_matches("/usr/*b", "/usr/bin/gdb"));
	assert_false(opt_out_matches("gdb", "/usr/bin/gdb"));
	assert_false(opt_out_matches("/usr/bin/gd", "/usr/bin/gdb"));
	assert_false(opt_out_matches("", "/usr/bin/gdb"));
	assert_false(opt_out_matches("::", ""));
}

/* --- accounts ------------------------------------------------------------------------- */

/* A file like /etc/passwd. */
static char accounts[] = "/tmp/ulp-accounts-XXXXXX";

static int accounts_write(void **state)
{
	int fd = mkstemp(accounts);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	(void)state;
	if (!file)
		return -1;
	fputs("root:x:0:0:root:/root:/bin/sh\n"
	      "alice:x:1000:1000::/home/alice:/bin/sh\n"
	      "broken\n"
	      "half:x:1000\n"
	      "odd:x:1000x:1\n"
	      "empty:x::1\n"
	      "minus:x:-1:1\n"
	      "toor:x:0:0:\n"
	      "crowd:x:2000:",
	      file);
	/* The members of a large group. */
	for (int i = 0; i < 2000; i++)
		fprintf(file, "member%d,", i);
	fputs("\nlast:x:3000:\nunended:x:4000:", file);
	return fclose(file);
}

static int accounts_remove(void **state)
{
	(void)state;
	return unlink(accounts);
}

static void an_account_is_matched_by_number_and_by_each_of_its_names(void **state)
{
	(void)state;
	assert_true(opt_out_matches_account("1000", accounts, 1000));
	assert_true(opt_out_matches_account("a*", accounts, 1000));
	assert_true(opt_out_matches_account("bob:alice", accounts, 1000));
	assert_true(opt_out_matches_account("root", accounts, 0));
	assert_true(opt_out_matches_account("toor", accounts, 0));
	assert_true(opt_out_matches_account("last", accounts, 3000));
	assert_true(opt_out_matches_account("unended", accounts, 4000));
	assert_true(opt_out_matches_account("crowd", accounts, 2000));
	assert_true(opt_out_matches_account("*", accounts, 77));
	assert_true(opt_out_matches_account("[0-9]*", accounts, 77));
}

static void others_are_not_matched(void **state)
{
	(void)state;
	assert_false(opt_out_matches_account("alice", accounts, 1001));
	assert_false(opt_out_matches_account("100", accounts, 1000));
	assert_false(opt_out_matches_account("half:odd:empty:minus:broken", accounts, 1000));
	assert_false(opt_out_matches_account("empty", accounts, 0));
	assert_false(opt_out_matches_account("minus", accounts, (unsigned long)-1));
	assert_false(opt_out_matches_account("member*", accounts, 2000));
	assert_false(opt_out_matches_account("alice", "/nonexistent", 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_is_found_by_its_whole_name),
		cmocka_unit_test(a_list_is_parted_by_colons),
		cmocka_unit_test(an_item_that_has_no_room_is_left_out),
		cmocka_unit_test(variables_are_dropped_by_how_their_names_begin),
		cmocka_unit_test(wildcards_match_the_whole_text),
		cmocka_unit_test(an_account_is_matched_by_number_and_by_each_of_its_names),
		cmocka_unit_test(others_are_not_matched),
	};

	return cmocka_run_group_tests(tests, accounts_write, accounts_remove);
}
