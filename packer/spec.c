/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the YAML tree to the spec: each map is described by a table of keys,
 * so that a further key is a further row.  specs/ulp-spec.schema.json says the
 * same for editors.
 */
#include "config.h"

#include "packer/spec.h"

#include "packer/elf_file.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME 200u  /* bytes: with ".so" it is still a file name */
#define MAX_TEXT 4096u /* bytes of any other string */
#define MAX_KEYS 64u

struct decoder {
	struct pool *pool;
	const struct yaml_source *source;
};

/* Decodes `node` into *into. */
typedef enum ulp_code decode_fn(struct decoder *d, const struct yaml_node *node, void *into,
				struct ulp_err *err);

struct key {
	const char *name;
	bool required;
	decode_fn *decode;
	size_t offset; /* of the member in the structure that the map fills */
};

/* --- scalars ---------------------------------------------------------------- */

/* Plain scalars that YAML 1.1 reads as null, a truth value or a number. */
static bool is_not_text(const char *text)
{
	static const char *const words[] = {"",	  "~",	 "null", "true", "false", "yes", "no",
					    "on", "off", "y",	 "n",	 ".inf",  ".nan"};
	const char *digits = text + (*text == '-' || *text == '+');

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return *digits >= '0' && *digits <= '9' && !digits[strspn(digits, "0123456789_.:eExX+-")];
}

static enum ulp_code check_text(struct decoder *d, const struct yaml_node *node, const char *allow,
				size_t max, struct ulp_err *err)
{
	if (node->kind != YAML_SCALAR)
		return yaml_fail(d->source, node->place, err, "must be text, not a %s",
				 node->kind == YAML_LIST ? "list" : "map");
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

static enum ulp_code decode_text(struct decoder *d, const struct yaml_node *node, void *into,
				 struct ulp_err *err)
{
	enum ulp_code code = check_text(d, node, "\n\t", MAX_TEXT, err);

	if (!code)
		*(const char **)into = node->text;
	return code;
}

static enum ulp_code decode_path(struct decoder *d, const struct yaml_node *node, void *into,
				 struct ulp_err *err)
{
	enum ulp_code code = check_text(d, node, "", MAX_TEXT, err);

	if (!code)
		*(const char **)into = node->text;
	return code;
}

/* Names of symbols and libraries. */
static enum ulp_code decode_symbol(struct decoder *d, const struct yaml_node *node, void *into,
				   struct ulp_err *err)
{
	enum ulp_code code = check_text(d, node, "", MAX_TEXT, err);

	if (!code && strchr(node->text, '/'))
		code = yaml_fail(d->source, node->place, err, "must not hold a '/'");
	if (!code)
		*(const char **)into = node->text;
	return code;
}

/* The patch's name becomes a file name. */
static enum ulp_code decode_name(struct decoder *d, const struct yaml_node *node, void *into,
				 struct ulp_err *err)
{
	enum ulp_code code = check_text(d, node, "", MAX_NAME, err);

	if (!code)
		code = decode_symbol(d, node, into, err);
	if (!code && (*node->text == '.' || *node->text == '-'))
		code = yaml_fail(d->source, node->place, err, "must not begin with '%c'",
				 *node->text);
	return code;
}

static enum ulp_code decode_version(struct decoder *d, const struct yaml_node *node, void *into,
				    struct ulp_err *err)
{
	(void)into;
	if (node->kind != YAML_SCALAR || !node->plain || strcmp(node->text, "1") != 0)
		return yaml_fail(d->source, node->place, err,
				 "the version of the spec format must be 1");
	return ULP_OK;
}

static enum ulp_code decode_consistency(struct decoder *d, const struct yaml_node *node, void *into,
					struct ulp_err *err)
{
	static const char *const words[] = {
		[ULP_CONSISTENCY_FUNCTION] = "function",
		[ULP_CONSISTENCY_NONE] = "none",
	};

	for (unsigned i = 0; node->kind == YAML_SCALAR && i < 2; i++) {
		if (strcmp(node->text, words[i]) == 0) {
			*(enum ulp_consistency *)into = (enum ulp_consistency)i;
			return ULP_OK;
		}
	}
	return yaml_fail(d->source, node->place, err, "must be 'function' or 'none'");
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static enum ulp_code decode_build_id(struct decoder *d, const struct yaml_node *node,
				     struct ulp_build_id *id, struct ulp_err *err)
{
	size_t len;

	if (node->kind != YAML_SCALAR)
		return yaml_fail(d->source, node->place, err, "must be a build ID in hex");
	len = strlen(node->text);
	if (len == 0 || len % 2 || len / 2 > ULP_BUILD_ID_MAX)
		return yaml_fail(d->source, node->place, err,
				 "a build ID has an even number of hex digits, at most %d",
				 2 * ULP_BUILD_ID_MAX);
	for (size_t i = 0; i < len / 2; i++) {
		const int high = hex_digit(node->text[2 * i]),
			  low = hex_digit(node->text[2 * i + 1]);

		if (high < 0 || low < 0)
			return yaml_fail(d->source, node->place, err,
					 "a build ID consists of hex digits");
		id->bytes[i] = (uint8_t)(high << 4 | low);
	}
	id->len = (uint32_t)(len / 2);
	return ULP_OK;
}

/* --- maps --------------------------------------------------------------------- */

static const struct key *find_key(const struct key *keys, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static enum ulp_code unknown_key(struct decoder *d, const struct yaml_node *node,
				 const struct key *keys, size_t nr, struct ulp_err *err)
{
	const char *known = keys[0].name;

	for (size_t i = 1; i < nr; i++)
		known = pool_printf(d->pool, "%s, %s", known, keys[i].name);
	return yaml_fail(d->source, node->place, err, "unknown key '%.40s'; known here: %s",
			 node->text, known);
}

static enum ulp_code decode_pairs(struct decoder *d, const struct yaml_node *map,
				  const struct key *keys, size_t nr, bool *seen, void *into,
				  struct ulp_err *err)
{
	for (size_t i = 0; i + 1 < map->nr_items; i += 2) {
		const struct yaml_node *name = map->items[i];
		const struct key *key;
		enum ulp_code code;

		if (name->kind != YAML_SCALAR)
			return yaml_fail(d->source, name->place, err, "a key must be a word");
		key = find_key(keys, nr, name->text);
		if (!key)
			return unknown_key(d, name, keys, nr, err);
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

static enum ulp_code decode_map(struct decoder *d, const struct yaml_node *node,
				const struct key *keys, size_t nr, void *into, struct ulp_err *err)
{
	bool seen[MAX_KEYS] = {false};
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

static enum ulp_code check_list(struct decoder *d, const struct yaml_node *node, bool may_be_empty,
				struct ulp_err *err)
{
	if (node->kind != YAML_LIST)
		return yaml_fail(d->source, node->place, err, "must be a list");
	if (!node->nr_items && !may_be_empty)
		return yaml_fail(d->source, node->place, err, "must not be empty");
	return ULP_OK;
}

/* --- the parts of a spec -------------------------------------------------------- */

static enum ulp_code decode_labels(struct decoder *d, const struct yaml_node *node, void *into,
				   struct ulp_err *err)
{
	struct spec *spec = into;
	enum ulp_code code = check_list(d, node, true, err);

	if (code)
		return code;
	spec->labels = pool_alloc(d->pool, node->nr_items + 1, sizeof(*spec->labels));
	for (size_t i = 0; i < node->nr_items; i++) {
		code = decode_path(d, node->items[i], &spec->labels[i], err);
		if (code)
			return code;
	}
	spec->nr_labels = node->nr_items;
	return ULP_OK;
}

static enum ulp_code once_only(struct decoder *d, const struct yaml_node *node,
			       const struct spec *spec, struct ulp_err *err)
{
	return spec->nr_build_ids ? yaml_fail(d->source, node->place, err,
					      "give either build_id or build_ids, not both")
				  : ULP_OK;
}

static enum ulp_code decode_one_id(struct decoder *d, const struct yaml_node *node, void *into,
				   struct ulp_err *err)
{
	struct spec *spec = into;
	enum ulp_code code = once_only(d, node, spec, err);

	if (code)
		return code;
	spec->build_ids = pool_alloc(d->pool, 1, sizeof(*spec->build_ids));
	code = decode_build_id(d, node, spec->build_ids, err);
	if (!code)
		spec->nr_build_ids = 1;
	return code;
}

static enum ulp_code decode_ids(struct decoder *d, const struct yaml_node *node, void *into,
				struct ulp_err *err)
{
	struct spec *spec = into;
	enum ulp_code code = once_only(d, node, spec, err);

	if (!code)
		code = check_list(d, node, false, err);
	if (code)
		return code;
	spec->build_ids = pool_alloc(d->pool, node->nr_items, sizeof(*spec->build_ids));
	for (size_t i = 0; i < node->nr_items; i++) {
		code = decode_build_id(d, node->items[i], &spec->build_ids[i], err);
		if (code)
			return code;
	}
	spec->nr_build_ids = node->nr_items;
	return ULP_OK;
}

static enum ulp_code decode_target(struct decoder *d, const struct yaml_node *node, void *into,
				   struct ulp_err *err)
{
	static const struct key keys[] = {
		{"soname", true, decode_symbol, offsetof(struct spec, soname)},
		{"build_id", false, decode_one_id, 0},
		{"build_ids", false, decode_ids, 0},
	};

	return decode_map(d, node, keys, sizeof(keys) / sizeof(keys[0]), into, err);
}

static enum ulp_code decode_function(struct decoder *d, const struct yaml_node *node,
				     struct spec_function *f, struct ulp_err *err)
{
	static const struct key keys[] = {
		{"replace", true, decode_symbol, offsetof(struct spec_function, replace)},
		{"with", false, decode_symbol, offsetof(struct spec_function, with)},
		{"source", false, decode_path, offsetof(struct spec_function, source)},
	};
	enum ulp_code code = decode_map(d, node, keys, sizeof(keys) / sizeof(keys[0]), f, err);

	if (!f->with)
		f->with = f->replace;
	f->place = node->place;
	return code;
}

static bool same_function(const struct spec_function *a, const struct spec_function *b)
{
	if (strcmp(a->replace, b->replace) != 0)
		return false;
	return a->source && b->source ? strcmp(a->source, b->source) == 0 : a->source == b->source;
}

static enum ulp_code decode_functions(struct decoder *d, const struct yaml_node *node, void *into,
				      struct ulp_err *err)
{
	struct spec *spec = into;
	enum ulp_code code = check_list(d, node, false, err);

	if (code)
		return code;
	spec->functions = pool_alloc(d->pool, node->nr_items, sizeof(*spec->functions));
	for (size_t i = 0; i < node->nr_items; i++) {
		struct spec_function *f = &spec->functions[i];

		code = decode_function(d, node->items[i], f, err);
		if (code)
			return code;
		for (size_t k = 0; k < i; k++)
			if (same_function(f, &spec->functions[k]))
				return yaml_fail(d->source, f->place, err,
						 "'%.100s' is to be replaced twice", f->replace);
	}
	spec->nr_functions = node->nr_items;
	return ULP_OK;
}

static const struct key spec_keys[] = {
	{"ulp", true, decode_version, 0},
	{"name", true, decode_name, offsetof(struct spec, name)},
	{"description", false, decode_text, offsetof(struct spec, description)},
	{"labels", false, decode_labels, 0},
	{"target", true, decode_target, 0},
	{"functions", true, decode_functions, 0},
	{"consistency", false, decode_consistency, offsetof(struct spec, consistency)},
};

enum ulp_code spec_parse(struct pool *pool, const char *path, const char *text, size_t len,
			 struct spec *spec, struct ulp_err *err)
{
	struct spec s = {.source = {path, text, len}, .description = ""};
	struct decoder d = {.pool = pool, .source = &s.source};
	struct yaml_node *root;
	enum ulp_code code;

	code = yaml_tree_parse(pool, &s.source, &root, err);
	if (!code)
		code = decode_map(&d, root, spec_keys, sizeof(spec_keys) / sizeof(spec_keys[0]), &s,
				  err);
	if (!code)
		*spec = s;
	return code;
}

enum ulp_code spec_load(struct pool *pool, const char *path, struct spec *spec, struct ulp_err *err)
{
	const unsigned char *bytes;
	enum ulp_code code;
	size_t len;

	if (file_is_elf(path)) {
		ulp_fail(err, ULP_ESPEC,
			 "is an object file, not a spec; the spec comes first: "
			 "ulp-packer SPEC.yaml OBJECT.o");
		ulp_err_at(err, "%s", path);
		return ULP_ESPEC;
	}
	code = file_read(pool, path, YAML_MAX_LEN, &bytes, &len, err);
	if (code)
		return code;
	return spec_parse(pool, pool_strdup(pool, path), (const char *)bytes, len, spec, err);
}

enum ulp_code spec_fail(const struct spec *spec, struct yaml_place place, enum ulp_code code,
			struct ulp_err *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ulp_fail(err, code, "%s", text);
	ulp_err_at(err, "%s:%zu:%zu", spec->source.path, place.line, place.column);
	return code;
}
