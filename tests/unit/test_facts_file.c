/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding the plugin's facts of a library: in its file, compressed, in a debug file. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/elf_builder.h"
#include "tests/lib/facts_builder.h"

#include "container/facts_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with the files of one test: the library and its debug file. */
struct fixture {
	char folder[200];
	char library[240];
	char debug[240];
	struct ulp_facts facts;
	struct ulp_err err;
};

/* What a file gets; 0 and NULL: nothing of the kind. */
struct content {
	const unsigned char *facts;
	size_t len;
	uint64_t flags;	  /* of the section */
	bool no_bits;	  /* the section has a size and no content */
	char build_id;	  /* repeated */
	const char *link; /* .gnu_debuglink */
	uint16_t type;	  /* 0: ET_DYN */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *base;

	if (f == NULL)
		return -1;
	base = getenv("TMPDIR");
	snprintf(f->folder, sizeof(f->folder), "%s/ulp-facts-XXXXXX", base ? base : "/tmp");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	snprintf(f->library, sizeof(f->library), "%s/libx.so", f->folder);
	snprintf(f->debug, sizeof(f->debug), "%s/libx.debug", f->folder);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char hidden[240];

	snprintf(hidden, sizeof(hidden), "%s/.debug/libx.debug", f->folder);
	unlink(hidden);
	*strrchr(hidden, '/') = '\0';
	rmdir(hidden);
	unlink(f->library);
	unlink(f->debug);
	rmdir(f->folder);
	ulp_facts_free(&f->facts);
	free(f);
	return 0;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wbe");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_elf(const char *path, const struct content *content)
{
	struct eb *eb = eb_create(content->type != 0 ? content->type : ET_DYN, EM_X86_64);
	char id[20];
	char link[32] = "";
	unsigned char *bytes;
	size_t len;

	memset(id, content->build_id, sizeof(id));
	if (content->build_id != 0)
		eb_build_id(eb, id, sizeof(id));
	eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16);
	if (content->facts != NULL)
		eb_section(eb, ULP_FACTS_SECTION, SHT_PROGBITS, content->flags, content->facts,
			   content->len);
	if (content->no_bits)
		eb_section(eb, ULP_FACTS_SECTION, SHT_NOBITS, 0, NULL, 64);
	if (content->link != NULL) {
		strcpy(link, content->link); /* the checksum may be wrong: the build ID counts */
		eb_section(eb, ".gnu_debuglink", SHT_PROGBITS, 0, link,
			   ((strlen(link) + 4) & ~(size_t)3) + 4);
	}
	bytes = eb_finish(eb, &len);
	write_file(path, bytes, len);
	free(bytes);
}

/* A section with one function of that name. */
static unsigned char *build_facts(const char *name, size_t *len)
{
	struct fb *fb = fb_create();

	fb_unit(fb, 0, "a.c");
	fb_function(fb, (struct fb_function){.name = name, .vaddr = 0x1000});
	return fb_finish(fb, len);
}

static void write_elf_with_facts(const char *path, const char *name, struct content content)
{
	unsigned char *facts = build_facts(name, &content.len);

	content.facts = facts;
	write_elf(path, &content);
	free(facts);
}

/* zlib's format (RFC 1950, 1951) with one block that is not compressed at all. */
static unsigned char *pack(const unsigned char *bytes, size_t bytes_len, size_t promised,
			   size_t *len)
{
	Elf64_Chdr chdr = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = promised, .ch_addralign = 1};
	unsigned char head[7] = {0x78, 0x01, 0x01};
	unsigned char *packed = malloc(sizeof(chdr) + sizeof(head) + bytes_len + 4);
	uint32_t a = 1;
	uint32_t b = 0;

	assert_non_null(packed);
	head[3] = (unsigned char)bytes_len;
	head[4] = (unsigned char)(bytes_len >> 8);
	head[5] = (unsigned char)~head[3];
	head[6] = (unsigned char)~head[4];
	for (size_t i = 0; i < bytes_len; i++) { /* Adler-32 */
		a = (a + bytes[i]) % 65521;
		b = (b + a) % 65521;
	}
	memcpy(packed, &chdr, sizeof(chdr));
	memcpy(packed + sizeof(chdr), head, sizeof(head));
	memcpy(packed + sizeof(chdr) + sizeof(head), bytes, bytes_len);
	*len = sizeof(chdr) + sizeof(head) + bytes_len;
	packed[(*len)++] = (unsigned char)(b >> 8);
	packed[(*len)++] = (unsigned char)b;
	packed[(*len)++] = (unsigned char)(a >> 8);
	packed[(*len)++] = (unsigned char)a;
	return packed;
}

static void write_packed(const struct fixture *f, size_t promised_more)
{
	struct content content = {.flags = SHF_COMPRESSED, .build_id = 'x'};
	unsigned char *facts = build_facts("packed", &content.len);
	unsigned char *packed = pack(facts, content.len, content.len + promised_more, &content.len);

	content.facts = packed;
	write_elf(f->library, &content);
	free(packed);
	free(facts);
}

static enum ulp_code open_facts(struct fixture *f, const char *debug)
{
	return ulp_facts_open(f->library, debug, &f->facts, &f->err);
}

static void assert_finds(struct fixture *f, const char *debug, const char *name)
{
	assert_succeeds(open_facts(f, debug), &f->err);
	assert_int_equal(f->facts.nr_functions, 1);
	assert_string_equal(f->facts.functions[0].name, name);
	ulp_facts_free(&f->facts);
}

static void assert_open_fails(struct fixture *f, const char *debug, enum ulp_code code,
			      const char *place)
{
	assert_fails_at(open_facts(f, debug), code, &f->err, place);
}

/* --- the file itself ---------------------------------------------------------------- */

static void facts_are_found_in_the_file(void **state)
{
	struct fixture *f = *state;

	write_elf_with_facts(f->library, "own", (struct content){.build_id = 'x'});
	assert_succeeds(open_facts(f, NULL), &f->err);
	assert_true(f->facts.functions[0].vaddr == 0x1000);
}

static void facts_of_an_object_file_have_no_addresses(void **state)
{
	struct fixture *f = *state;

	write_elf_with_facts(f->library, "own", (struct content){.type = ET_REL});
	assert_succeeds(open_facts(f, NULL), &f->err);
	assert_true(f->facts.functions[0].vaddr == 0);
}

static void facts_are_unpacked(void **state)
{
	struct fixture *f = *state;

	write_packed(f, 0);
	assert_finds(f, NULL, "packed");
}

static void packed_facts_that_promise_what_cannot_be_are_damaged(void **state)
{
	/* More than there is; more than the packing can give; more than any facts have. */
	static const size_t more[] = {1, 1u << 20, (size_t)ULP_FACTS_MAX_LEN, SIZE_MAX / 2};
	struct fixture *f = *state;
	char place[272];

	snprintf(place, sizeof(place), "%s: .debug.ulp", f->library);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		write_packed(f, more[i]);
		assert_open_fails(f, NULL, ULP_EFORMAT, place);
		/* All but the first are refused before memory is asked for. */
		assert_true((strstr(f->err.text, "promises") != NULL) == (i != 0));
	}
}

static void packed_facts_without_a_header_are_damaged(void **state)
{
	struct fixture *f = *state;
	char place[272];

	snprintf(place, sizeof(place), "%s: .debug.ulp", f->library);
	write_elf(f->library, &(struct content){.facts = (const unsigned char *)"short",
						.len = 5,
						.flags = SHF_COMPRESSED});
	assert_open_fails(f, NULL, ULP_EFORMAT, place);
}

static void damaged_facts_are_placed_in_the_file(void **state)
{
	struct fixture *f = *state;
	char place[272];

	snprintf(place, sizeof(place), "%s: .debug.ulp+0x0", f->library);
	write_elf(f->library,
		  &(struct content){.facts = (const unsigned char *)"\xff\xff\xff\xff", .len = 4});
	assert_open_fails(f, NULL, ULP_EFORMAT, place);
}

static void file_without_facts_says_so(void **state)
{
	struct fixture *f = *state;

	write_elf(f->library, &(struct content){.build_id = 'x'});
	assert_open_fails(f, NULL, ULP_ENOFACTS, f->library);
	write_elf(f->library, &(struct content){.facts = (const unsigned char *)"", .len = 0});
	assert_open_fails(f, NULL, ULP_ENOFACTS, f->library);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_open_fails(f, NULL, ULP_ESYS, f->library);
	assert_int_equal(f->err.sys_errno, ENOENT);
	write_file(f->library, "text", 4);
	assert_open_fails(f, NULL, ULP_EELF, f->library);
	unlink(f->library);
	assert_int_equal(mkfifo(f->library, 0600), 0);
	assert_open_fails(f, NULL, ULP_EELF, f->library);
}

static void file_of_another_class_is_refused(void **state)
{
	static const unsigned char changes[][2] = {{EI_CLASS, ELFCLASS32}, {EI_DATA, ELFDATA2MSB}};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		int fd;

		write_elf_with_facts(f->library, "own", (struct content){.build_id = 'x'});
		fd = open(f->library, O_WRONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(pwrite(fd, &changes[i][1], 1, changes[i][0]), 1);
		close(fd);
		assert_open_fails(f, NULL, ULP_EELF, f->library);
	}
}

/* The user that Linux systems keep for no files (Linux Standard Base, "User & Group Names"). */
#define NOBODY 65534

/* Root may open everything, so it is somebody else meanwhile. */
static void unreadable_file_is_a_matter_of_permission(void **state)
{
	struct fixture *f = *state;

	write_elf(f->library, &(struct content){.build_id = 'x'});
	uid_t self = geteuid();

	assert_int_equal(chmod(f->library, 0), 0);
	assert_int_equal(seteuid(self ? self : NOBODY), 0);
	assert_open_fails(f, NULL, ULP_EPERM, f->library);
	assert_int_equal(seteuid(self), 0);
}

/* --- debug files ------------------------------------------------------------------------ */

static void named_debug_file_of_the_same_build_is_used(void **state)
{
	struct fixture *f = *state;

	write_elf(f->library, &(struct content){.build_id = 'x'});
	write_elf_with_facts(f->debug, "debug", (struct content){.build_id = 'x'});
	assert_finds(f, f->debug, "debug");
}

/* What objcopy(1) --only-keep-debug would make of it the other way round. */
static void section_without_content_is_none(void **state)
{
	struct fixture *f = *state;

	write_elf(f->library, &(struct content){.build_id = 'x', .no_bits = true});
	assert_open_fails(f, NULL, ULP_ENOFACTS, f->library);
	write_elf_with_facts(f->debug, "debug", (struct content){.build_id = 'x'});
	assert_finds(f, f->debug, "debug");
}

static void own_facts_go_before_those_of_a_debug_file(void **state)
{
	struct fixture *f = *state;

	write_elf_with_facts(f->library, "own", (struct content){.build_id = 'x'});
	write_elf_with_facts(f->debug, "debug", (struct content){.build_id = 'x'});
	assert_finds(f, f->debug, "own");
}

static void named_debug_file_of_another_build_is_refused(void **state)
{
	struct fixture *f = *state;

	write_elf(f->library, &(struct content){.build_id = 'x'});
	write_elf_with_facts(f->debug, "debug", (struct content){.build_id = 'y'});
	assert_open_fails(f, f->debug, ULP_EMISMATCH, f->debug);
	write_elf_with_facts(f->debug, "debug", (struct content){0});
	assert_open_fails(f, f->debug, ULP_EMISMATCH, f->debug);
	write_elf(f->library, &(struct content){0});
	assert_open_fails(f, f->debug, ULP_EMISMATCH, f->debug);
}

static void named_debug_file_that_cannot_be_used_is_an_error(void **state)
{
	struct fixture *f = *state;

	write_elf(f->library, &(struct content){.build_id = 'x'});
	assert_open_fails(f, f->debug, ULP_ESYS, f->debug);
	write_file(f->debug, "text", 4);
	assert_open_fails(f, f->debug, ULP_EELF, f->debug);
	write_elf(f->debug, &(struct content){.build_id = 'x'});
	assert_open_fails(f, f->debug, ULP_ENOFACTS, f->library);
}

static void debuglink_is_followed(void **state)
{
	struct fixture *f = *state;
	char hidden[240];

	write_elf(f->library, &(struct content){.build_id = 'x', .link = "libx.debug"});
	assert_open_fails(f, NULL, ULP_ENOFACTS, f->library);
	write_elf_with_facts(f->debug, "beside", (struct content){.build_id = 'x'});
	assert_finds(f, NULL, "beside");
	snprintf(hidden, sizeof(hidden), "%s/.debug", f->folder);
	assert_int_equal(mkdir(hidden, 0700), 0);
	strcat(hidden, "/libx.debug");
	assert_int_equal(rename(f->debug, hidden), 0);
	assert_finds(f, NULL, "beside");
}

static void debuglink_to_another_build_is_passed_over(void **state)
{
	struct fixture *f = *state;

	write_elf(f->library, &(struct content){.build_id = 'x', .link = "libx.debug"});
	write_elf_with_facts(f->debug, "old", (struct content){.build_id = 'y'});
	assert_open_fails(f, NULL, ULP_ENOFACTS, f->library);
	write_file(f->debug, "text", 4);
	assert_open_fails(f, NULL, ULP_ENOFACTS, f->library);
}

static void debuglink_with_a_folder_is_not_followed(void **state)
{
	struct fixture *f = *state;

	write_elf_with_facts(f->debug, "beside", (struct content){.build_id = 'x'});
	write_elf(f->library, &(struct content){.build_id = 'x', .link = "./libx.debug"});
	assert_open_fails(f, NULL, ULP_ENOFACTS, f->library);
}

static void damaged_facts_of_a_debug_file_are_an_error(void **state)
{
	struct fixture *f = *state;
	char place[272];

	snprintf(place, sizeof(place), "%s: .debug.ulp+0x0", f->debug);
	write_elf(f->library, &(struct content){.build_id = 'x', .link = "libx.debug"});
	write_elf(f->debug, &(struct content){.facts = (const unsigned char *)"\xff\xff\xff\xff",
					      .len = 4,
					      .build_id = 'x'});
	assert_open_fails(f, NULL, ULP_EFORMAT, place);
	assert_open_fails(f, f->debug, ULP_EFORMAT, place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_are_found_in_the_file),
		TEST(facts_of_an_object_file_have_no_addresses),
		TEST(facts_are_unpacked),
		TEST(packed_facts_that_promise_what_cannot_be_are_damaged),
		TEST(packed_facts_without_a_header_are_damaged),
		TEST(damaged_facts_are_placed_in_the_file),
		TEST(file_without_facts_says_so),
		TEST(what_is_no_elf_file_is_refused),
		TEST(file_of_another_class_is_refused),
		TEST(unreadable_file_is_a_matter_of_permission),
		TEST(named_debug_file_of_the_same_build_is_used),
		TEST(section_without_content_is_none),
		TEST(own_facts_go_before_those_of_a_debug_file),
		TEST(named_debug_file_of_another_build_is_refused),
		TEST(named_debug_file_that_cannot_be_used_is_an_error),
		TEST(debuglink_is_followed),
		TEST(debuglink_to_another_build_is_passed_over),
		TEST(debuglink_with_a_folder_is_not_followed),
		TEST(damaged_facts_of_a_debug_file_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
