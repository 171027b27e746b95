# SPDX-License-Identifier: GPL-3.0-or-later
# Compiles with PLUGIN_GCC, or with $ULP_PLUGIN_GCC if that is set.
check_PROGRAMS += unit_gcc_plugin unit_gcc_plugin_ipa
TESTS += unit_gcc_plugin unit_gcc_plugin_ipa
unit_gcc_plugin_SOURCES = tests/unit/test_gcc_plugin.c tests/lib/plugin_lab.c tests/lib/plugin_lab.h
unit_gcc_plugin_CPPFLAGS = $(AM_CPPFLAGS) -DULP_PLUGIN_GCC='"$(PLUGIN_GCC)"'
unit_gcc_plugin_LDADD = $(CMOCKA_LIBS) $(LIBELF_LIBS)
unit_gcc_plugin_ipa_SOURCES = tests/unit/test_gcc_plugin_ipa.c tests/lib/plugin_lab.c \
	tests/lib/plugin_lab.h
unit_gcc_plugin_ipa_CPPFLAGS = $(unit_gcc_plugin_CPPFLAGS)
unit_gcc_plugin_ipa_LDADD = $(unit_gcc_plugin_LDADD)
