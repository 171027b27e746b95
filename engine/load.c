/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/arch.h"
#include "engine/bindings.h"
#include "engine/load.h"
#include "engine/load_relocate.h"
#include "engine/pending.h"
#include "engine/placement.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A container is a few functions; this bounds what a damaged one makes us allocate. */
#define MAX_IMAGE (64ull << 20)

/* Gaps that are tried when others take them between the look and the mapping. */
#define MAX_TRIES 8u

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

static int prot_of(uint32_t p_flags)
{
	return (p_flags & PF_R ? PROT_READ : 0) | (p_flags & PF_W ? PROT_WRITE : 0) |
	       (p_flags & PF_X ? PROT_EXEC : 0);
}

static enum ulp_code span_of(struct load *load, struct ulp_err *err)
{
	const struct ulp_elf *elf = &load->container->elf;
	uint64_t first = UINT64_MAX;
	uint64_t last = 0;

	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr ph = ulp_elf_phdr(elf, i);

		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		if (ph.p_vaddr > MAX_IMAGE || ph.p_memsz > MAX_IMAGE)
			return ulp_fail(err, ULP_EFORMAT, "segment %zu is too large", i);
		if ((ph.p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
			return ulp_fail(err, ULP_EFORMAT, "segment %zu is writable and executable",
					i);
		if (ph.p_vaddr < first)
			first = ph.p_vaddr;
		if (ph.p_vaddr + ph.p_memsz > last)
			last = ph.p_vaddr + ph.p_memsz;
	}
	if (first >= last)
		return ulp_fail(err, ULP_EFORMAT, "it has nothing to load");
	load->first_vaddr = first / load->page_size * load->page_size;
	load->image_len = round_up(last, load->page_size) - load->first_vaddr;
	return ULP_OK;
}

/*
 * Copies the segments' bytes into the image and notes each page's protection.
 * What is to be read-only after relocation is so from the start: we write
 * through the protection.
 */
static enum ulp_code segments_copy(struct load *load, struct ulp_err *err)
{
	const struct ulp_elf *elf = &load->container->elf;

	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr ph = ulp_elf_phdr(elf, i);
		const unsigned char *bytes;
		uint64_t off = ph.p_vaddr - load->first_vaddr;
		uint64_t page = off / load->page_size;
		uint64_t last = (off + ph.p_memsz - 1) / load->page_size;

		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		bytes = ulp_elf_at_vaddr(elf, ph.p_vaddr, ph.p_filesz);
		if (ph.p_filesz && (!bytes || ph.p_filesz > ph.p_memsz))
			return ulp_fail(err, ULP_EFORMAT, "segment %zu is not in the file", i);
		if (ph.p_filesz)
			memcpy(load->image + off, bytes, ph.p_filesz);
		for (; page <= last; page++) {
			if (load->prot[page])
				return ulp_fail(err, ULP_EFORMAT, "segments share a page");
			load->prot[page] = (uint8_t)prot_of(ph.p_flags);
		}
	}
	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr ph = ulp_elf_phdr(elf, i);

		if (ph.p_type != PT_GNU_RELRO || ph.p_vaddr < load->first_vaddr ||
		    ph.p_vaddr - load->first_vaddr >= load->image_len ||
		    ph.p_memsz > load->image_len - (ph.p_vaddr - load->first_vaddr))
			continue;
		uint64_t off = ph.p_vaddr - load->first_vaddr;
		for (uint64_t page = off / load->page_size;
		     (page + 1) * load->page_size <= off + ph.p_memsz; page++)
			load->prot[page] &= (uint8_t)~PROT_WRITE;
	}
	return ULP_OK;
}

enum ulp_code load_init(struct load *load, const struct ulp_container *c,
			const struct ulp_object *target, uint64_t record_len, long page_size,
			struct ulp_err *err)
{
	enum ulp_code code;
	uint64_t nr_pages;

	*load = (struct load){
		.container = c,
		.target = target,
		.page_size = (uint64_t)page_size,
		.record_len = round_up(record_len, (uint64_t)page_size),
	};
	code = span_of(load, err);
	if (code)
		return code;
	nr_pages = load_map_len(load) / load->page_size;
	load->image = calloc(1, load->image_len);
	load->prot = calloc(1, nr_pages);
	load->import_values = calloc(c->patch.nr_imports + 1, sizeof(*load->import_values));
	if (!load->image || !load->prot || !load->import_values)
		code = ulp_fail(err, ULP_ENOMEM, "out of memory");
	else
		code = segments_copy(load, err);
	if (code) {
		load_deinit(load);
		return code;
	}
	memset(load->prot + load->image_len / load->page_size, PROT_READ | PROT_WRITE,
	       load->record_len / load->page_size);
	return ULP_OK;
}

void load_deinit(struct load *load)
{
	free(load->image);
	free(load->prot);
	free(load->import_values);
	load->image = NULL;
	load->prot = NULL;
	load->import_values = NULL;
}

enum ulp_code load_resolve(struct load *load, struct reader *r, struct ulp_objects *objects,
			   struct ulp_err *err)
{
	const struct ulp_patch *patch = &load->container->patch;

	objects_set_local_scope(objects, load->target);
	for (size_t i = 0; i < patch->nr_imports; i++) {
		enum ulp_code code = binding_find(r, objects, load->target, &patch->imports[i],
						  &load->import_values[i], err);
		if (code)
			return code;
	}
	return ULP_OK;
}

uint64_t load_imports_sum(const struct load *load)
{
	return ulp_checksum(load->import_values,
			    load->container->patch.nr_imports * sizeof(*load->import_values));
}

bool load_has_data(const struct load *load)
{
	for (uint64_t page = 0; page < load->image_len / load->page_size; page++)
		if (load->prot[page] & PROT_WRITE)
			return true;
	return false;
}

/* What the next tool will find if we are killed from now on. */
static enum ulp_code announce(const struct load *load, struct ulp_space *space, struct ulp_err *err)
{
	const struct ulp_reg_pending p = load_pending(load);

	return load->registry_at ? pending_announce(space, load->registry_at, &p, err) : ULP_OK;
}

static enum ulp_code mark(const struct load *load, struct ulp_space *space, struct ulp_err *err)
{
	const struct ulp_reg_pending p = load_pending(load);

	return load->registry_at ? pending_mark(space, &p, err) : ULP_OK;
}

/* The pages that differ from what is mapped already, run by run. */
static enum ulp_code protections_map(const struct load *load, struct ulp_space *space,
				     struct ulp_err *err)
{
	uint64_t nr_pages = load_map_len(load) / load->page_size;
	enum ulp_code code = ULP_OK;

	for (uint64_t page = 0; page < nr_pages && !code;) {
		uint64_t at = load->map_start + page * load->page_size;
		uint64_t run = page;

		while (run < nr_pages && load->prot[run] == load->prot[page])
			run++;
		if (load->prot[page] != PROT_READ && load->prot[page] != 0)
			code = space->ops->map(space, remote_at(at), (run - page) * load->page_size,
					       load->prot[page], true, err);
		page = run;
	}
	return code;
}

/* Nothing of ours is mapped, for certain; where this cannot be written it does no harm. */
static void nothing_mapped(struct load *load, struct ulp_space *space)
{
	load->map_start = 0;
	if (load->registry_at)
		(void)!pending_clear(space, load->registry_at, NULL);
}

/* Everything in one piece first, so that nobody comes in between; then what differs over it. */
static enum ulp_code map_at(struct load *load, struct ulp_space *space, uint64_t at,
			    struct ulp_err *err)
{
	enum ulp_code code;

	load->map_start = at;
	load->load_bias = at - load->first_vaddr;
	code = announce(load, space, err);
	if (!code)
		code = space->ops->map(space, remote_at(at), load_map_len(load), PROT_READ, false,
				       err);
	/* A call that was not waited for any longer may still be done. */
	if (code && code != ULP_ESTOP)
		nothing_mapped(load, space);
	if (code)
		return code;
	code = protections_map(load, space, err);
	if (!code)
		code = mark(load, space, err);
	/* The first failure is the one to tell. */
	if (code)
		(void)!load_unmap(load, space, NULL);
	return code;
}

enum ulp_code load_map(struct load *load, struct ulp_space *space, struct ulp_err *err)
{
	struct placement want = {
		.lo = load->target->start,
		.hi = load->target->end,
		.len = load_map_len(load),
		.reach = ULP_REACH,
		.page_size = load->page_size,
	};
	struct ulp_region *regions;
	size_t nr;
	uint64_t at;
	enum ulp_code code = space->ops->regions(space, &regions, &nr, err);

	if (code)
		return code;
	code = ulp_fail(err, ULP_EROOM, "there is no gap of %llu bytes within 2 GiB of %s",
			(unsigned long long)want.len, load->target->soname);
	for (unsigned n = 0; n < MAX_TRIES && code == ULP_EROOM; n++) {
		if (!placement_candidate(&want, regions, nr, n, &at))
			break;
		code = map_at(load, space, at, err);
	}
	free(regions);
	return code;
}

enum ulp_code load_unmap(struct load *load, struct ulp_space *space, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (load->map_start)
		code = space->ops->unmap(space, remote_at(load->map_start), load_map_len(load),
					 err);
	if (code)
		return code;
	if (load->map_start && load->registry_at)
		code = pending_clear(space, load->registry_at, err);
	load->map_start = 0;
	return code;
}

enum ulp_code load_write(struct load *load, struct ulp_space *space, struct ulp_err *err)
{
	enum ulp_code code = load_relocate(load, err);

	if (code)
		return code;
	return space_write(space, load->map_start, load->image, load->image_len, err);
}
