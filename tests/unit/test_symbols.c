/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lookup in tables that are laid out by hand, right and wrong ones.  The
 * tables of real libraries are in test_own_process.c.
 */
#include "config.h"

#include "engine/symbols.h"
#include "tests/lib/check_err.h"
#include "tests/lib/fake_space.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define AT 0x100000ull
#define BIAS 0x7000000ull

/* What lies at AT, one after the other. */
struct tables {
	Elf64_Sym syms[16];
	char strings[512];
	uint16_t versym[16];
	struct {
		Elf64_Verdef def;
		Elf64_Verdaux aux;
	} verdef[4];
	struct {
		uint32_t nr_buckets;
		uint32_t nr_chains;
		uint32_t buckets[1];
		uint32_t chains[16];
	} sysv;
	struct {
		uint32_t nr_buckets;
		uint32_t first;
		uint32_t nr_bloom;
		uint32_t bloom_shift;
		uint64_t bloom[1];
		uint32_t buckets[1];
		uint32_t chains[16];
	} gnu;
};

#define ADDR(member) (AT + offsetof(struct tables, member))

struct fixture {
	struct fake_space fs;
	struct reader r;
	struct tables *t; /* in fs */
	struct ulp_object o;
	uint32_t nr; /* symbols */
	size_t strings_len;
	struct ulp_symbol sym;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ulp_err err;

	fake_space_init(&f->fs);
	fake_space_add(&f->fs, AT, FAKE_PAGE, PROT_READ, 0);
	f->t = fake_space_at(&f->fs, AT, sizeof(*f->t));
	f->nr = 1;
	f->strings_len = 1;
	f->o = (struct ulp_object){
		.bias = BIAS,
		.dyn = {.symtab = ADDR(syms), .strtab = ADDR(strings), .strsz = 512},
	};
	if (reader_init(&f->r, &f->fs.space, &err))
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reader_deinit(&f->r);
	fake_space_deinit(&f->fs);
	free(f);
	return 0;
}

static uint32_t add_string(struct fixture *f, const char *text)
{
	size_t at = f->strings_len;

	strcpy(f->t->strings + at, text);
	f->strings_len += strlen(text) + 1;
	return (uint32_t)at;
}

/* value: also tells the symbols apart. */
static uint32_t add_symbol(struct fixture *f, const char *name, uint64_t value, uint16_t versym)
{
	f->t->syms[f->nr] = (Elf64_Sym){
		.st_name = add_string(f, name),
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = 1,
		.st_value = value,
		.st_size = 16,
	};
	f->t->versym[f->nr] = versym;
	return f->nr++;
}

/* Versions: index 1 is the base, 2 and 3 are V1 and V2. */
static void add_versions(struct fixture *f)
{
	static const char *const names[] = {"libx.so.1", "V1", "V2"};

	for (uint16_t i = 0; i < 3; i++) {
		f->t->verdef[i].def = (Elf64_Verdef){
			.vd_version = 1,
			.vd_flags = i == 0 ? VER_FLG_BASE : 0,
			.vd_ndx = (Elf64_Half)(i + 1),
			.vd_cnt = 1,
			.vd_aux = sizeof(Elf64_Verdef),
			.vd_next = i < 2 ? sizeof(f->t->verdef[0]) : 0,
		};
		f->t->verdef[i].aux.vda_name = add_string(f, names[i]);
	}
	f->o.dyn.versym = ADDR(versym);
	f->o.dyn.verdef = ADDR(verdef);
	f->o.dyn.nr_verdef = 3;
}

/* One bucket, all symbols in its chain. */
static void use_sysv_hash(struct fixture *f)
{
	f->t->sysv.nr_buckets = 1;
	f->t->sysv.nr_chains = f->nr;
	f->t->sysv.buckets[0] = f->nr > 1 ? 1 : 0;
	for (uint32_t i = 1; i < f->nr; i++)
		f->t->sysv.chains[i] = i + 1 < f->nr ? i + 1 : 0;
	f->o.dyn.hash = ADDR(sysv);
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

static void use_gnu_hash(struct fixture *f)
{
	f->t->gnu.nr_buckets = 1;
	f->t->gnu.first = 1;
	f->t->gnu.nr_bloom = 1;
	f->t->gnu.bloom_shift = 6;
	f->t->gnu.bloom[0] = UINT64_MAX;
	f->t->gnu.buckets[0] = f->nr > 1 ? 1 : 0;
	for (uint32_t i = 1; i < f->nr; i++)
		f->t->gnu.chains[i - 1] =
			(gnu_hash_of(f->t->strings + f->t->syms[i].st_name) & ~1u) |
			(i + 1 == f->nr ? 1 : 0);
	f->o.dyn.gnu_hash = ADDR(gnu);
}

static bool find(struct fixture *f, const char *name, const char *version)
{
	reader_forget(&f->r);
	f->sym = (struct ulp_symbol){0};
	return symbol_in_object(&f->r, &f->o, name, version, &f->sym);
}

static void finds_each_symbol_by_the_sysv_hash(void **state)
{
	struct fixture *f = *state;

	add_symbol(f, "first", 0x10, 1);
	add_symbol(f, "second", 0x20, 1);
	add_symbol(f, "third", 0x30, 1);
	use_sysv_hash(f);
	assert_true(find(f, "first", ""));
	assert_int_equal(f->sym.addr, BIAS + 0x10);
	assert_true(find(f, "third", ""));
	assert_int_equal(f->sym.addr, BIAS + 0x30);
	assert_int_equal(f->sym.size, 16);
	assert_int_equal(f->sym.type, STT_FUNC);
	assert_ptr_equal(f->sym.object, &f->o);
	assert_false(find(f, "fourth", ""));
	assert_false(find(f, "firs", ""));
}

static void finds_each_symbol_by_the_gnu_hash(void **state)
{
	struct fixture *f = *state;

	add_symbol(f, "first", 0x10, 1);
	add_symbol(f, "second", 0x20, 1);
	add_symbol(f, "third", 0x30, 1);
	use_gnu_hash(f);
	assert_true(find(f, "first", ""));
	assert_int_equal(f->sym.addr, BIAS + 0x10);
	assert_true(find(f, "third", ""));
	assert_int_equal(f->sym.addr, BIAS + 0x30);
	assert_false(find(f, "fourth", ""));
	f->t->gnu.bloom[0] = 0;
	assert_false(find(f, "first", ""));
}

static void passes_over_undefined_and_local_symbols(void **state)
{
	struct fixture *f = *state;

	f->t->syms[add_symbol(f, "f", 0x10, 1)].st_shndx = SHN_UNDEF;
	f->t->syms[add_symbol(f, "f", 0x20, 1)].st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	f->t->syms[add_symbol(f, "f", 0x30, 1)].st_info = ELF64_ST_INFO(STB_WEAK, STT_FUNC);
	use_gnu_hash(f);
	assert_true(find(f, "f", ""));
	assert_int_equal(f->sym.addr, BIAS + 0x30);
}

static void an_absolute_symbol_does_not_move(void **state)
{
	struct fixture *f = *state;

	f->t->syms[add_symbol(f, "f", 0x10, 1)].st_shndx = SHN_ABS;
	use_gnu_hash(f);
	assert_true(find(f, "f", ""));
	assert_int_equal(f->sym.addr, 0x10);
}

static void takes_the_version_that_is_asked_for(void **state)
{
	struct fixture *f = *state;

	add_versions(f);
	add_symbol(f, "f", 0x10, 2 | 0x8000);
	add_symbol(f, "f", 0x20, 3);
	use_gnu_hash(f);
	assert_true(find(f, "f", "V1"));
	assert_int_equal(f->sym.addr, BIAS + 0x10);
	assert_true(find(f, "f", "V2"));
	assert_int_equal(f->sym.addr, BIAS + 0x20);
	assert_false(find(f, "f", "V3"));
	assert_false(find(f, "f", "V"));
}

static void an_unversioned_reference_takes_the_one_that_is_not_hidden(void **state)
{
	struct fixture *f = *state;

	add_versions(f);
	add_symbol(f, "f", 0x10, 2 | 0x8000);
	add_symbol(f, "f", 0x20, 3);
	add_symbol(f, "g", 0x30, 2 | 0x8000);
	use_gnu_hash(f);
	assert_true(find(f, "f", ""));
	assert_int_equal(f->sym.addr, BIAS + 0x20);
	assert_false(find(f, "g", ""));
}

/* glibc, elf/dl-lookup.c, check_match(): an interposer need not know the versions. */
static void an_unversioned_definition_fits_every_version(void **state)
{
	struct fixture *f = *state;

	add_symbol(f, "f", 0x10, 1);
	use_gnu_hash(f);
	assert_true(find(f, "f", "V1"));
	add_versions(f);
	assert_true(find(f, "f", "V1"));
	f->t->versym[1] = 1 | 0x8000;
	assert_false(find(f, "f", "V1"));
}

static void a_chain_without_an_end_is_left(void **state)
{
	struct fixture *f = *state;
	const uint64_t at = AT + 0x1000000;
	const uint64_t len = 8ull << 20;
	uint32_t *chain;

	/* Every link has the right hash, and none is the last one. */
	fake_space_add(&f->fs, at, len, PROT_READ, 0);
	chain = fake_space_at(&f->fs, at, len);
	for (size_t i = 0; i < len / 4; i++)
		chain[i] = gnu_hash_of("f") & ~1u;
	add_symbol(f, "g", 0x10, 1);
	use_gnu_hash(f);
	/* Header and bloom at the start of it, then one bucket that is index 1. */
	memcpy(chain, &f->t->gnu,
	       offsetof(struct tables, gnu.chains) - offsetof(struct tables, gnu.nr_buckets));
	f->o.dyn.gnu_hash = at;
	assert_false(find(f, "f", ""));
}

static void a_sysv_chain_that_loops_is_left(void **state)
{
	struct fixture *f = *state;

	add_symbol(f, "f", 0x10, 1);
	add_symbol(f, "g", 0x20, 1);
	use_sysv_hash(f);
	f->t->sysv.chains[2] = 1;
	assert_false(find(f, "h", ""));
	f->t->sysv.buckets[0] = 0xffffffff;
	assert_false(find(f, "f", ""));
}

static void a_version_list_that_leads_out_is_left(void **state)
{
	struct fixture *f = *state;

	add_versions(f);
	add_symbol(f, "f", 0x10, 9);
	use_gnu_hash(f);
	f->o.dyn.nr_verdef = UINT64_MAX;
	f->t->verdef[2].def.vd_next = UINT32_MAX;
	assert_false(find(f, "f", "V1"));
}

/* 2^20 links, and for each of them a list of versions as long. */
static void loops_inside_of_loops_end_too(void **state)
{
	struct fixture *f = *state;

	add_versions(f);
	add_symbol(f, "f", 0x10, 9);
	add_symbol(f, "f", 0x20, 9);
	use_sysv_hash(f);
	f->t->sysv.chains[2] = 1;
	f->o.dyn.nr_verdef = UINT64_MAX;
	/* A huge step forward through memory that says the same everywhere. */
	fake_space_add(&f->fs, AT + FAKE_PAGE, 64ull << 20, PROT_READ, 0);
	f->t->verdef[2].def.vd_next = 2 * FAKE_PAGE;
	for (uint64_t at = ADDR(verdef[2]); at < AT + (63ull << 20); at += 2 * FAKE_PAGE)
		memcpy(fake_space_at(&f->fs, at, sizeof(Elf64_Verdef)), &f->t->verdef[2].def,
		       sizeof(Elf64_Verdef));
	reader_forget(&f->r);
	f->r.reads_left = 1u << 20;
	assert_false(symbol_in_object(&f->r, &f->o, "f", "V1", &f->sym));
}

static void headers_that_make_no_sense_find_nothing(void **state)
{
	struct fixture *f = *state;
	static const uint32_t bad[][4] = {
		{0, 1, 1, 6},	       {1, 1, 0, 6},	      {1, 1, 1, 64},	     {1, 2, 1, 6},
		{0xffffffff, 1, 1, 6}, {1, 1, 0xffffffff, 6}, {1, 0xffffffff, 1, 6},
	};

	add_symbol(f, "f", 0x10, 1);
	use_gnu_hash(f);
	assert_true(find(f, "f", ""));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memcpy(&f->t->gnu, bad[i], sizeof(bad[i]));
		assert_false(find(f, "f", ""));
	}
	f->o.dyn.gnu_hash = 0;
	assert_false(find(f, "f", ""));
	use_sysv_hash(f);
	assert_true(find(f, "f", ""));
	f->t->sysv.nr_buckets = 0;
	assert_false(find(f, "f", ""));
	f->o.dyn.symtab = 0;
	assert_false(find(f, "f", ""));
}

static void names_out_of_the_string_table_find_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t i = add_symbol(f, "f", 0x10, 1);

	use_gnu_hash(f);
	f->o.dyn.strsz = f->t->syms[i].st_name;
	assert_false(find(f, "f", ""));
	f->o.dyn.strsz = 512;
	f->o.dyn.strtab = 0x10;
	assert_false(find(f, "f", ""));
}

static void the_global_scope_comes_before_the_local_one(void **state)
{
	struct fixture *f = *state;
	struct ulp_object list[3];
	struct ulp_objects objs = {.list = list, .nr = 3};

	add_symbol(f, "f", 0x10, 1);
	use_gnu_hash(f);
	for (uint64_t i = 0; i < 3; i++) {
		list[i] = f->o;
		list[i].bias = i * 0x100000;
	}
	list[1].scope = OBJECT_SCOPE_LOCAL;
	list[2].scope = OBJECT_SCOPE_GLOBAL;
	assert_true(symbol_lookup(&f->r, &objs, "f", "", &f->sym));
	assert_ptr_equal(f->sym.object, &list[2]);
	list[2].scope = 0;
	assert_true(symbol_lookup(&f->r, &objs, "f", "", &f->sym));
	assert_ptr_equal(f->sym.object, &list[1]);
	list[1].scope = 0;
	assert_false(symbol_lookup(&f->r, &objs, "f", "", &f->sym));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_each_symbol_by_the_sysv_hash),
		TEST(finds_each_symbol_by_the_gnu_hash),
		TEST(passes_over_undefined_and_local_symbols),
		TEST(an_absolute_symbol_does_not_move),
		TEST(takes_the_version_that_is_asked_for),
		TEST(an_unversioned_reference_takes_the_one_that_is_not_hidden),
		TEST(an_unversioned_definition_fits_every_version),
		TEST(a_chain_without_an_end_is_left),
		TEST(a_sysv_chain_that_loops_is_left),
		TEST(a_version_list_that_leads_out_is_left),
		TEST(loops_inside_of_loops_end_too),
		TEST(headers_that_make_no_sense_find_nothing),
		TEST(names_out_of_the_string_table_find_nothing),
		TEST(the_global_scope_comes_before_the_local_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
