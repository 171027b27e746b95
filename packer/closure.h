/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The closure: no copy of a replaced function's code may stay in the target.
 * Functions into which it was inlined are replaced as well.  Bodies that cannot be
 * replaced by themselves, because their way of being called is private (clones, split
 * parts) or because the objects have none for them, are left without callers: all that
 * lead to them are replaced, and bring what they call.
 */
#ifndef ULP_PACKER_CLOSURE_H
#define ULP_PACKER_CLOSURE_H

#include "packer/functions.h"

/* Why a function is in the closure. */
enum closure_cause {
	CLOSURE_SPEC,  /* the spec names it */
	CLOSURE_COPY,  /* it holds a copy of its parent's code */
	CLOSURE_CLONE, /* it is a clone, a part or a further body of its parent */
	CLOSURE_USER,  /* it leads to its parent, which is to be left without callers */
};

/* What becomes of it. */
enum closure_fate {
	CLOSURE_OPEN = 0, /* not decided: an error came before */
	CLOSURE_REPLACED,
	CLOSURE_GONE,	 /* it has no code of its own */
	CLOSURE_LEFT,	 /* its callers are replaced */
	CLOSURE_ABOVE,	 /* decided elsewhere in the tree */
	CLOSURE_REFUSED, /* it would keep the old code */
	CLOSURE_STALE,	 /* it keeps the old code, as the spec accepts */
};

#define CLOSURE_ROOT SIZE_MAX

struct closure_node {
	size_t parent;	      /* index; CLOSURE_ROOT: none */
	const char *name;     /* in the target's symbol table */
	const char *unit;     /* path of its source, "" if unknown */
	const char *within;   /* see struct copy */
	const char *no_entry; /* see struct copy */
	uint64_t vaddr;	      /* 0: it has no code */
	enum closure_cause cause;
	enum closure_fate fate;
	const struct spec_function *spec; /* of the root above: for places */
};

struct closure {
	const struct functions_input *in;
	struct functions *functions;
	const char *told_by;	    /* see copies_find() */
	struct closure_node *nodes; /* parents before children */
	size_t nr_nodes;
	size_t cap;
};

/*
 * roots: a pair for each function of the spec, with what was found of both sides.
 * Fills closure->functions.  Errors: see functions_find().
 */
ULP_MUST_CHECK enum ulp_code closure_run(struct closure *closure, struct replacement *roots,
					 size_t nr, struct ulp_err *err);

/* The tree as text, a function a line. */
const char *closure_explain(struct pool *pool, const struct closure *closure);

#endif
