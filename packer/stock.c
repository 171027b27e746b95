/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GCC writes its options into DW_AT_producer (-grecord-gcc-switches, the default).
 * What -flive-patching switches off is what lets a caller rely on a body: see "Program
 * Instrumentation Options" of GCC's manual, and -fipa-ra there.
 */
#include "config.h"

#include "packer/stock.h"

#include "i18n/i18n.h"
#include "packer/dwarf_file.h"

#include <dwarf.h>
#include <string.h>

/* What the debug information says of the target's source files. */
struct sources {
	size_t nr;
	size_t nr_unsafe;   /* compiled without -flive-patching */
	const char *unsafe; /* path of one of these */
};

static bool is_assembly(const char *producer)
{
	return strncmp(producer, "GNU AS", strlen("GNU AS")) == 0;
}

static void look_at_unit(struct pool *pool, struct sources *sources, Dwarf_Die *unit)
{
	const char *name = dwarf_diename(unit);
	Dwarf_Attribute attr;
	const char *producer;

	/* Partial units, which dwz(1) makes, have no producer. */
	if (dwarf_tag(unit) != DW_TAG_compile_unit || !dwarf_attr(unit, DW_AT_producer, &attr))
		return;
	producer = dwarf_formstring(&attr);
	if (!producer || is_assembly(producer))
		return;
	sources->nr++;
	if (strstr(producer, "-flive-patching"))
		return;
	if (!sources->nr_unsafe++)
		sources->unsafe = name ? pool_strdup(pool, name) : "?";
}

static void look_at_units(struct pool *pool, struct sources *sources, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &unit, NULL) == 0)
		look_at_unit(pool, sources, &unit);
}

static const char *evidence(struct pool *pool, const struct sources *sources)
{
	if (!sources->nr)
		return _("no debug information says whether -flive-patching was given");
	return pool_printf(pool, _("%zu of %zu source files were compiled without, %s for one"),
			   sources->nr_unsafe, sources->nr, sources->unsafe);
}

enum ulp_code stock_check(struct pool *pool, const struct target *target, struct report *report,
			  struct ulp_err *err)
{
	struct sources sources = {0};
	struct dwarf_file file;
	enum ulp_code code;

	if (target->layout != ULP_ENTRY_PFE_16_14)
		return ULP_OK;
	code = dwarf_file_open(target, &file, err);
	if (!code && file.dwarf)
		look_at_units(pool, &sources, file.dwarf);
	dwarf_file_close(&file);
	if (code || (sources.nr && !sources.nr_unsafe))
		return code;
	report_add(report, pool, NOTE_WARNING,
		   "%s was built with plain -fpatchable-function-entry: callers of a function may "
		   "rely on what its old body does with registers and memory, and then go wrong "
		   "with a new one; build it with -flive-patching=inline-clone besides, or with "
		   "the ulp plugin (%s)",
		   target->library.soname, evidence(pool, &sources));
	return ULP_OK;
}
