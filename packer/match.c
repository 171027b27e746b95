/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which private symbol of the target is meant. */
#include "config.h"

#include "packer/match.h"

#include "i18n/i18n.h"

#include <string.h>

bool name_is_cold(const char *name)
{
	const char *dot = strstr(name, ".cold");

	return dot && dot != name && (dot[5] == 0 || dot[5] == '.');
}

bool name_is_clone(const char *name)
{
	static const char *const marks[] = {".part.", ".constprop.", ".isra.", ".clone."};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(name, marks[i]))
			return true;
	return false;
}

bool name_is_type_info(const char *name)
{
	return strncmp(name, "_ZTI", 4) == 0 || strncmp(name, "_ZTS", 4) == 0;
}

bool name_is_numbered(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name && dot[1] && !dot[1 + strspn(dot + 1, "0123456789")];
}

static bool same_base(const char *a, const char *b)
{
	const char *dot = strrchr(a, '.');

	return name_is_numbered(a) && name_is_numbered(b) && strrchr(b, '.') - b == dot - a &&
	       strncmp(a, b, (size_t)(dot - a)) == 0;
}

static bool wanted_type(const struct elf_symbol *s, enum match_want want)
{
	const bool function = s->type == STT_FUNC || s->type == STT_GNU_IFUNC;
	const bool data = s->type == STT_OBJECT || s->type == STT_COMMON || s->type == STT_TLS;

	if (s->type == STT_NOTYPE) /* assembler code */
		return true;
	return (function && want != MATCH_DATA) || (data && want != MATCH_FUNCTION);
}

static bool is_candidate(const struct elf_symbol *s, enum match_want want)
{
	return s->shndx != SHN_UNDEF && s->shndx != SHN_ABS && *s->name && wanted_type(s, want);
}

static void add_candidate(struct pool *pool, struct match *m, size_t *cap,
			  const struct elf_symbol *s)
{
	for (size_t i = 0; i < m->nr_candidates; i++)
		if (m->candidates[i]->value == s->value && m->candidates[i]->type == s->type)
			return;
	m->candidates =
		pool_grow(pool, m->candidates, m->nr_candidates, cap, sizeof(struct elf_symbol *));
	m->candidates[m->nr_candidates++] = s;
	m->symbol = m->nr_candidates == 1 ? s : NULL;
}

/* Whether a source file's own mark (STT_FILE) and a path mean the same file. */
static bool same_file(const char *mark, const char *path)
{
	return *mark && strcmp(mark, path_base_name(path)) == 0;
}

static bool was_global(const struct elf_symbol *s)
{
	return s->bind != STB_LOCAL || !*s->file;
}

struct match match_all(struct pool *pool, const struct target *target, const char *name,
		       enum match_want want)
{
	struct match m = {0};
	size_t cap = 0;

	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (is_candidate(s, want) && strcmp(s->name, name) == 0)
			add_candidate(pool, &m, &cap, s);
	}
	return m;
}

static struct match all_of_base(struct pool *pool, const struct target *target, const char *name)
{
	struct match m = {0};
	size_t cap = 0;

	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (is_candidate(s, MATCH_DATA) && same_base(s->name, name))
			add_candidate(pool, &m, &cap, s);
	}
	return m;
}

static struct match of_file_no(struct pool *pool, const struct match *some, size_t file_no)
{
	struct match m = {0};
	size_t cap = 0;

	for (size_t i = 0; i < some->nr_candidates; i++)
		if (some->candidates[i]->file_no == file_no)
			add_candidate(pool, &m, &cap, some->candidates[i]);
	return m;
}

struct match match_in_file(struct pool *pool, const struct match *all, const char *source,
			   size_t file_no)
{
	struct match m = {0}, exact;
	size_t cap = 0;

	for (size_t i = 0; i < all->nr_candidates; i++)
		if (!was_global(all->candidates[i]) && same_file(all->candidates[i]->file, source))
			add_candidate(pool, &m, &cap, all->candidates[i]);
	if (!file_no)
		return m;
	exact = of_file_no(pool, &m, file_no);
	return exact.nr_candidates ? exact : m;
}

static struct match only_global(struct pool *pool, const struct match *all)
{
	struct match m = {0};
	size_t cap = 0;

	for (size_t i = 0; i < all->nr_candidates; i++)
		if (was_global(all->candidates[i]))
			add_candidate(pool, &m, &cap, all->candidates[i]);
	return m;
}

struct match match_find(struct pool *pool, const struct target *target,
			const struct match_query *query)
{
	const struct match none = {0};
	struct match all, part;

	all = query->scope == MATCH_STATIC_LOCAL
		      ? all_of_base(pool, target, query->name)
		      : match_all(pool, target, query->name, query->want);
	if (query->scope == MATCH_GLOBAL || query->scope == MATCH_ELSEWHERE) {
		part = only_global(pool, &all);
		if (part.nr_candidates)
			return part;
	}
	part = match_in_file(pool, &all, query->file, query->file_no);
	if (part.nr_candidates)
		return part;
	if (query->scope == MATCH_ELSEWHERE)
		return all;
	/*
	 * The object's own source is part of the target, and does not have it
	 * there: what other files have under this name is something else.
	 */
	if (query->scope == MATCH_GLOBAL || target_has_file(target, query->file))
		return none;
	return all;
}

const char *match_list(struct pool *pool, const struct match *match)
{
	const char *list = "";

	for (size_t i = 0; i < match->nr_candidates && i < 8; i++) {
		const struct elf_symbol *s = match->candidates[i];

		list = pool_printf(pool, _("%s%s%s%s%s at 0x%llx"), list, *list ? ", " : "",
				   s->name, *s->file ? _(" in ") : "", s->file,
				   (unsigned long long)s->value);
	}
	if (match->nr_candidates > 8)
		list = pool_printf(pool, _("%s and %zu more"), list, match->nr_candidates - 8);
	return list;
}
