/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MiniDebugInfo: an ELF file with the private functions' symbols, packed by xz into the
 * section .gnu_debugdata (GDB manual, "Debugging information in a special section").
 * libdwfl unpacks it.
 */
#include "config.h"

#include "packer/target.h"

#include <elfutils/libdwfl.h>
#include <string.h>

#define MINI_DEBUG_SECTION ".gnu_debugdata"

/* Nothing but the file itself. */
static int find_nothing(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)module;
	(void)data;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	*found = NULL;
	return -1;
}

static void take_symbols(struct pool *pool, struct target *t, Dwfl_Module *module, int nr)
{
	const char *file = "";
	size_t file_no = 0;

	t->symbols = pool_alloc(pool, (size_t)nr, sizeof(*t->symbols));
	for (int i = 0; i < nr; i++) {
		struct elf_symbol *s = &t->symbols[t->nr_symbols++];
		GElf_Word shndx;
		GElf_Addr address;
		GElf_Sym sym;
		const char *name =
			dwfl_module_getsym_info(module, i, &sym, &address, &shndx, NULL, NULL);

		*s = (struct elf_symbol){.name = "", .version = "", .from = "", .file = ""};
		if (!name)
			continue;
		s->name = pool_strdup(pool, name);
		s->value = sym.st_value;
		s->size = sym.st_size;
		s->shndx = shndx;
		s->type = GELF_ST_TYPE(sym.st_info);
		s->bind = GELF_ST_BIND(sym.st_info);
		s->visible = GELF_ST_VISIBILITY(sym.st_other);
		if (s->type == STT_FILE) {
			file = s->name;
			file_no = *file ? (size_t)i : 0;
		} else if (s->bind == STB_LOCAL) {
			s->file = file;
			s->file_no = file_no;
		}
	}
}

void target_mini_debug_read(struct pool *pool, struct target *t)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = find_nothing,
		.section_address = dwfl_offline_section_address,
	};
	const char *path = t->library.file.path;
	Dwfl_Module *module;
	Dwfl *dwfl;
	int nr;

	if (!ulp_elf_find_section(&t->library.file.elf, MINI_DEBUG_SECTION))
		return;
	dwfl = dwfl_begin(&callbacks);
	if (!dwfl)
		return;
	dwfl_report_begin(dwfl);
	module = dwfl_report_offline(dwfl, "target", path, -1);
	(void)dwfl_report_end(dwfl, NULL, NULL);
	nr = module ? dwfl_module_getsymtab(module) : 0;
	if (nr > 0) {
		take_symbols(pool, t, module, nr);
		t->symbols_path = path;
	}
	dwfl_end(dwfl);
}
