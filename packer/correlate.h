/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of several source files of one name an object is the fixed form of. */
#ifndef ULP_PACKER_CORRELATE_H
#define ULP_PACKER_CORRELATE_H

#include "packer/object.h"
#include "packer/target.h"

/*
 * Sets object->file_no: the STT_FILE symbol of the target behind which stand the functions
 * that the object has too.  A function that only one of the files has counts, and one that
 * has the same instructions in one of them.  0 where there is only one file of the name, or
 * where that leaves two.
 */
void object_correlate(struct pool *pool, const struct target *target, struct object *object);

#endif
