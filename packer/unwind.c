/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unwind information of the functions that come along: .eh_frame is a list of
 * CIEs (common: the personality routine) and FDEs (one a function: its
 * language-specific data).  The linker drops the FDEs of the others.
 * Linux Standard Base, "Exception Frames".
 */
#include "config.h"

#include "packer/select.h"

#include <string.h>

/* One record: [start, end) in the section, the length field included. */
struct record {
	uint64_t start, end;
	uint32_t id; /* 0: a CIE; else the distance from this field back to the CIE */
};

#define ID_OFF 4u	/* behind the length */
#define PC_BEGIN_OFF 8u /* of an FDE */

static bool record_at(const struct object_section *s, uint64_t off, struct record *r)
{
	uint32_t len;

	if (off + 8 > s->len)
		return false;
	memcpy(&len, s->bytes + off, sizeof(len));
	memcpy(&r->id, s->bytes + off + ID_OFF, sizeof(r->id));
	r->start = off;
	r->end = off + 4 + len;
	/* A length of 0 ends the list; 64-bit records (0xffffffff) are not used for code. */
	return len >= 4 && r->end <= s->len;
}

/* Follows all relocations of a record but the FDE's reference to its function. */
static enum ulp_code follow(struct selection *sel, struct object *object, size_t i,
			    const struct record *r, struct ulp_err *err)
{
	struct object_section *s = &object->sections[i];

	for (size_t k = 0; k < s->nr_relocs; k++) {
		struct object_reloc *reloc = &s->relocs[k];
		enum ulp_code code;

		if (reloc->off < r->start || reloc->off >= r->end ||
		    (r->id && reloc->off == r->start + PC_BEGIN_OFF))
			continue;
		code = selection_relocate(sel, object, i, reloc, err);
		if (code)
			return code;
	}
	return ULP_OK;
}

static bool is_kept(const struct object *object, const struct object_section *s,
		    const struct record *r)
{
	for (size_t k = 0; k < s->nr_relocs; k++) {
		const struct object_section *of;

		if (s->relocs[k].off != r->start + PC_BEGIN_OFF)
			continue;
		of = object_symbol_section(object, s->relocs[k].symbol);
		return of && of->kept;
	}
	return false;
}

static enum ulp_code walk(struct selection *sel, struct object *object, size_t i,
			  struct ulp_err *err)
{
	const struct object_section *s = &object->sections[i];
	struct record r, cie;

	for (uint64_t off = 0; record_at(s, off, &r); off = r.end) {
		enum ulp_code code;

		if (!r.id || !is_kept(object, s, &r))
			continue;
		code = follow(sel, object, i, &r, err);
		if (!code && r.id <= r.start + ID_OFF &&
		    record_at(s, r.start + ID_OFF - r.id, &cie))
			code = follow(sel, object, i, &cie, err);
		if (code)
			return code;
	}
	return ULP_OK;
}

static size_t count_kept(const struct selection *sel)
{
	size_t nr = 0;

	for (size_t i = 0; i < sel->nr_objects; i++)
		for (size_t k = 0; k < sel->objects[i].nr_sections; k++)
			nr += sel->objects[i].sections[k].kept;
	return nr;
}

enum ulp_code selection_unwind(struct selection *sel, struct object *object, bool *more,
			       struct ulp_err *err)
{
	for (size_t i = 1; i < object->nr_sections; i++) {
		size_t before;
		enum ulp_code code;

		if (object->sections[i].class != SECTION_UNWIND)
			continue;
		object->sections[i].kept = true;
		before = count_kept(sel);
		code = walk(sel, object, i, err);
		if (code)
			return code;
		*more |= count_kept(sel) != before;
	}
	return ULP_OK;
}
