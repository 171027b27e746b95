/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/link_list.h"

#include <stdlib.h>
#include <string.h>

/* More than any real process has; bounds the walk through a list that loops. */
#define MAX_NODES 4096u

static bool add(struct link_list *list, size_t *cap, uint64_t at, const struct link_map *map)
{
	if (list->nr == *cap) {
		size_t more = *cap ? 2 * *cap : 64;
		struct link_node *grown = reallocarray(list->nodes, more, sizeof(*grown));

		if (!grown)
			return false;
		list->nodes = grown;
		*cap = more;
	}
	list->nodes[list->nr++] = (struct link_node){at, *map};
	return true;
}

enum ulp_code link_list_read(struct reader *r, uint64_t first, struct link_list *ret,
			     struct ulp_err *err)
{
	struct link_list list = {0};
	size_t cap = 0;

	for (uint64_t at = first; at && !list.end.code;) {
		struct link_map map;

		if (reader_read(r, at, &map, sizeof(map), &list.end))
			break;
		if (list.nr == MAX_NODES) {
			(void)ulp_fail(&list.end, ULP_EELF,
				       "the list of loaded objects does not end");
			break;
		}
		if (!add(&list, &cap, at, &map)) {
			link_list_deinit(&list);
			return ulp_fail(err, ULP_ENOMEM, "out of memory");
		}
		at = (uint64_t)(uintptr_t)map.l_next;
	}
	if (list.end.code == ULP_EGONE) {
		link_list_deinit(&list);
		return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
	}
	*ret = list;
	return ULP_OK;
}

bool link_list_same(const struct link_list *a, const struct link_list *b)
{
	return a->nr == b->nr && a->end.code == b->end.code &&
	       (!a->nr || memcmp(a->nodes, b->nodes, a->nr * sizeof(*a->nodes)) == 0);
}

bool link_list_has(const struct link_list *list, uint64_t at, uint64_t bias, uint64_t dynamic_at)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct link_node *node = &list->nodes[i];

		if (node->at == at)
			return node->map.l_addr == bias &&
			       (uint64_t)(uintptr_t)node->map.l_ld == dynamic_at;
	}
	return false;
}

void link_list_deinit(struct link_list *list)
{
	free(list->nodes);
	*list = (struct link_list){0};
}
