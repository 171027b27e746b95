/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/word_runs.h"

#include <string.h>

static uint64_t piece_of(uint64_t at)
{
	return at - at % WORD_RUN_PIECE;
}

static void begin(struct word_run *run, uint64_t piece)
{
	run->piece = piece;
	run->is_read = false;
	run->nr = 0;
}

void word_run_init(struct word_run *run, struct ulp_space *space)
{
	run->space = space;
	begin(run, 0);
}

/* false: not all of the piece can be read, or it is not worth it. */
static bool piece_read(struct word_run *run, uint8_t bytes[WORD_RUN_PIECE])
{
	return space_read(run->space, run->piece, bytes, WORD_RUN_PIECE, NULL) == ULP_OK;
}

enum ulp_code word_run_read(struct word_run *run, uint64_t at, uint8_t word[8], struct ulp_err *err)
{
	if (!run->nr || run->piece != piece_of(at))
		begin(run, piece_of(at));
	/* The second word is the first that has a neighbour. */
	if (run->nr++ && !run->is_read)
		run->is_read = piece_read(run, run->bytes);
	if (!run->is_read)
		return space_read(run->space, at, word, 8, err);
	memcpy(word, run->bytes + (at - run->piece), 8);
	return ULP_OK;
}
