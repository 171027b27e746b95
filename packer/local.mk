# SPDX-License-Identifier: GPL-3.0-or-later
# libpacker.la holds all but main(), so that tests can link it.  Every host knows all
# architectures: a container may be packed for another machine.
noinst_LTLIBRARIES += libpacker.la
libpacker_la_SOURCES = \
	packer/arch/arch.c packer/arch/arch.h \
	packer/arch/x86_64/arch.c \
	packer/arch/x86_64/normalise.c packer/arch/x86_64/normalise.h \
	packer/arch/x86_64/tails.c packer/arch/x86_64/tails.h \
	packer/arch/x86_64/tls_code.c packer/arch/x86_64/tls_code.h \
	packer/bfd_open.c packer/bfd_open.h \
	packer/bind.c packer/bind_parts.h \
	packer/bind_defined.c packer/bind_target.c \
	packer/changed.c \
	packer/closure.c packer/closure.h packer/closure_explain.c \
	packer/constants.c packer/constants.h \
	packer/copies.c packer/copies.h \
	packer/copies_dwarf.c packer/copies_facts.c \
	packer/decode.c packer/decode.h \
	packer/correlate.c packer/correlate.h \
	packer/disassemble.c packer/disassemble.h \
	packer/dwarf_file.c packer/dwarf_file.h \
	packer/elf_file.c packer/elf_file.h \
	packer/elf_versions.c \
	packer/emit.c packer/emit.h \
	packer/functions.c packer/functions.h \
	packer/functions_old.c \
	packer/library.c packer/library.h \
	packer/link.c packer/link.h \
	packer/linked.c packer/linked.h packer/linked_model.c \
	packer/linked_select.c packer/linked_emit.c \
	packer/match.c packer/match.h \
	packer/mini_debug.c \
	packer/near.c \
	packer/object.c packer/object.h \
	packer/output.c packer/output.h \
	packer/pack.c packer/pack.h \
	packer/patch_fill.c packer/patch_fill.h \
	packer/place.c \
	packer/pointers.c packer/pointers.h \
	packer/pool.c packer/pool.h \
	packer/providers.c \
	packer/relocate.c \
	packer/report.c packer/report.h \
	packer/result.c packer/result.h \
	packer/rewrite.c packer/rewrite.h \
	packer/rewrite_symbols.c \
	packer/select.c packer/select.h \
	packer/spec.c packer/spec.h packer/spec_parts.h \
	packer/spec_accept.c packer/spec_references.c \
	packer/spec_relations.c \
	packer/stock.c packer/stock.h \
	packer/target.c packer/target.h \
	packer/template.c packer/template.h \
	packer/tls.c packer/tls_slots.c \
	packer/types.c packer/types.h packer/types_checker.h \
	packer/types_compare.c packer/types_compare.h \
	packer/types_dwarf.c packer/types_dwarf.h \
	packer/types_edge.c packer/types_edge.h \
	packer/types_fields.c packer/types_functions.c \
	packer/types_index.c packer/types_layouts.c \
	packer/types_refuse.c packer/types_refuse.h \
	packer/types_text.c \
	packer/types_values.c packer/types_values.h \
	packer/unwind.c \
	packer/users.c packer/users.h \
	packer/workdir.c packer/workdir.h \
	packer/yaml_fail.c \
	packer/yaml_tree.c packer/yaml_tree.h
libpacker_la_CFLAGS = $(TOOL_CFLAGS)
libpacker_la_LIBADD = libfacts.la $(LIBYAML_LIBS) $(LIBDW_LIBS) $(LIBELF_LIBS) $(LIBOPCODES_LIBS) \
	$(LIBBFD_LIBS)

bin_PROGRAMS += ulp-packer
ulp_packer_SOURCES = packer/main.c
ulp_packer_CFLAGS = $(TOOL_CFLAGS)
ulp_packer_LDFLAGS = $(TOOL_LDFLAGS)
ulp_packer_LDADD = libpacker.la libi18n.la libcontainer.la
