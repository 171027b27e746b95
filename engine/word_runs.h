/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading many words of a space, neighbours by one call.
 */
#ifndef ULP_ENGINE_WORD_RUNS_H
#define ULP_ENGINE_WORD_RUNS_H

#include "engine/space.h"

/* Neighbours are the words of one such piece, aligned to its size.  No page is smaller. */
#define WORD_RUN_PIECE 4096u

struct word_run {
	struct ulp_space *space; /* borrowed */
	uint64_t piece;		 /* address of bytes[0] */
	bool is_read;		 /* bytes[] is all of the piece */
	size_t nr;		 /* words of this piece that were asked for */
	uint8_t bytes[WORD_RUN_PIECE];
};

/* Leaves bytes[] alone: a page that is touched for the first time costs more than a word. */
void word_run_init(struct word_run *run, struct ulp_space *space);

/*
 * Copies the word at an address that is a multiple of 8, from what was read before if it is
 * there.  Errors: those of reading.
 */
ULP_MUST_CHECK enum ulp_code word_run_read(struct word_run *run, uint64_t at, uint8_t word[8],
					   struct ulp_err *err);

#endif
