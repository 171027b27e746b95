/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one reader of .ulp and .ulp.rev.  The frame comes first (patch_frame.c),
 * then one block of memory for everything, then record by record into it.  The
 * caller sees nothing of a section that fails anywhere.
 */
#include "config.h"

#include "container/patch_frame.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct ulp_frame frame;
	struct ulp_err *err;
	const char *strings; /* the copy in patch.storage */
	uint32_t multiline;  /* offset of the description if it has several lines, else 0 */
	struct ulp_patch patch;
};

#define DAMAGED(r, off, ...) ulp_frame_fail(&(r)->frame, (r)->err, ULP_EFORMAT, off, __VA_ARGS__)

/* What is asked of a string. */
enum string_rule {
	STRING_ANY,
	STRING_REQUIRED,  /* not empty */
	STRING_MULTILINE, /* may hold tabs and newlines */
};

/* Offset of a member of the i-th record of a chunk, in the section. */
#define MEMBER_AT(r, chunk, record, member, i)                        \
	((r)->frame.chunks[chunk].off + (i) * sizeof(struct record) + \
	 offsetof(struct record, member))

static void copy_record(const struct reader *r, enum ulp_chunk_id id, size_t i, void *record,
			size_t len)
{
	memcpy(record, r->frame.bytes + r->frame.chunks[id].off + i * len, len);
}

/*
 * One block for all, what needs the widest alignment first, the strings last.
 * The counts are bounded by the section's length (ULP_FORMAT_MAX_LEN), so no sum
 * of these can overflow.
 */
static enum ulp_code allocate(struct reader *r)
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
static enum ulp_code check_strings(struct reader *r)
{
	const struct ulp_chunk *chunk = &r->frame.chunks[ULP_CHUNK_STRINGS];
	struct ulp_wire_meta meta;
	uint32_t start = 0;

	copy_record(r, ULP_CHUNK_META, 0, &meta, sizeof(meta));
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

/* The string at this offset in STRINGS.  at: where the offset stands, for the error. */
static enum ulp_code read_string(const struct reader *r, uint32_t string, size_t at,
				 enum string_rule rule, const char **ret)
{
	if (string >= r->frame.chunks[ULP_CHUNK_STRINGS].len)
		return DAMAGED(r, at, "string 0x%x is past the end of STRINGS", string);
	if (string != 0 && r->strings[string - 1] != '\0')
		return DAMAGED(r, at, "string 0x%x starts inside another one", string);
	if (rule == STRING_REQUIRED && r->strings[string] == '\0')
		return DAMAGED(r, at, "a name that must not be empty is");
	if (rule != STRING_MULTILINE && string != 0 && string == r->multiline)
		return DAMAGED(r, at, "a name of several lines");
	*ret = r->strings + string;
	return ULP_OK;
}

/* read_string() for a member of the i-th record. */
#define READ_STRING(r, chunk, record, member, i, rule, ret) \
	read_string(r, w.member, MEMBER_AT(r, chunk, record, member, i), rule, ret)

/* --- records -------------------------------------------------------------- */

static enum ulp_code read_meta(struct reader *r)
{
	enum ulp_code code;
	struct ulp_wire_meta w;

	copy_record(r, ULP_CHUNK_META, 0, &w, sizeof(w));
	code = READ_STRING(r, ULP_CHUNK_META, ulp_wire_meta, name, 0, STRING_REQUIRED,
			   &r->patch.name);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_META, ulp_wire_meta, description, 0,
				   STRING_MULTILINE, &r->patch.description);
	if (code != ULP_OK)
		return code;
	if (w.consistency >= ULP_NR_CONSISTENCIES)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_META, ulp_wire_meta, consistency, 0),
			       "unknown consistency %u", w.consistency);
	if (w.reserved != 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_META, ulp_wire_meta, reserved, 0),
			       "a reserved field is not 0");
	r->patch.consistency = w.consistency;
	return ULP_OK;
}

/* Nothing that the section's version does not have, and no higher version than it needs. */
static enum ulp_code check_version(struct reader *r)
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

static enum ulp_code read_labels(struct reader *r)
{
	for (size_t i = 0; i < r->patch.nr_labels; i++) {
		struct ulp_wire_label w;
		enum ulp_code code;

		copy_record(r, ULP_CHUNK_LABELS, i, &w, sizeof(w));
		code = READ_STRING(r, ULP_CHUNK_LABELS, ulp_wire_label, text, i, STRING_REQUIRED,
				   &r->patch.labels[i]);
		if (code != ULP_OK)
			return code;
	}
	return ULP_OK;
}

static enum ulp_code read_target(struct reader *r)
{
	size_t bytes_at = MEMBER_AT(r, ULP_CHUNK_TARGET, ulp_wire_target, build_id, 0);
	enum ulp_code code;
	struct ulp_wire_target w;

	copy_record(r, ULP_CHUNK_TARGET, 0, &w, sizeof(w));
	code = READ_STRING(r, ULP_CHUNK_TARGET, ulp_wire_target, soname, 0, STRING_REQUIRED,
			   &r->patch.soname);
	if (code != ULP_OK)
		return code;
	if (w.build_id_len == 0 || w.build_id_len > ULP_BUILD_ID_MAX)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_TARGET, ulp_wire_target, build_id_len, 0),
			       "a build ID of %u bytes", w.build_id_len);
	for (size_t i = w.build_id_len; i < ULP_BUILD_ID_MAX; i++)
		if (w.build_id[i] != 0)
			return DAMAGED(r, bytes_at + i, "bytes after the end of the build ID");
	r->patch.build_id.len = w.build_id_len;
	memcpy(r->patch.build_id.bytes, w.build_id, ULP_BUILD_ID_MAX);
	return ULP_OK;
}

/*
 * The entry instruction lies inside its word, which is written at once, and
 * inside the function.
 */
static enum ulp_code check_entry(const struct reader *r, const struct ulp_wire_function *w,
				 size_t i)
{
	uint64_t len;

	if (w->layout >= ULP_NR_ENTRY_LAYOUTS || r->frame.machine->entry_len[w->layout] == 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, layout, i),
			       "unknown layout %u of an entry", w->layout);
	len = r->frame.machine->entry_len[w->layout];
	if (w->word_vaddr % sizeof(w->word) != 0)
		return DAMAGED(r,
			       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, word_vaddr, i),
			       "the entry's word is not aligned");
	if (w->entry_vaddr < w->word_vaddr ||
	    w->entry_vaddr - w->word_vaddr > sizeof(w->word) - len)
		return DAMAGED(r,
			       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, word_vaddr, i),
			       "the entry is not inside its word");
	if (w->old_size < len || w->entry_vaddr < w->old_vaddr ||
	    w->entry_vaddr - w->old_vaddr > w->old_size - len)
		return DAMAGED(r,
			       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, entry_vaddr, i),
			       "the entry is not inside the function");
	return ULP_OK;
}

/* The replacement: a range of the container in .ulp, nothing in .ulp.rev. */
static enum ulp_code check_new(const struct reader *r, const struct ulp_wire_function *w, size_t i)
{
	size_t vaddr_at = MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, new_vaddr, i);
	size_t size_at = MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, new_size, i);

	if (r->frame.section == ULP_SECTION_REVERT) {
		if (w->new_vaddr != 0)
			return DAMAGED(r, vaddr_at,
				       "the place of a replacement does not belong here");
		if (w->new_size != 0)
			return DAMAGED(r, size_at,
				       "the size of a replacement does not belong here");
		return ULP_OK;
	}
	if (w->new_size == 0)
		return DAMAGED(r, size_at, "a replacement without bytes");
	if (w->new_size > UINT64_MAX - w->new_vaddr)
		return DAMAGED(r, size_at, "a replacement past the end of the address space");
	return ULP_OK;
}

static enum ulp_code check_function(const struct reader *r, const struct ulp_wire_function *w,
				    size_t i)
{
	size_t size_at = MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, old_size, i);
	enum ulp_code code;

	if (w->old_size == 0)
		return DAMAGED(r, size_at, "a function without bytes");
	if (w->old_size > UINT64_MAX - w->old_vaddr)
		return DAMAGED(r, size_at, "a function past the end of the address space");
	if (w->reserved != 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, reserved, i),
			       "a reserved field is not 0");
	code = check_entry(r, w, i);
	return code != ULP_OK ? code : check_new(r, w, i);
}

static enum ulp_code read_function(struct reader *r, size_t i)
{
	struct ulp_function *f = &r->patch.functions[i];
	struct ulp_wire_function w;
	enum ulp_code code;

	copy_record(r, ULP_CHUNK_FUNCTIONS, i, &w, sizeof(w));
	code = check_function(r, &w, i);
	if (code != ULP_OK)
		return code;
	*f = (struct ulp_function){
		.old_vaddr = w.old_vaddr,
		.old_size = w.old_size,
		.old_checksum = w.old_checksum,
		.entry_vaddr = w.entry_vaddr,
		.word_vaddr = w.word_vaddr,
		.new_vaddr = w.new_vaddr,
		.new_size = w.new_size,
		.layout = w.layout,
	};
	memcpy(f->word, w.word, sizeof(f->word));
	code = READ_STRING(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, old_name, i, STRING_REQUIRED,
			   &f->old_name);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, new_name, i,
				   STRING_REQUIRED, &f->new_name);
	return code;
}

static int compare_words(const void *a, const void *b)
{
	const struct ulp_function *const *fa = a;
	const struct ulp_function *const *fb = b;

	if ((*fa)->word_vaddr != (*fb)->word_vaddr)
		return (*fa)->word_vaddr < (*fb)->word_vaddr ? -1 : 1;
	return *fa < *fb ? -1 : *fa > *fb; /* so that the later record is blamed */
}

/* Two redirects in one word would undo each other. */
static enum ulp_code check_words_differ(const struct reader *r)
{
	size_t nr = r->patch.nr_functions;
	enum ulp_code code = ULP_OK;
	const struct ulp_function **sorted = malloc(nr * sizeof(struct ulp_function *));

	if (sorted == NULL)
		return ulp_fail(r->err, ULP_ENOMEM, "no memory for the container's records");
	for (size_t i = 0; i < nr; i++)
		sorted[i] = &r->patch.functions[i];
	qsort(sorted, nr, sizeof(struct ulp_function *), compare_words);
	for (size_t i = 1; i < nr && code == ULP_OK; i++)
		if (sorted[i]->word_vaddr == sorted[i - 1]->word_vaddr)
			code = DAMAGED(r,
				       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function,
						 word_vaddr,
						 (size_t)(sorted[i] - r->patch.functions)),
				       "two functions have the same entry");
	free(sorted);
	return code;
}

static enum ulp_code read_functions(struct reader *r)
{
	for (size_t i = 0; i < r->patch.nr_functions; i++) {
		enum ulp_code code = read_function(r, i);

		if (code != ULP_OK)
			return code;
	}
	return check_words_differ(r);
}

static enum ulp_code read_imports(struct reader *r)
{
	for (size_t i = 0; i < r->patch.nr_imports; i++) {
		struct ulp_import *import = &r->patch.imports[i];
		struct ulp_wire_import w;
		enum ulp_code code;

		copy_record(r, ULP_CHUNK_IMPORTS, i, &w, sizeof(w));
		code = READ_STRING(r, ULP_CHUNK_IMPORTS, ulp_wire_import, name, i, STRING_REQUIRED,
				   &import->name);
		if (code == ULP_OK)
			code = READ_STRING(r, ULP_CHUNK_IMPORTS, ulp_wire_import, version, i,
					   STRING_ANY, &import->version);
		if (code == ULP_OK)
			code = READ_STRING(r, ULP_CHUNK_IMPORTS, ulp_wire_import, provider, i,
					   STRING_ANY, &import->provider);
		if (code != ULP_OK)
			return code;
		if ((w.flags & ~ULP_IMPORT_WEAK) != 0)
			return DAMAGED(r,
				       MEMBER_AT(r, ULP_CHUNK_IMPORTS, ulp_wire_import, flags, i),
				       "unknown flags 0x%x of an import", w.flags);
		import->flags = w.flags;
	}
	return ULP_OK;
}

static enum ulp_code read_references(struct reader *r)
{
	for (size_t i = 0; i < r->patch.nr_references; i++) {
		struct ulp_reference *reference = &r->patch.references[i];
		struct ulp_wire_reference w;
		enum ulp_code code;

		copy_record(r, ULP_CHUNK_REFERENCES, i, &w, sizeof(w));
		code = READ_STRING(r, ULP_CHUNK_REFERENCES, ulp_wire_reference, name, i,
				   STRING_REQUIRED, &reference->name);
		if (code != ULP_OK)
			return code;
		reference->type = w.type;
		reference->place = w.place;
		reference->value = w.value;
		reference->addend = w.addend;
	}
	return ULP_OK;
}

/* Compared with all before it; their number and length are bounded. */
static enum ulp_code check_relation(const struct reader *r, size_t i)
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

static enum ulp_code read_relations(struct reader *r)
{
	for (size_t i = 0; i < r->patch.nr_relations; i++) {
		struct ulp_relation *relation = &r->patch.relations[i];
		struct ulp_wire_relation w;
		enum ulp_code code;

		copy_record(r, ULP_CHUNK_RELATIONS, i, &w, sizeof(w));
		if (w.kind == 0 || w.kind >= ULP_NR_RELATION_KINDS)
			return DAMAGED(
				r, MEMBER_AT(r, ULP_CHUNK_RELATIONS, ulp_wire_relation, kind, i),
				"unknown kind %u of a relation", w.kind);
		relation->kind = w.kind;
		code = READ_STRING(r, ULP_CHUNK_RELATIONS, ulp_wire_relation, name, i,
				   STRING_REQUIRED, &relation->name);
		if (code == ULP_OK)
			code = check_relation(r, i);
		if (code != ULP_OK)
			return code;
	}
	return ULP_OK;
}

static enum ulp_code read_accepts(struct reader *r)
{
	for (size_t i = 0; i < r->patch.nr_accepts; i++) {
		struct ulp_accept *accept = &r->patch.accepts[i];
		struct ulp_wire_accept w;
		enum ulp_code code;

		copy_record(r, ULP_CHUNK_ACCEPTS, i, &w, sizeof(w));
		code = READ_STRING(r, ULP_CHUNK_ACCEPTS, ulp_wire_accept, refusal, i,
				   STRING_REQUIRED, &accept->refusal);
		if (code == ULP_OK)
			code = READ_STRING(r, ULP_CHUNK_ACCEPTS, ulp_wire_accept, name, i,
					   STRING_REQUIRED, &accept->name);
		if (code == ULP_OK)
			code = READ_STRING(r, ULP_CHUNK_ACCEPTS, ulp_wire_accept, reason, i,
					   STRING_REQUIRED, &accept->reason);
		if (code != ULP_OK)
			return code;
	}
	return ULP_OK;
}

static enum ulp_code read_guards(struct reader *r)
{
	for (size_t i = 0; i < r->patch.nr_guards; i++) {
		struct ulp_guard *guard = &r->patch.guards[i];
		struct ulp_wire_guard w;
		enum ulp_code code;

		copy_record(r, ULP_CHUNK_GUARDS, i, &w, sizeof(w));
		if (w.reserved != 0)
			return DAMAGED(r,
				       MEMBER_AT(r, ULP_CHUNK_GUARDS, ulp_wire_guard, reserved, i),
				       "a reserved field is not zero");
		if (w.size == 0 || w.vaddr + w.size < w.vaddr)
			return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_GUARDS, ulp_wire_guard, size, i),
				       "%llu bytes are no right size for a guard",
				       (unsigned long long)w.size);
		guard->vaddr = w.vaddr;
		guard->size = w.size;
		code = READ_STRING(r, ULP_CHUNK_GUARDS, ulp_wire_guard, name, i, STRING_REQUIRED,
				   &guard->name);
		if (code != ULP_OK)
			return code;
	}
	return ULP_OK;
}

typedef enum ulp_code (*read_step)(struct reader *r);

enum ulp_code ulp_patch_read(const void *bytes, size_t len, enum ulp_section section,
			     struct ulp_patch *patch, struct ulp_err *err)
{
	static const read_step steps[] = {
		allocate,	 check_strings,	 read_meta,	 check_version,
		read_labels,	 read_target,	 read_functions, read_imports,
		read_references, read_relations, read_accepts,	 read_guards,
	};
	struct reader r = {.err = err};
	enum ulp_code code = ulp_frame_read(bytes, len, section, &r.frame, err);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && code == ULP_OK; i++)
		code = steps[i](&r);
	if (code != ULP_OK) {
		ulp_patch_deinit(&r.patch);
		return code;
	}
	r.patch.machine = r.frame.machine->e_machine;
	*patch = r.patch;
	return ULP_OK;
}
