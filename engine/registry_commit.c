/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The writes that change a registry and the entries that follow from it, in
 * the order that engine/registry_format.h gives.
 */
#include "config.h"

#include "engine/debug_list.h"
#include "engine/pending.h"
#include "engine/registry.h"
#include "engine/word_edits.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define AT(base, type, member) ((base) + offsetof(type, member))

static enum ulp_code write_u32(struct ulp_space *s, uint64_t at, uint32_t value,
			       struct ulp_err *err)
{
	return space_write_later(s, at, &value, sizeof(value), err);
}

static enum ulp_code write_u64(struct ulp_space *s, uint64_t at, uint64_t value,
			       struct ulp_err *err)
{
	return space_write_later(s, at, &value, sizeof(value), err);
}

/* What a commit that is undone, or one that is finished, has to write: not known before. */
static enum ulp_code words_back(const struct registry *reg, struct ulp_space *s)
{
	struct word_edits edits;
	enum ulp_code code = word_edits_make(reg, false, &edits, NULL);

	if (code)
		return code;
	code = word_edits_write(&edits, s, NULL);
	word_edits_free(&edits);
	return code;
}

static enum ulp_code intent_write(const struct registry_patch *p, struct ulp_space *s,
				  struct ulp_err *err)
{
	const uint64_t state_at = AT(p->at, struct ulp_reg_patch, next_state);
	const uint64_t sequence_at = AT(p->at, struct ulp_reg_patch, next_sequence);
	uint32_t state = 0;
	uint64_t sequence = 0;
	enum ulp_code code = space_read(s, state_at, &state, sizeof(state), err);

	if (!code)
		code = space_read(s, sequence_at, &sequence, sizeof(sequence), err);
	if (!code && state != p->head.next_state)
		code = write_u32(s, state_at, p->head.next_state, err);
	if (!code && sequence != p->head.next_sequence)
		code = write_u64(s, sequence_at, p->head.next_sequence, err);
	return code;
}

/* Of patches that do not change, too: a dead tool may have left its own. */
static enum ulp_code intents_write(const struct registry *reg, struct ulp_space *s,
				   struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < reg->nr && !code; i++)
		code = intent_write(&reg->patches[i], s, err);
	return code;
}

static enum ulp_code states_write(const struct registry *reg, bool next, struct ulp_space *s,
				  struct ulp_err *err)
{
	for (size_t i = 0; i < reg->nr; i++) {
		const struct ulp_reg_patch *h = &reg->patches[i].head;
		uint64_t at = reg->patches[i].at;
		enum ulp_code code;

		if (!registry_patch_changes(&reg->patches[i]))
			continue;
		code = write_u32(s, AT(at, struct ulp_reg_patch, state),
				 next ? h->next_state : h->state, err);
		if (!code && h->sequence != h->next_sequence)
			code = write_u64(s, AT(at, struct ulp_reg_patch, sequence),
					 next ? h->next_sequence : h->sequence, err);
		if (code)
			return code;
	}
	return ULP_OK;
}

/* The members of the head that lead the target's threads to the records. */
struct list_head {
	uint64_t patches;
	uint64_t containers_start;
	uint64_t containers_end;
};

static struct list_head list_head_now(const struct registry *reg)
{
	return (struct list_head){
		.patches = reg->head.patches,
		.containers_start = reg->head.containers_start,
		.containers_end = reg->head.containers_end,
	};
}

/* With patches[0] at the head of the list. */
static struct list_head list_head_fresh(const struct registry *reg)
{
	struct list_head list = {.patches = reg->patches[0].at, .containers_start = UINT64_MAX};

	for (size_t i = 0; i < reg->nr; i++) {
		const struct ulp_reg_patch *h = &reg->patches[i].head;

		if (h->map_start < list.containers_start)
			list.containers_start = h->map_start;
		if (h->map_start + h->map_len > list.containers_end)
			list.containers_end = h->map_start + h->map_len;
	}
	return list;
}

static enum ulp_code range_write(const struct registry *reg, const struct list_head *list,
				 struct ulp_space *s, struct ulp_err *err)
{
	enum ulp_code code = write_u64(s, AT(reg->at, struct ulp_registry, containers_start),
				       list->containers_start, err);

	if (!code)
		code = write_u64(s, AT(reg->at, struct ulp_registry, containers_end),
				 list->containers_end, err);
	return code;
}

/*
 * At every instant at which we may die the range must hold the containers of
 * all records in the list: it grows before the list does, and shrinks after it.
 */
static enum ulp_code list_grow(const struct registry *reg, const struct list_head *list,
			       struct ulp_space *s, struct ulp_err *err)
{
	enum ulp_code code = range_write(reg, list, s, err);

	if (!code)
		code = write_u64(s, AT(reg->at, struct ulp_registry, patches), list->patches, err);
	return code;
}

static enum ulp_code list_shrink(const struct registry *reg, const struct list_head *list,
				 struct ulp_space *s, struct ulp_err *err)
{
	enum ulp_code code =
		write_u64(s, AT(reg->at, struct ulp_registry, patches), list->patches, err);

	if (!code)
		code = range_write(reg, list, s, err);
	return code;
}

static enum ulp_code decide(struct registry *reg, enum ulp_commit_state commit, struct ulp_space *s,
			    struct ulp_err *err)
{
	enum ulp_code code = write_u32(s, AT(reg->at, struct ulp_registry, commit), commit, err);

	if (!code)
		code = space_flush(s, err);
	if (!code)
		reg->head.commit = commit;
	return code;
}

static uint64_t highest_sequence(const struct registry *reg)
{
	uint64_t highest = reg->head.sequence;

	for (size_t i = 0; i < reg->nr; i++)
		if (reg->patches[i].head.next_sequence > highest)
			highest = reg->patches[i].head.next_sequence;
	return highest;
}

/*
 * From the point of no return on: steps 3 and 4.  The words have been written,
 * with the result `code`.
 */
static enum ulp_code roll_forward(struct registry *reg, enum ulp_code code, struct ulp_space *s,
				  struct ulp_err *err)
{
	uint64_t sequence = highest_sequence(reg);

	if (!code)
		code = states_write(reg, true, s, err);
	if (!code)
		code = write_u64(s, AT(reg->at, struct ulp_registry, sequence), sequence, err);
	if (!code)
		code = decide(reg, ULP_COMMIT_IDLE, s, err);
	if (code)
		return code;
	reg->head.sequence = sequence;
	for (size_t i = 0; i < reg->nr; i++) {
		reg->patches[i].head.state = reg->patches[i].head.next_state;
		reg->patches[i].head.sequence = reg->patches[i].head.next_sequence;
	}
	return ULP_OK;
}

/* Intents that say nothing: as they are outside of a commit. */
static enum ulp_code intents_clear(const struct registry *reg, struct ulp_space *s)
{
	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];
		enum ulp_code code;

		if (!registry_patch_changes(p))
			continue;
		code = write_u32(s, AT(p->at, struct ulp_reg_patch, next_state), p->head.state,
				 NULL);
		if (!code)
			code = write_u64(s, AT(p->at, struct ulp_reg_patch, next_sequence),
					 p->head.sequence, NULL);
		if (code)
			return code;
	}
	return ULP_OK;
}

/*
 * Takes patches[0] into the lists, if it is fresh, and brings that of debuggers in step in
 * any case.  At every instant its memory is either named as pending or in the list, and
 * no link map is in a list that is not.
 */
static enum ulp_code records_link(struct registry *reg, bool fresh, const struct list_head *after,
				  struct ulp_space *s, struct ulp_err *err)
{
	enum ulp_code code = fresh ? list_grow(reg, after, s, err) : ULP_OK;

	if (!code)
		code = debug_list_chain(reg, 0, s, err);
	if (!code && fresh)
		code = pending_clear(s, reg->at, err);
	return code;
}

/* The way back. */
static enum ulp_code unlink_fresh(struct registry *reg, const struct list_head *before,
				  struct ulp_space *s)
{
	enum ulp_code code = pending_announce(s, reg->at, &reg->head.pending, NULL);

	if (!code)
		code = debug_list_chain(reg, 1, s, NULL);
	return code ? code : list_shrink(reg, before, s, NULL);
}

/* The intent first: until a commit that was decided is finished it decides. */
static enum ulp_code unloaded_write(const struct registry_patch *p, struct ulp_space *s,
				    struct ulp_err *err)
{
	enum ulp_code code =
		write_u32(s, AT(p->at, struct ulp_reg_patch, next_state), ULP_PATCH_UNLOADED, err);

	if (!code)
		code = write_u32(s, AT(p->at, struct ulp_reg_patch, state), ULP_PATCH_UNLOADED,
				 err);
	/* At once: a message that fails is no failure. */
	return code ? code : space_flush(s, err);
}

enum ulp_code registry_write_unloaded(struct registry *reg, struct ulp_space *s,
				      struct ulp_err *err)
{
	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];
		char line[512];
		enum ulp_code code;

		if (!p->stale)
			continue;
		code = unloaded_write(p, s, err);
		if (code)
			return code;
		p->stale = false;
		if (p->stored != ULP_PATCH_APPLIED)
			continue;
		(void)snprintf(line, sizeof(line),
			       "%s is not applied any more: the process has unloaded %s",
			       registry_string(p, p->head.file),
			       registry_string(p, p->head.soname));
		registry_message(reg, s, line);
	}
	return ULP_OK;
}

/*
 * Undoes a commit whose writes failed.  We may die here as well: as long as
 * `commit` is not idle again, the next tool rolls forward, for which a record
 * whose state is next_state must mean that its words are written.  So the
 * states go back before the words.  false: not all could be undone, and the
 * process may still refer to what we have mapped in it.
 */
static bool roll_back(struct registry *reg, bool fresh, const struct list_head *list,
		      struct ulp_space *s)
{
	const bool decided = reg->head.commit == ULP_COMMIT_DECIDED;

	/* What cannot be put back stays decided, for the next tool to finish. */
	if (decided &&
	    (states_write(reg, false, s, NULL) || words_back(reg, s) ||
	     write_u64(s, AT(reg->at, struct ulp_registry, sequence), reg->head.sequence, NULL)))
		return false;
	if (decide(reg, ULP_COMMIT_IDLE, s, NULL) || (fresh && unlink_fresh(reg, list, s)))
		return false;
	/* Nobody reads them now. */
	return intents_clear(reg, s) == ULP_OK && space_flush(s, NULL) == ULP_OK;
}

/*
 * Which words the dead tool has written is not known, but that it had not
 * written all of those whose record's state is still another than next_state:
 * these are written again.  The library may have been unloaded since: a word
 * that is neither as before nor as after, or not there, is not ours any more.
 */
static enum ulp_code word_recover(const struct word_edit *w, struct ulp_space *s,
				  struct ulp_err *err)
{
	uint8_t now[8];

	if (space_read(s, w->at, now, sizeof(now), NULL) ||
	    memcmp(now, w->before, sizeof(now)) != 0)
		return ULP_OK;
	/* One by one: what is between two words may be a mapping that is not ours any more. */
	return space_write(s, w->at, w->after, sizeof(w->after), err);
}

enum ulp_code registry_recover(struct registry *reg, struct ulp_space *s, struct ulp_err *err)
{
	struct word_edits edits;
	enum ulp_code code = registry_write_unloaded(reg, s, err);

	if (!code)
		code = word_edits_make(reg, true, &edits, err);
	if (code)
		return code;
	for (size_t i = 0; !code && i < edits.nr; i++)
		code = word_recover(&edits.list[i], s, err);
	word_edits_free(&edits);
	return roll_forward(reg, code, s, err);
}

enum ulp_code registry_commit(struct registry *reg, bool fresh, const struct word_edits *edits,
			      struct ulp_space *s, struct ulp_err *err)
{
	struct list_head before = list_head_now(reg);
	struct list_head after = fresh ? list_head_fresh(reg) : before;
	enum ulp_code code = intents_write(reg, s, err);

	if (!code)
		code = records_link(reg, fresh, &after, s, err);
	if (!code)
		code = decide(reg, ULP_COMMIT_DECIDED, s, err);
	if (!code)
		code = roll_forward(reg, word_edits_write(edits, s, err), s, err);
	if (code)
		reg->torn = !roll_back(reg, fresh, &before, s);
	if (code)
		return code;
	reg->head.patches = after.patches;
	reg->head.containers_start = after.containers_start;
	reg->head.containers_end = after.containers_end;
	if (fresh)
		reg->head.pending = (struct ulp_reg_pending){0};
	debug_list_link(reg, s);
	return ULP_OK;
}

static void ring_write(struct registry *reg, struct ulp_space *s, const char *text, size_t len)
{
	const uint64_t start = reg->head.messages_end;
	const uint64_t end = start + len;
	uint64_t at = AT(reg->at, struct ulp_registry, messages);
	size_t off = (size_t)(start % ULP_MESSAGES_LEN);
	size_t part = len < ULP_MESSAGES_LEN - off ? len : ULP_MESSAGES_LEN - off;

	/* Nothing is kept back: a commit that this is a part of must not fail because of it. */
	if (space_write(s, at + off, text, part, NULL) ||
	    (part < len && space_write(s, at, text + part, len - part, NULL)) ||
	    space_write(s, AT(reg->at, struct ulp_registry, messages_end), &end, sizeof(end), NULL))
		return;
	reg->head.messages_end = end;
}

void registry_message(struct registry *reg, struct ulp_space *s, const char *line)
{
	char text[1024];
	struct timespec now;
	struct tm tm;
	int len;

	/* Not time(): an indirect function, which each process with the runtime would bind. */
	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || !gmtime_r(&now.tv_sec, &tm))
		return;
	len = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ %s\n", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, line);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text)) {
		len = sizeof(text) - 1;
		text[len - 1] = '\n';
	}
	ring_write(reg, s, text, (size_t)len);
}
