/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two links and, between them, the records. */
#include "config.h"

#include "packer/emit.h"

#include "container/container.h"
#include "packer/patch_fill.h"
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

/* Where the linker has put the functions. */
static enum ulp_code place_functions(const struct selection *sel, const struct result *result,
				     struct patch_places *places, struct ulp_err *err)
{
	places->functions = pool_alloc(sel->pool, sel->nr_functions, sizeof(*places->functions));
	for (size_t i = 0; i < sel->nr_functions; i++) {
		const char *name = sel->functions[i].new_name;
		const struct elf_symbol *s = find_symbol(result->dynsyms, result->nr_dynsyms, name);

		if (!s)
			return ulp_fail(err, ULP_ENOFUNC, "the linker dropped the function %s",
					name);
		places->functions[i].vaddr = s->value;
		places->functions[i].size = s->size;
	}
	return ULP_OK;
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

static enum ulp_code place_references(const struct selection *sel, const struct result *result,
				      struct patch_places *places, struct ulp_err *err)
{
	const struct elf_symbol **found =
		pool_alloc(sel->pool, sel->nr_references + 1, sizeof(struct elf_symbol *));

	collect_places(result, found, sel->nr_references);
	places->references =
		pool_alloc(sel->pool, sel->nr_references + 1, sizeof(*places->references));
	for (size_t i = 0; i < sel->nr_references; i++) {
		if (!found[i])
			return ulp_fail(err, ULP_ERELOC, "the linker dropped a reference to %s",
					sel->references[i].name);
		places->references[i] = found[i]->value;
	}
	return ULP_OK;
}

static enum ulp_code fill_patch(const struct selection *sel, const struct spec *spec,
				const struct result *result, struct ulp_patch *patch,
				struct ulp_err *err)
{
	struct patch_places places;
	enum ulp_code code;

	code = place_functions(sel, result, &places, err);
	if (!code)
		code = place_references(sel, result, &places, err);
	if (!code)
		patch_fill(sel, spec, &places, patch);
	return code;
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
		code = patch_encode(sel->pool, &patch, ULP_SECTION_APPLY, &extra.apply,
				    &extra.apply_len, err);
	if (!code)
		code = patch_encode(sel->pool, &patch, ULP_SECTION_REVERT, &extra.revert,
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
