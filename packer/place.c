/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where in the source a byte of an object comes from, by libbfd. */
#include "config.h"

#include "packer/object.h"

#include "packer/bfd_open.h"

#include <string.h>

/*
 * libbfd has no ELF section indices; names repeat (COMDAT groups), so the n-th
 * section of a name here is the n-th there.
 */
static asection *find_section(bfd *abfd, const struct object *object, size_t section)
{
	const char *name = object->sections[section].name;
	size_t nth = 0;

	for (size_t i = 1; i < section; i++)
		nth += strcmp(object->sections[i].name, name) == 0;
	for (asection *s = abfd->sections; s; s = s->next)
		if (strcmp(s->name, name) == 0 && nth-- == 0)
			return s;
	return NULL;
}

static const char *nearest_line(struct pool *pool, bfd *abfd, asection *section, uint64_t off)
{
	const char *file = NULL, *function = NULL, *found = NULL;
	const long size = bfd_get_symtab_upper_bound(abfd);
	unsigned line = 0;
	asymbol **symbols;

	if (size <= 0)
		return NULL;
	symbols = pool_alloc(pool, (size_t)size, 1);
	if (bfd_canonicalize_symtab(abfd, symbols) < 0)
		return NULL;
	if (bfd_find_nearest_line(abfd, section, symbols, off, &file, &function, &line) && file &&
	    line)
		found = pool_printf(pool, "%s:%u", file, line);
	return found;
}

const char *object_place(struct pool *pool, const struct object *object, size_t section,
			 uint64_t off)
{
	const char *in_object =
		pool_printf(pool, "%s: %s+0x%llx", object->file.base_name,
			    object->sections[section].name, (unsigned long long)off);
	const char *line = NULL;
	asection *s;
	bfd *abfd;

	abfd = bfd_open_object(object->file.path);
	if (!abfd)
		return in_object;
	s = find_section(abfd, object, section);
	if (s)
		line = nearest_line(pool, abfd, s, off);
	bfd_close(abfd);
	return line ? pool_printf(pool, "%s (%s)", line, in_object) : in_object;
}
