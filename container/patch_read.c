/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one reader of .ulp and .ulp.rev.  The frame comes first (patch_frame.c),
 * then one block of memory for everything, then record by record into it.  The
 * caller sees nothing of a section that fails anywhere.
 */
#include "config.h"

#include "container/patch_reader.h"

#include <stdlib.h>
#include <string.h>

void patch_copy_record(const struct patch_reader *r, enum ulp_chunk_id id, size_t i, void *record,
		       size_t len)
{
	memcpy(record, r->frame.bytes + r->frame.chunks[id].off + i * len, len);
}

/*
 * One block for all, what needs the widest alignment first, the strings last.
 * The counts are bounded by the section's length (ULP_FORMAT_MAX_LEN), so no sum
 * of these can overflow.
 */
static enum ulp_code allocate(struct patch_reader *r)
{
	const struct ulp_chunk *chunks = r->frame.chunks;
	const struct ulp_chunk *strings = &chunks[ULP_CHUNK_STRINGS];
	struct ulp_patch *p = &r->patch;
	unsigned char *block;

	p->nr_functions = chunks[ULP_CHUNK_FUNCTIONS].nr;
	p->nr_imports = chunks[ULP_CHUNK_IMPORTS].nr;
	p->nr_references = chunks[ULP_CHUNK_REFERENCES].nr;
	p->nr_labels = chunks[ULP_CHUNK_LABELS].nr;
	p->nr_relations = chunks[ULP_CHUNK_RELATIONS].nr;
	p->nr_accepts = chunks[ULP_CHUNK_ACCEPTS].nr;
	p->nr_guards = chunks[ULP_CHUNK_GUARDS].nr;
	block = malloc(
		p->nr_functions * sizeof(*p->functions) + p->nr_imports * sizeof(*p->imports) +
		p->nr_references * sizeof(*p->references) + p->nr_guards * sizeof(*p->guards) +
		p->nr_relations * sizeof(*p->relations) + p->nr_accepts * sizeof(*p->accepts) +
		p->nr_labels * sizeof(*p->labels) + strings->len);
	if (block == NULL)
		return ulp_fail(r->err, ULP_ENOMEM, "no memory for the container's records");

	p->storage = block;
	p->functions = (struct ulp_function *)block;
	p->imports = (struct ulp_import *)(p->functions + p->nr_functions);
	p->references = (struct ulp_reference *)(p->imports + p->nr_imports);
	p->guards = (struct ulp_guard *)(p->references + p->nr_references);
	p->relations = (struct ulp_relation *)(p->guards + p->nr_guards);
	p->accepts = (struct ulp_accept *)(p->relations + p->nr_relations);
	p->labels = (const char **)(p->accepts + p->nr_accepts);
	r->strings = memcpy(p->labels + p->nr_labels, r->frame.bytes + strings->off, strings->len);
	return ULP_OK;
}

/* --- strings -------------------------------------------------------------- */

/*
 * A chunk that starts and ends with a NUL has no string that is not
 * terminated.  No control characters: strings go to terminals and into
 * line-wise logs.  Only the description may have several lines.  All of it is
 * looked at once, here, so that many records with one long string cost nothing.
 */
static enum ulp_code check_strings(struct patch_reader *r)
{
	const struct ulp_chunk *chunk = &r->frame.chunks[ULP_CHUNK_STRINGS];
	struct ulp_wire_meta meta;
	uint32_t start = 0;

	patch_copy_record(r, ULP_CHUNK_META, 0, &meta, sizeof(meta));
	if (r->strings[0] != '\0')
		return DAMAGED(r, chunk->off, "STRINGS does not start with the empty string");
	if (r->strings[chunk->len - 1] != '\0')
		return DAMAGED(r, chunk->off + chunk->len - 1, "the last string is not terminated");
	for (uint32_t i = 0; i < chunk->len; i++) {
		unsigned char c = (unsigned char)r->strings[i];

		if (c == '\0') {
			start = i + 1;
		} else if ((c == '\t' || c == '\n') && start == meta.description) {
			r->multiline = start;
		} else if (c < 0x20 || c == 0x7f) {
			return DAMAGED(r, chunk->off + i, "a string holds a control character");
		}
	}
	return ULP_OK;
}

enum ulp_code patch_read_string(const struct patch_reader *r, uint32_t string, size_t at,
				enum patch_string rule, const char **ret)
{
	if (string >= r->frame.chunks[ULP_CHUNK_STRINGS].len)
		return DAMAGED(r, at, "string 0x%x is past the end of STRINGS", string);
	if (string != 0 && r->strings[string - 1] != '\0')
		return DAMAGED(r, at, "string 0x%x starts inside another one", string);
	if (rule == PATCH_STRING_REQUIRED && r->strings[string] == '\0')
		return DAMAGED(r, at, "a name that must not be empty is");
	if (rule != PATCH_STRING_MULTILINE && string != 0 && string == r->multiline)
		return DAMAGED(r, at, "a name of several lines");
	*ret = r->strings + string;
	return ULP_OK;
}

/* --- records -------------------------------------------------------------- */

static enum ulp_code read_meta(struct patch_reader *r, size_t i)
{
	enum ulp_code code;
	struct ulp_wire_meta w;

	patch_copy_record(r, ULP_CHUNK_META, i, &w, sizeof(w));
	code = READ_STRING(r, ULP_CHUNK_META, ulp_wire_meta, name, i, PATCH_STRING_REQUIRED,
			   &r->patch.name);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_META, ulp_wire_meta, description, i,
				   PATCH_STRING_MULTILINE, &r->patch.description);
	if (code != ULP_OK)
		return code;
	if (w.consistency >= ULP_NR_CONSISTENCIES)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_META, ulp_wire_meta, consistency, i),
			       "unknown consistency %u", w.consistency);
	if (w.reserved != 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_META, ulp_wire_meta, reserved, i),
			       "a reserved field is not 0");
	r->patch.consistency = w.consistency;
	return ULP_OK;
}

/* Nothing that the section's version does not have, and no higher version than it needs. */
static enum ulp_code check_version(struct patch_reader *r)
{
	bool has[ULP_NR_CHUNK_IDS];
	uint16_t needed;

	for (size_t id = 0; id < ULP_NR_CHUNK_IDS; id++)
		has[id] = r->frame.chunks[id].len != 0;
	needed = ulp_version_needed(has, r->patch.consistency);
	if (r->frame.version != needed)
		return DAMAGED(r, offsetof(struct ulp_wire_header, version),
			       "version %u, but what it holds is of version %u", r->frame.version,
			       needed);
	return ULP_OK;
}

static enum ulp_code read_label(struct patch_reader *r, size_t i)
{
	struct ulp_wire_label w;

	patch_copy_record(r, ULP_CHUNK_LABELS, i, &w, sizeof(w));
	return READ_STRING(r, ULP_CHUNK_LABELS, ulp_wire_label, text, i, PATCH_STRING_REQUIRED,
			   &r->patch.labels[i]);
}

static enum ulp_code read_target(struct patch_reader *r, size_t i)
{
	size_t bytes_at = MEMBER_AT(r, ULP_CHUNK_TARGET, ulp_wire_target, build_id, i);
	enum ulp_code code;
	struct ulp_wire_target w;

	patch_copy_record(r, ULP_CHUNK_TARGET, i, &w, sizeof(w));
	code = READ_STRING(r, ULP_CHUNK_TARGET, ulp_wire_target, soname, i, PATCH_STRING_REQUIRED,
			   &r->patch.soname);
	if (code != ULP_OK)
		return code;
	if (w.build_id_len == 0 || w.build_id_len > ULP_BUILD_ID_MAX)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_TARGET, ulp_wire_target, build_id_len, i),
			       "a build ID of %u bytes", w.build_id_len);
	for (size_t k = w.build_id_len; k < ULP_BUILD_ID_MAX; k++)
		if (w.build_id[k] != 0)
			return DAMAGED(r, bytes_at + k, "bytes after the end of the build ID");
	r->patch.build_id.len = w.build_id_len;
	memcpy(r->patch.build_id.bytes, w.build_id, ULP_BUILD_ID_MAX);
	return ULP_OK;
}

static enum ulp_code read_import(struct patch_reader *r, size_t i)
{
	struct ulp_import *import = &r->patch.imports[i];
	struct ulp_wire_import w;
	enum ulp_code code;

	patch_copy_record(r, ULP_CHUNK_IMPORTS, i, &w, sizeof(w));
	code = READ_STRING(r, ULP_CHUNK_IMPORTS, ulp_wire_import, name, i, PATCH_STRING_REQUIRED,
			   &import->name);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_IMPORTS, ulp_wire_import, version, i,
				   PATCH_STRING_ANY, &import->version);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_IMPORTS, ulp_wire_import, provider, i,
				   PATCH_STRING_ANY, &import->provider);
	if (code != ULP_OK)
		return code;
	if ((w.flags & ~ULP_IMPORT_WEAK) != 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_IMPORTS, ulp_wire_import, flags, i),
			       "unknown flags 0x%x of an import", w.flags);
	import->flags = w.flags;
	return ULP_OK;
}

static enum ulp_code read_reference(struct patch_reader *r, size_t i)
{
	struct ulp_reference *reference = &r->patch.references[i];
	struct ulp_wire_reference w;
	enum ulp_code code;

	patch_copy_record(r, ULP_CHUNK_REFERENCES, i, &w, sizeof(w));
	code = READ_STRING(r, ULP_CHUNK_REFERENCES, ulp_wire_reference, name, i,
			   PATCH_STRING_REQUIRED, &reference->name);
	if (code != ULP_OK)
		return code;
	reference->type = w.type;
	reference->place = w.place;
	reference->value = w.value;
	reference->addend = w.addend;
	return ULP_OK;
}

/* Compared with all before it; their number and length are bounded. */
static enum ulp_code check_relation(const struct patch_reader *r, size_t i)
{
	const struct ulp_relation *relations = r->patch.relations;
	size_t at = MEMBER_AT(r, ULP_CHUNK_RELATIONS, ulp_wire_relation, name, i);
	const char *name = relations[i].name;

	if (strnlen(name, ULP_PATCH_NAME_MAX + 1) > ULP_PATCH_NAME_MAX)
		return DAMAGED(r, at, "the name of a patch has more than %u bytes",
			       ULP_PATCH_NAME_MAX);
	if (strcmp(name, r->patch.name) == 0)
		return DAMAGED(r, at, "the patch names itself in '%s'",
			       ulp_relation_word(relations[i].kind));
	for (size_t k = 0; k < i; k++)
		if (strcmp(name, relations[k].name) == 0)
			return DAMAGED(r, at,
				       "'%.100s' is named twice among the patches that this "
				       "one requires, supersedes or conflicts with",
				       name);
	return ULP_OK;
}

static enum ulp_code read_relation(struct patch_reader *r, size_t i)
{
	struct ulp_relation *relation = &r->patch.relations[i];
	struct ulp_wire_relation w;
	enum ulp_code code;

	patch_copy_record(r, ULP_CHUNK_RELATIONS, i, &w, sizeof(w));
	if (w.kind == 0 || w.kind >= ULP_NR_RELATION_KINDS)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_RELATIONS, ulp_wire_relation, kind, i),
			       "unknown kind %u of a relation", w.kind);
	relation->kind = w.kind;
	code = READ_STRING(r, ULP_CHUNK_RELATIONS, ulp_wire_relation, name, i,
			   PATCH_STRING_REQUIRED, &relation->name);
	return code != ULP_OK ? code : check_relation(r, i);
}

static enum ulp_code read_accept(struct patch_reader *r, size_t i)
{
	struct ulp_accept *accept = &r->patch.accepts[i];
	struct ulp_wire_accept w;
	enum ulp_code code;

	patch_copy_record(r, ULP_CHUNK_ACCEPTS, i, &w, sizeof(w));
	code = READ_STRING(r, ULP_CHUNK_ACCEPTS, ulp_wire_accept, refusal, i, PATCH_STRING_REQUIRED,
			   &accept->refusal);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_ACCEPTS, ulp_wire_accept, name, i,
				   PATCH_STRING_REQUIRED, &accept->name);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_ACCEPTS, ulp_wire_accept, reason, i,
				   PATCH_STRING_REQUIRED, &accept->reason);
	return code;
}

static enum ulp_code read_guard(struct patch_reader *r, size_t i)
{
	struct ulp_guard *guard = &r->patch.guards[i];
	struct ulp_wire_guard w;

	patch_copy_record(r, ULP_CHUNK_GUARDS, i, &w, sizeof(w));
	if (w.reserved != 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_GUARDS, ulp_wire_guard, reserved, i),
			       "a reserved field is not zero");
	if (w.size == 0 || w.vaddr + w.size < w.vaddr)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_GUARDS, ulp_wire_guard, size, i),
			       "%llu bytes are no right size for a guard",
			       (unsigned long long)w.size);
	guard->vaddr = w.vaddr;
	guard->size = w.size;
	return READ_STRING(r, ULP_CHUNK_GUARDS, ulp_wire_guard, name, i, PATCH_STRING_REQUIRED,
			   &guard->name);
}

/* --- all ------------------------------------------------------------------ */

/* In this order: what is wrong first is what is told. */
static const struct {
	enum ulp_chunk_id chunk;
	enum ulp_code (*read)(struct patch_reader *r, size_t i); /* each record */
	enum ulp_code (*check)(struct patch_reader *r);		 /* then all of them; or NULL */
} chunk_steps[] = {
	{ULP_CHUNK_META, read_meta, check_version},
	{ULP_CHUNK_LABELS, read_label, NULL},
	{ULP_CHUNK_TARGET, read_target, NULL},
	{ULP_CHUNK_FUNCTIONS, patch_read_function, patch_check_functions},
	{ULP_CHUNK_IMPORTS, read_import, NULL},
	{ULP_CHUNK_REFERENCES, read_reference, NULL},
	{ULP_CHUNK_RELATIONS, read_relation, NULL},
	{ULP_CHUNK_ACCEPTS, read_accept, NULL},
	{ULP_CHUNK_GUARDS, read_guard, NULL},
};

static enum ulp_code read_chunks(struct patch_reader *r)
{
	enum ulp_code code = ULP_OK;

	for (size_t k = 0; k < sizeof(chunk_steps) / sizeof(chunk_steps[0]); k++) {
		const uint32_t nr = r->frame.chunks[chunk_steps[k].chunk].nr;

		for (size_t i = 0; i < nr && code == ULP_OK; i++)
			code = chunk_steps[k].read(r, i);
		if (code == ULP_OK && chunk_steps[k].check)
			code = chunk_steps[k].check(r);
		if (code != ULP_OK)
			break;
	}
	return code;
}

enum ulp_code ulp_patch_read(const void *bytes, size_t len, enum ulp_section section,
			     struct ulp_patch *patch, struct ulp_err *err)
{
	struct patch_reader r = {.err = err};
	enum ulp_code code = ulp_frame_read(bytes, len, section, &r.frame, err);

	if (code == ULP_OK)
		code = allocate(&r);
	if (code == ULP_OK)
		code = check_strings(&r);
	if (code == ULP_OK)
		code = read_chunks(&r);
	if (code != ULP_OK) {
		ulp_patch_deinit(&r.patch);
		return code;
	}
	r.patch.machine = r.frame.machine->e_machine;
	*patch = r.patch;
	return ULP_OK;
}
