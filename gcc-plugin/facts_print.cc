// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Prints the facts as assembler text.  The section is not loaded, and only
 * refers to labels of the same file: no dynamic relocation, no new symbol.
 */
#include "gcc-plugin/constants.h"
#include "gcc-plugin/facts.h"

#include "toplev.h"
#include "version.h"

/* What a unit consists of, in the order of the section. */
struct unit {
	const ulp_known_map *known;
	unsigned flags;
	std::vector<unsigned> functions;       /* DECL_UIDs */
	std::map<unsigned, unsigned> index_of; /* of a DECL_UID in functions */
	std::string source;
	std::vector<std::string> files;
	std::map<std::string, unsigned> number_of; /* of a path: 1 + index in files */
};

/* --- which functions ------------------------------------------------------------------ */

static const struct ulp_known *find(const struct unit *unit, unsigned uid)
{
	auto at = unit->known->find(uid);

	return at == unit->known->end() ? NULL : &at->second;
}

static bool is_before_lto(const struct unit *unit)
{
	return unit->flags & ULP_FACTS_UNIT_BEFORE_LTO;
}

/* The label at a function's code; 0: it has none. */
static unsigned code_label(const struct unit *unit, const struct ulp_known *f)
{
	return is_before_lto(unit) ? 0 : f->label;
}

/* Of a function without code only who got copies of it is of use. */
static const std::vector<struct ulp_copy> &rows_of(const struct unit *unit,
						   const struct ulp_known *f)
{
	static const std::vector<struct ulp_copy> none;

	if (is_before_lto(unit))
		return f->early.rows;
	return f->label ? f->all.rows : none;
}

/* Takes a function in, and with it those that its record refers to. */
static void take(std::set<unsigned> *taken, const struct unit *unit, unsigned uid)
{
	const struct ulp_known *f = find(unit, uid);

	if (!f || !taken->insert(uid).second)
		return;
	take(taken, unit, f->origin);
	for (const struct ulp_copy &copy : rows_of(unit, f))
		take(taken, unit, copy.function);
}

/* Has another function the code of this one, which has none of its own? */
static bool is_served_by_other(const struct unit *unit, const struct ulp_known *f)
{
	const struct ulp_known *origin = find(unit, f->origin);

	return f->kind == ULP_FACTS_MERGED && !f->label && origin && origin->label;
}

static bool is_wanted(const struct unit *unit, const struct ulp_known *f)
{
	if (is_before_lto(unit))
		return f->before_lto;
	return f->label || is_served_by_other(unit, f);
}

static void choose_functions(struct unit *unit)
{
	std::set<unsigned> taken;

	for (auto &row : *unit->known)
		if (is_wanted(unit, &row.second))
			take(&taken, unit, row.first);
	for (unsigned uid : taken) {
		unit->index_of[uid] = (unsigned)unit->functions.size();
		unit->functions.push_back(uid);
	}
}

static void choose_files(struct unit *unit)
{
	unit->number_of[unit->source] = 0;
	for (unsigned uid : unit->functions) {
		const std::string &file = find(unit, uid)->file;
		unsigned next = (unsigned)unit->files.size() + 1;

		if (unit->number_of.insert(std::make_pair(file, next)).second)
			unit->files.push_back(file);
	}
}

/* --- printing ------------------------------------------------------------------------- */

static void print_string(const std::string &text)
{
	fputs("\t.string \"", asm_out_file);
	for (unsigned char c : text) {
		if (c == '"' || c == '\\')
			fprintf(asm_out_file, "\\%c", c);
		else if (c < ' ' || c > '~')
			fprintf(asm_out_file, "\\%03o", c);
		else
			fputc(c, asm_out_file);
	}
	fputs("\"\n", asm_out_file);
}

static enum ulp_facts_entry entry_of(const struct unit *unit, const struct ulp_known *f)
{
	if (!code_label(unit, f))
		return !is_before_lto(unit) && is_served_by_other(unit, f) ? ULP_FACTS_OTHER_ENTRY
									   : ULP_FACTS_NO_CODE;
	if (f->kind == ULP_FACTS_THUNK && f->entry == ULP_FACTS_NO_CODE)
		return ULP_FACTS_THUNK_CODE;
	return f->entry;
}

static void print_function(const struct unit *unit, const struct ulp_known *f)
{
	unsigned label = code_label(unit, f);
	unsigned flags =
		label ? f->flags | ULP_FACTS_FUNCTION_CODE : f->flags & ~ULP_FACTS_FUNCTION_COLD;
	const std::vector<struct ulp_copy> &rows = rows_of(unit, f);
	auto origin = unit->index_of.find(f->origin);

	fprintf(asm_out_file, "\t.byte %u,%u,%u,%u\n", f->kind, f->linkage, entry_of(unit, f),
		flags);
	if (label)
		fprintf(asm_out_file, "\t.8byte .Lulp_code%u\n", label);
	print_string(f->name);
	fprintf(asm_out_file, "\t.uleb128 %u,%u,%u,%u,%u\n", unit->number_of.at(f->file), f->line,
		origin == unit->index_of.end() ? 0 : origin->second + 1, f->relies,
		(unsigned)rows.size());
	for (const struct ulp_copy &copy : rows)
		fprintf(asm_out_file, "\t.uleb128 %u,%u\n", unit->index_of.at(copy.function),
			copy.via);
}

static void print_header(const struct unit *unit)
{
	bool is_partition = unit->flags & ULP_FACTS_UNIT_PARTITION;
	std::string producer = std::string(lang_hooks.name) + " " + version_string + " " +
			       pkgversion_string + "ulp " + ULP_VERSION;

	fprintf(asm_out_file, "\t.2byte %u,%u\n", ULP_FACTS_VERSION, unit->flags);
	print_string(producer);
	print_string(ulp_facts_path(get_src_pwd()));
	print_string(ulp_facts_path(unit->source.c_str()));
	/* A partition is the work of the linker, in files of passing names. */
	print_string(is_partition ? "" : ulp_facts_command());
	fprintf(asm_out_file, "\t.uleb128 %u\n", (unsigned)unit->files.size());
	for (const std::string &file : unit->files)
		print_string(ulp_facts_path(file.c_str()));
}

static void print_constants(void)
{
	const std::set<std::string> &names = ulp_constants();

	fprintf(asm_out_file, "\t.uleb128 %u\n", (unsigned)names.size());
	for (const std::string &name : names)
		print_string(name);
}

void ulp_facts_print(const ulp_known_map &known, unsigned flags)
{
	static unsigned nr;
	struct unit unit = {};

	unit.known = &known;
	unit.flags = flags;
	if (!(flags & ULP_FACTS_UNIT_PARTITION))
		unit.source = main_input_filename ? main_input_filename : "";
	choose_functions(&unit);
	choose_files(&unit);
	nr++;
	fprintf(asm_out_file, "\t.pushsection %s\n",
		is_before_lto(&unit) ? ULP_FACTS_LTO_SECTION ",\"e\",@progbits"
				     : ULP_FACTS_SECTION ",\"\",@progbits");
	fprintf(asm_out_file, "\t.4byte .Lulp_facts_end%u - .Lulp_facts%u\n.Lulp_facts%u:\n", nr,
		nr, nr);
	print_header(&unit);
	fprintf(asm_out_file, "\t.uleb128 %u\n", (unsigned)unit.functions.size());
	for (unsigned uid : unit.functions)
		print_function(&unit, find(&unit, uid));
	print_constants();
	fprintf(asm_out_file, ".Lulp_facts_end%u:\n\t.popsection\n", nr);
}
