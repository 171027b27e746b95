/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two versions of one small source, packed against one another, for tests of
 * packer/types*.  Functions of the target that can be replaced begin with
 * ENTRY_HERE(name), which is nothing in the fix.
 */
#ifndef ULP_TESTS_TYPES_LAB_H
#define ULP_TESTS_TYPES_LAB_H

#include "tests/lib/packer_lab.h"

#define TYPES_SECTIONS "-ffunction-sections -fdata-sections "
#define TYPES_FIX_HEAD "#define ENTRY_HERE(name)\n"
#define TYPES_SPEC "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n"
#define REPLACE_F TYPES_SPEC "  - replace: f\n"
#define ACCEPT(refusal, name) \
	"accept:\n  - {refusal: " refusal ", name: " name ", reason: nobody reads it there}\n"

/* A function to be replaced that gets a type and hands it to one of the target. */
#define USE_RECORD                     \
	"\nint g(struct record *r);\n" \
	"__attribute__((noinline)) int f(struct record *r) { ENTRY_HERE(f); return g(r) + 1; }\n"
#define OWN_RECORD "int g(struct record *r) { return r != 0; }\n"

/* Sources begin at line 2.  The target exports f, g, h, shown and keep. */
void types_lab_target(struct packer_lab *lab, const char *source);
void types_lab_fix(struct packer_lab *lab, const char *source, const char *flags);
void types_lab_make(struct packer_lab *lab, const char *then, const char *now);

/* One type `struct record` in two versions, behind f's parameter. */
void types_lab_record(struct packer_lab *lab, const char *then, const char *now);

/* Whether the last packing has told something with this text. */
bool types_lab_told(const struct packer_lab *lab, enum note_level level, const char *text);

/* The last error's text has this in it. */
void types_lab_says(const struct packer_lab *lab, const char *text);

/* The packing fails with ULP_EMISMATCH, this place and text, and leaves no file. */
void types_lab_refused_with(struct packer_lab *lab, const char *spec, const char *place,
			    const char *text);

/* The same for REPLACE_F. */
void types_lab_refused(struct packer_lab *lab, const char *place, const char *text);

/* REPLACE_F can be packed, and nothing is warned of. */
void types_lab_taken(struct packer_lab *lab);

#endif
