/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of the engine that knows x86-64: redirects and relocations. */
#include "config.h"

#include "engine/arch.h"
#include "tests/lib/check_err.h"

#include <string.h>

#define WORD UINT64_C(0x7f0000001000)

/* A word with the NOP at byte `off`. */
static void make_word(uint8_t word[8], unsigned off)
{
	static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

	memset(word, 0xcc, 8);
	memcpy(word + off, nop5, sizeof(nop5));
}

/* Where the jump at byte `off` of a word leads. */
static uint64_t jump_goes_to(const uint8_t word[8], unsigned off)
{
	int32_t rel32;

	assert_int_equal(word[off], 0xe9);
	memcpy(&rel32, word + off + 1, sizeof(rel32));
	return WORD + off + 5 + (uint64_t)rel32;
}

static void a_redirect_leads_to_the_new_function(void **state)
{
	static const int64_t distances[] = {0, 5, 100, -100, 0x7fffffff, -0x80000000ll};
	struct ulp_err err;

	(void)state;
	for (unsigned off = 0; off <= 3; off++)
		for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++) {
			uint64_t to = WORD + off + 5 + (uint64_t)distances[i];
			uint8_t before[8];
			uint8_t word[8];

			make_word(word, off);
			memcpy(before, word, sizeof(word));
			assert_succeeds(
				arch_redirect(ULP_ENTRY_NOP5, WORD, WORD + off, to, word, &err),
				&err);
			assert_true(jump_goes_to(word, off) == to);
			assert_memory_equal(word, before, off);
			assert_memory_equal(word + off + 5, before + off + 5, 3 - off);
		}
}

static void a_redirect_out_of_reach_is_refused(void **state)
{
	static const int64_t distances[] = {0x80000000ll, -0x80000001ll, 1ll << 40, INT64_MIN};
	struct ulp_err err;
	uint8_t before[8];
	uint8_t word[8];

	(void)state;
	make_word(word, 0);
	memcpy(before, word, sizeof(word));
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++) {
		uint64_t to = WORD + 5 + (uint64_t)distances[i];

		assert_int_equal(arch_redirect(ULP_ENTRY_NOP5, WORD, WORD, to, word, &err),
				 ULP_EROOM);
		assert_memory_equal(word, before, sizeof(word));
	}
}

static void an_entry_that_crosses_its_word_is_refused(void **state)
{
	static const int64_t offs[] = {4, 5, 7, 8, 100, -1, -5, INT64_MIN};
	struct ulp_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(offs) / sizeof(*offs); i++) {
		uint8_t memory[32] = {0};

		/* The NOP is there, but not in the word alone. */
		if (offs[i] > 0 && offs[i] <= 8)
			make_word(memory + 8 + offs[i], 0);
		assert_int_equal(arch_redirect(ULP_ENTRY_NOP5, WORD, WORD + (uint64_t)offs[i],
					       WORD + 64, memory + 8, &err),
				 ULP_EENTRY);
	}
}

static void other_bytes_than_the_nop_are_refused(void **state)
{
	struct ulp_err err;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		uint8_t word[8];

		make_word(word, 1);
		word[1 + i] ^= 1;
		assert_int_equal(
			arch_redirect(ULP_ENTRY_NOP5, WORD, WORD + 1, WORD + 64, word, &err),
			ULP_EENTRY);
	}
}

static void layouts_without_support_say_so(void **state)
{
	struct ulp_err err;
	uint8_t word[8];

	(void)state;
	memset(word, 0x90, sizeof(word));
	assert_int_equal(arch_redirect(ULP_ENTRY_NONE, WORD, WORD, WORD, word, &err), ULP_EUNSUP);
	assert_int_equal(arch_redirect((enum ulp_entry_layout)77, WORD, WORD, WORD, word, &err),
			 ULP_EUNSUP);
}

/* Row: what a relocation writes. */
static const struct relocation_case {
	uint32_t type;
	uint64_t place;
	uint64_t value;
	uint64_t len; /* bytes that remain at the place */
	enum ulp_code code;
	uint64_t result;
	size_t result_len;
} relocation_cases[] = {
	{R_X86_64_64, WORD, 0x1122334455667788, 8, ULP_OK, 0x1122334455667788, 8},
	{R_X86_64_GLOB_DAT, WORD, UINT64_MAX, 8, ULP_OK, UINT64_MAX, 8},
	{R_X86_64_JUMP_SLOT, WORD, 5, 100, ULP_OK, 5, 8},
	{R_X86_64_RELATIVE, WORD, WORD + 1, 8, ULP_OK, WORD + 1, 8},
	{R_X86_64_PC32, WORD, WORD + 0x7fffffff, 4, ULP_OK, 0x7fffffff, 4},
	{R_X86_64_PC32, WORD, WORD - 0x80000000, 4, ULP_OK, 0x80000000, 4},
	{R_X86_64_PC32, WORD, WORD + 0x80000000, 4, ULP_ERELOC, 0, 0},
	{R_X86_64_PC32, WORD, WORD - 0x80000001, 4, ULP_ERELOC, 0, 0},
	{R_X86_64_PC32, WORD, 0, 4, ULP_ERELOC, 0, 0},
	{R_X86_64_PC64, WORD, 0, 8, ULP_OK, 0 - WORD, 8},
	{R_X86_64_64, WORD, 0, 7, ULP_ERELOC, 0, 0},
	{R_X86_64_PC32, WORD, WORD, 3, ULP_ERELOC, 0, 0},
	{R_X86_64_PC64, WORD, WORD, 4, ULP_ERELOC, 0, 0},
	{R_X86_64_64, WORD, 0, 0, ULP_ERELOC, 0, 0},
	{R_X86_64_IRELATIVE, WORD, WORD, 8, ULP_ERELOC, 0, 0},
	{R_X86_64_COPY, WORD, WORD, 8, ULP_ERELOC, 0, 0},
	{R_X86_64_DTPMOD64, WORD, WORD, 8, ULP_ERELOC, 0, 0},
	{R_X86_64_TPOFF64, WORD, WORD, 8, ULP_ERELOC, 0, 0},
	{0xffffffff, WORD, WORD, 8, ULP_ERELOC, 0, 0},
};

static void a_relocation_writes_its_bytes_and_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(relocation_cases) / sizeof(*relocation_cases); i++) {
		const struct relocation_case *c = &relocation_cases[i];
		uint8_t bytes[16];
		uint8_t want[16];
		struct ulp_err err;

		memset(bytes, 0xaa, sizeof(bytes));
		memset(want, 0xaa, sizeof(want));
		memcpy(want, &c->result, c->result_len);
		assert_int_equal(arch_relocate(c->type, bytes, c->len, c->place, c->value, &err),
				 c->code);
		assert_memory_equal(bytes, want, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_redirect_leads_to_the_new_function),
		cmocka_unit_test(a_redirect_out_of_reach_is_refused),
		cmocka_unit_test(an_entry_that_crosses_its_word_is_refused),
		cmocka_unit_test(other_bytes_than_the_nop_are_refused),
		cmocka_unit_test(layouts_without_support_say_so),
		cmocka_unit_test(a_relocation_writes_its_bytes_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
