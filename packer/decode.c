/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scalars, lists and maps of a YAML tree, each fault at its place. */
#include "config.h"

#include "packer/decode.h"

#include "container/format.h"
#include "i18n/i18n.h"

#include <string.h>

#define MAX_TEXT 4096u /* bytes of any string but a patch's name */

/* --- scalars ---------------------------------------------------------------- */

/* Whether the text is that word of lower-case letters.  What a spec means knows no locale. */
static bool is_word(const char *text, const char *word)
{
	for (; *word; text++, word++)
		if (*text != *word && !(*word >= 'a' && *word <= 'z' && *text == *word - 'a' + 'A'))
			return false;
	return !*text;
}

/* Plain scalars that YAML 1.1 reads as null, a truth value or a number. */
static bool is_not_text(const char *text)
{
	static const char *const words[] = {"",	  "~",	 "null", "true", "false", "yes", "no",
					    "on", "off", "y",	 "n",	 ".inf",  ".nan"};
	const char *digits = text + (*text == '-' || *text == '+');

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(text, words[i]))
			return true;
	return *digits >= '0' && *digits <= '9' && !digits[strspn(digits, "0123456789_.:eExX+-")];
}

enum ulp_code decode_check_text(struct decoder *d, const struct yaml_node *node, const char *allow,
				size_t max, struct ulp_err *err)
{
	if (node->kind != YAML_SCALAR)
		return yaml_fail(d->source, node->place, err,
				 node->kind == YAML_LIST ? N_("must be text, not a list")
							 : N_("must be text, not a map"));
	if (node->plain && is_not_text(node->text))
		return yaml_fail(d->source, node->place, err,
				 "must be text; put it in quotes if it is meant as text");
	if (!*node->text)
		return yaml_fail(d->source, node->place, err, "must not be empty");
	if (strlen(node->text) > max)
		return yaml_fail(d->source, node->place, err, "is longer than %zu bytes", max);
	for (const char *c = node->text; *c; c++)
		if (((unsigned char)*c < ' ' || *c == 0x7f) && !strchr(allow, *c))
			return yaml_fail(d->source, node->place, err, "holds a control character");
	return ULP_OK;
}

enum ulp_code decode_text(struct decoder *d, const struct yaml_node *node, void *into,
			  struct ulp_err *err)
{
	enum ulp_code code = decode_check_text(d, node, "\n\t", MAX_TEXT, err);

	if (!code)
		*(const char **)into = node->text;
	return code;
}

enum ulp_code decode_line(struct decoder *d, const struct yaml_node *node, void *into,
			  struct ulp_err *err)
{
	enum ulp_code code = decode_check_text(d, node, "", MAX_TEXT, err);

	if (!code)
		*(const char **)into = node->text;
	return code;
}

/* Names of symbols and libraries. */
enum ulp_code decode_symbol(struct decoder *d, const struct yaml_node *node, void *into,
			    struct ulp_err *err)
{
	enum ulp_code code = decode_check_text(d, node, "", MAX_TEXT, err);

	if (!code && strchr(node->text, '/'))
		code = yaml_fail(d->source, node->place, err, "must not hold a '/'");
	if (!code)
		*(const char **)into = node->text;
	return code;
}

/* The patch's name becomes a file name. */
enum ulp_code decode_patch_name(struct decoder *d, const struct yaml_node *node, void *into,
				struct ulp_err *err)
{
	enum ulp_code code = decode_check_text(d, node, "", ULP_PATCH_NAME_MAX, err);

	if (!code)
		code = decode_symbol(d, node, into, err);
	if (!code && (*node->text == '.' || *node->text == '-'))
		code = yaml_fail(d->source, node->place, err, "must not begin with '%c'",
				 *node->text);
	return code;
}

/* --- maps --------------------------------------------------------------------- */

static const struct decode_key *find_key(const struct decode_key *keys, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static enum ulp_code unknown_key(struct decoder *d, const struct yaml_node *node,
				 const struct decode_key *keys, size_t nr, struct ulp_err *err)
{
	const char *known = keys[0].name;

	for (size_t i = 1; i < nr; i++)
		if (!keys[i].refused)
			known = pool_printf(d->pool, "%s, %s", known, keys[i].name);
	return yaml_fail(d->source, node->place, err, "unknown key '%.40s'; known here: %s",
			 node->text, known);
}

static enum ulp_code decode_pairs(struct decoder *d, const struct yaml_node *map,
				  const struct decode_key *keys, size_t nr, bool *seen, void *into,
				  struct ulp_err *err)
{
	for (size_t i = 0; i + 1 < map->nr_items; i += 2) {
		const struct yaml_node *name = map->items[i];
		const struct decode_key *key;
		enum ulp_code code;

		if (name->kind != YAML_SCALAR)
			return yaml_fail(d->source, name->place, err, "a key must be a word");
		key = find_key(keys, nr, name->text);
		if (!key)
			return unknown_key(d, name, keys, nr, err);
		if (key->refused)
			return yaml_fail(d->source, name->place, err, "%s", _(key->refused));
		if (seen[key - keys])
			return yaml_fail(d->source, name->place, err, "key '%s' is given twice",
					 key->name);
		seen[key - keys] = true;
		code = key->decode(d, map->items[i + 1], (char *)into + key->offset, err);
		if (code)
			return code;
	}
	return ULP_OK;
}

enum ulp_code decode_map(struct decoder *d, const struct yaml_node *node,
			 const struct decode_key *keys, size_t nr, void *into, struct ulp_err *err)
{
	bool seen[DECODE_MAX_KEYS] = {false};
	enum ulp_code code;

	if (node->kind != YAML_MAP)
		return yaml_fail(d->source, node->place, err, "must be a map with the key '%s'",
				 keys[0].name);
	code = decode_pairs(d, node, keys, nr, seen, into, err);
	if (code)
		return code;
	for (size_t i = 0; i < nr; i++)
		if (keys[i].required && !seen[i])
			return yaml_fail(d->source, node->place, err, "key '%s' is missing",
					 keys[i].name);
	return ULP_OK;
}

enum ulp_code decode_check_list(struct decoder *d, const struct yaml_node *node, bool may_be_empty,
				struct ulp_err *err)
{
	if (node->kind != YAML_LIST)
		return yaml_fail(d->source, node->place, err, "must be a list");
	if (!node->nr_items && !may_be_empty)
		return yaml_fail(d->source, node->place, err, "must not be empty");
	return ULP_OK;
}
