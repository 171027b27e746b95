/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading a container into a target: its memory image is made and relocated
 * here, in the tool, and then written; the target executes nothing of it.
 *
 *   map_start                                              map_start + map_len
 *   | container's segments, at load_bias + vaddr | registry record (read-write) |
 *
 * load_init() and load_resolve() need only reads; load_map() maps, load_write()
 * relocates for the place that was found and writes.
 */
#ifndef ULP_ENGINE_LOAD_H
#define ULP_ENGINE_LOAD_H

#include "container/container.h"
#include "engine/registry_format.h"
#include "engine/symbols.h"

struct load {
	const struct ulp_container *container; /* borrowed */
	const struct ulp_object *target;       /* borrowed */
	uint8_t *image;			       /* the segments, from first_vaddr on; owned */
	uint8_t *prot;			       /* PROT_* of each page of the mapping; owned */
	uint64_t first_vaddr;		       /* of the container, page-aligned */
	uint64_t image_len;		       /* bytes, whole pages */
	uint64_t record_len;		       /* bytes, whole pages */
	uint64_t page_size;
	uint64_t *import_values; /* one for each import of the patch; owned */
	uint64_t map_start;	 /* 0 until mapped; after a failure: what may be mapped */
	uint64_t load_bias;
	/*
	 * Address of the registry whose `pending` names the mapping as long as it is there
	 * (engine/pending.h), 0 for none.  Set by the caller before load_map().
	 */
	uint64_t registry_at;
};

/*
 * Lays out the container's segments and its record of record_len bytes.
 * Errors: ULP_EFORMAT (segments that make no sense), ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code load_init(struct load *load, const struct ulp_container *c,
				       const struct ulp_object *target, uint64_t record_len,
				       long page_size, struct ulp_err *err);
void load_deinit(struct load *load);

/* Binds the imports; makes the target's scope the local one.  Errors: those of binding_find(). */
ULP_MUST_CHECK enum ulp_code load_resolve(struct load *load, struct reader *r,
					  struct ulp_objects *objects, struct ulp_err *err);

/*
 * Finds room near the target and maps it.  Errors: ULP_EROOM, and those of
 * mapping.  After a failure nothing of ours is mapped, nor announced, unless map_start says
 * that it may be.
 */
ULP_MUST_CHECK enum ulp_code load_map(struct load *load, struct ulp_space *space,
				      struct ulp_err *err);

/* What load_resolve() has bound, as one number: equal if all addresses are. */
uint64_t load_imports_sum(const struct load *load);

/* Whether the container has data of its own that its code can change. */
bool load_has_data(const struct load *load);

/* Takes the mapping out again.  Does nothing if there is none; on failure it is as before. */
ULP_MUST_CHECK enum ulp_code load_unmap(struct load *load, struct ulp_space *space,
					struct ulp_err *err);

/*
 * Relocates the image for load_bias and writes it.  Errors: ULP_ERELOC,
 * ULP_EFORMAT, and those of writing.
 */
ULP_MUST_CHECK enum ulp_code load_write(struct load *load, struct ulp_space *space,
					struct ulp_err *err);

/* Address of the registry record. */
static inline uint64_t load_record_at(const struct load *load)
{
	return load->map_start + load->image_len;
}

static inline uint64_t load_map_len(const struct load *load)
{
	return load->image_len + load->record_len;
}

/* What the registry's `pending` says of the mapping. */
static inline struct ulp_reg_pending load_pending(const struct load *load)
{
	return (struct ulp_reg_pending){
		.start = load->map_start,
		.record = load_record_at(load),
		.len = load_map_len(load),
	};
}

/* Where a vaddr of the container is in the target. */
static inline uint64_t load_addr(const struct load *load, uint64_t vaddr)
{
	return load->load_bias + vaddr;
}

#endif
