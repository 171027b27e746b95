/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads small pieces of a target through a page cache: symbol tables and hash
 * chains are walked a few bytes at a time.  Only for what does not change
 * while it is being read; reader_forget() before the next look.
 */
#ifndef ULP_ENGINE_READER_H
#define ULP_ENGINE_READER_H

#include "engine/space.h"

struct reader_page;

struct reader {
	struct ulp_space *space;   /* borrowed */
	struct reader_page *pages; /* the cache */
	size_t string_budget;	   /* bytes that reader_strdup() may still allocate */
	uint64_t reads_left;	   /* calls of reader_read() */
};

/* Error: ULP_ENOMEM. */
ULP_MUST_CHECK enum ulp_code reader_init(struct reader *r, struct ulp_space *space,
					 struct ulp_err *err);
void reader_deinit(struct reader *r);

/* Drops everything cached, and begins to count anew: what follows is another look. */
void reader_forget(struct reader *r);

/* Drops everything cached, in the middle of a look: what it may cost stays bounded. */
void reader_look_again(struct reader *r);

/*
 * Copies len bytes, all or nothing.  Errors: those of ulp_space_ops.read, and
 * ULP_EELF where the range wraps around, or where more reads were made since
 * the last reader_forget() than the tables of any honest process need: each
 * walk through a table is bounded, but a hostile target can nest them.
 */
ULP_MUST_CHECK enum ulp_code reader_read(struct reader *r, uint64_t from, void *buf, size_t len,
					 struct ulp_err *err);

/*
 * Copies a NUL-terminated string into buf[0..size).  ULP_EELF if there is no
 * NUL within size bytes.
 */
ULP_MUST_CHECK enum ulp_code reader_string(struct reader *r, uint64_t from, char *buf, size_t size,
					   struct ulp_err *err);

/*
 * The same, malloc'ed.  All strings of one reader together are bounded, until
 * reader_forget(): a hostile target must not eat the tool's memory or time.
 * Errors: ULP_EELF, ULP_ENOMEM, those of reading.
 */
ULP_MUST_CHECK enum ulp_code reader_strdup(struct reader *r, uint64_t from, char **ret,
					   struct ulp_err *err);

/* Whether the string at `from` equals `text`; false where it cannot be read. */
bool reader_string_is(struct reader *r, uint64_t from, const char *text);

#endif
