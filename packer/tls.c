/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Thread-local variables of the target.  A container has no block of its own for them, and no
 * dynamic linker that would fill cells for it: the fix uses the cells that the target has, as it
 * uses private variables.
 *
 *   the object's model   with the target's            or, its code made cheaper, with the target's
 *   general dynamic      pair                         offset
 *   local dynamic        pair of the block            (a program)
 *   initial-exec         offset
 *   local-exec           (a program)
 *   descriptor           descriptor                   offset
 *
 * Of a program's own variables the offset from the thread pointer is known beforehand: it is put
 * into a slot of the container, or into the code.
 */
#include "config.h"

#include "packer/select.h"

#include "i18n/i18n.h"
#include "packer/match.h"

#include <string.h>

/* The symbol that stands for the module's block: "TLS descriptors for x86", section 4. */
#define MODULE_BASE "_TLS_MODULE_BASE_"
#define GET_ADDR "__tls_get_addr"

/* One relocation, and the target's variable that it means. */
struct use {
	struct selection *sel;
	struct object *object;
	size_t section;
	struct object_reloc *reloc;
	const char *name;
	const struct elf_symbol *variable; /* SHN_UNDEF: of another library; NULL: the block */
};

static enum match_scope scope_of(const struct elf_symbol *s)
{
	if (s->shndx == SHN_UNDEF)
		return MATCH_ELSEWHERE;
	return s->bind == STB_LOCAL ? MATCH_STATIC : MATCH_GLOBAL;
}

/* Exported and imported symbols are known of a stripped target, too. */
static const struct elf_symbol *find_dynamic(const struct selection *sel,
					     const struct elf_symbol *s)
{
	const struct library *library = &sel->target->library;
	const struct elf_symbol *found = library_export(library, s->name, NULL);

	if (!found && s->shndx == SHN_UNDEF)
		found = library_import(library, s->name);
	return found;
}

static enum ulp_code find_variable(struct use *u, struct ulp_err *err)
{
	const struct target *target = u->sel->target;
	const struct elf_symbol *s = &u->object->symbols[u->reloc->symbol].elf;
	const struct match_query query = {s->name, MATCH_DATA, scope_of(s), u->object->source,
					  u->object->file_no};
	const struct match m = match_find(u->sel->pool, target, &query);

	u->variable = m.symbol;
	if (!m.nr_candidates && s->bind != STB_LOCAL)
		u->variable = find_dynamic(u->sel, s);
	if (m.nr_candidates > 1)
		return ulp_fail(err, ULP_EAMBIGUOUS, "%s may mean %zu symbols of the target: %s",
				s->name, m.nr_candidates, match_list(u->sel->pool, &m));
	if (!u->variable || u->variable->type != STT_TLS)
		return ulp_fail(err, ULP_ETLS,
				"%s is thread-local and %s has no such variable%s; a container "
				"cannot have thread-local variables of its own",
				s->name, target->library.soname,
				target_knows_private(target)
					? ""
					: _(" that is known (it is stripped and its debug file was "
					    "not found)"));
	if (s->shndx != SHN_UNDEF && s->size != u->variable->size)
		return ulp_fail(err, ULP_EMISMATCH,
				"%s has %llu bytes in %s and %llu bytes in the target: a changed "
				"layout of existing data cannot be patched",
				s->name, (unsigned long long)s->size, u->object->file.base_name,
				(unsigned long long)u->variable->size);
	report_add(u->sel->report, u->sel->pool, NOTE_DETAIL,
		   "%s: the target's thread-local variable", s->name);
	return ULP_OK;
}

/* --- refusals --------------------------------------------------------------- */

static const struct {
	const char *how;
	const char *remedy;
} ways[TLS_NR_WAYS] = {
	[TLS_WAY_OFFSET] = {N_("the initial-exec model"), "-ftls-model=initial-exec"},
	[TLS_WAY_PAIR] = {N_("the general dynamic model"),
			  "-ftls-model=global-dynamic -mtls-dialect=gnu"},
	[TLS_WAY_DESCRIPTOR] = {N_("descriptors"), "-ftls-model=global-dynamic -mtls-dialect=gnu2"},
};

/* The object's code is of another model than all that the target has. */
static enum ulp_code no_way(const struct use *u, struct ulp_err *err)
{
	const struct target *target = u->sel->target;
	const char *soname = target->library.soname;

	for (unsigned way = 0; u->variable && way < TLS_NR_WAYS; way++)
		if (target_tls_slot(target, (enum tls_way)way, u->variable))
			return ulp_fail(err, ULP_ETLS,
					"%s reaches its thread-local variable %s by %s only; "
					"compile with -fPIC %s",
					soname, u->name, _(ways[way].how), ways[way].remedy);
	if (target_tls_block(target, TLS_WAY_PAIR))
		return ulp_fail(err, ULP_ETLS,
				"%s reaches its thread-local variable %s by the local dynamic "
				"model only; compile with -fPIC -ftls-model=local-dynamic "
				"-mtls-dialect=gnu",
				soname, u->name);
	if (target_tls_block(target, TLS_WAY_DESCRIPTOR))
		return ulp_fail(err, ULP_ETLS,
				"%s reaches its thread-local variable %s by the local dynamic "
				"model with descriptors only; compile with -fPIC "
				"-ftls-model=local-dynamic -mtls-dialect=gnu2",
				soname, u->name);
	return ulp_fail(err, ULP_ETLS,
			"%s itself does not reach its thread-local variable %s in a way that a "
			"container could use%s",
			soname, u->name,
			u->variable ? _("; call a function of it that does")
				    : _("; compile with -fPIC -ftls-model=initial-exec"));
}

static enum ulp_code strange_code(const struct use *u, struct ulp_err *err)
{
	return ulp_fail(
		err, ULP_ETLS,
		"the code that reaches the thread-local variable %s is not of the form that "
		"the ABI gives it",
		u->name);
}

/* --- ways ------------------------------------------------------------------- */

/* The distance to the target's cells. */
static enum ulp_code to_target(const struct use *u, struct object_reloc *reloc,
			       const struct tls_slot *slot, struct ulp_err *err)
{
	const struct private_reference ref = {
		.name = u->name,
		.type = u->sel->target->arch->place,
		.value = slot->vaddr,
		.addend = reloc->addend,
		.object = u->object,
		.section = u->section,
		.off = reloc->off,
	};

	return selection_record(u->sel, reloc, &ref, err);
}

/* Whether the offset from the thread pointer can be had; of a block: the thread pointer's own. */
static bool has_offset(const struct use *u)
{
	int64_t offset;

	if (!u->variable)
		return u->sel->target->library.is_program;
	return target_tls_offset(u->sel->target, u->variable, &offset) ||
	       target_tls_slot(u->sel->target, TLS_WAY_OFFSET, u->variable);
}

/* The distance to a cell with the offset: a constant of our own, or the target's. */
static enum ulp_code to_offset(const struct use *u, struct object_reloc *reloc, struct ulp_err *err)
{
	const struct target *target = u->sel->target;
	const struct tls_slot *slot;
	int64_t offset = 0;

	if (!u->variable || target_tls_offset(target, u->variable, &offset)) {
		selection_to_slot(u->sel, u->object, reloc,
				  &(struct slot){.name = u->name,
						 .value = (uint64_t)offset,
						 .constant = true});
		return ULP_OK;
	}
	slot = target_tls_slot(target, TLS_WAY_OFFSET, u->variable);
	return slot ? to_target(u, reloc, slot, err) : no_way(u, err);
}

/* The relocation of the call of __tls_get_addr() behind, NULL if there is none at that place. */
static struct object_reloc *find_call(const struct use *u, uint64_t off)
{
	const struct object_section *s = &u->object->sections[u->section];
	const size_t next = (size_t)(u->reloc - s->relocs) + 1;
	struct object_reloc *call = &s->relocs[next];

	if (next >= s->nr_relocs || call->off != off ||
	    strcmp(u->object->symbols[call->symbol].elf.name, GET_ADDR) != 0)
		return NULL;
	return call;
}

static enum ulp_code pair(const struct use *u, struct ulp_err *err)
{
	const struct target *target = u->sel->target;
	const struct tls_slot *slot = target_tls_slot(target, TLS_WAY_PAIR, u->variable);
	struct object_section *s = &u->object->sections[u->section];
	struct object_reloc *call;
	uint64_t place;

	if (slot)
		return to_target(u, u->reloc, slot, err);
	if (!has_offset(u))
		return no_way(u, err);
	if (!target->arch->tls->pair_to_offset(object_edit(u->sel->pool, s), s->len, u->reloc->off,
					       &place))
		return strange_code(u, err);
	call = find_call(u, place);
	if (!call)
		return strange_code(u, err);
	u->reloc->action = RELOC_DROP;
	return to_offset(u, call, err);
}

static enum ulp_code module(const struct use *u, struct ulp_err *err)
{
	const struct target *target = u->sel->target;
	const struct tls_slot *slot = target_tls_block(target, TLS_WAY_PAIR);
	struct object_section *s = &u->object->sections[u->section];
	struct object_reloc *call;
	uint64_t place;

	if (!target->library.is_program)
		return slot ? to_target(u, u->reloc, slot, err) : no_way(u, err);
	if (!target->arch->tls->module_to_thread(object_edit(u->sel->pool, s), s->len,
						 u->reloc->off, &place))
		return strange_code(u, err);
	call = find_call(u, place);
	if (!call)
		return strange_code(u, err);
	u->reloc->action = call->action = RELOC_DROP;
	return ULP_OK;
}

static const struct tls_slot *descriptor_of(const struct use *u)
{
	const struct target *target = u->sel->target;

	if (u->variable)
		return target_tls_slot(target, TLS_WAY_DESCRIPTOR, u->variable);
	return target->library.is_program ? NULL : target_tls_block(target, TLS_WAY_DESCRIPTOR);
}

static enum ulp_code descriptor(const struct use *u, struct ulp_err *err)
{
	const struct tls_slot *slot = descriptor_of(u);
	struct object_section *s = &u->object->sections[u->section];

	if (slot)
		return to_target(u, u->reloc, slot, err);
	if (!has_offset(u))
		return no_way(u, err);
	if (!u->sel->target->arch->tls->descriptor_to_offset(object_edit(u->sel->pool, s), s->len,
							     u->reloc->off))
		return strange_code(u, err);
	return to_offset(u, u->reloc, err);
}

static enum ulp_code descriptor_call(const struct use *u, struct ulp_err *err)
{
	struct object_section *s = &u->object->sections[u->section];

	u->reloc->action = RELOC_DROP;
	if (descriptor_of(u))
		return ULP_OK;
	if (!u->sel->target->arch->tls->descriptor_call_to_nothing(object_edit(u->sel->pool, s),
								   s->len, u->reloc->off))
		return strange_code(u, err);
	return ULP_OK;
}

/* Writes 32 bits into the code. */
static enum ulp_code put(const struct use *u, int64_t value, struct ulp_err *err)
{
	struct object_section *s = &u->object->sections[u->section];
	int64_t sum;
	int32_t small = 0;
	const bool fits = !__builtin_add_overflow(value, u->reloc->addend, &sum) &&
			  !__builtin_add_overflow(sum, 0, &small);

	if (!fits || s->len < sizeof(small) || u->reloc->off > s->len - sizeof(small))
		return ulp_fail(err, ULP_ERELOC, "the offset of %s does not fit", u->name);
	memcpy(object_edit(u->sel->pool, s) + u->reloc->off, &small, sizeof(small));
	u->reloc->action = RELOC_DROP;
	return ULP_OK;
}

/* Where a block stands for the thread pointer (a program), its offsets count from there. */
static enum ulp_code in_block(const struct use *u, struct ulp_err *err)
{
	int64_t offset;

	if (target_tls_offset(u->sel->target, u->variable, &offset))
		return put(u, offset, err);
	if (u->variable->shndx == SHN_UNDEF)
		return no_way(u, err);
	return put(u, (int64_t)u->variable->value, err);
}

static enum ulp_code fixed(const struct use *u, struct ulp_err *err)
{
	int64_t offset;

	if (target_tls_offset(u->sel->target, u->variable, &offset))
		return put(u, offset, err);
	return ulp_fail(err, ULP_ETLS,
			"the code is of the local-exec model, by which a program alone can reach "
			"the thread-local variable %s; compile with -fPIC",
			u->name);
}

static enum ulp_code other(const struct use *u, struct ulp_err *err)
{
	return ulp_fail(err, ULP_ETLS,
			"the address or offset of the thread-local variable %s is wanted in a way "
			"that is not supported; compile with -fPIC and without -mcmodel",
			u->name);
}

static enum ulp_code initial_exec(const struct use *u, struct ulp_err *err)
{
	return to_offset(u, u->reloc, err);
}

/* By enum reloc_kind, from RELOC_TLS_GOT on. */
static enum ulp_code (*const handlers[])(const struct use *u, struct ulp_err *err) = {
	[RELOC_TLS_GOT - RELOC_TLS_GOT] = initial_exec,
	[RELOC_TLS_PAIR - RELOC_TLS_GOT] = pair,
	[RELOC_TLS_MODULE - RELOC_TLS_GOT] = module,
	[RELOC_TLS_DESC - RELOC_TLS_GOT] = descriptor,
	[RELOC_TLS_DESC_CALL - RELOC_TLS_GOT] = descriptor_call,
	[RELOC_TLS_IN_BLOCK - RELOC_TLS_GOT] = in_block,
	[RELOC_TLS_FIXED - RELOC_TLS_GOT] = fixed,
	[RELOC_TLS - RELOC_TLS_GOT] = other,
};

enum ulp_code selection_tls(struct selection *sel, struct object *object, size_t section,
			    struct object_reloc *reloc, struct ulp_err *err)
{
	const enum reloc_kind kind = sel->target->arch->reloc(reloc->type)->kind;
	struct use u = {sel, object, section, reloc, object->symbols[reloc->symbol].elf.name, NULL};
	enum ulp_code code;

	if (!object->sections[section].bytes)
		return strange_code(&u, err);
	if (kind != RELOC_TLS_MODULE && strcmp(u.name, MODULE_BASE) != 0) {
		code = find_variable(&u, err);
		if (code)
			return code;
	} else if (kind != RELOC_TLS_MODULE && kind != RELOC_TLS_DESC &&
		   kind != RELOC_TLS_DESC_CALL) {
		return strange_code(&u, err);
	}
	return handlers[kind - RELOC_TLS_GOT](&u, err);
}
