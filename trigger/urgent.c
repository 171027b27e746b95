/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/urgent.h"

void urgent_begin(struct urgent *u)
{
	const struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};

	if (u->active)
		return;
	u->policy = sched_getscheduler(0);
	if (u->policy != SCHED_OTHER && u->policy != SCHED_BATCH && u->policy != SCHED_IDLE)
		return;
	u->active = sched_getparam(0, &u->param) == 0 &&
		    sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

void urgent_end(struct urgent *u)
{
	if (u->active)
		(void)sched_setscheduler(0, u->policy, &u->param);
	u->active = false;
}
