/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Thread-local variables of the target, as code of the initial-exec model uses
 * them (ELF Handling For Thread-Local Storage, chapter 4.3): it reads the
 * variable's offset from the thread pointer from a slot.  The target has such a
 * slot for each variable that it uses in this way, filled by its dynamic
 * linker, so a fix that was compiled as the target was can use the same one.
 */
#include "config.h"

#include "packer/select.h"

#include "packer/match.h"

#include <string.h>

static void slot_add(struct pool *pool, struct target *t, size_t *cap, const Elf64_Rela *rela)
{
	const size_t symbol = ELF64_R_SYM(rela->r_info);
	uint64_t variable = (uint64_t)rela->r_addend;

	if (symbol) {
		/* Of another library: it has no place in this one's block. */
		if (symbol >= t->library.nr_dynsyms ||
		    t->library.dynsyms[symbol].shndx == SHN_UNDEF)
			return;
		variable += t->library.dynsyms[symbol].value;
	}
	t->tls_slots = pool_grow(pool, t->tls_slots, t->nr_tls_slots, cap, sizeof(*t->tls_slots));
	t->tls_slots[t->nr_tls_slots++] = (struct tls_slot){variable, rela->r_offset};
}

enum ulp_code target_tls_slots_read(struct pool *pool, struct target *target, struct ulp_err *err)
{
	const struct elf_file *file = &target->library.file;
	size_t cap = 0;

	for (size_t i = 1; i < file->elf.nr_sections; i++) {
		const Elf64_Shdr shdr = ulp_elf_section(&file->elf, i);
		const unsigned char *data;
		enum ulp_code code;
		size_t len;

		if (shdr.sh_type != SHT_RELA || !(shdr.sh_flags & SHF_ALLOC))
			continue;
		code = elf_file_data(file, i, &data, &len, err);
		if (code)
			return code;
		for (size_t off = 0; off + sizeof(Elf64_Rela) <= len; off += sizeof(Elf64_Rela)) {
			Elf64_Rela rela;

			memcpy(&rela, data + off, sizeof(rela));
			if (ELF64_R_TYPE(rela.r_info) == target->arch->tls_offset)
				slot_add(pool, target, &cap, &rela);
		}
	}
	return ULP_OK;
}

const struct tls_slot *target_tls_slot(const struct target *target,
				       const struct elf_symbol *variable)
{
	for (size_t i = 0; i < target->nr_tls_slots; i++)
		if (target->tls_slots[i].variable == variable->value)
			return &target->tls_slots[i];
	return NULL;
}

static enum match_scope scope_of(const struct elf_symbol *s)
{
	if (s->shndx == SHN_UNDEF)
		return MATCH_ELSEWHERE;
	return s->bind == STB_LOCAL ? MATCH_STATIC : MATCH_GLOBAL;
}

/* The target's variable of this name; exported ones are no private symbols of a stripped target. */
static enum ulp_code find_variable(struct selection *sel, const struct object *object,
				   const struct elf_symbol *s, const struct elf_symbol **ret,
				   struct ulp_err *err)
{
	const struct match_query query = {s->name, MATCH_DATA, scope_of(s), object->source};
	const struct match m = match_find(sel->pool, sel->target, &query);

	*ret = m.symbol;
	if (!m.nr_candidates && s->bind != STB_LOCAL)
		*ret = library_export(&sel->target->library, s->name, NULL);
	if (m.nr_candidates > 1)
		return ulp_fail(err, ULP_EAMBIGUOUS, "%s may mean %zu symbols of the target: %s",
				s->name, m.nr_candidates, match_list(sel->pool, &m));
	if (!*ret || (*ret)->type != STT_TLS)
		return ulp_fail(err, ULP_ETLS,
				"%s is thread-local and %s has no such variable%s; a container "
				"cannot have thread-local variables of its own",
				s->name, sel->target->library.soname,
				target_knows_private(sel->target)
					? ""
					: " that is known (it is stripped and its debug file was "
					  "not found)");
	return ULP_OK;
}

enum ulp_code selection_tls(struct selection *sel, const struct object *object, size_t symbol,
			    const struct tls_slot **slot, struct ulp_err *err)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf, *variable;
	enum ulp_code code = find_variable(sel, object, s, &variable, err);

	if (code)
		return code;
	if (s->shndx != SHN_UNDEF && s->size != variable->size)
		return ulp_fail(err, ULP_EMISMATCH,
				"%s has %llu bytes in %s and %llu bytes in the target: a changed "
				"layout of existing data cannot be patched",
				s->name, (unsigned long long)s->size, object->file.base_name,
				(unsigned long long)variable->size);
	*slot = target_tls_slot(sel->target, variable);
	if (!*slot)
		return ulp_fail(err, ULP_ETLS,
				"%s reaches its thread-local variable %s in another way than by "
				"the initial-exec model, which is not supported",
				sel->target->library.soname, s->name);
	report_add(sel->report, sel->pool, NOTE_DETAIL, "%s: the target's thread-local variable",
		   s->name);
	return ULP_OK;
}
