/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "engine/arch.h"
#include "engine/load.h"
#include "engine/load_relocate.h"
#include "engine/record.h"
#include "tests/lib/check_err.h"
#include "tests/lib/fake_patch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define RECORD_LEN 5000u

struct fixture {
	struct fake_process fp;
	struct engine e;
	struct fake_patch p;
	struct ulp_container c;
	struct load load;
	struct ulp_err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_process_init(&f->fp);
	fake_process_open(&f->fp, &f->e);
	fake_patch_begin(&f->p, &f->fp, FAKE_TARGET, "fix", 'a');
	fake_patch_function(&f->p, "alpha");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	load_deinit(&f->load);
	ulp_container_close(&f->c);
	eb_destroy(f->p.eb);
	engine_close(&f->e);
	fake_process_deinit(&f->fp);
	free(f);
	return 0;
}

static const struct ulp_object *target(const struct fixture *f)
{
	return &f->e.objects.list[FAKE_TARGET];
}

static enum ulp_code begin(struct fixture *f)
{
	fake_patch_end(&f->p, &f->c);
	return load_init(&f->load, &f->c, target(f), RECORD_LEN, FAKE_PAGE, &f->err);
}

static enum ulp_code load_all(struct fixture *f)
{
	enum ulp_code code = begin(f);

	if (!code)
		code = load_resolve(&f->load, &f->e.reader, &f->e.objects, &f->err);
	if (!code)
		code = load_map(&f->load, &f->fp.fs.space, &f->err);
	if (!code)
		code = load_write(&f->load, &f->fp.fs.space, &f->err);
	return code;
}

static uint64_t loaded_u64(struct fixture *f, uint64_t vaddr)
{
	uint64_t value;

	memcpy(&value, fake_space_at(&f->fp.fs, load_addr(&f->load, vaddr), 8), 8);
	return value;
}

static uint32_t loaded_u32(struct fixture *f, uint64_t vaddr)
{
	return (uint32_t)loaded_u64(f, vaddr);
}

/* --- mapping -------------------------------------------------------------- */

static void the_segments_lie_where_the_bias_says(void **state)
{
	struct fixture *f = *state;

	memset(eb_data(f->p.eb, 2), 0xab, FAKE_TEXT_LEN);
	assert_succeeds(load_all(f), &f->err);
	assert_int_equal(f->load.map_start % FAKE_PAGE, 0);
	assert_int_equal(*(uint8_t *)fake_space_at(&f->fp.fs, load_addr(&f->load, FAKE_TEXT), 1),
			 0xab);
	assert_int_equal(f->load.record_len, 2 * FAKE_PAGE);
	assert_int_equal(load_record_at(&f->load) + f->load.record_len,
			 f->load.map_start + load_map_len(&f->load));
}

static void each_page_gets_the_protection_of_its_segment(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(load_all(f), &f->err);
	assert_int_equal(fake_space_area(&f->fp.fs, load_addr(&f->load, FAKE_TEXT))->prot,
			 PROT_READ | PROT_EXEC);
	assert_int_equal(fake_space_area(&f->fp.fs, load_addr(&f->load, FAKE_DATA))->prot,
			 PROT_READ | PROT_WRITE);
	assert_int_equal(fake_space_area(&f->fp.fs, load_addr(&f->load, 0))->prot, PROT_READ);
	assert_int_equal(fake_space_area(&f->fp.fs, load_record_at(&f->load))->prot,
			 PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < f->fp.fs.nr_areas; i++)
		assert_int_not_equal(f->fp.fs.areas[i].prot & (PROT_WRITE | PROT_EXEC),
				     PROT_WRITE | PROT_EXEC);
}

static void a_mapping_is_near_the_target_and_over_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t distance;

	assert_succeeds(load_all(f), &f->err);
	distance = f->load.map_start > target(f)->start ? f->load.map_start - target(f)->start
							: target(f)->start - f->load.map_start;
	assert_true(distance < (1u << 30));
}

/* Every map() that can fail, each in turn: nothing of ours stays. */
static void a_map_that_fails_leaves_nothing_mapped(void **state)
{
	struct fixture *f = *state;
	struct fake_space before = fake_space_copy(&f->fp.fs);
	unsigned n;

	assert_succeeds(begin(f), &f->err);
	for (n = 1;; n++) {
		fake_space_heal(&f->fp.fs);
		f->fp.fs.fail_map = n;
		if (!load_map(&f->load, &f->fp.fs.space, &f->err))
			break;
		assert_int_equal(f->err.code, ULP_ESYS);
		assert_int_equal(fake_space_differs(&f->fp.fs, &before), 0);
		assert_int_equal(f->load.map_start, 0);
	}
	assert_true(n > 3);
	assert_succeeds(load_unmap(&f->load, &f->fp.fs.space, &f->err), &f->err);
	assert_int_equal(fake_space_differs(&f->fp.fs, &before), 0);
	fake_space_deinit(&before);
}

static struct ulp_reg_pending announced(struct fixture *f)
{
	struct ulp_reg_pending p;

	assert_succeeds(space_read(&f->fp.fs.space,
				   f->load.registry_at + offsetof(struct ulp_registry, pending), &p,
				   sizeof(p), &f->err),
			&f->err);
	return p;
}

static void fail_to_map(struct fixture *f, unsigned n, enum ulp_code code)
{
	fake_space_heal(&f->fp.fs);
	f->fp.fs.fail_map = n;
	f->fp.fs.map_code = code;
}

/* The next tool looks there. */
static void what_may_be_mapped_after_a_failure_stays_announced(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(begin(f), &f->err);
	f->load.registry_at = target(f)->bias + FAKE_DATA;
	/* The call was not waited for any longer. */
	fail_to_map(f, 1, ULP_ESTOP);
	assert_int_equal(load_map(&f->load, &f->fp.fs.space, &f->err), ULP_ESTOP);
	assert_int_equal(announced(f).len, load_map_len(&f->load));
	/* Its answer was that nothing is. */
	fail_to_map(f, 1, ULP_ESYS);
	assert_int_equal(load_map(&f->load, &f->fp.fs.space, &f->err), ULP_ESYS);
	assert_int_equal(announced(f).len, 0);
	/* What was mapped first could not be unmapped. */
	fail_to_map(f, 2, ULP_ESYS);
	f->fp.fs.fail_unmap = 1;
	assert_int_equal(load_map(&f->load, &f->fp.fs.space, &f->err), ULP_ESYS);
	assert_int_equal(announced(f).len, load_map_len(&f->load));
}

static void a_gap_that_was_taken_meanwhile_is_followed_by_the_next(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(begin(f), &f->err);
	f->fp.fs.fail_map = 1;
	f->fp.fs.map_code = ULP_EROOM;
	assert_succeeds(load_map(&f->load, &f->fp.fs.space, &f->err), &f->err);
	assert_succeeds(load_unmap(&f->load, &f->fp.fs.space, &f->err), &f->err);
}

static void no_room_is_told(void **state)
{
	struct fixture *f = *state;
	struct ulp_object far = *target(f);

	assert_succeeds(begin(f), &f->err);
	far.start = 0x100000000000;
	far.end = far.start + (4ull << 30);
	f->load.target = &far;
	assert_int_equal(load_map(&f->load, &f->fp.fs.space, &f->err), ULP_EROOM);
	assert_int_equal(f->load.map_start, 0);
}

static void unmapping_twice_does_nothing(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(load_all(f), &f->err);
	assert_succeeds(load_unmap(&f->load, &f->fp.fs.space, &f->err), &f->err);
	f->fp.fs.fail_unmap = 1;
	assert_succeeds(load_unmap(&f->load, &f->fp.fs.space, &f->err), &f->err);
}

static void what_is_read_only_after_relocation_is_read_only(void **state)
{
	struct fixture *f = *state;
	size_t i = 0;

	fake_patch_end(&f->p, &f->c);
	/* Make one of the program headers PT_GNU_RELRO. */
	while (ulp_elf_phdr(&f->c.elf, i).p_type == PT_LOAD)
		i++;
	Elf64_Phdr relro = {.p_type = PT_GNU_RELRO, .p_vaddr = FAKE_DATA, .p_memsz = FAKE_PAGE};

	memcpy(f->c.bytes + f->c.elf.ehdr.e_phoff + i * sizeof(relro), &relro, sizeof(relro));
	assert_succeeds(load_init(&f->load, &f->c, target(f), RECORD_LEN, FAKE_PAGE, &f->err),
			&f->err);
	assert_int_equal(f->load.prot[FAKE_DATA / FAKE_PAGE], PROT_READ);
	load_deinit(&f->load);

	/* Code must stay executable whatever the header says. */
	relro.p_vaddr = FAKE_TEXT;
	memcpy(f->c.bytes + f->c.elf.ehdr.e_phoff + i * sizeof(relro), &relro, sizeof(relro));
	assert_succeeds(load_init(&f->load, &f->c, target(f), RECORD_LEN, FAKE_PAGE, &f->err),
			&f->err);
	assert_int_equal(f->load.prot[FAKE_TEXT / FAKE_PAGE], PROT_READ | PROT_EXEC);
}

/* Row: a PT_LOAD that is refused. */
static void segments_that_make_no_sense_are_refused(void **state)
{
	struct fixture *f = *state;
	static const Elf64_Phdr bad[] = {
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 65ull << 20, .p_memsz = 1},
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0, .p_memsz = UINT64_MAX},
		{.p_type = PT_LOAD, .p_flags = PF_W | PF_X, .p_vaddr = 0, .p_memsz = 1},
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = FAKE_TEXT + 8, .p_memsz = 1},
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = 1ull << 40, .p_memsz = 1},
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = 64, .p_memsz = 32},
	};
	Elf64_Phdr good;

	fake_patch_end(&f->p, &f->c);
	memcpy(&good, f->c.bytes + f->c.elf.ehdr.e_phoff, sizeof(good));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memcpy(f->c.bytes + f->c.elf.ehdr.e_phoff, &bad[i], sizeof(good));
		assert_int_equal(
			load_init(&f->load, &f->c, target(f), RECORD_LEN, FAKE_PAGE, &f->err),
			ULP_EFORMAT);
	}
	for (size_t i = 0; i < f->c.elf.nr_phdrs; i++)
		memset(f->c.bytes + f->c.elf.ehdr.e_phoff + i * sizeof(good), 0, sizeof(good));
	assert_int_equal(load_init(&f->load, &f->c, target(f), RECORD_LEN, FAKE_PAGE, &f->err),
			 ULP_EFORMAT);
}

/* --- relocation ----------------------------------------------------------- */

static void imports_are_bound_and_written(void **state)
{
	struct fixture *f = *state;
	uint64_t helper = f->fp.objects[FAKE_OTHER].bias + FAKE_TEXT;
	uint32_t sym = fake_patch_import(&f->p, "helper", "", 0);
	uint32_t weak = fake_patch_import(&f->p, "nobodys", "", ULP_IMPORT_WEAK);

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_GLOB_DAT, sym, 0);
	fake_patch_rela(&f->p, FAKE_DATA + 8, R_X86_64_JUMP_SLOT, sym, 0);
	fake_patch_rela(&f->p, FAKE_DATA + 16, R_X86_64_64, sym, 5);
	fake_patch_rela(&f->p, FAKE_DATA + 24, R_X86_64_64, weak, 0);
	fake_patch_rela(&f->p, FAKE_DATA + 32, R_X86_64_RELATIVE, 0, FAKE_TEXT + 1);
	fake_patch_rela(&f->p, FAKE_DATA + 40, R_X86_64_NONE, sym, 0);
	assert_succeeds(load_all(f), &f->err);
	assert_int_equal(loaded_u64(f, FAKE_DATA), helper);
	assert_int_equal(loaded_u64(f, FAKE_DATA + 8), helper);
	assert_int_equal(loaded_u64(f, FAKE_DATA + 16), helper + 5);
	assert_int_equal(loaded_u64(f, FAKE_DATA + 24), 0);
	assert_int_equal(loaded_u64(f, FAKE_DATA + 32), load_addr(&f->load, FAKE_TEXT + 1));
	assert_int_equal(loaded_u64(f, FAKE_DATA + 40), 0);
}

static void the_containers_own_symbols_move_with_it(void **state)
{
	struct fixture *f = *state;
	uint32_t own = (uint32_t)eb_dynsym(f->p.eb, "own", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 2,
					   0x80, 16);
	uint32_t absolute = (uint32_t)eb_dynsym(
		f->p.eb, "absolute", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), SHN_ABS, 77, 0);

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_64, own, 0);
	fake_patch_rela(&f->p, FAKE_DATA + 8, R_X86_64_64, absolute, 0);
	assert_succeeds(load_all(f), &f->err);
	assert_int_equal(loaded_u64(f, FAKE_DATA), load_addr(&f->load, FAKE_TEXT + 0x80));
	assert_int_equal(loaded_u64(f, FAKE_DATA + 8), 77);
}

static void references_reach_private_symbols_of_the_target(void **state)
{
	struct fixture *f = *state;
	uint64_t want = f->fp.objects[FAKE_TARGET].bias + FAKE_DATA + 0x20;

	fake_patch_reference(&f->p, FAKE_TEXT + 2, R_X86_64_PC32, FAKE_DATA + 0x20, -4);
	fake_patch_reference(&f->p, FAKE_DATA, R_X86_64_64, FAKE_DATA + 0x20, 8);
	assert_succeeds(load_all(f), &f->err);
	assert_int_equal(loaded_u32(f, FAKE_TEXT + 2),
			 (uint32_t)(want - 4 - load_addr(&f->load, FAKE_TEXT + 2)));
	assert_int_equal(loaded_u64(f, FAKE_DATA), want + 8);
}

static void an_undefined_symbol_without_an_import_is_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t sym = (uint32_t)eb_dynsym(f->p.eb, "stray", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE),
					   SHN_UNDEF, 0, 0);

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_64, sym, 0);
	assert_int_equal(load_all(f), ULP_EFORMAT);
	assert_string_equal(f->err.where, "fix-a.so: .rela.dyn[0]");
	assert_non_null(strstr(f->err.text, "stray"));
}

/* Their address is what a function returns, which nobody may call here. */
static void an_indirect_function_of_the_container_is_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t sym = (uint32_t)eb_dynsym(f->p.eb, "choose",
					   ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC), 2, 0x80, 16);

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_64, sym, 0);
	assert_int_equal(load_all(f), ULP_ERELOC);
	assert_string_equal(f->err.where, "fix-a.so: .rela.dyn[0]");
}

static void a_thread_local_variable_of_the_container_is_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t sym =
		(uint32_t)eb_dynsym(f->p.eb, "cell", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), 3, 0, 16);

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_64, sym, 0);
	assert_int_equal(load_all(f), ULP_ERELOC);
}

/* Row: a relocation or reference that is refused, and the place that is told. */
static void relocations_that_cannot_be_are_refused(void **state)
{
	static const struct {
		uint64_t vaddr;
		uint32_t type;
		uint32_t sym;
		enum ulp_code code;
	} bad[] = {
		{UINT64_MAX, R_X86_64_RELATIVE, 0, ULP_ERELOC},
		{1ull << 30, R_X86_64_RELATIVE, 0, ULP_ERELOC},
		{FAKE_DATA, R_X86_64_TPOFF64, 0, ULP_EFORMAT},
		{FAKE_DATA, R_X86_64_IRELATIVE, 1000, ULP_EFORMAT},
		{FAKE_DATA, R_X86_64_64, UINT32_MAX, ULP_EFORMAT},
		{FAKE_DATA, 12345, 1, ULP_ERELOC},
		{FAKE_DATA, R_X86_64_COPY, 1, ULP_ERELOC},
		{FAKE_DATA, R_X86_64_PC32, 2, ULP_ERELOC}, /* weak, 0: too far */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fixture *f;

		assert_int_equal(setup((void **)&f), 0);
		fake_patch_import(&f->p, "helper", "", 0);
		fake_patch_import(&f->p, "nobodys", "", ULP_IMPORT_WEAK);
		fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_NONE, 0, 0);
		fake_patch_rela(&f->p, bad[i].vaddr, bad[i].type, bad[i].sym, 0);
		assert_int_equal(load_all(f), bad[i].code);
		assert_string_equal(f->err.where, "fix-a.so: .rela.dyn[1]");
		teardown((void **)&f);
	}
	(void)state;
}

static void the_last_bytes_of_the_image_can_be_relocated_and_no_more(void **state)
{
	struct fixture *f = *state;
	uint64_t end;

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_RELATIVE, 0, 0);
	assert_succeeds(begin(f), &f->err);
	end = f->load.first_vaddr + f->load.image_len;
	load_deinit(&f->load);
	ulp_container_close(&f->c);
	for (uint64_t off = 0; off < 12; off++) {
		fake_patch_begin(&f->p, &f->fp, FAKE_TARGET, "fix", 'a');
		fake_patch_function(&f->p, "alpha");
		fake_patch_rela(&f->p, end - off, R_X86_64_RELATIVE, 0, 0);
		assert_int_equal(load_all(f), off < 8 ? ULP_ERELOC : ULP_OK);
		assert_succeeds(load_unmap(&f->load, &f->fp.fs.space, &f->err), &f->err);
		load_deinit(&f->load);
		ulp_container_close(&f->c);
	}
}

/* Row: a table of the finished container that is made wrong. */
static void symbol_tables_that_make_no_sense_are_refused(void **state)
{
	struct fixture *f = *state;
	Elf64_Shdr *dynsym;
	Elf64_Shdr *dynstr;
	Elf64_Sym *sym;

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_64, fake_patch_import(&f->p, "helper", "", 0),
			0);
	assert_succeeds(load_all(f), &f->err);
	dynsym = eb_shdr_of(f->c.bytes, ".dynsym");
	dynstr = eb_shdr_of(f->c.bytes, ".dynstr");
	sym = (Elf64_Sym *)(f->c.bytes + dynsym->sh_offset) + 1;

	sym->st_name = (Elf64_Word)dynstr->sh_size;
	assert_int_equal(load_relocate(&f->load, &f->err), ULP_EFORMAT);
	sym->st_name = 1;
	f->c.bytes[dynstr->sh_offset + dynstr->sh_size - 1] = 'x';
	assert_int_equal(load_relocate(&f->load, &f->err), ULP_EFORMAT);
	f->c.bytes[dynstr->sh_offset + dynstr->sh_size - 1] = '\0';
	assert_succeeds(load_relocate(&f->load, &f->err), &f->err);
	dynsym->sh_link = 0;
	assert_int_equal(load_relocate(&f->load, &f->err), ULP_EFORMAT);
	dynsym->sh_link = UINT32_MAX;
	assert_int_equal(load_relocate(&f->load, &f->err), ULP_EFORMAT);
	dynsym->sh_size = UINT64_MAX;
	assert_int_equal(load_relocate(&f->load, &f->err), ULP_EELF);
	assert_non_null(strstr(f->err.where, "fix-a.so"));
}

static void relocations_without_addends_are_refused(void **state)
{
	struct fixture *f = *state;

	fake_patch_rela(&f->p, FAKE_DATA, R_X86_64_RELATIVE, 0, 0);
	assert_succeeds(load_all(f), &f->err);
	eb_shdr_of(f->c.bytes, ".rela.dyn")->sh_type = SHT_REL;
	assert_int_equal(load_relocate(&f->load, &f->err), ULP_ERELOC);
}

/* --- the record ----------------------------------------------------------- */

/* The record of the container, for where it was loaded.  The caller frees it. */
static uint8_t *placed_record(struct fixture *f, struct ulp_reg_patch *head)
{
	uint8_t *record;
	uint32_t len;

	assert_succeeds(load_all(f), &f->err);
	assert_succeeds(record_make(&f->c, target(f), &record, &len, &f->err), &f->err);
	assert_succeeds(record_place(record, &f->c, &f->load, 0x1234, &f->err), &f->err);
	memcpy(head, record, sizeof(*head));
	assert_int_equal(head->size, len);
	return record;
}

static void a_record_says_where_everything_is(void **state)
{
	struct fixture *f = *state;
	struct ulp_reg_patch head;
	const struct ulp_reg_function *function;
	uint8_t *record = placed_record(f, &head);

	function = (const struct ulp_reg_function *)(record + sizeof(head));
	assert_int_equal(head.next, 0x1234);
	assert_int_equal(head.state, ULP_PATCH_REVERTED);
	assert_int_equal(head.map_start, f->load.map_start);
	assert_int_equal(head.map_len, load_map_len(&f->load));
	assert_int_equal(head.load_bias, f->load.load_bias);
	assert_int_equal(head.target_bias, target(f)->bias);
	assert_int_equal(function->word_addr, target(f)->bias + FAKE_TEXT);
	assert_int_equal(function->new_addr, load_addr(&f->load, FAKE_TEXT));
	assert_memory_equal(function->original, f->c.patch.functions[0].word, 8);
	free(record);
}

/* As the linker writes it: version, three encodings, then .eh_frame's place and the count. */
static const uint8_t eh_frame_hdr[24] = {1, 0x1b, 0x03, 0x3b};

static uint64_t add_eh_frame_hdr(struct fixture *f, const uint8_t *bytes, size_t len)
{
	size_t hdr = eb_section(f->p.eb, ".eh_frame_hdr", SHT_PROGBITS, SHF_ALLOC, bytes, len);

	return eb_shdr(f->p.eb, hdr)->sh_addr;
}

static void a_record_leads_unwinders_to_the_tables(void **state)
{
	struct fixture *f = *state;
	struct ulp_reg_patch head;
	uint64_t vaddr = add_eh_frame_hdr(f, eh_frame_hdr, sizeof(eh_frame_hdr));
	const Elf64_Phdr *phdrs;
	uint8_t *record;
	uint64_t name;

	/* Its dynamic symbols need a dynamic section. */
	fake_patch_import(&f->p, "helper", "", 0);
	record = placed_record(f, &head);
	name = head.link_map.name;
	assert_int_equal(head.eh_frame_hdr, load_addr(&f->load, vaddr));
	assert_int_equal(head.eh_frame_hdr_len, sizeof(eh_frame_hdr));
	assert_int_equal(head.nr_phdrs, f->c.elf.nr_phdrs);
	phdrs = fake_space_at(&f->fp.fs, head.phdrs, head.nr_phdrs * sizeof(*phdrs));
	assert_memory_equal(phdrs, f->c.bytes + f->c.elf.ehdr.e_phoff,
			    head.nr_phdrs * sizeof(*phdrs));
	assert_int_equal(head.link_map.addr, f->load.load_bias);
	assert_int_equal(head.link_map.dynamic,
			 load_addr(&f->load, eb_segment_of(f->c.bytes, PT_DYNAMIC)->p_vaddr));
	assert_int_equal(head.link_map.next, 0);
	assert_int_equal(head.link_map.prev, head.next + offsetof(struct ulp_reg_patch, link_map));
	assert_in_range(name, load_record_at(&f->load), load_record_at(&f->load) + head.size - 1);
	assert_string_equal((const char *)record + (name - load_record_at(&f->load)), "fix-a.so");
	free(record);
}

/* Row: what makes a table one that cannot be searched. */
static void a_table_that_cannot_be_searched_is_not_shown(void **state)
{
	struct fixture *f = *state;
	static const struct {
		size_t len;
		size_t off;
		uint8_t value;
	} rows[] = {{24, 0, 2}, {24, 2, 0xff}, {24, 3, 0xff}, {24, 3, 0x1b}, {11, 0, 1}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ulp_reg_patch head;
		uint8_t bytes[sizeof(eh_frame_hdr)];

		memcpy(bytes, eh_frame_hdr, sizeof(bytes));
		bytes[rows[i].off] = rows[i].value;
		add_eh_frame_hdr(f, bytes, rows[i].len);
		free(placed_record(f, &head));
		assert_int_equal(head.eh_frame_hdr, 0);
		assert_int_equal(head.phdrs, 0);
		assert_int_equal(head.nr_phdrs, 0);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
		f = *state;
	}
}

static void headers_that_are_not_loaded_are_not_shown(void **state)
{
	struct fixture *f = *state;
	struct ulp_reg_patch head;
	Elf64_Phdr *first;
	uint8_t *record;
	uint32_t len;

	add_eh_frame_hdr(f, eh_frame_hdr, sizeof(eh_frame_hdr));
	assert_succeeds(load_all(f), &f->err);
	first = eb_phdr_of(f->c.bytes, 0);
	assert_int_equal(first->p_offset, 0);
	first->p_filesz = f->c.elf.ehdr.e_phoff + f->c.elf.nr_phdrs * sizeof(*first) - 1;
	assert_succeeds(record_make(&f->c, target(f), &record, &len, &f->err), &f->err);
	assert_succeeds(record_place(record, &f->c, &f->load, 0, &f->err), &f->err);
	memcpy(&head, record, sizeof(head));
	assert_int_not_equal(head.eh_frame_hdr, 0);
	assert_int_equal(head.phdrs, 0);
	free(record);
}

static void a_record_with_an_entry_that_cannot_be_redirected_names_it(void **state)
{
	struct fixture *f = *state;
	uint8_t *record;
	uint32_t len;

	assert_succeeds(load_all(f), &f->err);
	assert_succeeds(record_make(&f->c, target(f), &record, &len, &f->err), &f->err);
	f->c.patch.functions[0].word[0] ^= 1;
	assert_int_equal(record_place(record, &f->c, &f->load, 0, &f->err), ULP_EENTRY);
	assert_string_equal(f->err.where, "alpha");
	free(record);
}

/* --- what is told --------------------------------------------------------- */

static void a_reference_that_does_not_reach_names_its_symbol(void **state)
{
	struct fixture *f = *state;

	fake_patch_reference(&f->p, FAKE_TEXT, R_X86_64_PC32, 1ull << 40, 0);
	assert_int_equal(load_all(f), ULP_ERELOC);
	assert_string_equal(f->err.where, "fix-a.so: reference to private");
}

static void an_import_that_cannot_be_bound_is_told_before_anything_is_mapped(void **state)
{
	struct fixture *f = *state;

	fake_patch_import(&f->p, "nobodys", "", 0);
	assert_int_equal(load_all(f), ULP_ESYMBOL);
	assert_int_equal(f->fp.fs.nr_maps, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_segments_lie_where_the_bias_says),
		TEST(each_page_gets_the_protection_of_its_segment),
		TEST(a_mapping_is_near_the_target_and_over_nothing),
		TEST(a_map_that_fails_leaves_nothing_mapped),
		TEST(what_may_be_mapped_after_a_failure_stays_announced),
		TEST(a_gap_that_was_taken_meanwhile_is_followed_by_the_next),
		TEST(no_room_is_told),
		TEST(unmapping_twice_does_nothing),
		TEST(what_is_read_only_after_relocation_is_read_only),
		TEST(segments_that_make_no_sense_are_refused),
		TEST(imports_are_bound_and_written),
		TEST(the_containers_own_symbols_move_with_it),
		TEST(references_reach_private_symbols_of_the_target),
		TEST(an_undefined_symbol_without_an_import_is_refused),
		TEST(an_indirect_function_of_the_container_is_refused),
		TEST(a_thread_local_variable_of_the_container_is_refused),
		cmocka_unit_test(relocations_that_cannot_be_are_refused),
		TEST(the_last_bytes_of_the_image_can_be_relocated_and_no_more),
		TEST(symbol_tables_that_make_no_sense_are_refused),
		TEST(relocations_without_addends_are_refused),
		TEST(a_record_says_where_everything_is),
		TEST(a_record_leads_unwinders_to_the_tables),
		TEST(a_table_that_cannot_be_searched_is_not_shown),
		TEST(headers_that_are_not_loaded_are_not_shown),
		TEST(a_record_with_an_entry_that_cannot_be_redirected_names_it),
		TEST(a_reference_that_does_not_reach_names_its_symbol),
		TEST(an_import_that_cannot_be_bound_is_told_before_anything_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
