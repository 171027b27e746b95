# SPDX-License-Identifier: GPL-3.0-or-later
# What several tests build their inputs with.
check_LTLIBRARIES += libtest.la
libtest_la_SOURCES = \
	tests/lib/check_err.h \
	tests/lib/elf_builder.c tests/lib/elf_builder.h \
	tests/lib/sample_patch.c tests/lib/sample_patch.h


# For programs that have tests/lib/fail_alloc.c among their sources.
FAIL_ALLOC_LINK = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup

