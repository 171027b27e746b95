# SPDX-License-Identifier: GPL-3.0-or-later
# The plugin is built by plain rules: PLUGIN_CXX need not be the CXX that libtool knows (clang
# may build the rest), and a plugin must not get the flags of that build, least of all those of
# the sanitizers.  gcc-plugin/ulp.so is also its place for use without installing.
# Flags of your own: make PLUGIN_CXXFLAGS=...
PLUGIN_CXXFLAGS = -O2 -g
PLUGIN_COMPILE = $(PLUGIN_CXX) -fPIC -fno-rtti -fno-exceptions -fvisibility=hidden -Wall -Wextra \
	-DULP_VERSION='"$(PACKAGE_VERSION)"' -I$(top_srcdir) $(PLUGIN_CPPFLAGS) $(PLUGIN_CXXFLAGS)

plugin_headers = \
	container/entry.h container/facts_format.h gcc-plugin/arch.h gcc-plugin/constants.h \
	gcc-plugin/entry.h gcc-plugin/exclude.h gcc-plugin/facts.h gcc-plugin/gcc_headers.h \
	gcc-plugin/settings.h gcc-plugin/soundness.h
plugin_sources = \
	gcc-plugin/constants.cc gcc-plugin/entry.cc gcc-plugin/exclude.cc gcc-plugin/facts.cc \
	gcc-plugin/facts_command.cc gcc-plugin/facts_copies.cc gcc-plugin/facts_merged.cc \
	gcc-plugin/facts_print.cc gcc-plugin/facts_relies.cc gcc-plugin/settings.cc \
	gcc-plugin/soundness.cc gcc-plugin/ulp.cc gcc-plugin/arch/$(ULP_ARCH)/entry.cc
plugin_objects = $(plugin_sources:.cc=.plugin.o)

gccplugin_DATA = gcc-plugin/ulp.so
CLEANFILES += gcc-plugin/ulp.so $(plugin_objects)
EXTRA_DIST += $(plugin_headers) $(plugin_sources) gcc-plugin/arch/x86_64/entry.cc

# What the plugin takes from GCC is made weak: a GCC of another version that lacks some of it can
# then load the plugin all the same, and be told by it which one it needs.
PLUGIN_WEAKEN = objcopy --weaken

# The folder may be missing in a build outside of the source tree.
%.plugin.o: %.cc $(plugin_headers)
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(PLUGIN_COMPILE) -c -o $@ $< && $(PLUGIN_WEAKEN) $@

gcc-plugin/ulp.so: $(plugin_objects)
	$(AM_V_GEN)$(PLUGIN_CXX) -shared $(PLUGIN_CXXFLAGS) -Wl,--no-as-needed -Wl,-z,relro -Wl,-z,now -o $@ \
		$(plugin_objects)
