/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * _dl_find_object() and dl_iterate_phdr() of the runtime, in this program (which
 * has them by other names: runtime.mk) and with a registry whose containers are
 * pages without content.
 */
#include "config.h"

#include "runtime/next_symbol.h"
#include "runtime/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u
#define NR_PAGES 16u

struct ulp_registry ulp_registry;

/* Addresses that no library has. */
static char *pages;

/* Oldest first.  Each takes two pages, with one between it and the next. */
static struct ulp_reg_patch records[3];
static const char *const names[3] = {"/fixes/a.so", "/fixes/b.so", "/fixes/c.so"};
static ElfW(Phdr) phdrs[2] = {{.p_type = PT_LOAD}, {.p_type = PT_GNU_EH_FRAME}};

static uint64_t addr_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static char *page_at(size_t i)
{
	return pages + i * PAGE;
}

static void add_container(size_t i)
{
	records[i] = (struct ulp_reg_patch){
		.next = ulp_registry.patches,
		.state = i == 1 ? ULP_PATCH_REVERTED : ULP_PATCH_APPLIED,
		.map_start = addr_of(page_at(1 + 3 * i)),
		.map_len = 2ull * PAGE,
		.load_bias = addr_of(page_at(1 + 3 * i)) - 0x10000,
		.eh_frame_hdr = addr_of(page_at(1 + 3 * i)) + 0x100,
		.eh_frame_hdr_len = 12,
		.phdrs = addr_of(phdrs),
		.nr_phdrs = 2,
		.link_map = {.addr = 0x1000, .name = addr_of(names[i]), .dynamic = 0x2000},
	};
	ulp_registry.patches = addr_of(&records[i]);
	ulp_registry.containers_start = addr_of(page_at(1));
	ulp_registry.containers_end = records[i].map_start + records[i].map_len;
}

static int setup(void **state)
{
	(void)state;
	memset(&ulp_registry, 0, sizeof(ulp_registry));
	pages = mmap(NULL, NR_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return munmap(pages, NR_PAGES * PAGE);
}

static int setup_containers(void **state)
{
	int failed = setup(state);

	for (size_t i = 0; i < 3 && !failed; i++)
		add_container(i);
	return failed;
}

/* --- the function behind ours ------------------------------------------------ */

static void the_next_function_is_the_one_that_dlsym_finds(void **state)
{
	/* Some of these have several versions, and are in different objects. */
	static const char *const functions[] = {
		"dl_iterate_phdr",   "pthread_cond_signal",
		"realpath",	     "fopen",
		"__tls_get_addr",    "nice",
		"posix_spawn",	     "qsort",
		"pthread_cond_wait", "regexec",
		"sched_getaffinity",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		assert_ptr_equal(next_symbol(functions[i]), dlsym(RTLD_NEXT, functions[i]));
}

static void a_function_that_nobody_has_is_not_found(void **state)
{
	(void)state;
	assert_null(next_symbol("no_function_has_this_name"));
	assert_null(next_symbol(""));
	/* Of ours alone. */
	assert_null(next_symbol("main"));
	/* A variable is none. */
	assert_null(next_symbol("environ"));
}

/* --- _dl_find_object ---------------------------------------------------------- */

#ifdef DLFO_STRUCT_HAS_EH_DBASE

typedef int find_fn(void *address, struct dl_find_object *result);

/* Ours and the dynamic linker's agree. */
static void check_same(void *address)
{
	find_fn *theirs = (find_fn *)dlsym(RTLD_NEXT, "_dl_find_object");
	struct dl_find_object want = {0};
	struct dl_find_object got = {0};

	assert_non_null(theirs);
	assert_int_equal(_dl_find_object(address, &got), theirs(address, &want));
	assert_memory_equal(&got, &want, sizeof(got));
}

static void check_same_all(void)
{
	int local;

	check_same((void *)check_same);
	check_same((void *)dlsym(RTLD_NEXT, "qsort"));
	check_same((void *)_run_test);
	check_same(&local);
	check_same(NULL);
	check_same((void *)UINTPTR_MAX);
	check_same(pages);
	check_same(page_at(0) + PAGE - 1);
	check_same(page_at(NR_PAGES - 1));
}

static void without_containers_all_is_the_dynamic_linkers(void **state)
{
	(void)state;
	check_same_all();
	check_same(page_at(1));
}

static void with_containers_all_else_is_the_dynamic_linkers(void **state)
{
	(void)state;
	check_same_all();
	/* Between two of them. */
	check_same(page_at(3));
	check_same(page_at(3) + PAGE - 1);
	/* As if they were on both sides of everything. */
	ulp_registry.containers_start = 0;
	ulp_registry.containers_end = UINT64_MAX;
	check_same_all();
}

static void check_found(void *address, size_t i)
{
	struct dl_find_object got;

	memset(&got, 0xff, sizeof(got));
	assert_int_equal(_dl_find_object(address, &got), 0);
	assert_int_equal(got.dlfo_flags, 0);
	assert_ptr_equal(got.dlfo_map_start, page_at(1 + 3 * i));
	assert_ptr_equal(got.dlfo_map_end, page_at(3 + 3 * i));
	assert_ptr_equal(got.dlfo_eh_frame, page_at(1 + 3 * i) + 0x100);
	assert_string_equal(got.dlfo_link_map->l_name, names[i]);
	assert_int_equal(got.dlfo_link_map->l_addr, 0x1000);
	assert_ptr_equal(got.dlfo_link_map->l_ld, (void *)0x2000);
	assert_null(got.dlfo_link_map->l_next);
	assert_null(got.dlfo_link_map->l_prev);
}

static void each_container_is_found_from_its_first_to_its_last_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		check_found(page_at(1 + 3 * i), i);
		check_found(page_at(1 + 3 * i) + PAGE, i);
		check_found(page_at(3 + 3 * i) - 1, i);
	}
}

static void a_container_without_a_table_is_not_found(void **state)
{
	(void)state;
	records[2].eh_frame_hdr = 0;
	check_same(page_at(7));
	check_found(page_at(1), 0);
}

#endif

/* --- dl_iterate_phdr ------------------------------------------------------------ */

struct listing {
	size_t nr;
	char names[64][256];
	unsigned long long adds[64];
	unsigned long long subs[64];
	struct dl_phdr_info infos[64];
	size_t stop_at; /* this call returns 77 */
	bool nested;	/* the first call lists once more */
};

static int list_one(struct dl_phdr_info *info, size_t size, void *data)
{
	struct listing *l = data;

	assert_int_equal(size, sizeof(*info));
	assert_true(l->nr < 64);
	strncpy(l->names[l->nr], info->dlpi_name, 255);
	l->adds[l->nr] = info->dlpi_adds;
	l->subs[l->nr] = info->dlpi_subs;
	l->infos[l->nr] = *info;
	if (l->nested && l->nr == 0) {
		struct listing *again = calloc(1, sizeof(*again));

		assert_int_equal(dl_iterate_phdr(list_one, again), 0);
		assert_string_equal(again->names[1], names[2]);
		free(again);
	}
	return ++l->nr == l->stop_at ? 77 : 0;
}

typedef int phdr_fn(struct dl_phdr_info *info, size_t size, void *data);
typedef int iterate_fn(phdr_fn *callback, void *data);

/* The libc's own list. */
static struct listing *list_of_libc(void)
{
	struct listing *l = calloc(1, sizeof(*l));

	assert_int_equal(((iterate_fn *)dlsym(RTLD_NEXT, "dl_iterate_phdr"))(list_one, l), 0);
	return l;
}

static void without_containers_the_list_is_the_libcs(void **state)
{
	struct listing *want = list_of_libc();
	struct listing *got = calloc(1, sizeof(*got));

	(void)state;
	assert_int_equal(dl_iterate_phdr(list_one, got), 0);
	assert_int_equal(got->nr, want->nr);
	for (size_t i = 0; i < got->nr; i++) {
		assert_string_equal(got->names[i], want->names[i]);
		assert_ptr_equal(got->infos[i].dlpi_phdr, want->infos[i].dlpi_phdr);
		assert_int_equal(got->adds[i], want->adds[i]);
		assert_int_equal(got->subs[i], want->subs[i]);
	}
	free(got);
	free(want);
}

static void containers_are_listed_behind_the_executable(void **state)
{
	struct listing *want = list_of_libc();
	struct listing *got = calloc(1, sizeof(*got));

	(void)state;
	got->nested = true;
	assert_int_equal(dl_iterate_phdr(list_one, got), 0);
	assert_int_equal(got->nr, want->nr + 3);
	assert_string_equal(got->names[0], want->names[0]);
	for (size_t i = 0; i < 3; i++) {
		const struct dl_phdr_info *info = &got->infos[1 + i];

		assert_string_equal(info->dlpi_name, names[2 - i]);
		assert_int_equal(info->dlpi_addr, records[2 - i].load_bias);
		assert_ptr_equal(info->dlpi_phdr, phdrs);
		assert_int_equal(info->dlpi_phnum, 2);
		assert_int_equal(info->dlpi_tls_modid, 0);
		assert_null(info->dlpi_tls_data);
	}
	for (size_t i = 1; i < want->nr; i++)
		assert_string_equal(got->names[3 + i], want->names[i]);
	for (size_t i = 0; i < got->nr; i++) {
		assert_int_equal(got->adds[i], want->adds[0] + 3);
		assert_int_equal(got->subs[i], want->subs[0]);
	}
	free(got);
	free(want);
}

static void each_new_container_is_one_object_added(void **state)
{
	unsigned long long adds = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct listing *l = calloc(1, sizeof(*l));

		assert_int_equal(dl_iterate_phdr(list_one, l), 0);
		assert_true(i == 0 || l->adds[0] == adds + 1);
		adds = l->adds[0];
		free(l);
		if (i < 3)
			add_container(i);
	}
}

static void the_caller_can_stop_at_any_object(void **state)
{
	(void)state;
	for (size_t stop_at = 1; stop_at <= 6; stop_at++) {
		struct listing *l = calloc(1, sizeof(*l));

		l->stop_at = stop_at;
		assert_int_equal(dl_iterate_phdr(list_one, l), 77);
		assert_int_equal(l->nr, stop_at);
		free(l);
	}
}

static void a_container_without_headers_is_not_listed(void **state)
{
	struct listing *l = calloc(1, sizeof(*l));

	(void)state;
	records[1].phdrs = 0;
	assert_int_equal(dl_iterate_phdr(list_one, l), 0);
	assert_string_equal(l->names[1], names[2]);
	assert_string_equal(l->names[2], names[0]);
	assert_string_not_equal(l->names[3], names[1]);
	free(l);
}

#define WITHOUT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define WITH(name) cmocka_unit_test_setup_teardown(name, setup_containers, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITHOUT(the_next_function_is_the_one_that_dlsym_finds),
		WITHOUT(a_function_that_nobody_has_is_not_found),
#ifdef DLFO_STRUCT_HAS_EH_DBASE
		WITHOUT(without_containers_all_is_the_dynamic_linkers),
		WITH(with_containers_all_else_is_the_dynamic_linkers),
		WITH(each_container_is_found_from_its_first_to_its_last_byte),
		WITH(a_container_without_a_table_is_not_found),
#endif
		WITHOUT(without_containers_the_list_is_the_libcs),
		WITH(containers_are_listed_behind_the_executable),
		WITHOUT(each_new_container_is_one_object_added),
		WITH(the_caller_can_stop_at_any_object),
		WITH(a_container_without_headers_is_not_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
