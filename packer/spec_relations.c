/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys requires, conflicts and supersedes. */
#include "config.h"

#include "packer/spec.h"
#include "packer/spec_parts.h"

#include <string.h>

/* Adds the names of the list; relations stand in the order of the document. */
static enum ulp_code add(struct decoder *d, const struct yaml_node *node,
			 enum ulp_relation_kind kind, struct spec *spec, struct ulp_err *err)
{
	const size_t nr = spec->nr_relations + node->nr_items;
	enum ulp_code code = decode_check_list(d, node, true, err);
	struct spec_relation *list;

	if (code)
		return code;
	if (nr > ULP_MAX_RELATIONS)
		return yaml_fail(d->source, node->place, err,
				 "requires, conflicts and supersedes name more than %u patches",
				 ULP_MAX_RELATIONS);
	list = pool_alloc(d->pool, nr + 1, sizeof(*list));
	if (spec->nr_relations)
		memcpy(list, spec->relations, spec->nr_relations * sizeof(*list));
	spec->relations = list;
	for (size_t i = 0; i < node->nr_items; i++) {
		struct spec_relation *r = &list[spec->nr_relations];

		code = decode_patch_name(d, node->items[i], &r->name, err);
		if (code)
			return code;
		r->kind = kind;
		r->place = node->items[i]->place;
		spec->nr_relations++;
	}
	return ULP_OK;
}

enum ulp_code decode_requires(struct decoder *d, const struct yaml_node *node, void *into,
			      struct ulp_err *err)
{
	return add(d, node, ULP_RELATION_REQUIRES, into, err);
}

enum ulp_code decode_conflicts(struct decoder *d, const struct yaml_node *node, void *into,
			       struct ulp_err *err)
{
	return add(d, node, ULP_RELATION_CONFLICTS, into, err);
}

enum ulp_code decode_supersedes(struct decoder *d, const struct yaml_node *node, void *into,
				struct ulp_err *err)
{
	return add(d, node, ULP_RELATION_SUPERSEDES, into, err);
}

enum ulp_code check_relations(struct decoder *d, const struct spec *spec, struct ulp_err *err)
{
	for (size_t i = 0; i < spec->nr_relations; i++) {
		const struct spec_relation *r = &spec->relations[i];

		if (strcmp(r->name, spec->name) == 0)
			return yaml_fail(d->source, r->place, err,
					 "'%.100s' is the name of this patch itself", r->name);
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->name, spec->relations[k].name) == 0)
				return yaml_fail(d->source, r->place, err,
						 "'%.100s' is named in '%s' already", r->name,
						 ulp_relation_word(spec->relations[k].kind));
	}
	return ULP_OK;
}
