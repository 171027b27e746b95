/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing and reading .ulp and .ulp.rev, and every kind of damage to them. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/fail_alloc.h"
#include "tests/lib/sample_patch.h"

#include "container/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the sample's first chunk is in .ulp: behind the header and a row for each chunk. */
#define FIRST_CHUNK (32 + 10 * 16)

/* A sample as a section, in memory of exactly its length, so that ASan sees the end. */
struct fixture {
	struct sample sample;
	unsigned char *bytes;
	size_t len;
	enum ulp_section section;
	struct ulp_err err;
};

static void fixture_write(struct fixture *f, enum ulp_section section)
{
	void *bytes;
	size_t len;

	assert_succeeds(ulp_patch_write(&f->sample.patch, section, &bytes, &len, &f->err), &f->err);
	free(f->bytes);
	f->bytes = realloc(bytes, len);
	f->len = len;
	f->section = section;
	assert_non_null(f->bytes);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	sample_init(&f->sample);
	fixture_write(f, ULP_SECTION_APPLY);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->bytes);
	free(f);
	return 0;
}

static enum ulp_code fixture_read(struct fixture *f, struct ulp_patch *patch)
{
	return ulp_patch_read(f->bytes, f->len, f->section, patch, &f->err);
}

/* Reads, expects failure, and that nothing of *patch has been touched. */
static void assert_read_fails(struct fixture *f, enum ulp_code code, size_t off)
{
	struct ulp_patch untouched;
	struct ulp_patch patch;
	char place[64];

	memset(&untouched, 0x5a, sizeof(untouched));
	memcpy(&patch, &untouched, sizeof(patch));
	snprintf(place, sizeof(place), "%s+0x%zx",
		 f->section == ULP_SECTION_APPLY ? ".ulp" : ".ulp.rev", off);
	assert_fails_at(fixture_read(f, &patch), code, &f->err, place);
	assert_memory_equal(&patch, &untouched, sizeof(patch));
}

/* Offset of a chunk's row in the table of contents. */
static size_t row_at(const struct fixture *f, uint32_t id)
{
	struct ulp_wire_chunk row;
	size_t at = sizeof(struct ulp_wire_header);

	for (;; at += sizeof(row)) {
		assert_true(at + sizeof(row) <= f->len);
		memcpy(&row, f->bytes + at, sizeof(row));
		if (row.id == id)
			return at;
	}
}

static struct ulp_wire_chunk row_of(const struct fixture *f, uint32_t id)
{
	struct ulp_wire_chunk row;

	memcpy(&row, f->bytes + row_at(f, id), sizeof(row));
	return row;
}

/* --- writing and reading -------------------------------------------------- */

static void patch_reads_back_what_was_written(void **state)
{
	static const enum ulp_section sections[] = {ULP_SECTION_APPLY, ULP_SECTION_REVERT};
	struct fixture *f = *state;
	struct ulp_patch patch;

	for (size_t i = 0; i < 2; i++) {
		fixture_write(f, sections[i]);
		assert_succeeds(fixture_read(f, &patch), &f->err);
		assert_true(patch_matches(&f->sample.patch, &patch, sections[i]));
		memset(f->bytes, 0xff, f->len); /* nothing of the patch lives there */
		assert_true(patch_matches(&f->sample.patch, &patch, sections[i]));
		ulp_patch_deinit(&patch);
		assert_null(patch.storage);
	}
}

static void patch_without_optional_parts_reads_back(void **state)
{
	struct fixture *f = *state;
	struct ulp_patch patch;

	f->sample.patch.nr_labels = 0;
	f->sample.patch.nr_imports = 0;
	f->sample.patch.nr_references = 0;
	f->sample.patch.nr_relations = 0;
	f->sample.patch.nr_accepts = 0;
	f->sample.patch.nr_guards = 0;
	f->sample.patch.nr_functions = 1;
	f->sample.patch.description = "";
	f->sample.patch.consistency = ULP_CONSISTENCY_NONE;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_succeeds(fixture_read(f, &patch), &f->err);
	assert_true(patch_matches(&f->sample.patch, &patch, ULP_SECTION_APPLY));
	ulp_patch_deinit(&patch);
}

/* What the section says its version is. */
static unsigned version_of(const struct fixture *f)
{
	struct ulp_wire_header header;

	memcpy(&header, f->bytes, sizeof(header));
	return header.version;
}

static void patch_section_has_the_lowest_version_that_holds_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(version_of(f), 2);
	fixture_write(f, ULP_SECTION_REVERT);
	assert_int_equal(version_of(f), 1);
	f->sample.patch.nr_relations = 0;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_int_equal(version_of(f), 2);
	f->sample.patch.nr_accepts = 0;
	f->sample.patch.nr_guards = 0;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_int_equal(version_of(f), 1);
	f->sample.patch.consistency = ULP_CONSISTENCY_LIBRARY;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_int_equal(version_of(f), 2);
	fixture_write(f, ULP_SECTION_REVERT);
	assert_int_equal(version_of(f), 2);
}

static void set_version(struct fixture *f, uint16_t version)
{
	memcpy(f->bytes + offsetof(struct ulp_wire_header, version), &version, sizeof(version));
}

/* As old readers wrote and read it; the new ones must see the same. */
static void patch_of_version_1_reads_back(void **state)
{
	struct fixture *f = *state;
	struct ulp_patch patch;

	f->sample.patch.nr_relations = 0;
	f->sample.patch.nr_accepts = 0;
	f->sample.patch.nr_guards = 0;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_int_equal(version_of(f), 1);
	assert_succeeds(fixture_read(f, &patch), &f->err);
	assert_true(patch_matches(&f->sample.patch, &patch, ULP_SECTION_APPLY));
	assert_int_equal(patch.nr_relations, 0);
	ulp_patch_deinit(&patch);
}

static void assert_version_fails(struct fixture *f, uint16_t version)
{
	set_version(f, version);
	assert_read_fails(f, ULP_EFORMAT, offsetof(struct ulp_wire_header, version));
}

/* Neither what the version does not have, nor a higher one than what is there needs. */
static void reader_rejects_a_version_that_is_not_that_of_the_content(void **state)
{
	struct fixture *f = *state;

	assert_version_fails(f, 1);
	f->sample.patch.nr_relations = 0;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_version_fails(f, 1);
	f->sample.patch.nr_accepts = 0;
	f->sample.patch.nr_guards = 0;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_version_fails(f, 2);
	f->sample.patch.consistency = ULP_CONSISTENCY_LIBRARY;
	fixture_write(f, ULP_SECTION_REVERT);
	assert_version_fails(f, 1);
}

/* As many relations as may be, and one more. */
static void patch_has_a_bounded_number_of_relations(void **state)
{
	struct fixture *f = *state;
	struct ulp_relation *relations = calloc(ULP_MAX_RELATIONS + 1, sizeof(*relations));
	char(*names)[16] = calloc(ULP_MAX_RELATIONS + 1, sizeof(*names));
	struct ulp_patch patch;
	void *bytes;
	size_t len;

	assert_non_null(relations);
	assert_non_null(names);
	for (size_t i = 0; i <= ULP_MAX_RELATIONS; i++) {
		snprintf(names[i], sizeof(names[i]), "patch%zu", i);
		relations[i] = (struct ulp_relation){names[i], ULP_RELATION_CONFLICTS};
	}
	f->sample.patch.relations = relations;
	f->sample.patch.nr_relations = ULP_MAX_RELATIONS;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_succeeds(fixture_read(f, &patch), &f->err);
	assert_int_equal(patch.nr_relations, ULP_MAX_RELATIONS);
	ulp_patch_deinit(&patch);
	f->sample.patch.nr_relations++;
	assert_int_equal(
		ulp_patch_write(&f->sample.patch, ULP_SECTION_APPLY, &bytes, &len, &f->err),
		ULP_EFORMAT);
	assert_non_null(strstr(f->err.text, "RELATIONS"));
	free(relations);
	free(names);
}

static void patch_with_many_records_reads_back(void **state)
{
	enum { NR = 3000 };
	struct fixture *f = *state;
	struct ulp_import *imports = calloc(NR, sizeof(*imports));
	char(*names)[16] = calloc(NR, sizeof(*names));
	struct ulp_patch patch;

	assert_non_null(imports);
	assert_non_null(names);
	for (size_t i = 0; i < NR; i++) {
		snprintf(names[i], sizeof(names[i]), "symbol%zu", i % 1000);
		imports[i] = (struct ulp_import){names[i], "V_1", "libc.so.6", 0};
	}
	f->sample.patch.imports = imports;
	f->sample.patch.nr_imports = NR;
	fixture_write(f, ULP_SECTION_APPLY);
	assert_succeeds(fixture_read(f, &patch), &f->err);
	assert_true(patch_matches(&f->sample.patch, &patch, ULP_SECTION_APPLY));
	/* Equal strings are kept once: 1000 names of at most 10 bytes, and the sample's own. */
	assert_true(row_of(f, ULP_CHUNK_STRINGS).len < 1000 * 10 + 400);
	ulp_patch_deinit(&patch);
	free(imports);
	free(names);
}

static void patch_write_gives_the_same_bytes_for_the_same_patch(void **state)
{
	struct fixture *f = *state;
	struct sample again;
	void *bytes;
	size_t len;

	sample_init(&again);
	assert_succeeds(ulp_patch_write(&again.patch, ULP_SECTION_APPLY, &bytes, &len, &f->err),
			&f->err);
	assert_int_equal(len, f->len);
	assert_memory_equal(bytes, f->bytes, len);
	free(bytes);
}

static void patch_section_begins_as_the_format_says(void **state)
{
	static const unsigned char begin[] = {'U', 'L', 'P', 'A', 'T', 'C', 'H', 0, 2, 0, 32, 0};
	struct fixture *f = *state;
	uint32_t total;

	assert_memory_equal(f->bytes, begin, sizeof(begin));
	memcpy(&total, f->bytes + 16, sizeof(total));
	assert_int_equal(total, f->len);
	assert_int_equal(row_of(f, ULP_CHUNK_META).off, FIRST_CHUNK);
	fixture_write(f, ULP_SECTION_REVERT);
	assert_memory_equal(f->bytes, "ULPREVT", 8);
}

static void patch_deinit_accepts_null_and_filled_patches(void **state)
{
	struct fixture *f = *state;
	struct ulp_patch empty = {0};

	ulp_patch_deinit(NULL);
	ulp_patch_deinit(&empty);
	ulp_patch_deinit(&f->sample.patch);
}

/* A change of the sample that makes it unwritable; in .ulp. */
static void set_empty_name(struct sample *s)
{
	s->patch.name = "";
}

static void set_control_character(struct sample *s)
{
	s->labels[0] = "CVE\033[2J";
}

static void set_no_functions(struct sample *s)
{
	s->patch.nr_functions = 0;
}

static void set_no_build_id(struct sample *s)
{
	s->patch.build_id.len = 0;
}

static void set_long_build_id(struct sample *s)
{
	s->patch.build_id.len = ULP_BUILD_ID_MAX + 1;
}

static void set_unknown_consistency(struct sample *s)
{
	uint32_t unknown = 9;

	memcpy(&s->patch.consistency, &unknown, sizeof(unknown));
}

static void set_no_layout(struct sample *s)
{
	s->functions[1].layout = ULP_ENTRY_NONE;
}

static void set_same_entry(struct sample *s)
{
	s->functions[1] = s->functions[0];
}

static void set_relation_to_itself(struct sample *s)
{
	s->relations[1].name = s->patch.name;
}

static void set_relation_twice(struct sample *s)
{
	s->relations[2].name = s->relations[0].name;
}

static void set_relation_without_name(struct sample *s)
{
	s->relations[0].name = "";
}

static void set_relation_of_no_kind(struct sample *s)
{
	uint32_t none = 0;

	memcpy(&s->relations[0].kind, &none, sizeof(none));
}

static void set_relation_to_a_long_name(struct sample *s)
{
	static char name[ULP_PATCH_NAME_MAX + 2];

	memset(name, 'x', sizeof(name) - 1);
	s->relations[0].name = name;
}

static void set_accept_without_reason(struct sample *s)
{
	s->accepts[0].reason = "";
}

static void set_accept_of_several_lines(struct sample *s)
{
	s->accepts[0].reason = s->patch.description;
}

static void set_unknown_machine(struct sample *s)
{
	s->patch.machine = EM_NONE;
}

static void patch_write_refuses_what_could_not_be_read_back(void **state)
{
	static const struct {
		void (*change)(struct sample *s);
		enum ulp_code code;
	} rows[] = {
		{set_empty_name, ULP_EFORMAT},
		{set_control_character, ULP_EFORMAT},
		{set_no_functions, ULP_EFORMAT},
		{set_no_build_id, ULP_EFORMAT},
		{set_long_build_id, ULP_EFORMAT},
		{set_unknown_consistency, ULP_EFORMAT},
		{set_no_layout, ULP_EFORMAT},
		{set_same_entry, ULP_EFORMAT},
		{set_relation_to_itself, ULP_EFORMAT},
		{set_relation_twice, ULP_EFORMAT},
		{set_relation_without_name, ULP_EFORMAT},
		{set_relation_of_no_kind, ULP_EFORMAT},
		{set_relation_to_a_long_name, ULP_EFORMAT},
		{set_accept_without_reason, ULP_EFORMAT},
		{set_accept_of_several_lines, ULP_EFORMAT},
		{set_unknown_machine, ULP_EARCH},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *bytes = f;
		size_t len = 77;

		sample_init(&f->sample);
		rows[i].change(&f->sample);
		assert_int_equal(
			ulp_patch_write(&f->sample.patch, ULP_SECTION_APPLY, &bytes, &len, &f->err),
			rows[i].code);
		assert_memory_equal(f->err.where, ".ulp+0x", 7);
		assert_ptr_equal(bytes, f);
		assert_int_equal(len, 77);
	}
}

/* --- damage, one field after the other ------------------------------------ */

enum base {
	HEADER, /* counted from the section's start */
	ROW,	/* from the chunk's row in the table of contents */
	RECORD, /* from the index-th record of the chunk */
};

struct damage {
	enum base base;
	uint32_t chunk;
	size_t index;
	size_t off; /* from the base */
	size_t len; /* bytes of value */
	uint64_t value;
	enum ulp_code code;
	size_t place; /* from the base, where the error has to be */
};

#define IN(record, member) offsetof(struct record, member), sizeof(((struct record *)0)->member)
#define AT(record, member) offsetof(struct record, member)

/* The member itself is blamed. */
#define IN_HEADER(member, value, code)                                  \
	{                                                               \
		HEADER, 0, 0, IN(ulp_wire_header, member), value, code, \
			AT(ulp_wire_header, member)                     \
	}
#define IN_ROW(chunk, member, value)                                           \
	{                                                                      \
		ROW, chunk, 0, IN(ulp_wire_chunk, member), value, ULP_EFORMAT, \
			AT(ulp_wire_chunk, member)                             \
	}
#define IN_RECORD(chunk, record, member, index, value)                                           \
	{                                                                                        \
		RECORD, chunk, index, IN(record, member), value, ULP_EFORMAT, AT(record, member) \
	}
/* Another member is. */
#define BLAMED(chunk, record, member, index, value, blamed)                                      \
	{                                                                                        \
		RECORD, chunk, index, IN(record, member), value, ULP_EFORMAT, AT(record, blamed) \
	}

#define META(member, value) IN_RECORD(ULP_CHUNK_META, ulp_wire_meta, member, 0, value)
#define LABEL(index, value) IN_RECORD(ULP_CHUNK_LABELS, ulp_wire_label, text, index, value)
#define TARGET(member, value) IN_RECORD(ULP_CHUNK_TARGET, ulp_wire_target, member, 0, value)
#define FUNCTION(member, index, value) \
	IN_RECORD(ULP_CHUNK_FUNCTIONS, ulp_wire_function, member, index, value)
#define FUNCTION_BLAMED(member, index, value, blamed) \
	BLAMED(ULP_CHUNK_FUNCTIONS, ulp_wire_function, member, index, value, blamed)
#define IMPORT(member, index, value) \
	IN_RECORD(ULP_CHUNK_IMPORTS, ulp_wire_import, member, index, value)
#define REFERENCE(member, index, value) \
	IN_RECORD(ULP_CHUNK_REFERENCES, ulp_wire_reference, member, index, value)

#define RELATION(member, index, value) \
	IN_RECORD(ULP_CHUNK_RELATIONS, ulp_wire_relation, member, index, value)
#define ACCEPT(member, index, value) \
	IN_RECORD(ULP_CHUNK_ACCEPTS, ulp_wire_accept, member, index, value)
#define GUARD(member, index, value) \
	IN_RECORD(ULP_CHUNK_GUARDS, ulp_wire_guard, member, index, value)
#define GUARD_BLAMED(member, index, value, blamed) \
	BLAMED(ULP_CHUNK_GUARDS, ulp_wire_guard, member, index, value, blamed)

/* Offsets that no string of the sample has: the first one starts at 1. */
#define INSIDE_A_STRING 2
#define PAST_THE_STRINGS 0x10000

static const struct damage damages[] = {
	IN_HEADER(magic, 0x54564552504c55 /* the other section's */, ULP_EFORMAT),
	IN_HEADER(magic, 0x20484354415055, ULP_EFORMAT),
	IN_HEADER(version, 0, ULP_EVERSION),
	IN_HEADER(version, ULP_FORMAT_VERSION + 1, ULP_EVERSION),
	IN_HEADER(version, 0x100, ULP_EVERSION),
	IN_HEADER(header_len, 0, ULP_EFORMAT),
	IN_HEADER(header_len, 40, ULP_EFORMAT),
	IN_HEADER(machine, EM_NONE, ULP_EARCH),
	IN_HEADER(machine, 0xffff, ULP_EARCH),
	IN_HEADER(nr_chunks, 0xffff, ULP_EFORMAT),
	IN_HEADER(total_len, 0, ULP_EFORMAT),
	IN_HEADER(total_len, UINT32_MAX, ULP_EFORMAT),
	IN_HEADER(reserved, 1, ULP_EFORMAT),
	/* Without rows, what follows the header belongs to nobody. */
	{HEADER, 0, 0, IN(ulp_wire_header, nr_chunks), 0, ULP_EFORMAT,
	 sizeof(struct ulp_wire_header)},

	IN_ROW(ULP_CHUNK_META, id, 0),
	IN_ROW(ULP_CHUNK_META, id, ULP_NR_CHUNK_IDS),
	IN_ROW(ULP_CHUNK_META, id, UINT32_MAX),
	IN_ROW(ULP_CHUNK_STRINGS, id, ULP_CHUNK_REFERENCES), /* a second one of it */
	IN_ROW(ULP_CHUNK_META, record_len, 0),
	IN_ROW(ULP_CHUNK_META, record_len, 8),
	IN_ROW(ULP_CHUNK_FUNCTIONS, record_len, 88),
	IN_ROW(ULP_CHUNK_STRINGS, record_len, 2),
	IN_ROW(ULP_CHUNK_META, off, 0),
	IN_ROW(ULP_CHUNK_META, off, 32),	      /* over the table of contents */
	IN_ROW(ULP_CHUNK_META, off, FIRST_CHUNK + 1), /* not aligned */
	IN_ROW(ULP_CHUNK_META, off, FIRST_CHUNK + 8), /* a gap */
	IN_ROW(ULP_CHUNK_LABELS, off, FIRST_CHUNK),   /* over META */
	IN_ROW(ULP_CHUNK_STRINGS, off, FIRST_CHUNK),
	IN_ROW(ULP_CHUNK_STRINGS, off, 0xfffffff8),
	IN_ROW(ULP_CHUNK_META, len, 0),
	IN_ROW(ULP_CHUNK_META, len, 15),
	IN_ROW(ULP_CHUNK_META, len, 32),
	IN_ROW(ULP_CHUNK_TARGET, len, 80),
	IN_ROW(ULP_CHUNK_LABELS, len, 5),
	IN_ROW(ULP_CHUNK_FUNCTIONS, len, 0),
	IN_ROW(ULP_CHUNK_FUNCTIONS, len, 159),
	IN_ROW(ULP_CHUNK_RELATIONS, record_len, 4),
	IN_ROW(ULP_CHUNK_RELATIONS, len, 9),
	IN_ROW(ULP_CHUNK_RELATIONS, len, (ULP_MAX_RELATIONS + 1) * 8),
	IN_ROW(ULP_CHUNK_ACCEPTS, len, (ULP_MAX_ACCEPTS + 1) * 12),
	/* Huge counts: of the right size, but past the end. */
	{ROW, ULP_CHUNK_LABELS, 0, IN(ulp_wire_chunk, len), 0xfffffffc, ULP_EFORMAT,
	 AT(ulp_wire_chunk, off)},
	{ROW, ULP_CHUNK_FUNCTIONS, 0, IN(ulp_wire_chunk, len), (uint64_t)(0xffffffff / 80) * 80,
	 ULP_EFORMAT, AT(ulp_wire_chunk, off)},
	{ROW, ULP_CHUNK_STRINGS, 0, IN(ulp_wire_chunk, len), 0xffffffff, ULP_EFORMAT,
	 AT(ulp_wire_chunk, off)},

	META(name, 0),
	META(name, INSIDE_A_STRING),
	META(name, PAST_THE_STRINGS),
	META(description, INSIDE_A_STRING),
	META(description, PAST_THE_STRINGS),
	META(consistency, ULP_NR_CONSISTENCIES),
	META(consistency, UINT32_MAX),
	META(reserved, 1),
	LABEL(0, 0),
	LABEL(1, INSIDE_A_STRING),
	LABEL(1, UINT32_MAX),
	TARGET(soname, 0),
	TARGET(soname, PAST_THE_STRINGS),
	TARGET(build_id_len, 0),
	TARGET(build_id_len, ULP_BUILD_ID_MAX + 1),
	TARGET(build_id_len, UINT32_MAX),
	{RECORD, ULP_CHUNK_TARGET, 0, AT(ulp_wire_target, build_id) + 31, 1, 1, ULP_EFORMAT,
	 AT(ulp_wire_target, build_id) + 31},

	FUNCTION(old_name, 0, 0),
	FUNCTION(old_name, 1, INSIDE_A_STRING),
	FUNCTION(new_name, 1, 0),
	FUNCTION(new_name, 0, PAST_THE_STRINGS),
	FUNCTION(old_size, 0, 0),
	FUNCTION(old_size, 0, UINT64_MAX),
	FUNCTION_BLAMED(old_size, 0, 4, entry_vaddr), /* less than the entry has */
	FUNCTION_BLAMED(old_vaddr, 0, 0x5001, entry_vaddr),
	FUNCTION_BLAMED(old_vaddr, 0, 0x4f80, entry_vaddr), /* ends where the entry begins */
	FUNCTION_BLAMED(old_vaddr, 0, UINT64_MAX, old_size),
	FUNCTION_BLAMED(entry_vaddr, 0, 0x5004, word_vaddr), /* crosses the word's end */
	FUNCTION_BLAMED(entry_vaddr, 0, 0x4fff, word_vaddr),
	FUNCTION_BLAMED(entry_vaddr, 0, UINT64_MAX, word_vaddr),
	FUNCTION_BLAMED(entry_vaddr, 1, 0x600f, word_vaddr),
	FUNCTION(entry_vaddr, 1, 0x600d),
	FUNCTION(word_vaddr, 0, 0x5001),
	FUNCTION(word_vaddr, 1, 0x600a), /* holds the entry, but is not aligned */
	FUNCTION(word_vaddr, 0, 0x4ff8),
	FUNCTION(word_vaddr, 0, 0x5008),
	FUNCTION(word_vaddr, 1, 0xfffffffffffffff8),
	FUNCTION(new_size, 0, 0),
	FUNCTION(new_size, 0, UINT64_MAX),
	FUNCTION_BLAMED(new_vaddr, 1, UINT64_MAX, new_size),
	FUNCTION(layout, 0, ULP_ENTRY_NONE),
	FUNCTION(layout, 0, ULP_ENTRY_PFE_16_14 + 1),
	FUNCTION(layout, 1, UINT32_MAX),
	FUNCTION(reserved, 1, 1),

	IMPORT(name, 0, 0),
	IMPORT(name, 1, INSIDE_A_STRING),
	IMPORT(version, 0, PAST_THE_STRINGS),
	IMPORT(provider, 1, PAST_THE_STRINGS),
	IMPORT(flags, 0, 2),
	IMPORT(flags, 1, 0x80000001),
	REFERENCE(name, 0, 0),
	REFERENCE(name, 1, PAST_THE_STRINGS),
	RELATION(name, 0, 0),
	RELATION(name, 1, INSIDE_A_STRING),
	RELATION(name, 2, PAST_THE_STRINGS),
	RELATION(name, 2, 1), /* the first string is the patch's own name */
	RELATION(kind, 0, 0),
	RELATION(kind, 2, ULP_NR_RELATION_KINDS),
	RELATION(kind, 1, UINT32_MAX),
	ACCEPT(refusal, 0, 0),
	ACCEPT(refusal, 0, PAST_THE_STRINGS),
	ACCEPT(name, 0, 0),
	ACCEPT(name, 0, INSIDE_A_STRING),
	ACCEPT(reason, 0, 0),
	ACCEPT(reason, 0, UINT32_MAX),
	GUARD(name, 0, 0),
	GUARD(name, 1, PAST_THE_STRINGS),
	GUARD(reserved, 1, 1),
	GUARD(size, 0, 0),
	GUARD(size, 1, UINT64_MAX),
	GUARD_BLAMED(vaddr, 0, UINT64_MAX, size),
};

static size_t base_at(const struct fixture *f, const struct damage *d)
{
	struct ulp_wire_chunk row;

	if (d->base == HEADER)
		return 0;
	if (d->base == ROW)
		return row_at(f, d->chunk);
	row = row_of(f, d->chunk);
	return row.off + d->index * row.record_len;
}

static void reader_rejects_damage_in_every_field(void **state)
{
	struct fixture *f = *state;

	/* Of one line: several lines that are nobody's description are a fault of STRINGS. */
	f->sample.patch.description = "one line";
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *d = &damages[i];
		bool is_length =
			d->base == HEADER && d->off == offsetof(struct ulp_wire_header, total_len);
		size_t base;

		fixture_write(f, ULP_SECTION_APPLY);
		base = base_at(f, d);
		memcpy(f->bytes + base + d->off, &d->value, d->len);
		section_mend(f->bytes, f->len, !is_length);
		assert_read_fails(f, d->code, base + d->place);
	}
}

static void reader_rejects_a_wrong_checksum(void **state)
{
	struct fixture *f = *state;

	f->bytes[offsetof(struct ulp_wire_header, checksum) + 7] ^= 0x80;
	assert_read_fails(f, ULP_EFORMAT, offsetof(struct ulp_wire_header, checksum));
}

static void reader_rejects_the_other_section(void **state)
{
	struct fixture *f = *state;

	f->section = ULP_SECTION_REVERT;
	assert_read_fails(f, ULP_EFORMAT, 0);
	fixture_write(f, ULP_SECTION_REVERT);
	f->section = ULP_SECTION_APPLY;
	assert_read_fails(f, ULP_EFORMAT, 0);
}

static void reader_rejects_chunks_and_places_that_do_not_belong_into_revert(void **state)
{
	struct fixture *f = *state;
	size_t function;

	/* The whole of .ulp, called .ulp.rev: the first chunk that must not be there. */
	memcpy(f->bytes, ULP_REV_MAGIC, 8);
	f->section = ULP_SECTION_REVERT;
	assert_read_fails(f, ULP_EFORMAT, row_at(f, ULP_CHUNK_IMPORTS));

	fixture_write(f, ULP_SECTION_REVERT);
	function = row_of(f, ULP_CHUNK_FUNCTIONS).off;
	f->bytes[function + offsetof(struct ulp_wire_function, new_vaddr)] = 1;
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, function + offsetof(struct ulp_wire_function, new_vaddr));

	fixture_write(f, ULP_SECTION_REVERT);
	f->bytes[function + offsetof(struct ulp_wire_function, new_size)] = 1;
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, function + offsetof(struct ulp_wire_function, new_size));
}

static void reader_rejects_a_missing_chunk(void **state)
{
	struct fixture *f = *state;
	struct ulp_wire_header *header;

	/* Header, one row, one string: each of the others is missing. */
	struct {
		struct ulp_wire_header header;
		struct ulp_wire_chunk row;
		char strings[8];
	} section = {.row = {ULP_CHUNK_STRINGS, 1, 48, 8}};

	memcpy(&section.header, f->bytes, sizeof(section.header));
	free(f->bytes);
	f->len = sizeof(section);
	f->bytes = malloc(f->len);
	assert_non_null(f->bytes);
	header = &section.header;
	header->nr_chunks = 1;
	memcpy(f->bytes, &section, sizeof(section));
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, sizeof(struct ulp_wire_header));
}

static void reader_rejects_padding_that_is_not_zero(void **state)
{
	struct fixture *f = *state;
	struct ulp_wire_chunk labels;

	/* One label of 4 bytes, so that there is padding. */
	f->sample.patch.nr_labels = 1;
	fixture_write(f, ULP_SECTION_APPLY);
	labels = row_of(f, ULP_CHUNK_LABELS);
	f->bytes[labels.off + labels.len + 1] = 1;
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, labels.off + labels.len + 1);
}

static void reader_rejects_bytes_after_the_last_chunk(void **state)
{
	struct fixture *f = *state;

	f->bytes = realloc(f->bytes, f->len + 1);
	assert_non_null(f->bytes);
	f->bytes[f->len++] = 0;
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, f->len - 1);
}

static void reader_rejects_damaged_strings(void **state)
{
	static const char controls[] = {1, '\t', '\n', '\r', 0x1b, 0x1f, 0x7f};
	struct fixture *f = *state;
	struct ulp_wire_chunk strings = row_of(f, ULP_CHUNK_STRINGS);

	f->bytes[strings.off] = 'x';
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, strings.off);

	fixture_write(f, ULP_SECTION_APPLY);
	f->bytes[strings.off + strings.len - 1] = 'x';
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, strings.off + strings.len - 1);

	for (size_t i = 0; i < sizeof(controls); i++) {
		fixture_write(f, ULP_SECTION_APPLY);
		f->bytes[strings.off + 3] = (unsigned char)controls[i]; /* in the name */
		section_mend(f->bytes, f->len, true);
		assert_read_fails(f, ULP_EFORMAT, strings.off + 3);
	}
}

static void reader_rejects_the_many_lines_of_the_description_as_a_name(void **state)
{
	struct fixture *f = *state;
	struct ulp_wire_chunk meta = row_of(f, ULP_CHUNK_META);
	size_t label = row_of(f, ULP_CHUNK_LABELS).off;

	memcpy(f->bytes + label, f->bytes + meta.off + offsetof(struct ulp_wire_meta, description),
	       4);
	section_mend(f->bytes, f->len, true);
	assert_read_fails(f, ULP_EFORMAT, label);
}

static void reader_rejects_two_functions_with_one_entry(void **state)
{
	struct fixture *f = *state;
	struct ulp_function functions[3];
	size_t size = sizeof(struct ulp_wire_function);
	size_t at;

	/* Neighbours and not. */
	memcpy(functions, f->sample.functions, sizeof(f->sample.functions));
	functions[2] = functions[0];
	functions[2].old_vaddr = functions[2].entry_vaddr = functions[2].word_vaddr = 0x4000;
	f->sample.patch.functions = functions;
	f->sample.patch.nr_functions = 3;
	for (size_t first = 0; first < 2; first++) {
		fixture_write(f, ULP_SECTION_APPLY);
		at = row_of(f, ULP_CHUNK_FUNCTIONS).off;
		memcpy(f->bytes + at + 2 * size, f->bytes + at + first * size, size);
		section_mend(f->bytes, f->len, true);
		assert_read_fails(f, ULP_EFORMAT,
				  at + 2 * size + offsetof(struct ulp_wire_function, word_vaddr));
	}
}

static void reader_rejects_a_section_that_is_too_large(void **state)
{
	struct fixture *f = *state;

	f->bytes = realloc(f->bytes, (size_t)ULP_FORMAT_MAX_LEN + 1);
	assert_non_null(f->bytes);
	f->len = (size_t)ULP_FORMAT_MAX_LEN + 1;
	assert_read_fails(f, ULP_EFORMAT, 0);
}

/* --- damage, all of it ---------------------------------------------------- */

static void reader_rejects_every_change_of_a_byte(void **state)
{
	static const enum ulp_section sections[] = {ULP_SECTION_APPLY, ULP_SECTION_REVERT};
	struct fixture *f = *state;
	struct ulp_patch patch;

	for (size_t s = 0; s < 2; s++) {
		fixture_write(f, sections[s]);
		for (size_t i = 0; i < f->len; i++) {
			for (unsigned int flip = 1; flip < 256; flip++) {
				f->bytes[i] ^= (unsigned char)flip;
				assert_int_not_equal(fixture_read(f, &patch), ULP_OK);
				f->bytes[i] ^= (unsigned char)flip;
			}
		}
	}
}

/* What was accepted is written and read back the same, and the second writing changes nothing. */
static void assert_stable(struct fixture *f, const struct ulp_patch *patch)
{
	struct ulp_patch again;
	size_t lens[2];
	void *bytes[2];

	assert_succeeds(ulp_patch_write(patch, f->section, &bytes[0], &lens[0], &f->err), &f->err);
	assert_succeeds(ulp_patch_read(bytes[0], lens[0], f->section, &again, &f->err), &f->err);
	assert_true(patch_matches(patch, &again, f->section));
	assert_succeeds(ulp_patch_write(&again, f->section, &bytes[1], &lens[1], &f->err), &f->err);
	assert_int_equal(lens[0], lens[1]);
	assert_memory_equal(bytes[0], bytes[1], lens[0]);
	ulp_patch_deinit(&again);
	free(bytes[0]);
	free(bytes[1]);
}

static void reader_never_falls_over_a_change_with_the_right_checksum(void **state)
{
	static const unsigned char flips[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20,
					      0x40, 0x80, 0xff, 0x03, 0x7f};
	struct fixture *f = *state;
	size_t nr_accepted = 0;
	size_t nr_refused = 0;

	for (size_t i = 0; i < f->len; i++) {
		for (size_t k = 0; k < sizeof(flips); k++) {
			struct ulp_patch patch;

			f->bytes[i] ^= flips[k];
			section_mend(f->bytes, f->len, false);
			if (fixture_read(f, &patch) == ULP_OK) {
				assert_stable(f, &patch);
				ulp_patch_deinit(&patch);
				nr_accepted++;
			} else {
				assert_memory_equal(f->err.where, ".ulp+0x", 7);
				nr_refused++;
			}
			f->bytes[i] ^= flips[k];
		}
	}
	/* Names, checksums and addresses may be anything; structure may not. */
	assert_true(nr_accepted > 100);
	assert_true(nr_refused > 1000);
}

static void reader_rejects_every_truncation(void **state)
{
	struct fixture *f = *state;
	unsigned char *whole = f->bytes;
	size_t whole_len = f->len;

	for (size_t len = 0; len < whole_len; len++) {
		struct ulp_patch patch;

		f->bytes = malloc(len != 0 ? len : 1);
		assert_non_null(f->bytes);
		memcpy(f->bytes, whole, len);
		f->len = len;
		if (len < sizeof(struct ulp_wire_header))
			assert_read_fails(f, ULP_EFORMAT, len);
		else
			assert_read_fails(f, ULP_EFORMAT,
					  offsetof(struct ulp_wire_header, total_len));
		section_mend(f->bytes, len, true);
		assert_int_equal(fixture_read(f, &patch), ULP_EFORMAT);
		free(f->bytes);
	}
	f->bytes = whole;
	f->len = whole_len;
}

/* --- no memory ------------------------------------------------------------ */

static void reading_and_writing_report_that_memory_is_short(void **state)
{
	struct fixture *f = *state;
	struct ulp_patch patch;
	enum ulp_code code;
	void *bytes;
	size_t len;
	size_t nr;

	for (nr = 1; fail_alloc_begin(nr), code = fixture_read(f, &patch), fail_alloc_end(); nr++)
		assert_fails_at(code, ULP_ENOMEM, &f->err, "");
	assert_succeeds(code, &f->err);
	ulp_patch_deinit(&patch);
	assert_true(nr > 1);

	for (nr = 1; fail_alloc_begin(nr),
	    code = ulp_patch_write(&f->sample.patch, f->section, &bytes, &len, &f->err),
	    fail_alloc_end();
	     nr++)
		assert_fails_at(code, ULP_ENOMEM, &f->err, "");
	assert_succeeds(code, &f->err);
	assert_int_equal(len, f->len);
	assert_memory_equal(bytes, f->bytes, len);
	free(bytes);
	assert_true(nr > 8);
}

/* --- checksum and build ID ------------------------------------------------ */

static void checksum_is_fnv_1a(void **state)
{
	(void)state;
	/* Test vectors of the FNV draft (Fowler, Noll, Vo, Eastlake), appendix C. */
	assert_true(ulp_checksum("", 0) == 0xcbf29ce484222325);
	assert_true(ulp_checksum("a", 1) == 0xaf63dc4c8601ec8c);
	assert_true(ulp_checksum("foobar", 6) == 0x85944171f73967e8);
	assert_true(ulp_checksum_more(ulp_checksum("foo", 3), "bar", 3) == 0x85944171f73967e8);
}

static void build_ids_are_equal_by_length_and_bytes(void **state)
{
	struct ulp_build_id a = {.len = 4, .bytes = {1, 2, 3, 4, 9}};
	struct ulp_build_id b = {.len = 4, .bytes = {1, 2, 3, 4, 7}};

	(void)state;
	assert_true(ulp_build_id_equal(&a, &b));
	b.bytes[3] = 5;
	assert_false(ulp_build_id_equal(&a, &b));
	b = a;
	b.len = 5;
	assert_false(ulp_build_id_equal(&a, &b));
	a.len = b.len = ULP_BUILD_ID_MAX + 1;
	assert_false(ulp_build_id_equal(&a, &b));
}

static void build_ids_are_formatted_as_hex(void **state)
{
	struct ulp_build_id id = {.len = 3, .bytes = {0x00, 0xab, 0x1f}};
	char buf[2 * ULP_BUILD_ID_MAX + 1];
	char small[4];

	(void)state;
	assert_string_equal(ulp_build_id_format(&id, buf, sizeof(buf)), "00ab1f");
	assert_string_equal(ulp_build_id_format(&id, small, sizeof(small)), "00");
	small[0] = 'k';
	ulp_build_id_format(&id, small, 0);
	assert_int_equal(small[0], 'k');
	id.len = 0;
	assert_string_equal(ulp_build_id_format(&id, buf, sizeof(buf)), "none");
	id.len = UINT32_MAX;
	assert_int_equal(strlen(ulp_build_id_format(&id, buf, sizeof(buf))), 2 * ULP_BUILD_ID_MAX);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SAMPLE(patch_reads_back_what_was_written),
		WITH_SAMPLE(patch_without_optional_parts_reads_back),
		WITH_SAMPLE(patch_section_has_the_lowest_version_that_holds_it),
		WITH_SAMPLE(patch_of_version_1_reads_back),
		WITH_SAMPLE(reader_rejects_a_version_that_is_not_that_of_the_content),
		WITH_SAMPLE(patch_has_a_bounded_number_of_relations),
		WITH_SAMPLE(patch_with_many_records_reads_back),
		WITH_SAMPLE(patch_write_gives_the_same_bytes_for_the_same_patch),
		WITH_SAMPLE(patch_section_begins_as_the_format_says),
		WITH_SAMPLE(patch_deinit_accepts_null_and_filled_patches),
		WITH_SAMPLE(patch_write_refuses_what_could_not_be_read_back),
		WITH_SAMPLE(reader_rejects_damage_in_every_field),
		WITH_SAMPLE(reader_rejects_a_wrong_checksum),
		WITH_SAMPLE(reader_rejects_the_other_section),
		WITH_SAMPLE(reader_rejects_chunks_and_places_that_do_not_belong_into_revert),
		WITH_SAMPLE(reader_rejects_a_missing_chunk),
		WITH_SAMPLE(reader_rejects_padding_that_is_not_zero),
		WITH_SAMPLE(reader_rejects_bytes_after_the_last_chunk),
		WITH_SAMPLE(reader_rejects_damaged_strings),
		WITH_SAMPLE(reader_rejects_the_many_lines_of_the_description_as_a_name),
		WITH_SAMPLE(reader_rejects_two_functions_with_one_entry),
		WITH_SAMPLE(reader_rejects_a_section_that_is_too_large),
		WITH_SAMPLE(reader_rejects_every_change_of_a_byte),
		WITH_SAMPLE(reader_never_falls_over_a_change_with_the_right_checksum),
		WITH_SAMPLE(reader_rejects_every_truncation),
		WITH_SAMPLE(reading_and_writing_report_that_memory_is_short),
		cmocka_unit_test(checksum_is_fnv_1a),
		cmocka_unit_test(build_ids_are_equal_by_length_and_bytes),
		cmocka_unit_test(build_ids_are_formatted_as_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
