/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spec of a live patch: ulp-spec(5) as a structure. */
#ifndef ULP_PACKER_SPEC_H
#define ULP_PACKER_SPEC_H

#include "container/patch.h"
#include "packer/yaml_tree.h"

struct spec_function {
	const char *replace; /* name in the target */
	const char *with;    /* name in the object; `replace` by default */
	const char *source;  /* source file of the target's function; NULL: not given */
	struct yaml_place place;
};

/* A pointer of the fix that gets the address of a symbol of the target. */
struct spec_reference {
	const char *pointer; /* name of the variable in the object */
	const char *to;	     /* name in the target */
	const char *source;  /* source file of the target's symbol; NULL: not given */
	struct yaml_place place;
};

/* Another live patch of the same target that this one has to do with. */
struct spec_relation {
	const char *name;
	enum ulp_relation_kind kind;
	struct yaml_place place;
};

/* One refusal of the packer that the author overrules. */
struct spec_accept {
	const char *refusal; /* one of the words of ulp-spec(5) */
	const char *name;    /* of the type, function or variable that it is about */
	const char *reason;  /* why that is right, in words */
	struct yaml_place place;
};

struct spec {
	struct yaml_source source; /* for messages */
	const char *name;
	const char *description; /* "" if not given */
	const char **labels;
	size_t nr_labels;
	const char *soname;
	struct ulp_build_id *build_ids; /* builds of the target it is meant for; may be none */
	size_t nr_build_ids;
	struct spec_function *functions; /* at least one */
	size_t nr_functions;
	struct spec_reference *references;
	size_t nr_references;
	enum ulp_consistency consistency;
	struct spec_relation *relations; /* in the order of the document */
	size_t nr_relations;
	struct spec_accept *accepts;
	size_t nr_accepts;
};

/*
 * Reads and checks a spec; strings belong to the pool.
 * Errors: ULP_ESYS (cannot be read), ULP_ESPEC at "file:line:column".
 */
ULP_MUST_CHECK enum ulp_code spec_load(struct pool *pool, const char *path, struct spec *spec,
				       struct ulp_err *err);

/* The same for text in memory, which must live as long as the spec; path only names it. */
ULP_MUST_CHECK enum ulp_code spec_parse(struct pool *pool, const char *path, const char *text,
					size_t len, struct spec *spec, struct ulp_err *err);

/* The item that overrules `refusal` for `name`, NULL if there is none. */
const struct spec_accept *spec_accepted(const struct spec *spec, const char *refusal,
					const char *name);

/* A fault that shows only later, at the place of the spec that asks for it. */
enum ulp_code spec_fail(const struct spec *spec, struct yaml_place place, enum ulp_code code,
			struct ulp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#endif
