/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ulp-packer: the command line. */
#include "config.h"

#include "i18n/i18n.h"
#include "packer/output.h"
#include "packer/pack.h"
#include "packer/spec.h"
#include "packer/template.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *argp_program_version = "ulp-packer " PACKAGE_VERSION;

enum {
	OPT_CHECK = 256,
	OPT_NO_CLOSURE_CHECK,
	OPT_DEBUG_FILE,
	OPT_EXPLAIN,
	OPT_TEMPLATE,
};

static const struct argp_option options[] = {
	{"target", 't', "FILE", 0,
	 N_("The library or executable to be patched [the spec's soname in the system's folders]"),
	 0},
	{"output", 'o', "FILE", 0, N_("The container to write [NAME.so, NAME from the spec]"), 0},
	{"library-dir", 'L', "DIR", 0, N_("Look here too for libraries that the target needs"), 0},
	{"debug-file", OPT_DEBUG_FILE, "FILE", 0, N_("The target's separate debug information"), 0},
	{"check", OPT_CHECK, NULL, 0, N_("Only check the spec"), 0},
	{"explain", OPT_EXPLAIN, NULL, 0,
	 N_("Only show which functions would be replaced, and because of which"), 0},
	{"template", OPT_TEMPLATE, "NAME", 0,
	 N_("Only write a spec to start from, for the fix NAME of these functions of the target"),
	 0},
	{"no-closure-check", OPT_NO_CLOSURE_CHECK, NULL, 0,
	 N_("Pack although copies of the old code may stay in the target"), 0},
	{"verbose", 'v', NULL, 0, N_("Tell where each symbol leads"), 0},
	{0},
};

struct command {
	struct pool pool;
	struct pack_options pack;
	const char **objects;
	size_t objects_cap;
	const char **dirs;
	size_t dirs_cap;
	const char *template; /* NAME */
	bool check;
	bool verbose;
};

static void add_object(struct command *c, const char *path)
{
	c->objects = pool_grow(&c->pool, c->objects, c->pack.nr_objects, &c->objects_cap,
			       sizeof(*c->objects));
	c->objects[c->pack.nr_objects++] = path;
	c->pack.objects = c->objects;
}

static void add_dir(struct command *c, const char *path)
{
	c->dirs = pool_grow(&c->pool, c->dirs, c->pack.nr_library_dirs, &c->dirs_cap,
			    sizeof(*c->dirs));
	c->dirs[c->pack.nr_library_dirs++] = path;
	c->pack.library_dirs = c->dirs;
}

/* There, the arguments are functions. */
static void check_template_usage(const struct command *c, struct argp_state *state)
{
	if (!c->pack.target)
		argp_error(state, _("--template needs the target, with -t"));
	if (!c->pack.spec)
		argp_error(state, _("--template needs a function"));
	if (c->check || c->pack.explain || c->pack.no_closure_check)
		argp_error(state, _("--template goes with -t, -o and --debug-file only"));
}

static void check_usage(const struct command *c, struct argp_state *state)
{
	if (c->template) {
		check_template_usage(c, state);
		return;
	}
	if (!c->pack.spec)
		argp_error(state, _("a spec is needed"));
	if (c->check && c->pack.nr_objects)
		argp_error(state, _("--check takes a spec only"));
	if (c->pack.explain && c->pack.no_closure_check)
		argp_error(state, _("--explain and --no-closure-check exclude one another"));
	if (!c->check && !c->pack.nr_objects)
		argp_error(state, _("at least one object is needed"));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *c = state->input;

	switch (key) {
	case 't':
		c->pack.target = arg;
		return 0;
	case 'o':
		c->pack.out = arg;
		return 0;
	case 'L':
		add_dir(c, arg);
		return 0;
	case 'v':
		c->verbose = true;
		return 0;
	case OPT_CHECK:
		c->check = true;
		return 0;
	case OPT_DEBUG_FILE:
		c->pack.debug_file = arg;
		return 0;
	case OPT_EXPLAIN:
		c->pack.explain = true;
		return 0;
	case OPT_TEMPLATE:
		c->template = arg;
		return 0;
	case OPT_NO_CLOSURE_CHECK:
		c->pack.no_closure_check = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!c->pack.spec)
			c->pack.spec = arg;
		else
			add_object(c, arg);
		return 0;
	case ARGP_KEY_END:
		check_usage(c, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = N_("SPEC.yaml OBJECT.o...\nSPEC.yaml FIX.so\n--check SPEC.yaml\n"
		       "--template NAME -t FILE FUNCTION..."),
	.doc = N_(
		"Turn a fix into a live patch: link OBJECTs, the fixed source as the library's own "
		"build compiles it, into a container that replaces the functions named by "
		"SPEC.yaml; or make one of FIX.so, a shared object that was linked from them."),
};

static int fail(const struct ulp_err *err)
{
	char text[sizeof(*err)];

	fprintf(stderr, "ulp-packer: %s\n", ulp_err_format(err, text, sizeof(text)));
	return ulp_code_status(err->code);
}

static void print_notes(const struct report *report, bool verbose)
{
	for (size_t i = 0; i < report->nr_notes; i++) {
		const struct note *n = &report->notes[i];

		if (n->level == NOTE_DETAIL && !verbose)
			continue;
		fprintf(stderr, "ulp-packer: %s%s\n",
			n->level == NOTE_WARNING ? _("warning: ") : "", n->text);
	}
}

/* Exit status: that a full disk swallowed the answer must not look like success. */
static int finish_stdout(void)
{
	struct ulp_err err;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	ulp_fail_errno(&err, ULP_ESYS, "standard output cannot be written");
	return fail(&err);
}

static int run_check(struct command *c)
{
	struct ulp_err err;
	struct spec spec;

	if (spec_load(&c->pool, c->pack.spec, &spec, &err))
		return fail(&err);
	printf(ngettext("%s: valid, %zu function of %s\n", "%s: valid, %zu functions of %s\n",
			spec.nr_functions),
	       c->pack.spec, spec.nr_functions, spec.soname);
	return finish_stdout();
}

/* A spec that somebody may have worked on is not written over. */
static enum ulp_code write_template(struct command *c, const char *text, struct ulp_err *err)
{
	if (access(c->pack.out, F_OK) == 0) {
		ulp_fail(err, ULP_EUSAGE, "exists; give another file with -o");
		ulp_err_at(err, "%s", c->pack.out);
		return ULP_EUSAGE;
	}
	return output_write(&c->pool, c->pack.out, text, strlen(text), err);
}

static int run_template(struct command *c)
{
	const size_t nr = c->pack.nr_objects + 1;
	const char **functions = pool_alloc(&c->pool, nr, sizeof(*functions));
	const struct template_options wanted = {
		.name = c->template,
		.target = c->pack.target,
		.debug_file = c->pack.debug_file,
		.functions = functions,
		.nr_functions = nr,
	};
	struct report report = {0};
	enum ulp_code code;
	struct ulp_err err;
	const char *text;

	functions[0] = c->pack.spec;
	for (size_t i = 1; i < nr; i++)
		functions[i] = c->objects[i - 1];
	code = template_make(&c->pool, &wanted, &report, &text, &err);
	print_notes(&report, c->verbose);
	if (!code && c->pack.out)
		code = write_template(c, text, &err);
	if (code)
		return fail(&err);
	if (!c->pack.out)
		fputs(text, stdout);
	return finish_stdout();
}

/* Each number has a plural of its own, so the line is printed in pieces. */
static void print_result(const struct pack_result *result)
{
	char id[2 * ULP_BUILD_ID_MAX + 1];

	printf("%s: ", result->out);
	printf(ngettext("%zu function, ", "%zu functions, ", result->nr_functions),
	       result->nr_functions);
	printf(ngettext("%zu import, ", "%zu imports, ", result->nr_imports), result->nr_imports);
	printf(ngettext("%zu reference", "%zu references", result->nr_references),
	       result->nr_references);
	printf(_(" for %s (build ID %s)\n"), result->soname,
	       ulp_build_id_format(&result->build_id, id, sizeof(id)));
}

static int run_pack(struct command *c)
{
	struct report report = {0};
	struct pack_result result;
	enum ulp_code code;
	struct ulp_err err;

	code = pack(&c->pool, &c->pack, &report, &result, &err);
	print_notes(&report, c->verbose);
	if (c->pack.explain && report.explanation)
		fputs(report.explanation, stdout);
	if (code)
		return fail(&err);
	if (c->pack.explain)
		return finish_stdout();
	print_result(&result);
	return finish_stdout();
}

int main(int argc, char **argv)
{
	const char *linker = getenv("LD");
	struct command c = {.pack.linker = linker && *linker ? linker : ULP_LD_PROGRAM};
	int status;

	i18n_init();
	argp_err_exit_status = ulp_code_status(ULP_EUSAGE);
	argp_parse(&argp, argc, argv, 0, NULL, &c);
	if (c.template)
		status = run_template(&c);
	else
		status = c.check ? run_check(&c) : run_pack(&c);
	pool_deinit(&c.pool);
	return status;
}
