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
#include "gcc-plugin/facts.h"
#include "gcc-plugin/settings.h"

/* The hook is called between these two steps of one function, never nested. */
static struct {
	tree decl;   /* function that has its entry but is not printed yet, or NULL */
	unsigned nr; /* its label is .Lulp<nr> */
	struct arch_place place;
} pending;

static unsigned nr_with, nr_without;

/* What has been printed into a text section so far. */
struct text_section {
	/*
	 * Its first entry.  This one's label names the section for the table's
	 * SHF_LINK_ORDER; one name a section keeps the number of sections low.
	 */
	unsigned first = 0;
	unsigned anchor = 0; /* the label .Lulp_at<anchor> stands at a multiple of ... */
	unsigned log = 0;    /* ... 2^log; 0: there is no such label yet */
};

/* GCC's sections live until the end of the compilation. */
static std::map<section *, struct text_section> text_sections;

static decltype(targetm.asm_out.print_patchable_function_entry) gcc_print_area;

/*
 * One record of container/entry.h.  Section flags: a = loaded, o = goes with the
 * text section (--gc-sections), ? = goes with the COMDAT group, if there is one.
 * Linkers that do not know SHF_LINK_ORDER (gold) keep the table for the relocation
 * without effect; and by it no linker takes two functions for equal (--icf), one of
 * which may be replaced.
 */
static void print_record(FILE *file, unsigned nr)
{
	struct text_section *text = &text_sections[in_section];
	bool is_first = !text->first;

	if (is_first) {
		text->first = nr;
		fprintf(file, "\t.reloc ., BFD_RELOC_NONE, .Lulp_table%u\n", nr);
	}
	fprintf(file, "\t.pushsection " ULP_ENTRIES_SECTION ",\"ao?\",@progbits,.Lulp%u\n",
		text->first);
	fputs("\t.p2align 2\n", file);
	if (is_first)
		fprintf(file, ".Lulp_table%u:\n", nr);
	fprintf(file, "\t.long .Lulp%u - .\n\t.popsection\n", nr);
}

/*
 * An alignment directive reaches multiples only.  Any other place is reached with
 * the least padding by counting from a label whose place is known.
 */
static void print_place(FILE *file, const struct arch_place *place)
{
	struct text_section *text = &text_sections[in_section];

	if (!place->offset) {
		fprintf(file, "\t.p2align %u\n", place->log);
	} else if (text->log < place->log) {
		text->anchor = pending.nr;
		text->log = place->log;
		fprintf(file, "\t.p2align %u\n.Lulp_at%u:\n\t.fill %u, 1, %u\n", place->log,
			text->anchor, place->offset, arch_filler);
	} else {
		fprintf(file, "\t.fill (.Lulp_at%u + %u - .) & %u, 1, %u\n", text->anchor,
			place->offset, (1u << place->log) - 1, arch_filler);
	}
}

static void print_area(FILE *file, unsigned HOST_WIDE_INT size, bool record)
{
	if (!pending.decl || pending.decl != current_function_decl) {
		gcc_print_area(file, size, record);
		return;
	}
	print_record(file, pending.nr);
	print_place(file, &pending.place);
	pending.decl = NULL_TREE;
}

static void give_entry(void)
{
	static unsigned last_nr;

	pending.decl = current_function_decl;
	pending.nr = ++last_nr;
	pending.place = arch_emit_entry(pending.nr);
	/* All of an area of size 1 before the label: print_area is called, once. */
	crtl->patch_area_size = crtl->patch_area_entry = 1;
	nr_with++;
}

static void tell(enum ulp_facts_entry entry)
{
	location_t where = DECL_SOURCE_LOCATION(current_function_decl);

	if (entry != ULP_FACTS_ENTRY)
		inform(where, "ulp: %qD has no entry: %s", current_function_decl,
		       ulp_exclude_text(entry));
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
		enum ulp_facts_entry entry = ulp_exclude_reason();

		ulp_facts_note_entry(entry);
		if (entry != ULP_FACTS_ENTRY)
			nr_without++;
		else
			give_entry();
		if (ulp_settings.verbose)
			tell(entry);
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
