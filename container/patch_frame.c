/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the frame of .ulp and .ulp.rev. */
#include "config.h"

#include "container/patch_frame.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "records are copied as they are; a big-endian host needs a swap here");

/* Every chunk that is there has at least one record. */
struct chunk_rule {
	const char *name;
	uint32_t record_len; /* bytes */
	uint32_t max;	     /* records */
	bool required;
	bool in_revert; /* may stand in .ulp.rev */
	uint16_t since; /* version of the format */
};

static const struct chunk_rule chunk_rules[ULP_NR_CHUNK_IDS] = {
	[ULP_CHUNK_META] = {"META", sizeof(struct ulp_wire_meta), 1, true, true, 1},
	[ULP_CHUNK_LABELS] = {"LABELS", sizeof(struct ulp_wire_label), UINT32_MAX, false, true, 1},
	[ULP_CHUNK_TARGET] = {"TARGET", sizeof(struct ulp_wire_target), 1, true, true, 1},
	[ULP_CHUNK_FUNCTIONS] = {"FUNCTIONS", sizeof(struct ulp_wire_function), UINT32_MAX, true,
				 true, 1},
	[ULP_CHUNK_IMPORTS] = {"IMPORTS", sizeof(struct ulp_wire_import), UINT32_MAX, false, false,
			       1},
	[ULP_CHUNK_REFERENCES] = {"REFERENCES", sizeof(struct ulp_wire_reference), UINT32_MAX,
				  false, false, 1},
	[ULP_CHUNK_STRINGS] = {"STRINGS", 1, UINT32_MAX, true, true, 1},
	[ULP_CHUNK_RELATIONS] = {"RELATIONS", sizeof(struct ulp_wire_relation), ULP_MAX_RELATIONS,
				 false, false, 2},
	[ULP_CHUNK_ACCEPTS] = {"ACCEPTS", sizeof(struct ulp_wire_accept), ULP_MAX_ACCEPTS, false,
			       false, 2},
	[ULP_CHUNK_GUARDS] = {"GUARDS", sizeof(struct ulp_wire_guard), UINT32_MAX, false, false, 2},
};

#define LIBRARY_SINCE 2u /* version of the format that has ULP_CONSISTENCY_LIBRARY */

/* How the two sections differ, as far as the frame goes. */
static const struct section_rule {
	const char *name;
	const char *magic;
} section_rules[] = {
	[ULP_SECTION_APPLY] = {ULP_SECTION, ULP_MAGIC},
	[ULP_SECTION_REVERT] = {ULP_REV_SECTION, ULP_REV_MAGIC},
};

uint16_t ulp_version_needed(const bool has[ULP_NR_CHUNK_IDS], enum ulp_consistency consistency)
{
	uint16_t version =
		consistency == ULP_CONSISTENCY_LIBRARY ? LIBRARY_SINCE : ULP_FORMAT_OLDEST;

	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++)
		if (has[id] && chunk_rules[id].since > version)
			version = chunk_rules[id].since;
	return version;
}

const char *ulp_section_name(enum ulp_section section)
{
	return section_rules[section].name;
}

enum ulp_code ulp_frame_fail(const struct ulp_frame *frame, struct ulp_err *err, enum ulp_code code,
			     size_t off, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)ulp_vfail(err, code, fmt, args);
	va_end(args);
	ulp_err_at(err, "%s+0x%zx", ulp_section_name(frame->section), off);
	return code;
}

static enum ulp_code check_lengths(const struct ulp_frame *f, const struct ulp_wire_header *h,
				   struct ulp_err *err)
{
	if (h->header_len != sizeof(*h))
		return ulp_frame_fail(
			f, err, ULP_EFORMAT, offsetof(struct ulp_wire_header, header_len),
			"the header's length is %u, not %zu", h->header_len, sizeof(*h));
	if (h->total_len != f->len)
		return ulp_frame_fail(
			f, err, ULP_EFORMAT, offsetof(struct ulp_wire_header, total_len),
			"the section has %zu bytes where its header says %u", f->len, h->total_len);
	if (h->reserved != 0)
		return ulp_frame_fail(f, err, ULP_EFORMAT,
				      offsetof(struct ulp_wire_header, reserved),
				      "a reserved field is not 0");
	return ULP_OK;
}

static enum ulp_code read_header(struct ulp_frame *f, struct ulp_wire_header *h,
				 struct ulp_err *err)
{
	const char *magic = section_rules[f->section].magic;
	enum ulp_code code;

	if (f->len > ULP_FORMAT_MAX_LEN)
		return ulp_frame_fail(f, err, ULP_EFORMAT, 0,
				      "the section has %zu bytes; %u are the most", f->len,
				      ULP_FORMAT_MAX_LEN);
	if (f->len < sizeof(*h))
		return ulp_frame_fail(f, err, ULP_EFORMAT, f->len,
				      "the section ends inside its header");
	memcpy(h, f->bytes, sizeof(*h));
	if (memcmp(h->magic, magic, sizeof(h->magic)) != 0)
		return ulp_frame_fail(f, err, ULP_EFORMAT, 0,
				      "the section does not begin with \"%s\"", magic);
	if (h->version < ULP_FORMAT_OLDEST || h->version > ULP_FORMAT_VERSION)
		return ulp_frame_fail(f, err, ULP_EVERSION,
				      offsetof(struct ulp_wire_header, version),
				      "version %u of the container format; this program knows %d "
				      "to %d",
				      h->version, ULP_FORMAT_OLDEST, ULP_FORMAT_VERSION);
	f->version = h->version;
	code = check_lengths(f, h, err);
	if (code != ULP_OK)
		return code;
	if (h->checksum != ulp_checksum(f->bytes + sizeof(*h), f->len - sizeof(*h)))
		return ulp_frame_fail(f, err, ULP_EFORMAT,
				      offsetof(struct ulp_wire_header, checksum),
				      "the checksum does not match the content");
	f->machine = ulp_machine_find(h->machine);
	if (f->machine == NULL)
		return ulp_frame_fail(f, err, ULP_EARCH, offsetof(struct ulp_wire_header, machine),
				      "made for machine %u, which this program does not know",
				      h->machine);
	return ULP_OK;
}

/* What the row at offset `at` says about itself. */
static enum ulp_code check_row(const struct ulp_frame *f, const struct ulp_wire_chunk *row,
			       size_t at, struct ulp_err *err)
{
	const struct chunk_rule *rule;

	if (row->id == 0 || row->id >= ULP_NR_CHUNK_IDS)
		return ulp_frame_fail(f, err, ULP_EFORMAT, at, "unknown chunk %u", row->id);
	rule = &chunk_rules[row->id];
	if (f->section == ULP_SECTION_REVERT && !rule->in_revert)
		return ulp_frame_fail(f, err, ULP_EFORMAT, at, "chunk %s does not belong here",
				      rule->name);
	if (f->chunks[row->id].len != 0)
		return ulp_frame_fail(f, err, ULP_EFORMAT, at, "a second chunk %s", rule->name);
	if (row->record_len != rule->record_len)
		return ulp_frame_fail(f, err, ULP_EFORMAT,
				      at + offsetof(struct ulp_wire_chunk, record_len),
				      "the records of %s have %u bytes, not %u", rule->name,
				      row->record_len, rule->record_len);
	if (row->len == 0 || row->len % rule->record_len != 0 ||
	    row->len / rule->record_len > rule->max)
		return ulp_frame_fail(f, err, ULP_EFORMAT,
				      at + offsetof(struct ulp_wire_chunk, len),
				      "%u bytes are no right length for %s", row->len, rule->name);
	return ULP_OK;
}

/*
 * Chunks lie in the order of their rows, without a gap but for the padding to
 * the next multiple of 8, which is zero.  So they cannot overlap, and no byte
 * of the section is without a meaning.  *end: of the chunk before, in and out.
 */
static enum ulp_code check_place(const struct ulp_frame *f, const struct ulp_wire_chunk *row,
				 size_t at, size_t *end, struct ulp_err *err)
{
	size_t off_at = at + offsetof(struct ulp_wire_chunk, off);
	size_t start = (*end + ULP_CHUNK_ALIGN - 1) / ULP_CHUNK_ALIGN * ULP_CHUNK_ALIGN;
	const char *name = chunk_rules[row->id].name;

	if (row->off % ULP_CHUNK_ALIGN != 0)
		return ulp_frame_fail(f, err, ULP_EFORMAT, off_at,
				      "%s does not start at a multiple of %u", name,
				      ULP_CHUNK_ALIGN);
	if (row->off < start)
		return ulp_frame_fail(f, err, ULP_EFORMAT, off_at, "%s overlaps what is before it",
				      name);
	if (row->off > f->len || row->len > f->len - row->off)
		return ulp_frame_fail(f, err, ULP_EFORMAT, off_at,
				      "%s reaches past the end of the section", name);
	if (row->off > start)
		return ulp_frame_fail(f, err, ULP_EFORMAT, off_at, "a gap before %s", name);
	for (size_t i = *end; i < start; i++)
		if (f->bytes[i] != 0)
			return ulp_frame_fail(f, err, ULP_EFORMAT, i,
					      "the padding before %s is not zero", name);
	*end = (size_t)row->off + row->len;
	return ULP_OK;
}

static enum ulp_code check_complete(const struct ulp_frame *f, size_t end, struct ulp_err *err)
{
	if (end != f->len)
		return ulp_frame_fail(f, err, ULP_EFORMAT, end, "%zu bytes that belong to no chunk",
				      f->len - end);
	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++)
		if (chunk_rules[id].required && f->chunks[id].len == 0)
			return ulp_frame_fail(f, err, ULP_EFORMAT, sizeof(struct ulp_wire_header),
					      "there is no chunk %s", chunk_rules[id].name);
	return ULP_OK;
}

static enum ulp_code read_table(struct ulp_frame *f, size_t nr_rows, struct ulp_err *err)
{
	size_t at = sizeof(struct ulp_wire_header);
	size_t end = at + nr_rows * sizeof(struct ulp_wire_chunk);

	if (end > f->len)
		return ulp_frame_fail(
			f, err, ULP_EFORMAT, offsetof(struct ulp_wire_header, nr_chunks),
			"a table of %zu chunks reaches past the end of the section", nr_rows);
	for (size_t i = 0; i < nr_rows; i++, at += sizeof(struct ulp_wire_chunk)) {
		struct ulp_wire_chunk row;
		enum ulp_code code;

		memcpy(&row, f->bytes + at, sizeof(row));
		code = check_row(f, &row, at, err);
		if (code == ULP_OK)
			code = check_place(f, &row, at, &end, err);
		if (code != ULP_OK)
			return code;
		f->chunks[row.id] = (struct ulp_chunk){row.off, row.len,
						       row.len / chunk_rules[row.id].record_len};
	}
	return check_complete(f, end, err);
}

enum ulp_code ulp_frame_read(const void *bytes, size_t len, enum ulp_section section,
			     struct ulp_frame *frame, struct ulp_err *err)
{
	struct ulp_frame f = {.bytes = bytes, .len = len, .section = section};
	struct ulp_wire_header header = {0};
	enum ulp_code code;

	code = read_header(&f, &header, err);
	if (code == ULP_OK)
		code = read_table(&f, header.nr_chunks, err);
	if (code == ULP_OK)
		*frame = f;
	return code;
}
