/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing a spec to start from. */
#include "config.h"

#include "packer/template.h"

#include "i18n/i18n.h"
#include "packer/copies.h"
#include "packer/functions.h"
#include "packer/match.h"

#include <ctype.h>
#include <string.h>

#define MAX_SHOWN 5u /* copies in a comment */

struct writer {
	struct pool *pool;
	const struct template_options *options;
	struct target target;
	struct copies_query *queries; /* one for each function */
	struct match *matches;	      /* likewise: its symbols */
	const char *told_by;	      /* as copies_find() */
	const char *text;
};

static void add(struct writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct writer *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	w->text = pool_printf(w->pool, "%s%s", w->text ? w->text : "",
			      pool_vprintf(w->pool, fmt, args));
	va_end(args);
}

/* A scalar as YAML takes it for itself: quoted unless it is a plain word. */
static const char *scalar(struct writer *w, const char *text)
{
	const char *out = "";

	if (isalpha((unsigned char)*text) || *text == '_') {
		const size_t plain = strspn(text, "abcdefghijklmnopqrstuvwxyz"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-");
		if (!text[plain])
			return text;
	}
	for (; *text; text++)
		out = pool_printf(w->pool, *text == '\'' ? "%s''" : "%s%c", out, *text);
	return pool_printf(w->pool, "'%s'", out);
}

/* Comments must not end early: names and paths come from files. */
static const char *comment(struct writer *w, const char *text)
{
	char *copy = pool_strdup(w->pool, text);

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return copy;
}

/* --- looking --------------------------------------------------------------- */

static const struct elf_symbol *find_exported(const struct writer *w, const char *name)
{
	const struct library *l = &w->target.library;

	for (size_t i = 1; i < l->nr_dynsyms; i++)
		if (l->dynsyms[i].shndx != SHN_UNDEF && strcmp(l->dynsyms[i].name, name) == 0)
			return &l->dynsyms[i];
	return NULL;
}

/* Its symbols: the exported one is always meant, as when packing. */
static struct match find_symbols(struct writer *w, const char *name)
{
	const struct elf_symbol *exported = find_exported(w, name);
	struct match m = match_all(w->pool, &w->target, name, MATCH_FUNCTION);

	if (!exported)
		return m;
	m.candidates = pool_alloc(w->pool, 1, sizeof(struct elf_symbol *));
	m.candidates[0] = m.symbol = exported;
	m.nr_candidates = 1;
	return m;
}

static enum ulp_code no_function(struct writer *w, const char *name, struct ulp_err *err)
{
	const struct target *t = &w->target;
	const char *near = t->nr_symbols ? functions_near(w->pool, t->symbols, t->nr_symbols, name)
					 : functions_near(w->pool, t->library.dynsyms,
							  t->library.nr_dynsyms, name);
	const char *why =
		t->nr_symbols
			? _("; if the source has it, the compiler has inlined it into its "
			    "callers: name these")
			: _("; the target has no .symtab and no debug file was found, so only "
			    "exported functions are known");

	return ulp_fail(err, ULP_ENOFUNC, "%s has no function %s%s%s", t->library.soname, name,
			near, *near ? "" : why);
}

static enum ulp_code look_up(struct writer *w, struct ulp_err *err)
{
	const size_t nr = w->options->nr_functions;
	enum ulp_code code;

	w->queries = pool_alloc(w->pool, nr, sizeof(*w->queries));
	w->matches = pool_alloc(w->pool, nr, sizeof(*w->matches));
	for (size_t i = 0; i < nr; i++) {
		const struct match m = find_symbols(w, w->options->functions[i]);

		w->matches[i] = m;
		w->queries[i].name = w->options->functions[i];
		/* Where nothing is known, nothing is answered. */
		w->queries[i].unit = w->queries[i].functions = "";
		if (m.symbol)
			w->queries[i].vaddr = m.symbol->value;
		if (m.symbol && *m.symbol->file)
			w->queries[i].source = m.symbol->file;
		if (m.symbol && m.symbol->type == STT_GNU_IFUNC)
			return ulp_fail(err, ULP_EUNSUP,
					"%s is an ifunc: replace its implementations instead",
					w->options->functions[i]);
	}
	code = copies_find(w->pool, &w->target, w->queries, nr, &w->told_by, err);
	for (size_t i = 0; !code && i < nr; i++)
		if (!w->matches[i].nr_candidates &&
		    (!w->told_by || w->queries[i].nr_functions == 0))
			code = no_function(w, w->options->functions[i], err);
	return code;
}

/* --- writing --------------------------------------------------------------- */

/* CVE-2025-69418 and the like: https://www.cve.org/, "CVE ID syntax". */
static bool is_cve(const char *name)
{
	static const char digits[] = "0123456789";
	const char *number = name + 9;

	return strncmp(name, "CVE-", 4) == 0 && strspn(name + 4, digits) == 4 && name[8] == '-' &&
	       strspn(number, digits) >= 4 && !number[strspn(number, digits)];
}

/* libcrypto.so.3 and CVE-1 give libcrypto-CVE-1. */
static const char *patch_name(struct writer *w)
{
	const char *soname = w->target.library.soname, *end = strstr(soname, ".so");
	const size_t len = end ? (size_t)(end - soname) : strlen(soname);

	if (strncmp(w->options->name, soname, len) == 0)
		return w->options->name;
	return pool_printf(w->pool, "%.*s-%s", (int)len, soname, w->options->name);
}

static void write_head(struct writer *w)
{
	const struct library *l = &w->target.library;
	char id[2 * ULP_BUILD_ID_MAX + 1];

	add(w,
	    "# A spec to start from; ulp-spec(5) explains it.  Compile the fixed source files as\n"
	    "# the build of the library does, with -ffunction-sections -fdata-sections on top, "
	    "and\n"
	    "# pack them:\n"
	    "#   ulp-packer THIS-FILE OBJECT.o... -t %s\n"
	    "ulp: 1\n"
	    "name: %s\n"
	    "# In a line or more, what is mended:\n"
	    "description: %s\n",
	    comment(w, w->options->target), scalar(w, patch_name(w)),
	    scalar(w, pool_printf(w->pool, "Fix of %s in %s", w->options->name, l->soname)));
	if (is_cve(w->options->name))
		add(w, "labels: [%s]\n", w->options->name);
	else
		add(w, "# The bugs that it answers:\nlabels: []\n");
	add(w,
	    "target:\n"
	    "  soname: %s\n"
	    "  # Of this build.  Several builds, if their code is the same: build_ids: [...]\n"
	    "  build_id: %s\n"
	    "functions:\n",
	    scalar(w, l->soname), ulp_build_id_format(&l->build_id, id, sizeof(id)));
}

static void write_copies(struct writer *w, const struct copies_query *q)
{
	if (*q->unit)
		add(w, "    # of %s\n", comment(w, q->unit));
	if (q->no_entry)
		add(w, "    # without an entry of its own: %s\n", comment(w, q->no_entry));
	if (q->nr_copies)
		add(w, "    # copies of it, which ulp-packer replaces if it gets their objects:\n");
	for (size_t i = 0; i < q->nr_copies && i < MAX_SHOWN; i++)
		add(w, "    #   %s%s%s\n", comment(w, q->copies[i].name),
		    *q->copies[i].unit ? " of " : "", comment(w, q->copies[i].unit));
	if (q->nr_copies > MAX_SHOWN)
		add(w, "    #   and %zu more\n", q->nr_copies - MAX_SHOWN);
}

static void write_one(struct writer *w, size_t i)
{
	const struct elf_symbol *s = w->matches[i].symbol;
	const struct copies_query *q = &w->queries[i];
	uint64_t entry;

	add(w, "  - replace: %s\n", scalar(w, q->name));
	if (q->nr_functions > 1 && !s)
		add(w, "    # several functions have this name: %s; say which with source:\n",
		    comment(w, q->functions));
	write_copies(w, q);
	if (s && !q->no_entry && !target_entry(&w->target, s->value, ENTRY_WINDOW, &entry))
		add(w, "    # without a patchable entry: ulp-packer will refuse it\n");
}

static bool is_listed(const struct match *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->candidates[k]->file, m->candidates[i]->file) == 0)
			return true;
	return false;
}

/* Static functions of several files, of which the target's symbols tell the base names. */
static void write_several(struct writer *w, size_t i)
{
	const struct match *m = &w->matches[i];
	const char *name = w->options->functions[i];

	add(w, "  # %zu functions have the name %s; keep those that the fix changes:\n",
	    m->nr_candidates, comment(w, name));
	for (size_t k = 0; k < m->nr_candidates; k++) {
		if (is_listed(m, k))
			continue;
		add(w, "  - replace: %s\n", scalar(w, name));
		if (*m->candidates[k]->file)
			add(w, "    source: %s\n", scalar(w, m->candidates[k]->file));
	}
}

static bool is_repeated(const struct writer *w, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(w->options->functions[k], w->options->functions[i]) == 0)
			return true;
	return false;
}

enum ulp_code template_make(struct pool *pool, const struct template_options *options,
			    struct report *report, const char **text, struct ulp_err *err)
{
	struct writer w = {.pool = pool, .options = options};
	enum ulp_code code;
	struct spec spec;

	code = target_open(pool, options->target, options->debug_file, &w.target, report, err);
	if (!code)
		code = look_up(&w, err);
	if (code)
		return code;
	write_head(&w);
	for (size_t i = 0; i < options->nr_functions; i++) {
		if (is_repeated(&w, i))
			continue;
		if (w.matches[i].nr_candidates > 1)
			write_several(&w, i);
		else
			write_one(&w, i);
	}
	add(&w, "# Where they are needed: consistency, requires, conflicts, supersedes, accept.\n");
	if (!w.told_by)
		report_add(
			report, pool, NOTE_WARNING,
			"%s: neither facts of the plugin nor debug information: source files and "
			"copies are not known",
			options->target);
	/* Names that no spec may hold: from the command line, or in a strange target. */
	code = spec_parse(pool, "template", w.text, strlen(w.text), &spec, err);
	/* YAML takes the end of a line for a space. */
	if (!code && strcmp(spec.name, patch_name(&w)) != 0)
		code = ulp_fail(err, ULP_ESPEC, "a patch's name is one line");
	if (!code)
		*text = w.text;
	return code;
}
