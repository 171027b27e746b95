/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/injected.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Of the runtime's file: the headers before the code, its code, its segments. */
#define MAX_PAGES_BACK 16u
#define MAX_CODE_PAGES 128u
#define MAX_PHDRS 32u
#define MAX_IMAGES 4096u

static bool is_anonymous(const struct ulp_region *region, int prot)
{
	return !region->inode && region->prot == prot;
}

/* Its program headers begin with the segment that holds them, at vaddr 0. */
static bool phdrs_take(const Elf64_Phdr *phdrs, size_t nr, struct injected_image *image)
{
	bool first = true;
	uint64_t dynamic = 0;

	for (size_t i = 0; i < nr; i++) {
		if (phdrs[i].p_type == PT_LOAD && first && phdrs[i].p_vaddr != 0)
			return false;
		if (phdrs[i].p_type == PT_LOAD)
			first = false;
		if (phdrs[i].p_type == PT_DYNAMIC)
			dynamic = phdrs[i].p_vaddr;
	}
	image->dynamic_at = image->bias + dynamic;
	return !first && dynamic;
}

static bool image_at(struct reader *r, uint64_t at, struct injected_image *image)
{
	Elf64_Phdr phdrs[MAX_PHDRS];
	Elf64_Ehdr eh;

	if (reader_read(r, at, &eh, sizeof(eh), NULL) || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_type != ET_DYN ||
	    eh.e_phentsize != sizeof(Elf64_Phdr) || !eh.e_phnum || eh.e_phnum > MAX_PHDRS ||
	    reader_read(r, at + eh.e_phoff, phdrs, eh.e_phnum * sizeof(*phdrs), NULL))
		return false;
	image->bias = at;
	return phdrs_take(phdrs, eh.e_phnum, image);
}

/* Looks at the last pages of [start, end), at most max, from its end on. */
static bool image_in(struct reader *r, uint64_t start, uint64_t end, uint64_t max,
		     struct injected_image *image)
{
	const uint64_t page = (uint64_t)r->space->page_size;

	for (uint64_t n = 1; n <= max && n * page <= end - start; n++)
		if (image_at(r, end - n * page, image))
			return true;
	return false;
}

/*
 * Linkers put headers and code into one segment, or the headers into a read-only one before it.
 * Both mappings may be longer than ours, for the kernel joins those that are alike; behind the
 * runtime's code there is always read-only data.  regions: nr of them, [i] is the code.
 */
static bool image_of(struct reader *r, const struct ulp_region *regions, size_t nr, size_t i,
		     struct injected_image *image)
{
	const struct ulp_region *code = &regions[i];
	const struct ulp_region *before = i > 0 ? &regions[i - 1] : NULL;
	const struct ulp_region *after = i + 1 < nr ? &regions[i + 1] : NULL;

	if (image_at(r, code->start, image))
		return true;
	if (before && before->end == code->start && is_anonymous(before, PROT_READ) &&
	    image_in(r, before->start, before->end, MAX_PAGES_BACK, image))
		return true;
	return after && after->start == code->end && is_anonymous(after, PROT_READ) &&
	       image_in(r, code->start, code->end, MAX_CODE_PAGES, image);
}

enum ulp_code injected_images(struct reader *r, struct injected_image **ret, size_t *nr,
			      struct ulp_err *err)
{
	struct injected_image *list = calloc(MAX_IMAGES, sizeof(*list));
	struct ulp_region *regions = NULL;
	size_t nr_regions = 0;

	*ret = NULL;
	*nr = 0;
	if (!list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	if (r->space->ops->regions(r->space, &regions, &nr_regions, NULL)) {
		free(list);
		return ULP_OK;
	}
	for (size_t i = 0; i < nr_regions && *nr < MAX_IMAGES; i++)
		if (is_anonymous(&regions[i], PROT_READ | PROT_EXEC) &&
		    image_of(r, regions, nr_regions, i, &list[*nr]))
			(*nr)++;
	free(regions);
	*ret = list;
	return ULP_OK;
}
