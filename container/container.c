/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a container file whole and validating it: first that it is a shared
 * object of this machine whose segments can be mapped, then its two sections,
 * then that the sections fit each other and the segments.
 */
#include "config.h"

#include "container/container.h"
#include "container/file.h"
#include "container/machine.h"

#include <stdlib.h>
#include <string.h>

/* No sane container is larger; a bound for what a hostile one can make us read. */
#define MAX_FILE_LEN (512u << 20)

/* --- the ELF file --------------------------------------------------------- */

/* ulp_fail() with the place of a program header. */
static enum ulp_code phdr_fail(const struct ulp_container *c, size_t i, struct ulp_err *err,
			       const char *text)
{
	uint64_t off = c->elf.ehdr.e_phoff + i * sizeof(Elf64_Phdr);

	ulp_fail(err, ULP_EELF, "%s", ulp_err_text(text));
	ulp_err_at(err, "+0x%llx", (unsigned long long)off);
	return ULP_EELF;
}

/*
 * PT_LOAD segments in ascending order without overlap (gABI, chapter 5), inside
 * the file.  *end: the address behind the one before, in and out.
 */
static enum ulp_code check_segment(const struct ulp_container *c, size_t i, uint64_t *end,
				   struct ulp_err *err)
{
	Elf64_Phdr p = ulp_elf_phdr(&c->elf, i);

	if (p.p_type != PT_LOAD)
		return ULP_OK;
	if (p.p_filesz > p.p_memsz || p.p_memsz > UINT64_MAX - p.p_vaddr)
		return phdr_fail(c, i, err, "a segment with sizes that cannot be");
	if (p.p_offset > c->len || p.p_filesz > c->len - p.p_offset)
		return phdr_fail(c, i, err, "a segment reaches past the end of the file");
	if (p.p_vaddr < *end)
		return phdr_fail(c, i, err, "segments overlap or are out of order");
	*end = p.p_vaddr + p.p_memsz;
	return ULP_OK;
}

static enum ulp_code check_elf(struct ulp_container *c, struct ulp_err *err)
{
	struct ulp_elf elf;
	enum ulp_code code = ulp_elf_init(&elf, c->bytes, c->len, err);
	uint64_t end = 0;

	if (code != ULP_OK)
		return code;
	c->elf = elf;
	if (c->elf.ehdr.e_machine != ulp_machine_host()) {
		ulp_fail(err, ULP_EARCH, "made for machine %u, not for %u", c->elf.ehdr.e_machine,
			 ulp_machine_host());
		ulp_err_at(err, "+0x%zx", offsetof(Elf64_Ehdr, e_machine));
		return ULP_EARCH;
	}
	if (c->elf.ehdr.e_type != ET_DYN) {
		ulp_fail(err, ULP_EELF, "not a shared object");
		ulp_err_at(err, "+0x%zx", offsetof(Elf64_Ehdr, e_type));
		return ULP_EELF;
	}
	for (size_t i = 0; i < c->elf.nr_phdrs; i++) {
		code = check_segment(c, i, &end, err);
		if (code != ULP_OK)
			return code;
	}
	return ULP_OK;
}

/* --- the sections --------------------------------------------------------- */

/* ulp_fail() with a section's name as the place. */
static enum ulp_code section_fail(struct ulp_err *err, const char *section, const char *text)
{
	ulp_fail(err, ULP_EFORMAT, "%s", ulp_err_text(text));
	ulp_err_at(err, "%s", section);
	return ULP_EFORMAT;
}

/* There is one section of that name, not loaded, not compressed. */
static enum ulp_code find_section(const struct ulp_container *c, const char *name, size_t *index,
				  struct ulp_err *err)
{
	size_t found = ulp_elf_find_section(&c->elf, name);
	Elf64_Shdr shdr;

	if (found == 0)
		return section_fail(err, name, "not a live patch: there is no such section");
	for (size_t i = found + 1; i < c->elf.nr_sections; i++)
		if (strcmp(ulp_elf_section_name(&c->elf, i), name) == 0)
			return section_fail(err, name, "there are two sections of this name");
	shdr = ulp_elf_section(&c->elf, found);
	if (shdr.sh_type != SHT_PROGBITS || (shdr.sh_flags & (SHF_ALLOC | SHF_COMPRESSED)) != 0)
		return section_fail(err, name, "the section has a wrong type or wrong flags");
	*index = found;
	return ULP_OK;
}

static enum ulp_code read_section(const struct ulp_container *c, enum ulp_section section,
				  const char *name, struct ulp_patch *patch, struct ulp_err *err)
{
	const unsigned char *data;
	enum ulp_code code;
	size_t index;
	size_t len;

	code = find_section(c, name, &index, err);
	if (code == ULP_OK)
		code = ulp_elf_section_data(&c->elf, index, &data, &len, err);
	if (code == ULP_OK)
		code = ulp_patch_read(data, len, section, patch, err);
	return code;
}

/* --- the two sections against each other ---------------------------------- */

static bool same_labels(const struct ulp_patch *a, const struct ulp_patch *b)
{
	if (a->nr_labels != b->nr_labels)
		return false;
	for (size_t i = 0; i < a->nr_labels; i++)
		if (strcmp(a->labels[i], b->labels[i]) != 0)
			return false;
	return true;
}

/* All but the place of the replacement, which .ulp.rev does not have. */
static bool same_function(const struct ulp_function *a, const struct ulp_function *b)
{
	return strcmp(a->old_name, b->old_name) == 0 && strcmp(a->new_name, b->new_name) == 0 &&
	       a->old_vaddr == b->old_vaddr && a->old_size == b->old_size &&
	       a->old_checksum == b->old_checksum && a->entry_vaddr == b->entry_vaddr &&
	       a->word_vaddr == b->word_vaddr && memcmp(a->word, b->word, sizeof(a->word)) == 0 &&
	       a->layout == b->layout;
}

static bool same_functions(const struct ulp_patch *a, const struct ulp_patch *b)
{
	if (a->nr_functions != b->nr_functions)
		return false;
	for (size_t i = 0; i < a->nr_functions; i++)
		if (!same_function(&a->functions[i], &b->functions[i]))
			return false;
	return true;
}

/* Reverting by .ulp.rev must undo what applying by .ulp did. */
static enum ulp_code check_agreement(const struct ulp_container *c, struct ulp_err *err)
{
	const struct ulp_patch *a = &c->patch;
	const struct ulp_patch *b = &c->revert;
	const struct {
		bool same;
		const char *text;
	} checks[] = {
		{a->machine == b->machine, ULP_TEXT("another machine than in .ulp")},
		{strcmp(a->name, b->name) == 0, ULP_TEXT("another name than in .ulp")},
		{strcmp(a->description, b->description) == 0,
		 ULP_TEXT("another description than in .ulp")},
		{a->consistency == b->consistency, ULP_TEXT("another consistency than in .ulp")},
		{same_labels(a, b), ULP_TEXT("other labels than in .ulp")},
		{strcmp(a->soname, b->soname) == 0, ULP_TEXT("another target than in .ulp")},
		{ulp_build_id_equal(&a->build_id, &b->build_id),
		 ULP_TEXT("another build ID than in .ulp")},
		{same_functions(a, b), ULP_TEXT("other functions than in .ulp")},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i].same)
			return section_fail(err, ULP_REV_SECTION, checks[i].text);
	return ULP_OK;
}

/* --- the sections against the segments ------------------------------------ */

/* Whether the file loads all of [vaddr, vaddr + len) executable, in one segment. */
static bool is_executable(const struct ulp_elf *elf, uint64_t vaddr, uint64_t len)
{
	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr p = ulp_elf_phdr(elf, i);

		if (p.p_type == PT_LOAD && (p.p_flags & PF_X) != 0 && vaddr >= p.p_vaddr &&
		    vaddr - p.p_vaddr <= p.p_filesz && len <= p.p_filesz - (vaddr - p.p_vaddr))
			return true;
	}
	return false;
}

static enum ulp_code check_places(const struct ulp_container *c, struct ulp_err *err)
{
	const struct ulp_patch *p = &c->patch;

	if (p->machine != c->elf.ehdr.e_machine)
		return section_fail(err, ULP_SECTION, "another machine than the ELF header says");
	for (size_t i = 0; i < p->nr_functions; i++) {
		const struct ulp_function *f = &p->functions[i];

		if (is_executable(&c->elf, f->new_vaddr, f->new_size))
			continue;
		ulp_fail(err, ULP_EFORMAT,
			 "the replacement %.128s at 0x%llx is outside of the executable segment",
			 f->new_name, (unsigned long long)f->new_vaddr);
		ulp_err_at(err, "%s", ULP_SECTION);
		return ULP_EFORMAT;
	}
	for (size_t i = 0; i < p->nr_references; i++) {
		const struct ulp_reference *r = &p->references[i];

		if (ulp_elf_at_vaddr(&c->elf, r->place, 1) != NULL)
			continue;
		ulp_fail(err, ULP_EFORMAT,
			 "the reference to %.128s at 0x%llx is outside of the segments", r->name,
			 (unsigned long long)r->place);
		ulp_err_at(err, "%s", ULP_SECTION);
		return ULP_EFORMAT;
	}
	return ULP_OK;
}

static enum ulp_code check_build_id(struct ulp_container *c, struct ulp_err *err)
{
	if (ulp_elf_build_id(&c->elf, &c->build_id))
		return ULP_OK;
	return ulp_fail(err, ULP_EELF,
			"there is no build ID, which is the live patch's identity; "
			"link it with --build-id");
}

/* --- the whole ------------------------------------------------------------ */

static enum ulp_code validate(struct ulp_container *c, struct ulp_err *err)
{
	enum ulp_code code = check_elf(c, err);

	if (code == ULP_OK)
		code = read_section(c, ULP_SECTION_APPLY, ULP_SECTION, &c->patch, err);
	if (code == ULP_OK)
		code = read_section(c, ULP_SECTION_REVERT, ULP_REV_SECTION, &c->revert, err);
	if (code == ULP_OK)
		code = check_agreement(c, err);
	if (code == ULP_OK)
		code = check_build_id(c, err);
	if (code == ULP_OK)
		code = check_places(c, err);
	return code;
}

static enum ulp_code copy_bytes(struct ulp_container *c, const void *bytes, size_t len,
				struct ulp_err *err)
{
	c->bytes = malloc(len + 1); /* not of size 0, which may give NULL */
	if (c->bytes == NULL)
		return ulp_fail(err, ULP_ENOMEM, "no memory for the container's %zu bytes", len);
	if (len != 0)
		memcpy(c->bytes, bytes, len);
	c->len = len;
	return ULP_OK;
}

static enum ulp_code set_path(struct ulp_container *c, const char *path, struct ulp_err *err)
{
	const char *slash;

	c->path = strdup(path);
	if (c->path == NULL)
		return ulp_fail(err, ULP_ENOMEM, "no memory for the container's path");
	slash = strrchr(c->path, '/');
	c->base_name = slash != NULL ? slash + 1 : c->path;
	return ULP_OK;
}

/*
 * The end of opening: code tells how it went so far.  Takes what *c owns, which
 * goes to *ret if all is well.
 */
static enum ulp_code finish_open(struct ulp_container *c, const char *path, enum ulp_code code,
				 struct ulp_container *ret, struct ulp_err *err)
{
	if (code == ULP_OK)
		code = set_path(c, path, err);
	if (code == ULP_OK)
		code = validate(c, err);
	if (code != ULP_OK) {
		ulp_err_at(err, "%s", path);
		ulp_container_close(c);
		return code;
	}
	*ret = *c;
	return ULP_OK;
}

enum ulp_code ulp_container_open(const char *path, struct ulp_container *c, struct ulp_err *err)
{
	struct ulp_container new = {0};
	enum ulp_code code = ulp_file_read(path, MAX_FILE_LEN, &new.bytes, &new.len, err);

	return finish_open(&new, path, code, c, err);
}

enum ulp_code ulp_container_from_bytes(const char *path, const void *bytes, size_t len,
				       struct ulp_container *c, struct ulp_err *err)
{
	struct ulp_container new = {0};
	enum ulp_code code = copy_bytes(&new, bytes, len, err);

	return finish_open(&new, path, code, c, err);
}

void ulp_container_close(struct ulp_container *c)
{
	if (c == NULL)
		return;
	ulp_patch_deinit(&c->patch);
	ulp_patch_deinit(&c->revert);
	free(c->path);
	free(c->bytes);
	*c = (struct ulp_container){0};
}
