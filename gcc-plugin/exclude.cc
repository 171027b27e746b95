// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which functions get no entry: a table of reasons, first match wins.
 */
#include "gcc-plugin/exclude.h"
#include "gcc-plugin/arch.h"
#include "gcc-plugin/settings.h"

#include <fnmatch.h>

#define NOT_PATCHABLE "ulp_not_patchable"

/* DECL_UIDs: unlike a tree they stay valid when GCC collects garbage. */
static std::set<unsigned> resolvers;

static tree handle_not_patchable(tree *node, tree name, tree, int, bool *no_add_attrs)
{
	if (TREE_CODE(*node) != FUNCTION_DECL) {
		warning(OPT_Wattributes, "%qE attribute applies to functions only", name);
		*no_add_attrs = true;
	}
	return NULL_TREE;
}

static struct attribute_spec not_patchable_spec = {
	NOT_PATCHABLE, 0, 0, true, false, false, false, handle_not_patchable, NULL,
};

void ulp_exclude_register_attribute(void *, void *)
{
	register_attribute(&not_patchable_spec);
}

void ulp_exclude_note_resolvers(void *, void *)
{
	struct cgraph_node *node;

	FOR_EACH_FUNCTION(node)
	{
		if (!node->alias || !node->ifunc_resolver || !node->analyzed)
			continue;
		resolvers.insert(DECL_UID(node->ultimate_alias_target()->decl));
	}
}

static bool has_attribute(const char *name)
{
	tree decl = current_function_decl;

	return lookup_attribute(name, DECL_ATTRIBUTES(decl)) ||
	       lookup_attribute(name, TYPE_ATTRIBUTES(TREE_TYPE(decl)));
}

static bool asked_by_source(void)
{
	return has_attribute(NOT_PATCHABLE);
}

static bool needs_its_first_bytes(void)
{
	for (const char *const *name = arch_no_entry_attributes; *name; name++)
		if (has_attribute(*name))
			return true;
	return false;
}

static bool has_other_patch_area(void)
{
	return crtl->patch_area_size > 0 || has_attribute("patchable_function_entry");
}

static bool is_resolver(void)
{
	return resolvers.count(DECL_UID(current_function_decl)) > 0;
}

/* Code of such sections is not called but joined to one long function. */
static bool is_init_fragment(void)
{
	const char *section = DECL_SECTION_NAME(current_function_decl);

	return section && (!strcmp(section, ".init") || !strcmp(section, ".fini") ||
			   !strncmp(section, ".init.", 6) || !strncmp(section, ".fini.", 6));
}

/*
 * The name as in the symbol table; the same without a clone's suffix, so that
 * excluding f also excludes f.constprop.0; and the plain name in the source.
 */
static bool is_excluded_by_name(void)
{
	tree decl = current_function_decl;
	std::string symbol = IDENTIFIER_POINTER(DECL_ASSEMBLER_NAME(decl));
	std::string plain = DECL_NAME(decl) ? IDENTIFIER_POINTER(DECL_NAME(decl)) : "";

	if (!symbol.empty() && symbol[0] == '*') /* asm("name"): to be taken literally */
		symbol.erase(0, 1);
	std::string origin = symbol.substr(0, symbol.find('.'));
	for (const std::string &glob : ulp_settings.exclude)
		if (!fnmatch(glob.c_str(), symbol.c_str(), 0) ||
		    !fnmatch(glob.c_str(), origin.c_str(), 0) ||
		    !fnmatch(glob.c_str(), plain.c_str(), 0))
			return true;
	return false;
}

static bool is_too_small(void)
{
	return ulp_settings.min_size > 0 && arch_code_size() < ulp_settings.min_size;
}

struct reason {
	enum ulp_facts_entry reason;
	bool (*applies)(void); /* to the current function */
};

static const struct reason reasons[] = {
	{ULP_FACTS_NOT_PATCHABLE, asked_by_source},
	{ULP_FACTS_FIXED_BYTES, needs_its_first_bytes},
	{ULP_FACTS_OTHER_AREA, has_other_patch_area},
	{ULP_FACTS_RESOLVER, is_resolver},
	{ULP_FACTS_INIT_FRAGMENT, is_init_fragment},
	{ULP_FACTS_EXCLUDED, is_excluded_by_name},
	{ULP_FACTS_TOO_SMALL, is_too_small},
};

enum ulp_facts_entry ulp_exclude_reason(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].applies())
			return reasons[i].reason;
	return ULP_FACTS_ENTRY;
}

#define TEXT(name, number, text) text,

const char *ulp_exclude_text(enum ulp_facts_entry entry)
{
	/* The numbers of the list are those of an array: it only grows at its end. */
	static const char *const texts[] = {ULP_FACTS_ENTRY_STATES(TEXT)};

	return texts[entry];
}
