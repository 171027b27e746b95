// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What callers could have been compiled to rely on: the results of the optimisations
 * that soundness.cc switches off.
 */
#include "gcc-plugin/facts.h"
#include "gcc-plugin/soundness.h"

/* In the order in which they need one another. */
// clang-format off
#include "regs.h"
#include "function-abi.h"
#include "calls.h"
#include "gimple.h"
#include "ssa.h"
#include "alloc-pool.h"
#include "symbol-summary.h"
#include "ipa-prop.h"
#include "ipa-reference.h"
#include "ipa-modref-tree.h"
#include "ipa-modref.h"
// clang-format on

unsigned ulp_facts_declared(tree decl)
{
	unsigned declared = 0;

	if (TREE_READONLY(decl))
		declared |= ULP_FACTS_RELIES_CONST;
	if (DECL_PURE_P(decl))
		declared |= ULP_FACTS_RELIES_PURE;
	if (TREE_THIS_VOLATILE(decl))
		declared |= ULP_FACTS_RELIES_NORETURN;
	if (ulp_soundness_declares_nothrow(decl))
		declared |= ULP_FACTS_RELIES_NOTHROW;
	return declared;
}

static bool touches_only_some_memory(struct cgraph_node *node)
{
	modref_summary *summary = get_modref_function_summary(node);

	return (summary && summary->useful_p(flags_from_decl_or_type(node->decl))) ||
	       ipa_reference_get_read_global(node) || ipa_reference_get_written_global(node);
}

unsigned ulp_facts_relies_on_body(void)
{
	tree decl = current_function_decl;
	struct cgraph_node *node = cgraph_node::get(decl);
	unsigned relies = 0;

	if (!node || node->get_availability() <= AVAIL_INTERPOSABLE)
		return 0;
	if (TREE_READONLY(decl))
		relies |= ULP_FACTS_RELIES_CONST;
	if (DECL_PURE_P(decl))
		relies |= ULP_FACTS_RELIES_PURE;
	if (TREE_THIS_VOLATILE(decl))
		relies |= ULP_FACTS_RELIES_NORETURN;
	/* Without exceptions nobody asks. */
	if (TREE_NOTHROW(decl) && flag_exceptions)
		relies |= ULP_FACTS_RELIES_NOTHROW;
	if (touches_only_some_memory(node))
		relies |= ULP_FACTS_RELIES_MEMORY;
	if (ipcp_get_transformation_summary(node))
		relies |= ULP_FACTS_RELIES_ARGUMENTS;
	return relies;
}

/* rtl_info() has nothing for functions that are interposable, or not printed. */
unsigned ulp_facts_relies_on_code(struct cgraph_node *node)
{
	struct cgraph_rtl_info *info = cgraph_node::rtl_info(node->decl);
	unsigned relies = 0;

	if (!info)
		return 0;
	if (!hard_reg_set_subset_p(default_function_abi.full_reg_clobbers(),
				   info->function_used_regs))
		relies |= ULP_FACTS_RELIES_REGISTERS;
	if (opt_for_fn(node->decl, flag_ipa_stack_alignment) &&
	    info->preferred_incoming_stack_boundary &&
	    info->preferred_incoming_stack_boundary < PREFERRED_STACK_BOUNDARY)
		relies |= ULP_FACTS_RELIES_STACK;
	return relies;
}
