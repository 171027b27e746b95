// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * GCC's own search for variables that are never written (ipa_discover_variable_flags)
 * goes by -fipa-reference-addressable, which soundness.cc switches off because it finds
 * more than that, such as variables that are never read.  Here are marked only those
 * that begin with an address, because each costs a relocation at every start, and that
 * can be recorded by name, so that a patch that writes one is refused.  It is done at
 * the same place, after the early optimisations of all functions.
 */
#include "gcc-plugin/constants.h"

static std::set<std::string> names;

const std::set<std::string> &ulp_constants(void)
{
	return names;
}

static bool is_only_read(varpool_node *node)
{
	struct ipa_ref *ref;
	unsigned i;

	for (i = 0; node->iterate_referring(i, ref); i++)
		if (ref->use != IPA_REF_LOAD)
			return false; /* written, address taken (asm operands, too), or aliased */
	return i > 0;
}

/* A structure may have members that are volatile, in any depth. */
static bool has_volatile(tree type)
{
	while (TREE_CODE(type) == ARRAY_TYPE && !TYPE_VOLATILE(type))
		type = TREE_TYPE(type);
	if (TYPE_VOLATILE(type))
		return true;
	if (!RECORD_OR_UNION_TYPE_P(type))
		return false;
	for (tree field = TYPE_FIELDS(type); field; field = DECL_CHAIN(field))
		if (TREE_CODE(field) == FIELD_DECL &&
		    (TREE_THIS_VOLATILE(field) || has_volatile(TREE_TYPE(field))))
			return true;
	return false;
}

static bool begins_with_address(tree decl)
{
	tree init = DECL_INITIAL(decl);

	return init && init != error_mark_node && compute_reloc_for_constant(init);
}

static bool is_constant(varpool_node *node)
{
	tree decl = node->decl;

	/* all_refs_explicit_p(): no attribute used, no other unit can see it. */
	return TREE_STATIC(decl) && !TREE_PUBLIC(decl) && !DECL_EXTERNAL(decl) && !node->alias &&
	       node->all_refs_explicit_p() && !node->get_section() && !DECL_THREAD_LOCAL_P(decl) &&
	       !DECL_HARD_REGISTER(decl) && !DECL_HAS_VALUE_EXPR_P(decl) &&
	       !has_volatile(TREE_TYPE(decl)) && is_only_read(node) && begins_with_address(decl);
}

/* As the source has it; asm("name") gives the symbol a name that is not to be foreseen. */
static const char *source_name(tree decl)
{
	if (!DECL_NAME(decl))
		return NULL;
	if (DECL_ASSEMBLER_NAME_SET_P(decl) &&
	    *IDENTIFIER_POINTER(DECL_ASSEMBLER_NAME(decl)) == '*')
		return NULL;
	return IDENTIFIER_POINTER(DECL_NAME(decl));
}

/*
 * Variables of functions may have one name, and their symbols then differ by a number
 * that says nothing.  So all of one name are constants, or none is marked.
 */
static void mark_constants(void)
{
	std::set<std::string> variables;
	varpool_node *node;

	FOR_EACH_VARIABLE(node)
	{
		const char *name = source_name(node->decl);

		if (name && !TREE_READONLY(node->decl) && !is_constant(node))
			variables.insert(name);
	}
	FOR_EACH_VARIABLE(node)
	{
		const char *name = source_name(node->decl);

		if (!name || TREE_READONLY(node->decl) || variables.count(name))
			continue;
		TREE_READONLY(node->decl) = 1;
		names.insert(name);
	}
}

/*
 * Not in other languages, whose symbols are named otherwise (that of the second half of LTO
 * is one of them).  Not with -flto: what an object has for LTO is written before.
 */
static void before_pass(void *, void *)
{
	static bool is_done;

	if (is_done || strcmp(current_pass->name, "whole-program"))
		return;
	is_done = true;
	if (optimize && lang_GNU_C() && !flag_lto && !seen_error())
		mark_constants();
}

void ulp_constants_init(const char *plugin_name)
{
	if (global_options_set.x_flag_ipa_reference_addressable &&
	    !global_options.x_flag_ipa_reference_addressable)
		return;
	/* There is no callback between the early and the other interprocedural passes. */
	register_callback(plugin_name, PLUGIN_OVERRIDE_GATE, before_pass, NULL);
}
