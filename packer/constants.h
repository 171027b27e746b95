/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Static variables that nothing writes: the compiler gives their value to their readers,
 * and the plugin records their names.  A fix must see such a variable as the target does.
 */
#ifndef ULP_PACKER_CONSTANTS_H
#define ULP_PACKER_CONSTANTS_H

#include "packer/select.h"

/*
 * Compares the selection with the facts of the target and of the objects, where there
 * are facts; to be called when everything is bound.
 *
 * Errors: ULP_EMISMATCH (where: the object): what comes along may write a variable that
 * the target took for a constant, so that its other readers would not see that; or the
 * object took for a constant what the target writes.  ULP_ESYS, ULP_EELF, ULP_EFORMAT,
 * ULP_EVERSION (facts that cannot be read); ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code constants_check(const struct selection *sel, struct ulp_err *err);

#endif
