/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/fail_alloc.h"
#include "tests/lib/sample_patch.h"

#include "container/container.h"
#include "container/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	struct sample sample;
	unsigned char *bytes;
	size_t len;
	struct ulp_container container;
	struct ulp_err err;
	char path[128]; /* of a file, for the tests that need one */
};

static void fixture_build(struct fixture *f, const struct ulp_patch *revert)
{
	free(f->bytes);
	f->bytes = sample_container(&f->sample.patch, revert, &f->len);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	if (f == NULL)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/container-XXXXXX",
		 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	fd = mkstemp(f->path);
	if (fd < 0) {
		free(f);
		return -1;
	}
	close(fd);
	sample_init(&f->sample);
	fixture_build(f, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	free(f->bytes);
	free(f);
	return 0;
}

static enum ulp_code from_bytes(struct fixture *f)
{
	return ulp_container_from_bytes("dir/x.so", f->bytes, f->len, &f->container, &f->err);
}

/* from_bytes() fails, the container is untouched. */
static void assert_rejected(struct fixture *f, enum ulp_code code, const char *place)
{
	struct ulp_container untouched;

	memset(&untouched, 0x5a, sizeof(untouched));
	memcpy(&f->container, &untouched, sizeof(untouched));
	assert_fails_at(from_bytes(f), code, &f->err, place);
	assert_memory_equal(&f->container, &untouched, sizeof(untouched));
}

static void write_file(const struct fixture *f, const void *bytes, size_t len)
{
	FILE *file = fopen(f->path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* "dir/x.so: +0xOFF", for a place inside the file. */
static const char *place_of(const struct fixture *f, const void *at, char buf[64])
{
	snprintf(buf, 64, "dir/x.so: +0x%zx", (size_t)((const unsigned char *)at - f->bytes));
	return buf;
}

/* --- good ones ------------------------------------------------------------ */

static void assert_is_sample(struct fixture *f)
{
	const struct ulp_container *c = &f->container;

	assert_int_equal(c->len, f->len);
	assert_memory_equal(c->bytes, f->bytes, f->len);
	assert_ptr_not_equal(c->bytes, f->bytes);
	assert_ptr_equal(c->elf.bytes, c->bytes);
	assert_int_equal(c->build_id.len, 20);
	assert_memory_equal(c->build_id.bytes, "the patch's build id", 20);
	assert_true(patch_matches(&f->sample.patch, &c->patch, ULP_SECTION_APPLY));
	assert_true(patch_matches(&f->sample.patch, &c->revert, ULP_SECTION_REVERT));
}

static void container_is_read_from_memory(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(from_bytes(f), &f->err);
	assert_is_sample(f);
	assert_string_equal(f->container.path, "dir/x.so");
	assert_string_equal(f->container.base_name, "x.so");
	ulp_container_close(&f->container);
	assert_null(f->container.bytes);
	ulp_container_close(&f->container);
	ulp_container_close(NULL);
}

static void container_is_read_from_a_file(void **state)
{
	struct fixture *f = *state;

	write_file(f, f->bytes, f->len);
	assert_succeeds(ulp_container_open(f->path, &f->container, &f->err), &f->err);
	assert_is_sample(f);
	assert_string_equal(f->container.path, f->path);
	assert_memory_equal(f->container.base_name, "container-", 10);
	write_file(f, "gone", 4); /* what was read is a copy */
	assert_is_sample(f);
	ulp_container_close(&f->container);
}

static void container_in_the_current_folder_has_its_path_as_name(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(ulp_container_from_bytes("x.so", f->bytes, f->len, &f->container, &f->err),
			&f->err);
	assert_string_equal(f->container.base_name, "x.so");
	ulp_container_close(&f->container);
}

/* --- files ---------------------------------------------------------------- */

static void container_open_reports_a_file_that_cannot_be_opened(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	assert_fails_at(ulp_container_open(f->path, &f->container, &f->err), ULP_ESYS, &f->err,
			f->path);
	assert_int_equal(f->err.sys_errno, ENOENT);
}

/*
 * read(2) as the linker's --wrap gives it to container.c.  __read_chk is what
 * _FORTIFY_SOURCE makes of it.
 */
ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __wrap___read_chk(int fd, void *buf, size_t len, size_t room);

enum read_mode { READ_WORKS, READ_FAILS, READ_STUTTERS, READ_ENDS_EARLY };

static enum read_mode read_mode;

ssize_t __wrap_read(int fd, void *buf, size_t len)
{
	static bool interrupted;

	switch (read_mode) {
	case READ_FAILS:
		errno = EIO;
		return -1;
	case READ_STUTTERS:
		interrupted = !interrupted;
		errno = EINTR;
		return interrupted ? -1 : __real_read(fd, buf, len < 100 ? len : 100);
	case READ_ENDS_EARLY:
		return 0;
	case READ_WORKS:
		break;
	}
	return __real_read(fd, buf, len);
}

ssize_t __wrap___read_chk(int fd, void *buf, size_t len, size_t room)
{
	assert_true(len <= room);
	return __wrap_read(fd, buf, len);
}

static enum ulp_code open_with(struct fixture *f, enum read_mode mode)
{
	enum ulp_code code;

	write_file(f, f->bytes, f->len);
	read_mode = mode;
	code = ulp_container_open(f->path, &f->container, &f->err);
	read_mode = READ_WORKS;
	return code;
}

static void container_open_reports_a_file_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;

	assert_fails_at(open_with(f, READ_FAILS), ULP_ESYS, &f->err, f->path);
	assert_int_equal(f->err.sys_errno, EIO);
}

/* The kernel's answer to everybody but root, which the tests may be. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

static int open_errno; /* 0: open(2) works */

int __wrap_open(const char *path, int flags, ...)
{
	errno = open_errno;
	return open_errno != 0 ? -1 : __real_open(path, flags);
}

static void container_open_reports_that_permission_is_denied(void **state)
{
	static const int denials[] = {EACCES, EPERM};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
		enum ulp_code code;

		open_errno = denials[i];
		code = ulp_container_open(f->path, &f->container, &f->err);
		open_errno = 0;
		assert_fails_at(code, ULP_EPERM, &f->err, f->path);
		assert_int_equal(f->err.sys_errno, denials[i]);
	}
}

static void container_open_goes_on_after_interrupted_and_short_reads(void **state)
{
	struct fixture *f = *state;

	assert_succeeds(open_with(f, READ_STUTTERS), &f->err);
	assert_is_sample(f);
	ulp_container_close(&f->container);
}

static void container_open_rejects_a_file_that_became_shorter(void **state)
{
	struct fixture *f = *state;
	char place[160];

	snprintf(place, sizeof(place), "%s: +0x0", f->path);
	assert_fails_at(open_with(f, READ_ENDS_EARLY), ULP_EELF, &f->err, place);
}

static void container_open_rejects_what_is_no_regular_file(void **state)
{
	struct fixture *f = *state;

	assert_fails_at(ulp_container_open("/", &f->container, &f->err), ULP_EELF, &f->err, "/");
	assert_fails_at(ulp_container_open("/dev/zero", &f->container, &f->err), ULP_EELF, &f->err,
			"/dev/zero");
	/* A FIFO without a writer must not block. */
	unlink(f->path);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_fails_at(ulp_container_open(f->path, &f->container, &f->err), ULP_EELF, &f->err,
			f->path);
}

static void container_open_rejects_a_file_that_is_too_large(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(truncate(f->path, ((off_t)512 << 20) + 1), 0); /* sparse */
	assert_fails_at(ulp_container_open(f->path, &f->container, &f->err), ULP_EELF, &f->err,
			f->path);
}

/* --- not a container ------------------------------------------------------ */

static void container_rejects_what_is_not_elf(void **state)
{
	struct fixture *f = *state;
	struct ulp_container c;

	assert_fails_at(ulp_container_from_bytes("x", "", 0, &c, &f->err), ULP_EELF, &f->err,
			"x: +0x0");
	memcpy(f->bytes, "#!/bin/sh\n", 10);
	assert_rejected(f, ULP_EELF, "dir/x.so: +0x0");
}

static void container_rejects_another_machine(void **state)
{
	struct fixture *f = *state;

	eb_ehdr_of(f->bytes)->e_machine = EM_S390;
	assert_rejected(f, ULP_EARCH, "dir/x.so: +0x12");
}

static void container_rejects_what_is_no_shared_object(void **state)
{
	static const uint16_t types[] = {ET_REL, ET_EXEC};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		eb_ehdr_of(f->bytes)->e_type = types[i];
		assert_rejected(f, ULP_EELF, "dir/x.so: +0x10");
	}
}

static void container_rejects_segments_that_cannot_be_mapped(void **state)
{
	struct fixture *f = *state;
	Elf64_Phdr *text = eb_phdr_of(f->bytes, 2);
	Elf64_Phdr good = *text;
	char place[64];

	place_of(f, text, place);
	text->p_filesz = text->p_memsz + 1;
	assert_rejected(f, ULP_EELF, place);
	*text = good;
	text->p_memsz = UINT64_MAX;
	assert_rejected(f, ULP_EELF, place);
	*text = good;
	text->p_offset = f->len - text->p_filesz + 1;
	assert_rejected(f, ULP_EELF, place);
	text->p_offset = UINT64_MAX;
	assert_rejected(f, ULP_EELF, place);
	*text = good;
	text->p_vaddr = 0x100f; /* in the segment before it */
	assert_rejected(f, ULP_EELF, place);
}

static void container_rejects_a_file_without_build_id(void **state)
{
	struct fixture *f = *state;
	struct eb *eb = sample_elf(ET_DYN, f->sample.patch.machine, 0);

	sample_add_section(eb, &f->sample.patch, ULP_SECTION_APPLY);
	sample_add_section(eb, &f->sample.patch, ULP_SECTION_REVERT);
	free(f->bytes);
	f->bytes = eb_finish(eb, &f->len);
	assert_rejected(f, ULP_EELF, "dir/x.so");
}

static void container_rejects_every_truncation(void **state)
{
	struct fixture *f = *state;

	for (size_t len = 0; len < f->len; len += 64) {
		unsigned char *cut = malloc(len != 0 ? len : 1);
		enum ulp_code code;

		assert_non_null(cut);
		memcpy(cut, f->bytes, len);
		code = ulp_container_from_bytes("x.so", cut, len, &f->container, &f->err);
		assert_int_equal(code, ULP_EELF);
		assert_memory_equal(f->err.where, "x.so: +0x", 9);
		free(cut);
	}
}

/* --- its sections --------------------------------------------------------- */

static void container_without_one_of_the_sections_is_no_live_patch(void **state)
{
	static const char *const places[] = {"dir/x.so: .ulp", "dir/x.so: .ulp.rev"};
	static const enum ulp_section others[] = {ULP_SECTION_REVERT, ULP_SECTION_APPLY};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct eb *eb = sample_elf(ET_DYN, f->sample.patch.machine, 1);

		sample_add_section(eb, &f->sample.patch, others[i]);
		free(f->bytes);
		f->bytes = eb_finish(eb, &f->len);
		assert_rejected(f, ULP_EFORMAT, places[i]);
	}
}

static void container_rejects_two_sections_of_one_name(void **state)
{
	struct fixture *f = *state;
	struct eb *eb = sample_elf(ET_DYN, f->sample.patch.machine, 1);

	sample_add_section(eb, &f->sample.patch, ULP_SECTION_APPLY);
	sample_add_section(eb, &f->sample.patch, ULP_SECTION_APPLY);
	sample_add_section(eb, &f->sample.patch, ULP_SECTION_REVERT);
	free(f->bytes);
	f->bytes = eb_finish(eb, &f->len);
	assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp");
}

static void container_rejects_sections_of_a_wrong_kind(void **state)
{
	struct fixture *f = *state;

	eb_shdr_of(f->bytes, ".ulp")->sh_type = SHT_NOBITS;
	assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp");
	fixture_build(f, NULL);
	eb_shdr_of(f->bytes, ".ulp")->sh_flags = SHF_COMPRESSED;
	assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp");
	fixture_build(f, NULL);
	eb_shdr_of(f->bytes, ".ulp.rev")->sh_flags = SHF_ALLOC;
	assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp.rev");
}

static void container_rejects_a_section_past_the_end(void **state)
{
	struct fixture *f = *state;
	Elf64_Shdr *shdr = eb_shdr_of(f->bytes, ".ulp.rev");
	char place[64];

	shdr->sh_offset = f->len;
	assert_rejected(f, ULP_EELF, place_of(f, shdr, place));
}

static void container_reports_damage_inside_the_sections(void **state)
{
	struct fixture *f = *state;
	unsigned char *apply = f->bytes + eb_shdr_of(f->bytes, ".ulp")->sh_offset;
	unsigned char *revert = f->bytes + eb_shdr_of(f->bytes, ".ulp.rev")->sh_offset;

	revert[0x30] ^= 1;
	assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp.rev+0x18");
	apply[0x30] ^= 1;
	assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp+0x18");
	apply[offsetof(struct ulp_wire_header, version)] = ULP_FORMAT_VERSION + 1;
	assert_rejected(f, ULP_EVERSION, "dir/x.so: .ulp+0x8");
}

static void container_rejects_a_section_for_an_unknown_machine(void **state)
{
	struct fixture *f = *state;
	unsigned char *apply = f->bytes + eb_shdr_of(f->bytes, ".ulp")->sh_offset;

	apply[offsetof(struct ulp_wire_header, machine)] = EM_NONE;
	assert_rejected(f, ULP_EARCH, "dir/x.so: .ulp+0xc");
}

/* --- the sections against each other -------------------------------------- */

static void change_name(struct sample *s)
{
	s->patch.name = "other";
}

static void change_description(struct sample *s)
{
	s->patch.description = "other";
}

static void change_consistency(struct sample *s)
{
	s->patch.consistency = ULP_CONSISTENCY_NONE;
}

static void change_label(struct sample *s)
{
	s->labels[1] = "other";
}

static void change_nr_labels(struct sample *s)
{
	s->patch.nr_labels = 1;
}

static void change_soname(struct sample *s)
{
	s->patch.soname = "libother.so.1";
}

static void change_build_id(struct sample *s)
{
	s->patch.build_id.bytes[19]++;
}

static void change_nr_functions(struct sample *s)
{
	s->patch.nr_functions = 1;
}

static void change_old_name(struct sample *s)
{
	s->functions[1].old_name = "other";
}

static void change_new_name(struct sample *s)
{
	s->functions[1].new_name = "other";
}

static void change_old_vaddr(struct sample *s)
{
	s->functions[1].old_vaddr--;
}

static void change_old_size(struct sample *s)
{
	s->functions[0].old_size++;
}

static void change_old_checksum(struct sample *s)
{
	s->functions[0].old_checksum++;
}

static void change_entry_vaddr(struct sample *s)
{
	s->functions[0].entry_vaddr++;
}

static void change_word(struct sample *s)
{
	s->functions[0].word[7]++;
}

static void change_layout(struct sample *s)
{
	s->functions[0].layout = ULP_ENTRY_PFE_16_14;
}

static void container_rejects_sections_that_disagree(void **state)
{
	static void (*const changes[])(struct sample * s) = {
		change_name,	     change_description, change_consistency, change_label,
		change_nr_labels,    change_soname,	 change_build_id,    change_nr_functions,
		change_old_name,     change_new_name,	 change_old_vaddr,   change_old_size,
		change_old_checksum, change_entry_vaddr, change_word,	     change_layout,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct sample other;

		sample_init(&other);
		changes[i](&other);
		fixture_build(f, &other.patch);
		assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp.rev");
		/* And the other way round: one of them has less. */
		free(f->bytes);
		f->bytes = sample_container(&other.patch, &f->sample.patch, &f->len);
		assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp.rev");
	}
}

/* --- the sections against the segments ------------------------------------ */

static void container_rejects_a_replacement_outside_the_executable_segment(void **state)
{
	static const struct {
		uint64_t vaddr;
		uint64_t size;
	} places[] = {
		{SAMPLE_TEXT_VADDR - 1, 0x40},
		{SAMPLE_TEXT_VADDR, SAMPLE_TEXT_LEN + 1},
		{SAMPLE_TEXT_VADDR + SAMPLE_TEXT_LEN, 1},
		{SAMPLE_DATA_VADDR, 8},
		{0, 8},
		{UINT64_MAX - 8, 8},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		f->sample.functions[1].new_vaddr = places[i].vaddr;
		f->sample.functions[1].new_size = places[i].size;
		fixture_build(f, NULL);
		assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp");
	}
	f->sample.functions[1].new_vaddr = SAMPLE_TEXT_VADDR;
	f->sample.functions[1].new_size = SAMPLE_TEXT_LEN;
	fixture_build(f, NULL);
	assert_succeeds(from_bytes(f), &f->err);
	ulp_container_close(&f->container);
}

static void container_rejects_a_reference_outside_the_segments(void **state)
{
	static const uint64_t places[] = {SAMPLE_DATA_VADDR - 1,
					  SAMPLE_DATA_VADDR + SAMPLE_DATA_LEN, UINT64_MAX};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		f->sample.references[1].place = places[i];
		fixture_build(f, NULL);
		assert_rejected(f, ULP_EFORMAT, "dir/x.so: .ulp");
	}
}

/* --- no memory ------------------------------------------------------------ */

static void container_reports_that_memory_is_short(void **state)
{
	struct fixture *f = *state;
	enum ulp_code code;
	size_t nr;

	for (nr = 1; fail_alloc_begin(nr), code = from_bytes(f), fail_alloc_end(); nr++)
		assert_fails_at(code, ULP_ENOMEM, &f->err, "dir/x.so");
	assert_succeeds(code, &f->err);
	assert_true(nr > 5);
	ulp_container_close(&f->container);

	write_file(f, f->bytes, f->len);
	for (nr = 1; fail_alloc_begin(nr),
	    code = ulp_container_open(f->path, &f->container, &f->err), fail_alloc_end();
	     nr++)
		assert_fails_at(code, ULP_ENOMEM, &f->err, f->path);
	assert_succeeds(code, &f->err);
	ulp_container_close(&f->container);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SAMPLE(container_is_read_from_memory),
		WITH_SAMPLE(container_is_read_from_a_file),
		WITH_SAMPLE(container_in_the_current_folder_has_its_path_as_name),
		WITH_SAMPLE(container_open_reports_a_file_that_cannot_be_opened),
		WITH_SAMPLE(container_open_reports_a_file_that_cannot_be_read),
		WITH_SAMPLE(container_open_reports_that_permission_is_denied),
		WITH_SAMPLE(container_open_goes_on_after_interrupted_and_short_reads),
		WITH_SAMPLE(container_open_rejects_a_file_that_became_shorter),
		WITH_SAMPLE(container_open_rejects_what_is_no_regular_file),
		WITH_SAMPLE(container_open_rejects_a_file_that_is_too_large),
		WITH_SAMPLE(container_rejects_what_is_not_elf),
		WITH_SAMPLE(container_rejects_another_machine),
		WITH_SAMPLE(container_rejects_what_is_no_shared_object),
		WITH_SAMPLE(container_rejects_segments_that_cannot_be_mapped),
		WITH_SAMPLE(container_rejects_a_file_without_build_id),
		WITH_SAMPLE(container_rejects_every_truncation),
		WITH_SAMPLE(container_without_one_of_the_sections_is_no_live_patch),
		WITH_SAMPLE(container_rejects_two_sections_of_one_name),
		WITH_SAMPLE(container_rejects_sections_of_a_wrong_kind),
		WITH_SAMPLE(container_rejects_a_section_past_the_end),
		WITH_SAMPLE(container_reports_damage_inside_the_sections),
		WITH_SAMPLE(container_rejects_a_section_for_an_unknown_machine),
		WITH_SAMPLE(container_rejects_sections_that_disagree),
		WITH_SAMPLE(container_rejects_a_replacement_outside_the_executable_segment),
		WITH_SAMPLE(container_rejects_a_reference_outside_the_segments),
		WITH_SAMPLE(container_reports_that_memory_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
