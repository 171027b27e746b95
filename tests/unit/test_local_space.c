/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The own process as an address space, its list of mappings, and the look at the own stack. */
#include "config.h"

#include "engine/registry_format.h"
#include "runtime/local_space.h"
#include "runtime/maps.h"
#include "runtime/own_stack.h"
#include "tests/lib/check_err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

static struct local_space ls;

static int setup(void **state)
{
	struct ulp_err err;

	(void)state;
	return local_space_open(&ls, &err) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	local_space_close(&ls);
	return 0;
}

static uint64_t addr_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Pages of their own, which nothing is next to. */
static char *pages_map(size_t nr, int prot)
{
	char *p = mmap(NULL, nr * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

/* --- reading and writing ------------------------------------------------------ */

static void reads_and_writes_the_own_memory(void **state)
{
	char text[] = "before";
	char copy[sizeof(text)];
	struct ulp_err err;

	(void)state;
	assert_succeeds(space_read(&ls.space, addr_of(text), copy, sizeof(copy), &err), &err);
	assert_string_equal(copy, "before");
	assert_succeeds(space_write(&ls.space, addr_of(text), "after", 6, &err), &err);
	assert_string_equal(text, "after");
}

static void what_is_not_mapped_is_an_error_and_not_a_fault(void **state)
{
	char *p = pages_map(2, PROT_READ | PROT_WRITE);
	char bytes[16];
	struct ulp_err err;

	(void)state;
	assert_int_equal(munmap(p + PAGE, PAGE), 0);
	assert_int_equal(space_read(&ls.space, addr_of(p + PAGE - 8), bytes, 16, &err), ULP_ESYS);
	assert_int_equal(space_write(&ls.space, addr_of(p + PAGE - 8), bytes, 16, &err), ULP_ESYS);
	assert_int_equal(space_read(&ls.space, UINT64_MAX - 7, bytes, 8, &err), ULP_ESYS);
	assert_int_equal(munmap(p, PAGE), 0);
}

/* A function of its own page, in memory that was never writable. */
static void text_is_written_without_being_made_writable(void **state)
{
	struct ulp_err err;
	char *p = pages_map(1, PROT_READ | PROT_EXEC);
	struct ulp_region *regions;
	uint64_t word = 0x1122334455667788;
	uint64_t now;
	size_t nr;
	int prot = -1;

	(void)state;
	assert_succeeds(space_write(&ls.space, addr_of(p), &word, sizeof(word), &err), &err);
	memcpy(&now, p, sizeof(now));
	assert_int_equal(now, word);
	assert_succeeds(ls.space.ops->regions(&ls.space, &regions, &nr, &err), &err);
	for (size_t i = 0; i < nr; i++)
		if (regions[i].start <= addr_of(p) && addr_of(p) < regions[i].end)
			prot = regions[i].prot;
	assert_int_equal(prot, PROT_READ | PROT_EXEC);
	free(regions);
	assert_int_equal(munmap(p, PAGE), 0);
}

static void the_magic_is_shown_before_it_is_there(void **state)
{
	struct ulp_registry reg = {.version = 7};
	struct ulp_registry copy;
	char part[4];
	struct ulp_err err;

	(void)state;
	ls.magic_at = addr_of(reg.magic);
	assert_succeeds(space_read(&ls.space, addr_of(&reg), &copy, sizeof(copy), &err), &err);
	assert_memory_equal(copy.magic, ULP_REGISTRY_MAGIC, sizeof(copy.magic));
	assert_int_equal(copy.version, 7);
	assert_succeeds(space_read(&ls.space, addr_of(&reg) + 2, part, sizeof(part), &err), &err);
	assert_memory_equal(part, &ULP_REGISTRY_MAGIC[2], sizeof(part));
	ls.magic_at = 0;
	assert_succeeds(space_read(&ls.space, addr_of(&reg), &copy, sizeof(copy), &err), &err);
	assert_int_equal(copy.magic[0], 0);
}

/* --- mapping -------------------------------------------------------------------- */

static void maps_only_where_nothing_is(void **state)
{
	const struct ulp_space_ops *ops = ls.space.ops;
	char *p = pages_map(3, PROT_READ);
	struct ulp_err err;

	(void)state;
	assert_int_equal(ops->map(&ls.space, remote_at(addr_of(p)), PAGE, PROT_READ, false, &err),
			 ULP_EROOM);
	assert_int_equal(munmap(p, (size_t)3 * PAGE), 0);
	assert_succeeds(ops->map(&ls.space, remote_at(addr_of(p)), (size_t)3 * PAGE, PROT_READ,
				 false, &err),
			&err);
	assert_succeeds(ops->map(&ls.space, remote_at(addr_of(p + PAGE)), PAGE,
				 PROT_READ | PROT_WRITE, true, &err),
			&err);
	assert_int_equal(p[0], 0);
	p[PAGE] = 1;
	assert_succeeds(ops->unmap(&ls.space, remote_at(addr_of(p)), (size_t)3 * PAGE, &err), &err);
	assert_int_equal(space_read(&ls.space, addr_of(p), &err, 1, NULL), ULP_ESYS);
}

/* --- the list of mappings ---------------------------------------------------------- */

static void the_own_mappings_are_all_there_and_sorted(void **state)
{
	struct ulp_region *regions;
	struct ulp_err err;
	bool has_stack = false;
	bool has_text = false;
	size_t nr;

	(void)state;
	assert_succeeds(maps_read(&regions, &nr, &err), &err);
	for (size_t i = 0; i < nr; i++) {
		assert_true(regions[i].start < regions[i].end);
		assert_true(i == 0 || regions[i - 1].end <= regions[i].start);
		has_stack |= regions[i].start <= addr_of(&err) && addr_of(&err) < regions[i].end;
		has_text |= regions[i].start <= addr_of((void *)maps_read) &&
			    addr_of((void *)maps_read) < regions[i].end &&
			    regions[i].prot == (PROT_READ | PROT_EXEC) && regions[i].inode;
	}
	assert_true(has_stack);
	assert_true(has_text);
	free(regions);
}

static void a_line_has_its_parts(void **state)
{
	struct ulp_region *r;
	struct ulp_err err;
	size_t nr;

	(void)state;
	assert_succeeds(maps_parse("1000-3000 r-xp 00002000 fe:00 1229   /a b\n"
				   "7fff00000000-7fff00001000 rw-p 00000000 00:00 0 \n"
				   "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   "
				   "[vsyscall]\n",
				   &r, &nr, &err),
			&err);
	assert_int_equal(nr, 3);
	assert_int_equal(r[0].start, 0x1000);
	assert_int_equal(r[0].end, 0x3000);
	assert_int_equal(r[0].prot, PROT_READ | PROT_EXEC);
	assert_int_equal(r[0].offset, 0x2000);
	assert_int_equal(r[0].inode, 1229);
	assert_int_equal(r[1].prot, PROT_READ | PROT_WRITE);
	assert_int_equal(r[1].inode, 0);
	assert_int_equal(r[2].prot, PROT_EXEC);
	free(r);
}

static void a_line_that_is_not_one_is_refused(void **state)
{
	static const char *const texts[] = {
		"\n",
		"1000\n",
		"1000-\n",
		"1000-2000 r\n",
		"1000-2000 r-xp\n",
		"1000-2000 r-xp 0 fe:00\n",
		"1000-2000 r-xp 0 fe:00 x\n",
		"11112222333344445-2000 r-xp 0 fe:00 1 /a\n",
	};
	struct ulp_region *r;
	struct ulp_err err;
	size_t nr;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(maps_parse(texts[i], &r, &nr, &err), ULP_EELF);
	assert_succeeds(maps_parse("", &r, &nr, &err), &err);
	assert_int_equal(nr, 0);
	free(r);
}

/* --- the own stack -------------------------------------------------------------------- */

/* Its caller's frame is on the stack, and the return address into it. */
__attribute__((noinline)) static const struct plan_guard *look(struct plan_guard *guard,
							       const void *end)
{
	struct engine engine = {.space = &ls.space};
	struct plan plan = {.engine = &engine, .guards = guard, .nr_guards = 1};

	return own_stack_guard(&plan, end);
}

static void a_function_that_is_left_for_another_is_in_use(void **state)
{
	/* Room for all of this function, which is shorter. */
	struct plan_guard here = {
		.start = addr_of((void *)a_function_that_is_left_for_another_is_in_use),
		.name = "here"};
	/* Not on the stack that is looked at. */
	static struct plan_guard nowhere = {.start = 0x1000, .end = 0x2000};
	const void *end = __builtin_frame_address(0);

	(void)state;
	here.end = here.start + 4096;
	assert_ptr_equal(look(&here, end), &here);
	assert_null(look(&nowhere, end));
}

static void at_its_start_a_function_is_not_in_use(void **state)
{
	volatile uint64_t word = 0x123456789000;
	static struct plan_guard g; /* not on that stack */

	(void)state;
	g = (struct plan_guard){.start = 0x123456789000, .end = 0x123456789010};
	assert_null(look(&g, (const void *)(&word + 1)));
	g.whole = true;
	assert_ptr_equal(look(&g, (const void *)(&word + 1)), &g);
}

/* A call of a function that does not return may be the last instruction. */
static void at_its_end_a_function_is_in_use_if_a_call_ends_there(void **state)
{
	static unsigned char code[32] = {[11] = 0xe8};
	volatile uint64_t word = addr_of(code + 16);
	static struct plan_guard g; /* not on that stack */

	(void)state;
	g = (struct plan_guard){.start = addr_of(code), .end = addr_of(code + 16)};
	assert_ptr_equal(look(&g, (const void *)(&word + 1)), &g);
	/* The start of the next function. */
	code[11] = 0xc3;
	assert_null(look(&g, (const void *)(&word + 1)));
	g.whole = true;
	assert_null(look(&g, (const void *)(&word + 1)));
	g.end--;
	assert_null(look(&g, (const void *)(&word + 1)));
}

static void at_an_end_that_cannot_be_read_a_function_is_in_use(void **state)
{
	volatile uint64_t word = 0x123456789000;
	static struct plan_guard g; /* not on that stack */

	(void)state;
	g = (struct plan_guard){.start = 0x123456788ff0, .end = 0x123456789000};
	assert_ptr_equal(look(&g, (const void *)(&word + 1)), &g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_the_own_memory),
		cmocka_unit_test(what_is_not_mapped_is_an_error_and_not_a_fault),
		cmocka_unit_test(text_is_written_without_being_made_writable),
		cmocka_unit_test(the_magic_is_shown_before_it_is_there),
		cmocka_unit_test(maps_only_where_nothing_is),
		cmocka_unit_test(the_own_mappings_are_all_there_and_sorted),
		cmocka_unit_test(a_line_has_its_parts),
		cmocka_unit_test(a_line_that_is_not_one_is_refused),
		cmocka_unit_test(a_function_that_is_left_for_another_is_in_use),
		cmocka_unit_test(at_its_start_a_function_is_not_in_use),
		cmocka_unit_test(at_its_end_a_function_is_in_use_if_a_call_ends_there),
		cmocka_unit_test(at_an_end_that_cannot_be_read_a_function_is_in_use),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
