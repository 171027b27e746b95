/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which functions of the target get replaced: those of the spec, found in the target
 * and in the objects, and those that hold a copy of their code (see closure.h).
 */
#ifndef ULP_PACKER_FUNCTIONS_H
#define ULP_PACKER_FUNCTIONS_H

#include "packer/object.h"
#include "packer/spec.h"
#include "packer/target.h"

struct replacement {
	const struct spec_function *spec; /* of an added one: made for it, with the cause's place */
	const struct elf_symbol *old;	  /* in the target */
	uint64_t entry_vaddr;
	uint64_t word_vaddr;
	uint8_t word[8];
	enum ulp_entry_layout layout;
	uint64_t old_checksum;
	struct object *object; /* that defines the new one; NULL: none does */
	size_t symbol;
	const char *new_name; /* in the container; one name, one function */
	const char *no_entry; /* why the old one has no entry, where that is recorded; else NULL */
};

struct functions_input {
	struct pool *pool;
	const struct spec *spec;
	const struct target *target;
	struct object *objects;
	size_t nr_objects;
	bool closure_check; /* no copy of the old code may stay */
	struct report *report;
};

/* What gets replaced; `list` has one item for each entry. */
struct functions {
	struct replacement *list;
	size_t nr;
	size_t cap;
	/* Further code of the target that is not to be in use at that moment. */
	const struct elf_symbol **guards;
	size_t nr_guards;
	size_t guards_cap;
};

/*
 * Finds the functions of the spec on both sides, and with closure_check all others
 * that have to go with them.  The report's explanation is set, also on failure.
 *
 * Errors (where: the function's place in the spec): ULP_ENOFUNC, ULP_EAMBIGUOUS,
 * ULP_EUNSUP (ifunc, other entry layout), ULP_EMISMATCH (a copy would stay, or it
 * cannot be known), those of copies_find() and users_find().
 */
ULP_MUST_CHECK enum ulp_code functions_find(const struct functions_input *in,
					    struct functions *functions, struct ulp_err *err);

/*
 * The parts of functions_find(); `r->spec` is given.
 *
 * new: r->object stays NULL where no object defines it.  Of several definitions that
 * of `source` is taken.  Errors: ULP_EAMBIGUOUS, ULP_EUNSUP.
 *
 * old: r->old stays NULL where the target has no function of this name.
 *
 * entry: ULP_ENOFUNC or ULP_EUNSUP if the function cannot be redirected.
 */
ULP_MUST_CHECK enum ulp_code functions_find_new(const struct functions_input *in,
						struct replacement *r, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code functions_find_old(const struct functions_input *in,
						const char *source, struct replacement *r,
						struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code functions_find_entry(const struct functions_input *in,
						  struct replacement *r, struct ulp_err *err);

/* Sets r->old_checksum of r->old.  Error: ULP_EELF (its code is not in the file). */
ULP_MUST_CHECK enum ulp_code functions_checksum_old(const struct functions_input *in,
						    struct replacement *r, struct ulp_err *err);

/* ULP_ENOFUNC: neither side's search has found anything, with names that look like it. */
enum ulp_code functions_no_new(const struct functions_input *in, const struct replacement *r,
			       struct ulp_err *err);
enum ulp_code functions_no_old(const struct functions_input *in, const struct replacement *r,
			       struct ulp_err *err);

/* Adds a pair that is complete but for its new name; the same entry twice counts once. */
ULP_MUST_CHECK enum ulp_code functions_add(const struct functions_input *in,
					   struct functions *functions, struct replacement *r,
					   struct ulp_err *err);

/* Adds the unlikely part of each replaced function of the list to the guards. */
void functions_guard_cold(const struct functions_input *in, struct functions *functions);

/* Adds one guard; the same one counts once. */
void functions_guard(const struct functions_input *in, struct functions *functions,
		     const struct elf_symbol *symbol);

/* Names of functions in a symbol table that look like `name`: ", did you mean ...", or "". */
const char *functions_near(struct pool *pool, const struct elf_symbol *symbols, size_t nr,
			   const char *name);

#endif
