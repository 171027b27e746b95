/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answers of `ulp livepatchable` as JSON.  The schema is described in ulp(1); who
 * changes it in a way that a reader may stumble over raises the version.
 */
#include "config.h"

#include "trigger/livepatchable.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define SCHEMA_VERSION 1

/* The names of the layouts in the schema: never translated, never changed. */
static const char *const layout_names[] = {
	[ULP_ENTRY_NONE] = NULL,
	[ULP_ENTRY_NOP5] = "nop5",
	[ULP_ENTRY_PFE_16_14] = "patchable-function-entry-16-14",
};

/* Without memory there is no answer, and half an answer must not look like one. */
static void *checked(void *made)
{
	if (made == NULL) {
		fputs("ulp: no memory for the answer\n", stderr);
		exit(ulp_code_status(ULP_ENOMEM));
	}
	return made;
}

/* Takes value. */
static void put(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		checked(NULL);
}

static void append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) != 0)
		checked(NULL);
}

static struct json_object *text_of(const char *text)
{
	char *whole = checked(quote_whole(text));
	struct json_object *object = checked(json_object_new_string(whole));

	free(whole);
	return object;
}

/* null for "". */
static void put_text(struct json_object *object, const char *key, const char *text)
{
	put(object, key, *text != '\0' ? text_of(text) : NULL);
}

static void put_number(struct json_object *object, const char *key, uint64_t number)
{
	put(object, key, checked(json_object_new_int64((int64_t)number)));
}

/* null for 0, which stands for an unknown line. */
static void put_line(struct json_object *object, uint32_t line)
{
	put(object, "line", line != 0 ? checked(json_object_new_int64(line)) : NULL);
}

static void put_bool(struct json_object *object, const char *key, bool value)
{
	put(object, key, checked(json_object_new_boolean(value)));
}

/* As a string: JSON's numbers lose digits of 64 bits in many readers.  null for 0. */
static void put_address(struct json_object *object, const char *key, uint64_t vaddr)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%016" PRIx64, vaddr);
	put_text(object, key, vaddr != 0 ? text : "");
}

static struct json_object *put_array(struct json_object *object, const char *key)
{
	struct json_object *array = checked(json_object_new_array());

	put(object, key, array);
	return array;
}

struct json_object *json_answer_create(void)
{
	struct json_object *answer = checked(json_object_new_object());

	put_number(answer, "version", SCHEMA_VERSION);
	put_array(answer, "libraries");
	return answer;
}

void json_answer_print(const struct report *report, struct json_object *answer)
{
	const char *text = json_object_to_json_string_ext(
		answer,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);

	report_say(report, "%s\n", (const char *)checked((void *)(uintptr_t)text));
	json_object_put(answer);
}

static struct json_object *add_path(const struct livepatchable_options *options, const char *path)
{
	struct json_object *libraries = json_object_object_get(options->json, "libraries");
	struct json_object *object = checked(json_object_new_object());

	append(libraries, object);
	put_text(object, "path", path);
	return object;
}

void json_add_error(const struct livepatchable_options *options, const char *path,
		    const struct ulp_err *err)
{
	struct json_object *library = add_path(options, path);
	struct json_object *error = checked(json_object_new_object());

	put(library, "error", error);
	put_text(error, "code", ulp_code_name(err->code));
	put_number(error, "status", (uint64_t)ulp_code_status(err->code));
	put_text(error, "where", err->where);
	put_text(error, "text", err->text);
}

/* --- verdict and list -------------------------------------------------------------------- */

static void add_function(struct json_object *array, const struct library *lib,
			 const struct library_function *f)
{
	struct json_object *object = checked(json_object_new_object());
	const char *file;
	uint32_t line;

	append(array, object);
	library_source(lib, f, &file, &line);
	put_address(object, "address", f->vaddr);
	put_text(object, "name", f->name);
	put_bool(object, "entry", f->has_entry);
	put_text(object, "reason", f->has_entry ? "" : library_reason(lib, f));
	put_text(object, "source", file);
	put_line(object, line);
}

void json_add_library(const struct livepatchable_options *options, const struct library *lib)
{
	struct json_object *object = add_path(options, lib->path);
	char id[2 * ULP_BUILD_ID_MAX + 1] = "";
	struct json_object *list;

	if (lib->build_id.len != 0)
		(void)ulp_build_id_format(&lib->build_id, id, sizeof(id));
	put_bool(object, "livepatchable",
		 library_livepatchable(lib) && library_reaches(lib, options));
	put_text(object, "build_id", id);
	put_text(object, "layout",
		 layout_names[lib->layout] != NULL ? layout_names[lib->layout] : "");
	put_number(object, "entries", lib->nr_entries);
	put(object, "functions",
	    lib->functions_known ? checked(json_object_new_int64((int64_t)lib->nr_functions))
				 : NULL);
	put(object, "functions_with_entry",
	    lib->functions_known ? checked(json_object_new_int64((int64_t)lib->nr_with_entry))
				 : NULL);
	if (!options->list)
		return;
	list = put_array(object, "list");
	for (size_t i = 0; i < lib->nr_functions; i++)
		if (list_has(&lib->functions[i], options))
			add_function(list, lib, &lib->functions[i]);
}

/* --- facts -------------------------------------------------------------------------------- */

static void add_names(struct json_object *array, uint32_t bits, uint32_t bit, const char *name)
{
	if ((bits & bit) != 0)
		append(array, text_of(name));
}

static struct json_object *unit_of(const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_unit *unit = &facts->units[i];
	struct json_object *object = checked(json_object_new_object());
	struct json_object *flags;

	put_number(object, "id", i);
	put_text(object, "source", unit->source);
	put_text(object, "directory", unit->directory);
	put_text(object, "producer", unit->producer);
	put_text(object, "command", unit->command);
	flags = put_array(object, "flags");
	add_names(flags, unit->flags, ULP_FACTS_UNIT_IPA_KEPT, "ipa-kept");
	add_names(flags, unit->flags, ULP_FACTS_UNIT_BEFORE_LTO, "before-lto");
	add_names(flags, unit->flags, ULP_FACTS_UNIT_PARTITION, "lto-partition");
	return object;
}

static struct json_object *id_of(uint32_t id)
{
	return id != ULP_FACTS_NONE ? checked(json_object_new_int64(id)) : NULL;
}

static void put_flags(struct json_object *object, const struct ulp_facts_function *f)
{
	struct json_object *flags = put_array(object, "flags");
	struct json_object *relies = put_array(object, "callers_rely_on");

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
	struct json_object *object = checked(json_object_new_object());

	put_number(object, "id", i);
	put_text(object, "name", f->name);
	put_text(object, "kind", ulp_facts_kind_text(f->kind));
	put_text(object, "linkage", ulp_facts_linkage_text(f->linkage));
	put_text(object, "source", f->file);
	put_line(object, f->line);
	put_number(object, "unit", f->unit);
	put(object, "origin", id_of(f->origin));
	put_bool(object, "code", ulp_facts_has_code(facts, i));
	put_address(object, "address", f->vaddr);
	put_bool(object, "entry", f->entry == ULP_FACTS_ENTRY);
	put_text(object, "reason",
		 f->entry != ULP_FACTS_ENTRY ? ulp_facts_entry_text(f->entry) : "");
	put_flags(object, f);
	return object;
}

static void put_inlined(struct json_object *object, const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_function *f = &facts->functions[i];
	struct json_object *list = put_array(object, "inlined");

	for (uint32_t k = 0; k < f->nr_inlined; k++) {
		const struct ulp_facts_inlined *copy = &facts->inlined[f->first_inlined + k];
		struct json_object *row = checked(json_object_new_object());

		append(list, row);
		put_number(row, "function", copy->function);
		put(row, "via",
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

	put_bool(object, "complete", facts_complete(facts));
	units = put_array(object, "units");
	functions = put_array(object, "functions");
	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		struct json_object *function;

		if (!facts_source_wanted(facts, i, options))
			continue;
		if (facts->functions[i].unit != last_unit)
			append(units, unit_of(facts, facts->functions[i].unit));
		last_unit = facts->functions[i].unit;
		function = function_of(facts, i);
		put_inlined(function, facts, i);
		append(functions, function);
	}
}

/* --- answers about one function --------------------------------------------------------------- */

static struct json_object *carrier_of(const struct facts_answer *answer,
				      const struct ulp_facts_carrier *carrier)
{
	const struct ulp_facts *facts = answer->facts;
	struct json_object *object = function_of(facts, carrier->function);
	struct json_object *chain = put_array(object, "chain");

	put_bool(object, "before_lto", answer_is_through_lto(answer, carrier));
	if (carrier->inlined == ULP_FACTS_NONE)
		return object;
	for (uint32_t at = carrier->inlined; at != ULP_FACTS_NONE; at = facts->inlined[at].via)
		append(chain, text_of(facts->functions[facts->inlined[at].function].name));
	return object;
}

/* The library that answers are about: the first answer adds it. */
static struct json_object *answers_of(const struct livepatchable_options *options,
				      const struct ulp_facts *facts)
{
	struct json_object *libraries = json_object_object_get(options->json, "libraries");
	struct json_object *library;

	if (json_object_array_length(libraries) != 0) {
		library = json_object_array_get_idx(libraries, 0);
		return json_object_object_get(library, "answers");
	}
	library = add_path(options, options->files[0]);
	put_bool(library, "complete", facts_complete(facts));
	return put_array(library, "answers");
}

/* The units of all functions in the answer, each once. */
static void add_units(struct json_object *units, const struct facts_answer *answer)
{
	const struct ulp_facts *facts = answer->facts;
	bool *wanted = checked(calloc((size_t)facts->nr_units + 1, sizeof(*wanted)));

	for (uint32_t i = 0; i < facts->nr_functions; i++)
		if (answer_is_self(answer, i) || answer_is_derived(answer, i))
			wanted[facts->functions[i].unit] = true;
	for (size_t i = 0; i < answer->nr_carriers; i++)
		wanted[facts->functions[answer->carriers[i].function].unit] = true;
	for (uint32_t i = 0; i < facts->nr_units; i++)
		if (wanted[i])
			append(units, unit_of(facts, i));
	free(wanted);
}

void json_add_answer(const struct livepatchable_options *options, const struct facts_answer *answer)
{
	const struct ulp_facts *facts = answer->facts;
	struct json_object *object = checked(json_object_new_object());
	struct json_object *records;
	struct json_object *derived;
	struct json_object *carriers;

	append(answers_of(options, facts), object);
	put_text(object, "name", facts->functions[answer->identity].name);
	records = put_array(object, "records");
	derived = put_array(object, "derived");
	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		if (answer_is_self(answer, i))
			append(records, function_of(facts, i));
		else if (answer_is_derived(answer, i))
			append(derived, function_of(facts, i));
	}
	carriers = put_array(object, "carriers");
	for (size_t i = 0; i < answer->nr_carriers; i++)
		append(carriers, carrier_of(answer, &answer->carriers[i]));
	add_units(put_array(object, "units"), answer);
}
