/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp patches --json`: processes, their libraries and patches as results of the answer.  The
 * names in it come from processes and are cut where they are longer than any honest one.
 */
#ifndef ULP_TRIGGER_PATCHES_JSON_H
#define ULP_TRIGGER_PATCHES_JSON_H

#include "trigger/target.h"

struct json_object;

/* The process, into an empty object.  Returns the array for its libraries; borrowed. */
struct json_object *patches_json_process(struct json_object *object, const struct target *t);

/*
 * A library, into an empty object.  Returns the array for its patches; borrowed.
 * path: that is shown; livepatchable: its file has entries and is still the one that is mapped.
 */
struct json_object *patches_json_library(struct json_object *object, const struct target *t,
					 const struct ulp_object *o, const char *path,
					 bool livepatchable);

/* A patch of a library, into an empty object. */
void patches_json_patch(struct json_object *object, const struct registry *reg,
			const struct registry_patch *p);

#endif
