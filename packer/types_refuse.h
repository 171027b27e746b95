/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the comparison refuses, and what the spec accepts of it. */
#ifndef ULP_PACKER_TYPES_REFUSE_H
#define ULP_PACKER_TYPES_REFUSE_H

#include "packer/object.h"
#include "packer/report.h"
#include "packer/spec.h"

/* The words of ulp-spec(5), key accept. */
#define TYPES_STRUCT_LAYOUT "struct-layout"
#define TYPES_PROTOTYPE "prototype"
#define TYPES_INITIAL_VALUE "initial-value"

struct types_refusal {
	const char *word;    /* TYPES_* */
	const char *keyword; /* "struct" ..., "function", "variable" */
	const char *name;
	const char *alias; /* a second name, by which it can be accepted too; NULL: none */
	const char *place; /* "file.h:12" of the fix's source, "" if unknown */
	const char *text;  /* what differs, and why that does harm */
	const struct object *object;
};

struct types_refusals {
	struct pool *pool;
	const struct spec *spec;
	struct report *report;
	struct types_refusal *list; /* those that are not accepted */
	size_t nr;
	size_t cap;
	bool *used; /* by item of spec->accepts */
};

void types_refusals_init(struct types_refusals *refusals, struct pool *pool,
			 const struct spec *spec, struct report *report);

/* Adds it; or a warning with the reason if the spec accepts it.  Twice the same counts once. */
void types_refuse(struct types_refusals *refusals, const struct types_refusal *refusal);

/* Warns of items of `accept` for this word that overruled nothing. */
void types_refusals_unused(struct types_refusals *refusals, const char *word);

/*
 * The error: the first refusal, and the names of the others.  ULP_OK if there is none,
 * else ULP_EMISMATCH (where: source line, object).
 */
ULP_MUST_CHECK enum ulp_code types_refusals_end(const struct types_refusals *refusals,
						struct ulp_err *err);

#endif
