/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `ulp dump --json`.  See dump_json.h; ulp(1) describes the members. */
#include "config.h"

#include "trigger/dump_json.h"
#include "trigger/json.h"
#include "trigger/layout.h"
#include "trigger/reloc_name.h"

static void put_labels(struct json_object *object, const struct ulp_patch *p)
{
	struct json_object *array = json_put_array(object, "labels");

	for (size_t i = 0; i < p->nr_labels; i++)
		json_append(array, json_text(p->labels[i]));
}

static void put_target(struct json_object *object, const struct ulp_patch *p)
{
	struct json_object *target = json_put_object(object, "target");

	json_put_text(target, "soname", p->soname);
	json_put_build_id(target, "build_id", &p->build_id);
}

/* One array for each kind, also where it is empty. */
static void put_relations(struct json_object *object, const struct ulp_patch *p)
{
	for (unsigned kind = 1; kind < ULP_NR_RELATION_KINDS; kind++) {
		struct json_object *array = json_put_array(object, ulp_relation_word(kind));

		for (size_t i = 0; i < p->nr_relations; i++)
			if (p->relations[i].kind == kind)
				json_append(array, json_text(p->relations[i].name));
	}
}

static void put_accepts(struct json_object *object, const struct ulp_patch *p)
{
	struct json_object *array = json_put_array(object, "accepts");

	for (size_t i = 0; i < p->nr_accepts; i++) {
		struct json_object *accept = json_append_object(array);

		json_put_text(accept, "refusal", p->accepts[i].refusal);
		json_put_text(accept, "name", p->accepts[i].name);
		json_put_text(accept, "reason", p->accepts[i].reason);
	}
}

static void put_function(struct json_object *object, const struct ulp_function *f)
{
	uint8_t sum[sizeof(f->old_checksum)];

	for (size_t i = 0; i < sizeof(sum); i++)
		sum[i] = (uint8_t)(f->old_checksum >> 8 * (sizeof(sum) - 1 - i));
	json_put_text(object, "name", f->old_name);
	json_put_text(object, "new_name", f->new_name);
	json_put_address(object, "old_address", f->old_vaddr);
	json_put_number(object, "old_size", f->old_size);
	json_put_bytes(object, "old_checksum", sum, sizeof(sum));
	json_put_address(object, "new_address", f->new_vaddr);
	json_put_number(object, "new_size", f->new_size);
	json_put_text(object, "layout", layout_name(f->layout));
	json_put_address(object, "entry_address", f->entry_vaddr);
	json_put_address(object, "word_address", f->word_vaddr);
	json_put_bytes(object, "word", f->word, sizeof(f->word));
}

static void put_functions(struct json_object *object, const struct ulp_patch *p)
{
	struct json_object *array = json_put_array(object, "functions");

	for (size_t i = 0; i < p->nr_functions; i++)
		put_function(json_append_object(array), &p->functions[i]);
}

static void put_guards(struct json_object *object, const struct ulp_patch *p)
{
	struct json_object *array = json_put_array(object, "guards");

	for (size_t i = 0; i < p->nr_guards; i++) {
		struct json_object *guard = json_append_object(array);

		json_put_text(guard, "name", p->guards[i].name);
		json_put_address(guard, "address", p->guards[i].vaddr);
		json_put_number(guard, "size", p->guards[i].size);
	}
}

static void put_imports(struct json_object *object, const struct ulp_patch *p)
{
	struct json_object *array = json_put_array(object, "imports");

	for (size_t i = 0; i < p->nr_imports; i++) {
		struct json_object *import = json_append_object(array);

		json_put_text(import, "name", p->imports[i].name);
		json_put_text(import, "version", p->imports[i].version);
		json_put_text(import, "provider", p->imports[i].provider);
		json_put_bool(import, "weak", p->imports[i].flags & ULP_IMPORT_WEAK);
	}
}

static void put_references(struct json_object *object, const struct ulp_patch *p)
{
	struct json_object *array = json_put_array(object, "references");

	for (size_t i = 0; i < p->nr_references; i++) {
		struct json_object *reference = json_append_object(array);

		json_put_text(reference, "name", p->references[i].name);
		json_put_address(reference, "address", p->references[i].value);
		json_put_address(reference, "place", p->references[i].place);
		json_put_text(reference, "type", reloc_name(p->references[i].type));
		json_put_signed(reference, "addend", p->references[i].addend);
	}
}

void dump_json(struct json_object *object, const struct ulp_container *c)
{
	const struct ulp_patch *p = &c->patch;

	json_put_text(object, "path", c->path);
	json_put_text(object, "name", p->name);
	json_put_text(object, "description", p->description);
	put_labels(object, p);
	json_put_build_id(object, "build_id", &c->build_id);
	put_target(object, p);
	json_put_consistency(object, p->consistency);
	put_relations(object, p);
	put_accepts(object, p);
	put_functions(object, p);
	put_guards(object, p);
	put_imports(object, p);
	put_references(object, p);
}
