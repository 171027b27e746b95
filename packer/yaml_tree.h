/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small YAML document as a tree whose nodes know their place.  One document,
 * UTF-8, no anchors, aliases or tags: what a spec needs and nothing that could
 * make a small file large.
 */
#ifndef ULP_PACKER_YAML_TREE_H
#define ULP_PACKER_YAML_TREE_H

#include "container/err.h"
#include "packer/pool.h"

#include <stdbool.h>

#define YAML_MAX_LEN ((size_t)1 << 20) /* bytes; a spec with 10,000 functions is smaller */
#define YAML_MAX_DEPTH 16
#define YAML_MAX_NODES 100000u

enum yaml_kind {
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_place {
	size_t line;   /* from 1; 0: no place */
	size_t column; /* from 1, in characters */
};

struct yaml_node {
	enum yaml_kind kind;
	struct yaml_place place;
	const char *text; /* of a scalar; no NUL inside */
	bool plain;	  /* a scalar without quotes */
	/* Items of a list; key, value, key, value ... of a map. */
	struct yaml_node **items;
	size_t nr_items;
	size_t cap;
};

/* The file that places refer to. */
struct yaml_source {
	const char *path;
	const char *text; /* len bytes */
	size_t len;
};

/*
 * Parses the whole source into *root.  Error: ULP_ESPEC, as yaml_fail() makes it.
 */
ULP_MUST_CHECK enum ulp_code yaml_tree_parse(struct pool *pool, const struct yaml_source *source,
					     struct yaml_node **root, struct ulp_err *err);

/*
 * ULP_ESPEC at "path:line:column"; the text is followed by the line and a caret
 * below the column.
 */
enum ulp_code yaml_fail(const struct yaml_source *source, struct yaml_place place,
			struct ulp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
