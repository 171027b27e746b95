/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The frame of .ulp and .ulp.rev: header, checksum, table of contents.  The
 * reader's own; nobody outside of container/ includes this.
 */
#ifndef ULP_CONTAINER_PATCH_FRAME_H
#define ULP_CONTAINER_PATCH_FRAME_H

#include "container/machine.h"
#include "container/patch.h"

/* Chunks start at multiples of this many bytes. */
#define ULP_CHUNK_ALIGN 8u

/* Where a chunk lies.  len 0: the section does not have it. */
struct ulp_chunk {
	uint32_t off;
	uint32_t len; /* bytes */
	uint32_t nr;  /* records */
};

struct ulp_frame {
	const unsigned char *bytes; /* borrowed */
	size_t len;		    /* bytes */
	enum ulp_section section;
	uint16_t version; /* of the section */
	const struct ulp_machine *machine;
	struct ulp_chunk chunks[ULP_NR_CHUNK_IDS]; /* by enum ulp_chunk_id */
};

/*
 * Checks all that is said about the section as a whole, and where its chunks
 * are: afterwards each chunk lies inside bytes, has whole records of the right
 * size and in an allowed number, and overlaps no other.  frame borrows bytes.
 *
 * Errors: ULP_EFORMAT, ULP_EVERSION, ULP_EARCH (a machine that this program
 * does not know).
 */
ULP_MUST_CHECK enum ulp_code ulp_frame_read(const void *bytes, size_t len, enum ulp_section section,
					    struct ulp_frame *frame, struct ulp_err *err);

/* ulp_fail() with the place SECTION+0xOFF.  Returns code. */
enum ulp_code ulp_frame_fail(const struct ulp_frame *frame, struct ulp_err *err, enum ulp_code code,
			     size_t off, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The lowest version of the format that has these chunks and this consistency: a section's version.
 */
uint16_t ulp_version_needed(const bool has[ULP_NR_CHUNK_IDS], enum ulp_consistency consistency);

/* ".ulp" or ".ulp.rev". */
const char *ulp_section_name(enum ulp_section section);

#endif
