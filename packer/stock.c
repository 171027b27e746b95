/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GCC writes its options into DW_AT_producer (-grecord-gcc-switches, the default).
 * What -flive-patching switches off is what lets a caller rely on a body: see "Program
 * Instrumentation Options" of GCC's manual, and -fipa-ra there.
 */
#include "config.h"

#include "packer/stock.h"

#include "container/debug_file.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static enum ulp_code sources_read(struct pool *pool, const char *path, struct sources *sources,
				  struct ulp_err *err)
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
		look_at_units(pool, sources, dwarf);
	if (code)
		ulp_err_at(err, "%s", path);
	dwarf_end(dwarf);
	if (fd >= 0)
		close(fd);
	return code;
}

static const char *evidence(struct pool *pool, const struct sources *sources)
{
	if (!sources->nr)
		return "no debug information says whether -flive-patching was given";
	return pool_printf(pool, "%zu of %zu source files were compiled without, %s for one",
			   sources->nr_unsafe, sources->nr, sources->unsafe);
}

enum ulp_code stock_check(struct pool *pool, const struct target *target, struct report *report,
			  struct ulp_err *err)
{
	struct sources sources = {0};
	enum ulp_code code;
	char *found = NULL;

	if (target->layout != ULP_ENTRY_PFE_16_14)
		return ULP_OK;
	code = ulp_debug_file_find(target->library.file.path, target->debug_file, ".debug_info",
				   &found, err);
	if (!code && found)
		code = sources_read(pool, found, &sources, err);
	free(found);
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
