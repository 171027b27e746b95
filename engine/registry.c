/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the registry.  Nothing in it is believed: a record that contradicts
 * itself makes the whole registry unusable, and the process unpatchable.
 */
#include "config.h"

#include "engine/debug_list.h"
#include "engine/registry.h"
#include "engine/symbols.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PATCHES 4096u
#define MAX_RECORDS (64u << 20) /* bytes of all records together */
#define MAX_FUNCTIONS 16384u	/* of all records together; each is compared with all others */
#define MAX_RELATIONS 16384u	/* the same */

/* Nobody applies so often; leaves room to count on. */
#define MAX_SEQUENCE (UINT64_MAX >> 1)

static enum ulp_code damaged(struct ulp_err *err, uint64_t at, const char *what)
{
	return ulp_fail(err, ULP_EREGISTRY, "the registry's record at 0x%llx: %s",
			(unsigned long long)at, ulp_err_text(what));
}

/* Where a record's strings begin, in bytes from its start. */
static uint64_t strings_off(const struct ulp_reg_patch *h)
{
	return sizeof(*h) + (uint64_t)h->nr_functions * sizeof(struct ulp_reg_function) +
	       (uint64_t)h->nr_relations * sizeof(struct ulp_reg_relation);
}

/* Row: what must hold for a record; the first that does not is told. */
static const char *record_fault(const struct registry_patch *p, size_t len)
{
	const struct ulp_reg_patch *h = &p->head;
	const struct {
		bool ok;
		const char *what;
	} checks[] = {
		{memcmp(h->magic, ULP_REG_PATCH_MAGIC, sizeof(h->magic)) == 0,
		 ULP_TEXT("no magic number")},
		{h->version == ULP_REGISTRY_VERSION, ULP_TEXT("unknown version")},
		{h->state <= ULP_PATCH_UNLOADED && h->next_state <= ULP_PATCH_UNLOADED,
		 ULP_TEXT("unknown state")},
		{h->nr_functions > 0 && strings_off(h) + h->strings_len == len,
		 ULP_TEXT("its parts do not add up to its size")},
		{h->strings_len > 0 && !p->strings[0] && !p->strings[h->strings_len - 1],
		 ULP_TEXT("its strings are not terminated")},
		{h->build_id_len > 0 && h->build_id_len <= ULP_BUILD_ID_MAX &&
			 h->target_build_id_len <= ULP_BUILD_ID_MAX,
		 ULP_TEXT("wrong build ID")},
		{h->name < h->strings_len && h->file < h->strings_len &&
			 h->soname < h->strings_len && h->target_path < h->strings_len &&
			 h->labels < h->strings_len && h->path < h->strings_len,
		 ULP_TEXT("a name out of bounds")},
		{h->nr_labels <= ULP_REG_MAX_LABELS, ULP_TEXT("too many labels")},
		{h->nr_relations <= ULP_MAX_RELATIONS, ULP_TEXT("too many relations")},
		{h->consistency < ULP_NR_CONSISTENCIES, ULP_TEXT("unknown consistency")},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (!checks[i].ok)
			return checks[i].what;
	for (uint32_t i = 0; i < h->nr_functions; i++)
		if (p->functions[i].word_addr % 8 || p->functions[i].name >= h->strings_len ||
		    p->functions[i].inside > UINT8_MAX)
			return ULP_TEXT("a function out of bounds");
	for (uint32_t i = 0; i < h->nr_relations; i++)
		if (p->relations[i].name >= h->strings_len || p->relations[i].kind == 0 ||
		    p->relations[i].kind >= ULP_NR_RELATION_KINDS)
			return ULP_TEXT("a relation out of bounds");
	return NULL;
}

/* Where the parts of a record are; the head's counts are checked before anybody uses them. */
static enum ulp_code record_set(struct registry_patch *p, uint64_t at, void *bytes, size_t len,
				struct ulp_err *err)
{
	const char *fault;
	uint64_t off;

	*p = (struct registry_patch){.at = at, .bytes = bytes};
	memcpy(&p->head, bytes, sizeof(p->head));
	p->functions = (struct ulp_reg_function *)((char *)bytes + sizeof(p->head));
	off = strings_off(&p->head);
	if (off >= len || p->head.strings_len != len - off)
		return damaged(err, at, "its parts do not add up to its size");
	p->relations = (struct ulp_reg_relation *)(p->functions + p->head.nr_functions);
	p->strings = (const char *)bytes + off;
	fault = record_fault(p, len);
	return fault ? damaged(err, at, fault) : ULP_OK;
}

static enum ulp_code record_read(struct reader *r, uint64_t at, struct registry_patch *p,
				 struct ulp_err *err)
{
	struct ulp_reg_patch head;
	void *bytes;
	enum ulp_code code = reader_read(r, at, &head, sizeof(head), err);

	if (code)
		return code;
	if (head.size < sizeof(head) || head.size > ULP_REG_MAX_RECORD)
		return damaged(err, at, "its size makes no sense");
	bytes = malloc(head.size);
	if (!bytes)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	code = reader_read(r, at, bytes, head.size, err);
	if (!code)
		code = record_set(p, at, bytes, head.size, err);
	if (code)
		free(bytes);
	return code;
}

/* Whether one more record is still what an honest process can have. */
static bool has_room(const struct registry *reg, const struct registry_patch *p)
{
	uint64_t len = p->head.size;
	uint64_t functions = p->head.nr_functions;
	uint64_t relations = p->head.nr_relations;

	for (size_t i = 0; i < reg->nr; i++) {
		len += reg->patches[i].head.size;
		functions += reg->patches[i].head.nr_functions;
		relations += reg->patches[i].head.nr_relations;
	}
	return reg->nr < MAX_PATCHES && len <= MAX_RECORDS && functions <= MAX_FUNCTIONS &&
	       relations <= MAX_RELATIONS;
}

static enum ulp_code patch_insert(struct registry *reg, size_t where,
				  const struct registry_patch *p, struct ulp_err *err)
{
	struct registry_patch *list;

	if (!has_room(reg, p))
		return ulp_fail(err, ULP_EREGISTRY, "the registry has too many records");
	list = reallocarray(reg->patches, reg->nr + 1, sizeof(*list));
	if (!list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	reg->patches = list;
	memmove(list + where + 1, list + where, (reg->nr - where) * sizeof(*list));
	list[where] = *p;
	reg->nr++;
	return ULP_OK;
}

enum ulp_code registry_add(struct registry *reg, uint64_t at, void *bytes, size_t len,
			   struct ulp_err *err)
{
	struct registry_patch p;
	enum ulp_code code = record_set(&p, at, bytes, len, err);

	if (!code)
		code = patch_insert(reg, 0, &p, err);
	if (code)
		free(bytes);
	return code;
}

void registry_drop(struct registry *reg, uint64_t at)
{
	for (size_t i = 0; i < reg->nr; i++) {
		if (reg->patches[i].at != at)
			continue;
		free(reg->patches[i].bytes);
		reg->nr--;
		memmove(reg->patches + i, reg->patches + i + 1,
			(reg->nr - i) * sizeof(*reg->patches));
		return;
	}
}

static enum ulp_code patches_read(struct reader *r, struct registry *reg, struct ulp_err *err)
{
	for (uint64_t at = reg->head.patches; at;) {
		struct registry_patch p;
		enum ulp_code code = record_read(r, at, &p, err);

		if (code)
			return code;
		code = patch_insert(reg, reg->nr, &p, err);
		if (code) {
			free(p.bytes);
			return code;
		}
		at = p.head.next;
	}
	return ULP_OK;
}

/*
 * In effect is what was applied last: a patch from the future would be so for
 * ever.  In the middle of a commit the head's sequence may be late.
 */
static enum ulp_code sequences_check(const struct registry *reg, struct ulp_err *err)
{
	uint64_t latest = reg->head.commit == ULP_COMMIT_IDLE ? reg->head.sequence : MAX_SEQUENCE;

	if (reg->head.sequence > MAX_SEQUENCE)
		return damaged(err, reg->at, "its sequence makes no sense");
	for (size_t i = 0; i < reg->nr; i++)
		if (reg->patches[i].head.sequence > latest ||
		    (reg->head.commit && reg->patches[i].head.next_sequence > latest))
			return damaged(err, reg->patches[i].at, "its sequence makes no sense");
	return ULP_OK;
}

static enum ulp_code head_read(struct reader *r, const struct ulp_objects *objs,
			       struct registry *reg, struct ulp_err *err)
{
	const struct ulp_object *runtime = objects_find_soname(objs, ULP_RUNTIME_SONAME);
	struct ulp_symbol sym;
	enum ulp_code code;

	if (!runtime)
		return ulp_fail(err, ULP_ENORUNTIME,
				"libpulp.so.0 is not loaded; start the program with "
				"LD_PRELOAD=libpulp.so.0, or bring it into the process by "
				"'ulp trigger --inject -p PID CONTAINER'");
	if (!symbol_in_object(r, runtime, ULP_REGISTRY_SYMBOL, "", &sym))
		return ulp_fail(err, ULP_ENORUNTIME, "%s has no registry: is it ours?",
				runtime->path);
	code = reader_read(r, sym.addr, &reg->head, sizeof(reg->head), err);
	if (code)
		return code;
	reg->at = sym.addr;
	if (memcmp(reg->head.magic, ULP_REGISTRY_MAGIC, sizeof(reg->head.magic)) != 0)
		return ulp_fail(err, ULP_ESTOP, "libpulp.so.0 is not initialised yet; try again");
	if (reg->head.version != ULP_REGISTRY_VERSION || reg->head.size != sizeof(reg->head))
		return ulp_fail(err, ULP_EVERSION,
				"%s has a registry of version %u, this tool knows version %u",
				runtime->path, reg->head.version, ULP_REGISTRY_VERSION);
	if (reg->head.commit > ULP_COMMIT_DECIDED)
		return damaged(err, reg->at, "unknown commit state");
	return ULP_OK;
}

enum ulp_code registry_read(struct reader *r, const struct ulp_objects *objs, struct registry *ret,
			    struct ulp_err *err)
{
	struct registry reg = {0};
	enum ulp_code code = head_read(r, objs, &reg, err);

	if (!code)
		code = patches_read(r, &reg, err);
	if (!code)
		code = sequences_check(&reg, err);
	if (code) {
		registry_deinit(&reg);
		return code;
	}
	registry_compare(&reg, r, objs);
	reg.r_debug = debug_list_find(r, objs);
	*ret = reg;
	return ULP_OK;
}

void registry_deinit(struct registry *reg)
{
	for (size_t i = 0; i < reg->nr; i++)
		free(reg->patches[i].bytes);
	free(reg->patches);
	*reg = (struct registry){0};
}

const char *registry_string(const struct registry_patch *p, uint32_t off)
{
	return off < p->head.strings_len ? p->strings + off : "";
}

const char *registry_label(const struct registry_patch *p, uint32_t i)
{
	uint32_t off = p->head.labels;

	while (i-- && off < p->head.strings_len)
		off += (uint32_t)strlen(p->strings + off) + 1;
	return registry_string(p, off);
}

bool registry_patch_applied(const struct registry *reg, const struct registry_patch *p)
{
	uint32_t state =
		reg->head.commit == ULP_COMMIT_DECIDED ? p->head.next_state : p->head.state;

	return state == ULP_PATCH_APPLIED;
}

uint32_t registry_patch_stored_state(const struct registry_patch *p)
{
	return p->stale ? p->stored : p->head.state;
}

long registry_find(const struct registry *reg, const struct ulp_build_id *id, uint64_t target_bias)
{
	for (size_t i = 0; i < reg->nr; i++) {
		const struct ulp_reg_patch *h = &reg->patches[i].head;

		if (h->build_id_len == id->len && h->target_bias == target_bias &&
		    memcmp(h->build_id, id->bytes, id->len) == 0)
			return (long)i;
	}
	return -1;
}

/*
 * Callers go through the functions of a record, forwards or backwards, some of them while the
 * process is stopped: the neighbours of what was found last are looked at first.
 */
static const struct ulp_reg_function *function_at(struct registry_patch *p, uint64_t word_addr)
{
	const uint32_t nr = p->head.nr_functions;
	/* Two on: the same word of the next entry of two. */
	const uint32_t near[] = {p->found, p->found + 1, p->found - 1, p->found + 2, p->found - 2};

	if (p->absent)
		return NULL;
	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		if (near[i] < nr && p->functions[near[i]].word_addr == word_addr)
			return &p->functions[p->found = near[i]];
	for (uint32_t i = 0; i < nr; i++)
		if (p->functions[i].word_addr == word_addr)
			return &p->functions[p->found = i];
	return NULL;
}

const struct registry_patch *registry_owner(const struct registry *reg, uint64_t word_addr,
					    bool next, const struct ulp_reg_function **function)
{
	const struct registry_patch *owner = NULL;
	uint64_t highest = 0;

	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];
		uint32_t state = next ? p->head.next_state : p->head.state;
		uint64_t sequence = next ? p->head.next_sequence : p->head.sequence;
		const struct ulp_reg_function *f;

		if (state != ULP_PATCH_APPLIED || (owner && sequence <= highest))
			continue;
		f = function_at(p, word_addr);
		if (!f)
			continue;
		owner = p;
		highest = sequence;
		*function = f;
	}
	return owner;
}

bool registry_word(const struct registry *reg, uint64_t word_addr, bool next, uint8_t word[8])
{
	const struct ulp_reg_function *f;

	if (registry_owner(reg, word_addr, next, &f)) {
		memcpy(word, f->redirect, 8);
		return true;
	}
	for (size_t i = 0; i < reg->nr; i++) {
		f = function_at(&reg->patches[i], word_addr);
		if (f) {
			memcpy(word, f->original, 8);
			return true;
		}
	}
	return false;
}

bool registry_patch_changes(const struct registry_patch *p)
{
	return p->head.state != p->head.next_state || p->head.sequence != p->head.next_sequence;
}

bool registry_word_changes(const struct registry *reg, uint64_t word_addr)
{
	uint8_t before[8];
	uint8_t after[8];

	return registry_word(reg, word_addr, false, before) &&
	       registry_word(reg, word_addr, true, after) &&
	       memcmp(before, after, sizeof(after)) != 0;
}
