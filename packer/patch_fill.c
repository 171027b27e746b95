/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The records of .ulp and .ulp.rev. */
#include "config.h"

#include "packer/patch_fill.h"

#include <stdlib.h>
#include <string.h>

static void fill_functions(const struct selection *sel, const struct patch_places *places,
			   struct ulp_patch *patch)
{
	patch->functions = pool_alloc(sel->pool, sel->nr_functions, sizeof(*patch->functions));
	patch->nr_functions = sel->nr_functions;
	for (size_t i = 0; i < sel->nr_functions; i++) {
		const struct replacement *r = &sel->functions[i];
		struct ulp_function *f = &patch->functions[i];

		*f = (struct ulp_function){
			.old_name = r->spec->replace,
			.new_name = r->new_name,
			.old_vaddr = r->old->value,
			.old_size = r->old->size,
			.old_checksum = r->old_checksum,
			.entry_vaddr = r->entry_vaddr,
			.word_vaddr = r->word_vaddr,
			.new_vaddr = places->functions[i].vaddr,
			.new_size = places->functions[i].size,
			.layout = r->layout,
		};
		memcpy(f->word, r->word, sizeof(f->word));
	}
}

static void fill_imports(const struct selection *sel, struct ulp_patch *patch)
{
	patch->imports = pool_alloc(sel->pool, sel->nr_imports + 1, sizeof(*patch->imports));
	patch->nr_imports = sel->nr_imports;
	for (size_t i = 0; i < sel->nr_imports; i++) {
		const struct import *import = &sel->imports[i];

		patch->imports[i] = (struct ulp_import){
			.name = import->name,
			.version = import->version,
			.provider = import->provider,
			.flags = import->weak ? ULP_IMPORT_WEAK : 0,
		};
	}
}

/* What the spec says about other patches, and what its author has overruled. */
static void fill_words(const struct selection *sel, const struct spec *spec,
		       struct ulp_patch *patch)
{
	patch->relations = pool_alloc(sel->pool, spec->nr_relations + 1, sizeof(*patch->relations));
	for (size_t i = 0; i < spec->nr_relations; i++)
		patch->relations[i] = (struct ulp_relation){
			.name = spec->relations[i].name,
			.kind = spec->relations[i].kind,
		};
	patch->nr_relations = spec->nr_relations;
	patch->accepts = pool_alloc(sel->pool, spec->nr_accepts + 1, sizeof(*patch->accepts));
	for (size_t i = 0; i < spec->nr_accepts; i++)
		patch->accepts[i] = (struct ulp_accept){
			.refusal = spec->accepts[i].refusal,
			.name = spec->accepts[i].name,
			.reason = spec->accepts[i].reason,
		};
	patch->nr_accepts = spec->nr_accepts;
}

static void fill_guards(const struct selection *sel, struct ulp_patch *patch)
{
	patch->guards = pool_alloc(sel->pool, sel->nr_guards + 1, sizeof(*patch->guards));
	for (size_t i = 0; i < sel->nr_guards; i++)
		patch->guards[i] = (struct ulp_guard){
			.name = sel->guards[i]->name,
			.vaddr = sel->guards[i]->value,
			.size = sel->guards[i]->size,
		};
	patch->nr_guards = sel->nr_guards;
}

static void fill_references(const struct selection *sel, const struct patch_places *places,
			    struct ulp_patch *patch)
{
	patch->references =
		pool_alloc(sel->pool, sel->nr_references + 1, sizeof(*patch->references));
	patch->nr_references = sel->nr_references;
	for (size_t i = 0; i < sel->nr_references; i++) {
		const struct private_reference *r = &sel->references[i];

		patch->references[i] = (struct ulp_reference){
			.name = r->name,
			.type = r->type,
			.place = places->references[i],
			.value = r->value,
			.addend = r->addend,
		};
	}
}

void patch_fill(const struct selection *sel, const struct spec *spec,
		const struct patch_places *places, struct ulp_patch *patch)
{
	*patch = (struct ulp_patch){
		.machine = sel->target->arch->machine,
		.name = spec->name,
		.description = spec->description,
		.consistency = spec->consistency,
		.soname = sel->target->library.soname,
		.build_id = sel->target->library.build_id,
		.labels = spec->labels,
		.nr_labels = spec->nr_labels,
	};
	fill_functions(sel, places, patch);
	fill_imports(sel, patch);
	fill_words(sel, spec, patch);
	fill_guards(sel, patch);
	fill_references(sel, places, patch);
}

/* Moved from malloc's memory into the pool. */
enum ulp_code patch_encode(struct pool *pool, const struct ulp_patch *patch,
			   enum ulp_section section, const void **bytes, size_t *len,
			   struct ulp_err *err)
{
	enum ulp_code code;
	void *encoded, *copy;

	code = ulp_patch_write(patch, section, &encoded, len, err);
	if (code)
		return code;
	copy = pool_alloc(pool, *len, 1);
	memcpy(copy, encoded, *len);
	free(encoded);
	*bytes = copy;
	return ULP_OK;
}
