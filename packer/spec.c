/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the YAML tree to the spec.  specs/ulp-spec.schema.json says the same for editors. */
#include "config.h"

#include "packer/spec.h"

#include "i18n/i18n.h"
#include "packer/decode.h"
#include "packer/elf_file.h"
#include "packer/spec_parts.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

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
	static const char *const words[ULP_NR_CONSISTENCIES] = {
		[ULP_CONSISTENCY_FUNCTION] = "function",
		[ULP_CONSISTENCY_NONE] = "none",
		[ULP_CONSISTENCY_LIBRARY] = "library",
	};

	for (unsigned i = 0; node->kind == YAML_SCALAR && i < ULP_NR_CONSISTENCIES; i++) {
		if (strcmp(node->text, words[i]) == 0) {
			*(enum ulp_consistency *)into = (enum ulp_consistency)i;
			return ULP_OK;
		}
	}
	return yaml_fail(d->source, node->place, err, "must be 'function', 'library' or 'none'");
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

static enum ulp_code decode_labels(struct decoder *d, const struct yaml_node *node, void *into,
				   struct ulp_err *err)
{
	struct spec *spec = into;
	enum ulp_code code = decode_check_list(d, node, true, err);

	if (code)
		return code;
	spec->labels = pool_alloc(d->pool, node->nr_items + 1, sizeof(*spec->labels));
	for (size_t i = 0; i < node->nr_items; i++) {
		code = decode_line(d, node->items[i], &spec->labels[i], err);
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
		code = decode_check_list(d, node, false, err);
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
	static const struct decode_key keys[] = {
		{"soname", true, decode_symbol, offsetof(struct spec, soname), NULL},
		{"build_id", false, decode_one_id, 0, NULL},
		{"build_ids", false, decode_ids, 0, NULL},
	};

	return decode_map(d, node, keys, sizeof(keys) / sizeof(keys[0]), into, err);
}

static enum ulp_code decode_function(struct decoder *d, const struct yaml_node *node,
				     struct spec_function *f, struct ulp_err *err)
{
	static const struct decode_key keys[] = {
		{"replace", true, decode_symbol, offsetof(struct spec_function, replace), NULL},
		{"with", false, decode_symbol, offsetof(struct spec_function, with), NULL},
		{"source", false, decode_line, offsetof(struct spec_function, source), NULL},
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
	enum ulp_code code = decode_check_list(d, node, false, err);

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

static const struct decode_key spec_keys[] = {
	{"ulp", true, decode_version, 0, NULL},
	{"name", true, decode_patch_name, offsetof(struct spec, name), NULL},
	{"description", false, decode_text, offsetof(struct spec, description), NULL},
	{"labels", false, decode_labels, 0, NULL},
	{"target", true, decode_target, 0, NULL},
	{"functions", true, decode_functions, 0, NULL},
	{"consistency", false, decode_consistency, offsetof(struct spec, consistency), NULL},
	{"requires", false, decode_requires, 0, NULL},
	{"conflicts", false, decode_conflicts, 0, NULL},
	{"supersedes", false, decode_supersedes, 0, NULL},
	{"references", false, decode_references, 0, NULL},
	{"accept", false, decode_accepts, 0, NULL},
	{.name = "callbacks",
	 .refused = N_(
		 "callbacks are not supported: no code of a live patch runs while the process is "
		 "stopped; let a replaced function do the work when it is called for the first "
		 "time")},
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
		code = check_relations(&d, &s, err);
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
	va_list args;

	va_start(args, fmt);
	(void)ulp_vfail(err, code, fmt, args);
	va_end(args);
	ulp_err_at(err, "%s:%zu:%zu", spec->source.path, place.line, place.column);
	return code;
}
