/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading and writing many words of a space, neighbours by one call: while a process is
 * stopped each call counts.
 */
#ifndef ULP_ENGINE_WORD_RUNS_H
#define ULP_ENGINE_WORD_RUNS_H

#include "engine/space.h"

/*
 * Neighbours are the words of one such piece, aligned to its size.  No page is smaller: the
 * kernel writes a range that lies in one page by one copy, which no signal ends half-way
 * (access_remote_vm() in mm/memory.c).  So whoever is killed has written all of it or nothing.
 */
#define WORD_RUN_PIECE 4096u

/* Begun by word_run_init(); then either for reading or for writing. */
struct word_run {
	struct ulp_space *space; /* borrowed */
	uint64_t piece;		 /* address of bytes[0] */
	bool is_read;		 /* bytes[] is all of the piece, with the words to be written */
	size_t nr;		 /* words of this piece that were asked for */
	size_t first, end;	 /* what is to be written: bytes of the piece, [first, end) */
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

/*
 * Writes a word, now or with its neighbours at the next word_run_flush() or at the next
 * word of another piece.  What lies between two words is written as it is: all threads must be
 * stopped.  Errors: those of writing; which of the words were written is then not known.
 */
ULP_MUST_CHECK enum ulp_code word_run_write(struct word_run *run, uint64_t at,
					    const uint8_t word[8], struct ulp_err *err);

/* Writes what is not yet written: what is asked for later must come later. */
ULP_MUST_CHECK enum ulp_code word_run_flush(struct word_run *run, struct ulp_err *err);

#endif
