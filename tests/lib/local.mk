# SPDX-License-Identifier: GPL-3.0-or-later
# What several tests build their inputs with.
check_LTLIBRARIES += libtest.la
libtest_la_SOURCES = \
	tests/lib/check_err.h \
	tests/lib/elf_builder.c tests/lib/elf_builder.h \
	tests/lib/sample_patch.c tests/lib/sample_patch.h

# A process image in the test's own memory, and containers for it.
check_LTLIBRARIES += libtestengine.la
libtestengine_la_SOURCES = \
	tests/lib/fake_patch.c tests/lib/fake_patch.h \
	tests/lib/fake_process.c tests/lib/fake_process.h \
	tests/lib/fake_space.c tests/lib/fake_space.h \
	tests/lib/own_space.c tests/lib/own_space.h \
	tests/lib/plan_fixture.c tests/lib/plan_fixture.h

# For programs that have tests/lib/fail_alloc.c among their sources.
FAIL_ALLOC_LINK = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup

