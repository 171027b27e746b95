/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/inject_hooks.h"

#include "engine/arch.h"
#include "engine/registry_format.h"
#include "engine/symbols.h"

#include <stdlib.h>

#define FIND_OBJECT "_dl_find_object"
#define ITERATE_PHDR "dl_iterate_phdr"

/* Bounds a table that claims to be endless: 64 MiB of relocations. */
#define MAX_RELOCATIONS ((64u << 20) / sizeof(Elf64_Rela))

/* Relocations that are read at once. */
#define CHUNK 64u

/* A slot that leads elsewhere. */
struct slot {
	const struct ulp_object *object; /* that it belongs to; borrowed */
	uint64_t at;
	uint64_t before;
	uint64_t wanted;
};

struct slots {
	struct slot *list; /* owned */
	size_t nr;
};

static enum ulp_code slot_add(struct slots *slots, const struct slot *slot, struct ulp_err *err)
{
	struct slot *list = reallocarray(slots->list, slots->nr + 1, sizeof(*list));

	if (!list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	slots->list = list;
	list[slots->nr++] = *slot;
	return ULP_OK;
}

/* What the symbol is to lead to; 0: it is none of ours. */
static uint64_t wanted_for(const struct hooks *hooks, struct reader *r, const struct ulp_object *o,
			   uint64_t index)
{
	Elf64_Sym sym;

	if (reader_read(r, o->dyn.symtab + index * sizeof(sym), &sym, sizeof(sym), NULL) ||
	    sym.st_shndx != SHN_UNDEF || sym.st_name >= o->dyn.strsz)
		return 0;
	if (reader_string_is(r, o->dyn.strtab + sym.st_name, FIND_OBJECT))
		return hooks->find_object;
	if (reader_string_is(r, o->dyn.strtab + sym.st_name, ITERATE_PHDR))
		return hooks->iterate_phdr;
	return 0;
}

static enum ulp_code rela_look(const struct hooks *hooks, struct reader *r,
			       const struct ulp_object *o, const Elf64_Rela *rela,
			       struct slots *slots, struct ulp_err *err)
{
	const uint32_t type = ELF64_R_TYPE(rela->r_info);
	struct slot slot = {.object = o, .at = o->bias + rela->r_offset};

	if (type != ULP_R_JUMP_SLOT && type != ULP_R_GLOB_DAT)
		return ULP_OK;
	slot.wanted = wanted_for(hooks, r, o, ELF64_R_SYM(rela->r_info));
	if (!slot.wanted || reader_read(r, slot.at, &slot.before, sizeof(slot.before), NULL) ||
	    !slot.before || slot.before == slot.wanted)
		return ULP_OK;
	return slot_add(slots, &slot, err);
}

static enum ulp_code table_look(const struct hooks *hooks, struct reader *r,
				const struct ulp_object *o, uint64_t table, uint64_t len,
				struct slots *slots, struct ulp_err *err)
{
	const uint64_t nr = table ? len / sizeof(Elf64_Rela) : 0;
	Elf64_Rela chunk[CHUNK];

	for (uint64_t i = 0; i < nr && i < MAX_RELOCATIONS; i += CHUNK) {
		const uint64_t now = nr - i < CHUNK ? nr - i : CHUNK;

		if (reader_read(r, table + i * sizeof(*chunk), chunk, now * sizeof(*chunk), NULL))
			return ULP_OK;
		for (uint64_t k = 0; k < now; k++) {
			enum ulp_code code = rela_look(hooks, r, o, &chunk[k], slots, err);

			if (code)
				return code;
		}
	}
	return ULP_OK;
}

/*
 * All objects but the runtime itself, and those that are loaded by dlmopen(3): dl_iterate_phdr()
 * looks who calls it to know which namespace is meant.
 */
static enum ulp_code slots_find(const struct hooks *hooks, struct reader *r,
				const struct ulp_objects *objects, struct slots *slots,
				struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	/* What slots hold may have changed. */
	reader_forget(r);
	for (size_t i = 0; i < objects->nr && !code; i++) {
		const struct ulp_object *o = &objects->list[i];

		if (!o->link_map || o->space || !o->dyn.symtab || !o->dyn.strtab)
			continue;
		code = table_look(hooks, r, o, o->dyn.jmprel, o->dyn.pltrelsz, slots, err);
		if (!code)
			code = table_look(hooks, r, o, o->dyn.rela, o->dyn.relasz, slots, err);
	}
	return code;
}

/* All threads are stopped.  A library that was unloaded meanwhile has no slots. */
static enum ulp_code slots_write(const struct slots *slots, struct ulp_space *space, bool *written,
				 struct ulp_err *err)
{
	for (size_t i = 0; i < slots->nr; i++) {
		const struct slot *slot = &slots->list[i];
		uint64_t now;
		enum ulp_code code;

		if (!object_still_loaded(space, slot->object))
			continue;
		code = space_read(space, slot->at, &now, sizeof(now), err);
		if (!code && now != slot->before)
			code = ulp_fail(err, ULP_ESTOP,
					"the dynamic linker is binding functions of %s",
					slot->object->soname);
		if (code)
			return code;
		*written = true;
		code = space_write(space, slot->at, &slot->wanted, sizeof(slot->wanted), err);
		if (code)
			return code;
	}
	return ULP_OK;
}

enum ulp_code hooks_set(const struct hooks *hooks, struct session *session, struct reader *r,
			const struct ulp_objects *objects, bool *written, struct ulp_err *err)
{
	struct slots slots = {0};
	bool unused;
	enum ulp_code code = slots_find(hooks, r, objects, &slots, err);

	if (!code && slots.nr) {
		code = session_stop_all(session, err);
		if (!code) {
			code = slots_write(&slots, r->space, written ? written : &unused, err);
			session_resume_all(session);
		}
	}
	free(slots.list);
	return code;
}

enum ulp_code hooks_renew(struct session *session, struct reader *r,
			  const struct ulp_objects *objects, struct ulp_err *err)
{
	const struct ulp_object *runtime = objects_find_soname(objects, ULP_RUNTIME_SONAME);
	struct ulp_symbol find, iterate;
	struct hooks hooks = {0};

	if (!runtime || runtime->link_map)
		return ULP_OK;
	if (symbol_in_object(r, runtime, FIND_OBJECT, "", &find))
		hooks.find_object = find.addr;
	if (symbol_in_object(r, runtime, ITERATE_PHDR, "", &iterate))
		hooks.iterate_phdr = iterate.addr;
	return hooks_set(&hooks, session, r, objects, NULL, err);
}
