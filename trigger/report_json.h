/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What report.c does with --json: errors and outcomes become parts of the answer.  r->json is not
 * NULL in any of these; where: the place without what the other arguments tell.
 */
#ifndef ULP_TRIGGER_REPORT_JSON_H
#define ULP_TRIGGER_REPORT_JSON_H

#include "trigger/report.h"

/* One more of the answer's errors.  pid 0: of no process. */
void report_json_error(const struct report *r, pid_t pid, const struct ulp_err *err,
		       const char *where);

/* One more result, as report_outcome() describes it. */
void report_json_outcome(const struct report *r, pid_t pid, const char *process,
			 const char *container, const struct ulp_err *err, const char *where);

#endif
