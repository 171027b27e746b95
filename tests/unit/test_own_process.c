/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's view of a process against the dynamic linker's own: this
 * process, with all its libraries.
 */
#include "config.h"

#include "engine/bindings.h"
#include "engine/objects.h"
#include "engine/symbols.h"
#include "tests/lib/check_err.h"
#include "tests/lib/own_space.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

static struct ulp_space space;
static struct reader reader;
static struct ulp_objects objs;

static int setup(void **state)
{
	struct ulp_err err;

	(void)state;
	space = own_space();
	if (reader_init(&reader, &space, &err) ||
	    objects_read(&reader, getauxval(AT_PHDR), getauxval(AT_PHNUM), &objs, &err)) {
		fprintf(stderr, "%s: %s\n", ulp_code_name(err.code), err.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	objects_deinit(&objs);
	reader_deinit(&reader);
	return 0;
}

/* --- objects -------------------------------------------------------------- */

static int compare_object(struct dl_phdr_info *info, size_t size, void *data)
{
	size_t *i = data;
	const struct ulp_object *o = &objs.list[*i];
	uint64_t text_end = 0;

	(void)size;
	assert_true(*i < objs.nr);
	assert_int_equal(o->bias, info->dlpi_addr);
	assert_string_equal(o->path, info->dlpi_name);
	for (int k = 0; k < info->dlpi_phnum; k++) {
		const Elf64_Phdr *ph = &info->dlpi_phdr[k];
		uint64_t at = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD)
			assert_true(o->start <= at && at + ph->p_memsz <= o->end);
		if (ph->p_type == PT_LOAD && ph->p_flags & PF_X)
			text_end = at + ph->p_memsz;
		if (ph->p_type == PT_DYNAMIC)
			assert_int_equal(o->dynamic_at, at);
	}
	assert_int_equal(o->text_end, text_end);
	(*i)++;
	return 0;
}

static void finds_the_objects_that_the_dynamic_linker_lists(void **state)
{
	size_t nr = 0;

	(void)state;
	dl_iterate_phdr(compare_object, &nr);
	assert_int_equal(nr, objs.nr);
	assert_non_null(objects_find_soname(&objs, "libc.so.6"));
	assert_true(objs.list[0].is_main);
}

/* --- symbols -------------------------------------------------------------- */

/* Number of dynamic symbols, as DT_GNU_HASH has them. */
static uint32_t nr_symbols(const struct ulp_object *o)
{
	const uint32_t *head = (const void *)(uintptr_t)o->dyn.gnu_hash;
	const uint32_t *buckets = head + 4 + 2 * head[2];
	const uint32_t *chain = buckets + head[0];
	uint32_t last = 0;

	for (uint32_t i = 0; i < head[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (!last)
		return head[1];
	while (!(chain[last - head[1]] & 1))
		last++;
	return last + 1;
}

/* Name of a version of the object's DT_VERDEF; NULL for the base. */
static const char *version_name(const struct ulp_object *o, unsigned index)
{
	const char *strings = (const char *)(uintptr_t)o->dyn.strtab;
	uint64_t at = o->dyn.verdef;

	for (uint64_t i = 0; at && i < o->dyn.nr_verdef; i++) {
		const Elf64_Verdef *def = (const void *)(uintptr_t)at;
		const Elf64_Verdaux *aux = (const void *)(uintptr_t)(at + def->vd_aux);

		if (def->vd_ndx == index)
			return def->vd_flags & VER_FLG_BASE ? NULL : strings + aux->vda_name;
		at += def->vd_next;
	}
	return NULL;
}

struct tally {
	size_t nr_versioned;
	size_t nr_unversioned;
	size_t nr_ifuncs;
};

/* want: what dlvsym() or dlsym() says; for an IFUNC that is what its resolver returned. */
static void check_symbol(const struct ulp_object *o, const char *name, const char *version,
			 void *want, struct tally *t)
{
	struct ulp_symbol sym;
	bool found = symbol_in_object(&reader, o, name, version, &sym);

	if (!found)
		fail_msg("%s@%s of %s is not found", name, version, o->soname);
	if (sym.type == STT_TLS)
		return;
	if (sym.type != STT_GNU_IFUNC) {
		if (sym.addr != (uint64_t)(uintptr_t)want)
			fail_msg("%s@%s of %s is at %p, not at 0x%llx", name, version, o->soname,
				 want, (unsigned long long)sym.addr);
		return;
	}
	t->nr_ifuncs++;
}

static bool is_inside(const struct ulp_object *o, const void *addr)
{
	return (uint64_t)(uintptr_t)addr >= o->start && (uint64_t)(uintptr_t)addr < o->end;
}

static void check_object(const struct ulp_object *o, struct tally *t)
{
	const Elf64_Sym *syms = (const void *)(uintptr_t)o->dyn.symtab;
	const char *strings = (const char *)(uintptr_t)o->dyn.strtab;
	const uint16_t *versyms = (const void *)(uintptr_t)o->dyn.versym;
	/*
	 * The handle's scope begins with the object itself.  Only ld.so's has none:
	 * what another library defines as well is not found there.
	 */
	bool is_linker = strstr(o->path, "/ld-linux") != NULL;
	void *handle = is_linker ? dlopen(NULL, RTLD_NOW) : dlopen(o->path, RTLD_NOW | RTLD_NOLOAD);

	assert_non_null(handle);
	for (uint32_t i = 1; i < nr_symbols(o); i++) {
		const char *name = strings + syms[i].st_name;
		unsigned versym = versyms ? versyms[i] : 1;
		const char *version = versyms ? version_name(o, versym & 0x7fff) : NULL;

		if (syms[i].st_shndx == SHN_UNDEF || syms[i].st_shndx == SHN_ABS ||
		    ELF64_ST_BIND(syms[i].st_info) == STB_LOCAL)
			continue;
		if (version) {
			void *want = dlvsym(handle, name, version);

			if (!is_linker || is_inside(o, want))
				check_symbol(o, name, version, want, t);
			t->nr_versioned++;
		}
		if (!(versym & 0x8000)) {
			void *want = dlsym(handle, name);

			if (!is_linker || is_inside(o, want))
				check_symbol(o, name, "", want, t);
			t->nr_unversioned++;
		}
	}
	dlclose(handle);
}

/* Every one of them, by name and by name and version. */
static void finds_every_symbol_where_dlsym_finds_it(void **state)
{
	struct tally t = {0};

	(void)state;
	for (size_t i = 1; i < objs.nr; i++)
		if (strchr(objs.list[i].path, '/') && objs.list[i].dyn.gnu_hash)
			check_object(&objs.list[i], &t);
	assert_true(t.nr_versioned > 2000);
	assert_true(t.nr_unversioned > 2000);
	assert_true(t.nr_ifuncs > 0);
}

static void tells_versions_of_one_name_apart(void **state)
{
	const struct ulp_object *libc = objects_find_soname(&objs, "libc.so.6");
	struct ulp_symbol old;
	struct ulp_symbol new;
	struct ulp_symbol any;

	(void)state;
	assert_true(symbol_in_object(&reader, libc, "realpath", "GLIBC_2.2.5", &old));
	assert_true(symbol_in_object(&reader, libc, "realpath", "GLIBC_2.3", &new));
	assert_true(symbol_in_object(&reader, libc, "realpath", "", &any));
	assert_int_not_equal(old.addr, new.addr);
	assert_int_equal(any.addr, new.addr);
	assert_false(symbol_in_object(&reader, libc, "realpath", "GLIBC_2.4", &any));
	assert_false(symbol_in_object(&reader, libc, "realpath", "GLIBC_2", &any));
}

static void does_not_find_what_is_not_there(void **state)
{
	struct ulp_symbol sym;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "no_such_symbol_%u", i);
		assert_false(symbol_lookup(&reader, &objs, name, "", &sym));
	}
	assert_false(symbol_lookup(&reader, &objs, "", "", &sym));
}

/* --- bindings ------------------------------------------------------------- */

/* Undefined functions of this program, as the dynamic linker has bound them. */
static void binds_imports_to_what_dlsym_returns(void **state)
{
	static const char *const names[] = {"memcpy", "strlen", "memset", "strchr", "getenv",
					    "malloc", "free",	"stdout", "printf"};
	const struct ulp_object *libc = objects_find_soname(&objs, "libc.so.6");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (size_t k = 0; k < objs.nr; k++) {
			const struct ulp_import import = {names[i], "", "", 0};
			struct ulp_symbol sym;
			struct ulp_err err;
			uint64_t got;

			if (&objs.list[k] == libc || !objs.list[k].dyn.jmprel)
				continue;
			objects_set_local_scope(&objs, &objs.list[k]);
			assert_true(symbol_lookup(&reader, &objs, names[i], "", &sym));
			assert_succeeds(
				binding_find(&reader, &objs, &objs.list[k], &import, &got, &err),
				&err);
			/* A lazy slot of its own is as good: it leads to ld.so. */
			if (sym.type == STT_GNU_IFUNC && got >= objs.list[k].start &&
			    got < objs.list[k].end)
				continue;
			if (got != (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, names[i]))
				fail_msg("%s for %s: 0x%llx, dlsym says %p", names[i],
					 objs.list[k].path, (unsigned long long)got,
					 dlsym(RTLD_DEFAULT, names[i]));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_objects_that_the_dynamic_linker_lists),
		cmocka_unit_test(finds_every_symbol_where_dlsym_finds_it),
		cmocka_unit_test(tells_versions_of_one_name_apart),
		cmocka_unit_test(does_not_find_what_is_not_there),
		cmocka_unit_test(binds_imports_to_what_dlsym_returns),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
