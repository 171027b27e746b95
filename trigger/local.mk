# SPDX-License-Identifier: GPL-3.0-or-later
# libtrigger.la holds all but main() and the commands, so that tests can link it.
noinst_LTLIBRARIES += libtrigger.la
libtrigger_la_SOURCES = \
	trigger/abandoned.c trigger/abandoned.h \
	trigger/active.c trigger/active.h \
	trigger/borrow.c \
	trigger/change.c trigger/change.h \
	trigger/copies.c trigger/copies.h \
	trigger/cpu_latency.c trigger/cpu_latency.h \
	trigger/change_note.c trigger/change_note.h \
	trigger/json.c trigger/json.h \
	trigger/inject.c trigger/inject.h \
	trigger/inject_hooks.c trigger/inject_hooks.h \
	trigger/inject_image.c trigger/inject_image.h \
	trigger/inject_place.c trigger/inject_place.h \
	trigger/layout.c trigger/layout.h \
	trigger/library_path.c trigger/library_path.h \
	trigger/memory.c trigger/memory.h \
	trigger/memory_sharing.c trigger/memory_sharing.h \
	trigger/perf_map.c trigger/perf_map.h \
	trigger/process.c trigger/process.h \
	trigger/process_list.c \
	trigger/process_regions.c \
	trigger/quick_scan.c trigger/quick_scan.h \
	trigger/quote.c \
	trigger/reloc_name.h \
	trigger/own_indirect.c trigger/own_indirect.h \
	trigger/remote_space.c trigger/remote_space.h \
	trigger/report.c trigger/report.h \
	trigger/report_json.c trigger/report_json.h \
	trigger/restart.c trigger/restart.h \
	trigger/session.c trigger/session.h trigger/session_internal.h \
	trigger/let_go.c trigger/lock.c trigger/stop.c \
	trigger/survey.c trigger/survey.h \
	trigger/target.c trigger/target.h \
	trigger/tasks.c trigger/tasks.h \
	trigger/thread_regs.h \
	trigger/tracee.c trigger/tracee.h \
	trigger/unwind.c trigger/unwind.h \
	trigger/unwind_images.c trigger/unwind_images.h \
	trigger/urgent.c trigger/urgent.h \
	trigger/watch.c \
	trigger/worker.c trigger/worker.h
EXTRA_libtrigger_la_SOURCES = \
	trigger/arch/x86_64/reloc_name.c \
	trigger/arch/x86_64/signal_frame.c \
	trigger/arch/x86_64/thread_regs.c \
	trigger/arch/x86_64/trigger_arch.h
TRIGGER_ARCH_OBJECTS = \
	trigger/arch/$(ULP_ARCH)/libtrigger_la-reloc_name.lo \
	trigger/arch/$(ULP_ARCH)/libtrigger_la-signal_frame.lo \
	trigger/arch/$(ULP_ARCH)/libtrigger_la-thread_regs.lo
libtrigger_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/trigger/arch/$(ULP_ARCH) \
	-DRUNTIME_DIR='"$(libdir)"' -I$(top_srcdir)/engine/arch/$(ULP_ARCH)
libtrigger_la_CFLAGS = $(TOOL_CFLAGS)
libtrigger_la_LIBADD = $(TRIGGER_ARCH_OBJECTS) libi18n.la $(LIBJSON_LIBS)
libtrigger_la_DEPENDENCIES = $(TRIGGER_ARCH_OBJECTS) libi18n.la

bin_PROGRAMS += ulp
ulp_SOURCES = \
	trigger/ulp.c trigger/command.h \
	trigger/cmd_check.c \
	trigger/cmd_dump.c \
	trigger/cmd_extract.c \
	trigger/cmd_livepatchable.c \
	trigger/cmd_messages.c \
	trigger/cmd_patches.c \
	trigger/cmd_set_patchable.c \
	trigger/cmd_trigger.c \
	trigger/dump_json.c trigger/dump_json.h \
	trigger/extract.c trigger/extract.h \
	trigger/extract_out.c trigger/extract_out.h \
	trigger/jobs.c trigger/jobs.h \
	trigger/library.c trigger/library.h trigger/library_symbols.c \
	trigger/livepatchable.h trigger/livepatchable_facts.c \
	trigger/livepatchable_json.c trigger/livepatchable_list.c \
	trigger/operands.c trigger/operands.h \
	trigger/patches_json.c trigger/patches_json.h \
	trigger/progress.c trigger/progress.h \
	trigger/rounds.c trigger/rounds.h
ulp_CFLAGS = $(TOOL_CFLAGS)
ulp_LDFLAGS = $(TOOL_LDFLAGS)
ulp_LDADD = libtrigger.la libengine.la libfacts.la libcontainer.la $(LIBDW_LIBS) $(LIBJSON_LIBS)
