# SPDX-License-Identifier: GPL-3.0-or-later
# libpacker.la holds all but main(), so that tests can link it.  Every host knows all
# architectures: a container may be packed for another machine.
noinst_LTLIBRARIES += libpacker.la
libpacker_la_SOURCES = \
	packer/arch/arch.c packer/arch/arch.h \
	packer/arch/x86_64/arch.c \
	packer/arch/x86_64/tails.c packer/arch/x86_64/tails.h \
	packer/bfd_open.c packer/bfd_open.h \
	packer/bind.c \
	packer/debug_file.c \
	packer/elf_file.c packer/elf_file.h \
	packer/elf_versions.c \
	packer/emit.c packer/emit.h \
	packer/functions.c packer/functions.h \
	packer/functions_old.c \
	packer/inlined.c packer/inlined.h \
	packer/library.c packer/library.h \
	packer/link.c packer/link.h \
	packer/match.c packer/match.h \
	packer/near.c \
	packer/object.c packer/object.h \
	packer/output.c packer/output.h \
	packer/pack.c packer/pack.h \
	packer/place.c \
	packer/pool.c packer/pool.h \
	packer/providers.c \
	packer/relocate.c \
	packer/report.c packer/report.h \
	packer/result.c packer/result.h \
	packer/rewrite.c packer/rewrite.h \
	packer/rewrite_symbols.c \
	packer/select.c packer/select.h \
	packer/spec.c packer/spec.h \
	packer/target.c packer/target.h \
	packer/tls.c \
	packer/unwind.c \
	packer/workdir.c packer/workdir.h \
	packer/yaml_fail.c \
	packer/yaml_tree.c packer/yaml_tree.h
libpacker_la_CFLAGS = $(TOOL_CFLAGS)
libpacker_la_LIBADD = $(LIBYAML_LIBS) $(LIBDW_LIBS) $(LIBELF_LIBS) $(LIBBFD_LIBS)

bin_PROGRAMS += ulp-packer
ulp_packer_SOURCES = packer/main.c
ulp_packer_CFLAGS = $(TOOL_CFLAGS)
ulp_packer_LDFLAGS = $(TOOL_LDFLAGS)
ulp_packer_LDADD = libpacker.la libcontainer.la
