/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which library a container is for, from a few hundred bytes of its file: at the
 * start of a process all containers of a folder are asked, and most are for
 * libraries that it does not have.
 */
#ifndef ULP_CONTAINER_GLANCE_H
#define ULP_CONTAINER_GLANCE_H

#include "container/patch.h"

#include <stdbool.h>

/*
 * Finds the target's build ID in the section .ulp of an open file, reading from
 * it in place (pread).  false: it is no container, or a damaged one.  true says
 * only what the file says: nothing else of it has been looked at.
 */
bool ulp_container_glance(int fd, struct ulp_build_id *target);

#endif
