/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/registry.h"

#include <string.h>

/* false: the word does not change, or its page could not be written. */
static bool rewrite(const struct registry *reg, uint64_t at, struct ulp_space *s)
{
	uint8_t want[8];
	uint8_t now[8];

	return registry_word_changes(reg, at) && registry_word(reg, at, false, want) &&
	       !space_read(s, at, now, sizeof(now), NULL) && memcmp(now, want, sizeof(now)) == 0 &&
	       !space_write(s, at, now, sizeof(now), NULL);
}

void registry_copy_pages(const struct registry *reg, struct ulp_space *s)
{
	const uint64_t page_size = (uint64_t)s->page_size;
	uint64_t last = UINT64_MAX;

	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];

		if (!registry_patch_changes(p))
			continue;
		for (uint32_t k = 0; k < p->head.nr_functions; k++) {
			const uint64_t at = p->functions[k].word_addr;

			if (at / page_size != last && rewrite(reg, at, s))
				last = at / page_size;
		}
	}
}
