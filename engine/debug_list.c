/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/debug_list.h"
#include "engine/symbols.h"

/* More namespaces than glibc can have (16, DL_NNS); bounds the walk through a list that loops. */
#define MAX_NODES 64u

/* The first that tells of several namespaces, for which r_next is. */
#define VERSION_EXTENDED 2

/*
 * Nothing says whether there is an r_next before there is a second namespace.
 * __rseq_offset came to the dynamic linker with the same release of glibc, 2.35.
 */
uint64_t debug_list_find(struct reader *r, const struct ulp_objects *objs)
{
	for (size_t i = 0; i < objs->nr; i++) {
		const struct ulp_object *o = &objs->list[i];
		struct ulp_symbol sym;

		if (objs->r_debug >= o->start && objs->r_debug < o->end)
			return symbol_in_object(r, o, "__rseq_offset", "GLIBC_2.35", &sym)
				       ? objs->r_debug
				       : 0;
	}
	return 0;
}

/* --- the list of link maps ----------------------------------------------------- */

static uint64_t link_map_at(const struct registry_patch *p)
{
	return p->at + offsetof(struct ulp_reg_patch, link_map);
}

/* *now: the member at `at`, as it is known to be. */
static enum ulp_code set(struct ulp_space *s, uint64_t at, uint64_t *now, uint64_t value,
			 struct ulp_err *err)
{
	enum ulp_code code;

	if (*now == value)
		return ULP_OK;
	code = space_write_later(s, at, &value, sizeof(value), err);
	if (!code)
		*now = value;
	return code;
}

enum ulp_code debug_list_chain(struct registry *reg, size_t first, struct ulp_space *s,
			       struct ulp_err *err)
{
	uint64_t oldest = reg->nr > first ? link_map_at(&reg->patches[reg->nr - 1]) : 0;
	enum ulp_code code = ULP_OK;

	/* The records are listed newest first, the link maps oldest first. */
	for (size_t i = first; i < reg->nr && !code; i++) {
		struct registry_patch *p = &reg->patches[i];
		uint64_t newer = i > first ? link_map_at(&reg->patches[i - 1]) : 0;

		code = set(s, link_map_at(p) + offsetof(struct ulp_reg_link_map, next),
			   &p->head.link_map.next, newer, err);
	}
	if (code)
		return code;
	return set(s,
		   reg->at + offsetof(struct ulp_registry, debug) +
			   offsetof(struct ulp_reg_debug, map),
		   &reg->head.debug.map, oldest, err);
}

/* --- the list of namespaces ------------------------------------------------------ */

static uint64_t node_at(const struct registry *reg)
{
	return reg->at + offsetof(struct ulp_registry, debug);
}

static bool node_read(struct ulp_space *s, uint64_t at, struct ulp_reg_debug *node)
{
	return space_read(s, at, node, sizeof(*node), NULL) == ULP_OK;
}

/*
 * Address of the node that ours is to be put behind, 0 if the list cannot be
 * followed to its end.  *linked: ours is in it already.
 */
static uint64_t last_node(const struct registry *reg, struct ulp_space *s, bool *linked)
{
	uint64_t at = reg->r_debug;

	*linked = false;
	for (unsigned n = 0; n < MAX_NODES; n++) {
		struct ulp_reg_debug node;

		if (!node_read(s, at, &node))
			return 0;
		if (node.next == node_at(reg))
			*linked = true;
		if (!node.next || *linked)
			return at;
		at = node.next;
	}
	return 0;
}

/* Our node, ready to be the last of the list. */
static enum ulp_code node_prepare(struct registry *reg, struct ulp_space *s,
				  const struct ulp_reg_debug *base)
{
	struct ulp_reg_debug *node = &reg->head.debug;

	node->version = VERSION_EXTENDED;
	node->brk = base->brk;
	node->state = 0;
	node->ldbase = base->ldbase;
	node->next = 0;
	return space_write_later(s, node_at(reg), node, sizeof(*node), NULL);
}

void debug_list_link(struct registry *reg, struct ulp_space *s)
{
	const int32_t version = VERSION_EXTENDED;
	const uint64_t ours = node_at(reg);
	enum ulp_code code = ULP_OK;
	struct ulp_reg_debug base;
	uint64_t last;
	bool linked;

	if (!reg->r_debug || !reg->head.debug.map || !node_read(s, reg->r_debug, &base))
		return;
	last = last_node(reg, s, &linked);
	if (!last)
		return;
	if (!linked)
		code = node_prepare(reg, s, &base);
	if (!code && !linked)
		code = space_write_later(s, last + offsetof(struct ulp_reg_debug, next), &ours,
					 sizeof(ours), NULL);
	/* Last: by it debuggers know that there is something to follow. */
	if (!code && base.version < version)
		code = space_write_later(s, reg->r_debug + offsetof(struct ulp_reg_debug, version),
					 &version, sizeof(version), NULL);
	if (!code)
		code = space_flush(s, NULL);
	(void)code; /* without it debuggers do not see the containers */
}
