# SPDX-License-Identifier: GPL-3.0-or-later
# Programs that tests in shell run.
check_PROGRAMS += facts_dwarf
facts_dwarf_SOURCES = \
	tests/tools/compare_code.c tests/tools/compare_copies.c tests/tools/compare_levels.c \
	tests/tools/dwarf_code.c tests/tools/dwarf_code.h \
	tests/tools/facts_dwarf.c tests/tools/facts_dwarf.h \
	tests/tools/findings.c tests/tools/findings.h \
	tests/tools/search.h \
	tests/tools/symbols.c tests/tools/symbols.h
facts_dwarf_LDADD = libfacts.la libcontainer.la $(LIBDW_LIBS)

check_PROGRAMS += borrow_soak
borrow_soak_SOURCES = tests/tools/borrow_soak.c
borrow_soak_LDADD = libtrigger.la libengine.la libcontainer.la $(LIBDW_LIBS)
