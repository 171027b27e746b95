/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzing of the container's reader.  What it accepts has to come out the same
 * after it was written and read again.
 */
#include "config.h"

#include "container/container.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/sample_patch.h"

#include <stdlib.h>
#include <string.h>

static void check_writes_back(const struct ulp_patch *patch, enum ulp_section section)
{
	struct ulp_patch again;
	struct ulp_err err;
	void *bytes;
	size_t len;

	if (ulp_patch_write(patch, section, &bytes, &len, &err) != ULP_OK ||
	    ulp_patch_read(bytes, len, section, &again, &err) != ULP_OK ||
	    !patch_matches(patch, &again, section))
		abort();
	ulp_patch_deinit(&again);
	free(bytes);
}

/* All that was promised of an accepted container: every place can be read. */
static void check_places(const struct ulp_container *c)
{
	const struct ulp_patch *p = &c->patch;

	for (size_t i = 0; i < p->nr_functions; i++) {
		const struct ulp_function *f = &p->functions[i];
		const unsigned char *code = ulp_elf_at_vaddr(&c->elf, f->new_vaddr, f->new_size);

		if (code == NULL)
			abort();
		ulp_checksum(code, f->new_size < 4096 ? f->new_size : 4096);
	}
	for (size_t i = 0; i < p->nr_references; i++)
		if (ulp_elf_at_vaddr(&c->elf, p->references[i].place, 1) == NULL)
			abort();
}

/* The parts of the ELF view that the container's reader does not use itself. */
static void look_at_elf(const uint8_t *bytes, size_t len)
{
	enum ulp_entry_layout layout;
	struct ulp_build_id id;
	struct ulp_elf elf;

	if (ulp_elf_init(&elf, bytes, len, NULL) != ULP_OK)
		return;
	ulp_elf_build_id(&elf, &id);
	ulp_elf_count_entries(&elf, &layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ulp_container c;
	struct ulp_err err;

	look_at_elf(bytes, len);
	if (ulp_container_from_bytes("fuzz.so", bytes, len, &c, &err) != ULP_OK) {
		if (err.code == ULP_OK || err.text[0] == '\0' ||
		    strncmp(err.where, "fuzz.so", strlen("fuzz.so")) != 0)
			abort();
		return 0;
	}
	check_writes_back(&c.patch, ULP_SECTION_APPLY);
	check_writes_back(&c.revert, ULP_SECTION_REVERT);
	check_places(&c);
	ulp_container_close(&c);
	return 0;
}

uint8_t *fuzz_seed(size_t *len)
{
	struct sample sample;

	sample_init(&sample);
	return sample_container(&sample.patch, NULL, len);
}

/* --- mutation ------------------------------------------------------------- */

/* A part of the file. */
struct range {
	size_t off;
	size_t len;
};

static struct range section_range(const struct ulp_elf *elf, const char *name)
{
	size_t i = ulp_elf_find_section(elf, name);
	const unsigned char *data;
	struct range range = {0, 0};

	if (i != 0 && ulp_elf_section_data(elf, i, &data, &range.len, NULL) == ULP_OK &&
	    range.len != 0)
		range.off = (size_t)(data - elf->bytes);
	return range;
}

/* The part to change: one of those that mean something, or all of it. */
static struct range pick_range(const uint8_t *bytes, size_t len, unsigned int seed)
{
	struct ulp_elf elf;
	struct range range = {0, len};

	if (ulp_elf_init(&elf, bytes, len, NULL) != ULP_OK)
		return range;
	switch (seed % 8) {
	case 0:
		return range;
	case 1:
		return section_range(&elf, ULP_REV_SECTION);
	case 2:
		return (struct range){elf.ehdr.e_phoff, elf.nr_phdrs * sizeof(Elf64_Phdr)};
	case 3:
		return (struct range){elf.ehdr.e_shoff, elf.nr_sections * sizeof(Elf64_Shdr)};
	default:
		return section_range(&elf, ULP_SECTION);
	}
}

static void mend_section(uint8_t *bytes, size_t len, const char *name, bool with_length)
{
	struct range range = {0, 0};
	struct ulp_elf elf;

	if (ulp_elf_init(&elf, bytes, len, NULL) == ULP_OK)
		range = section_range(&elf, name);
	if (range.len != 0)
		section_mend(bytes + range.off, range.len, with_length);
}

/* Makes .ulp.rev fit a changed .ulp, if it is not longer than before. */
static void make_revert(uint8_t *bytes, size_t len)
{
	struct range apply;
	struct range revert;
	struct ulp_patch patch;
	struct ulp_elf elf;
	void *made;
	size_t made_len;

	if (ulp_elf_init(&elf, bytes, len, NULL) != ULP_OK)
		return;
	apply = section_range(&elf, ULP_SECTION);
	revert = section_range(&elf, ULP_REV_SECTION);
	if (ulp_patch_read(bytes + apply.off, apply.len, ULP_SECTION_APPLY, &patch, NULL) != ULP_OK)
		return;
	if (ulp_patch_write(&patch, ULP_SECTION_REVERT, &made, &made_len, NULL) == ULP_OK) {
		if (made_len <= revert.len) {
			size_t at =
				elf.ehdr.e_shoff + offsetof(Elf64_Shdr, sh_size) +
				ulp_elf_find_section(&elf, ULP_REV_SECTION) * sizeof(Elf64_Shdr);
			uint64_t sh_size = made_len;

			memcpy(bytes + revert.off, made, made_len);
			memcpy(bytes + at, &sh_size, sizeof(sh_size));
		}
		free(made);
	}
	ulp_patch_deinit(&patch);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned int seed)
{
	struct range range;

	/* libFuzzer begins with an empty input. */
	if (len < sizeof(Elf64_Ehdr)) {
		uint8_t *good = fuzz_seed(&len);

		if (len > room)
			len = room;
		memcpy(bytes, good, len);
		free(good);
	}
	range = pick_range(bytes, len, seed);
	if (range.len == 0 || range.len == len)
		len = LLVMFuzzerMutate(bytes, len, room);
	else
		LLVMFuzzerMutate(bytes + range.off, range.len, range.len);
	seed /= 8;
	if (seed % 16 == 0) /* leave the checksums wrong */
		return len;
	mend_section(bytes, len, ULP_SECTION, seed % 3 != 0);
	mend_section(bytes, len, ULP_REV_SECTION, seed % 3 != 0);
	if (seed % 2 == 0)
		make_revert(bytes, len);
	return len;
}
