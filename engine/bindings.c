/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the target itself has been bound to comes first: which objects dlopen() put into whose scope
 * only the dynamic linker knows (RTLD_DEEPBIND, RTLD_GLOBAL later on), and two copies of a function
 * may not fit together.  Else the symbol is looked up as the dynamic linker would.
 *
 * Where an IFUNC's address comes from, in this order:
 *   1. the target library's own slot for the same symbol, if it is bound;
 *   2. a bound slot of any other object of the process, for the same version
 *      (an older memcpy() may be another function);
 *   3. the defining object's R_*_IRELATIVE slot with the same resolver (libc
 *      binds its own uses of memcpy and the like at start-up);
 *   4. the target's lazy slot: its content leads into the target's PLT, which
 *      asks ld.so at the first call, in the application's own time;
 *   5. what the same build of that object gives in the tool's own process: a
 *      resolver asks for nothing but the processor (and for the vDSO).
 */
#include "config.h"

#include "engine/arch.h"
#include "engine/bindings.h"

#include <string.h>

/* Bounds a table that claims to be endless: 64 MiB of relocations. */
#define MAX_RELOCATIONS ((64u << 20) / sizeof(Elf64_Rela))

struct slot_search {
	struct reader *r;
	const struct ulp_object *object; /* whose relocations are searched */
	const char *name;		 /* symbol, or NULL: by resolver */
	const char *version;		 /* of the symbol; "": any */
	uint64_t resolver;		 /* vaddr, where name is NULL */
};

static bool slot_matches(const struct slot_search *s, const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	uint64_t index = ELF64_R_SYM(rela->r_info);
	const struct object_dynamic *dyn = &s->object->dyn;
	Elf64_Sym sym;

	if (!s->name)
		return type == ULP_R_IRELATIVE && (uint64_t)rela->r_addend == s->resolver;
	if (type != ULP_R_JUMP_SLOT && type != ULP_R_GLOB_DAT)
		return false;
	return !reader_read(s->r, dyn->symtab + index * sizeof(sym), &sym, sizeof(sym), NULL) &&
	       sym.st_name < dyn->strsz &&
	       reader_string_is(s->r, dyn->strtab + sym.st_name, s->name) &&
	       symbol_wants_version(s->r, s->object, index, s->version);
}

/* The content of the first matching slot of one table, from entry i on; 0 if there is none. */
static uint64_t slot_in_table(const struct slot_search *s, uint64_t table, uint64_t len, uint64_t i)
{
	uint64_t nr = table ? len / sizeof(Elf64_Rela) : 0;

	for (; i < nr && i < MAX_RELOCATIONS; i++) {
		Elf64_Rela rela;
		uint64_t value;

		if (reader_read(s->r, table + i * sizeof(rela), &rela, sizeof(rela), NULL))
			return 0;
		if (slot_matches(s, &rela) && !reader_read(s->r, s->object->bias + rela.r_offset,
							   &value, sizeof(value), NULL))
			return value;
	}
	return 0;
}

static uint64_t slot_of_plt(const struct slot_search *s)
{
	return slot_in_table(s, s->object->dyn.jmprel, s->object->dyn.pltrelsz, 0);
}

static uint64_t slot_of_data(const struct slot_search *s)
{
	const struct object_dynamic *dyn = &s->object->dyn;

	return slot_in_table(s, dyn->rela, dyn->relasz, dyn->relacount);
}

static uint64_t slot_search(const struct slot_search *s)
{
	uint64_t value = slot_of_plt(s);

	return value ? value : slot_of_data(s);
}

static struct slot_search slot_named(struct reader *r, const struct ulp_object *o,
				     const struct ulp_import *import)
{
	return (struct slot_search){
		.r = r,
		.object = o,
		.name = import->name,
		.version = import->version,
	};
}

/* The slot of an object for the same import. */
static uint64_t slot_of(struct reader *r, const struct ulp_object *o,
			const struct ulp_import *import)
{
	const struct slot_search s = slot_named(r, o, import);

	return slot_search(&s);
}

/* The slot that the object has filled by calling this resolver. */
static uint64_t slot_resolved(struct reader *r, const struct ulp_object *o, uint64_t resolver)
{
	const struct slot_search s = {.r = r, .object = o, .resolver = resolver};

	return slot_search(&s);
}

static bool inside(const struct ulp_object *o, uint64_t addr)
{
	return addr >= o->start && addr < o->end;
}

static bool inside_any(const struct ulp_objects *objs, uint64_t addr)
{
	for (size_t i = 0; i < objs->nr; i++)
		if (inside(&objs->list[i], addr))
			return true;
	return false;
}

/*
 * A slot of `o` that has been bound leads out of `o` into another object (the
 * provider; the vDSO for some of libc's); one that was not leads back into its
 * own PLT, or nowhere as long as it is not even relocated.  A slot of the
 * provider itself is bound if it does not hold the resolver.
 */
static bool bound(const struct ulp_objects *objs, const struct ulp_object *o,
		  const struct ulp_symbol *sym, uint64_t value)
{
	if (value == sym->addr || (o != sym->object && inside(o, value)))
		return false;
	return inside_any(objs, value);
}

/* What the space itself knows of it; only if it lies in an object of the target. */
static uint64_t known(struct reader *r, const struct ulp_objects *objs,
		      const struct ulp_symbol *sym, const struct ulp_import *import)
{
	const struct ulp_space_ops *ops = r->space->ops;
	struct ulp_build_id in;
	const struct ulp_object *o;
	uint64_t off;

	if (!ops->indirect || !sym->object->build_id.len ||
	    !ops->indirect(r->space, &sym->object->build_id, import->name, import->version, &in,
			   &off))
		return 0;
	if (ulp_build_id_equal(&in, &sym->object->build_id))
		o = sym->object;
	else
		o = objects_find_build_id(objs, &in);
	return o && inside(o, o->bias + off) ? o->bias + off : 0;
}

static uint64_t ifunc_find(struct reader *r, const struct ulp_objects *objs,
			   const struct ulp_object *target, const struct ulp_symbol *sym,
			   const struct ulp_import *import)
{
	uint64_t own = slot_of(r, target, import);
	uint64_t value;

	if (target != sym->object && bound(objs, target, sym, own))
		return own;
	for (size_t i = 0; i < objs->nr; i++) {
		const struct ulp_object *o = &objs->list[i];

		if (o == target || o == sym->object || o->space != target->space)
			continue;
		value = slot_of(r, o, import);
		if (bound(objs, o, sym, value))
			return value;
	}
	value = slot_resolved(r, sym->object, sym->addr - sym->object->bias);
	/* Before its start-up relocation the slot leads into the PLT, below the text. */
	if (bound(objs, sym->object, sym, value) && inside(sym->object, value))
		return value;
	/* Not the resolver itself, and nothing that is not relocated yet. */
	if (inside(target, own) && own != sym->addr)
		return own;
	return known(r, objs, sym, import);
}

/*
 * What the target's slots for the import lead to, 0 if none is bound.  own: the definition of the
 * target itself, NULL if it has none.  One that was not bound leads into the target's PLT.
 */
static uint64_t slot_bound(struct reader *r, const struct ulp_objects *objs,
			   const struct ulp_object *target, const struct ulp_import *import,
			   const struct ulp_symbol *own)
{
	const struct slot_search s = slot_named(r, target, import);
	const uint64_t values[] = {slot_of_plt(&s), slot_of_data(&s)};

	for (size_t i = 0; i < 2; i++)
		if ((own && values[i] == own->addr) ||
		    (!inside(target, values[i]) && inside_any(objs, values[i])))
			return values[i];
	return 0;
}

/* As the dynamic linker would find it for the target. */
static bool definition_find(struct reader *r, const struct ulp_objects *objs,
			    const struct ulp_object *target, const struct ulp_import *import,
			    const struct ulp_symbol *own, struct ulp_symbol *ret)
{
	const bool found = symbol_lookup(r, objs, import->name, import->version, ret);
	const bool global = found && ret->object->scope & OBJECT_SCOPE_GLOBAL;

	/* Its own definition is the first of its local scope, or with -Bsymbolic of all. */
	if (own && (!global || target->dyn.flags & DF_SYMBOLIC))
		*ret = *own;
	return own || found;
}

enum ulp_code binding_find(struct reader *r, const struct ulp_objects *objs,
			   const struct ulp_object *target, const struct ulp_import *import,
			   uint64_t *ret, struct ulp_err *err)
{
	const char *at = *import->version ? "@" : "";
	struct ulp_symbol sym = {.object = NULL};
	struct ulp_symbol own;
	const bool defines = symbol_in_object(r, target, import->name, import->version, &own);
	const struct ulp_symbol *mine = defines ? &own : NULL;
	const bool found = definition_find(r, objs, target, import, mine, &sym);
	uint64_t value;

	if (found && sym.type == STT_TLS)
		return ulp_fail(err, ULP_ETLS, "%s of %s is thread-local", import->name,
				sym.object->soname);
	if (!found || sym.type != STT_GNU_IFUNC) {
		value = slot_bound(r, objs, target, import, mine);
		if (!value && !found && !(import->flags & ULP_IMPORT_WEAK))
			return ulp_fail(err, ULP_ESYMBOL,
					"no library of the process defines %s%s%s", import->name,
					at, import->version);
		*ret = value || !found ? value : sym.addr;
		return ULP_OK;
	}
	*ret = ifunc_find(r, objs, target, &sym, import);
	if (!*ret)
		return ulp_fail(err, ULP_ESYMBOL,
				"%s%s%s is an indirect function of %s that nothing in the process "
				"has used yet",
				import->name, at, import->version, sym.object->soname);
	return ULP_OK;
}
