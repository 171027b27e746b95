# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libengine.la
libengine_la_SOURCES = \
	engine/arch.h \
	engine/bindings.c engine/bindings.h \
	engine/debug_list.c engine/debug_list.h \
	engine/engine.c engine/engine.h \
	engine/injected.c engine/injected.h \
	engine/insides.c engine/insides.h \
	engine/link_list.c engine/link_list.h \
	engine/linker_program.c engine/linker_program.h \
	engine/load.c engine/load.h \
	engine/load_relocate.c engine/load_relocate.h \
	engine/object_headers.c engine/object_headers.h \
	engine/objects.c engine/objects.h \
	engine/pending.c engine/pending.h \
	engine/placement.c engine/placement.h \
	engine/plan.c engine/plan.h \
	engine/plan_checks.c engine/plan_checks.h \
	engine/plan_commit.c engine/plan_commit.h \
	engine/plan_guards.c engine/plan_guards.h \
	engine/plan_leaving.c engine/plan_leaving.h \
	engine/reader.c engine/reader.h \
	engine/record.c engine/record.h \
	engine/registry.c engine/registry.h \
	engine/registry_commit.c engine/registry_compare.c engine/registry_copy_pages.c \
	engine/registry_format.h \
	engine/relations.c engine/relations.h \
	engine/scopes.c engine/scopes.h \
	engine/snapshot.c engine/snapshot.h \
	engine/space.h \
	engine/symbols.c engine/symbols.h \
	engine/word_edits.c engine/word_edits.h \
	engine/word_runs.c engine/word_runs.h
# The architecture's part: the same file names in every folder.
nodist_libengine_la_SOURCES = engine/arch/$(ULP_ARCH)/arch.c
EXTRA_DIST += engine/arch/x86_64/arch.c engine/arch/x86_64/engine_arch.h
libengine_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/engine/arch/$(ULP_ARCH)
libengine_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
