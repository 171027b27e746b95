/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words that a commit changes, worked out before the process is stopped, and their writing,
 * neighbours by one call: while a process is stopped each call counts.
 */
#ifndef ULP_ENGINE_WORD_EDITS_H
#define ULP_ENGINE_WORD_EDITS_H

#include "engine/registry.h"

/* One word of the records that changes: what it is by state, and by next_state. */
struct word_edit {
	uint64_t at;
	uint8_t before[8];
	uint8_t after[8];
	uint32_t pass; /* what is of a later pass must be written later */
};

struct word_edits {
	struct word_edit *list; /* owned; by pass, and in each by ascending address */
	size_t nr;
};

/*
 * All words that change, to what next_state says, or (next false) back.  At every instant an
 * entry must lead to something: of an entry of two words, the one that is led to comes first
 * in the record.  It gets its redirect before all that lead to such a word get theirs, and
 * loses it after them.  Between entries no order matters, so that within a pass neighbours can
 * be written together.  Error: ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code word_edits_make(const struct registry *reg, bool next,
					     struct word_edits *ret, struct ulp_err *err);
void word_edits_free(struct word_edits *edits);

/*
 * Writes them, neighbours together where the space has a view of them: then what lies between
 * them is written as it is, and all threads must be stopped.  Errors: those of writing; which of
 * the words were written is then not known.
 */
ULP_MUST_CHECK enum ulp_code word_edits_write(const struct word_edits *edits, struct ulp_space *s,
					      struct ulp_err *err);

#endif
