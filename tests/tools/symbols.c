/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "container/entry.h"
#include "tests/tools/search.h"
#include "tests/tools/symbols.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static Elf *open_elf(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	if (fd < 0)
		err(2, "%s", path);
	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf == NULL)
		errx(2, "%s: %s", path, elf_errmsg(-1));
	return elf; /* the descriptor stays open as long */
}

static bool is_function(const GElf_Sym *sym)
{
	int type = GELF_ST_TYPE(sym->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && sym->st_shndx != SHN_UNDEF;
}

static void add_symbols(struct symbols *symbols, Elf *elf, Elf_Scn *section,
			const GElf_Shdr *header)
{
	size_t nr = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	Elf_Data *data = elf_getdata(section, NULL);
	const char *file = "";
	GElf_Sym sym;

	symbols->all = reallocarray(symbols->all, symbols->nr + nr + 1, sizeof(*symbols->all));
	if (symbols->all == NULL)
		err(2, "memory");
	for (size_t i = 0; i < nr && gelf_getsym(data, (int)i, &sym) != NULL; i++) {
		const char *name = elf_strptr(elf, header->sh_link, sym.st_name);

		if (GELF_ST_TYPE(sym.st_info) == STT_FILE)
			file = name ? name : "";
		if (name == NULL || !is_function(&sym))
			continue;
		symbols->all[symbols->nr++] = (struct symbol){
			.name = name,
			.file = file,
			.vaddr = sym.st_value,
			.len = sym.st_size,
			.binding = GELF_ST_BIND(sym.st_info),
			.visibility = GELF_ST_VISIBILITY(sym.st_other),
			.dynamic = header->sh_type == SHT_DYNSYM,
		};
	}
}

static void read_entries(struct symbols *symbols, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);

	if (data == NULL || data->d_buf == NULL)
		return;
	symbols->nr_entries = data->d_size / sizeof(int32_t);
	symbols->entries = calloc(symbols->nr_entries + 1, sizeof(*symbols->entries));
	if (symbols->entries == NULL)
		err(2, "memory");
	for (size_t i = 0; i < symbols->nr_entries; i++) {
		size_t at = i * sizeof(int32_t);
		int32_t distance;

		memcpy(&distance, (const char *)data->d_buf + at, sizeof(distance));
		symbols->entries[i] = header->sh_addr + at + (uint64_t)(int64_t)distance;
	}
}

static int by_vaddr(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr > y->vaddr ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* What is read from a file: strip(1) moves the one to the debug file and leaves the rest. */
enum { SYMTAB = 1, THE_REST = 2 };

static void read_section(struct symbols *symbols, Elf *elf, Elf_Scn *section, unsigned int what)
{
	GElf_Shdr header;
	const char *name;
	size_t strings;

	if (gelf_getshdr(section, &header) == NULL || elf_getshdrstrndx(elf, &strings) != 0)
		errx(2, "a section's header: %s", elf_errmsg(-1));
	if ((what & SYMTAB) != 0 && header.sh_type == SHT_SYMTAB)
		add_symbols(symbols, elf, section, &header);
	if ((what & THE_REST) == 0)
		return;
	name = elf_strptr(elf, strings, header.sh_name);
	if (header.sh_type == SHT_DYNSYM)
		add_symbols(symbols, elf, section, &header);
	else if (header.sh_type == SHT_GNU_verdef)
		symbols->versioned = true;
	else if (name != NULL && strcmp(name, ULP_ENTRIES_SECTION) == 0)
		read_entries(symbols, section, &header);
}

static void read_sections(struct symbols *symbols, Elf *elf, unsigned int what)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)) != NULL)
		read_section(symbols, elf, section, what);
}

void symbols_read(const char *path, const char *debug_file, struct symbols *symbols)
{
	*symbols = (struct symbols){.handle = open_elf(path)};
	read_sections(symbols, symbols->handle, debug_file ? THE_REST : SYMTAB | THE_REST);
	if (debug_file != NULL) {
		symbols->debug_handle = open_elf(debug_file);
		read_sections(symbols, symbols->debug_handle, SYMTAB);
	}
	if (symbols->nr > 0)
		qsort(symbols->all, symbols->nr, sizeof(*symbols->all), by_vaddr);
	if (symbols->nr_entries > 0)
		qsort(symbols->entries, symbols->nr_entries, sizeof(uint64_t), by_value);
}

void symbols_free(struct symbols *symbols)
{
	free(symbols->all);
	free(symbols->entries);
	(void)elf_end(symbols->handle);
	(void)elf_end(symbols->debug_handle);
}

const struct symbol *symbols_at(const struct symbols *symbols, uint64_t vaddr)
{
	size_t i = first_not_below(symbols->all, symbols->nr, sizeof(*symbols->all),
				   offsetof(struct symbol, vaddr), vaddr);

	return i < symbols->nr && symbols->all[i].vaddr == vaddr ? &symbols->all[i] : NULL;
}

size_t symbols_entries_in(const struct symbols *symbols, uint64_t start, uint64_t end)
{
	size_t first =
		first_not_below(symbols->entries, symbols->nr_entries, sizeof(uint64_t), 0, start);
	size_t nr = 0;

	while (first + nr < symbols->nr_entries && symbols->entries[first + nr] < end)
		nr++;
	return nr;
}
