# SPDX-License-Identifier: GPL-3.0-or-later
dist_check_SCRIPTS += tests/lib/cmocka-tap.sh

# What several tests build their inputs with.
check_LTLIBRARIES += libtest.la
libtest_la_SOURCES = \
	tests/lib/check_err.h \
	tests/lib/elf_builder.c tests/lib/elf_builder.h \
	tests/lib/facts_builder.c tests/lib/facts_builder.h \
	tests/lib/sample_patch.c tests/lib/sample_patch.h

# A process image in the test's own memory, and containers for it.
check_LTLIBRARIES += libtestengine.la
libtestengine_la_SOURCES = \
	tests/lib/fake_patch.c tests/lib/fake_patch.h \
	tests/lib/fake_process.c tests/lib/fake_process.h \
	tests/lib/fake_space.c tests/lib/fake_space.h \
	tests/lib/objects_fixture.c tests/lib/objects_fixture.h \
	tests/lib/own_space.c tests/lib/own_space.h \
	tests/lib/plan_fixture.c tests/lib/plan_fixture.h

# For programs that have tests/lib/fail_alloc.c among their sources.
FAIL_ALLOC_LINK = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup

# Processes that tests do things to.
check_LTLIBRARIES += libvictim.la
libvictim_la_SOURCES = \
	tests/lib/victim.c tests/lib/victim.h \
	tests/lib/victim_code.h \
	tests/lib/victim_session.c tests/lib/victim_session.h
EXTRA_libvictim_la_SOURCES = \
	tests/lib/arch/x86_64/canaries.c \
	tests/lib/arch/x86_64/victim_code.S
VICTIM_ARCH_OBJECTS = \
	tests/lib/arch/$(ULP_ARCH)/canaries.lo \
	tests/lib/arch/$(ULP_ARCH)/victim_code.lo
libvictim_la_LIBADD = $(VICTIM_ARCH_OBJECTS)
libvictim_la_DEPENDENCIES = $(VICTIM_ARCH_OBJECTS)
