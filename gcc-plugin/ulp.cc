// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ulp.so, the GCC plugin behind -fplugin=ulp: gives each function an entry that
 * can be redirected while the program runs, and lists the entries in a table.
 * See docs/architecture.md and container/entry.h.
 */
#include "gcc-plugin/constants.h"
#include "gcc-plugin/entry.h"
#include "gcc-plugin/exclude.h"
#include "gcc-plugin/facts.h"
#include "gcc-plugin/settings.h"
#include "gcc-plugin/soundness.h"

/* Asked for by GCC: this plugin's licence permits combining it with GCC. */
extern "C" __attribute__((visibility("default"))) int plugin_is_GPL_compatible;
int plugin_is_GPL_compatible;

/*
 * A plugin uses GCC's structures as they were laid out when it was built, and they
 * may change with any release.  The build's path and configure options, which
 * plugin_default_version_check() compares too, do not matter.
 */
static bool is_built_for(const struct plugin_gcc_version *running)
{
	if (!strcmp(running->basever, gcc_version.basever) &&
	    !strcmp(running->datestamp, gcc_version.datestamp) &&
	    !strcmp(running->devphase, gcc_version.devphase))
		return true;
	error("the plugin %<ulp%> was built for GCC %s (%s), but this is GCC %s (%s)",
	      gcc_version.basever, gcc_version.datestamp, running->basever, running->datestamp);
	inform(UNKNOWN_LOCATION,
	       "install the plugin for GCC %s, or build it: %<./configure PLUGIN_GCC=...%>",
	       running->basever);
	return false;
}

extern "C" __attribute__((visibility("default"))) int
plugin_init(struct plugin_name_args *info, struct plugin_gcc_version *version)
{
	static struct plugin_info about = {ULP_VERSION, ulp_settings_help()};
	const char *name = info->base_name;

	if (!is_built_for(version) || !ulp_settings_parse(info))
		return 1;
	register_callback(name, PLUGIN_INFO, NULL, &about);
	register_callback(name, PLUGIN_ATTRIBUTES, ulp_exclude_register_attribute, NULL);
	register_callback(name, PLUGIN_START_UNIT, ulp_entry_start_unit, NULL);
	register_callback(name, PLUGIN_FINISH_UNIT, ulp_entry_finish_unit, NULL);
	register_callback(name, PLUGIN_ALL_IPA_PASSES_START, ulp_exclude_note_resolvers, NULL);
	register_callback(name, PLUGIN_ALL_IPA_PASSES_END, ulp_exclude_note_resolvers, NULL);
	ulp_entry_register_pass(name);
	if (ulp_settings.facts) {
		ulp_facts_init(name);
		ulp_constants_init(name);
	}
	if (!ulp_settings.keep_ipa)
		ulp_soundness_init(name);
	return 0;
}
