/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp trigger --inject`: brings the runtime into a process that was started without it.  The
 * tool loads it as it loads containers: it finds room, lets a borrowed thread map memory, and
 * writes the relocated file there; no code of the dynamic linker runs.  The order of the steps:
 *
 *   1. the instructions and the frame for a borrowed thread (trigger/inject_place.h)
 *   2. the runtime, all but the magic number of its registry
 *   3. the slots of unwinders (trigger/inject_hooks.h)
 *   4. the magic number: from here on it is found (engine/injected.h) and used
 *
 * Killed before 4 we leave unused memory behind, to which slots may lead: their functions do
 * the same as those before, as long as nothing is applied.
 */
#ifndef ULP_TRIGGER_INJECT_H
#define ULP_TRIGGER_INJECT_H

#include "container/container.h"

#include <stdint.h>
#include <sys/types.h>

/* Where the runtime is installed. */
extern const char inject_default_runtime[];

/*
 * Brings the runtime of this file into the process, unless it is there.  The container is asked
 * for first: a process that it is not meant for is left alone.  process: buffer for its name.
 * deadline_ns: CLOCK_MONOTONIC.  The caller is as session.h wants it, and nothing else is being
 * done to the process.
 *
 * Errors: ULP_EUNSUP (not dynamically linked, another C library than glibc, a seccomp filter
 * that cannot be suspended), ULP_ENOTARGET, ULP_EBUILDID, those of process.h, session.h,
 * inject_image.h, inject_place.h and inject_hooks.h.
 */
ULP_MUST_CHECK enum ulp_code inject_runtime(pid_t pid, const char *runtime,
					    const struct ulp_container *container,
					    uint64_t deadline_ns, char process[64],
					    struct ulp_err *err);

#endif
