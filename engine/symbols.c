/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/symbols.h"

#include <string.h>

/* More than any hash chain or version list has; bounds a walk through one that loops. */
#define MAX_STEPS (1u << 20)

/* Bit 15 of a .gnu.version entry: not for unversioned references. */
#define VERSYM_HIDDEN 0x8000u

/* The hash function of DT_GNU_HASH: h * 33 + c, from 5381 on (glibc, elf/dl-hash.h). */
static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		h = h * 33 + *c;
	return h;
}

static bool read_at(struct reader *r, uint64_t at, void *buf, size_t len)
{
	return reader_read(r, at, buf, len, NULL) == ULP_OK;
}

/* Whether the version with this index in the object's DT_VERDEF has this name. */
static bool verdef_is(struct reader *r, const struct ulp_object *o, unsigned index,
		      const char *version)
{
	uint64_t at = o->dyn.verdef;

	for (uint64_t i = 0; i < o->dyn.nr_verdef && i < MAX_STEPS; i++) {
		Elf64_Verdef def;
		Elf64_Verdaux aux;

		if (!read_at(r, at, &def, sizeof(def)))
			return false;
		if (def.vd_ndx == index)
			return read_at(r, at + def.vd_aux, &aux, sizeof(aux)) &&
			       reader_string_is(r, o->dyn.strtab + aux.vda_name, version);
		if (!def.vd_next)
			return false;
		at += def.vd_next;
	}
	return false;
}

static bool version_fits(struct reader *r, const struct ulp_object *o, uint64_t index,
			 const char *version)
{
	uint16_t versym;

	if (!o->dyn.versym || !o->dyn.verdef)
		return true;
	if (!read_at(r, o->dyn.versym + index * sizeof(versym), &versym, sizeof(versym)))
		return false;
	/* A definition without a version fits each (glibc, elf/dl-lookup.c, check_match()). */
	if (!*version || (versym & ~VERSYM_HIDDEN) <= VER_NDX_GLOBAL)
		return !(versym & VERSYM_HIDDEN);
	return verdef_is(r, o, versym & ~VERSYM_HIDDEN, version);
}

/* Whether the version with this index in the object's DT_VERNEED has this name. */
static bool verneed_is(struct reader *r, const struct ulp_object *o, unsigned index,
		       const char *version)
{
	uint64_t at = o->dyn.verneed;
	unsigned steps = MAX_STEPS;

	for (uint64_t i = 0; i < o->dyn.nr_verneed; i++) {
		Elf64_Verneed need;
		Elf64_Vernaux aux = {.vna_next = 0};
		uint64_t aux_at;

		if (!read_at(r, at, &need, sizeof(need)))
			return false;
		aux_at = at + need.vn_aux;
		for (unsigned k = 0; k < need.vn_cnt; k++, aux_at += aux.vna_next) {
			if (!steps-- || !read_at(r, aux_at, &aux, sizeof(aux)))
				return false;
			if ((aux.vna_other & ~VERSYM_HIDDEN) == index)
				return reader_string_is(r, o->dyn.strtab + aux.vna_name, version);
		}
		if (!need.vn_next || !steps--)
			return false;
		at += need.vn_next;
	}
	return false;
}

bool symbol_wants_version(struct reader *r, const struct ulp_object *o, uint64_t index,
			  const char *version)
{
	uint16_t versym;

	if (!*version || !o->dyn.versym)
		return true;
	if (!read_at(r, o->dyn.versym + index * sizeof(versym), &versym, sizeof(versym)))
		return false;
	versym &= (uint16_t)~VERSYM_HIDDEN;
	return versym <= VER_NDX_GLOBAL || verneed_is(r, o, versym, version) ||
	       verdef_is(r, o, versym, version);
}

static bool symbol_fits(struct reader *r, const struct ulp_object *o, uint64_t index,
			const char *name, const char *version, struct ulp_symbol *ret)
{
	Elf64_Sym sym;

	if (!read_at(r, o->dyn.symtab + index * sizeof(sym), &sym, sizeof(sym)))
		return false;
	if (sym.st_shndx == SHN_UNDEF || ELF64_ST_BIND(sym.st_info) == STB_LOCAL)
		return false;
	if (sym.st_name >= o->dyn.strsz ||
	    !reader_string_is(r, o->dyn.strtab + sym.st_name, name) ||
	    !version_fits(r, o, index, version))
		return false;
	*ret = (struct ulp_symbol){
		.object = o,
		.addr = sym.st_shndx == SHN_ABS ? sym.st_value : o->bias + sym.st_value,
		.size = sym.st_size,
		.type = ELF64_ST_TYPE(sym.st_info),
	};
	return true;
}

/* Layout: nbuckets, symoffset, bloom words, bloom shift; bloom; buckets; chain. */
static bool gnu_hash_find(struct reader *r, const struct ulp_object *o, const char *name,
			  const char *version, struct ulp_symbol *ret)
{
	struct {
		uint32_t nr_buckets;
		uint32_t first; /* index of the first symbol that is hashed */
		uint32_t nr_bloom;
		uint32_t bloom_shift;
	} head;
	uint64_t at = o->dyn.gnu_hash;
	uint32_t hash = gnu_hash(name);
	uint64_t bloom;
	uint32_t index;

	if (!read_at(r, at, &head, sizeof(head)) || !head.nr_buckets || !head.nr_bloom ||
	    head.bloom_shift > 31)
		return false;
	at += sizeof(head);
	if (!read_at(r, at + hash / 64 % head.nr_bloom * 8ull, &bloom, sizeof(bloom)) ||
	    !(bloom >> hash % 64 & bloom >> (hash >> head.bloom_shift) % 64 & 1))
		return false;
	at += head.nr_bloom * 8ull;
	if (!read_at(r, at + hash % head.nr_buckets * 4ull, &index, sizeof(index)) ||
	    index < head.first)
		return false;
	at += head.nr_buckets * 4ull;
	for (unsigned step = 0; step < MAX_STEPS; step++, index++) {
		uint32_t chain;

		if (!read_at(r, at + (uint64_t)(index - head.first) * 4, &chain, sizeof(chain)))
			return false;
		if ((chain | 1) == (hash | 1) && symbol_fits(r, o, index, name, version, ret))
			return true;
		if (chain & 1)
			return false;
	}
	return false;
}

/* The hash function of DT_HASH: System V gABI, chapter 5, "Hash Table". */
static uint32_t sysv_hash(const char *name)
{
	uint32_t h = 0;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		h = (h << 4) + *c;
		h ^= (h & 0xf0000000u) >> 24;
		h &= 0x0fffffffu;
	}
	return h;
}

static bool sysv_hash_find(struct reader *r, const struct ulp_object *o, const char *name,
			   const char *version, struct ulp_symbol *ret)
{
	struct {
		uint32_t nr_buckets;
		uint32_t nr_chains;
	} head;
	uint64_t at = o->dyn.hash;
	uint32_t index;

	if (!read_at(r, at, &head, sizeof(head)) || !head.nr_buckets)
		return false;
	at += sizeof(head);
	if (!read_at(r, at + sysv_hash(name) % head.nr_buckets * 4ull, &index, sizeof(index)))
		return false;
	at += head.nr_buckets * 4ull;
	for (unsigned step = 0; index && index < head.nr_chains && step < MAX_STEPS; step++) {
		if (symbol_fits(r, o, index, name, version, ret))
			return true;
		if (!read_at(r, at + index * 4ull, &index, sizeof(index)))
			return false;
	}
	return false;
}

bool symbol_in_object(struct reader *r, const struct ulp_object *o, const char *name,
		      const char *version, struct ulp_symbol *ret)
{
	if (!o->dyn.symtab || !o->dyn.strtab)
		return false;
	if (o->dyn.gnu_hash)
		return gnu_hash_find(r, o, name, version, ret);
	return o->dyn.hash && sysv_hash_find(r, o, name, version, ret);
}

static bool lookup_in(struct reader *r, const struct ulp_objects *objs, enum object_scope scope,
		      const char *name, const char *version, struct ulp_symbol *ret)
{
	for (size_t i = 0; i < objs->nr; i++)
		if (objs->list[i].scope & scope && objs->list[i].space == objs->space &&
		    symbol_in_object(r, &objs->list[i], name, version, ret))
			return true;
	return false;
}

bool symbol_lookup(struct reader *r, const struct ulp_objects *objs, const char *name,
		   const char *version, struct ulp_symbol *ret)
{
	return lookup_in(r, objs, OBJECT_SCOPE_GLOBAL, name, version, ret) ||
	       lookup_in(r, objs, OBJECT_SCOPE_LOCAL, name, version, ret);
}
