/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a YAML tree to structures: each map is described by a table of keys, so
 * that a further key is a further row.
 */
#ifndef ULP_PACKER_DECODE_H
#define ULP_PACKER_DECODE_H

#include "packer/yaml_tree.h"

struct decoder {
	struct pool *pool;		  /* borrowed; what is decoded lives in it */
	const struct yaml_source *source; /* borrowed; for messages */
};

/* Decodes `node` into *into.  Error: ULP_ESPEC at the node, as yaml_fail() makes it. */
typedef enum ulp_code decode_fn(struct decoder *d, const struct yaml_node *node, void *into,
				struct ulp_err *err);

/* One key of a map. */
struct decode_key {
	const char *name;
	bool required;
	decode_fn *decode;
	size_t offset; /* of the member in the structure that the map fills; what decode() gets */
	const char *refused; /* why a known key cannot be used, and what to do; NULL: it can */
};

/*
 * A map with these nr keys (at most DECODE_MAX_KEYS), each at most once; `into`
 * is the structure that their offsets count from.
 */
#define DECODE_MAX_KEYS 64u
ULP_MUST_CHECK enum ulp_code decode_map(struct decoder *d, const struct yaml_node *node,
					const struct decode_key *keys, size_t nr, void *into,
					struct ulp_err *err);

/* That the node is a list, and one with items unless may_be_empty. */
ULP_MUST_CHECK enum ulp_code decode_check_list(struct decoder *d, const struct yaml_node *node,
					       bool may_be_empty, struct ulp_err *err);

/*
 * That the node is text of 1 to max bytes, not a number or truth value without
 * quotes, without control characters but those in `allow`.
 */
ULP_MUST_CHECK enum ulp_code decode_check_text(struct decoder *d, const struct yaml_node *node,
					       const char *allow, size_t max, struct ulp_err *err);

/* Text into a const char *: of several lines, of one line, and without a '/'. */
decode_fn decode_text, decode_line, decode_symbol;

/* The name of a patch, which becomes a file name: at most ULP_PATCH_NAME_MAX bytes. */
decode_fn decode_patch_name;

#endif
