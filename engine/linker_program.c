/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/linker_program.h"

#include "engine/symbols.h"

#include <link.h>
#include <stdlib.h>

enum ulp_code linker_program_r_debug(struct reader *r, const struct main_program *prog,
				     uint64_t *ret, struct ulp_err *err)
{
	char name[] = "ld.so";
	struct ulp_object linker = {
		.path = name,
		.bias = prog->bias,
		.dynamic_at = prog->dynamic_at,
	};
	struct object_dyn_names names;
	struct ulp_symbol sym;
	enum ulp_code code = object_read_dynamic(r, &linker, &names, err);

	free(names.needed_off);
	if (code)
		return code;
	if (!symbol_in_object(r, &linker, "_r_debug", "", &sym))
		return ulp_fail(err, ULP_EUNSUP, "the program is statically linked");
	*ret = sym.addr;
	return ULP_OK;
}

static const struct ulp_region *region_of(const struct ulp_region *regions, size_t nr,
					  uint64_t addr)
{
	for (size_t i = 0; i < nr; i++)
		if (addr >= regions[i].start && addr < regions[i].end)
			return &regions[i];
	return NULL;
}

/*
 * Where the file of the mapping around `addr` begins: the ELF header.  By the
 * mappings, because an executable with fixed addresses has no bias to go by.
 */
static enum ulp_code file_start(struct ulp_space *space, uint64_t addr, uint64_t *ret,
				struct ulp_err *err)
{
	const struct ulp_region *in, *start = NULL;
	struct ulp_region *regions;
	size_t nr;
	enum ulp_code code = space->ops->regions(space, &regions, &nr, err);

	if (code)
		return code;
	in = region_of(regions, nr, addr);
	for (size_t i = 0; in && in->inode && &regions[i] <= in; i++)
		if (regions[i].inode == in->inode && regions[i].offset == 0)
			start = &regions[i];
	if (start)
		*ret = start->start;
	else
		code = ulp_fail(err, ULP_EELF, "the executable's file is not mapped");
	free(regions);
	return code;
}

enum ulp_code linker_program_find(struct reader *r, uint64_t map_at, struct main_program *prog,
				  struct ulp_err *err)
{
	struct link_map map;
	uint64_t dynamic_at, header_at = 0;
	enum ulp_code code = reader_read(r, map_at, &map, sizeof(map), err);

	if (code)
		return code;
	dynamic_at = (uint64_t)(uintptr_t)map.l_ld;
	if (dynamic_at == prog->dynamic_at)
		return ulp_fail(err, ULP_ESTOP,
				"the dynamic linker has not loaded the program yet");
	code = file_start(r->space, dynamic_at, &header_at, err);
	return code ? code : main_program_read_at(r, header_at, map.l_addr, dynamic_at, prog, err);
}
