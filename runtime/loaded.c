/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtime/loaded.h"

#include "container/elf_view.h"

#include <link.h>

/* Whether the notes are in memory: inside the file's part of a segment. */
static bool is_loaded(const struct dl_phdr_info *info, const ElfW(Phdr) * notes)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_R && notes->p_vaddr >= ph->p_vaddr &&
		    notes->p_vaddr - ph->p_vaddr <= ph->p_filesz &&
		    notes->p_filesz <= ph->p_filesz - (notes->p_vaddr - ph->p_vaddr))
			return true;
	}
	return false;
}

static int compare(struct dl_phdr_info *info, size_t size, void *data)
{
	const struct ulp_build_id *wanted = data;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		struct ulp_build_id id;

		if (ph->p_type == PT_NOTE && is_loaded(info, ph) &&
		    ulp_notes_build_id((const void *)(info->dlpi_addr + ph->p_vaddr), ph->p_filesz,
				       ph->p_align, &id))
			return ulp_build_id_equal(&id, wanted);
	}
	return 0;
}

bool loaded_has(const struct ulp_build_id *id)
{
	struct ulp_build_id wanted = *id;

	return dl_iterate_phdr(compare, &wanted) != 0;
}
