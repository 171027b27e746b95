/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An address space that exists only in the test: a sorted set of areas of
 * memory, with faults to order.
 */
#ifndef ULP_TESTS_LIB_FAKE_SPACE_H
#define ULP_TESTS_LIB_FAKE_SPACE_H

#include "engine/space.h"

#define FAKE_PAGE 4096u

struct fake_area {
	uint64_t start;
	uint64_t len; /* bytes, whole pages */
	int prot;
	uint64_t inode;
	uint64_t offset;      /* in the file; 0 unless the test sets it */
	unsigned char *bytes; /* owned */
};

/* One write, with the first eight of its bytes. */
struct fake_write {
	uint64_t addr;
	size_t len;
	unsigned char first[8];
};

struct fake_space {
	struct ulp_space space; /* first: the engine's view */
	struct fake_area *areas;
	size_t nr_areas;

	/* Faults: the n-th call from now on fails, counted from 1; 0: none. */
	unsigned fail_read;
	unsigned fail_write;
	unsigned fail_map;
	unsigned fail_unmap;
	bool fail_writes_after; /* and all writes after the one that fails */
	/* What a failed map() reports. */
	enum ulp_code map_code;
	/*
	 * The tool dies: after so many more writes all others, and all maps and
	 * unmaps, do nothing and succeed.  -1: it lives.
	 */
	long writes_to_live;

	/* Every write that was asked for, in order. */
	struct fake_write *writes;
	size_t nr_writes;
	size_t nr_write_calls; /* the writes of a list are one call */
	size_t nr_reads;
	size_t nr_maps;
};

void fake_space_init(struct fake_space *fs);
void fake_space_deinit(struct fake_space *fs);

/* Adds zeroed memory; start and len are whole pages, and nothing may be there. */
void fake_space_add(struct fake_space *fs, uint64_t start, uint64_t len, int prot, uint64_t inode);

/* Takes it out again; what is not there does not matter. */
void fake_space_remove(struct fake_space *fs, uint64_t start, uint64_t len);

/* The bytes at [addr, addr + len), which must lie in one area: ends the test if not. */
void *fake_space_at(const struct fake_space *fs, uint64_t addr, size_t len);

/* The area that holds addr, NULL if none. */
struct fake_area *fake_space_area(const struct fake_space *fs, uint64_t addr);

/* Takes all faults back and forgets the writes. */
void fake_space_heal(struct fake_space *fs);

/* A copy of all memory, with its own deinit. */
struct fake_space fake_space_copy(const struct fake_space *fs);

/* Memory as it was when the copy was made.  The copy stays. */
void fake_space_restore(struct fake_space *fs, const struct fake_space *copy);

/* Whether both have areas of the same lengths at the same addresses. */
bool fake_space_same_layout(const struct fake_space *a, const struct fake_space *b);

/*
 * Address of the first byte in which the two differ, or of the first area that
 * only one of them has; 0 if they are the same.
 */
uint64_t fake_space_differs(const struct fake_space *a, const struct fake_space *b);

#endif
