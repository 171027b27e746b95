// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Functions of which GCC found that their bodies are equal (-fipa-icf, on only with
 * ipa=keep).  Where the second one does not become an alias of the first one, GCC
 * leaves no word on it: its callers get another callee, and if it is still needed its
 * body becomes a call.  So the calls before and after that pass are compared.
 */
#include "gcc-plugin/facts.h"

/* What each call went to before the pass: by the call's number, a DECL_UID. */
static std::map<int, unsigned> callees;

static bool is_after;

template <class Visit> static void for_each_call(Visit visit)
{
	struct cgraph_node *node;

	FOR_EACH_DEFINED_FUNCTION(node)
	for (struct cgraph_edge *e = node->callees; e; e = e->next_callee)
		visit(node, e);
}

static void note_calls(void)
{
	for_each_call([](struct cgraph_node *, struct cgraph_edge *e) {
		callees[e->get_uid()] = DECL_UID(e->callee->decl);
	});
}

static void compare_calls(void)
{
	for_each_call([](struct cgraph_node *node, struct cgraph_edge *e) {
		auto before = callees.find(e->get_uid());
		unsigned now = DECL_UID(e->callee->decl);

		if (!e->callee->icf_merged)
			return;
		if (before != callees.end() && before->second != now)
			ulp_facts_note_merged(before->second, now);
		else if (before == callees.end() && node->icf_merged)
			ulp_facts_note_merged(DECL_UID(node->decl), now);
	});
	callees.clear();
}

/* PLUGIN_PASS_EXECUTION: before each pass. */
static void see_pass(void *pass, void *)
{
	bool is_icf = !strcmp(((const opt_pass *)pass)->name, "icf");

	if (is_icf)
		note_calls();
	else if (is_after)
		compare_calls();
	is_after = is_icf;
}

void ulp_facts_watch_merging(const char *plugin_name)
{
	register_callback(plugin_name, PLUGIN_PASS_EXECUTION, see_pass, NULL);
}
