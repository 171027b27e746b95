/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Indirect functions (STT_GNU_IFUNC) as our own process has bound them.  What
 * such a function stands for is chosen by code of its library, from what the
 * processor can do; and that code must not run in a stopped thread of the
 * target.  Where our own process has the very same build of the library, it has
 * chosen for us: the machine is the same.
 */
#ifndef ULP_TRIGGER_OWN_INDIRECT_H
#define ULP_TRIGGER_OWN_INDIRECT_H

#include "container/patch.h"

/*
 * What `name` of the object with this build ID stands for.  version "": the default
 * one.  *in: build ID of the object that has the function (the same one, or the
 * vDSO); *off: its offset from that object's load bias.  false: we do not have this
 * build loaded, it has no such symbol, or the function lies elsewhere.
 *
 * A GLIBC_TUNABLES of either process may have chosen another variant; each of them is
 * right on this processor.
 */
bool own_indirect(const struct ulp_build_id *object, const char *name, const char *version,
		  struct ulp_build_id *in, uint64_t *off);

#endif
