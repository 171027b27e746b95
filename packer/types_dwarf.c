/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening debug information, and its units. */
#include "config.h"

#include "packer/types_dwarf.h"

#include "i18n/i18n.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <string.h>

/* --- entries ---------------------------------------------------------------------- */

bool types_reference(Dwarf_Die *die, unsigned attribute, Dwarf_Die *to)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, attribute, &attr) && dwarf_formref_die(&attr, to);
}

bool types_flag(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute attr;
	bool set = false;

	return dwarf_attr_integrate(die, attribute, &attr) && dwarf_formflag(&attr, &set) == 0 &&
	       set;
}

bool types_type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	return types_reference(die, DW_AT_type, type);
}

bool types_peel(Dwarf_Die *type, Dwarf_Die *peeled)
{
	return dwarf_peel_type(type, peeled) == 0;
}

/* Since DWARF 5 (6.2.4) file 0 is the source itself, which libdw 0.188 does not answer. */
static const char *declaring_file(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Word number;
	Dwarf_Die unit;

	if (dwarf_attr_integrate(die, DW_AT_decl_file, &attr) &&
	    dwarf_formudata(&attr, &number) == 0 && number == 0 &&
	    dwarf_diecu(die, &unit, NULL, NULL))
		return dwarf_diename(&unit);
	return dwarf_decl_file(die);
}

const char *types_declared_in(Dwarf_Die *die)
{
	const char *file = declaring_file(die);

	return file ? path_base_name(file) : "";
}

/* Takes out "dir/../", which compilers leave in. */
static void collapse(char *path)
{
	char *up, *dir;

	while ((up = strstr(path, "/../")) != NULL) {
		*up = '\0';
		dir = strrchr(path, '/');
		dir = dir ? dir + 1 : path;
		if (!*dir || strcmp(dir, "..") == 0) {
			*up = '/';
			path = up + 3;
			continue;
		}
		memmove(dir, up + 4, strlen(up + 4) + 1);
	}
}

const char *types_place(struct pool *pool, Dwarf_Die *die)
{
	const char *file = declaring_file(die), *dir = NULL;
	Dwarf_Attribute attr;
	char *place;
	Dwarf_Die unit;
	int line;

	if (!file || dwarf_decl_line(die, &line) != 0)
		return "";
	if (dwarf_diecu(die, &unit, NULL, NULL) && dwarf_attr(&unit, DW_AT_comp_dir, &attr))
		dir = dwarf_formstring(&attr);
	if (dir && strncmp(file, dir, strlen(dir)) == 0 && file[strlen(dir)] == '/')
		file += strlen(dir) + 1;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	place = pool_printf(pool, "%s:%d", file, line);
	collapse(place);
	return place;
}

/* --- files ------------------------------------------------------------------------ */

static void ranges_read(struct pool *pool, struct types_file *file, size_t unit)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t off = 0;

	while ((off = dwarf_ranges(&file->units[unit].die, off, &base, &start, &end)) > 0) {
		file->ranges = pool_grow(pool, file->ranges, file->nr_ranges, &file->ranges_cap,
					 sizeof(*file->ranges));
		file->ranges[file->nr_ranges++] = (struct types_range){start, end, unit};
	}
}

/* Partial units (dwz) and those of single types are reached from these. */
static bool is_unit(uint8_t type)
{
	return type == DW_UT_compile || type == DW_UT_type;
}

static void units_read(struct pool *pool, struct types_file *file, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die, sub;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, &sub) == 0) {
		const char *name = dwarf_diename(&die);

		if (!is_unit(type))
			continue;
		file->units = pool_grow(pool, file->units, file->nr_units, &file->units_cap,
					sizeof(*file->units));
		file->units[file->nr_units] = (struct types_unit){
			.die = die,
			.name = name ? name : "",
		};
		ranges_read(pool, file, file->nr_units++);
	}
}

/* The object is complete in itself, and nothing may be asked of a network. */
static int find_no_debuginfo(Dwfl_Module *module, void **userdata, const char *name,
			     Dwarf_Addr base, const char *path, const char *link, GElf_Word crc,
			     char **found)
{
	(void)module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)path;
	(void)link;
	(void)crc;
	(void)found;
	return -1;
}

static enum ulp_code open_relocated(struct types_file *file, const char *path, Dwarf **dwarf,
				    struct ulp_err *err)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = find_no_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwarf_Addr bias;

	file->dwfl = dwfl_begin(&callbacks);
	if (file->dwfl) {
		dwfl_report_begin(file->dwfl);
		file->module = dwfl_report_offline(file->dwfl, "", path, -1);
		(void)dwfl_report_end(file->dwfl, NULL, NULL);
	}
	*dwarf = file->module ? dwfl_module_getdwarf(file->module, &bias) : NULL;
	if (*dwarf)
		return ULP_OK;
	ulp_fail(err, ULP_EELF, "debug information: %s", dwfl_errmsg(-1));
	ulp_err_at(err, "%s", path);
	return ULP_EELF;
}

enum ulp_code types_open_object(struct pool *pool, const struct object *object,
				struct types_file *file, struct ulp_err *err)
{
	enum ulp_code code;
	Dwarf *dwarf;

	*file = (struct types_file){.target.fd = -1};
	if (!ulp_elf_find_section(&object->file.elf, ".debug_info"))
		return ULP_OK;
	code = open_relocated(file, object->file.path, &dwarf, err);
	if (!code)
		units_read(pool, file, dwarf);
	return code;
}

/* What several files have in common may be in a further one (dwz); without it nothing is whole. */
static bool is_whole(Dwarf *dwarf)
{
	const char *name;
	const void *id;

	return dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &id) <= 0 || dwarf_getalt(dwarf);
}

enum ulp_code types_open_target(struct pool *pool, const struct target *target,
				struct types_file *file, struct ulp_err *err)
{
	enum ulp_code code;

	*file = (struct types_file){
		.lack = N_("it has no debug information, and no debug file was found; install its "
			   "debug package"),
	};
	code = dwarf_file_open(target, &file->target, err);
	if (code || !file->target.dwarf)
		return code;
	if (is_whole(file->target.dwarf))
		units_read(pool, file, file->target.dwarf);
	else
		file->lack = N_("the file that its debug information refers to (.gnu_debugaltlink) "
				"was not found; install its debug package completely");
	return ULP_OK;
}

void types_close(struct types_file *file)
{
	dwfl_end(file->dwfl);
	file->dwfl = NULL;
	dwarf_file_close(&file->target);
}

/*
 * libdwfl has laid an object's sections out and written their addresses into its own headers.
 * Debug information of what was linked has the addresses without the bias.
 */
uint64_t types_object_address(const struct types_file *file, size_t section, uint64_t off)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(file->module, &bias);
	Elf_Scn *scn = elf ? elf_getscn(elf, section) : NULL;
	GElf_Ehdr ehdr;
	GElf_Shdr shdr;

	if (!scn || !gelf_getshdr(scn, &shdr) || !gelf_getehdr(elf, &ehdr))
		return 0;
	return shdr.sh_addr + (ehdr.e_type == ET_REL ? bias : 0) + off;
}

bool types_unit_at(const struct types_file *file, uint64_t vaddr, size_t *unit)
{
	for (size_t i = 0; i < file->nr_ranges; i++) {
		if (vaddr >= file->ranges[i].start && vaddr < file->ranges[i].end) {
			*unit = file->ranges[i].unit;
			return true;
		}
	}
	return false;
}

bool types_function_at(struct pool *pool, struct types_file *file, size_t unit, uint64_t vaddr,
		       Dwarf_Die *die)
{
	const struct types_index *index = types_unit_index(pool, file, unit);

	for (size_t i = 0; i < index->nr; i++) {
		const struct types_entry *e = &index->entries[i];
		Dwarf_Die copy = e->die;
		uint64_t start;

		if (e->tag == DW_TAG_subprogram && dwarf_file_code_start(&copy, &start) &&
		    start == vaddr) {
			*die = copy;
			return true;
		}
	}
	return false;
}
