/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A real-time priority for as long as others wait for us: on a busy machine a tool that is
 * preempted in the middle of a stop would make it longer by whole time slices.
 */
#ifndef ULP_TRIGGER_URGENT_H
#define ULP_TRIGGER_URGENT_H

#include <sched.h>
#include <stdbool.h>

/* All zero: not urgent. */
struct urgent {
	bool active;
	int policy; /* what it was */
	struct sched_param param;
};

/*
 * The lowest real-time priority for the calling thread, where that is allowed (CAP_SYS_NICE,
 * RLIMIT_RTPRIO) and it has none yet; else nothing.  Nothing if it is urgent already.
 */
void urgent_begin(struct urgent *u);

/* Back to what it was. */
void urgent_end(struct urgent *u);

#endif
