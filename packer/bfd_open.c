/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a file by libbfd, which must not print anything. */
#include "config.h"

#include "packer/bfd_open.h"

#include <stdio.h>

static void say_nothing(const char *fmt, va_list args)
{
	(void)fmt;
	(void)args;
}

/*
 * bfd_check_format() of binutils 2.40 keeps its messages back and then prints them to stderr
 * itself, past the handler.  In the GNU C library stderr is a variable like others ("Standard
 * Streams" in its manual).
 */
static bool check_format_silently(bfd *abfd)
{
	FILE *const usual = stderr, *const nowhere = fopen("/dev/null", "we");
	bool is_object;

	if (nowhere)
		stderr = nowhere;
	is_object = bfd_check_format(abfd, bfd_object);
	stderr = usual;
	if (nowhere)
		(void)fclose(nowhere);
	return is_object;
}

bfd *bfd_open_object(const char *path)
{
	bfd *abfd;

	bfd_init();
	bfd_set_error_handler(say_nothing);
	abfd = bfd_openr(path, NULL);
	if (abfd && !check_format_silently(abfd)) {
		bfd_close(abfd);
		abfd = NULL;
	}
	return abfd;
}
