/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp dump --json`: a container as one result of the answer.
 */
#ifndef ULP_TRIGGER_DUMP_JSON_H
#define ULP_TRIGGER_DUMP_JSON_H

#include "container/container.h"

struct json_object;

/* All that `ulp dump` tells of the container, into the object, which is empty. */
void dump_json(struct json_object *object, const struct ulp_container *c);

#endif
