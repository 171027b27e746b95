# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libengine.la
libengine_la_SOURCES = \
	engine/arch.h \
	engine/bindings.c engine/bindings.h \
	engine/engine.c engine/engine.h \
	engine/insides.c engine/insides.h \
	engine/link_list.c engine/link_list.h \
	engine/linker_program.c engine/linker_program.h \
	engine/load.c engine/load.h \
	engine/load_relocate.c engine/load_relocate.h \
	engine/object_headers.c engine/object_headers.h \
	engine/objects.c engine/objects.h \
	engine/placement.c engine/placement.h \
	engine/plan.c engine/plan.h \
	engine/plan_guards.c engine/plan_guards.h \
	engine/reader.c engine/reader.h \
	engine/record.c engine/record.h \
	engine/registry.c engine/registry.h \
	engine/registry_commit.c engine/registry_format.h \
	engine/relations.c engine/relations.h \
	engine/space.h \
	engine/symbols.c engine/symbols.h
# The architecture's part: the same file names in every folder.
nodist_libengine_la_SOURCES = engine/arch/$(ULP_ARCH)/arch.c
EXTRA_DIST += engine/arch/x86_64/arch.c engine/arch/x86_64/engine_arch.h
libengine_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/engine/arch/$(ULP_ARCH)
libengine_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
