/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp dump CONTAINER...`: what container files would do, in words.
 */
#include "config.h"

#include "container/container.h"
#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/dump_json.h"
#include "trigger/layout.h"
#include "trigger/reloc_name.h"
#include "trigger/report.h"

#include <inttypes.h>

struct arguments {
	struct report report;
	char **files; /* NULL-terminated; borrows argv */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->report;
		state->child_inputs[1] = &a->report;
		return 0;
	case ARGP_KEY_ARGS:
		a->files = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, _("a container is missing"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *const consistency_texts[] = {
	[ULP_CONSISTENCY_FUNCTION] = N_("function (no thread may be inside a replaced function)"),
	[ULP_CONSISTENCY_NONE] = N_("none (old and new code may run side by side)"),
	[ULP_CONSISTENCY_LIBRARY] = N_("library (no thread may be inside the target)"),
};

static const char *consistency_text(enum ulp_consistency c)
{
	size_t i = (size_t)c;

	return i < sizeof(consistency_texts) / sizeof(consistency_texts[0])
		       ? _(consistency_texts[i])
		       : _("unknown");
}

/* The words of the relations, as they are in a spec. */
static const char *const relation_names[ULP_NR_RELATION_KINDS] = {
	[ULP_RELATION_REQUIRES] = N_("requires:"),
	[ULP_RELATION_CONFLICTS] = N_("conflicts:"),
	[ULP_RELATION_SUPERSEDES] = N_("supersedes:"),
};

/* Characters that a field's name takes, so that the texts stand below one another. */
#define NAME_COLUMNS 16

/* "  name:           ", the name in the user's language. */
static void dump_name(const struct report *r, const char *name)
{
	const char *text = _(name);
	const int room = NAME_COLUMNS - report_columns(text);

	report_say(r, "  %s%*s", text, room > 0 ? room : 0, "");
}

/* "  name:            text" */
static void dump_field(const struct report *r, const char *name, const char *text)
{
	dump_name(r, name);
	report_say(r, " %s\n", quoted(text).text);
}

static void dump_labels(const struct report *r, const struct ulp_patch *p)
{
	dump_name(r, N_("labels:"));
	for (size_t i = 0; i < p->nr_labels; i++)
		report_say(r, "%s%s", i ? ", " : " ", quoted(p->labels[i]).text);
	report_say(r, "%s\n", p->nr_labels ? "" : _(" none"));
}

/* "  requires:        a, b", for each kind of which there is one. */
static void dump_relations(const struct report *r, const struct ulp_patch *p)
{
	for (unsigned kind = 1; kind < ULP_NR_RELATION_KINDS; kind++) {
		size_t nr = 0;

		for (size_t i = 0; i < p->nr_relations; i++) {
			if (p->relations[i].kind != kind)
				continue;
			if (nr == 0)
				dump_name(r, relation_names[kind]);
			report_say(r, "%s%s", nr++ ? ", " : " ", quoted(p->relations[i].name).text);
		}
		if (nr)
			report_say(r, "\n");
	}
}

/* A reason may be as long as a spec allows, each byte of it as long as \xNN. */
#define REASON_LEN (4u * 4096 + 1)

static void dump_accepts(const struct report *r, const struct ulp_patch *p)
{
	char reason[REASON_LEN];

	if (p->nr_accepts)
		report_say(r, "  refusals of the packer that were overruled (%zu):\n",
			   p->nr_accepts);
	for (size_t i = 0; i < p->nr_accepts; i++) {
		const struct ulp_accept *a = &p->accepts[i];

		report_say(r, "    %s of %s: %s\n", quoted(a->refusal).text, quoted(a->name).text,
			   quote(a->reason, reason, sizeof(reason)));
	}
}

static void dump_guards(const struct report *r, const struct ulp_patch *p)
{
	if (p->nr_guards)
		report_say(r, "  further code that must not be in use (%zu):\n", p->nr_guards);
	for (size_t i = 0; i < p->nr_guards; i++)
		report_say(r, "    %s: 0x%" PRIx64 ", %" PRIu64 " bytes\n",
			   quoted(p->guards[i].name).text, p->guards[i].vaddr, p->guards[i].size);
}

static void dump_bytes(const struct report *r, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		report_say(r, "%s%02x", i ? " " : "", bytes[i]);
}

static void dump_function(const struct report *r, const struct ulp_function *f)
{
	report_say(r, "    %s -> %s\n", quoted(f->old_name).text, quoted(f->new_name).text);
	report_say(r, "      old:   0x%" PRIx64 ", %" PRIu64 " bytes, checksum %016" PRIx64 "\n",
		   f->old_vaddr, f->old_size, f->old_checksum);
	report_say(r, "      new:   0x%" PRIx64 ", %" PRIu64 " bytes\n", f->new_vaddr, f->new_size);
	report_say(r, "      entry: 0x%" PRIx64 ", %s, word 0x%" PRIx64 " = ", f->entry_vaddr,
		   layout_text(f->layout), f->word_vaddr);
	dump_bytes(r, f->word, sizeof(f->word));
	report_say(r, "\n");
}

static void dump_functions(const struct report *r, const struct ulp_patch *p)
{
	report_say(r, "  replaced functions (%zu):\n", p->nr_functions);
	for (size_t i = 0; i < p->nr_functions; i++)
		dump_function(r, &p->functions[i]);
}

static void dump_imports(const struct report *r, const struct ulp_patch *p)
{
	report_say(r, "  imports (%zu):\n", p->nr_imports);
	for (size_t i = 0; i < p->nr_imports; i++) {
		const struct ulp_import *m = &p->imports[i];

		report_say(r, "    %s%s%s%s%s%s\n", quoted(m->name).text, m->version[0] ? "@" : "",
			   quoted(m->version).text, m->provider[0] ? _(" from ") : "",
			   quoted(m->provider).text, m->flags & ULP_IMPORT_WEAK ? _(", weak") : "");
	}
}

static void dump_references(const struct report *r, const struct ulp_patch *p)
{
	report_say(r, "  references to private symbols of the target (%zu):\n", p->nr_references);
	for (size_t i = 0; i < p->nr_references; i++) {
		const struct ulp_reference *ref = &p->references[i];

		report_say(r,
			   "    %s at 0x%" PRIx64 ", from 0x%" PRIx64 ", %s, addend %" PRId64 "\n",
			   quoted(ref->name).text, ref->value, ref->place, reloc_name(ref->type),
			   ref->addend);
	}
}

/* ulp_container_open() has made sure that both sections agree. */
static void dump_revert(const struct report *r, const struct ulp_patch *p)
{
	report_say(r, "  %s:\n", ULP_REV_SECTION);
	report_say(r,
		   ngettext("    original bytes of %zu function of %s\n",
			    "    original bytes of %zu functions of %s\n", p->nr_functions),
		   p->nr_functions, quoted(p->soname).text);
}

static void dump_container(const struct report *r, const struct ulp_container *c)
{
	const struct ulp_patch *p = &c->patch;
	char id[2 * ULP_BUILD_ID_MAX + 1];

	report_say(r, "%s:\n", quoted(c->path).text);
	dump_field(r, N_("name:"), p->name);
	dump_field(r, N_("description:"), p->description);
	dump_labels(r, p);
	dump_field(r, N_("build ID:"), ulp_build_id_format(&c->build_id, id, sizeof(id)));
	dump_field(r, N_("target:"), p->soname);
	dump_field(r, N_("target build ID:"), ulp_build_id_format(&p->build_id, id, sizeof(id)));
	dump_field(r, N_("consistency:"), consistency_text(p->consistency));
	dump_relations(r, p);
	dump_accepts(r, p);
	dump_functions(r, p);
	dump_guards(r, p);
	dump_imports(r, p);
	dump_references(r, p);
	dump_revert(r, &c->revert);
}

int cmd_dump(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{&report_argp, 0, NULL, 0}, {&report_json_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.parser = parse,
		.args_doc = N_("CONTAINER..."),
		.doc = N_("Describes each CONTAINER: its labels and target, the functions that it "
			  "replaces, and what it needs of the process."),
		.children = children,
	};
	struct arguments a = {0};
	size_t nr = 0;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	for (char **file = a.files; *file; file++) {
		struct json_object *result;
		struct ulp_container c;
		struct ulp_err err;

		if (ulp_container_open(*file, &c, &err)) {
			report_error(&a.report, &err);
			continue;
		}
		result = report_result(&a.report);
		if (result)
			dump_json(result, &c);
		else
			dump_container(&a.report, &c);
		ulp_container_close(&c);
		nr++;
	}
	report_count(&a.report, "containers", nr);
	return report_finish(&a.report, report_status(&a.report));
}
