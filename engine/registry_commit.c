/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The writes that change a registry and the entries that follow from it, in
 * the order that engine/registry_format.h gives.
 */
#include "config.h"

#include "engine/debug_list.h"
#include "engine/pending.h"
#include "engine/registry.h"
#include "engine/word_runs.h"

#include "engine_arch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define AT(base, type, member) ((base) + offsetof(type, member))

static enum ulp_code write_u32(struct ulp_space *s, uint64_t at, uint32_t value,
			       struct ulp_err *err)
{
	return space_write(s, at, &value, sizeof(value), err);
}

static enum ulp_code write_u64(struct ulp_space *s, uint64_t at, uint64_t value,
			       struct ulp_err *err)
{
	return space_write(s, at, &value, sizeof(value), err);
}

/* One word of the records: what it is by state, and by next_state. */
struct word {
	uint64_t at;
	uint8_t before[8];
	uint8_t after[8];
	bool leads_away; /* after is a redirect */
};

static struct word word_of(const struct registry *reg, const struct ulp_reg_function *f, bool next)
{
	const struct ulp_reg_function *owner;
	struct word w = {.at = f->word_addr};

	w.leads_away = registry_owner(reg, w.at, next, &owner) != NULL;
	memcpy(w.after, w.leads_away ? owner->redirect : f->original, sizeof(w.after));
	if (!registry_word(reg, w.at, !next, w.before))
		memcpy(w.before, w.after, sizeof(w.before));
	return w;
}

typedef enum ulp_code word_fn(const struct word *w, struct word_run *run, struct ulp_err *err);

/* Which words of the records are to be gone through. */
struct words_pass {
	bool redirects; /* those that get a redirect, else those that lose it */
	bool next;	/* to what next_state says, else back */
	uint32_t place; /* in their entry, from 0 */
};

/* Which word of its entry the i-th of a record is. */
static uint32_t place_in_entry(const struct registry_patch *p, uint32_t i)
{
	uint32_t place = 0;

	while (place < i && place + 1 < ARCH_MAX_WORDS &&
	       p->functions[i - place - 1].old_addr == p->functions[i].old_addr)
		place++;
	return place;
}

/* The words of one record, forwards those that get a redirect, backwards those that lose it. */
static enum ulp_code words_of_record(const struct registry *reg, const struct registry_patch *p,
				     const struct words_pass *pass, word_fn *step,
				     struct word_run *run, struct ulp_err *err)
{
	const uint32_t nr = p->head.nr_functions;
	enum ulp_code code = ULP_OK;

	for (uint32_t i = 0; !code && i < nr; i++) {
		const uint32_t at = pass->redirects ? i : nr - 1 - i;
		struct word w;

		if (place_in_entry(p, at) != pass->place)
			continue;
		w = word_of(reg, &p->functions[at], pass->next);
		/* Untouched words stay untouched: a write would give the page a copy. */
		if (w.leads_away == pass->redirects &&
		    memcmp(w.before, w.after, sizeof(w.after)) != 0)
			code = step(&w, run, err);
	}
	return code;
}

/* One pass over all records; what it writes is there before the next one begins. */
static enum ulp_code words_of_pass(const struct registry *reg, const struct words_pass *pass,
				   word_fn *step, struct word_run *run, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; !code && i < reg->nr; i++)
		/* A word changes only where one of its patches does. */
		if (registry_patch_changes(&reg->patches[i]))
			code = words_of_record(reg, &reg->patches[i], pass, step, run, err);
	return code ? code : word_run_flush(run, err);
}

/*
 * Calls `step` for all words that change, to what next_state says, or (next false) back.
 * At every instant an entry must lead to something: of an entry of two words, the one
 * that is led to comes first in the record.  It gets its redirect before all that lead to
 * such a word get theirs, and loses it after them.  Between entries no order matters,
 * so that within a pass neighbours can be written together.
 */
static enum ulp_code words_each(const struct registry *reg, bool next, word_fn *step,
				struct ulp_space *s, struct ulp_err *err)
{
	struct word_run run;
	enum ulp_code code = ULP_OK;

	word_run_init(&run, s);
	for (uint32_t n = 0; !code && n < 2 * ARCH_MAX_WORDS; n++) {
		const bool redirects = n < ARCH_MAX_WORDS;
		const struct words_pass pass = {
			.redirects = redirects,
			.next = next,
			.place = redirects ? n : 2 * ARCH_MAX_WORDS - 1 - n,
		};

		code = words_of_pass(reg, &pass, step, &run, err);
	}
	return code;
}

static enum ulp_code word_write(const struct word *w, struct word_run *run, struct ulp_err *err)
{
	return word_run_write(run, w->at, w->after, err);
}

/* Writes the words of all records that change, by state or next_state. */
static enum ulp_code words_write(const struct registry *reg, bool next, struct ulp_space *s,
				 struct ulp_err *err)
{
	return words_each(reg, next, word_write, s, err);
}

static enum ulp_code intents_write(const struct registry *reg, struct ulp_space *s,
				   struct ulp_err *err)
{
	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];
		enum ulp_code code = write_u32(s, AT(p->at, struct ulp_reg_patch, next_state),
					       p->head.next_state, err);
		if (!code)
			code = write_u64(s, AT(p->at, struct ulp_reg_patch, next_sequence),
					 p->head.next_sequence, err);
		if (code)
			return code;
	}
	return ULP_OK;
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
		if (!code)
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

/*
 * Writes down that patches have left together with their library.  True whatever
 * becomes of the commit.
 */
static enum ulp_code unloaded_write(struct registry *reg, struct ulp_space *s, struct ulp_err *err)
{
	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];
		char line[512];
		enum ulp_code code;

		if (!p->stale)
			continue;
		code = write_u32(s, AT(p->at, struct ulp_reg_patch, state), ULP_PATCH_UNLOADED,
				 err);
		if (code)
			return code;
		p->stale = false;
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
	    (states_write(reg, false, s, NULL) || words_write(reg, false, s, NULL) ||
	     write_u64(s, AT(reg->at, struct ulp_registry, sequence), reg->head.sequence, NULL)))
		return false;
	if (decide(reg, ULP_COMMIT_IDLE, s, NULL) || (fresh && unlink_fresh(reg, list, s)))
		return false;
	/* Nobody reads them now. */
	return intents_clear(reg, s) == ULP_OK;
}

/*
 * Which words the dead tool has written is not known, but that it had not
 * written all of those whose record's state is still another than next_state:
 * these are written again.  The library may have been unloaded since: a word
 * that is neither as before nor as after, or not there, is not ours any more.
 */
static enum ulp_code word_recover(const struct word *w, struct word_run *run, struct ulp_err *err)
{
	uint8_t now[8];

	if (space_read(run->space, w->at, now, sizeof(now), NULL) ||
	    memcmp(now, w->before, sizeof(now)) != 0)
		return ULP_OK;
	/* Now: what is between two words may be a mapping that is not ours any more. */
	return space_write(run->space, w->at, w->after, sizeof(w->after), err);
}

enum ulp_code registry_recover(struct registry *reg, struct ulp_space *s, struct ulp_err *err)
{
	return roll_forward(reg, words_each(reg, true, word_recover, s, err), s, err);
}

enum ulp_code registry_commit(struct registry *reg, bool fresh, struct ulp_space *s,
			      struct ulp_err *err)
{
	struct list_head before = list_head_now(reg);
	struct list_head after = fresh ? list_head_fresh(reg) : before;
	enum ulp_code code = unloaded_write(reg, s, err);

	if (!code)
		code = intents_write(reg, s, err);
	if (!code)
		code = records_link(reg, fresh, &after, s, err);
	if (!code)
		code = decide(reg, ULP_COMMIT_DECIDED, s, err);
	if (!code)
		code = roll_forward(reg, words_write(reg, true, s, err), s, err);
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
	uint64_t end = reg->head.messages_end;
	uint64_t at = AT(reg->at, struct ulp_registry, messages);
	size_t off = (size_t)(end % ULP_MESSAGES_LEN);
	size_t part = len < ULP_MESSAGES_LEN - off ? len : ULP_MESSAGES_LEN - off;

	if (space_write(s, at + off, text, part, NULL) ||
	    (part < len && space_write(s, at, text + part, len - part, NULL)) ||
	    write_u64(s, AT(reg->at, struct ulp_registry, messages_end), end + len, NULL))
		return;
	reg->head.messages_end = end + len;
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
