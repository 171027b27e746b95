# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libcontainer.la
libcontainer_la_SOURCES = \
	container/container.c container/container.h \
	container/elf_view.c container/elf_view.h \
	container/arch/x86_64/machine.h container/machine.c container/machine.h \
	container/entries.c container/entry.h container/format.h \
	container/err.c container/err.h \
	container/file.c container/file.h \
	container/patch.c container/patch.h container/patch_frame.c container/patch_frame.h \
	container/patch_read.c container/patch_write.c
libcontainer_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
