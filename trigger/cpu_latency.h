/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps idle processors from sleeping for as long as threads wait for us.
 *
 * A processor whose thread is stopped has nothing to do and sleeps, and a thread that is let go
 * waits until it has woken up: up to hundreds of microseconds from a deep state, and tens in a
 * virtual machine, whose processor then has to be scheduled by its host.
 */
#ifndef ULP_TRIGGER_CPU_LATENCY_H
#define ULP_TRIGGER_CPU_LATENCY_H

/*
 * From now on idle processors wait awake.  Best begun before anybody is stopped: it wakes up all
 * that sleep.  Returns a file descriptor, -1 where this is not allowed (root only) or not possible.
 * Ends with it, also if we die.
 */
int cpu_latency_hold(void);

/* fd: may be -1. */
void cpu_latency_release(int fd);

#endif
