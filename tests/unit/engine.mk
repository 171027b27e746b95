# SPDX-License-Identifier: GPL-3.0-or-later
ENGINE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/engine/arch/$(ULP_ARCH)
ENGINE_TEST_LDADD = libtestengine.la libtest.la libengine.la libcontainer.la $(CMOCKA_LIBS)
check_PROGRAMS += unit_reader unit_own_process unit_objects unit_spaces unit_injected unit_linker_program unit_symbols unit_bindings \
	unit_placement unit_load unit_registry unit_commit unit_plan unit_entry_words unit_plan_refusals unit_relations \
	unit_hostile unit_killed unit_unloaded unit_debug_list unit_engine_arch
TESTS += unit_reader unit_own_process unit_objects unit_spaces unit_injected unit_linker_program unit_symbols unit_bindings \
	unit_placement unit_load unit_registry unit_commit unit_plan unit_entry_words unit_plan_refusals unit_relations \
	unit_hostile unit_killed unit_unloaded unit_debug_list unit_engine_arch
unit_reader_SOURCES = tests/unit/test_reader.c
unit_reader_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_reader_LDADD = $(ENGINE_TEST_LDADD)
unit_own_process_SOURCES = tests/unit/test_own_process.c
unit_own_process_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_own_process_LDADD = $(ENGINE_TEST_LDADD)
unit_spaces_SOURCES = tests/unit/test_spaces.c
unit_spaces_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_spaces_LDADD = $(ENGINE_TEST_LDADD)
unit_objects_SOURCES = tests/unit/test_objects.c
unit_objects_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_objects_LDADD = $(ENGINE_TEST_LDADD)
unit_injected_SOURCES = tests/unit/test_injected.c
unit_injected_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_injected_LDADD = $(ENGINE_TEST_LDADD)
unit_linker_program_SOURCES = tests/unit/test_linker_program.c
unit_linker_program_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_linker_program_LDADD = $(ENGINE_TEST_LDADD)
unit_symbols_SOURCES = tests/unit/test_symbols.c
unit_symbols_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_symbols_LDADD = $(ENGINE_TEST_LDADD)
unit_bindings_SOURCES = tests/unit/test_bindings.c
unit_bindings_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_bindings_LDADD = $(ENGINE_TEST_LDADD)
unit_entry_words_SOURCES = tests/unit/test_entry_words.c
unit_entry_words_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_entry_words_LDADD = $(ENGINE_TEST_LDADD)
unit_placement_SOURCES = tests/unit/test_placement.c
unit_placement_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_placement_LDADD = $(ENGINE_TEST_LDADD)
unit_load_SOURCES = tests/unit/test_load.c
unit_load_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_load_LDADD = $(ENGINE_TEST_LDADD)
unit_registry_SOURCES = tests/unit/test_registry.c
unit_registry_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_registry_LDADD = $(ENGINE_TEST_LDADD)
unit_commit_SOURCES = tests/unit/test_commit.c
unit_commit_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_commit_LDADD = $(ENGINE_TEST_LDADD)
unit_plan_SOURCES = tests/unit/test_plan.c
unit_plan_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_plan_LDADD = $(ENGINE_TEST_LDADD)
unit_plan_refusals_SOURCES = tests/unit/test_plan_refusals.c tests/lib/fail_alloc.c \
	tests/lib/fail_alloc.h
unit_plan_refusals_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_plan_refusals_LDADD = $(ENGINE_TEST_LDADD)
unit_plan_refusals_LDFLAGS = $(FAIL_ALLOC_LINK)
unit_relations_SOURCES = tests/unit/test_relations.c
unit_relations_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_relations_LDADD = $(ENGINE_TEST_LDADD)
unit_hostile_SOURCES = tests/unit/test_hostile.c
unit_hostile_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_hostile_LDADD = $(ENGINE_TEST_LDADD)
unit_killed_SOURCES = tests/unit/test_killed.c
unit_killed_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_killed_LDADD = $(ENGINE_TEST_LDADD)
unit_unloaded_SOURCES = tests/unit/test_unloaded.c
unit_unloaded_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_unloaded_LDADD = $(ENGINE_TEST_LDADD)
unit_debug_list_SOURCES = tests/unit/test_debug_list.c
unit_debug_list_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_debug_list_LDADD = $(ENGINE_TEST_LDADD)
nodist_unit_engine_arch_SOURCES = tests/unit/test_arch_$(ULP_ARCH).c
EXTRA_DIST += tests/unit/test_arch_x86_64.c
unit_engine_arch_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_engine_arch_LDADD = $(ENGINE_TEST_LDADD)

check_PROGRAMS += unit_commit_cost
TESTS += unit_commit_cost
unit_commit_cost_SOURCES = tests/unit/test_commit_cost.c
unit_commit_cost_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_commit_cost_LDADD = $(ENGINE_TEST_LDADD)

check_PROGRAMS += unit_snapshot
TESTS += unit_snapshot
unit_snapshot_SOURCES = tests/unit/test_snapshot.c
unit_snapshot_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_snapshot_LDADD = $(ENGINE_TEST_LDADD)

# All patches of a library leave with one commit.
check_PROGRAMS += unit_exchange
TESTS += unit_exchange
unit_exchange_SOURCES = tests/unit/test_exchange.c
unit_exchange_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
unit_exchange_LDADD = $(ENGINE_TEST_LDADD)
