# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libcontainer.la
libcontainer_la_SOURCES = \
	container/container.c container/container.h \
	container/elf_view.c container/elf_view.h \
	container/arch/x86_64/machine.h container/machine.c container/machine.h \
	container/entries.c container/entry.h container/format.h \
	container/err.c container/err.h \
	container/facts.c container/facts.h container/facts_format.h container/facts_store.h \
	container/facts_carriers.c container/facts_index.c container/facts_read.c \
	container/facts_path.c container/facts_path.h \
	container/file.c container/file.h \
	container/glance.c container/glance.h \
	container/patch.c container/patch.h container/patch_frame.c container/patch_frame.h \
	container/patch_functions.c container/patch_read.c container/patch_reader.h \
	container/patch_write.c
libcontainer_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden

# Needs libelf and libdw, which the runtime must not: for the tools.
noinst_LTLIBRARIES += libfacts.la
libfacts_la_SOURCES = \
	container/debug_file.c container/debug_file.h \
	container/elf_handle.c container/elf_handle.h \
	container/facts_file.c container/facts_file.h
libfacts_la_CFLAGS = $(TOOL_CFLAGS)
libfacts_la_LIBADD = $(LIBDW_LIBS)
