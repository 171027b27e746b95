/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answers of `ulp livepatchable` as JSON.  The schema is described in ulp(1); who
 * changes it in a way that a reader may stumble over raises the version.
 */
#include "config.h"

#include "trigger/json.h"
#include "trigger/layout.h"
#include "trigger/livepatchable.h"

#include <json-c/json.h>
#include <stdlib.h>

/* null for 0, which stands for an unknown line. */
static void put_line(struct json_object *object, uint32_t line)
{
	json_put(object, "line", line != 0 ? json_checked(json_object_new_int64(line)) : NULL);
}

/* null for 0, which stands for no code. */
static void put_address(struct json_object *object, const char *key, uint64_t vaddr)
{
	if (vaddr != 0)
		json_put_address(object, key, vaddr);
	else
		json_put(object, key, NULL);
}

static struct json_object *add_path(const struct livepatchable_options *options, const char *path)
{
	struct json_object *object = report_result(&options->report);

	json_put_text(object, "path", path);
	return object;
}

void json_add_error(const struct livepatchable_options *options, const char *path,
		    const struct ulp_err *err)
{
	json_put_error(json_put_object(add_path(options, path), "error"), err, err->where);
}

/* --- verdict and list -------------------------------------------------------------------- */

static void add_function(struct json_object *array, const struct library *lib,
			 const struct library_function *f)
{
	struct json_object *object = json_made();
	const char *file;
	uint32_t line;

	json_append(array, object);
	library_source(lib, f, &file, &line);
	put_address(object, "address", f->vaddr);
	json_put_text(object, "name", f->name);
	json_put_bool(object, "entry", f->has_entry);
	json_put_text(object, "reason", f->has_entry ? "" : library_reason(lib, f));
	json_put_text(object, "source", file);
	put_line(object, line);
}

void json_add_library(const struct livepatchable_options *options, const struct library *lib)
{
	struct json_object *object = add_path(options, lib->path);
	struct json_object *list;

	json_put_bool(object, "livepatchable",
		      library_livepatchable(lib) && library_reaches(lib, options));
	json_put_build_id(object, "build_id", &lib->build_id);
	json_put_text(object, "layout", layout_name(lib->layout));
	json_put_number(object, "entries", lib->nr_entries);
	json_put(object, "functions",
		 lib->functions_known
			 ? json_checked(json_object_new_int64((int64_t)lib->nr_functions))
			 : NULL);
	json_put(object, "functions_with_entry",
		 lib->functions_known
			 ? json_checked(json_object_new_int64((int64_t)lib->nr_with_entry))
			 : NULL);
	if (!options->list)
		return;
	list = json_put_array(object, "list");
	for (size_t i = 0; i < lib->nr_functions; i++)
		if (list_has(&lib->functions[i], options))
			add_function(list, lib, &lib->functions[i]);
}

/* --- facts -------------------------------------------------------------------------------- */

static void add_names(struct json_object *array, uint32_t bits, uint32_t bit, const char *name)
{
	if ((bits & bit) != 0)
		json_append(array, json_text(name));
}

static struct json_object *unit_of(const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_unit *unit = &facts->units[i];
	struct json_object *object = json_made();
	struct json_object *constants;
	struct json_object *flags;

	json_put_number(object, "id", i);
	json_put_text(object, "source", unit->source);
	json_put_text(object, "directory", unit->directory);
	json_put_text(object, "producer", unit->producer);
	json_put_text(object, "command", unit->command);
	constants = json_put_array(object, "constants");
	for (uint32_t k = 0; k < unit->nr_constants; k++)
		json_append(constants, json_text(facts->constants[unit->first_constant + k]));
	flags = json_put_array(object, "flags");
	add_names(flags, unit->flags, ULP_FACTS_UNIT_IPA_KEPT, "ipa-kept");
	add_names(flags, unit->flags, ULP_FACTS_UNIT_BEFORE_LTO, "before-lto");
	add_names(flags, unit->flags, ULP_FACTS_UNIT_PARTITION, "lto-partition");
	return object;
}

static struct json_object *id_of(uint32_t id)
{
	return id != ULP_FACTS_NONE ? json_checked(json_object_new_int64(id)) : NULL;
}

static void put_flags(struct json_object *object, const struct ulp_facts_function *f)
{
	struct json_object *flags = json_put_array(object, "flags");
	struct json_object *relies = json_put_array(object, "callers_rely_on");

	add_names(flags, f->flags, ULP_FACTS_FUNCTION_COLD, "cold");
	add_names(flags, f->flags, ULP_FACTS_FUNCTION_WEAK, "weak");
	add_names(flags, f->flags, ULP_FACTS_FUNCTION_COMDAT, "comdat");
#define ADD_RELIES(name, bit, text) add_names(relies, f->relies, bit, text);
	ULP_FACTS_RELIES(ADD_RELIES)
#undef ADD_RELIES
}

static struct json_object *function_of(const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_function *f = &facts->functions[i];
	struct json_object *object = json_made();

	json_put_number(object, "id", i);
	json_put_text(object, "name", f->name);
	json_put_text(object, "kind", ulp_facts_kind_text(f->kind));
	json_put_text(object, "linkage", ulp_facts_linkage_text(f->linkage));
	json_put_text(object, "source", f->file);
	put_line(object, f->line);
	json_put_number(object, "unit", f->unit);
	json_put(object, "origin", id_of(f->origin));
	json_put_bool(object, "code", ulp_facts_has_code(facts, i));
	put_address(object, "address", f->vaddr);
	json_put_bool(object, "entry", f->entry == ULP_FACTS_ENTRY);
	json_put_text(object, "reason",
		      f->entry != ULP_FACTS_ENTRY ? ulp_facts_entry_text(f->entry) : "");
	put_flags(object, f);
	return object;
}

static void put_inlined(struct json_object *object, const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_function *f = &facts->functions[i];
	struct json_object *list = json_put_array(object, "inlined");

	for (uint32_t k = 0; k < f->nr_inlined; k++) {
		const struct ulp_facts_inlined *copy = &facts->inlined[f->first_inlined + k];
		struct json_object *row = json_made();

		json_append(list, row);
		json_put_number(row, "function", copy->function);
		json_put(row, "via",
			 id_of(copy->via == ULP_FACTS_NONE ? ULP_FACTS_NONE
							   : copy->via - f->first_inlined));
	}
}

void json_add_facts(const struct livepatchable_options *options, const struct ulp_facts *facts)
{
	struct json_object *object = add_path(options, options->files[0]);
	struct json_object *units;
	struct json_object *functions;
	uint32_t last_unit = UINT32_MAX;

	json_put_bool(object, "complete", facts_complete(facts));
	units = json_put_array(object, "units");
	functions = json_put_array(object, "functions");
	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		struct json_object *function;

		if (!facts_source_wanted(facts, i, options))
			continue;
		if (facts->functions[i].unit != last_unit)
			json_append(units, unit_of(facts, facts->functions[i].unit));
		last_unit = facts->functions[i].unit;
		function = function_of(facts, i);
		put_inlined(function, facts, i);
		json_append(functions, function);
	}
}

/* --- answers about one function --------------------------------------------------------------- */

static struct json_object *carrier_of(const struct facts_answer *answer,
				      const struct ulp_facts_carrier *carrier)
{
	const struct ulp_facts *facts = answer->facts;
	struct json_object *object = function_of(facts, carrier->function);
	struct json_object *chain = json_put_array(object, "chain");

	json_put_bool(object, "before_lto", answer_is_through_lto(answer, carrier));
	if (carrier->inlined == ULP_FACTS_NONE)
		return object;
	for (uint32_t at = carrier->inlined; at != ULP_FACTS_NONE; at = facts->inlined[at].via)
		json_append(chain, json_text(facts->functions[facts->inlined[at].function].name));
	return object;
}

/* The library that answers are about: the first answer adds it. */
static struct json_object *answers_of(const struct livepatchable_options *options,
				      const struct ulp_facts *facts)
{
	struct json_object *libraries =
		json_object_object_get(options->report.json, options->report.results);
	struct json_object *library;

	if (json_object_array_length(libraries) != 0) {
		library = json_object_array_get_idx(libraries, 0);
		return json_object_object_get(library, "answers");
	}
	library = add_path(options, options->files[0]);
	json_put_bool(library, "complete", facts_complete(facts));
	return json_put_array(library, "answers");
}

/* The units of all functions in the answer, each once. */
static void add_units(struct json_object *units, const struct facts_answer *answer)
{
	const struct ulp_facts *facts = answer->facts;
	bool *wanted = json_checked(calloc((size_t)facts->nr_units + 1, sizeof(*wanted)));

	for (uint32_t i = 0; i < facts->nr_functions; i++)
		if (answer_is_self(answer, i) || answer_is_derived(answer, i))
			wanted[facts->functions[i].unit] = true;
	for (size_t i = 0; i < answer->nr_carriers; i++)
		wanted[facts->functions[answer->carriers[i].function].unit] = true;
	for (uint32_t i = 0; i < facts->nr_units; i++)
		if (wanted[i])
			json_append(units, unit_of(facts, i));
	free(wanted);
}

void json_add_answer(const struct livepatchable_options *options, const struct facts_answer *answer)
{
	const struct ulp_facts *facts = answer->facts;
	struct json_object *object = json_made();
	struct json_object *records;
	struct json_object *derived;
	struct json_object *carriers;

	json_append(answers_of(options, facts), object);
	json_put_text(object, "name", facts->functions[answer->identity].name);
	records = json_put_array(object, "records");
	derived = json_put_array(object, "derived");
	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		if (answer_is_self(answer, i))
			json_append(records, function_of(facts, i));
		else if (answer_is_derived(answer, i))
			json_append(derived, function_of(facts, i));
	}
	carriers = json_put_array(object, "carriers");
	for (size_t i = 0; i < answer->nr_carriers; i++)
		json_append(carriers, carrier_of(answer, &answer->carriers[i]));
	add_units(json_put_array(object, "units"), answer);
}
