/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the user asked for with -fplugin-arg-ulp-*.
 */
#ifndef ULP_GCC_PLUGIN_SETTINGS_H
#define ULP_GCC_PLUGIN_SETTINGS_H

#include "gcc-plugin/gcc_headers.h"

/* Set once by ulp_settings_parse, read only afterwards. */
struct ulp_settings {
	std::vector<std::string> exclude; /* globs of names that get no entry */
	unsigned long min_size = 0;	  /* bytes of code; smaller functions get no entry */
	bool verbose = false;		  /* tell for each function what it got and why */
	bool keep_ipa = false;		  /* leave the optimisations of soundness.h on */
	bool facts = true;		  /* record the facts of facts.h */
};

extern struct ulp_settings ulp_settings;

/*
 * Reads the plugin's arguments into ulp_settings.  False if one of them is wrong:
 * an error that lists the valid ones has then been given to the user.
 */
bool ulp_settings_parse(const struct plugin_name_args *info);

/* What `gcc --help -fplugin=ulp` shows; static storage. */
const char *ulp_settings_help(void);

#endif
