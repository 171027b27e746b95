# SPDX-License-Identifier: GPL-3.0-or-later
# Compiles with $ULP_CC.
check_PROGRAMS += unit_spec unit_tails unit_packer unit_packer_refusals unit_packer_tls \
	unit_packer_cxx
TESTS += unit_spec unit_tails unit_packer unit_packer_refusals unit_packer_tls unit_packer_cxx
PACKER_LAB = tests/lib/packer_lab.c tests/lib/packer_lab.h
EXTRA_DIST += tests/lib/arch/x86_64/packer_target.h
unit_spec_SOURCES = tests/unit/test_spec.c
unit_spec_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_tails_SOURCES = tests/unit/test_tails.c
unit_tails_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_SOURCES = tests/unit/test_packer.c $(PACKER_LAB)
unit_packer_CPPFLAGS = $(AM_CPPFLAGS) -DULP_TEST_ARCH='"$(ULP_ARCH)"'
unit_packer_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_refusals_SOURCES = tests/unit/test_packer_refusals.c $(PACKER_LAB)
unit_packer_refusals_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_refusals_LDADD = libtest.la libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_tls_SOURCES = tests/unit/test_packer_tls.c $(PACKER_LAB)
unit_packer_tls_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_tls_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_cxx_SOURCES = tests/unit/test_packer_cxx.c $(PACKER_LAB)
unit_packer_cxx_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_cxx_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
check_PROGRAMS += unit_packer_types unit_packer_prototypes
TESTS += unit_packer_types unit_packer_prototypes
TYPES_LAB = tests/lib/types_lab.c tests/lib/types_lab.h $(PACKER_LAB)
unit_packer_types_SOURCES = tests/unit/test_packer_types.c $(TYPES_LAB)
unit_packer_types_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_types_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_prototypes_SOURCES = tests/unit/test_packer_prototypes.c $(TYPES_LAB)
unit_packer_prototypes_CPPFLAGS = $(unit_packer_CPPFLAGS)
unit_packer_prototypes_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
if PLUGIN_ENABLED
check_PROGRAMS += unit_packer_closure unit_packer_constants
TESTS += unit_packer_closure unit_packer_constants
unit_packer_closure_SOURCES = tests/unit/test_packer_closure.c $(PACKER_LAB)
unit_packer_closure_CPPFLAGS = $(unit_packer_CPPFLAGS) -DULP_PLUGIN_GCC='"$(PLUGIN_GCC)"'
unit_packer_closure_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
unit_packer_constants_SOURCES = tests/unit/test_packer_constants.c $(PACKER_LAB)
unit_packer_constants_CPPFLAGS = $(unit_packer_closure_CPPFLAGS)
unit_packer_constants_LDADD = libpacker.la libcontainer.la $(CMOCKA_LIBS)
endif
