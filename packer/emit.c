/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two links and, between them, the records. */
#include "config.h"

#include "packer/emit.h"

#include "container/container.h"
#include "packer/result.h"

#include <stdlib.h>
#include <string.h>

static const struct elf_symbol *find_symbol(const struct elf_symbol *list, size_t nr,
					    const char *name)
{
	for (size_t i = 1; i < nr; i++)
		if (list[i].shndx != SHN_UNDEF && strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static enum ulp_code fill_functions(const struct selection *sel, const struct result *result,
				    struct ulp_patch *patch, struct ulp_err *err)
{
	patch->functions = pool_alloc(sel->pool, sel->nr_functions, sizeof(*patch->functions));
	patch->nr_functions = sel->nr_functions;
	for (size_t i = 0; i < sel->nr_functions; i++) {
		const struct replacement *r = &sel->functions[i];
		struct ulp_function *f = &patch->functions[i];
		const struct elf_symbol *s =
			find_symbol(result->dynsyms, result->nr_dynsyms, r->new_name);

		if (!s)
			return ulp_fail(err, ULP_ENOFUNC, "the linker dropped the function %s",
					r->new_name);
		*f = (struct ulp_function){
			.old_name = r->spec->replace,
			.new_name = r->new_name,
			.old_vaddr = r->old->value,
			.old_size = r->old->size,
			.old_checksum = r->old_checksum,
			.entry_vaddr = r->entry_vaddr,
			.word_vaddr = r->word_vaddr,
			.new_vaddr = s->value,
			.new_size = s->size,
			.layout = r->layout,
		};
		memcpy(f->word, r->word, sizeof(f->word));
	}
	return ULP_OK;
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

/* By number: the value of ulp.place.N. */
static void collect_places(const struct result *result, const struct elf_symbol **places, size_t nr)
{
	const size_t len = strlen(ULP_PLACE_PREFIX);

	for (size_t i = 1; i < result->nr_symbols; i++) {
		const struct elf_symbol *s = &result->symbols[i];
		unsigned long number;

		if (strncmp(s->name, ULP_PLACE_PREFIX, len) != 0)
			continue;
		number = strtoul(s->name + len, NULL, 10);
		if (number < nr)
			places[number] = s;
	}
}

static enum ulp_code fill_references(const struct selection *sel, const struct result *result,
				     struct ulp_patch *patch, struct ulp_err *err)
{
	const struct elf_symbol **places =
		pool_alloc(sel->pool, sel->nr_references + 1, sizeof(struct elf_symbol *));

	collect_places(result, places, sel->nr_references);
	patch->references =
		pool_alloc(sel->pool, sel->nr_references + 1, sizeof(*patch->references));
	patch->nr_references = sel->nr_references;
	for (size_t i = 0; i < sel->nr_references; i++) {
		const struct private_reference *r = &sel->references[i];

		if (!places[i])
			return ulp_fail(err, ULP_ERELOC, "the linker dropped a reference to %s",
					r->name);
		patch->references[i] = (struct ulp_reference){
			.name = r->name,
			.type = r->type,
			.place = places[i]->value,
			.value = r->value,
			.addend = r->addend,
		};
	}
	return ULP_OK;
}

static enum ulp_code fill_patch(const struct selection *sel, const struct spec *spec,
				const struct result *result, struct ulp_patch *patch,
				struct ulp_err *err)
{
	enum ulp_code code;

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
	code = fill_functions(sel, result, patch, err);
	if (code)
		return code;
	fill_imports(sel, patch);
	fill_words(sel, spec, patch);
	fill_guards(sel, patch);
	return fill_references(sel, result, patch, err);
}

/* One section's bytes, moved from malloc's memory into the pool. */
static enum ulp_code encode(struct pool *pool, const struct ulp_patch *patch,
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

static enum ulp_code link_once(const struct linker *linker, const struct selection *sel,
			       const struct rewrite_extra *extra, unsigned pass,
			       struct result *result, struct ulp_err *err)
{
	enum ulp_code code;
	const char *path;

	code = link_container(linker, sel, extra, pass, &path, err);
	if (!code)
		code = result_read(sel->pool, path, result, err);
	if (!code)
		code = result_check(result, sel, err);
	return code;
}

enum ulp_code emit_container(const struct linker *linker, const struct selection *sel,
			     const struct spec *spec, const unsigned char **bytes, size_t *len,
			     struct ulp_err *err)
{
	struct rewrite_extra extra = {.places = true};
	struct ulp_container container;
	struct result first, second;
	struct ulp_patch patch;
	enum ulp_code code;

	code = link_once(linker, sel, &extra, 1, &first, err);
	if (!code)
		code = fill_patch(sel, spec, &first, &patch, err);
	extra.places = false;
	if (!code)
		code = encode(sel->pool, &patch, ULP_SECTION_APPLY, &extra.apply, &extra.apply_len,
			      err);
	if (!code)
		code = encode(sel->pool, &patch, ULP_SECTION_REVERT, &extra.revert,
			      &extra.revert_len, err);
	if (!code)
		code = link_once(linker, sel, &extra, 2, &second, err);
	if (!code)
		code = result_same(&first, &second, err);
	if (!code)
		code = ulp_container_from_bytes(linker->soname, second.file.bytes, second.file.len,
						&container, err);
	if (code)
		return code;
	ulp_container_close(&container);
	*bytes = second.file.bytes;
	*len = second.file.len;
	return ULP_OK;
}
