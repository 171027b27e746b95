/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The libraries that a target needs, found as the dynamic linker would: breadth first. */
#include "config.h"

#include "packer/library.h"

#include <string.h>
#include <unistd.h>

/* No real process has more libraries; bounds the work on a made-up one. */
#define MAX_PROVIDERS 1000u

void search_path_add(struct search_path *path, struct pool *pool, const char *dir)
{
	path->dirs = pool_grow(pool, path->dirs, path->nr_dirs, &path->cap, sizeof(*path->dirs));
	path->dirs[path->nr_dirs++] = dir;
}

const char *search_path_find(const struct search_path *path, struct pool *pool, const char *name)
{
	if (strchr(name, '/'))
		return access(name, R_OK) == 0 ? name : NULL;
	for (size_t i = 0; i < path->nr_dirs; i++) {
		const char *file = pool_printf(pool, "%s/%s", path->dirs[i], name);

		if (access(file, R_OK) == 0)
			return file;
	}
	return NULL;
}

static bool name_in(const char *const *names, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A file of this name that is a library for the machine, NULL for none. */
static const struct library *open_matching(struct pool *pool, const char *name, uint16_t machine,
					   const struct search_path *path, struct library *l)
{
	for (size_t i = 0; i < path->nr_dirs; i++) {
		const struct search_path one = {.dirs = &path->dirs[i], .nr_dirs = 1};
		const char *file = search_path_find(&one, pool, name);
		struct ulp_err ignored;

		if (file && library_open(pool, file, l, &ignored) == ULP_OK &&
		    l->file.elf.ehdr.e_machine == machine)
			return l;
	}
	return NULL;
}

/* Opening what is needed, on its way. */
struct opening {
	struct pool *pool;
	const struct search_path *path;
	uint16_t machine;
	struct providers *providers;
	const char **seen; /* sonames looked for already */
	size_t nr_seen;
	size_t cap;
};

static void add_missing(struct opening *o, const char *name)
{
	struct providers *p = o->providers;

	p->missing =
		pool_grow(o->pool, p->missing, p->nr_missing, &p->missing_cap, sizeof(*p->missing));
	p->missing[p->nr_missing++] = name;
}

static bool open_once(struct opening *o, const char *name)
{
	struct providers *p = o->providers;
	struct library l;

	if (name_in(o->seen, o->nr_seen, name))
		return true;
	if (o->nr_seen == MAX_PROVIDERS)
		return false;
	o->seen = pool_grow(o->pool, o->seen, o->nr_seen, &o->cap, sizeof(*o->seen));
	o->seen[o->nr_seen++] = name;
	if (!open_matching(o->pool, name, o->machine, o->path, &l)) {
		add_missing(o, name);
		return true;
	}
	p->libraries =
		pool_grow(o->pool, p->libraries, p->nr_libraries, &p->cap, sizeof(*p->libraries));
	p->libraries[p->nr_libraries++] = l;
	return true;
}

static bool open_all(struct opening *o, const char *const *names, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!open_once(o, names[i]))
			return false;
	return true;
}

enum ulp_code providers_open(struct pool *pool, const struct library *library,
			     const struct search_path *path, struct providers *providers,
			     struct ulp_err *err)
{
	/* A library that calls nothing may not name it, but each process has it. */
	static const char *const always[] = {"libc.so.6"};
	struct opening o = {
		.pool = pool,
		.path = path,
		.machine = library->file.elf.ehdr.e_machine,
		.providers = providers,
	};
	bool ok = open_all(&o, library->needed, library->nr_needed) && open_all(&o, always, 1);

	for (size_t i = 0; ok && i < providers->nr_libraries; i++)
		ok = open_all(&o, providers->libraries[i].needed,
			      providers->libraries[i].nr_needed);
	if (ok)
		return ULP_OK;
	ulp_fail(err, ULP_EUNSUP, "needs more than %u libraries", MAX_PROVIDERS);
	ulp_err_at(err, "%s", library->file.path);
	return ULP_EUNSUP;
}

const struct library *providers_find(const struct providers *providers, const char *name,
				     const char *version, const struct elf_symbol **symbol)
{
	for (size_t i = 0; i < providers->nr_libraries; i++) {
		*symbol = library_export(&providers->libraries[i], name, version);
		if (*symbol)
			return &providers->libraries[i];
	}
	return NULL;
}
