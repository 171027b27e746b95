/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key references: pointers of the fix, and the symbols of the target that they lead to. */
#include "config.h"

#include "packer/spec.h"
#include "packer/spec_parts.h"

#include <string.h>

static enum ulp_code decode_reference(struct decoder *d, const struct yaml_node *node,
				      struct spec_reference *r, struct ulp_err *err)
{
	static const struct decode_key keys[] = {
		{"pointer", true, decode_symbol, offsetof(struct spec_reference, pointer), NULL},
		{"to", true, decode_symbol, offsetof(struct spec_reference, to), NULL},
		{"source", false, decode_line, offsetof(struct spec_reference, source), NULL},
	};

	r->place = node->place;
	return decode_map(d, node, keys, sizeof(keys) / sizeof(keys[0]), r, err);
}

enum ulp_code decode_references(struct decoder *d, const struct yaml_node *node, void *into,
				struct ulp_err *err)
{
	struct spec *spec = into;
	enum ulp_code code = decode_check_list(d, node, true, err);

	if (code)
		return code;
	spec->references = pool_alloc(d->pool, node->nr_items + 1, sizeof(*spec->references));
	for (size_t i = 0; i < node->nr_items; i++) {
		struct spec_reference *r = &spec->references[i];

		code = decode_reference(d, node->items[i], r, err);
		if (code)
			return code;
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->pointer, spec->references[k].pointer) == 0)
				return yaml_fail(d->source, r->place, err,
						 "the pointer '%.100s' is set twice", r->pointer);
		spec->nr_references++;
	}
	return ULP_OK;
}
