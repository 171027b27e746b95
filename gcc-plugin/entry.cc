// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The entry of a function comes to be in two steps.  An RTL pass puts the
 * instruction at the start of the function's code.  Later, when GCC prints the
 * function, the hook that GCC has for -fpatchable-function-entry prints what
 * has to stand before the label: the alignment, and the record in the table.
 */
#include "gcc-plugin/entry.h"
#include "container/entry.h"
#include "gcc-plugin/arch.h"
#include "gcc-plugin/exclude.h"
#include "gcc-plugin/settings.h"

/* The hook is called between these two steps of one function, never nested. */
static struct {
	tree decl;	     /* function that has its entry but is not printed yet, or NULL */
	unsigned nr;	     /* its label is .Lulp<nr> */
	const char *placing; /* assembler text for in front of the function's label */
} pending;

static unsigned nr_with, nr_without;

/*
 * The first entry of each text section.  Its label names the section for the
 * table's SHF_LINK_ORDER; one name a section keeps the number of sections low.
 * GCC's sections live until the end of the compilation.
 */
static std::map<section *, unsigned> first_entry;

static decltype(targetm.asm_out.print_patchable_function_entry) gcc_print_area;

/*
 * One record of container/entry.h.  Section flags: a = loaded, o = goes with the
 * text section (--gc-sections), ? = goes with the COMDAT group, if there is one.
 */
static void print_record(FILE *file, unsigned nr)
{
	unsigned section_nr = first_entry.insert(std::make_pair(in_section, nr)).first->second;

	fprintf(file, "\t.pushsection " ULP_ENTRIES_SECTION ",\"ao?\",@progbits,.Lulp%u\n",
		section_nr);
	fprintf(file, "\t.p2align 2\n\t.long .Lulp%u - .\n\t.popsection\n", nr);
}

static void print_area(FILE *file, unsigned HOST_WIDE_INT size, bool record)
{
	if (!pending.decl || pending.decl != current_function_decl) {
		gcc_print_area(file, size, record);
		return;
	}
	print_record(file, pending.nr);
	fputs(pending.placing, file);
	pending.decl = NULL_TREE;
}

static void give_entry(void)
{
	static unsigned last_nr;

	pending.decl = current_function_decl;
	pending.nr = ++last_nr;
	pending.placing = arch_emit_entry(pending.nr);
	/* All of an area of size 1 before the label: print_area is called, once. */
	crtl->patch_area_size = crtl->patch_area_entry = 1;
	nr_with++;
}

static void tell(const char *reason)
{
	location_t where = DECL_SOURCE_LOCATION(current_function_decl);

	if (reason)
		inform(where, "ulp: %qD has no entry: %s", current_function_decl, reason);
	else
		inform(where, "ulp: %qD has an entry", current_function_decl);
}

static const pass_data entry_pass_data = {
	RTL_PASS, "ulp_entry", OPTGROUP_NONE, TV_NONE, 0, 0, 0, 0, 0,
};

class entry_pass : public rtl_opt_pass
{
      public:
	entry_pass(gcc::context *context) : rtl_opt_pass(entry_pass_data, context)
	{
	}

	unsigned int execute(function *) final override
	{
		const char *reason = ulp_exclude_reason();

		if (reason)
			nr_without++;
		else
			give_entry();
		if (ulp_settings.verbose)
			tell(reason);
		return 0;
	}
};

void ulp_entry_register_pass(const char *plugin_name)
{
	/* After GCC's own pass for the same place: endbr64 has to stay the first one. */
	struct register_pass_info info = {
		new entry_pass(g),
		"endbr_and_patchable_area",
		1,
		PASS_POS_INSERT_AFTER,
	};

	register_callback(plugin_name, PLUGIN_PASS_MANAGER_SETUP, NULL, &info);
}

void ulp_entry_start_unit(void *, void *)
{
	const char *area = flag_patchable_function_entry;

	if (area && atoi(area) > 0)
		error("%<-fpatchable-function-entry=%s%> and the plugin %<ulp%> both claim the "
		      "functions%' entries; use one of them",
		      area);
	arch_check_options();
	gcc_print_area = targetm.asm_out.print_patchable_function_entry;
	targetm.asm_out.print_patchable_function_entry = print_area;
}

void ulp_entry_finish_unit(void *, void *)
{
	if (ulp_settings.verbose)
		inform(UNKNOWN_LOCATION, "ulp: %u functions with an entry, %u without", nr_with,
		       nr_without);
}
