/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the registry of a process that may lie, and the messages in it. */
#include "config.h"

#include "engine/record.h"
#include "engine/registry.h"
#include "tests/lib/check_err.h"
#include "tests/lib/fake_patch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct fixture {
	struct fake_process fp;
	struct ulp_container a;
	struct ulp_container b;
	struct engine e;
	bool open;
	struct ulp_err err;
};

/* Patch a on alpha and beta, then b on beta: b's record is the first of the list. */
static int setup(void **state)
{
	static const char *const of_a[] = {"alpha", "beta", NULL};
	static const char *const of_b[] = {"beta", NULL};
	struct fixture *f = calloc(1, sizeof(*f));

	fake_process_init(&f->fp);
	fake_patch_make(&f->fp, &f->a, 'a', of_a);
	fake_patch_make(&f->fp, &f->b, 'b', of_b);
	fake_apply(&f->fp, &f->a);
	fake_apply(&f->fp, &f->b);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->open)
		engine_close(&f->e);
	ulp_container_close(&f->a);
	ulp_container_close(&f->b);
	fake_process_deinit(&f->fp);
	free(f);
	return 0;
}

static enum ulp_code open_engine(struct fixture *f)
{
	enum ulp_code code;

	if (f->open)
		engine_close(&f->e);
	code = engine_open(&f->e, &f->fp.fs.space, f->fp.at_phdr, f->fp.at_phnum, &f->err);
	f->open = code == ULP_OK;
	return code;
}

/* The first record, in the process's memory. */
static struct ulp_reg_patch *first(struct fixture *f)
{
	return fake_space_at(&f->fp.fs, fake_process_registry(&f->fp)->patches,
			     sizeof(struct ulp_reg_patch));
}

static struct ulp_reg_function *function_of(struct ulp_reg_patch *p)
{
	return (struct ulp_reg_function *)(p + 1);
}

static char *strings_of(struct ulp_reg_patch *p)
{
	return (char *)(function_of(p) + p->nr_functions);
}

static void reads_what_was_applied_newest_first(void **state)
{
	struct fixture *f = *state;
	const struct registry_patch *p;

	assert_succeeds(open_engine(f), &f->err);
	assert_int_equal(f->e.registry.nr, 2);
	assert_int_equal(f->e.registry.head.sequence, 2);
	p = &f->e.registry.patches[1];
	assert_string_equal(registry_string(p, p->head.file), "fix-a.so");
	assert_string_equal(registry_string(p, p->head.path), "fix-a.so");
	assert_string_equal(registry_string(p, p->head.name), "fix");
	assert_string_equal(registry_string(p, p->head.soname), "libtarget.so.1");
	assert_string_equal(registry_string(p, p->head.target_path), "/usr/lib/libtarget.so.1");
	assert_string_equal(registry_string(p, p->functions[1].name), "beta");
	assert_int_equal(p->head.nr_labels, 2);
	assert_string_equal(registry_label(p, 0), "CVE-2026-0001");
	assert_string_equal(registry_label(p, 1), "bsc#1");
	assert_true(registry_patch_applied(&f->e.registry, p));
	assert_int_equal(
		registry_find(&f->e.registry, &f->a.build_id, f->fp.objects[FAKE_TARGET].bias), 1);
	assert_int_equal(registry_find(&f->e.registry, &f->a.build_id, 0), -1);
}

static void the_newest_applied_patch_owns_a_word(void **state)
{
	struct fixture *f = *state;
	const struct ulp_reg_function *function;
	const struct registry_patch *b;
	uint64_t word;
	uint8_t got[8];

	assert_succeeds(open_engine(f), &f->err);
	b = &f->e.registry.patches[0];
	word = b->functions[0].word_addr;
	assert_ptr_equal(registry_owner(&f->e.registry, word, false, &function), b);
	assert_true(registry_word(&f->e.registry, word, false, got));
	assert_memory_equal(got, b->functions[0].redirect, 8);
	assert_false(registry_word(&f->e.registry, word + 8, false, got));
	assert_null(registry_owner(&f->e.registry, word + 8, false, &function));
}

/* Row: one member of the first record that becomes nonsense. */
struct damage {
	size_t off;
	size_t len;
	uint64_t value;
};

#define MEMBER(member, value)                                                 \
	{                                                                     \
		offsetof(struct ulp_reg_patch, member),                       \
			sizeof(((struct ulp_reg_patch *)NULL)->member), value \
	}

static void a_damaged_record_makes_the_registry_unusable(void **state)
{
	static const struct damage damages[] = {
		MEMBER(magic, 0),
		MEMBER(version, ULP_REGISTRY_VERSION + 1),
		MEMBER(size, 0),
		MEMBER(size, sizeof(struct ulp_reg_patch) - 1),
		MEMBER(size, sizeof(struct ulp_reg_patch)),
		MEMBER(size, UINT32_MAX),
		MEMBER(size, (16u << 20) + 1),
		MEMBER(state, 3),
		MEMBER(state, UINT32_MAX),
		MEMBER(next_state, 3),
		MEMBER(nr_functions, 0),
		MEMBER(nr_functions, 2),
		MEMBER(nr_functions, UINT32_MAX),
		MEMBER(nr_functions, 0x4000001), /* times 64 it wraps 32 bits */
		MEMBER(strings_len, 0),
		MEMBER(strings_len, 1),
		MEMBER(strings_len, UINT32_MAX),
		MEMBER(build_id_len, 0),
		MEMBER(build_id_len, 33),
		MEMBER(build_id_len, UINT32_MAX),
		MEMBER(target_build_id_len, 33),
		MEMBER(name, UINT32_MAX),
		MEMBER(file, 10000),
		MEMBER(path, 10000),
		MEMBER(soname, UINT32_MAX),
		MEMBER(target_path, UINT32_MAX),
		MEMBER(labels, UINT32_MAX),
		MEMBER(nr_labels, 1025),
		MEMBER(nr_labels, UINT32_MAX),
		MEMBER(nr_relations, 1),
		MEMBER(nr_relations, ULP_MAX_RELATIONS + 1),
		MEMBER(nr_relations, UINT32_MAX),
		MEMBER(nr_relations, 0x20000001), /* times 8 it wraps 32 bits */
		MEMBER(consistency, ULP_NR_CONSISTENCIES),
		MEMBER(consistency, UINT32_MAX),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		unsigned char *at = (unsigned char *)first(f) + damages[i].off;
		unsigned char good[8];

		memcpy(good, at, damages[i].len);
		memcpy(at, &damages[i].value, damages[i].len);
		if (open_engine(f) != ULP_EREGISTRY)
			fail_msg("damage %zu is not seen", i);
		memcpy(at, good, damages[i].len);
		assert_succeeds(open_engine(f), &f->err);
	}
}

static void strings_without_an_end_are_refused(void **state)
{
	struct fixture *f = *state;
	char *strings = strings_of(first(f));

	strings[first(f)->strings_len - 1] = 'x';
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
	strings[first(f)->strings_len - 1] = '\0';
	strings[0] = 'x';
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
}

static void functions_out_of_bounds_are_refused(void **state)
{
	struct fixture *f = *state;

	function_of(first(f))->name = UINT32_MAX;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
	function_of(first(f))->name = 0;
	assert_succeeds(open_engine(f), &f->err);
	function_of(first(f))->word_addr += 1;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
}

static void more_labels_than_strings_give_empty_ones(void **state)
{
	struct fixture *f = *state;

	first(f)->nr_labels = 1024;
	assert_succeeds(open_engine(f), &f->err);
	for (uint32_t i = 0; i < 1024; i++)
		assert_true(strlen(registry_label(&f->e.registry.patches[0], i)) < 64);
	assert_string_equal(registry_label(&f->e.registry.patches[0], 1023), "");
}

static void a_list_that_loops_is_refused(void **state)
{
	struct fixture *f = *state;

	first(f)->next = fake_process_registry(&f->fp)->patches;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
}

/* Sixteen times the largest record is more memory than is given to a process. */
static void a_loop_of_large_records_is_refused_early(void **state)
{
	struct fixture *f = *state;
	const uint64_t at = 0x7fff00000000;
	const uint32_t size = 16u << 20;
	struct ulp_reg_patch *p;

	fake_space_add(&f->fp.fs, at, size, PROT_READ, 0);
	p = fake_space_at(&f->fp.fs, at, size);
	*p = *first(f);
	p->size = size;
	p->next = at;
	p->strings_len = size - (uint32_t)sizeof(*p) - (uint32_t)sizeof(struct ulp_reg_function);
	fake_process_registry(&f->fp)->patches = at;
	f->fp.fs.nr_reads = 0;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
	assert_true(f->fp.fs.nr_reads < 100);
}

/* Each function is compared with all others while the threads are stopped. */
static void absurd_numbers_of_functions_are_refused(void **state)
{
	struct fixture *f = *state;
	const uint64_t at = 0x7fff00000000;
	const uint32_t nr = 20000;
	struct ulp_reg_patch *p;

	fake_space_add(&f->fp.fs, at, 2u << 20, PROT_READ, 0);
	p = fake_space_at(&f->fp.fs, at, 2u << 20);
	*p = *first(f);
	p->nr_functions = nr;
	p->size = (uint32_t)(sizeof(*p) + nr * sizeof(struct ulp_reg_function)) + p->strings_len;
	fake_process_registry(&f->fp)->patches = at;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
	p->nr_functions = 10000;
	p->size -= 10000u * (uint32_t)sizeof(struct ulp_reg_function);
	assert_succeeds(open_engine(f), &f->err);
}

/* What could not be read again must not be written. */
static void a_registry_that_is_full_takes_no_more(void **state)
{
	struct fixture *f = *state;
	const struct registry_patch *p;
	size_t nr;

	assert_succeeds(open_engine(f), &f->err);
	p = &f->e.registry.patches[0];
	for (nr = 0; nr < 10000; nr++) {
		void *bytes = malloc(p->head.size);
		enum ulp_code code;

		memcpy(bytes, p->bytes, p->head.size);
		code = registry_add(&f->e.registry, 0x1000, bytes, p->head.size, &f->err);
		p = &f->e.registry.patches[0];
		if (code)
			break;
	}
	assert_int_equal(f->err.code, ULP_EREGISTRY);
	assert_int_equal(f->e.registry.nr, 4096);
}

static void a_list_that_leads_nowhere_is_told(void **state)
{
	struct fixture *f = *state;

	first(f)->next = 0x10;
	assert_int_equal(open_engine(f), ULP_ESYS);
	first(f)->next = UINT64_MAX - 3;
	assert_int_equal(open_engine(f), ULP_EELF);
}

/* An applied patch would never be in effect, or always. */
static void sequences_that_cannot_be_are_refused(void **state)
{
	struct fixture *f = *state;

	first(f)->sequence = 1000;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
	fake_process_registry(&f->fp)->sequence = UINT64_MAX;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
}

static void a_damaged_head_is_told(void **state)
{
	struct fixture *f = *state;
	struct ulp_registry *reg = fake_process_registry(&f->fp);

	reg->commit = 2;
	assert_int_equal(open_engine(f), ULP_EREGISTRY);
	reg->commit = 0;
	reg->version++;
	assert_int_equal(open_engine(f), ULP_EVERSION);
	reg->version--;
	reg->size--;
	assert_int_equal(open_engine(f), ULP_EVERSION);
	reg->size++;
	/* Its constructor has not run yet: to be tried again. */
	reg->magic[0] = 0;
	assert_int_equal(open_engine(f), ULP_ESTOP);
}

/* Both versions are said: which of the two has to be updated is not for us to know. */
static void a_runtime_of_another_version_is_told(void **state)
{
	struct fixture *f = *state;
	struct ulp_registry *reg = fake_process_registry(&f->fp);

	reg->version = 1;
	/* Version 1's was shorter. */
	reg->size = 8264;
	assert_int_equal(open_engine(f), ULP_EVERSION);
	assert_non_null(strstr(f->err.text, "registry of version 1, this tool knows version 5"));
}

static void a_process_without_the_runtime_is_told(void **state)
{
	struct fixture *f = *state;
	char *name = fake_space_at(
		&f->fp.fs, (uint64_t)(uintptr_t)fake_process_link_map(&f->fp, FAKE_RUNTIME)->l_name,
		1);

	/* Not its soname and not its path: the list skips it. */
	fake_process_link_map(&f->fp, FAKE_RUNTIME)->l_ld = NULL;
	assert_int_equal(open_engine(f), ULP_ENORUNTIME);
	*name = '\0';
	assert_int_equal(open_engine(f), ULP_ENORUNTIME);
}

static void a_runtime_without_a_registry_is_told(void **state)
{
	struct fixture *f = *state;
	uint64_t strings = *fake_process_dynamic(&f->fp, FAKE_RUNTIME, DT_STRTAB);
	char *text = fake_space_at(&f->fp.fs, strings, 64);

	for (size_t i = 0; i < 60; i++)
		if (memcmp(text + i, "ulp_", 4) == 0)
			text[i] = 'x';
	assert_int_equal(open_engine(f), ULP_ENORUNTIME);
}

/* --- making a record ------------------------------------------------------ */

static void a_record_of_absurd_length_is_refused(void **state)
{
	struct fixture *f = *state;
	struct ulp_container c = f->a;
	struct ulp_object target = {.path = (char *)"/usr/lib/libtarget.so.1"};
	const char *labels[1024];
	char *label = malloc((4u << 20) + 2);
	uint8_t *record = NULL;
	uint32_t len;

	/* 1024 labels of 4 MiB each: together a little more than fits 32 bits. */
	memset(label, 'x', (4u << 20) + 1);
	label[(4u << 20) + 1] = '\0';
	for (size_t i = 0; i < 1024; i++)
		labels[i] = label + 2;
	c.patch.labels = labels;
	c.patch.nr_labels = 1024;
	assert_int_equal(record_make(&c, &target, &record, &len, &f->err), ULP_EFORMAT);
	c.patch.labels = f->a.patch.labels;
	c.patch.nr_labels = 1025;
	c.patch.labels = labels;
	for (size_t i = 0; i < 1024; i++)
		labels[i] = "";
	c.patch.nr_labels = 1024;
	assert_succeeds(record_make(&c, &target, &record, &len, &f->err), &f->err);
	free(record);
	free(label);
}

/* --- messages ------------------------------------------------------------- */

static void messages_go_round_in_the_ring(void **state)
{
	struct fixture *f = *state;
	struct ulp_registry *reg = fake_process_registry(&f->fp);
	char line[101];

	memset(line, 'm', 100);
	line[100] = '\0';
	assert_succeeds(open_engine(f), &f->err);
	for (int i = 0; i < 200; i++)
		registry_message(&f->e.registry, &f->fp.fs.space, line);
	assert_int_equal(reg->messages_end, 200 * 122);
	assert_int_equal(reg->messages[(reg->messages_end - 1) % ULP_MESSAGES_LEN], '\n');
	assert_int_equal(reg->messages[(reg->messages_end - 2) % ULP_MESSAGES_LEN], 'm');
}

static void a_ring_position_that_cannot_be_harms_nobody(void **state)
{
	struct fixture *f = *state;
	struct ulp_registry *reg = fake_process_registry(&f->fp);
	static const uint64_t ends[] = {UINT64_MAX, UINT64_MAX - 10, ULP_MESSAGES_LEN - 1};
	char line[3000];

	memset(line, 'm', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		reg->messages_end = ends[i];
		assert_succeeds(open_engine(f), &f->err);
		fake_space_heal(&f->fp.fs);
		registry_message(&f->e.registry, &f->fp.fs.space, line);
		for (size_t k = 0; k < f->fp.fs.nr_writes; k++) {
			const struct fake_write *w = &f->fp.fs.writes[k];

			assert_true(w->addr >= f->fp.registry &&
				    w->addr + w->len <= f->fp.registry + sizeof(*reg));
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_what_was_applied_newest_first),
		TEST(the_newest_applied_patch_owns_a_word),
		TEST(a_damaged_record_makes_the_registry_unusable),
		TEST(strings_without_an_end_are_refused),
		TEST(functions_out_of_bounds_are_refused),
		TEST(more_labels_than_strings_give_empty_ones),
		TEST(a_list_that_loops_is_refused),
		TEST(a_loop_of_large_records_is_refused_early),
		TEST(absurd_numbers_of_functions_are_refused),
		TEST(a_registry_that_is_full_takes_no_more),
		TEST(a_list_that_leads_nowhere_is_told),
		TEST(sequences_that_cannot_be_are_refused),
		TEST(a_damaged_head_is_told),
		TEST(a_runtime_of_another_version_is_told),
		TEST(a_process_without_the_runtime_is_told),
		TEST(a_runtime_without_a_registry_is_told),
		TEST(a_record_of_absurd_length_is_refused),
		TEST(messages_go_round_in_the_ring),
		TEST(a_ring_position_that_cannot_be_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
