/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a file by libbfd, which must not print anything. */
#include "config.h"

#include "packer/bfd_open.h"

static void say_nothing(const char *fmt, va_list args)
{
	(void)fmt;
	(void)args;
}

bfd *bfd_open_object(const char *path)
{
	bfd *abfd;

	bfd_init();
	bfd_set_error_handler(say_nothing);
	abfd = bfd_openr(path, NULL);
	if (abfd && !bfd_check_format(abfd, bfd_object)) {
		bfd_close(abfd);
		abfd = NULL;
	}
	return abfd;
}
