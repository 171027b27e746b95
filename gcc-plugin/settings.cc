// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The plugin's options: one row of the table each.
 */
#include "gcc-plugin/settings.h"

#include <fnmatch.h>

struct ulp_settings ulp_settings;

static bool take_exclude(const char *value)
{
	if (!value || !*value)
		return false;
	ulp_settings.exclude.push_back(value);
	return true;
}

static bool take_min_size(const char *value)
{
	/* strtoul alone would take "", "-1", " 7" and what is too large. */
	if (!value || !*value || strlen(value) > 9 || value[strspn(value, "0123456789")])
		return false;
	ulp_settings.min_size = strtoul(value, NULL, 10);
	return true;
}

static bool take_verbose(const char *value)
{
	ulp_settings.verbose = true;
	return !value;
}

static bool take_ipa(const char *value)
{
	ulp_settings.keep_ipa = true;
	return value && !strcmp(value, "keep");
}

static bool take_facts(const char *value)
{
	ulp_settings.facts = value && !strcmp(value, "yes");
	return value && (!strcmp(value, "yes") || !strcmp(value, "no"));
}

struct option {
	const char *key;
	const char *form;
	/* Stores the value (NULL: none was given); false if it is not a valid one. */
	bool (*take)(const char *value);
};

static const struct option options[] = {
	{"exclude", "exclude=GLOB", take_exclude}, {"min-size", "min-size=BYTES", take_min_size},
	{"verbose", "verbose", take_verbose},	   {"ipa", "ipa=keep", take_ipa},
	{"facts", "facts=no|yes", take_facts},
};

static void list_valid_options(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		inform(UNKNOWN_LOCATION, "valid option: %<-fplugin-arg-ulp-%s%>", options[i].form);
}

static bool parse_one(const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(key, options[i].key))
			continue;
		if (options[i].take(value))
			return true;
		error("wrong value in %<-fplugin-arg-ulp-%s%s%s%>", key, value ? "=" : "",
		      value ? value : "");
		return false;
	}
	error("unknown option %<-fplugin-arg-ulp-%s%>", key);
	return false;
}

bool ulp_settings_parse(const struct plugin_name_args *info)
{
	bool right = true;

	for (int i = 0; i < info->argc; i++)
		right &= parse_one(info->argv[i].key, info->argv[i].value);
	if (!right)
		list_valid_options();
	return right;
}

const char *ulp_settings_help(void)
{
	return "  -fplugin-arg-ulp-exclude=GLOB    no entries in functions of this name; "
	       "repeatable\n"
	       "  -fplugin-arg-ulp-min-size=BYTES  no entries in functions with less code\n"
	       "  -fplugin-arg-ulp-verbose         tell what each function gets, and why\n"
	       "  -fplugin-arg-ulp-ipa=keep        keep optimisations that let callers rely on "
	       "the\n"
	       "                                   body of a function that may be replaced\n"
	       "  -fplugin-arg-ulp-facts=no|yes    record what was inlined where, for authors of\n"
	       "                                   patches, in a section that is not loaded "
	       "(yes)\n";
}
