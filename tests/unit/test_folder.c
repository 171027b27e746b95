/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders of live patches: names, and who may have written what is in them. */
#include "config.h"

#include "runtime/folder.h"
#include "tests/lib/check_err.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ME ((uid_t)1000)
#define OTHER ((uid_t)1001)

static char folder[] = "/tmp/ulp-folder-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* --- names ----------------------------------------------------------------------- */

static void path_of(const char *name, char path[64])
{
	(void)snprintf(path, 64, "%s/%s", folder, name);
}

static void file_make(const char *name)
{
	char path[64];
	int fd;

	path_of(name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void file_remove(const char *name)
{
	char path[64];

	path_of(name, path);
	assert_int_equal(unlink(path), 0);
}

static struct folder_names names_read(void)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct folder_names names;
	struct ulp_err err;

	assert_true(fd >= 0);
	assert_succeeds(folder_names(fd, &names, &err), &err);
	assert_int_equal(close(fd), 0);
	return names;
}

static void names_are_sorted_by_their_bytes_without_hidden_ones(void **state)
{
	static const char *const made[] = {"b.so", "a.so", ".hidden.so", "B.so", "a", "a.so~"};
	static const char *const wanted[] = {"B.so", "a", "a.so", "a.so~", "b.so"};
	struct folder_names names;

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		file_make(made[i]);
	names = names_read();
	assert_int_equal(names.nr, sizeof(wanted) / sizeof(*wanted));
	for (size_t i = 0; i < names.nr; i++)
		assert_string_equal(names.list[i], wanted[i]);
	folder_names_deinit(&names);
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		file_remove(made[i]);
}

/* More than one call of the kernel gives. */
static void many_names_are_read(void **state)
{
	struct folder_names names;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "fix-%03u.so", i * 7 % 1000);
		file_make(name);
	}
	names = names_read();
	assert_int_equal(names.nr, 1000);
	for (unsigned i = 0; i < names.nr; i++) {
		(void)snprintf(name, sizeof(name), "fix-%03u.so", i);
		assert_string_equal(names.list[i], name);
	}
	folder_names_deinit(&names);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "fix-%03u.so", i);
		file_remove(name);
	}
}

static void what_is_no_folder_is_an_error(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct folder_names names;
	struct ulp_err err;

	(void)state;
	assert_int_equal(folder_names(fd, &names, &err), ULP_ESYS);
	assert_int_equal(close(fd), 0);
}

/* --- trust ------------------------------------------------------------------------- */

static const char *distrust(uid_t is, mode_t mode, uid_t owner)
{
	const struct stat st = {.st_uid = is, .st_mode = mode};

	return folder_distrust(&st, owner);
}

static void files_of_root_and_of_the_owner_are_trusted(void **state)
{
	(void)state;
	assert_null(distrust(0, S_IFREG | 0644, 0));
	assert_null(distrust(0, S_IFREG | 0644, ME));
	assert_null(distrust(ME, S_IFREG | 0600, ME));
	assert_null(distrust(0, S_IFDIR | 0755, 0));
	assert_null(distrust(0, S_IFREG | 0555, 0));
}

static void files_of_others_are_not(void **state)
{
	(void)state;
	assert_non_null(distrust(ME, S_IFREG | 0644, 0));
	assert_non_null(distrust(OTHER, S_IFREG | 0644, ME));
	assert_non_null(distrust(OTHER, S_IFDIR | 0755, ME));
	/* What a user namespace shows of those that it does not know. */
	assert_non_null(distrust(65534, S_IFREG | 0644, 0));
}

static void what_others_may_write_is_not(void **state)
{
	(void)state;
	assert_non_null(distrust(0, S_IFREG | 0664, 0));
	assert_non_null(distrust(0, S_IFREG | 0646, 0));
	assert_non_null(distrust(ME, S_IFREG | 0620, ME));
	assert_non_null(distrust(0, S_IFDIR | S_ISVTX | 0777, 0));
}

/* --- threads -------------------------------------------------------------------------- */

static void *wait_for_byte(void *fd)
{
	char byte;

	return read(*(int *)fd, &byte, 1) == 1 ? fd : NULL;
}

static void threads_are_counted(void **state)
{
	pthread_t thread;
	int fds[2];

	(void)state;
	assert_int_equal(folder_count_threads(), 1);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, fds), 0);
	assert_int_equal(folder_count_threads(), 2);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted_by_their_bytes_without_hidden_ones),
		cmocka_unit_test(many_names_are_read),
		cmocka_unit_test(what_is_no_folder_is_an_error),
		cmocka_unit_test(files_of_root_and_of_the_owner_are_trusted),
		cmocka_unit_test(files_of_others_are_not),
		cmocka_unit_test(what_others_may_write_is_not),
		cmocka_unit_test(threads_are_counted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
