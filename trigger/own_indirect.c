/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/own_indirect.h"

#include "container/elf_view.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* One of our own objects, looked for by its build ID or by an address in it. */
struct search {
	const struct ulp_build_id *id; /* NULL: by address */
	uintptr_t addr;
	/* What was found. */
	const char *name; /* as the dynamic linker has it */
	uint64_t bias;
	struct ulp_build_id found;
};

static void build_id_of(const struct dl_phdr_info *info, struct ulp_build_id *id)
{
	id->len = 0;
	for (size_t i = 0; i < info->dlpi_phnum && !id->len; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const void *notes = (const void *)(uintptr_t)(info->dlpi_addr + ph->p_vaddr);

		if (ph->p_type == PT_NOTE &&
		    !ulp_notes_build_id(notes, ph->p_memsz, ph->p_align == 8 ? 8 : 4, id))
			id->len = 0;
	}
}

static bool has_address(const struct dl_phdr_info *info, uintptr_t addr)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && addr - (info->dlpi_addr + ph->p_vaddr) < ph->p_memsz)
			return true;
	}
	return false;
}

static int look(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *s = arg;

	(void)size;
	if (!s->id && !has_address(info, s->addr))
		return 0;
	build_id_of(info, &s->found);
	if (!s->found.len || (s->id && !ulp_build_id_equal(&s->found, s->id)))
		return 0;
	s->name = info->dlpi_name;
	s->bias = info->dlpi_addr;
	return 1;
}

/* Asking for its address makes our own dynamic linker run the library's choice. */
static uintptr_t address_of(const char *file, const char *name, const char *version)
{
	void *library = dlopen(file, RTLD_LAZY | RTLD_NOLOAD);
	void *addr;

	if (!library)
		return 0;
	addr = *version ? dlvsym(library, name, version) : dlsym(library, name);
	(void)dlclose(library);
	return (uintptr_t)addr;
}

bool own_indirect(const struct ulp_build_id *object, const char *name, const char *version,
		  struct ulp_build_id *in, uint64_t *off)
{
	struct search library = {.id = object};
	struct search provider = {0};

	/* Only a library, by its own path: that of the program is empty. */
	if (!dl_iterate_phdr(look, &library) || !library.name || library.name[0] != '/')
		return false;
	provider.addr = address_of(library.name, name, version);
	if (!provider.addr || !dl_iterate_phdr(look, &provider))
		return false;
	*in = provider.found;
	*off = provider.addr - provider.bias;
	return true;
}
