/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the plugin records for the authors of patches (container/facts_format.h).
 * facts.cc follows the functions through the compilation, facts_copies.cc keeps the
 * lists of what was inlined, facts_merged.cc finds bodies that serve several functions,
 * facts_relies.cc what callers may rely on; facts_command.cc has the command of the
 * compilation, and facts_print.cc prints it all.
 */
#ifndef ULP_GCC_PLUGIN_FACTS_H
#define ULP_GCC_PLUGIN_FACTS_H

#include "gcc-plugin/gcc_headers.h"

#include "container/facts_format.h"

/* One function inlined into another. */
struct ulp_copy {
	unsigned function; /* DECL_UID of what was inlined */
	unsigned via;	   /* 0, or the place (from 1) in the same list into which it was */
};

/* What was inlined into one function, over all levels; each row once. */
class ulp_copies
{
      public:
	/* Adds a row unless it is there, and returns its place, from 1. */
	unsigned add(unsigned function, unsigned via);
	/* Adds all rows of another list below the row at place via (0: at the top). */
	void add_all(const ulp_copies &other, unsigned via);

	std::vector<struct ulp_copy> rows;

      private:
	std::map<std::pair<unsigned, unsigned>, unsigned> places;
};

#define ULP_NO_UID (~0u)

/* What is known of one function; keyed by its DECL_UID, as trees may be collected. */
struct ulp_known {
	std::string name, file;
	unsigned line = 0;
	enum ulp_facts_kind kind = ULP_FACTS_FUNCTION;
	enum ulp_facts_linkage linkage = ULP_FACTS_LOCAL;
	enum ulp_facts_entry entry = ULP_FACTS_NO_CODE;
	unsigned flags = 0;	      /* ULP_FACTS_FUNCTION_*; CODE is added when printing */
	unsigned declared = 0;	      /* ULP_FACTS_RELIES_* that the source itself declares */
	unsigned relies = 0;	      /* ULP_FACTS_RELIES_*, found by the compiler */
	unsigned origin = ULP_NO_UID; /* DECL_UID */
	bool before_lto = true;	      /* exists when LTO takes the functions over */
	unsigned label = 0;	      /* .Lulp_code<label> is at its code; 0: it has none here */
	struct ulp_copies early;      /* inlined before the function could be cloned */
	struct ulp_copies all;	      /* the same and what was inlined later */
};

/* By DECL_UID; in this order they are printed. */
typedef std::map<unsigned, struct ulp_known> ulp_known_map;

/* Registers what facts.cc has to see of the compilation. */
void ulp_facts_init(const char *plugin_name);

/* Sees to it that ulp_facts_note_merged() is called. */
void ulp_facts_watch_merging(const char *plugin_name);

/* The body of one function (DECL_UIDs) serves for another one, too. */
void ulp_facts_note_merged(unsigned function, unsigned into);

/* From the entry pass: what the current function gets. */
void ulp_facts_note_entry(enum ulp_facts_entry entry);

/*
 * ULP_FACTS_RELIES_*: what the declaration promises, before any optimisation; what
 * can be known from the body of the current function when it is printed; and what can
 * be known from the code of a function that has been printed.
 */
unsigned ulp_facts_declared(tree decl);
unsigned ulp_facts_relies_on_body(void);
unsigned ulp_facts_relies_on_code(struct cgraph_node *node);

/*
 * Prints the unit of the facts into asm_out_file.  flags: ULP_FACTS_UNIT_*.  With
 * ULP_FACTS_UNIT_BEFORE_LTO it tells of early inlining only.
 */
void ulp_facts_print(const ulp_known_map &known, unsigned flags);

/* A path as -fdebug-prefix-map and -ffile-prefix-map want it in the output. */
std::string ulp_facts_path(const char *path);

/*
 * The command of this compilation, quoted for a shell and without control
 * characters; "" if the compiler was not started by its driver.
 */
std::string ulp_facts_command(void);

#endif
