/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One live patch with a bit of everything, as records, as sections and as a
 * container file, for tests to start from.
 */
#ifndef ULP_TESTS_LIB_SAMPLE_PATCH_H
#define ULP_TESTS_LIB_SAMPLE_PATCH_H

#include "container/patch.h"
#include "tests/lib/elf_builder.h"

/* Where sample_elf() has these sections, and how long they are. */
#define SAMPLE_TEXT_VADDR 0x2000u
#define SAMPLE_TEXT_LEN 0x100u
#define SAMPLE_DATA_VADDR 0x3000u
#define SAMPLE_DATA_LEN 0x40u

#define SAMPLE_NR_FUNCTIONS 2
#define SAMPLE_NR_LABELS 2
#define SAMPLE_NR_IMPORTS 2
#define SAMPLE_NR_REFERENCES 2
#define SAMPLE_NR_RELATIONS 3
#define SAMPLE_NR_ACCEPTS 1
#define SAMPLE_NR_GUARDS 2

/* The arrays that patch points into, all writable by the test.  Not to be copied or moved. */
struct sample {
	struct ulp_patch patch;
	struct ulp_function functions[SAMPLE_NR_FUNCTIONS];
	const char *labels[SAMPLE_NR_LABELS];
	struct ulp_import imports[SAMPLE_NR_IMPORTS];
	struct ulp_reference references[SAMPLE_NR_REFERENCES];
	struct ulp_relation relations[SAMPLE_NR_RELATIONS];
	struct ulp_accept accepts[SAMPLE_NR_ACCEPTS];
	struct ulp_guard guards[SAMPLE_NR_GUARDS];
};

/* For the running machine.  ulp_patch_deinit() is not needed (it would do nothing but zero). */
void sample_init(struct sample *sample);

/* The builder of a library that fits the sample; with_build_id: its note comes first. */
struct eb *sample_elf(uint16_t type, uint16_t machine, int with_build_id);

/* Adds .ulp or .ulp.rev made from patch, and returns the section's index. */
size_t sample_add_section(struct eb *eb, const struct ulp_patch *patch, enum ulp_section section);

/* A whole container, with another patch in .ulp.rev if revert is not NULL.  The caller frees. */
unsigned char *sample_container(const struct ulp_patch *patch, const struct ulp_patch *revert,
				size_t *len);

/*
 * Whether b is what section holds of a: all of it in .ulp; in .ulp.rev no
 * imports, references, relations, accepts and guards, and no places of replacements.
 */
bool patch_matches(const struct ulp_patch *a, const struct ulp_patch *b, enum ulp_section section);

/*
 * Mends the header of a section that was changed: the checksum, and if
 * with_length the total length, too.  Does nothing if there is not even a header.
 */
void section_mend(unsigned char *bytes, size_t len, bool with_length);

#endif
