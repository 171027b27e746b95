/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp patches`: each process with the runtime, its livepatchable libraries,
 * and the live patches that are applied to them.
 */
#include "config.h"

#include "container/elf_view.h"
#include "container/file.h"
#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/json.h"
#include "trigger/patches_json.h"
#include "trigger/perf_map.h"
#include "trigger/report.h"
#include "trigger/target.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * What a process has mapped may be a file of its own making: no more of it is
 * read than of the largest libraries without their debug info.
 */
#define LIBRARY_MAX_LEN (512ull << 20) /* bytes */

/* A file is looked at once, however many processes have it mapped. */
struct known {
	dev_t dev;
	ino_t ino;
	struct ulp_build_id build_id; /* len 0: cannot be patched */
};

struct arguments {
	struct report report;
	const char *selector;
	bool perf_map;
	struct known *known;
	size_t nr_known;
};

enum { OPT_PERF_MAP = 256 };

static const struct argp_option options[] = {
	{"perf-map", OPT_PERF_MAP, NULL, 0,
	 N_("Print the new functions of the process given with -p as perf(1) reads them"), 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->selector;
		state->child_inputs[1] = &a->report;
		state->child_inputs[2] = &a->report;
		return 0;
	case OPT_PERF_MAP:
		a->perf_map = true;
		return 0;
	case ARGP_KEY_END:
		if (a->perf_map && (!a->selector || a->selector[strspn(a->selector, "0123456789")]))
			argp_error(state, _("--perf-map is for one process: give its ID with -p"));
		if (a->perf_map && a->report.json)
			argp_error(state, _("--perf-map does not go with --json"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A process while it is printed, and its mappings, which are read once. */
struct listing {
	struct arguments *args;
	const struct target *target;
	struct ulp_region *regions;
	char **paths; /* nr of them; as the kernel names the files, "" for none */
	size_t nr;
	struct json_object *libraries; /* with --json; borrowed */
};

/*
 * Looks at a file: the build ID of what can be patched, or none.  Only the
 * plugin's entries can be redirected; to count others would cost time that the
 * owner of the process decides about.
 */
static struct ulp_build_id patchable_build_id(const char *path)
{
	struct ulp_build_id id = {0};
	struct ulp_elf elf;
	unsigned char *bytes;
	size_t len;

	if (ulp_file_read(path, LIBRARY_MAX_LEN, &bytes, &len, NULL))
		return id;
	if (ulp_elf_init(&elf, bytes, len, NULL) ||
	    !ulp_elf_find_section(&elf, ULP_ENTRIES_SECTION) || !ulp_elf_build_id(&elf, &id))
		id.len = 0;
	free(bytes);
	return id;
}

/* The same, for each file once. */
static struct ulp_build_id known_build_id(struct arguments *a, const char *path)
{
	struct known *list;
	struct known new;
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct ulp_build_id){0};
	for (size_t i = 0; i < a->nr_known; i++)
		if (a->known[i].dev == st.st_dev && a->known[i].ino == st.st_ino)
			return a->known[i].build_id;
	new = (struct known){st.st_dev, st.st_ino, patchable_build_id(path)};
	list = reallocarray(a->known, a->nr_known + 1, sizeof(*list));
	if (list) {
		a->known = list;
		list[a->nr_known++] = new;
	}
	return new.build_id;
}

/*
 * Whether the object's file has entries and is still the one that is mapped.
 * *path: the object's name as the dynamic linker has it; it has none for the
 * executable, and a relative one holds only for the folder that was the current
 * one then: for these as the kernel has it.
 */
static bool livepatchable(const struct listing *l, const struct ulp_object *o, const char **path)
{
	const size_t i = process_region_at(l->regions, l->nr, o->start);
	char file[PATH_MAX];
	struct ulp_build_id id;

	*path = o->path;
	if (i == l->nr)
		return false;
	if (*o->path != '/' && *l->paths[i])
		*path = l->paths[i];
	process_file_path(&l->target->proc, *path, l->regions[i].start, l->regions[i].end, file,
			  sizeof(file));
	id = known_build_id(l->args, file);
	return id.len && o->build_id.len && ulp_build_id_equal(&id, &o->build_id);
}

static void print_patch(const struct report *r, const struct registry_patch *p)
{
	report_say(r, "      livepatch: %s\n", quoted(registry_string(p, p->head.file)).text);
	if (!p->head.nr_labels)
		return;
	report_say(r, "        bug labels:");
	for (uint32_t i = 0; i < p->head.nr_labels; i++)
		report_say(r, "%s %s", i ? "," : "", quoted(registry_label(p, i)).text);
	report_say(r, "\n");
}

/*
 * The applied patch of the object that is the next older one than `after`; the
 * newest for NULL.  Where two replace a function, the one shown first is in effect.
 */
static const struct registry_patch *next_patch(const struct registry *reg,
					       const struct ulp_object *o,
					       const struct registry_patch *after)
{
	const struct registry_patch *best = NULL;

	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];

		if (p->head.target_bias != o->bias || !registry_patch_applied(reg, p) ||
		    (after && p->head.sequence >= after->head.sequence) ||
		    (best && p->head.sequence <= best->head.sequence))
			continue;
		best = p;
	}
	return best;
}

static void print_object(const struct listing *l, const struct ulp_object *o)
{
	const struct registry *reg = &l->target->engine.registry;
	const struct report *report = &l->args->report;
	const char *path;
	bool named = livepatchable(l, o, &path);

	if (named)
		report_say(report, "    in %s:\n", quoted(path).text);
	for (const struct registry_patch *p = NULL; (p = next_patch(reg, o, p)) != NULL;) {
		if (!named)
			report_say(report, "    in %s:\n", quoted(path).text);
		named = true;
		print_patch(report, p);
	}
}

static bool has_record(const struct registry *reg, const struct ulp_object *o)
{
	for (size_t i = 0; i < reg->nr; i++)
		if (reg->patches[i].head.target_bias == o->bias && !reg->patches[i].absent)
			return true;
	return false;
}

/* The same for --json, which also knows of patches that were reverted: these come last. */
static void add_object(const struct listing *l, const struct ulp_object *o)
{
	const struct registry *reg = &l->target->engine.registry;
	struct json_object *patches;
	const char *path;
	bool named = livepatchable(l, o, &path);

	if (!named && !has_record(reg, o))
		return;
	patches = patches_json_library(json_append_object(l->libraries), l->target, o, path, named);
	for (const struct registry_patch *p = NULL; (p = next_patch(reg, o, p)) != NULL;)
		patches_json_patch(json_append_object(patches), reg, p);
	for (size_t i = 0; i < reg->nr; i++)
		if (reg->patches[i].head.target_bias == o->bias && !reg->patches[i].absent &&
		    !registry_patch_applied(reg, &reg->patches[i]))
			patches_json_patch(json_append_object(patches), reg, &reg->patches[i]);
}

static void show_object(const struct listing *l, const struct ulp_object *o)
{
	if (l->libraries)
		add_object(l, o);
	else
		print_object(l, o);
}

static bool is_runtime(const struct target *t, const struct ulp_object *o)
{
	uint64_t at = t->engine.registry.at;

	return at >= o->start && at < o->end;
}

static void print_head(const struct report *r, const struct target *t)
{
	report_say(r, "PID: %d, name: %s\n", (int)t->proc.pid, quoted(t->proc.name).text);
	if (t->engine.registry.head.disabled)
		report_say(r,
			   "  Live patching is disabled; 'ulp set_patchable -p %d enable' "
			   "allows it\n",
			   (int)t->proc.pid);
	if (engine_needs_recovery(&t->engine))
		report_say(r,
			   "  A change is not finished; the next 'ulp trigger' will finish it\n");
	report_say(r, "  Livepatchable libraries:\n");
}

/* In the order of the link map, but the runtime, of which one knows that it is there, last. */
static void print_process(struct target *t, void *ctx)
{
	const struct ulp_objects *objects = &t->engine.objects;
	struct arguments *a = ctx;
	struct listing l = {.args = a, .target = t};
	struct json_object *result;
	struct ulp_err err;

	if (a->perf_map) {
		perf_map_print(&a->report, t);
		return;
	}
	if (process_regions(&t->proc, &l.regions, &l.paths, &l.nr, &err)) {
		report_process_error(&a->report, t->proc.pid, &err);
		return;
	}
	result = report_result(&a->report);
	if (result)
		l.libraries = patches_json_process(result, t);
	print_head(&a->report, t);
	for (size_t i = 0; i < objects->nr; i++)
		if (!objects->list[i].is_proxy && !is_runtime(t, &objects->list[i]))
			show_object(&l, &objects->list[i]);
	for (size_t i = 0; i < objects->nr; i++)
		if (is_runtime(t, &objects->list[i]))
			show_object(&l, &objects->list[i]);
	process_regions_free(l.regions, l.paths, l.nr);
}

int cmd_patches(int argc, char **argv)
{
	static const struct argp_child children[] = {{&selector_argp, 0, NULL, 0},
						     {&report_argp, 0, NULL, 0},
						     {&report_json_argp, 0, NULL, 0},
						     {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = N_("Lists the processes that have libpulp.so.0 loaded, their libraries that "
			  "can be live patched, and the live patches applied to them."),
		.children = children,
	};
	struct arguments a = {0};
	const struct visitor visitor = {.visit = print_process, .ctx = &a};
	struct visits visits;
	enum ulp_code code;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	code = targets_each(a.selector, &a.report, &visitor, &visits);
	free(a.known);
	if (!code && !visits.nr_seen && !report_status(&a.report))
		targets_say_none(a.selector, &a.report, &visits);
	report_count(&a.report, "processes", visits.nr_seen);
	return report_finish(&a.report, report_status(&a.report));
}
