/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dlsym(RTLD_NEXT) takes the dynamic linker's lock and may allocate, and our
 * constructor runs after those of libraries that throw exceptions already.  So
 * we look ourselves, by reading only.  What is looked for is in libc.so.6 or in
 * the dynamic linker, or in another preloaded library: loaded at start-up, never
 * unloaded, and in the list before all that comes and goes.
 */
#include "config.h"

#include "runtime/next_symbol.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

/* Of the dynamic linker.  Weak: the linker shall not note a need of it. */
#pragma weak _r_debug

/* The second half of a DT_VERSYM word: not the default version of its symbol. */
#define VERSYM_HIDDEN 0x8000u

struct tables {
	const ElfW(Sym) * symtab;
	const char *strtab;
	const uint32_t *gnu_hash;
	const ElfW(Half) * versym; /* NULL for none */
};

/* The dynamic linker has made addresses of them already, but where it cannot write (the vDSO). */
static const void *table_at(const struct link_map *map, const ElfW(Dyn) * dyn)
{
	uintptr_t at = dyn->d_un.d_ptr;

	if (at < map->l_addr)
		at += map->l_addr;
	return (const void *)at;
}

static bool tables_find(const struct link_map *map, struct tables *t)
{
	*t = (struct tables){0};
	for (const ElfW(Dyn) *dyn = map->l_ld; dyn && dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			t->symtab = table_at(map, dyn);
		else if (dyn->d_tag == DT_STRTAB)
			t->strtab = table_at(map, dyn);
		else if (dyn->d_tag == DT_GNU_HASH)
			t->gnu_hash = table_at(map, dyn);
		else if (dyn->d_tag == DT_VERSYM)
			t->versym = table_at(map, dyn);
	}
	return t->symtab && t->strtab && t->gnu_hash;
}

/* The hash function of DT_GNU_HASH. */
static uint32_t gnu_hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	return hash;
}

/* Not strcmp(): others may have their own, not ready for calls at any time. */
static bool is_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool is_wanted(const struct tables *t, uint32_t i, const char *name)
{
	const ElfW(Sym) *sym = &t->symtab[i];

	return sym->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(sym->st_info) == STT_FUNC &&
	       !(t->versym && t->versym[i] & VERSYM_HIDDEN) &&
	       is_same(t->strtab + sym->st_name, name);
}

/* Index of the symbol, 0 if it is not there. */
static uint32_t symbol_find(const struct tables *t, const char *name)
{
	/* nr_buckets, first symbol, words of the filter, its shift; filter, buckets, chains. */
	const uint32_t *head = t->gnu_hash;
	const uint32_t *buckets = head + 4 + head[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *chains = buckets + head[0];
	uint32_t hash = gnu_hash_of(name);
	uint32_t i = head[0] ? buckets[hash % head[0]] : 0;

	/* The lowest bit of the last hash in a chain is set. */
	for (; i >= head[1] && i; i++) {
		uint32_t other = chains[i - head[1]];

		if ((other | 1) == (hash | 1) && is_wanted(t, i, name))
			return i;
		if (other & 1)
			return 0;
	}
	return 0;
}

static const struct r_debug *debug_of_executable(void)
{
	const ElfW(Phdr) *phdrs = (const void *)getauxval(AT_PHDR);
	const ElfW(Phdr) *dynamic = NULL;
	size_t nr = phdrs ? getauxval(AT_PHNUM) : 0;
	uintptr_t bias = 0;

	for (size_t i = 0; i < nr; i++) {
		if (phdrs[i].p_type == PT_PHDR)
			bias = (uintptr_t)phdrs - phdrs[i].p_vaddr;
		if (phdrs[i].p_type == PT_DYNAMIC)
			dynamic = &phdrs[i];
	}
	if (!dynamic)
		return NULL;
	for (const ElfW(Dyn) *dyn = (const void *)(bias + dynamic->p_vaddr); dyn->d_tag != DT_NULL;
	     dyn++)
		if (dyn->d_tag == DT_DEBUG)
			return (const void *)dyn->d_un.d_ptr;
	return NULL;
}

/*
 * The symbol _r_debug may be the executable's own of that name: only where the
 * executable has no DT_DEBUG.
 */
static const struct link_map *objects(void)
{
	const struct r_debug *debug = debug_of_executable();

	if (!debug)
		debug = &_r_debug;
	return debug ? debug->r_map : NULL;
}

void *next_symbol(const char *name)
{
	const struct link_map *first = objects();
	const struct link_map *map;

	for (map = first; map && map->l_ld != _DYNAMIC; map = map->l_next)
		continue;
	/* Not in the list: mapped by ulp(1), not loaded by the dynamic linker. */
	map = map ? map->l_next : first;
	for (; map; map = map->l_next) {
		struct tables t;
		uint32_t i;

		if (!tables_find(map, &t))
			continue;
		i = symbol_find(&t, name);
		if (i)
			return (void *)(map->l_addr + t.symtab[i].st_value);
	}
	return NULL;
}
