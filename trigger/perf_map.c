/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/perf_map.h"

static void print_function(const struct report *r, const struct registry_patch *p,
			   const struct ulp_reg_function *f)
{
	report_say(r, "%llx %llx %s [%s]\n", (unsigned long long)f->new_addr,
		   (unsigned long long)f->new_size, quoted(registry_string(p, f->name)).text,
		   quoted(registry_string(p, p->head.file)).text);
}

void perf_map_print(const struct report *r, const struct target *t)
{
	const struct registry *reg = &t->engine.registry;

	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];

		for (uint32_t k = 0; k < p->head.nr_functions; k++)
			/* Of an entry in two words there are two items, one after the other. */
			if (!k || p->functions[k].new_addr != p->functions[k - 1].new_addr)
				print_function(r, p, &p->functions[k]);
	}
}
