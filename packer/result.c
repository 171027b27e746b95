/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading back and checking what the linker made. */
#include "config.h"

#include "packer/result.h"

#include "i18n/i18n.h"

#include <string.h>

enum ulp_code result_read(struct pool *pool, const char *path, struct result *result,
			  struct ulp_err *err)
{
	struct result r = {0};
	enum ulp_code code;
	size_t i;

	code = elf_file_read(pool, path, &r.file, err);
	if (code)
		return code;
	i = elf_file_find_type(&r.file, SHT_SYMTAB);
	if (!i)
		return ulp_fail(err, ULP_EUNSUP, "the linker left out the symbol table");
	code = elf_symbols_read(pool, &r.file, i, &r.symbols, &r.nr_symbols, err);
	if (code)
		return code;
	i = elf_file_find_type(&r.file, SHT_DYNSYM);
	if (!i)
		return ulp_fail(err, ULP_EUNSUP, "the linker left out the dynamic symbols");
	code = elf_symbols_read(pool, &r.file, i, &r.dynsyms, &r.nr_dynsyms, err);
	if (!code)
		*result = r;
	return code;
}

static enum ulp_code check_relocs(const struct result *r, const struct selection *sel, size_t i,
				  struct ulp_err *err)
{
	const struct packer_arch *arch = sel->target->arch;
	struct elf_records records;
	enum ulp_code code;
	Elf64_Rela rela;

	code = elf_file_records(&r->file, i, &records, err);
	if (code)
		return code;
	while (elf_records_next(&records, &rela, sizeof(rela))) {
		const struct reloc_type *type;
		const char *symbol = "";

		if (arch->dynamic((uint32_t)ELF64_R_TYPE(rela.r_info)) <= DYNAMIC_SYMBOL)
			continue;
		type = arch->reloc((uint32_t)ELF64_R_TYPE(rela.r_info));
		if (ELF64_R_SYM(rela.r_info) < r->nr_dynsyms)
			symbol = r->dynsyms[ELF64_R_SYM(rela.r_info)].name;
		return ulp_fail(err, ULP_ERELOC,
				"the container would need the dynamic relocation %s%s%s, which is "
				"not supported",
				type ? type->name : _("(unknown)"), *symbol ? _(" for ") : "",
				symbol);
	}
	return ULP_OK;
}

static enum ulp_code check_dynamic(const struct result *r, size_t i, struct ulp_err *err)
{
	static const struct {
		int64_t tag;
		enum ulp_code code;
		const char *what;
	} refused[] = {
		{DT_INIT, ULP_EUNSUP, N_("an initialisation function")},
		{DT_FINI, ULP_EUNSUP, N_("a finalisation function")},
		{DT_INIT_ARRAY, ULP_EUNSUP, N_("constructors")},
		{DT_FINI_ARRAY, ULP_EUNSUP, N_("destructors")},
		{DT_NEEDED, ULP_EUNSUP, N_("needed libraries")},
		{DT_TEXTREL, ULP_ERELOC, N_("relocations in code; compile with -fPIC")},
	};
	struct elf_records records;
	enum ulp_code code;
	Elf64_Dyn dyn;

	code = elf_file_records(&r->file, i, &records, err);
	if (code)
		return code;
	while (elf_records_next(&records, &dyn, sizeof(dyn)) && dyn.d_tag != DT_NULL)
		for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++)
			if (dyn.d_tag == refused[k].tag)
				return ulp_fail(err, refused[k].code, "the container would have %s",
						_(refused[k].what));
	return ULP_OK;
}

static enum ulp_code check_imports(const struct result *r, const struct selection *sel,
				   struct ulp_err *err)
{
	size_t nr_undefined = 0;

	for (size_t i = 1; i < r->nr_dynsyms; i++) {
		const struct elf_symbol *s = &r->dynsyms[i];
		bool known = s->shndx != SHN_UNDEF;

		nr_undefined += s->shndx == SHN_UNDEF;
		for (size_t k = 0; k < sel->nr_imports && !known; k++)
			known = strcmp(sel->imports[k].name, s->name) == 0;
		if (!known)
			return ulp_fail(err, ULP_ESYMBOL,
					"the linker left %s undefined, which nothing refers to",
					s->name);
	}
	if (nr_undefined != sel->nr_imports)
		return ulp_fail(err, ULP_ESYMBOL,
				"the linker left %zu symbols undefined instead of %zu",
				nr_undefined, sel->nr_imports);
	return ULP_OK;
}

enum ulp_code result_check(const struct result *result, const struct selection *sel,
			   struct ulp_err *err)
{
	const struct ulp_elf *elf = &result->file.elf;

	for (size_t i = 0; i < elf->nr_phdrs; i++)
		if (ulp_elf_phdr(elf, i).p_type == PT_TLS)
			return ulp_fail(err, ULP_ETLS,
					"the container would have thread-local variables");
	for (size_t i = 1; i < elf->nr_sections; i++) {
		const Elf64_Shdr shdr = ulp_elf_section(elf, i);
		enum ulp_code code = ULP_OK;

		if (shdr.sh_type == SHT_DYNAMIC)
			code = check_dynamic(result, i, err);
		else if (shdr.sh_type == SHT_RELA && (shdr.sh_flags & SHF_ALLOC))
			code = check_relocs(result, sel, i, err);
		if (code)
			return code;
	}
	return check_imports(result, sel, err);
}

static bool same_section(const struct result *a, const struct result *b, size_t i)
{
	const Elf64_Shdr x = ulp_elf_section(&a->file.elf, i), y = ulp_elf_section(&b->file.elf, i);
	const unsigned char *x_data, *y_data;
	size_t x_len, y_len;

	if (strcmp(ulp_elf_section_name(&a->file.elf, i), ulp_elf_section_name(&b->file.elf, i)) !=
		    0 ||
	    x.sh_addr != y.sh_addr || x.sh_size != y.sh_size || x.sh_flags != y.sh_flags)
		return false;
	if (strcmp(ulp_elf_section_name(&a->file.elf, i), ".note.gnu.build-id") == 0)
		return true;
	return ulp_elf_section_data(&a->file.elf, i, &x_data, &x_len, NULL) == ULP_OK &&
	       ulp_elf_section_data(&b->file.elf, i, &y_data, &y_len, NULL) == ULP_OK &&
	       x_len == y_len && (!x_len || memcmp(x_data, y_data, x_len) == 0);
}

enum ulp_code result_same(const struct result *a, const struct result *b, struct ulp_err *err)
{
	for (size_t i = 1; i < a->file.elf.nr_sections; i++) {
		const bool loaded = ulp_elf_section(&a->file.elf, i).sh_flags & SHF_ALLOC;

		if (loaded && (i >= b->file.elf.nr_sections || !same_section(a, b, i)))
			return ulp_fail(
				err, ULP_EUNSUP,
				"the linker laid out section %s differently the second time",
				ulp_elf_section_name(&a->file.elf, i));
	}
	return ULP_OK;
}
