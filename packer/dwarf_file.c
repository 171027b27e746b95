/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "packer/dwarf_file.h"

#include "container/debug_file.h"

#include <dwarf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum ulp_code dwarf_file_open(const struct target *target, struct dwarf_file *file,
			      struct ulp_err *err)
{
	enum ulp_code code;

	*file = (struct dwarf_file){.fd = -1};
	code = ulp_debug_file_find(target->library.file.path, target->debug_file, ".debug_info",
				   &file->path, err);
	if (code || !file->path)
		return code;
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		code = ulp_fail_errno(err, ULP_ESYS, "cannot be opened");
	else if (!(file->dwarf = dwarf_begin(file->fd, DWARF_C_READ)))
		code = ulp_fail(err, ULP_EELF, "debug information: %s", dwarf_errmsg(-1));
	if (code)
		ulp_err_at(err, "%s", file->path);
	return code;
}

void dwarf_file_close(struct dwarf_file *file)
{
	dwarf_end(file->dwarf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	*file = (struct dwarf_file){.fd = -1};
}

const char *dwarf_file_symbol_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attr))
		name = dwarf_formstring(&attr);
	return name ? name : dwarf_diename(die);
}

bool dwarf_file_code_start(Dwarf_Die *die, uint64_t *vaddr)
{
	Dwarf_Addr start, end, base;

	if (dwarf_entrypc(die, &start) != 0 && dwarf_lowpc(die, &start) != 0 &&
	    dwarf_ranges(die, 0, &base, &start, &end) <= 0)
		return false;
	*vaddr = start;
	return start != 0;
}
