/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From libyaml's events to a tree. */
#include "config.h"

#include "packer/yaml_tree.h"

#include "i18n/i18n.h"

#include <string.h>
#include <yaml.h>

struct builder {
	struct pool *pool;
	const struct yaml_source *source;
	yaml_parser_t parser;
	size_t nr_nodes;
};

static struct yaml_place place_of(yaml_mark_t mark)
{
	return (struct yaml_place){mark.line + 1, mark.column + 1};
}

/* libyaml names bytes that are not characters by their offset only. */
static struct yaml_place place_of_offset(const struct yaml_source *source, size_t off)
{
	struct yaml_place place = {1, 1};

	for (size_t i = 0; i < off && i < source->len; i++) {
		if (source->text[i] == '\n')
			place = (struct yaml_place){place.line + 1, 1};
		else if (((unsigned char)source->text[i] & 0xc0) != 0x80)
			place.column++;
	}
	return place;
}

static enum ulp_code parser_fail(struct builder *b, struct ulp_err *err)
{
	const yaml_parser_t *p = &b->parser;

	if (p->error == YAML_MEMORY_ERROR)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	if (p->error == YAML_READER_ERROR)
		return yaml_fail(b->source, place_of_offset(b->source, p->problem_offset), err,
				 "%s", p->problem);
	return yaml_fail(b->source, place_of(p->problem_mark), err, "%s%s%s",
			 p->context ? p->context : "", p->context ? ": " : "",
			 p->problem ? p->problem : _("not valid YAML"));
}

static enum ulp_code next_event(struct builder *b, yaml_event_t *event, struct ulp_err *err)
{
	memset(event, 0, sizeof(*event));
	return yaml_parser_parse(&b->parser, event) ? ULP_OK : parser_fail(b, err);
}

static enum ulp_code build_node(struct builder *b, const yaml_event_t *event, unsigned depth,
				struct yaml_node **ret, struct ulp_err *err);

static struct yaml_node *add_node(struct builder *b, enum yaml_kind kind, yaml_mark_t mark)
{
	struct yaml_node *node = pool_alloc(b->pool, 1, sizeof(*node));

	node->kind = kind;
	node->place = place_of(mark);
	b->nr_nodes++;
	return node;
}

static enum ulp_code build_items(struct builder *b, struct yaml_node *node, unsigned depth,
				 struct ulp_err *err)
{
	for (;;) {
		struct yaml_node *item = NULL;
		enum ulp_code code;
		yaml_event_t event;
		bool end;

		code = next_event(b, &event, err);
		if (code)
			return code;
		end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
		if (!end)
			code = build_node(b, &event, depth, &item, err);
		yaml_event_delete(&event);
		if (code || end)
			return code;
		node->items = pool_grow(b->pool, node->items, node->nr_items, &node->cap,
					sizeof(struct yaml_node *));
		node->items[node->nr_items++] = item;
	}
}

static enum ulp_code build_scalar(struct builder *b, const yaml_event_t *event,
				  struct yaml_node **ret, struct ulp_err *err)
{
	const char *text = (const char *)event->data.scalar.value;
	const size_t len = event->data.scalar.length;
	struct yaml_node *node = add_node(b, YAML_SCALAR, event->start_mark);

	if (event->data.scalar.tag || event->data.scalar.anchor)
		return yaml_fail(b->source, node->place, err, "anchors and tags are not allowed");
	if (memchr(text, 0, len))
		return yaml_fail(b->source, node->place, err, "holds a NUL character");
	node->text = pool_strndup(b->pool, text, len);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	*ret = node;
	return ULP_OK;
}

static enum ulp_code build_node(struct builder *b, const yaml_event_t *event, unsigned depth,
				struct yaml_node **ret, struct ulp_err *err)
{
	const bool list = event->type == YAML_SEQUENCE_START_EVENT;
	const struct yaml_place place = place_of(event->start_mark);

	if (depth >= YAML_MAX_DEPTH)
		return yaml_fail(b->source, place, err, "nested too deeply");
	if (b->nr_nodes >= YAML_MAX_NODES)
		return yaml_fail(b->source, place, err, "more than %u items", YAML_MAX_NODES);
	if (event->type == YAML_SCALAR_EVENT)
		return build_scalar(b, event, ret, err);
	if (event->type == YAML_ALIAS_EVENT)
		return yaml_fail(b->source, place, err, "aliases are not allowed");
	if (list ? event->data.sequence_start.anchor || event->data.sequence_start.tag
		 : event->data.mapping_start.anchor || event->data.mapping_start.tag)
		return yaml_fail(b->source, place, err, "anchors and tags are not allowed");
	*ret = add_node(b, list ? YAML_LIST : YAML_MAP, event->start_mark);
	return build_items(b, *ret, depth + 1, err);
}

/* The events of a stream are: start, (document start, node, document end)*, end. */
static enum ulp_code build_stream(struct builder *b, struct yaml_node **root, struct ulp_err *err)
{
	*root = NULL;
	for (;;) {
		enum ulp_code code;
		yaml_event_t event;
		bool end;

		code = next_event(b, &event, err);
		if (code)
			return code;
		end = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && *root)
			code = yaml_fail(b->source, place_of(event.start_mark), err,
					 "a second document; a spec is one document");
		else if (event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
			 event.type == YAML_SEQUENCE_START_EVENT ||
			 event.type == YAML_MAPPING_START_EVENT)
			code = build_node(b, &event, 0, root, err);
		yaml_event_delete(&event);
		if (code || end)
			return code;
	}
}

enum ulp_code yaml_tree_parse(struct pool *pool, const struct yaml_source *source,
			      struct yaml_node **root, struct ulp_err *err)
{
	const struct yaml_place start = {1, 1};
	struct builder b = {.pool = pool, .source = source};
	enum ulp_code code;

	if (!yaml_parser_initialize(&b.parser))
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)source->text, source->len);
	code = build_stream(&b, root, err);
	yaml_parser_delete(&b.parser);
	if (!code && !*root)
		code = yaml_fail(source, start, err, "the spec is empty");
	return code;
}
