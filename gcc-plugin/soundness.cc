// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The optimisations by which a caller comes to rely on the body of the function it
 * calls.  The list is GCC's own, from -flive-patching=inline-clone (GCC manual,
 * "Options That Control Optimization"); that option itself would also forbid LTO.
 * One thing more is not on that list: that a function throws no exception.
 */
#include "gcc-plugin/soundness.h"

#include "diagnostic.h"

/* Options that a function may have of its own: X(member of gcc_options, option). */
#define FUNCTION_FLAGS(X)                                                                      \
	X(flag_ipa_ra, "-fipa-ra")   /* registers that the body leaves alone: the worst one */ \
	X(flag_ipa_icf, "-fipa-icf") /* two functions share one body */                        \
	X(flag_ipa_icf_functions, "-fipa-icf-functions")                                       \
	X(flag_ipa_icf_variables, "-fipa-icf-variables")                                       \
	X(flag_ipa_pta, "-fipa-pta")                                                           \
	X(flag_ipa_reference, "-fipa-reference")                                               \
	X(flag_ipa_reference_addressable, "-fipa-reference-addressable")                       \
	X(flag_ipa_pure_const, "-fipa-pure-const")                                             \
	X(flag_ipa_modref, "-fipa-modref")                                                     \
	X(flag_ipa_vrp, "-fipa-vrp")                                                           \
	X(flag_ipa_bit_cp, "-fipa-bit-cp")                                                     \
	X(flag_ipa_stack_alignment, "-fipa-stack-alignment")

/* Options of the whole translation unit. */
#define UNIT_FLAGS(X) X(flag_whole_program, "-fwhole-program")

#define SWITCH_OFF(flag, name) opts->x_##flag = 0, set->x_##flag = 1;
#define TELL_CONFLICT(flag, name)                                                          \
	if (global_options.x_##flag && global_options_set.x_##flag)                        \
		inform(UNKNOWN_LOCATION,                                                   \
		       "%qs is switched off: functions with entries may be replaced, see " \
		       "%<-fplugin-arg-ulp-ipa=keep%>",                                    \
		       name);

/* Marks the flags as set, too, so that GCC derives no other value for them later. */
static void switch_off(struct gcc_options *opts, struct gcc_options *set)
{
	FUNCTION_FLAGS(SWITCH_OFF)
}

static void switch_off_on_command_line(void)
{
	struct gcc_options *opts = &global_options, *set = &global_options_set;

	FUNCTION_FLAGS(TELL_CONFLICT)
	UNIT_FLAGS(TELL_CONFLICT)
	switch_off(opts, set);
	UNIT_FLAGS(SWITCH_OFF)
}

/* Warnings that are given, or not, by the range that GCC knows of a value. */
static const int range_warnings[] = {
	OPT_Walloc_size_larger_than_,
	OPT_Warray_bounds_,
	OPT_Wformat_overflow_,
	OPT_Wformat_truncation_,
	OPT_Wfree_nonheap_object,
	OPT_Wmaybe_uninitialized,
	OPT_Wnonnull,
	OPT_Wnull_dereference,
	OPT_Wrestrict,
	OPT_Wstrict_overflow_,
	OPT_Wstringop_overflow_,
	OPT_Wstringop_overread,
	OPT_Wstringop_truncation,
};

#if GCCPLUGIN_VERSION_MAJOR >= 14
static bool is_werror_given(void)
{
	return global_dc->warning_as_error_requested_p();
}

static bool is_left_alone(int option)
{
	return global_dc->option_unspecified_p(option);
}
#else
static bool is_werror_given(void)
{
	return global_dc->warning_as_error_requested;
}

static bool is_left_alone(int option)
{
	return global_dc->classify_diagnostic[option] == DK_UNSPECIFIED;
}
#endif

/*
 * With less known of a function's callers some of them appear in code that had
 * none.  A build that ends well without the plugin must do so with it, so a plain
 * -Werror does not count for them (glibc's linereader.c is such a case); one that
 * was made an error by its name (-Werror=NAME) stays an error.
 */
static void keep_range_warnings_warnings(void)
{
	if (!is_werror_given())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(range_warnings); i++)
		if (is_left_alone(range_warnings[i]))
			diagnostic_classify_diagnostic(global_dc, range_warnings[i], DK_WARNING,
						       UNKNOWN_LOCATION);
}

/*
 * __attribute__((optimize)) and #pragma GCC optimize apply the defaults of an
 * optimisation level anew, so the options of such functions are rebuilt.
 */
static tree sound_options(tree node)
{
	struct gcc_options opts = global_options, set = global_options_set;

	cl_optimization_restore(&opts, &set, TREE_OPTIMIZATION(node));
	switch_off(&opts, &set);
	return build_optimization_node(&opts, &set);
}

static void switch_off_in_functions(void *, void *)
{
	struct cgraph_node *node;

	FOR_EACH_FUNCTION(node)
	{
		tree *own = &DECL_FUNCTION_SPECIFIC_OPTIMIZATION(node->decl);

		if (*own)
			*own = sound_options(*own);
	}
}

/*
 * Passes that have to be stopped by name: with LTO, GCC runs those of pure-const
 * whatever the option says, and the one for "nothrow" has no option.
 */
static void stop_passes(void *gate, void *)
{
	static const char *const stopped[] = {"pure-const", "local-pure-const", "nothrow"};

	for (size_t i = 0; i < ARRAY_SIZE(stopped); i++)
		if (!strcmp(current_pass->name, stopped[i]))
			*(bool *)gate = false;
}

/*
 * The C++ front end keeps noexcept and throw() in the type: a list of exception types,
 * empty except for a constant in front (cp/cp-tree.h, TYPE_RAISES_EXCEPTIONS).
 */
bool ulp_soundness_declares_nothrow(tree decl)
{
	tree spec = TYPE_LANG_SLOT_1(TREE_TYPE(decl));

	if (lookup_attribute("nothrow", DECL_ATTRIBUTES(decl)))
		return true;
	return spec && TREE_CODE(spec) == TREE_LIST && !TREE_VALUE(spec) &&
	       (!TREE_PURPOSE(spec) || TREE_PURPOSE(spec) == boolean_true_node);
}

/*
 * The C++ front end itself marks a function that cannot throw as soon as it has
 * parsed it, and then leaves the handlers around calls of it out.
 */
static void forget_found_nothrow(void *decl, void *)
{
	if (lang_GNU_CXX() && flag_exceptions && !ulp_soundness_declares_nothrow((tree)decl))
		TREE_NOTHROW((tree)decl) = 0;
}

void ulp_soundness_init(const char *plugin_name)
{
	switch_off_on_command_line();
	keep_range_warnings_warnings();
	register_callback(plugin_name, PLUGIN_ALL_IPA_PASSES_START, switch_off_in_functions, NULL);
	register_callback(plugin_name, PLUGIN_OVERRIDE_GATE, stop_passes, NULL);
	register_callback(plugin_name, PLUGIN_FINISH_PARSE_FUNCTION, forget_found_nothrow, NULL);
}
