/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that look like one that was not found. */
#include "config.h"

#include "i18n/i18n.h"
#include "packer/functions.h"
#include "packer/match.h"

#include <string.h>

#define MAX_SHOWN 5u
#define MAX_LEN 64u

static size_t min3(size_t a, size_t b, size_t c)
{
	const size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance of two short names. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[MAX_LEN + 1];

	for (size_t k = 0; k <= b_len; k++)
		row[k] = k;
	for (size_t i = 1; i <= a_len; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= b_len; k++) {
			const size_t above = row[k];

			row[k] = min3(above + 1, row[k - 1] + 1, corner + (a[i - 1] != b[k - 1]));
			corner = above;
		}
	}
	return row[b_len];
}

static bool is_near(const char *name, const char *wanted)
{
	const size_t len = strlen(name), wanted_len = strlen(wanted);

	if (strncmp(name, wanted, wanted_len) == 0 && name[wanted_len] == '.')
		return true;
	if (len > MAX_LEN || wanted_len > MAX_LEN || len + 2 < wanted_len || wanted_len + 2 < len)
		return false;
	return distance(name, len, wanted, wanted_len) <= (wanted_len < 6 ? 1 : 2);
}

static bool is_listed(const char *const *names, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

const char *functions_near(struct pool *pool, const struct elf_symbol *symbols, size_t nr,
			   const char *name)
{
	const char *shown[MAX_SHOWN], *list = "";
	size_t nr_shown = 0;
	bool clone = false;

	for (size_t i = 1; i < nr && nr_shown < MAX_SHOWN; i++) {
		const struct elf_symbol *s = &symbols[i];

		if (s->type != STT_FUNC || s->shndx == SHN_UNDEF || !is_near(s->name, name) ||
		    is_listed(shown, nr_shown, s->name))
			continue;
		shown[nr_shown++] = s->name;
		clone |= name_is_clone(s->name);
		list = pool_printf(pool, "%s%s%s", list, *list ? ", " : _("; near names: "),
				   s->name);
	}
	if (clone)
		list = pool_printf(pool,
				   _("%s (clones that the compiler made of a function: it may "
				     "exist only as these)"),
				   list);
	return list;
}
