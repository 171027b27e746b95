# SPDX-License-Identifier: GPL-3.0-or-later
check_PROGRAMS += unit_report unit_own_indirect
TESTS += unit_report unit_own_indirect
unit_own_indirect_SOURCES = tests/unit/test_own_indirect.c
unit_own_indirect_LDADD = libtrigger.la libcontainer.la $(CMOCKA_LIBS)
unit_report_SOURCES = tests/unit/test_report.c
unit_report_LDADD = libtrigger.la libcontainer.la $(CMOCKA_LIBS)

# Stopping and borrowing processes.
check_PROGRAMS += unit_process unit_session unit_lock unit_borrow unit_restart unit_active
TESTS += unit_process unit_session unit_lock unit_borrow unit_restart unit_active
VICTIM_LDADD = libvictim.la libtrigger.la libengine.la libcontainer.la $(CMOCKA_LIBS) $(LIBDW_LIBS) -lpthread
unit_process_SOURCES = tests/unit/test_process.c
unit_process_LDADD = $(VICTIM_LDADD)
unit_session_SOURCES = tests/unit/test_session.c
unit_session_LDADD = $(VICTIM_LDADD)
unit_lock_SOURCES = tests/unit/test_lock.c
unit_lock_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/trigger/arch/$(ULP_ARCH)
unit_lock_LDADD = $(VICTIM_LDADD)
unit_borrow_SOURCES = tests/unit/test_borrow.c
unit_borrow_LDADD = $(VICTIM_LDADD)
unit_restart_SOURCES = tests/unit/test_restart.c
unit_restart_LDADD = $(VICTIM_LDADD)
unit_active_SOURCES = tests/unit/test_active.c
unit_active_LDADD = $(VICTIM_LDADD)
check_PROGRAMS += unit_memory_sharing
TESTS += unit_memory_sharing
unit_memory_sharing_SOURCES = tests/unit/test_memory_sharing.c
unit_memory_sharing_LDADD = $(VICTIM_LDADD)
