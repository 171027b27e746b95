/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a linked fix must not have. */
#include "config.h"

#include "packer/linked.h"

#include "i18n/i18n.h"
#include "packer/rewrite.h"

#include <stdarg.h>
#include <string.h>

/* A shorter build ID is no identity: a UUID and MD5 have 16 bytes, SHA-1 has 20. */
#define MIN_BUILD_ID 16u

enum ulp_code linked_fail(const struct object *object, size_t section, struct ulp_err *err,
			  enum ulp_code code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)ulp_vfail(err, code, fmt, args);
	va_end(args);
	if (section)
		ulp_err_at(err, "%s", ulp_elf_section_name(&object->file.elf, section));
	ulp_err_at(err, "%s", object->file.path);
	return code;
}

/* --- segments --------------------------------------------------------------------------- */

static const struct {
	uint32_t type;
	enum ulp_code code;
	const char *why;
} refused_segments[] = {
	{PT_TLS, ULP_ETLS,
	 N_("has thread-local variables of its own, which a container cannot have")},
	{PT_INTERP, ULP_EELF, N_("is a program; link the fix with -shared")},
};

/*
 * The engine maps pages, each with one protection.
 * *end: the page behind the segments before, in and out.
 */
static enum ulp_code check_load(const struct object *o, const Elf64_Phdr *p, uint64_t *end,
				struct ulp_err *err)
{
	uint64_t behind;

	if (!p->p_memsz)
		return ULP_OK;
	if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
		return linked_fail(o, 0, err, ULP_EUNSUP,
				   "has a segment that is writable and executable");
	if (__builtin_add_overflow(p->p_vaddr, p->p_memsz, &behind) ||
	    behind > UINT64_MAX - ULP_CONTAINER_ALIGN)
		return linked_fail(o, 0, err, ULP_EELF, "a segment with sizes that cannot be");
	if (p->p_vaddr / ULP_CONTAINER_ALIGN < *end)
		return linked_fail(o, 0, err, ULP_EUNSUP,
				   "has segments that share a page or are out of order; link it "
				   "with -Wl,-z,separate-code,-z,max-page-size=%u",
				   ULP_CONTAINER_ALIGN);
	*end = (behind + ULP_CONTAINER_ALIGN - 1) / ULP_CONTAINER_ALIGN;
	return ULP_OK;
}

static enum ulp_code check_segments(const struct object *o, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;
	uint64_t end = 0;

	for (size_t i = 0; !code && i < o->file.elf.nr_phdrs; i++) {
		const Elf64_Phdr p = ulp_elf_phdr(&o->file.elf, i);

		if (p.p_type == PT_LOAD)
			code = check_load(o, &p, &end, err);
		for (size_t k = 0; k < sizeof(refused_segments) / sizeof(refused_segments[0]); k++)
			if (p.p_type == refused_segments[k].type)
				return linked_fail(o, 0, err, refused_segments[k].code, "%s",
						   _(refused_segments[k].why));
	}
	return code;
}

/* --- the dynamic section ------------------------------------------------------------------ */

#define START_FILES                                                                               \
	N_("; link it with -nostdlib, without the compiler's start files; a fix cannot have any " \
	   "of its own")

#define PACKED_RELOCATIONS \
	N_("has packed relative relocations; link it with -Wl,-z,nopack-relative-relocs")

static const struct {
	int64_t tag;
	uint64_t flag; /* of the value; 0: the tag itself is refused */
	enum ulp_code code;
	const char *why;
	const char *remedy; /* NULL: is in `why` */
} refused_tags[] = {
	{DT_INIT, 0, ULP_EUNSUP, N_("has an initialisation function"), START_FILES},
	{DT_FINI, 0, ULP_EUNSUP, N_("has a finalisation function"), START_FILES},
	{DT_INIT_ARRAY, 0, ULP_EUNSUP, N_("has constructors"), START_FILES},
	{DT_FINI_ARRAY, 0, ULP_EUNSUP, N_("has destructors"), START_FILES},
	{DT_PREINIT_ARRAY, 0, ULP_EUNSUP, N_("has constructors"), START_FILES},
	{DT_TEXTREL, 0, ULP_ERELOC, N_("has relocations in code; compile with -fPIC"), NULL},
	{DT_FLAGS, DF_TEXTREL, ULP_ERELOC, N_("has relocations in code; compile with -fPIC"), NULL},
	{DT_RELR, 0, ULP_ERELOC, PACKED_RELOCATIONS, NULL},
	{DT_FLAGS_1, DF_1_PIE, ULP_EELF, N_("is a program; link the fix with -shared"), NULL},
};

static enum ulp_code check_tag(const struct object *o, size_t section, const Elf64_Dyn *dyn,
			       struct ulp_err *err)
{
	for (size_t i = 0; i < sizeof(refused_tags) / sizeof(refused_tags[0]); i++)
		if (dyn->d_tag == refused_tags[i].tag &&
		    (!refused_tags[i].flag || (dyn->d_un.d_val & refused_tags[i].flag)))
			return linked_fail(o, section, err, refused_tags[i].code, "%s%s",
					   _(refused_tags[i].why),
					   refused_tags[i].remedy ? _(refused_tags[i].remedy) : "");
	return ULP_OK;
}

static enum ulp_code check_dynamic(const struct object *o, size_t section, struct ulp_err *err)
{
	struct elf_records records;
	enum ulp_code code;
	Elf64_Dyn dyn;

	code = elf_file_records(&o->file, section, &records, err);
	while (!code && elf_records_next(&records, &dyn, sizeof(dyn)) && dyn.d_tag != DT_NULL)
		code = check_tag(o, section, &dyn, err);
	return code;
}

/* --- sections ----------------------------------------------------------------------------- */

static enum ulp_code check_section(const struct object *o, size_t i, struct ulp_err *err)
{
	const Elf64_Shdr shdr = ulp_elf_section(&o->file.elf, i);
	const char *name = ulp_elf_section_name(&o->file.elf, i);

	if (strcmp(name, ULP_SECTION) == 0 || strcmp(name, ULP_REV_SECTION) == 0)
		return linked_fail(o, i, err, ULP_EELF, "is a container already");
	if (!(shdr.sh_flags & SHF_ALLOC))
		return ULP_OK;
	if (shdr.sh_type == SHT_RELR)
		return linked_fail(o, i, err, ULP_ERELOC, PACKED_RELOCATIONS);
	if (shdr.sh_type == SHT_REL)
		return linked_fail(o, i, err, ULP_ERELOC,
				   "relocations without addends are not supported");
	if (shdr.sh_addralign > ULP_CONTAINER_ALIGN)
		return linked_fail(o, i, err, ULP_EUNSUP,
				   "is aligned to %llu bytes; a container keeps powers of two up "
				   "to %u",
				   (unsigned long long)shdr.sh_addralign, ULP_CONTAINER_ALIGN);
	return shdr.sh_type == SHT_DYNAMIC ? check_dynamic(o, i, err) : ULP_OK;
}

enum ulp_code linked_check(const struct object *object, struct ulp_err *err)
{
	enum ulp_code code = check_segments(object, err);
	struct ulp_build_id id;

	for (size_t i = 1; !code && i < object->file.elf.nr_sections; i++)
		code = check_section(object, i, err);
	if (code)
		return code;
	if (!elf_file_find_type(&object->file, SHT_DYNSYM))
		return linked_fail(object, 0, err, ULP_EELF,
				   "has no dynamic symbols; give the object files instead");
	if (!ulp_elf_build_id(&object->file.elf, &id) || id.len < MIN_BUILD_ID)
		return linked_fail(object, 0, err, ULP_EELF,
				   "has no build ID of %u bytes; link it with "
				   "-Wl,--build-id=sha1",
				   MIN_BUILD_ID);
	return ULP_OK;
}

enum ulp_code linked_read(struct pool *pool, const struct packer_arch *arch, struct object *object,
			  struct ulp_err *err)
{
	enum ulp_code code;

	if (object->file.elf.ehdr.e_machine != arch->machine)
		return linked_fail(object, 0, err, ULP_EARCH,
				   "made for another machine than the target");
	object->linked = true;
	code = linked_check(object, err);
	return code ? code : linked_model(pool, object, err);
}
