/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp trigger`: the changes of all processes that are asked for, in rounds, for a process
 * may fork, or be started, while the others have their turn.
 */
#ifndef ULP_TRIGGER_ROUNDS_H
#define ULP_TRIGGER_ROUNDS_H

#include "container/container.h"
#include "trigger/report.h"

#include <stdint.h>

struct request {
	struct report *report; /* borrowed, as all of it */
	const char *selector;  /* see targets_each() */
	bool revert;
	bool revert_all;     /* all others of a library leave */
	const char *library; /* which; NULL: the containers' targets */
	bool dry_run;
	bool force;
	const char *runtime; /* to be injected where it is missing, or NULL */
	uint64_t timeout_ns; /* for each process and change */
	unsigned nr_jobs;    /* processes at once, at least 1 */
	const struct ulp_container *containers;
	size_t nr; /* of them; may be 0 with a library */
};

/*
 * Makes the changes and reports the outcomes, a summary, and with --json what the answer has
 * besides.  Of each process the lines come together, in the order of the containers,
 * as soon as the last of its changes has ended.  Returns the exit status.
 */
int rounds_run(const struct request *request);

/*
 * For a request that is not begun, for a container could not be opened, which was reported: the
 * answer of --json has all its members all the same.  Returns the exit status.
 */
int rounds_refuse(const struct request *request);

#endif
