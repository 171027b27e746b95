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

/* Takes the piece's other bytes in, around the only word that is there. */
static bool piece_complete(struct word_run *run)
{
	uint8_t word[8];

	memcpy(word, run->bytes + run->first, sizeof(word));
	run->is_read = piece_read(run, run->bytes);
	memcpy(run->bytes + run->first, word, sizeof(word));
	return run->is_read;
}

enum ulp_code word_run_write(struct word_run *run, uint64_t at, const uint8_t word[8],
			     struct ulp_err *err)
{
	const size_t off = (size_t)(at % WORD_RUN_PIECE);

	if (run->nr && (run->piece != piece_of(at) || (!run->is_read && !piece_complete(run)))) {
		enum ulp_code code = word_run_flush(run, err);

		if (code)
			return code;
	}
	if (!run->nr) {
		begin(run, piece_of(at));
		run->first = off;
		run->end = off + 8;
	}
	run->nr++;
	memcpy(run->bytes + off, word, 8);
	if (off < run->first)
		run->first = off;
	if (off + 8 > run->end)
		run->end = off + 8;
	return ULP_OK;
}

enum ulp_code word_run_flush(struct word_run *run, struct ulp_err *err)
{
	const size_t nr = run->nr;

	run->nr = 0;
	if (!nr)
		return ULP_OK;
	return space_write(run->space, run->piece + run->first, run->bytes + run->first,
			   run->end - run->first, err);
}
