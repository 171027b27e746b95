/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `ulp patches --json`.  See patches_json.h; ulp(1) describes the members. */
#include "config.h"

#include "trigger/json.h"
#include "trigger/patches_json.h"
#include "trigger/report.h"

#include <string.h>

static void append_quoted(struct json_object *array, const char *text)
{
	json_append(array, json_text(quoted(text).text));
}

struct json_object *patches_json_process(struct json_object *object, const struct target *t)
{
	json_put_number(object, "pid", (uint64_t)t->proc.pid);
	json_put_quoted(object, "process", t->proc.name);
	json_put_bool(object, "disabled", t->engine.registry.head.disabled != 0);
	json_put_bool(object, "unfinished_change", engine_needs_recovery(&t->engine));
	return json_put_array(object, "libraries");
}

struct json_object *patches_json_library(struct json_object *object, const struct target *t,
					 const struct ulp_object *o, const char *path,
					 bool livepatchable)
{
	const uint64_t registry = t->engine.registry.at;

	json_put_quoted(object, "path", path);
	json_put_quoted(object, "soname", o->soname);
	json_put_build_id(object, "build_id", &o->build_id);
	json_put_address(object, "address", o->start);
	json_put_bool(object, "livepatchable", livepatchable);
	json_put_bool(object, "runtime", registry >= o->start && registry < o->end);
	return json_put_array(object, "patches");
}

static void put_id(struct json_object *object, const char *key, const uint8_t *bytes, uint32_t len)
{
	struct ulp_build_id id = {.len = len};

	memcpy(id.bytes, bytes, len < sizeof(id.bytes) ? len : sizeof(id.bytes));
	json_put_build_id(object, key, &id);
}

static void put_relations(struct json_object *object, const struct registry_patch *p)
{
	for (unsigned kind = 1; kind < ULP_NR_RELATION_KINDS; kind++) {
		struct json_object *array = json_put_array(object, ulp_relation_word(kind));

		for (uint32_t i = 0; i < p->head.nr_relations; i++)
			if (p->relations[i].kind == kind)
				append_quoted(array, registry_string(p, p->relations[i].name));
	}
}

/* Whether calls of the function go to this patch, now or once a decided change is finished. */
static bool in_effect(const struct registry *reg, const struct registry_patch *p,
		      const struct ulp_reg_function *f)
{
	const struct ulp_reg_function *owners;
	bool next = reg->head.commit == ULP_COMMIT_DECIDED;

	return registry_owner(reg, f->word_addr, next, &owners) == p;
}

static void put_functions(struct json_object *object, const struct registry *reg,
			  const struct registry_patch *p)
{
	struct json_object *array = json_put_array(object, "functions");

	for (uint32_t i = 0; i < p->head.nr_functions; i++) {
		const struct ulp_reg_function *f = &p->functions[i];
		struct json_object *function;

		/* An entry in two words has two records, one after the other. */
		if (i && f->old_addr == f[-1].old_addr)
			continue;
		function = json_append_object(array);
		json_put_quoted(function, "name", registry_string(p, f->name));
		json_put_address(function, "old_address", f->old_addr);
		json_put_number(function, "old_size", f->old_size);
		json_put_address(function, "new_address", f->new_addr);
		json_put_number(function, "new_size", f->new_size);
		json_put_bool(function, "in_effect", in_effect(reg, p, f));
	}
}

void patches_json_patch(struct json_object *object, const struct registry *reg,
			const struct registry_patch *p)
{
	struct json_object *labels;

	json_put_quoted(object, "container", registry_string(p, p->head.file));
	json_put_quoted(object, "path", registry_string(p, p->head.path));
	json_put_quoted(object, "name", registry_string(p, p->head.name));
	json_put_text(object, "state", registry_patch_applied(reg, p) ? "applied" : "reverted");
	put_id(object, "build_id", p->head.build_id, p->head.build_id_len);
	put_id(object, "target_build_id", p->head.target_build_id, p->head.target_build_id_len);
	labels = json_put_array(object, "labels");
	for (uint32_t i = 0; i < p->head.nr_labels; i++)
		append_quoted(labels, registry_label(p, i));
	json_put_consistency(object, (enum ulp_consistency)p->head.consistency);
	put_relations(object, p);
	json_put_address(object, "address", p->head.map_start);
	json_put_number(object, "size", p->head.map_len);
	put_functions(object, reg, p);
}
