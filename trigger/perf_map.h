/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * perf(1) takes the names of code in anonymous memory from the file
 * /tmp/perf-PID.map, as just-in-time compilers write it (Linux
 * tools/perf/Documentation/jit-interface.txt).
 */
#ifndef ULP_TRIGGER_PERF_MAP_H
#define ULP_TRIGGER_PERF_MAP_H

#include "trigger/report.h"
#include "trigger/target.h"

/*
 * Prints the lines of such a file for the functions of all containers that were ever
 * applied to the process: "START SIZE NAME [CONTAINER]", numbers in hex.
 */
void perf_map_print(const struct report *r, const struct target *t);

#endif
