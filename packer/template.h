/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A spec to start from: what the target says of the functions to be replaced. */
#ifndef ULP_PACKER_TEMPLATE_H
#define ULP_PACKER_TEMPLATE_H

#include "container/err.h"
#include "packer/report.h"

struct template_options {
	const char *name;	/* of the fix; CVE-YYYY-N becomes a label, too */
	const char *target;	/* path of the library or executable */
	const char *debug_file; /* of the target; NULL: where it belongs */
	const char *const *functions;
	size_t nr_functions; /* at least one */
};

/*
 * *text (the pool's) is a spec that spec_parse() accepts: for this build of the target, with an
 * item for each function, or for each file's where several have a static one of that name.
 * Comments name the source files to be compiled and the functions that hold copies.
 *
 * Errors: those of target_open() and copies_find(); ULP_ENOFUNC (unknown function, with near
 * names); ULP_EUNSUP (ifunc); ULP_ESPEC (the name cannot be a patch's).
 */
ULP_MUST_CHECK enum ulp_code template_make(struct pool *pool,
					   const struct template_options *options,
					   struct report *report, const char **text,
					   struct ulp_err *err);

#endif
