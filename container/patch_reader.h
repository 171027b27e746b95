/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the reader of .ulp and .ulp.rev share.  The reader's own; nobody outside of
 * container/ includes this.
 */
#ifndef ULP_CONTAINER_PATCH_READER_H
#define ULP_CONTAINER_PATCH_READER_H

#include "container/patch_frame.h"

struct patch_reader {
	struct ulp_frame frame;
	struct ulp_err *err;
	const char *strings; /* the copy in patch.storage */
	uint32_t multiline;  /* offset of the description if it has several lines, else 0 */
	struct ulp_patch patch;
};

#define DAMAGED(r, off, ...) ulp_frame_fail(&(r)->frame, (r)->err, ULP_EFORMAT, off, __VA_ARGS__)

/* Offset of a member of the i-th record of a chunk, in the section. */
#define MEMBER_AT(r, chunk, record, member, i)                        \
	((r)->frame.chunks[chunk].off + (i) * sizeof(struct record) + \
	 offsetof(struct record, member))

/* Copies the i-th record, of len bytes, out of a chunk that has it. */
void patch_copy_record(const struct patch_reader *r, enum ulp_chunk_id id, size_t i, void *record,
		       size_t len);

/* What is asked of a string. */
enum patch_string {
	PATCH_STRING_ANY,
	PATCH_STRING_REQUIRED,	/* not empty */
	PATCH_STRING_MULTILINE, /* may hold tabs and newlines */
};

/*
 * The string at this offset in STRINGS; *ret is borrowed of the reader.  at: where the offset
 * stands, for the error.  Error: ULP_EFORMAT.
 */
ULP_MUST_CHECK enum ulp_code patch_read_string(const struct patch_reader *r, uint32_t string,
					       size_t at, enum patch_string rule, const char **ret);

/* patch_read_string() for a member of the i-th record, which is in `w`. */
#define READ_STRING(r, chunk, record, member, i, rule, ret) \
	patch_read_string(r, w.member, MEMBER_AT(r, chunk, record, member, i), rule, ret)

/* The i-th record of FUNCTIONS.  Error: ULP_EFORMAT. */
ULP_MUST_CHECK enum ulp_code patch_read_function(struct patch_reader *r, size_t i);

/* What must hold of all functions together.  Errors: ULP_EFORMAT, ULP_ENOMEM. */
ULP_MUST_CHECK enum ulp_code patch_check_functions(struct patch_reader *r);

#endif
