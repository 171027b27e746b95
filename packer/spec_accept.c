/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key accept: which refusals of the packer the author overrules, and why. */
#include "config.h"

#include "packer/spec.h"
#include "packer/spec_parts.h"

#include <string.h>

#define MIN_REASON 10u /* characters: less does not tell a reader anything */

/* What `name` is, for each refusal that can be overruled. */
static const struct refusal {
	const char *word, *names;
} refusals[] = {
	{"struct-layout", "a type"},
	{"prototype", "a function"},
	{"initial-value", "a variable"},
	{"stale-copy", "a function that keeps an old copy of a replaced one"},
};

#define NR_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

static enum ulp_code decode_refusal(struct decoder *d, const struct yaml_node *node, void *into,
				    struct ulp_err *err)
{
	const char *known = refusals[0].word;
	enum ulp_code code = decode_line(d, node, into, err);

	if (code)
		return code;
	for (size_t i = 0; i < NR_REFUSALS; i++)
		if (strcmp(node->text, refusals[i].word) == 0)
			return ULP_OK;
	for (size_t i = 1; i < NR_REFUSALS; i++)
		known = pool_printf(d->pool, "%s, %s", known, refusals[i].word);
	return yaml_fail(d->source, node->place, err,
			 "unknown refusal '%.40s'; these can be overruled: %s", node->text, known);
}

/* From the first character that is not a space to the last one, in characters. */
static size_t text_width(const char *text)
{
	size_t nr = 0, last = 0;

	for (text += strspn(text, " "); *text; text++) {
		nr += ((unsigned char)*text & 0xc0) != 0x80;
		if (*text != ' ')
			last = nr;
	}
	return last;
}

static enum ulp_code decode_reason(struct decoder *d, const struct yaml_node *node, void *into,
				   struct ulp_err *err)
{
	enum ulp_code code = decode_line(d, node, into, err);

	if (!code && text_width(node->text) < MIN_REASON)
		code = yaml_fail(d->source, node->place, err,
				 "say in words why this is right, in at least %u characters",
				 MIN_REASON);
	return code;
}

static enum ulp_code decode_accept(struct decoder *d, const struct yaml_node *node,
				   struct spec_accept *accept, struct ulp_err *err)
{
	static const struct decode_key keys[] = {
		{"refusal", true, decode_refusal, offsetof(struct spec_accept, refusal), NULL},
		{"name", true, decode_line, offsetof(struct spec_accept, name), NULL},
		{"reason", true, decode_reason, offsetof(struct spec_accept, reason), NULL},
	};

	accept->place = node->place;
	return decode_map(d, node, keys, sizeof(keys) / sizeof(keys[0]), accept, err);
}

enum ulp_code decode_accepts(struct decoder *d, const struct yaml_node *node, void *into,
			     struct ulp_err *err)
{
	struct spec *spec = into;
	enum ulp_code code = decode_check_list(d, node, true, err);

	if (code)
		return code;
	if (node->nr_items > ULP_MAX_ACCEPTS)
		return yaml_fail(d->source, node->place, err, "has more than %u items",
				 ULP_MAX_ACCEPTS);
	spec->accepts = pool_alloc(d->pool, node->nr_items + 1, sizeof(*spec->accepts));
	for (size_t i = 0; i < node->nr_items; i++) {
		struct spec_accept *a = &spec->accepts[i];

		code = decode_accept(d, node->items[i], a, err);
		if (code)
			return code;
		if (spec_accepted(spec, a->refusal, a->name))
			return yaml_fail(d->source, a->place, err,
					 "%s of '%.100s' is accepted twice", a->refusal, a->name);
		spec->nr_accepts++;
	}
	return ULP_OK;
}

const struct spec_accept *spec_accepted(const struct spec *spec, const char *refusal,
					const char *name)
{
	for (size_t i = 0; i < spec->nr_accepts; i++)
		if (strcmp(spec->accepts[i].refusal, refusal) == 0 &&
		    strcmp(spec->accepts[i].name, name) == 0)
			return &spec->accepts[i];
	return NULL;
}
