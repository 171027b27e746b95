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
