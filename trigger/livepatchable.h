/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of `ulp livepatchable`: verdict and list of libraries, the facts of one,
 * both for people and as JSON.
 */
#ifndef ULP_TRIGGER_LIVEPATCHABLE_H
#define ULP_TRIGGER_LIVEPATCHABLE_H

#include "trigger/library.h"
#include "trigger/report.h"

/* What the user asks for. */
struct livepatchable_options {
	struct report report;
	bool list;     /* the functions without an entry */
	bool list_all; /* those with one, too */
	bool facts;    /* instead of a verdict */
	bool has_min;
	double min;		/* percent of the functions that must have entries */
	const char *debug_file; /* or NULL */
	const char *source;	/* of the functions in the facts, or NULL */
	const char *function;	/* whose copies are wanted, or NULL */
	char **files;		/* NULL-terminated; borrows argv */
};

/* --- livepatchable_list.c ------------------------------------------------------------ */

/* Tenths of a percent, rounded down, so that 1000 means all.  The functions are known. */
unsigned library_share(const struct library *lib);

/* Whether as many functions have entries as --min wants. */
bool library_reaches(const struct library *lib, const struct livepatchable_options *options);

/* Whether the list has a line for the function. */
bool list_has(const struct library_function *f, const struct livepatchable_options *options);

/* *file and *line (0: unknown) of its source; file is "" if that is unknown. */
void library_source(const struct library *lib, const struct library_function *f, const char **file,
		    uint32_t *line);

/* The line "LIBRARY: livepatchable, ..." and, with --list, one a function. */
void livepatchable_print(const struct livepatchable_options *options, const struct library *lib);

/* --- livepatchable_facts.c ------------------------------------------------------------- */

/*
 * Prints the facts of options->files[0]: of all functions, or who carries copies of one.
 * Errors: those of ulp_facts_open(); ULP_ENOFUNC; ULP_ENOMEM.  err->where names the file.
 */
ULP_MUST_CHECK enum ulp_code livepatchable_facts(const struct livepatchable_options *options,
						 struct ulp_err *err);

/* What the facts say of one function: made by answer_open(). */
struct facts_answer {
	const struct ulp_facts *facts;
	uint32_t identity;		    /* see ulp_facts_identity() */
	struct ulp_facts_carrier *carriers; /* by address */
	size_t nr_carriers;
};

/* Whether record i is of the function itself; a clone, part or other name of it. */
bool answer_is_self(const struct facts_answer *answer, uint32_t i);
bool answer_is_derived(const struct facts_answer *answer, uint32_t i);

/*
 * Whether a carrier took in, before LTO, another function with the copy in it: the chain
 * from its record then begins with that one.
 */
bool answer_is_through_lto(const struct facts_answer *answer,
			   const struct ulp_facts_carrier *carrier);

/*
 * Whether the facts tell of all copies.  Those made before the link with LTO are missing
 * where no object brought its own facts along, which GCC does with -g only.
 */
bool facts_complete(const struct ulp_facts *facts);

/* Whether the function comes from the options' source, if they name one. */
bool facts_source_wanted(const struct ulp_facts *facts, uint32_t function,
			 const struct livepatchable_options *options);

/* --- livepatchable_json.c -------------------------------------------------------------- */

/* All of these add to the answer of options->report, which is JSON. */

/* A library: verdict and, with --list, list; that it could not be looked at; its facts. */
void json_add_library(const struct livepatchable_options *options, const struct library *lib);
void json_add_error(const struct livepatchable_options *options, const char *path,
		    const struct ulp_err *err);
void json_add_facts(const struct livepatchable_options *options, const struct ulp_facts *facts);

/* One answer of the library that is asked about, which the first one adds. */
void json_add_answer(const struct livepatchable_options *options,
		     const struct facts_answer *answer);

#endif
