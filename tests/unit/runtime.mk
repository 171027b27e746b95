# SPDX-License-Identifier: GPL-3.0-or-later
# The runtime's functions in the program itself, with a registry of the test's, and by names of
# their own: sanitizers call dl_iterate_phdr() before they can stand a call of what they watch over.
check_PROGRAMS += unit_unwind_hooks
TESTS += unit_unwind_hooks
unit_unwind_hooks_SOURCES = tests/unit/test_unwind_hooks.c \
	runtime/next_symbol.c runtime/next_symbol.h \
	runtime/registry.h \
	runtime/unwind.c
unit_unwind_hooks_CPPFLAGS = $(AM_CPPFLAGS) -D_dl_find_object=hook_find_object \
	-Ddl_iterate_phdr=hook_iterate_phdr
unit_unwind_hooks_LDADD = $(CMOCKA_LIBS)

# What it does at the start of a process.
check_PROGRAMS += unit_arena unit_folder unit_local_space unit_opt_out unit_sort
TESTS += unit_arena unit_folder unit_local_space unit_opt_out unit_sort
unit_arena_SOURCES = tests/unit/test_arena.c runtime/arena.c runtime/arena.h
unit_arena_LDADD = $(CMOCKA_LIBS)
unit_folder_SOURCES = tests/unit/test_folder.c runtime/folder.c runtime/folder.h
unit_folder_LDADD = libcontainer.la $(CMOCKA_LIBS) -lpthread
unit_local_space_SOURCES = tests/unit/test_local_space.c \
	runtime/local_space.c runtime/local_space.h \
	runtime/maps.c runtime/maps.h \
	runtime/own_stack.c runtime/own_stack.h
unit_local_space_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/engine/arch/$(ULP_ARCH)
unit_local_space_LDADD = libengine.la libcontainer.la $(CMOCKA_LIBS)
unit_opt_out_SOURCES = tests/unit/test_opt_out.c \
	runtime/environment.c runtime/environment.h \
	runtime/opt_out.c runtime/opt_out.h
unit_opt_out_LDADD = $(CMOCKA_LIBS)
# By a name of its own: the libc's is what it is compared with.
unit_sort_SOURCES = tests/unit/test_sort.c
unit_sort_LDADD = libunit_sort.la $(CMOCKA_LIBS)
check_LTLIBRARIES += libunit_sort.la
libunit_sort_la_SOURCES = runtime/sort.c
libunit_sort_la_CPPFLAGS = $(AM_CPPFLAGS) -Dqsort=runtime_qsort
