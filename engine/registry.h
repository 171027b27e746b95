/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry of a target as the tool sees it: a checked copy, and the
 * writes that change it.  engine/registry_format.h has the layout and the
 * order of a commit.
 */
#ifndef ULP_ENGINE_REGISTRY_H
#define ULP_ENGINE_REGISTRY_H

#include "container/patch.h"
#include "engine/objects.h"
#include "engine/registry_format.h"

/* One patch record, copied and checked. */
struct registry_patch {
	uint64_t at;		   /* address of the record */
	struct ulp_reg_patch head; /* state, next_state: as planned by the owner of this copy */
	struct ulp_reg_function *functions; /* head.nr_functions; points into bytes */
	struct ulp_reg_relation *relations; /* head.nr_relations; points into bytes */
	const char *strings;		    /* points into bytes */
	void *bytes;			    /* the whole record; owned */
	uint32_t found;			    /* index of the function that was looked up last */
	/* See registry_compare(). */
	bool absent; /* its library is not loaded there now: its words are not ours */
	bool stale;  /* in the process its state is still `stored`, not head.state */
	uint32_t stored;
};

struct registry {
	uint64_t at; /* address of the registry, 0 if the process has no runtime */
	struct ulp_registry head;
	struct registry_patch *patches; /* newest first; owned */
	size_t nr;
	uint64_t r_debug; /* of the dynamic linker, for engine/debug_list.h; 0: not to be touched */
	bool torn;	  /* a failed commit could not be undone: nothing of ours may be unmapped */
};

/*
 * Reads and checks the registry of the runtime among `objects`.
 *
 * Errors: ULP_ENORUNTIME (not loaded), ULP_ESTOP (not initialised yet), ULP_EVERSION
 * (another version of libpulp.so.0), ULP_EREGISTRY (it makes no sense),
 * ULP_ENOMEM, and those of reading.
 */
ULP_MUST_CHECK enum ulp_code registry_read(struct reader *r, const struct ulp_objects *objects,
					   struct registry *ret, struct ulp_err *err);
void registry_deinit(struct registry *reg);

/*
 * Compares the records with what the process has, as registry_read() does at its end.  A
 * record whose library is not loaded where it was counts for no word (absent).  One whose
 * library was unloaded since, whether it is recorded as applied or as reverted, becomes
 * ULP_PATCH_UNLOADED in this copy (stale); registry_write_unloaded() writes that to the process.
 */
void registry_compare(struct registry *reg, struct reader *r, const struct ulp_objects *objects);

/*
 * Writes that down.  It is true whatever becomes of the change; of reverted patches it shows no
 * longer once a page of theirs was written to, so it comes before anything else is.
 * The caller has the process's lock.  Errors: those of writing.
 */
ULP_MUST_CHECK enum ulp_code registry_write_unloaded(struct registry *reg, struct ulp_space *space,
						     struct ulp_err *err);

/* The state that the record has in the process, as far as this copy knows. */
uint32_t registry_patch_stored_state(const struct registry_patch *patch);

/*
 * Takes a record that was made here and is not in the target's list yet; its
 * bytes (malloc'ed) are owned by the registry afterwards, also on failure.  It
 * becomes patches[0].  Errors: ULP_EREGISTRY (a record that makes no sense; more
 * of them than registry_read() would read again), ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code registry_add(struct registry *reg, uint64_t at, void *bytes,
					  size_t len, struct ulp_err *err);

/* Drops the record at this address, which the target does not have any more or never had. */
void registry_drop(struct registry *reg, uint64_t at);

/* A string of a record; "" for an offset that is out of bounds. */
const char *registry_string(const struct registry_patch *patch, uint32_t off);

/* The i-th label, i < head.nr_labels. */
const char *registry_label(const struct registry_patch *patch, uint32_t i);

/* Whether the patch is applied: in a half-done commit that was decided, whether it will be. */
bool registry_patch_applied(const struct registry *reg, const struct registry_patch *patch);

/* Index of the patch with this container build ID at this target, -1 if none. */
long registry_find(const struct registry *reg, const struct ulp_build_id *build_id,
		   uint64_t target_bias);

/*
 * The patch whose redirect is in effect at a word: the applied one with the
 * highest sequence, by state (next false) or next_state (next true), among those whose
 * library is there.  NULL: none.
 * *function: its entry for this word.
 */
const struct registry_patch *registry_owner(const struct registry *reg, uint64_t word_addr,
					    bool next, const struct ulp_reg_function **function);

/*
 * What the eight bytes at a word must be, by state or next_state.  false: no
 * record knows the word.
 */
bool registry_word(const struct registry *reg, uint64_t word_addr, bool next, uint8_t word[8]);

/* Whether the commit of next_state changes the patch. */
bool registry_patch_changes(const struct registry_patch *patch);

/* Whether it changes what must be at a word. */
bool registry_word_changes(const struct registry *reg, uint64_t word_addr);

/*
 * Finishes a decided commit that its tool did not live to finish.  All threads
 * must be stopped, none in insides_find().  Errors: those of writing.
 */
ULP_MUST_CHECK enum ulp_code registry_recover(struct registry *reg, struct ulp_space *space,
					      struct ulp_err *err);

/*
 * Has the kernel make the private copies of the pages whose words the commit of next_state
 * changes, which takes longer than the writes: while the process runs, so that
 * nobody waits.  One word of each page is written with the bytes that it has, by one
 * store, and only if these are what the records say.  Should the commit fail, all bytes are
 * still the same, and what remains is at most one private copy of each of these pages.
 * What does not succeed here the commit does.
 */
void registry_copy_pages(const struct registry *reg, struct ulp_space *space);

struct word_edits;

/*
 * Commits next_state of all patches, patches[0] linked first if it is not in
 * the list (fresh).  edits: of next_state.  All threads must be stopped.  On failure every byte is
 * as before; where even that fails, `torn` is set and the next tool finishes it. Errors: those of
 * writing.
 */
ULP_MUST_CHECK enum ulp_code registry_commit(struct registry *reg, bool fresh,
					     const struct word_edits *edits,
					     struct ulp_space *space, struct ulp_err *err);

/*
 * Appends one line (without "\n") to the message ring, with the UTC time in front.
 * What cannot be written is lost: messages are a record, not a condition.
 */
void registry_message(struct registry *reg, struct ulp_space *space, const char *line);

#endif
