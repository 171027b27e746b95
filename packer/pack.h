/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packer as one function: spec -> objects -> target -> selection ->
 * linker -> container file.
 */
#ifndef ULP_PACKER_PACK_H
#define ULP_PACKER_PACK_H

#include "container/patch.h"
#include "packer/report.h"

struct pack_options {
	const char *spec;
	const char *const *objects;
	size_t nr_objects;		 /* at least one */
	const char *debug_file;		 /* of the target; NULL: where it belongs */
	const char *target;		 /* NULL: the system's library with the spec's soname */
	const char *out;		 /* NULL: NAME.so in the current folder */
	const char *const *library_dirs; /* -L */
	size_t nr_library_dirs;
	const char *linker;    /* program */
	bool no_closure_check; /* copies of the old code may stay */
	bool explain;	       /* only find out which functions get replaced; write nothing */
};

/* Strings belong to the pool. */
struct pack_result {
	const char *out;
	const char *soname; /* of the target */
	struct ulp_build_id build_id;
	size_t nr_functions;
	size_t nr_imports;
	size_t nr_references;
};

/*
 * Writes the container; on failure no file has appeared or changed.  Notes are
 * added to the report, also on failure.  Errors: any of spec_load(),
 * object_read(), target_open(), functions_find(), selection_run(),
 * emit_container(), output_write(); ULP_EUSAGE where the output is an input;
 * ULP_EMISMATCH where the target is not the spec's.
 */
ULP_MUST_CHECK enum ulp_code pack(struct pool *pool, const struct pack_options *options,
				  struct report *report, struct pack_result *result,
				  struct ulp_err *err);

#endif
