# SPDX-License-Identifier: GPL-3.0-or-later
# Compiles with $ULP_CC, packs, and runs the packed code in the test's own process: the engine
# loads it.
PACKER_RUN = $(PACKER_LAB) tests/lib/own_load.c tests/lib/own_load.h \
	tests/lib/running.c tests/lib/running.h
PACKER_RUN_LDADD = libtestengine.la libtest.la libpacker.la libengine.la libcontainer.la \
	$(CMOCKA_LIBS)
check_PROGRAMS += unit_packer_relocs unit_packer_code unit_packer_damage \
	unit_packer_template unit_packer_tls_models unit_packer_linked unit_packer_pointers
TESTS += unit_packer_relocs unit_packer_code unit_packer_damage \
	unit_packer_template unit_packer_tls_models unit_packer_linked unit_packer_pointers
unit_packer_relocs_SOURCES = tests/unit/test_packer_relocs.c $(PACKER_RUN)
unit_packer_relocs_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_relocs_LDADD = $(PACKER_RUN_LDADD)
unit_packer_code_SOURCES = tests/unit/test_packer_code.c $(PACKER_RUN)
unit_packer_code_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_code_LDADD = $(PACKER_RUN_LDADD)
unit_packer_damage_SOURCES = tests/unit/test_packer_damage.c $(PACKER_LAB)
unit_packer_damage_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_damage_LDADD = libtest.la libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_template_SOURCES = tests/unit/test_packer_template.c $(PACKER_LAB)
unit_packer_template_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_template_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_tls_models_SOURCES = tests/unit/test_packer_tls_models.c $(PACKER_RUN)
unit_packer_tls_models_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_tls_models_LDADD = $(PACKER_RUN_LDADD)
unit_packer_linked_SOURCES = tests/unit/test_packer_linked.c $(PACKER_RUN)
unit_packer_linked_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_linked_LDADD = $(PACKER_RUN_LDADD)
unit_packer_pointers_SOURCES = tests/unit/test_packer_pointers.c $(PACKER_RUN)
unit_packer_pointers_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_pointers_LDADD = $(PACKER_RUN_LDADD)
