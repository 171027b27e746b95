/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether nobody waits for a worker any more.
 */
#ifndef ULP_TRIGGER_ABANDONED_H
#define ULP_TRIGGER_ABANDONED_H

#include "container/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Called once, by a worker: the process that waits for it. */
void abandoned_watch(pid_t parent);

/*
 * Whether that one is gone, or a signal that ends programs is pending (a worker blocks them): who
 * waits for something is to give up where that is clean.  Always false in a process that is no
 * worker.
 */
bool abandoned(void);

/* The error of who gives up: ULP_ESTOP. */
enum ulp_code abandoned_fail(struct ulp_err *err);

#endif
