/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/inject_image.h"

#include "container/file.h"
#include "container/machine.h"
#include "engine/bindings.h"
#include "engine/registry_format.h"
#include "i18n/i18n.h"
#include "trigger/thread_regs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The runtime is some ten KiB, with debug information some hundred. */
#define MAX_FILE_LEN (16u << 20)

/* Room for an rt_sigframe, as the runtime has it itself (runtime/registry.c). */
#define FRAME_LEN (16u << 10)

/* The second half of a DT_VERSYM word; see engine/symbols.c. */
#define VERSYM_HIDDEN 0x8000u

/* Sections that describe dynamic symbols. */
struct dynamic_part {
	const unsigned char *syms; /* Elf64_Sym, perhaps misaligned */
	size_t nr;
	const char *strings;
	size_t strings_len;	      /* bytes; the last one is NUL */
	const unsigned char *versyms; /* uint16_t for each symbol; NULL: none */
	const unsigned char *verneed;
	size_t verneed_len; /* bytes */
};

/* --- the file's tables ------------------------------------------------------ */

static enum ulp_code not_ours(const struct image *im, const char *what, struct ulp_err *err)
{
	return ulp_fail(err, ULP_EFORMAT, "%s is not the runtime libpulp.so.0: %s", im->file.path,
			_(what));
}

static bool section(const struct ulp_elf *elf, const char *name, const unsigned char **data,
		    size_t *len)
{
	const size_t i = ulp_elf_find_section(elf, name);

	*len = 0;
	return i && !ulp_elf_section_data(elf, i, data, len, NULL) && *len > 0;
}

static bool dynamic_part(const struct ulp_elf *elf, struct dynamic_part *d)
{
	const unsigned char *strings;
	size_t len;

	*d = (struct dynamic_part){0};
	if (!section(elf, ".dynsym", &d->syms, &len))
		return false;
	d->nr = len / sizeof(Elf64_Sym);
	if (!section(elf, ".dynstr", &strings, &d->strings_len) || strings[d->strings_len - 1])
		return false;
	d->strings = (const char *)strings;
	if (!section(elf, ".gnu.version", &d->versyms, &len) || len / sizeof(uint16_t) < d->nr)
		d->versyms = NULL;
	if (!section(elf, ".gnu.version_r", &d->verneed, &d->verneed_len))
		d->verneed = NULL;
	return true;
}

static const char *string_at(const struct dynamic_part *d, uint64_t off)
{
	return off < d->strings_len ? d->strings + off : "";
}

/* The version that is needed under this index, "" if none. */
static const char *version_needed(const struct dynamic_part *d, unsigned index)
{
	size_t at = 0;
	Elf64_Verneed need = {.vn_next = 1};
	Elf64_Vernaux aux;

	while (need.vn_next && at <= d->verneed_len && sizeof(need) <= d->verneed_len - at) {
		size_t aux_at;

		memcpy(&need, d->verneed + at, sizeof(need));
		aux_at = at + need.vn_aux;
		for (unsigned i = 0; i < need.vn_cnt && aux_at <= d->verneed_len &&
				     sizeof(aux) <= d->verneed_len - aux_at;
		     i++, aux_at += aux.vna_next) {
			memcpy(&aux, d->verneed + aux_at, sizeof(aux));
			if ((aux.vna_other & ~VERSYM_HIDDEN) == index)
				return string_at(d, aux.vna_name);
			if (!aux.vna_next)
				break;
		}
		at += need.vn_next;
	}
	return "";
}

static const char *version_of(const struct dynamic_part *d, size_t i)
{
	uint16_t index;

	if (!d->versyms || !d->verneed)
		return "";
	memcpy(&index, d->versyms + i * sizeof(index), sizeof(index));
	return version_needed(d, index & ~VERSYM_HIDDEN);
}

static Elf64_Sym symbol_at(const struct dynamic_part *d, size_t i)
{
	Elf64_Sym sym;

	memcpy(&sym, d->syms + i * sizeof(sym), sizeof(sym));
	return sym;
}

static enum ulp_code imports_take(struct image *im, const struct dynamic_part *d,
				  struct ulp_err *err)
{
	struct ulp_patch *patch = &im->file.patch;

	patch->imports = calloc(d->nr + 1, sizeof(*patch->imports));
	if (!patch->imports)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 1; i < d->nr; i++) {
		const Elf64_Sym sym = symbol_at(d, i);

		if (sym.st_shndx != SHN_UNDEF)
			continue;
		patch->imports[patch->nr_imports++] = (struct ulp_import){
			.name = string_at(d, sym.st_name),
			.version = version_of(d, i),
			.provider = "",
			.flags = ELF64_ST_BIND(sym.st_info) == STB_WEAK ? ULP_IMPORT_WEAK : 0,
		};
	}
	return ULP_OK;
}

/* vaddr of a symbol that the file defines, 0 if it does not; *size in bytes. */
static uint64_t defined(const struct dynamic_part *d, const char *name, uint64_t *size)
{
	for (size_t i = 1; i < d->nr; i++) {
		const Elf64_Sym sym = symbol_at(d, i);

		if (sym.st_shndx == SHN_UNDEF || strcmp(string_at(d, sym.st_name), name) != 0)
			continue;
		*size = sym.st_size;
		return sym.st_value;
	}
	return 0;
}

static bool has_soname(const struct ulp_elf *elf, const struct dynamic_part *d)
{
	const unsigned char *data;
	size_t len;

	if (!section(elf, ".dynamic", &data, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn dyn;

		memcpy(&dyn, data + i * sizeof(dyn), sizeof(dyn));
		if (dyn.d_tag == DT_SONAME)
			return strcmp(string_at(d, dyn.d_un.d_val), ULP_RUNTIME_SONAME) == 0;
	}
	return false;
}

/* It is no symbol that others see: found by what it is. */
static uint64_t syscall_code_find(const struct ulp_elf *elf)
{
	static const unsigned char code[] = ULP_SYSCALL_CODE;

	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		const Elf64_Phdr ph = ulp_elf_phdr(elf, i);
		const unsigned char *bytes, *found;

		if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		bytes = ulp_elf_at_vaddr(elf, ph.p_vaddr, ph.p_filesz);
		found = bytes ? memmem(bytes, ph.p_filesz, code, sizeof(code)) : NULL;
		if (found)
			return ph.p_vaddr + (uint64_t)(found - bytes);
	}
	return 0;
}

/* --- the file --------------------------------------------------------------- */

static enum ulp_code owner_check(const char *path, struct ulp_err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return ulp_fail_errno(err, ULP_EPERM, "the runtime %s cannot be used", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
		return ulp_fail(err, ULP_EPERM,
				"the runtime %s could be changed by others: it must belong to root "
				"or to you, and only its owner may have write permission",
				path);
	return ULP_OK;
}

static enum ulp_code elf_check(struct image *im, struct ulp_err *err)
{
	enum ulp_code code = ulp_elf_init(&im->file.elf, im->file.bytes, im->file.len, err);

	if (code) {
		ulp_err_at(err, "%s", im->file.path);
		return code;
	}
	if (im->file.elf.ehdr.e_machine != ulp_machine_host())
		return ulp_fail(err, ULP_EARCH, "%s is for another machine", im->file.path);
	if (im->file.elf.ehdr.e_type != ET_DYN)
		return not_ours(im, "it is not a shared library", err);
	return ULP_OK;
}

static enum ulp_code parts_find(struct image *im, struct ulp_err *err)
{
	struct dynamic_part d;
	uint64_t len = 0, unused;

	if (!dynamic_part(&im->file.elf, &d) || !has_soname(&im->file.elf, &d))
		return not_ours(im, "its soname is another one", err);
	im->registry = defined(&d, ULP_REGISTRY_SYMBOL, &len);
	im->syscall_code = syscall_code_find(&im->file.elf);
	if (!im->registry || !im->syscall_code)
		return not_ours(im, "it has no registry", err);
	if (len != sizeof(struct ulp_registry))
		return ulp_fail(err, ULP_EVERSION, "%s is of another version than this program",
				im->file.path);
	im->find_object = defined(&d, "_dl_find_object", &unused);
	im->iterate_phdr = defined(&d, "dl_iterate_phdr", &unused);
	return imports_take(im, &d, err);
}

enum ulp_code image_open(const char *path, struct image *image, struct ulp_err *err)
{
	struct image im = {0};
	enum ulp_code code = owner_check(path, err);

	if (code)
		return code;
	code = ulp_file_read(path, MAX_FILE_LEN, &im.file.bytes, &im.file.len, err);
	if (code) {
		ulp_err_at(err, "%s", path);
		return code;
	}
	im.file.path = strdup(path);
	if (!im.file.path)
		code = ulp_fail(err, ULP_ENOMEM, "out of memory");
	im.file.base_name = im.file.path;
	if (!code)
		code = elf_check(&im, err);
	if (!code)
		code = parts_find(&im, err);
	if (code) {
		image_close(&im);
		return code;
	}
	*image = im;
	return ULP_OK;
}

void image_close(struct image *im)
{
	load_deinit(&im->load);
	free(im->file.patch.imports);
	free(im->file.bytes);
	free(im->file.path);
	*im = (struct image){0};
}

/* --- in the process --------------------------------------------------------- */

/*
 * What nobody else in the process uses of the libc's indirect functions is not bound: its
 * resolver may not run.  Only the runtime's constructor calls such, which does not run either.
 */
static enum ulp_code import_bind(struct image *im, struct reader *r,
				 const struct ulp_objects *objects, size_t i, struct ulp_err *err)
{
	const struct ulp_import *import = &im->file.patch.imports[i];
	struct ulp_symbol sym;
	struct ulp_err why;
	enum ulp_code code =
		binding_find(r, objects, im->load.target, import, &im->load.import_values[i], &why);

	if (!code)
		return ULP_OK;
	if (code == ULP_ESYMBOL && symbol_lookup(r, objects, import->name, import->version, &sym) &&
	    sym.type == STT_GNU_IFUNC) {
		im->load.import_values[i] = 0;
		return ULP_OK;
	}
	if (err)
		*err = why;
	return code;
}

enum ulp_code image_bind(struct image *im, struct reader *r, struct ulp_objects *objects,
			 const struct ulp_object *near, long page_size, struct ulp_err *err)
{
	enum ulp_code code;

	load_deinit(&im->load);
	code = load_init(&im->load, &im->file, near, FRAME_LEN, page_size, err);
	if (code)
		return code;
	if (im->registry < im->load.first_vaddr ||
	    im->registry - im->load.first_vaddr > im->load.image_len ||
	    im->load.image_len - (im->registry - im->load.first_vaddr) <
		    sizeof(struct ulp_registry))
		return not_ours(im, "its registry is outside of its segments", err);
	objects_set_local_scope(objects, near);
	for (size_t i = 0; i < im->file.patch.nr_imports && !code; i++)
		code = import_bind(im, r, objects, i, err);
	return code;
}

/* What registry_init() of runtime/registry.c does, but for the magic number. */
static void registry_fill(struct image *im)
{
	unsigned char *at = im->load.image + (im->registry - im->load.first_vaddr);
	struct ulp_registry reg;
	int len;

	memcpy(&reg, at, sizeof(reg));
	reg.version = ULP_REGISTRY_VERSION;
	reg.size = sizeof(reg);
	reg.syscall_code = image_addr(im, im->syscall_code);
	reg.frame = load_record_at(&im->load);
	reg.frame_len = im->load.record_len;
	len = snprintf(reg.messages, sizeof(reg.messages),
		       "libpulp " PACKAGE_VERSION " was loaded by ulp and is ready\n");
	reg.messages_end = len > 0 ? (uint64_t)len : 0;
	memcpy(at, &reg, sizeof(reg));
}

enum ulp_code image_write(struct image *im, struct ulp_space *space, struct ulp_err *err)
{
	enum ulp_code code = load_map(&im->load, space, err);
	struct ulp_err second;

	if (code)
		return code;
	registry_fill(im);
	code = load_write(&im->load, space, err);
	/* The first failure is the one to tell. */
	if (code)
		(void)!load_unmap(&im->load, space, &second);
	return code;
}

enum ulp_code image_finish(struct image *im, struct ulp_space *space, struct ulp_err *err)
{
	return space_write(space,
			   image_addr(im, im->registry) + offsetof(struct ulp_registry, magic),
			   ULP_REGISTRY_MAGIC, sizeof(ULP_REGISTRY_MAGIC), err);
}
