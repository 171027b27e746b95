# SPDX-License-Identifier: GPL-3.0-or-later
# Compiles with PLUGIN_GCC, or with $ULP_PLUGIN_GCC if that is set.
plugin_tests = unit_gcc_plugin unit_gcc_plugin_cases unit_gcc_plugin_ipa unit_gcc_plugin_link
check_PROGRAMS += $(plugin_tests)
TESTS += $(plugin_tests)
unit_gcc_plugin_SOURCES = tests/unit/test_gcc_plugin.c tests/lib/plugin_lab.c tests/lib/plugin_lab.h
unit_gcc_plugin_CPPFLAGS = $(AM_CPPFLAGS) -DULP_PLUGIN_GCC='"$(PLUGIN_GCC)"'
unit_gcc_plugin_LDADD = $(CMOCKA_LIBS) $(LIBELF_LIBS)
unit_gcc_plugin_ipa_SOURCES = tests/unit/test_gcc_plugin_ipa.c tests/lib/plugin_lab.c \
	tests/lib/plugin_lab.h
unit_gcc_plugin_ipa_CPPFLAGS = $(unit_gcc_plugin_CPPFLAGS)
unit_gcc_plugin_ipa_LDADD = $(unit_gcc_plugin_LDADD)
unit_gcc_plugin_cases_SOURCES = tests/unit/test_gcc_plugin_cases.c tests/lib/plugin_lab.c \
	tests/lib/plugin_lab.h
unit_gcc_plugin_cases_CPPFLAGS = $(unit_gcc_plugin_CPPFLAGS)
unit_gcc_plugin_cases_LDADD = $(unit_gcc_plugin_LDADD)
unit_gcc_plugin_link_SOURCES = tests/unit/test_gcc_plugin_link.c tests/lib/plugin_lab.c \
	tests/lib/plugin_lab.h
unit_gcc_plugin_link_CPPFLAGS = $(unit_gcc_plugin_CPPFLAGS)
unit_gcc_plugin_link_LDADD = $(unit_gcc_plugin_LDADD)

# The facts that the plugin records.
check_PROGRAMS += unit_gcc_plugin_facts unit_gcc_plugin_units unit_gcc_plugin_constants
TESTS += unit_gcc_plugin_facts unit_gcc_plugin_units unit_gcc_plugin_constants
facts_lab = tests/lib/facts_lab.c tests/lib/facts_lab.h tests/lib/plugin_lab.c tests/lib/plugin_lab.h
unit_gcc_plugin_facts_SOURCES = tests/unit/test_gcc_plugin_facts.c $(facts_lab)
unit_gcc_plugin_facts_CPPFLAGS = $(unit_gcc_plugin_CPPFLAGS)
unit_gcc_plugin_facts_LDADD = libcontainer.la $(CMOCKA_LIBS) $(LIBELF_LIBS)
unit_gcc_plugin_units_SOURCES = tests/unit/test_gcc_plugin_units.c $(facts_lab)
unit_gcc_plugin_units_CPPFLAGS = $(unit_gcc_plugin_CPPFLAGS)
unit_gcc_plugin_units_LDADD = $(unit_gcc_plugin_facts_LDADD)
unit_gcc_plugin_constants_SOURCES = tests/unit/test_gcc_plugin_constants.c $(facts_lab)
unit_gcc_plugin_constants_CPPFLAGS = $(unit_gcc_plugin_CPPFLAGS)
unit_gcc_plugin_constants_LDADD = $(unit_gcc_plugin_facts_LDADD)
