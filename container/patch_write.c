/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one writer of .ulp and .ulp.rev.  Every chunk is encoded into its own
 * buffer, strings being gathered on the way; then the buffers are put one
 * after the other behind header and table of contents.
 */
#include "config.h"

#include "container/patch_frame.h"

#include <stdlib.h>
#include <string.h>

/* A buffer that grows.  Once it fails it stays failed; the end looks at it once. */
struct buf {
	unsigned char *bytes; /* owned */
	size_t len;
	size_t room;
	bool failed;
};

struct writer {
	const struct ulp_patch *patch;
	enum ulp_section section;
	struct buf chunks[ULP_NR_CHUNK_IDS];
	/* Hash table of the strings, open addressing: offsets into STRINGS, 0 for free. */
	uint32_t *slots;
	size_t nr_slots; /* a power of two */
	size_t nr_strings;
};

/* nr zeroed bytes at the end, NULL where there is no memory or too much in it. */
static void *buf_add(struct buf *buf, size_t nr)
{
	if (!buf->failed && buf->room - buf->len < nr) {
		size_t room = buf->room * 2 + nr + 256;
		unsigned char *bytes =
			room <= 4 * (size_t)ULP_FORMAT_MAX_LEN ? realloc(buf->bytes, room) : NULL;

		if (bytes == NULL) {
			buf->failed = true;
		} else {
			buf->bytes = bytes;
			buf->room = room;
		}
	}
	if (buf->failed)
		return NULL;
	buf->len += nr;
	return memset(buf->bytes + buf->len - nr, 0, nr);
}

static void buf_append(struct buf *buf, const void *bytes, size_t nr)
{
	void *to = buf_add(buf, nr);

	if (to != NULL)
		memcpy(to, bytes, nr);
}

/* --- strings -------------------------------------------------------------- */

static void grow_slots(struct writer *w)
{
	const struct buf *strings = &w->chunks[ULP_CHUNK_STRINGS];
	size_t nr_slots = w->nr_slots != 0 ? 2 * w->nr_slots : 64;
	uint32_t *slots = calloc(nr_slots, sizeof(*slots));

	if (slots == NULL) {
		w->chunks[ULP_CHUNK_STRINGS].failed = true;
		return;
	}
	for (size_t i = 0; i < w->nr_slots; i++) {
		const char *s = (const char *)strings->bytes + w->slots[i];
		size_t at;

		if (w->slots[i] == 0)
			continue;
		for (at = ulp_checksum(s, strlen(s)); slots[at % nr_slots] != 0; at++)
			;
		slots[at % nr_slots] = w->slots[i];
	}
	free(w->slots);
	w->slots = slots;
	w->nr_slots = nr_slots;
}

/* Offset of s in STRINGS; each string is kept once. */
static uint32_t add_string(struct writer *w, const char *s)
{
	struct buf *strings = &w->chunks[ULP_CHUNK_STRINGS];
	size_t len = strlen(s);
	uint32_t *slot;
	size_t at;

	if (w->nr_strings * 2 >= w->nr_slots && !strings->failed)
		grow_slots(w);
	if (len == 0 || strings->failed)
		return 0;
	for (at = ulp_checksum(s, len);; at++) {
		slot = &w->slots[at % w->nr_slots];
		if (*slot == 0)
			break;
		if (strcmp((const char *)strings->bytes + *slot, s) == 0)
			return *slot;
	}
	/* buf_add() holds the length below 4 GiB. */
	*slot = (uint32_t)strings->len;
	w->nr_strings++;
	buf_append(strings, s, len + 1);
	return *slot;
}

/* --- records -------------------------------------------------------------- */

static void add_meta(struct writer *w)
{
	struct ulp_wire_meta r = {
		.name = add_string(w, w->patch->name),
		.description = add_string(w, w->patch->description),
		.consistency = w->patch->consistency,
	};

	buf_append(&w->chunks[ULP_CHUNK_META], &r, sizeof(r));
}

static void add_labels(struct writer *w)
{
	for (size_t i = 0; i < w->patch->nr_labels; i++) {
		struct ulp_wire_label r = {.text = add_string(w, w->patch->labels[i])};

		buf_append(&w->chunks[ULP_CHUNK_LABELS], &r, sizeof(r));
	}
}

static void add_target(struct writer *w)
{
	const struct ulp_build_id *id = &w->patch->build_id;
	struct ulp_wire_target r = {
		.soname = add_string(w, w->patch->soname),
		.build_id_len = id->len,
	};

	/* A length that is too large is the reader's to refuse. */
	memcpy(r.build_id, id->bytes, id->len <= sizeof(r.build_id) ? id->len : 0);
	buf_append(&w->chunks[ULP_CHUNK_TARGET], &r, sizeof(r));
}

static void add_functions(struct writer *w)
{
	bool apply = w->section == ULP_SECTION_APPLY;

	for (size_t i = 0; i < w->patch->nr_functions; i++) {
		const struct ulp_function *f = &w->patch->functions[i];
		struct ulp_wire_function r = {
			.old_name = add_string(w, f->old_name),
			.new_name = add_string(w, f->new_name),
			.old_vaddr = f->old_vaddr,
			.old_size = f->old_size,
			.old_checksum = f->old_checksum,
			.entry_vaddr = f->entry_vaddr,
			.word_vaddr = f->word_vaddr,
			.new_vaddr = apply ? f->new_vaddr : 0,
			.new_size = apply ? f->new_size : 0,
			.layout = f->layout,
		};

		memcpy(r.word, f->word, sizeof(r.word));
		buf_append(&w->chunks[ULP_CHUNK_FUNCTIONS], &r, sizeof(r));
	}
}

static void add_imports(struct writer *w)
{
	for (size_t i = 0; i < w->patch->nr_imports; i++) {
		const struct ulp_import *import = &w->patch->imports[i];
		struct ulp_wire_import r = {
			.name = add_string(w, import->name),
			.version = add_string(w, import->version),
			.provider = add_string(w, import->provider),
			.flags = import->flags,
		};

		buf_append(&w->chunks[ULP_CHUNK_IMPORTS], &r, sizeof(r));
	}
}

static void add_references(struct writer *w)
{
	for (size_t i = 0; i < w->patch->nr_references; i++) {
		const struct ulp_reference *reference = &w->patch->references[i];
		struct ulp_wire_reference r = {
			.name = add_string(w, reference->name),
			.type = reference->type,
			.place = reference->place,
			.value = reference->value,
			.addend = reference->addend,
		};

		buf_append(&w->chunks[ULP_CHUNK_REFERENCES], &r, sizeof(r));
	}
}

static void add_relations(struct writer *w)
{
	for (size_t i = 0; i < w->patch->nr_relations; i++) {
		const struct ulp_relation *relation = &w->patch->relations[i];
		struct ulp_wire_relation r = {
			.name = add_string(w, relation->name),
			.kind = relation->kind,
		};

		buf_append(&w->chunks[ULP_CHUNK_RELATIONS], &r, sizeof(r));
	}
}

static void add_accepts(struct writer *w)
{
	for (size_t i = 0; i < w->patch->nr_accepts; i++) {
		const struct ulp_accept *accept = &w->patch->accepts[i];
		struct ulp_wire_accept r = {
			.refusal = add_string(w, accept->refusal),
			.name = add_string(w, accept->name),
			.reason = add_string(w, accept->reason),
		};

		buf_append(&w->chunks[ULP_CHUNK_ACCEPTS], &r, sizeof(r));
	}
}

static void add_guards(struct writer *w)
{
	for (size_t i = 0; i < w->patch->nr_guards; i++) {
		const struct ulp_guard *guard = &w->patch->guards[i];
		struct ulp_wire_guard r = {
			.name = add_string(w, guard->name),
			.vaddr = guard->vaddr,
			.size = guard->size,
		};

		buf_append(&w->chunks[ULP_CHUNK_GUARDS], &r, sizeof(r));
	}
}

/* --- the section ---------------------------------------------------------- */

/* In the order in which the chunks stand in the section. */
static const struct chunk_encoder {
	uint32_t record_len; /* bytes */
	void (*add)(struct writer *w);
	bool in_revert;
} encoders[ULP_NR_CHUNK_IDS] = {
	[ULP_CHUNK_META] = {sizeof(struct ulp_wire_meta), add_meta, true},
	[ULP_CHUNK_LABELS] = {sizeof(struct ulp_wire_label), add_labels, true},
	[ULP_CHUNK_TARGET] = {sizeof(struct ulp_wire_target), add_target, true},
	[ULP_CHUNK_FUNCTIONS] = {sizeof(struct ulp_wire_function), add_functions, true},
	[ULP_CHUNK_IMPORTS] = {sizeof(struct ulp_wire_import), add_imports, false},
	[ULP_CHUNK_REFERENCES] = {sizeof(struct ulp_wire_reference), add_references, false},
	[ULP_CHUNK_STRINGS] = {1, NULL, true}, /* gathered by the others */
	[ULP_CHUNK_RELATIONS] = {sizeof(struct ulp_wire_relation), add_relations, false},
	[ULP_CHUNK_ACCEPTS] = {sizeof(struct ulp_wire_accept), add_accepts, false},
	[ULP_CHUNK_GUARDS] = {sizeof(struct ulp_wire_guard), add_guards, false},
};

static size_t align_up(size_t off)
{
	return (off + ULP_CHUNK_ALIGN - 1) / ULP_CHUNK_ALIGN * ULP_CHUNK_ALIGN;
}

/* Puts table of contents and chunks into out, which holds nothing but the empty header. */
static uint16_t join_chunks(const struct writer *w, struct buf *out)
{
	uint16_t nr_chunks = 0;
	size_t off;
	size_t row_at = out->len;

	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++)
		if (w->chunks[id].len != 0)
			nr_chunks++;
	off = row_at + nr_chunks * sizeof(struct ulp_wire_chunk);
	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++) {
		struct ulp_wire_chunk row = {
			.id = (uint32_t)id,
			.record_len = encoders[id].record_len,
			.off = (uint32_t)align_up(off),
			.len = (uint32_t)w->chunks[id].len,
		};

		if (row.len == 0)
			continue;
		buf_append(out, &row, sizeof(row));
		off = row.off + row.len;
	}
	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++) {
		if (w->chunks[id].len == 0)
			continue;
		buf_add(out, align_up(out->len) - out->len);
		buf_append(out, w->chunks[id].bytes, w->chunks[id].len);
	}
	return nr_chunks;
}

static uint16_t version_needed(const struct writer *w)
{
	bool has[ULP_NR_CHUNK_IDS];

	for (size_t id = 0; id < ULP_NR_CHUNK_IDS; id++)
		has[id] = w->chunks[id].len != 0;
	return ulp_version_needed(has, w->patch->consistency);
}

static void finish_header(const struct writer *w, struct buf *out, uint16_t nr_chunks)
{
	struct ulp_wire_header h = {
		.version = version_needed(w),
		.header_len = sizeof(h),
		.machine = w->patch->machine,
		.nr_chunks = nr_chunks,
		.total_len = (uint32_t)out->len,
		.checksum = ulp_checksum(out->bytes + sizeof(h), out->len - sizeof(h)),
	};

	memcpy(h.magic, w->section == ULP_SECTION_APPLY ? ULP_MAGIC : ULP_REV_MAGIC,
	       sizeof(h.magic));
	memcpy(out->bytes, &h, sizeof(h));
}

/* false: out of memory, or too much for a section. */
static bool encode(struct writer *w, struct buf *out)
{
	uint16_t nr_chunks;

	buf_add(&w->chunks[ULP_CHUNK_STRINGS], 1); /* the empty string */
	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++)
		if (encoders[id].add != NULL &&
		    (w->section == ULP_SECTION_APPLY || encoders[id].in_revert))
			encoders[id].add(w);
	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++)
		if (w->chunks[id].failed)
			return false;
	buf_add(out, sizeof(struct ulp_wire_header));
	nr_chunks = join_chunks(w, out);
	if (!out->failed)
		finish_header(w, out, nr_chunks);
	return !out->failed;
}

/* The reader is the judge of what may be written. */
static enum ulp_code check_readable(const struct buf *out, enum ulp_section section,
				    struct ulp_err *err)
{
	struct ulp_patch patch;
	enum ulp_code code = ulp_patch_read(out->bytes, out->len, section, &patch, err);

	if (code == ULP_OK)
		ulp_patch_deinit(&patch);
	return code;
}

enum ulp_code ulp_patch_write(const struct ulp_patch *patch, enum ulp_section section, void **bytes,
			      size_t *len, struct ulp_err *err)
{
	struct writer w = {.patch = patch, .section = section};
	struct buf out = {0};
	enum ulp_code code;

	if (encode(&w, &out))
		code = check_readable(&out, section, err);
	else
		code = ulp_fail(err, ULP_ENOMEM, "no memory for the section %s",
				ulp_section_name(section));
	for (size_t id = 1; id < ULP_NR_CHUNK_IDS; id++)
		free(w.chunks[id].bytes);
	free(w.slots);
	if (code != ULP_OK) {
		free(out.bytes);
		return code;
	}
	*bytes = out.bytes;
	*len = out.len;
	return ULP_OK;
}
