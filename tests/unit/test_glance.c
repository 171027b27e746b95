/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The target's build ID from a container's file, and from files that are none. */
#include "config.h"

#include "container/glance.h"
#include "tests/lib/check_err.h"
#include "tests/lib/sample_patch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct sample sample;
static unsigned char *bytes;
static size_t len;

static int setup(void **state)
{
	(void)state;
	sample_init(&sample);
	bytes = sample_container(&sample.patch, NULL, &len);
	return bytes ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

static bool glance(struct ulp_build_id *id)
{
	int fd = memfd_create("container", MFD_CLOEXEC);
	bool found;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	found = ulp_container_glance(fd, id);
	(void)close(fd);
	return found;
}

static unsigned char *section(void)
{
	return bytes + eb_shdr_of(bytes, ULP_SECTION)->sh_offset;
}

static void finds_the_build_id_of_the_target(void **state)
{
	struct ulp_build_id id;

	(void)state;
	assert_true(glance(&id));
	assert_true(ulp_build_id_equal(&id, &sample.patch.build_id));
}

/* Cut anywhere, it is found or not, and never anything else. */
static void a_file_that_is_cut_gives_nothing_wrong(void **state)
{
	const size_t whole = len;
	struct ulp_build_id id;

	(void)state;
	for (len = 0; len < whole; len += 1 + len / 16)
		assert_true(!glance(&id) || ulp_build_id_equal(&id, &sample.patch.build_id));
	len = 63;
	assert_false(glance(&id));
}

/* Row: bytes of the file's head that make it no container. */
static void a_damaged_head_is_no_container(void **state)
{
	static const struct {
		size_t off;
		unsigned char value;
	} damages[] = {
		{0, 0},
		{EI_CLASS, ELFCLASS32},
		{EI_DATA, ELFDATA2MSB},
		{offsetof(Elf64_Ehdr, e_type), ET_REL},
		{offsetof(Elf64_Ehdr, e_shoff) + 7, 0xff},
		{offsetof(Elf64_Ehdr, e_shentsize), 1},
		{offsetof(Elf64_Ehdr, e_shnum) + 1, 0xff},
		{offsetof(Elf64_Ehdr, e_shstrndx) + 1, 0xff},
	};
	struct ulp_build_id id;

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		unsigned char was = bytes[damages[i].off];

		bytes[damages[i].off] = damages[i].value;
		assert_false(glance(&id));
		bytes[damages[i].off] = was;
	}
	assert_true(glance(&id));
}

static void a_damaged_section_is_no_container(void **state)
{
	struct ulp_wire_header *header = (void *)section();
	struct ulp_build_id id;

	(void)state;
	header->magic[0] ^= 1;
	assert_false(glance(&id));
	header->magic[0] ^= 1;
	header->nr_chunks = UINT16_MAX;
	assert_false(glance(&id));
	header->nr_chunks = 0;
	assert_false(glance(&id));
}

static void a_library_without_the_section_is_no_container(void **state)
{
	struct ulp_build_id id;

	(void)state;
	eb_shdr_of(bytes, ULP_SECTION)->sh_name = 0;
	assert_false(glance(&id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_the_build_id_of_the_target, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_cut_gives_nothing_wrong, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_damaged_head_is_no_container, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_section_is_no_container, setup, teardown),
		cmocka_unit_test_setup_teardown(a_library_without_the_section_is_no_container,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
