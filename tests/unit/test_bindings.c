/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "engine/bindings.h"
#include "tests/lib/check_err.h"
#include "tests/lib/objects_fixture.h"

#include <stdlib.h>
#include <string.h>

/*
 * The process: "" -> libuser.so.1, libthird.so.1 -> libprov.so.1, which has
 * the IFUNC `picked`.  libuser is the target.
 */
enum { MAIN, USER, THIRD, PROV };

#define BIAS(n) (0x7ffff7000000ull + (n)*0x100000ull)

/* Places in FAKE_DATA of each library. */
#define SLOT_PICKED (FAKE_DATA + 0x10u)
#define SLOT_RESOLVED (FAKE_DATA + 0x18u)
#define SLOT_PLAIN (FAKE_DATA + 0x20u)
#define SLOT_PLAIN_DATA (FAKE_DATA + 0x28u)

/* Resolver, and implementations, in libprov's text. */
#define RESOLVER (FAKE_TEXT + 0x40u)
#define IMPL_A (FAKE_TEXT + 0x100u)
#define IMPL_B (FAKE_TEXT + 0x180u)

/* `common` in the text of those that define it. */
#define COMMON (FAKE_TEXT + 0x10u)

/* In libuser's text: where a lazy slot leads. */
#define PLT (FAKE_TEXT + 0x200u)

static void add_relas(struct eb *eb, const char *name, int64_t tag, int64_t len_tag,
		      const Elf64_Rela *relas, size_t nr)
{
	size_t section = eb_section(eb, name, SHT_RELA, SHF_ALLOC, relas, nr * sizeof(*relas));

	eb_dynamic(eb, tag, eb_shdr(eb, section)->sh_addr);
	eb_dynamic(eb, len_tag, nr * sizeof(*relas));
}

/* Symbols 1 and 2 are picked and V1; picked's version has index 2, which is V1. */
static void add_version_need(struct eb *eb)
{
	const struct {
		Elf64_Verneed need;
		Elf64_Vernaux aux[2];
	} needs = {
		.need = {.vn_version = 1, .vn_cnt = 2, .vn_aux = sizeof(Elf64_Verneed)},
		.aux = {{.vna_other = 3, .vna_next = sizeof(Elf64_Vernaux)}, {.vna_other = 2}},
	};
	const uint16_t versym[8] = {0, 2, 1};
	size_t section;

	section = eb_section(eb, ".gnu.version", SHT_GNU_versym, SHF_ALLOC, versym, sizeof(versym));
	eb_dynamic(eb, DT_VERSYM, eb_shdr(eb, section)->sh_addr);
	section =
		eb_section(eb, ".gnu.version_r", SHT_GNU_verneed, SHF_ALLOC, &needs, sizeof(needs));
	eb_dynamic(eb, DT_VERNEED, eb_shdr(eb, section)->sh_addr);
	eb_dynamic(eb, DT_VERNEEDNUM, 1);
}

/*
 * A library whose slot for `picked` is at SLOT_PICKED, and those for `plain` at SLOT_PLAIN, for its
 * calls, and SLOT_PLAIN_DATA.  It defines `common`, as the program does.
 */
static struct eb *user_library(const char *soname)
{
	struct eb *eb = fake_library(soname, NULL);
	unsigned char undefined = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
	Elf64_Rela calls[] = {{.r_offset = SLOT_PICKED}, {.r_offset = SLOT_PLAIN}};
	Elf64_Rela data[] = {{.r_info = R_X86_64_RELATIVE}, {.r_offset = SLOT_PLAIN_DATA}};
	uint64_t plain;

	eb_needed(eb, "libprov.so.1");
	calls[0].r_info = ELF64_R_INFO(
		(uint64_t)eb_dynsym(eb, "picked", undefined, SHN_UNDEF, 0, 0), R_X86_64_JUMP_SLOT);
	eb_dynsym(eb, "V1", undefined, SHN_UNDEF, 0, 0);
	plain = (uint64_t)eb_dynsym(eb, "plain", undefined, SHN_UNDEF, 0, 0);
	calls[1].r_info = ELF64_R_INFO(plain, R_X86_64_JUMP_SLOT);
	data[1].r_info = ELF64_R_INFO(plain, R_X86_64_GLOB_DAT);
	eb_dynsym(eb, "common", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 2, COMMON - FAKE_TEXT, 16);
	add_version_need(eb);
	add_relas(eb, ".rela.plt", DT_JMPREL, DT_PLTRELSZ, calls, 2);
	add_relas(eb, ".rela.dyn", DT_RELA, DT_RELASZ, data, 2);
	eb_dynamic(eb, DT_RELACOUNT, 1);
	return eb;
}

static struct eb *provider(void)
{
	struct eb *eb = fake_library("libprov.so.1", NULL);
	const Elf64_Rela rela = {
		.r_offset = SLOT_RESOLVED,
		.r_info = ELF64_R_INFO(0, R_X86_64_IRELATIVE),
		.r_addend = RESOLVER,
	};

	eb_dynsym(eb, "picked", ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC), 2, RESOLVER - FAKE_TEXT,
		  16);
	eb_dynsym(eb, "plain", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 2, 0, 16);
	eb_dynsym(eb, "cell", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), 3, 8, 8);
	add_relas(eb, ".rela.dyn", DT_RELA, DT_RELASZ, &rela, 1);
	return eb;
}

/* Fills in the name of the version that is looked for in libuser and libthird. */
static void set_version_name(struct objects_fixture *f, size_t object)
{
	uint64_t needs = *fake_process_dynamic(&f->fp, object, DT_VERNEED);
	uint64_t syms = *fake_process_dynamic(&f->fp, object, DT_SYMTAB);
	const Elf64_Sym *sym = fake_space_at(&f->fp.fs, syms + 2 * sizeof(*sym), sizeof(*sym));
	Elf64_Vernaux *aux =
		fake_space_at(&f->fp.fs, needs + sizeof(Elf64_Verneed), 2 * sizeof(*aux));

	aux[1].vna_name = sym->st_name;
}

static int setup(void **state)
{
	struct objects_fixture *f = calloc(1, sizeof(*f));
	struct eb *eb = fake_main();

	fake_process_begin(&f->fp);
	eb_needed(eb, "libuser.so.1");
	eb_needed(eb, "libthird.so.1");
	eb_dynsym(eb, "common", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 2, COMMON - FAKE_TEXT, 16);
	fake_process_load(&f->fp, "", BIAS(MAIN), eb);
	fake_process_load(&f->fp, "/lib/libuser.so.1", BIAS(USER), user_library("libuser.so.1"));
	fake_process_load(&f->fp, "/lib/libthird.so.1", BIAS(THIRD), user_library("libthird.so.1"));
	fake_process_load(&f->fp, "/lib/libprov.so.1", BIAS(PROV), provider());
	fake_process_link(&f->fp);
	set_version_name(f, USER);
	set_version_name(f, THIRD);
	return objects_fixture_begin(f, state) || objects_fixture_read(f) ? -1 : 0;
}

static void set_slot(struct objects_fixture *f, size_t object, uint64_t vaddr, uint64_t value)
{
	memcpy(fake_process_at(&f->fp, object, vaddr, 8), &value, 8);
}

static enum ulp_code bind_from(struct objects_fixture *f, size_t target, const char *name,
			       const char *version, uint32_t flags)
{
	const struct ulp_import import = {name, version, "", flags};

	reader_forget(&f->r);
	f->got = 1;
	return binding_find(&f->r, &f->objs, &f->objs.list[target], &import, &f->got, &f->err);
}

static enum ulp_code bind_import(struct objects_fixture *f, const char *name, uint32_t flags)
{
	return bind_from(f, USER, name, "", flags);
}

static void a_function_is_where_its_symbol_is(void **state)
{
	struct objects_fixture *f = *state;

	assert_succeeds(bind_import(f, "plain", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + FAKE_TEXT);
}

/* It may be another one than a lookup finds, which does not know all scopes. */
static void a_function_is_what_the_target_is_bound_to(void **state)
{
	struct objects_fixture *f = *state;

	set_slot(f, USER, SLOT_PLAIN, BIAS(THIRD) + IMPL_A);
	assert_succeeds(bind_import(f, "plain", 0), &f->err);
	assert_int_equal(f->got, BIAS(THIRD) + IMPL_A);
	/* Its calls are not bound yet, but its data are. */
	set_slot(f, USER, SLOT_PLAIN, BIAS(USER) + PLT);
	set_slot(f, USER, SLOT_PLAIN_DATA, BIAS(THIRD) + IMPL_B);
	assert_succeeds(bind_import(f, "plain", 0), &f->err);
	assert_int_equal(f->got, BIAS(THIRD) + IMPL_B);
	/* Nothing is, or what was is not loaded any more. */
	set_slot(f, USER, SLOT_PLAIN_DATA, 0x1234);
	assert_succeeds(bind_import(f, "plain", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + FAKE_TEXT);
}

/* Only with -Bsymbolic is a library's own definition the first for it. */
static void what_the_target_defines_itself_is_found_as_by_the_linker(void **state)
{
	struct objects_fixture *f = *state;

	assert_succeeds(bind_import(f, "common", 0), &f->err);
	assert_int_equal(f->got, BIAS(MAIN) + COMMON);
	f->objs.list[USER].dyn.flags = DF_SYMBOLIC;
	assert_succeeds(bind_import(f, "common", 0), &f->err);
	assert_int_equal(f->got, BIAS(USER) + COMMON);
}

/* dlopen(RTLD_LOCAL): a library comes before what it needs, though that may stand before it. */
static void the_target_is_the_first_of_its_local_scope(void **state)
{
	struct objects_fixture *f = *state;

	for (size_t i = 0; i < f->objs.nr; i++)
		f->objs.list[i].scope = OBJECT_SCOPE_LOCAL;
	assert_succeeds(bind_from(f, THIRD, "common", "", 0), &f->err);
	assert_int_equal(f->got, BIAS(THIRD) + COMMON);
}

static void a_weak_import_that_nobody_defines_is_zero(void **state)
{
	struct objects_fixture *f = *state;

	assert_succeeds(bind_import(f, "nobodys", ULP_IMPORT_WEAK), &f->err);
	assert_int_equal(f->got, 0);
	assert_succeeds(bind_import(f, "plain", ULP_IMPORT_WEAK), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + FAKE_TEXT);
}

static void an_import_that_nobody_defines_is_an_error(void **state)
{
	struct objects_fixture *f = *state;

	assert_int_equal(bind_import(f, "nobodys", 0), ULP_ESYMBOL);
	assert_non_null(strstr(f->err.text, "nobodys"));
	assert_int_equal(f->got, 1);
}

static void a_thread_local_variable_is_refused(void **state)
{
	struct objects_fixture *f = *state;

	assert_int_equal(bind_import(f, "cell", 0), ULP_ETLS);
	assert_int_equal(bind_import(f, "cell", ULP_IMPORT_WEAK), ULP_ETLS);
}

static void the_targets_own_bound_slot_comes_first(void **state)
{
	struct objects_fixture *f = *state;

	set_slot(f, USER, SLOT_PICKED, BIAS(PROV) + IMPL_A);
	set_slot(f, THIRD, SLOT_PICKED, BIAS(PROV) + IMPL_B);
	set_slot(f, PROV, SLOT_RESOLVED, BIAS(PROV) + IMPL_B);
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_A);
}

static void then_a_bound_slot_of_another_object(void **state)
{
	struct objects_fixture *f = *state;

	set_slot(f, USER, SLOT_PICKED, BIAS(USER) + PLT);
	set_slot(f, THIRD, SLOT_PICKED, BIAS(PROV) + IMPL_B);
	set_slot(f, PROV, SLOT_RESOLVED, BIAS(PROV) + IMPL_A);
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_B);
}

static void then_the_providers_own_use_of_the_same_resolver(void **state)
{
	struct objects_fixture *f = *state;

	set_slot(f, USER, SLOT_PICKED, BIAS(USER) + PLT);
	set_slot(f, THIRD, SLOT_PICKED, BIAS(THIRD) + PLT);
	set_slot(f, PROV, SLOT_RESOLVED, BIAS(PROV) + IMPL_A);
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_A);
}

static void then_the_targets_lazy_slot(void **state)
{
	struct objects_fixture *f = *state;

	set_slot(f, USER, SLOT_PICKED, BIAS(USER) + PLT);
	set_slot(f, THIRD, SLOT_PICKED, BIAS(THIRD) + PLT);
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
	assert_int_equal(f->got, BIAS(USER) + PLT);
}

static void an_ifunc_that_nobody_has_bound_is_an_error(void **state)
{
	struct objects_fixture *f = *state;

	assert_int_equal(bind_import(f, "picked", 0), ULP_ESYMBOL);
	/* Neither a slot that is not relocated, nor one that holds the resolver. */
	set_slot(f, USER, SLOT_PICKED, PLT);
	assert_int_equal(bind_import(f, "picked", 0), ULP_ESYMBOL);
	set_slot(f, USER, SLOT_PICKED, BIAS(PROV) + RESOLVER);
	set_slot(f, PROV, SLOT_RESOLVED, BIAS(PROV) + RESOLVER);
	assert_int_equal(bind_import(f, "picked", 0), ULP_ESYMBOL);
}

static struct ulp_build_id known_in; /* what the space below answers */
static uint64_t known_off;

static bool knows_picked(struct ulp_space *space, const struct ulp_build_id *object,
			 const char *name, const char *version, struct ulp_build_id *in,
			 uint64_t *off)
{
	(void)space;
	(void)object;
	(void)version;
	*in = known_in;
	*off = known_off;
	return strcmp(name, "picked") == 0;
}

static void then_what_the_space_knows_of_that_build(void **state)
{
	struct objects_fixture *f = *state;
	struct ulp_space_ops ops = *f->fp.fs.space.ops;
	const struct ulp_space_ops *before = f->fp.fs.space.ops;

	ops.indirect = knows_picked;
	f->fp.fs.space.ops = &ops;
	known_in = (struct ulp_build_id){.len = 20, .bytes = {1}};
	known_off = IMPL_B;
	/* Of an object without a build ID nobody knows what it is. */
	f->objs.list[PROV].build_id.len = 0;
	assert_int_equal(bind_import(f, "picked", 0), ULP_ESYMBOL);
	f->objs.list[PROV].build_id = known_in;
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_B);
	/* In another object, such as the vDSO; but in one. */
	f->objs.list[THIRD].build_id = (struct ulp_build_id){.len = 20, .bytes = {2}};
	known_in = f->objs.list[THIRD].build_id;
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
	assert_int_equal(f->got, BIAS(THIRD) + IMPL_B);
	known_off = 1ull << 40;
	assert_int_equal(bind_import(f, "picked", 0), ULP_ESYMBOL);
	known_in.bytes[0] = 3;
	assert_int_equal(bind_import(f, "picked", 0), ULP_ESYMBOL);
	f->fp.fs.space.ops = before;
}

static void the_provider_itself_uses_its_resolved_slot(void **state)
{
	struct objects_fixture *f = *state;

	set_slot(f, PROV, SLOT_RESOLVED, BIAS(PROV) + IMPL_A);
	assert_succeeds(bind_from(f, PROV, "picked", "", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_A);
}

/* memcpy@GLIBC_2.2.5 is memmove, memcpy@GLIBC_2.14 is not. */
static void a_slot_of_another_version_is_passed_over(void **state)
{
	struct objects_fixture *f = *state;

	set_slot(f, USER, SLOT_PICKED, BIAS(PROV) + IMPL_A);
	set_slot(f, THIRD, SLOT_PICKED, BIAS(PROV) + IMPL_A);
	set_slot(f, PROV, SLOT_RESOLVED, BIAS(PROV) + IMPL_B);
	assert_succeeds(bind_from(f, USER, "picked", "V1", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_A);
	assert_succeeds(bind_from(f, USER, "picked", "V2", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_B);
}

static void absurd_relocation_tables_end(void **state)
{
	struct objects_fixture *f = *state;
	struct ulp_object *o = &f->objs.list[THIRD];

	set_slot(f, PROV, SLOT_RESOLVED, BIAS(PROV) + IMPL_A);
	o->dyn.pltrelsz = UINT64_MAX;
	o->dyn.relasz = UINT64_MAX;
	o->dyn.rela = o->dyn.jmprel;
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
	assert_int_equal(f->got, BIAS(PROV) + IMPL_A);
	o->dyn.jmprel = UINT64_MAX - 3;
	assert_succeeds(bind_import(f, "picked", 0), &f->err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, objects_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_function_is_where_its_symbol_is),
		TEST(a_function_is_what_the_target_is_bound_to),
		TEST(what_the_target_defines_itself_is_found_as_by_the_linker),
		TEST(the_target_is_the_first_of_its_local_scope),
		TEST(a_weak_import_that_nobody_defines_is_zero),
		TEST(an_import_that_nobody_defines_is_an_error),
		TEST(a_thread_local_variable_is_refused),
		TEST(the_targets_own_bound_slot_comes_first),
		TEST(then_a_bound_slot_of_another_object),
		TEST(then_the_providers_own_use_of_the_same_resolver),
		TEST(then_the_targets_lazy_slot),
		TEST(an_ifunc_that_nobody_has_bound_is_an_error),
		TEST(then_what_the_space_knows_of_that_build),
		TEST(the_provider_itself_uses_its_resolved_slot),
		TEST(a_slot_of_another_version_is_passed_over),
		TEST(absurd_relocation_tables_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
