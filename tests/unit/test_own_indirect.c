/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "container/elf_view.h"
#include "tests/lib/check_err.h"
#include "trigger/own_indirect.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* Of our own libc, or of the vDSO. */
struct wanted {
	const char *name; /* a part of it */
	struct ulp_build_id id;
	uint64_t bias;
};

static int find(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct wanted *w = arg;

	(void)size;
	if (strstr(info->dlpi_name, w->name) == NULL)
		return 0;
	w->bias = info->dlpi_addr;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_NOTE && w->id.len == 0)
			(void)ulp_notes_build_id((const void *)(info->dlpi_addr + ph->p_vaddr),
						 ph->p_memsz, ph->p_align == 8 ? 8 : 4, &w->id);
	}
	return 1;
}

static struct wanted object(const char *name)
{
	struct wanted w = {.name = name};

	dl_iterate_phdr(find, &w);
	return w;
}

/* The libc's own: a sanitizer has some of its functions, too. */
static uintptr_t in_libc(const char *name)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	uintptr_t addr;

	assert_non_null(libc);
	addr = (uintptr_t)dlsym(libc, name);
	dlclose(libc);
	return addr;
}

static void libc_has_chosen_for_us(void **state)
{
	const struct wanted libc = object("libc.so.6");
	struct ulp_build_id in;
	uint64_t off;

	(void)state;
	if (libc.id.len == 0)
		skip();
	assert_true(own_indirect(&libc.id, "strstr", "", &in, &off));
	assert_true(ulp_build_id_equal(&in, &libc.id));
	assert_int_equal(libc.bias + off, in_libc("strstr"));
}

/* Some of them lead into the vDSO. */
static void the_object_is_named_in_which_it_lies(void **state)
{
	const struct wanted libc = object("libc.so.6");
	const struct wanted vdso = object("linux-vdso");
	uintptr_t real = in_libc("time");
	struct ulp_build_id in;
	uint64_t off;

	(void)state;
	if (libc.id.len == 0 || vdso.id.len == 0)
		skip();
	assert_true(own_indirect(&libc.id, "time", "", &in, &off));
	assert_int_equal((ulp_build_id_equal(&in, &vdso.id) ? vdso.bias : libc.bias) + off, real);
}

static void what_we_do_not_have_is_not_known(void **state)
{
	const struct wanted libc = object("libc.so.6");
	struct ulp_build_id other = {.len = 20, .bytes = {1, 2, 3}};
	struct ulp_build_id in;
	uint64_t off;

	(void)state;
	assert_false(own_indirect(&other, "strstr", "", &in, &off));
	if (libc.id.len == 0)
		skip();
	assert_false(own_indirect(&libc.id, "no_such_function", "", &in, &off));
	assert_false(own_indirect(&libc.id, "strstr", "NO_SUCH_VERSION", &in, &off));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc_has_chosen_for_us),
		cmocka_unit_test(the_object_is_named_in_which_it_lies),
		cmocka_unit_test(what_we_do_not_have_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
