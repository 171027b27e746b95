/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks the DWARF of the target: below each function that has code stand
 * the DW_TAG_inlined_subroutine entries of what was inlined into it, over all
 * levels (DWARF 5, 3.3.8.2).
 */
#include "config.h"

#include "packer/inlined.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Deeper nesting of scopes is not followed; compilers stay far below. */
#define MAX_DEPTH 200u

struct walk {
	struct pool *pool;
	const struct replacement *list;
	size_t nr;
	const char **callers; /* by replacement: "a (x.c), b (y.c)"; NULL: none */
	const char *unit;     /* base name of the compilation unit's source */
	const char *caller;   /* the function with code around the current entry; NULL: none */
};

/* Whether an entry of the current unit with this name is the function, and not a namesake. */
static bool is_meant(const struct walk *w, const struct replacement *r, Dwarf_Die *die,
		     const char *name)
{
	Dwarf_Attribute attr;
	bool external = false;

	if (strcmp(r->spec->replace, name) != 0)
		return false;
	if (dwarf_attr_integrate(die, DW_AT_external, &attr))
		(void)dwarf_formflag(&attr, &external);
	return *r->old->file ? !external && strcmp(r->old->file, w->unit) == 0 : external;
}

static bool is_replaced(const struct walk *w, Dwarf_Die *die, const char *name)
{
	for (size_t i = 0; i < w->nr; i++)
		if (is_meant(w, &w->list[i], die, name))
			return true;
	return false;
}

static void add_caller(struct walk *w, size_t i)
{
	const char *entry = pool_printf(w->pool, "%s (%s)", w->caller, w->unit);

	if (!w->callers[i])
		w->callers[i] = entry;
	else if (!strstr(w->callers[i], entry))
		w->callers[i] = pool_printf(w->pool, "%s, %s", w->callers[i], entry);
}

static void see_inlined(struct walk *w, Dwarf_Die *die, const char *name)
{
	for (size_t i = 0; i < w->nr; i++)
		if (is_meant(w, &w->list[i], die, name))
			add_caller(w, i);
}

static bool has_code(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

static void walk_children(struct walk *w, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth == MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		const char *before = w->caller, *name;
		const int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram) {
			name = has_code(&die) ? dwarf_diename(&die) : NULL;
			w->caller = name && !is_replaced(w, &die, name) ? name : NULL;
		} else if (tag == DW_TAG_inlined_subroutine && w->caller) {
			name = dwarf_diename(&die);
			if (name)
				see_inlined(w, &die, name);
		}
		if (dwarf_haschildren(&die) > 0)
			walk_children(w, &die, depth + 1);
		w->caller = before;
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void walk_units(struct walk *w, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		const char *name = dwarf_diename(&die);

		if (type != DW_UT_compile)
			continue;
		w->unit = name ? path_base_name(name) : "";
		w->caller = NULL;
		walk_children(w, &die, 0);
	}
}

static bool has_debug_info(const struct elf_file *file)
{
	return ulp_elf_find_section(&file->elf, ".debug_info") != 0;
}

/* The file with the target's debug information, NULL for none. */
static const char *find_debug_info(struct pool *pool, const struct target *target)
{
	struct elf_file file;
	struct ulp_err ignored;
	const char *path;

	if (has_debug_info(&target->library.file))
		return target->library.file.path;
	path = debug_file_find(pool, target->library.file.path);
	if (!path || elf_file_read(pool, path, &file, &ignored) || !has_debug_info(&file))
		return NULL;
	return path;
}

static enum ulp_code walk_file(struct walk *w, const char *path, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;
	Dwarf *dwarf = NULL;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		code = ulp_fail_errno(err, ULP_ESYS, "cannot be opened");
	else if (!(dwarf = dwarf_begin(fd, DWARF_C_READ)))
		code = ulp_fail(err, ULP_EELF, "debug information: %s", dwarf_errmsg(-1));
	else
		walk_units(w, dwarf);
	if (code)
		ulp_err_at(err, "%s", path);
	dwarf_end(dwarf);
	if (fd >= 0)
		close(fd);
	return code;
}

static void warn(struct pool *pool, const struct replacement *list, size_t nr,
		 struct report *report)
{
	const char *names = "";

	for (size_t i = 0; i < nr; i++)
		names = pool_printf(pool, "%s%s%s", names, i ? ", " : "", list[i].spec->replace);
	report_add(report, pool, NOTE_WARNING,
		   "cannot know whether %s %s inlined elsewhere: no facts and no debug information",
		   names, nr == 1 ? "was" : "were");
}

enum ulp_code inlined_check(struct pool *pool, const struct spec *spec, const struct target *target,
			    const struct replacement *list, size_t nr, struct report *report,
			    struct ulp_err *err)
{
	const char *path = find_debug_info(pool, target);
	struct walk w = {.pool = pool, .list = list, .nr = nr};
	enum ulp_code code;

	if (!path) {
		warn(pool, list, nr, report);
		return ULP_OK;
	}
	w.callers = pool_alloc(pool, nr, sizeof(*w.callers));
	code = walk_file(&w, path, err);
	for (size_t i = 0; !code && i < nr; i++)
		if (w.callers[i])
			code = spec_fail(spec, list[i].spec->place, ULP_EMISMATCH, err,
					 "%s was inlined into functions that would keep the old "
					 "code: %s; replace these too, or pack with "
					 "--no-closure-check",
					 list[i].spec->replace, w.callers[i]);
	return code;
}
