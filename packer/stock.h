/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Targets whose entries the compiler's own -fpatchable-function-entry has made: there
 * nobody has seen to it that callers do not rely on the body of what they call.
 */
#ifndef ULP_PACKER_STOCK_H
#define ULP_PACKER_STOCK_H

#include "packer/target.h"

/*
 * Adds a warning to the report, unless the debug information of all of the target's
 * source files says that GCC's -flive-patching was given, or the plugin made the
 * entries.
 *
 * Errors: those of ulp_debug_file_find(); ULP_ESYS, ULP_EELF (the debug information
 * cannot be read).
 */
ULP_MUST_CHECK enum ulp_code stock_check(struct pool *pool, const struct target *target,
					 struct report *report, struct ulp_err *err);

#endif
