/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way of the data through the packer. */
#include "config.h"

#include "packer/pack.h"

#include "packer/constants.h"
#include "packer/correlate.h"
#include "packer/emit.h"
#include "packer/linked.h"
#include "packer/output.h"
#include "packer/pointers.h"
#include "packer/stock.h"
#include "packer/types.h"

#include <string.h>

struct packing {
	struct pool *pool;
	const struct pack_options *options;
	struct report *report;
	struct spec spec;
	struct target target;
	struct providers providers;
	struct object *objects;
	struct functions functions;
	struct selection selection;
	struct workdir dir;
};

/* Folders for libraries: beside the target, -L, the system's. */
static struct search_path make_search_path(struct packing *p, const char *target,
					   const struct packer_arch *arch)
{
	struct search_path path = {0};
	const char *base = target ? path_base_name(target) : NULL;

	if (target)
		search_path_add(&path, p->pool,
				base == target
					? "."
					: pool_strndup(p->pool, target, (size_t)(base - target)));
	for (size_t i = 0; i < p->options->nr_library_dirs; i++)
		search_path_add(&path, p->pool, p->options->library_dirs[i]);
	for (const char *const *dir = arch->library_dirs; *dir; dir++)
		search_path_add(&path, p->pool, *dir);
	return path;
}

/* The machine of the first object: it says where the system's libraries are. */
static enum ulp_code find_arch(struct packing *p, const struct packer_arch **arch,
			       struct ulp_err *err)
{
	struct elf_file file;
	enum ulp_code code;

	code = object_file_read(p->pool, p->options->objects[0], &file, err);
	if (code)
		return code;
	*arch = packer_arch_find(file.elf.ehdr.e_machine);
	if (*arch)
		return ULP_OK;
	ulp_fail(err, ULP_EARCH, "machine %u is not supported", file.elf.ehdr.e_machine);
	ulp_err_at(err, "%s", p->options->objects[0]);
	return ULP_EARCH;
}

static enum ulp_code check_target(struct packing *p, struct ulp_err *err)
{
	const struct library *l = &p->target.library;
	const struct spec *spec = &p->spec;
	char id[2 * ULP_BUILD_ID_MAX + 1];

	if (strcmp(l->soname, spec->soname) != 0) {
		ulp_fail(err, ULP_EMISMATCH, "is %s, but the spec is for %s", l->soname,
			 spec->soname);
		ulp_err_at(err, "%s", l->file.path);
		return ULP_EMISMATCH;
	}
	for (size_t i = 0; i < spec->nr_build_ids; i++)
		if (ulp_build_id_equal(&spec->build_ids[i], &l->build_id))
			return ULP_OK;
	if (!spec->nr_build_ids)
		return ULP_OK;
	ulp_fail(err, ULP_EMISMATCH, "has the build ID %s, which the spec does not list",
		 ulp_build_id_format(&l->build_id, id, sizeof(id)));
	ulp_err_at(err, "%s", l->file.path);
	return ULP_EMISMATCH;
}

static enum ulp_code open_target(struct packing *p, const struct packer_arch *arch,
				 struct ulp_err *err)
{
	const struct search_path system = make_search_path(p, NULL, arch);
	const char *path = p->options->target;
	struct search_path around;
	enum ulp_code code;

	if (!path) {
		path = search_path_find(&system, p->pool, p->spec.soname);
		if (!path)
			return ulp_fail(err, ULP_EMISMATCH,
					"no library %s in the system's folders; give the target "
					"with -t",
					p->spec.soname);
		report_add(p->report, p->pool, NOTE_CHOICE, "%s: taken as the target", path);
	}
	code = target_open(p->pool, path, p->options->debug_file, &p->target, p->report, err);
	if (!code)
		code = check_target(p, err);
	if (code)
		return code;
	around = make_search_path(p, path, p->target.arch);
	return providers_open(p->pool, &p->target.library, &around, &p->providers, err);
}

static enum ulp_code read_objects(struct packing *p, struct ulp_err *err)
{
	p->objects = pool_alloc(p->pool, p->options->nr_objects, sizeof(*p->objects));
	for (size_t i = 0; i < p->options->nr_objects; i++) {
		enum ulp_code code = object_read(p->pool, p->options->objects[i], p->target.arch,
						 &p->objects[i], err);

		if (code)
			return code;
		if (p->objects[i].linked && p->options->nr_objects > 1)
			return linked_fail(&p->objects[i], 0, err, ULP_EUSAGE,
					   "is linked already, so it must be the only input; link "
					   "the other objects into it");
		object_correlate(p->pool, &p->target, &p->objects[i]);
	}
	return ULP_OK;
}

static enum ulp_code check_output(const struct packing *p, const char *out, struct ulp_err *err)
{
	const char *const others[] = {
		p->options->spec,
		p->target.library.file.path,
		p->target.symbols_path,
	};
	enum ulp_code code;

	code = output_check_inputs(out, others, sizeof(others) / sizeof(others[0]), err);
	return code ? code
		    : output_check_inputs(out, p->options->objects, p->options->nr_objects, err);
}

static enum ulp_code find_functions(struct packing *p, struct ulp_err *err)
{
	const struct functions_input in = {
		.pool = p->pool,
		.spec = &p->spec,
		.target = &p->target,
		.objects = p->objects,
		.nr_objects = p->options->nr_objects,
		.closure_check = !p->options->no_closure_check,
		.report = p->report,
	};

	const enum ulp_code code = functions_find(&in, &p->functions, err);

	return code ? code : stock_check(p->pool, &p->target, p->report, err);
}

static enum ulp_code select_parts(struct packing *p, struct ulp_err *err)
{
	enum ulp_code code;

	p->selection = (struct selection){
		.pool = p->pool,
		.report = p->report,
		.target = &p->target,
		.providers = &p->providers,
		.objects = p->objects,
		.nr_objects = p->options->nr_objects,
		.functions = p->functions.list,
		.nr_functions = p->functions.nr,
		.guards = p->functions.guards,
		.nr_guards = p->functions.nr_guards,
	};
	code = p->objects[0].linked ? linked_select(&p->selection, err)
				    : selection_run(&p->selection, err);
	if (!code)
		code = selection_pointers(&p->selection, &p->spec, err);
	if (!code)
		code = constants_check(&p->selection, err);
	if (!code)
		code = types_check(p->pool, &p->spec, &p->selection, &p->target, p->report, err);
	return code;
}

static enum ulp_code link_objects(struct packing *p, const char *soname,
				  const unsigned char **bytes, size_t *len, struct ulp_err *err)
{
	const struct linker linker = {
		.program = p->options->linker,
		.soname = soname,
		.dir = &p->dir,
	};
	enum ulp_code code = workdir_init(p->pool, &p->dir, err);

	if (!code)
		code = emit_container(&linker, &p->selection, &p->spec, bytes, len, err);
	workdir_deinit(&p->dir);
	return code;
}

static enum ulp_code link_and_write(struct packing *p, const char *out, struct ulp_err *err)
{
	const char *soname = pool_printf(p->pool, "%s.so", p->spec.name);
	const unsigned char *bytes;
	enum ulp_code code;
	size_t len;

	if (p->objects[0].linked)
		code = linked_emit(&p->selection, &p->spec, soname, &bytes, &len, err);
	else
		code = link_objects(p, soname, &bytes, &len, err);
	return code ? code : output_write(p->pool, out, bytes, len, err);
}

enum ulp_code pack(struct pool *pool, const struct pack_options *options, struct report *report,
		   struct pack_result *result, struct ulp_err *err)
{
	struct packing p = {.pool = pool, .options = options, .report = report};
	const struct packer_arch *arch;
	enum ulp_code code;
	const char *out;

	code = spec_load(pool, options->spec, &p.spec, err);
	if (!code)
		code = find_arch(&p, &arch, err);
	if (!code)
		code = open_target(&p, arch, err);
	if (!code)
		code = read_objects(&p, err);
	if (code)
		return code;
	code = find_functions(&p, err);
	if (code || options->explain)
		return code;
	out = options->out ? options->out : pool_printf(pool, "%s.so", p.spec.name);
	code = check_output(&p, out, err);
	if (!code)
		code = select_parts(&p, err);
	if (!code)
		code = link_and_write(&p, out, err);
	if (code)
		return code;
	*result = (struct pack_result){
		.out = out,
		.soname = p.target.library.soname,
		.build_id = p.target.library.build_id,
		.nr_functions = p.selection.nr_functions,
		.nr_imports = p.selection.nr_imports,
		.nr_references = p.selection.nr_references,
	};
	return ULP_OK;
}
