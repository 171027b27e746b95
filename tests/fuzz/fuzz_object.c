/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzing of what the packer reads of ELF files, up to where the linker begins: the input is taken
 * for a fix's object, relocatable or linked already, and packed against a good target; and for a
 * target, against which good objects of both kinds are packed.
 */
#include "config.h"

#include "packer/linked.h"
#include "packer/pointers.h"
#include "packer/rewrite.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/elf_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_PATH 32u

/* libbfd 2.40 never frees some names that it makes for messages; LeakSanitizer calls this. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libbfd";
}

static void require(bool kept)
{
	if (!kept)
		abort();
}

/* --- good files ------------------------------------------------------------ */

#define GLOBAL_FUNCTION ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)
#define GLOBAL_DATA ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT)
#define LOCAL_FUNCTION ELF64_ST_INFO(STB_LOCAL, STT_FUNC)
#define LOCAL_DATA ELF64_ST_INFO(STB_LOCAL, STT_OBJECT)
#define LOCAL_FILE ELF64_ST_INFO(STB_LOCAL, STT_FILE)
#define LOCAL_THREAD ELF64_ST_INFO(STB_LOCAL, STT_TLS)
#define LOCAL_SECTION ELF64_ST_INFO(STB_LOCAL, STT_SECTION)

static size_t text_section(struct eb *eb, const char *name)
{
	static const uint8_t code[64] = {0x0f, 0x1f, 0x44, 0x00, 0x00, 0xe8, [60] = 0xc3};

	return eb_section(eb, name, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, sizeof(code));
}

static size_t data_section(struct eb *eb, const char *name, uint64_t flags)
{
	return eb_section(eb, name, SHT_PROGBITS, SHF_ALLOC | flags, NULL, 32);
}

/* f is exported and has an entry; helper, state and local are private; shown is exported. */
static uint8_t *make_target(size_t *len)
{
	struct eb *eb = eb_create(ET_DYN, EM_X86_64);
	const size_t text = text_section(eb, ".text");
	const size_t thread = data_section(eb, ".tdata", SHF_WRITE | SHF_TLS);
	const size_t data = data_section(eb, ".data", SHF_WRITE);
	const size_t entries = eb_section(eb, ".ulp.entries", SHT_PROGBITS, SHF_ALLOC, NULL, 4);
	const size_t rela =
		eb_section(eb, ".rela.dyn", SHT_RELA, SHF_ALLOC, NULL, 3 * sizeof(Elf64_Rela));
	const uint64_t data_at = eb_shdr(eb, data)->sh_addr;
	/* The builder adds the section's address to the value of `local`, too. */
	const Elf64_Sxword local = (Elf64_Sxword)eb_shdr(eb, thread)->sh_addr + 4;
	const Elf64_Rela relas[] = {
		{data_at, ELF64_R_INFO(0, R_X86_64_TPOFF64), local},
		{data_at + 8, ELF64_R_INFO(0, R_X86_64_DTPMOD64), 0},
		{data_at + 16, ELF64_R_INFO(0, R_X86_64_TLSDESC), local},
	};
	int32_t distance;

	distance = (int32_t)(eb_shdr(eb, text)->sh_addr - eb_shdr(eb, entries)->sh_addr);
	memcpy(eb_data(eb, entries), &distance, sizeof(distance));
	memcpy(eb_data(eb, rela), relas, sizeof(relas));
	eb_build_id(eb, "0123456789abcdefghij", 20);
	eb_soname(eb, "libx.so.1");
	eb_dynsym(eb, "f", GLOBAL_FUNCTION, text, 0, 32);
	eb_dynsym(eb, "shown", GLOBAL_DATA, data, 24, 4);
	eb_symbol(eb, "x.c", LOCAL_FILE, SHN_ABS, 0, 0);
	eb_symbol(eb, "helper", LOCAL_FUNCTION, text, 32, 32);
	eb_symbol(eb, "state", LOCAL_DATA, data, 28, 4);
	eb_symbol(eb, "counter.7", LOCAL_DATA, data, 20, 4);
	eb_symbol(eb, "local", LOCAL_THREAD, thread, 4, 4);
	eb_symbol(eb, "f", GLOBAL_FUNCTION, text, 0, 32);
	return eb_finish(eb, len);
}

/* The variable that the spec lets lead to `state`. */
#define POINTER "leads"

struct seed_symbols {
	size_t text, state, counter, local, helper, shown, fresh, pointer;
};

static struct seed_symbols add_symbols(struct eb *eb)
{
	const size_t text = text_section(eb, ".text.f"), more = text_section(eb, ".text.fresh");
	const size_t data = data_section(eb, ".data.state", SHF_WRITE);
	const size_t bss =
		eb_section(eb, ".bss.counter.0", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 4);
	const size_t thread = data_section(eb, ".tdata.local", SHF_WRITE | SHF_TLS);
	const size_t pointers =
		eb_section(eb, ".bss." POINTER, SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 8);
	struct seed_symbols s;

	eb_symbol(eb, "x.c", LOCAL_FILE, SHN_ABS, 0, 0);
	s.text = eb_symbol(eb, "", LOCAL_SECTION, text, 0, 0);
	s.state = eb_symbol(eb, "state", LOCAL_DATA, data, 0, 4);
	s.counter = eb_symbol(eb, "counter.0", LOCAL_DATA, bss, 0, 4);
	s.local = eb_symbol(eb, "local", LOCAL_THREAD, thread, 0, 4);
	eb_symbol(eb, "f", GLOBAL_FUNCTION, text, 0, 64);
	s.fresh = eb_symbol(eb, "fresh", GLOBAL_FUNCTION, more, 0, 64);
	s.pointer = eb_symbol(eb, POINTER, GLOBAL_DATA, pointers, 0, 8);
	s.helper = eb_symbol(eb, "helper", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF, 0, 0);
	s.shown = eb_symbol(eb, "shown", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF, 0, 0);
	return s;
}

static uint8_t *make_object(size_t *len)
{
	/* One CIE and one FDE, whose function is named by a relocation. */
	static const uint8_t frame[] = {0x0c, 0, 0,    0,  0, 0,    0,	0, 1, 'z', 'R',
					0,    1, 0x78, 16, 0, 0x0c, 0,	0, 0, 20,  0,
					0,    0, 0,    0,  0, 0,    64, 0, 0, 0};
	struct eb *eb = eb_create(ET_REL, EM_X86_64);
	const struct seed_symbols s = add_symbols(eb);
	const Elf64_Rela of_text[] = {
		{6, ELF64_R_INFO(s.helper, R_X86_64_PLT32), -4},
		{12, ELF64_R_INFO(s.state, R_X86_64_PC32), -4},
		{18, ELF64_R_INFO(s.shown, R_X86_64_REX_GOTPCRELX), -4},
		{24, ELF64_R_INFO(s.fresh, R_X86_64_PLT32), -4},
		{30, ELF64_R_INFO(s.counter, R_X86_64_PC32), -4},
		{36, ELF64_R_INFO(s.local, R_X86_64_GOTTPOFF), -4},
		{42, ELF64_R_INFO(s.text, R_X86_64_PC32), 8},
		{48, ELF64_R_INFO(s.pointer, R_X86_64_REX_GOTPCRELX), -4},
	};
	const Elf64_Rela of_data[] = {{8, ELF64_R_INFO(s.helper, R_X86_64_64), 0}};
	const Elf64_Rela of_frame[] = {{24, ELF64_R_INFO(s.text, R_X86_64_PC32), 0}};
	const size_t text = 1, data = 3;
	const size_t unwind =
		eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, frame, sizeof(frame));
	size_t rela;

	rela = eb_section(eb, ".rela.text.f", SHT_RELA, SHF_INFO_LINK, of_text, sizeof(of_text));
	eb_shdr(eb, rela)->sh_info = (uint32_t)text;
	rela = eb_section(eb, ".rela.data.state", SHT_RELA, SHF_INFO_LINK, of_data,
			  sizeof(of_data));
	eb_shdr(eb, rela)->sh_info = (uint32_t)data;
	rela = eb_section(eb, ".rela.eh_frame", SHT_RELA, SHF_INFO_LINK, of_frame,
			  sizeof(of_frame));
	eb_shdr(eb, rela)->sh_info = (uint32_t)unwind;
	return eb_finish(eb, len);
}

/* Each kind of dynamic relocation; `leads` and fresh() are its own, f() is given by its own name.
 */
static uint8_t *make_linked(size_t *len)
{
	struct eb *eb = eb_create(ET_DYN, EM_X86_64);
	const size_t text = text_section(eb, ".text");
	const size_t rela =
		eb_section(eb, ".rela.dyn", SHT_RELA, SHF_ALLOC, NULL, 6 * sizeof(Elf64_Rela));
	const size_t got = data_section(eb, ".got", SHF_WRITE);
	const size_t data = data_section(eb, ".data", SHF_WRITE);
	const uint64_t got_at = eb_shdr(eb, got)->sh_addr, data_at = eb_shdr(eb, data)->sh_addr;
	const unsigned char undefined = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
	size_t helper, state, shown, f, fresh;

	eb_build_id(eb, "abcdefghij0123456789", 20);
	eb_soname(eb, "fix.so");
	eb_needed(eb, "libx.so.1");
	f = eb_dynsym(eb, "f", GLOBAL_FUNCTION, text, 0, 32);
	fresh = eb_dynsym(eb, "fresh", GLOBAL_FUNCTION, text, 32, 32);
	helper = eb_dynsym(eb, "helper", undefined, SHN_UNDEF, 0, 0);
	state = eb_dynsym(eb, "state", undefined, SHN_UNDEF, 0, 0);
	shown = eb_dynsym(eb, "shown", undefined, SHN_UNDEF, 0, 0);
	eb_symbol(eb, "x.c", LOCAL_FILE, SHN_ABS, 0, 0);
	eb_symbol(eb, "_DYNAMIC", LOCAL_DATA, got, 0, 0);
	eb_symbol(eb, POINTER, LOCAL_DATA, data, 0, 8);
	eb_symbol(eb, "fresh_state", LOCAL_DATA, data, 8, 24);
	eb_symbol(eb, "f", GLOBAL_FUNCTION, text, 0, 32);
	eb_symbol(eb, "fresh", GLOBAL_FUNCTION, text, 32, 32);
	{
		const Elf64_Rela relas[] = {
			{got_at, ELF64_R_INFO(helper, R_X86_64_JUMP_SLOT), 0},
			{got_at + 8, ELF64_R_INFO(state, R_X86_64_GLOB_DAT), 0},
			{got_at + 16, ELF64_R_INFO(f, R_X86_64_GLOB_DAT), 0},
			{got_at + 24, ELF64_R_INFO(fresh, R_X86_64_JUMP_SLOT), 0},
			{data_at + 8, ELF64_R_INFO(shown, R_X86_64_64), 2},
			{data_at + 16, ELF64_R_INFO(0, R_X86_64_RELATIVE), 0x1000},
		};

		memcpy(eb_data(eb, rela), relas, sizeof(relas));
	}
	return eb_finish(eb, len);
}

/* --- one run --------------------------------------------------------------- */

/* A file without a name: the packer opens paths. */
struct nameless {
	int fd;
	char path[MAX_PATH];
};

static struct nameless nameless_make(const uint8_t *bytes, size_t len)
{
	struct nameless file = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};

	require(file.fd >= 0 && write(file.fd, bytes, len) == (ssize_t)len);
	(void)snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	return file;
}

static void check_err(const struct ulp_err *err)
{
	require(err->code != ULP_OK && err->text[0]);
}

/* The first function of the object stands for the one of a spec. */
static size_t find_function(const struct object *object)
{
	for (size_t i = 1; i < object->nr_symbols; i++)
		if (*object->symbols[i].elf.name &&
		    object_find_function(object, object->symbols[i].elf.name) == i)
			return i;
	return 0;
}

static bool rewrite(struct pool *pool, const struct selection *sel)
{
	struct rewrite_extra extra = {.places = true};
	struct nameless out = nameless_make(NULL, 0);
	struct elf_file again;
	struct ulp_err err;

	const bool good = object_rewrite(sel, &sel->objects[0], &extra, out.path, &err) == ULP_OK;

	if (!good)
		check_err(&err);
	else
		require(elf_file_read(pool, out.path, &again, &err) == ULP_OK);
	(void)close(out.fd);
	return good;
}

static bool emit_linked(const struct selection *sel, const struct spec *spec)
{
	const unsigned char *bytes;
	struct ulp_err err;
	size_t len;

	if (linked_emit(sel, spec, "fix.so", &bytes, &len, &err) == ULP_OK)
		return true;
	check_err(&err);
	return false;
}

static enum ulp_code select_parts(struct selection *sel, const struct spec *spec,
				  struct ulp_err *err)
{
	enum ulp_code code =
		sel->objects[0].linked ? linked_select(sel, err) : selection_run(sel, err);

	return code ? code : selection_pointers(sel, spec, err);
}

/* Whether nothing was found to be wrong. */
static bool pack(struct pool *pool, const char *object_path, const char *target_path)
{
	static const struct spec_function wanted = {.replace = "f", .with = "f"};
	static const struct elf_symbol old = {.name = "f", .value = 0x1000, .size = 32};
	static struct spec_reference reference = {.pointer = POINTER, .to = "state"};
	const struct spec spec = {.source = {.path = "fix.yaml"},
				  .name = "fix",
				  .description = "",
				  .references = &reference,
				  .nr_references = 1};
	struct report report = {0};
	struct providers none = {0};
	struct replacement r = {.spec = &wanted,
				.old = &old,
				.new_name = "f",
				.entry_vaddr = 0x1000,
				.word_vaddr = 0x1000,
				.layout = ULP_ENTRY_NOP5};
	struct selection sel = {.pool = pool,
				.report = &report,
				.providers = &none,
				.nr_objects = 1,
				.functions = &r,
				.nr_functions = 1};
	struct object object;
	struct target target;
	struct ulp_err err;

	if (target_open(pool, target_path, NULL, &target, &report, &err) != ULP_OK ||
	    object_read(pool, object_path, target.arch, &object, &err) != ULP_OK) {
		check_err(&err);
		return false;
	}
	r.object = sel.objects = &object;
	r.symbol = find_function(&object);
	sel.target = &target;
	if (!r.symbol)
		return false;
	object.symbols[r.symbol].exported = r.new_name;
	require(object_count_functions(&object, "f") <= object.nr_symbols);
	(void)object_has_source(&object, "x.c");
	if (select_parts(&sel, &spec, &err) != ULP_OK) {
		check_err(&err);
		return false;
	}
	return object.linked ? emit_linked(&sel, &spec) : rewrite(pool, &sel);
}

static struct nameless made(uint8_t *(*make)(size_t *len))
{
	size_t len;
	uint8_t *good = make(&len);
	const struct nameless file = nameless_make(good, len);

	free(good);
	return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct nameless good_object, good_linked, good_target;
	struct nameless input = nameless_make(bytes, len);
	struct pool pool = {0};

	if (!*good_target.path) {
		good_target = made(make_target);
		good_object = made(make_object);
		good_linked = made(make_linked);
		require(pack(&pool, good_object.path, good_target.path));
		require(pack(&pool, good_linked.path, good_target.path));
		pool_deinit(&pool);
	}
	(void)pack(&pool, input.path, good_target.path);
	pool_deinit(&pool);
	(void)pack(&pool, good_object.path, input.path);
	pool_deinit(&pool);
	(void)pack(&pool, good_linked.path, input.path);
	pool_deinit(&pool);
	(void)close(input.fd);
	return 0;
}

uint8_t *fuzz_seed(size_t *len)
{
	return make_object(len);
}

/* --- mutation -------------------------------------------------------------- */

/* The part to change: a table, a section, or all of it. */
static void pick_range(const uint8_t *bytes, size_t len, unsigned int seed, size_t *off,
		       size_t *range_len)
{
	const unsigned char *data;
	struct ulp_elf elf;
	Elf64_Shdr shdr;
	size_t i;

	*off = 0;
	*range_len = len;
	if (seed % 8 == 0 || ulp_elf_init(&elf, bytes, len, NULL) != ULP_OK || elf.nr_sections < 2)
		return;
	if (seed % 4 == 1) {
		*off = elf.ehdr.e_shoff;
		*range_len = elf.nr_sections * sizeof(Elf64_Shdr);
		return;
	}
	i = 1 + seed / 8 % (elf.nr_sections - 1);
	shdr = ulp_elf_section(&elf, i);
	/* Symbols and relocations decide most, and there is more of other bytes. */
	if (shdr.sh_type != SHT_SYMTAB && shdr.sh_type != SHT_RELA && seed % 4 == 2)
		return;
	if (ulp_elf_section_data(&elf, i, &data, range_len, NULL) == ULP_OK && *range_len)
		*off = (size_t)(data - elf.bytes);
	else
		*range_len = len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned int seed)
{
	size_t off, range_len;

	/* libFuzzer begins with an empty input. */
	if (len < sizeof(Elf64_Ehdr)) {
		static uint8_t *(*const makers[])(size_t *) = {make_object, make_linked,
							       make_target};
		uint8_t *good = makers[seed % 3](&len);

		if (len > room)
			len = room;
		memcpy(bytes, good, len);
		free(good);
	}
	pick_range(bytes, len, seed, &off, &range_len);
	if (range_len == len)
		return LLVMFuzzerMutate(bytes, len, room);
	LLVMFuzzerMutate(bytes + off, range_len, range_len);
	return len;
}
