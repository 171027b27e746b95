# SPDX-License-Identifier: GPL-3.0-or-later
check_PROGRAMS += unit_err unit_elf_view unit_patch unit_container
TESTS += unit_err unit_elf_view unit_patch unit_container
unit_err_SOURCES = tests/unit/test_err.c
unit_err_LDADD = libcontainer.la $(CMOCKA_LIBS)
unit_elf_view_SOURCES = tests/unit/test_elf_view.c
unit_elf_view_LDADD = libtest.la libcontainer.la $(CMOCKA_LIBS)
unit_patch_SOURCES = tests/unit/test_patch.c tests/lib/fail_alloc.c tests/lib/fail_alloc.h
unit_patch_LDADD = libtest.la libcontainer.la $(CMOCKA_LIBS)
unit_patch_LDFLAGS = $(FAIL_ALLOC_LINK)
unit_container_SOURCES = tests/unit/test_container.c tests/lib/fail_alloc.c tests/lib/fail_alloc.h
unit_container_LDADD = libtest.la libcontainer.la $(CMOCKA_LIBS)
unit_container_LDFLAGS = $(FAIL_ALLOC_LINK) -Wl,--wrap=open,--wrap=read,--wrap=__read_chk
check_PROGRAMS += unit_glance
TESTS += unit_glance
unit_glance_SOURCES = tests/unit/test_glance.c
unit_glance_LDADD = libtest.la libcontainer.la $(CMOCKA_LIBS)

# The plugin's facts.
check_PROGRAMS += unit_facts unit_facts_carriers unit_facts_file
TESTS += unit_facts unit_facts_carriers unit_facts_file
unit_facts_SOURCES = tests/unit/test_facts.c tests/lib/fail_alloc.c tests/lib/fail_alloc.h
unit_facts_LDADD = libtest.la libcontainer.la $(CMOCKA_LIBS)
unit_facts_LDFLAGS = $(FAIL_ALLOC_LINK)
unit_facts_carriers_SOURCES = tests/unit/test_facts_carriers.c tests/lib/fail_alloc.c \
	tests/lib/fail_alloc.h
unit_facts_carriers_LDADD = $(unit_facts_LDADD)
unit_facts_carriers_LDFLAGS = $(FAIL_ALLOC_LINK)
unit_facts_file_SOURCES = tests/unit/test_facts_file.c
unit_facts_file_LDADD = libfacts.la libtest.la libcontainer.la $(CMOCKA_LIBS) $(LIBDW_LIBS)
