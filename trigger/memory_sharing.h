/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TRIGGER_MEMORY_SHARING_H
#define ULP_TRIGGER_MEMORY_SHARING_H

#include "trigger/process.h"

/*
 * ULP_OK if no parent or child of the process shares its memory, as between
 * vfork(2) and exec(2): it would run the same code and not be stopped.
 *
 * Errors: ULP_ESTOP (names the other process), ULP_EGONE, ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code memory_not_shared(const struct process *proc, struct ulp_err *err);

#endif
