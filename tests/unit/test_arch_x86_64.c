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

static struct arch_entry nop5_entry(const uint8_t word[8], uint64_t addr)
{
	struct arch_entry e = {
		.layout = ULP_ENTRY_NOP5,
		.function_addr = addr,
		.entry_addr = addr,
		.word_addr = WORD,
	};

	memcpy(e.word, word, sizeof(e.word));
	return e;
}

static void a_redirect_leads_to_the_new_function(void **state)
{
	static const int64_t distances[] = {0, 5, 100, -100, 0x7fffffff, -0x80000000ll};
	struct arch_word words[ARCH_MAX_WORDS];
	struct ulp_err err;
	size_t nr;

	(void)state;
	for (unsigned off = 0; off <= 3; off++)
		for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++) {
			uint64_t to = WORD + off + 5 + (uint64_t)distances[i];
			struct arch_entry e;
			uint8_t word[8];

			make_word(word, off);
			e = nop5_entry(word, WORD + off);
			assert_succeeds(arch_redirect(&e, to, words, &nr, &err), &err);
			assert_int_equal(nr, 1);
			assert_true(words[0].addr == WORD && words[0].inside == 0);
			assert_memory_equal(words[0].original, word, 8);
			assert_true(jump_goes_to(words[0].redirect, off) == to);
			assert_memory_equal(words[0].redirect, word, off);
			assert_memory_equal(words[0].redirect + off + 5, word + off + 5, 3 - off);
		}
}

static void a_redirect_out_of_reach_is_refused(void **state)
{
	static const int64_t distances[] = {0x80000000ll, -0x80000001ll, 1ll << 40, INT64_MIN};
	struct arch_word words[ARCH_MAX_WORDS];
	struct arch_entry e;
	struct ulp_err err;
	uint8_t word[8];
	size_t nr;

	(void)state;
	make_word(word, 0);
	e = nop5_entry(word, WORD);
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++)
		assert_int_equal(
			arch_redirect(&e, WORD + 5 + (uint64_t)distances[i], words, &nr, &err),
			ULP_EROOM);
}

static void an_entry_that_crosses_its_word_is_refused(void **state)
{
	static const int64_t offs[] = {4, 5, 7, 8, 100, -1, -5, INT64_MIN};
	struct arch_word words[ARCH_MAX_WORDS];
	struct ulp_err err;
	size_t nr;

	(void)state;
	for (size_t i = 0; i < sizeof(offs) / sizeof(*offs); i++) {
		uint8_t memory[32] = {0};
		struct arch_entry e;

		/* The NOP is there, but not in the word alone. */
		if (offs[i] > 0 && offs[i] <= 8)
			make_word(memory + 8 + offs[i], 0);
		e = nop5_entry(memory + 8, WORD + (uint64_t)offs[i]);
		assert_int_equal(arch_words(&e, words, &nr, &err), ULP_EENTRY);
		assert_int_equal(arch_redirect(&e, WORD + 64, words, &nr, &err), ULP_EENTRY);
	}
}

static void other_bytes_than_the_nop_are_refused(void **state)
{
	struct arch_word words[ARCH_MAX_WORDS];
	struct ulp_err err;
	size_t nr;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct arch_entry e;
		uint8_t word[8];

		make_word(word, 1);
		word[1 + i] ^= 1;
		e = nop5_entry(word, WORD + 1);
		assert_int_equal(arch_redirect(&e, WORD + 64, words, &nr, &err), ULP_EENTRY);
	}
}

static void layouts_without_support_say_so(void **state)
{
	static const int layouts[] = {ULP_ENTRY_NONE, 77};
	struct arch_word words[ARCH_MAX_WORDS];
	struct ulp_err err;
	size_t nr;

	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		struct arch_entry e = {
			.layout = (enum ulp_entry_layout)layouts[i],
			.function_addr = WORD,
			.entry_addr = WORD,
			.word_addr = WORD,
		};

		assert_int_equal(arch_words(&e, words, &nr, &err), ULP_EUNSUP);
		assert_int_equal(arch_redirect(&e, WORD, words, &nr, &err), ULP_EUNSUP);
	}
}

/* --- -fpatchable-function-entry=16,14 --------------------------------------- */

#define CODE_LEN 48u
#define BEFORE 14u /* NOPs before the function */

/* Code from WORD on, and a function in it. */
struct pfe {
	uint8_t code[CODE_LEN];
	struct arch_entry e;
};

/* at: of the function in the code; before it other code, but for the NOPs. */
static struct pfe pfe_make(size_t at, bool endbr, uint8_t first)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	const size_t entry = at + (endbr ? sizeof(endbr64) : 0);
	struct pfe p;

	memset(p.code, 0xcc, sizeof(p.code));
	memset(p.code + at - BEFORE, 0x90, BEFORE);
	if (endbr)
		memcpy(p.code + at, endbr64, sizeof(endbr64));
	p.code[entry] = first;
	p.code[entry + 1] = 0x90;
	p.e = (struct arch_entry){
		.layout = ULP_ENTRY_PFE_16_14,
		.function_addr = WORD + at,
		.entry_addr = WORD + entry,
		.word_addr = WORD + (entry & ~(size_t)7),
	};
	memcpy(p.e.word, p.code + (entry & ~(size_t)7), sizeof(p.e.word));
	return p;
}

static void put_words(uint8_t code[CODE_LEN], const struct arch_word *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		memcpy(code + (words[i].addr - WORD), words[i].redirect, 8);
}

/* Where the processor comes to from the function's address, by what it executes. */
static uint64_t runs_to(const uint8_t code[CODE_LEN], size_t at)
{
	for (;;) {
		int32_t rel32;

		switch (code[at]) {
		case 0x90:
			at++;
			continue;
		case 0x66: /* the two-byte NOP */
			at += 2;
			continue;
		case 0xf3: /* endbr64 */
			at += 4;
			continue;
		case 0xeb:
			at += (size_t)(2 + (int8_t)code[at + 1]);
			continue;
		case 0xe9:
			memcpy(&rel32, code + at + 1, sizeof(rel32));
			return WORD + at + 5 + (uint64_t)rel32;
		default:
			return WORD + at;
		}
	}
}

/* Every place of a function, but for those where its entry crosses a word. */
static void each_place(void (*check)(const struct pfe *p, size_t at))
{
	for (size_t at = 16; at < 32; at++)
		for (int endbr = 0; endbr <= 1; endbr++)
			for (int one = 0; one <= 1; one++) {
				const struct pfe p = pfe_make(at, endbr, one ? 0x66 : 0x90);

				if (p.e.entry_addr % 8 != 7)
					check(&p, at);
			}
}

static void check_leads(const struct pfe *p, size_t at)
{
	const uint64_t to = WORD - 0x12345;
	struct arch_word words[ARCH_MAX_WORDS];
	uint8_t code[CODE_LEN];
	struct ulp_err err;
	size_t nr;

	assert_succeeds(arch_redirect(&p->e, to, words, &nr, &err), &err);
	assert_true(nr == 1 || nr == 2);
	memcpy(code, p->code, sizeof(code));
	/* What is led to is there before it is led to. */
	for (size_t i = 0; i + 1 < nr; i++) {
		put_words(code, &words[i], 1);
		assert_true(runs_to(code, at) == runs_to(p->code, at));
	}
	put_words(code, words, nr);
	assert_true(runs_to(code, at) == to);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(words[i].addr % 8, 0);
		assert_memory_equal(words[i].original, p->code + (words[i].addr - WORD), 8);
		memcpy(code + (words[i].addr - WORD), words[i].original, 8);
	}
	assert_memory_equal(code, p->code, sizeof(code));
}

static void a_redirect_of_16_14_leads_to_the_new_function(void **state)
{
	(void)state;
	each_place(check_leads);
}

/* Bytes that change, but for the NOPs before the function and the two of the entry. */
static void check_own(const struct pfe *p, size_t at)
{
	const size_t entry = p->e.entry_addr - WORD;
	struct arch_word words[ARCH_MAX_WORDS];
	uint8_t code[CODE_LEN];
	struct ulp_err err;
	size_t nr;

	assert_succeeds(arch_redirect(&p->e, WORD + 0x400000, words, &nr, &err), &err);
	memcpy(code, p->code, sizeof(code));
	put_words(code, words, nr);
	for (size_t i = 0; i < CODE_LEN; i++)
		if (code[i] != p->code[i])
			assert_true((i >= at - BEFORE && i < at) || i == entry || i == entry + 1);
	/* The word that is told has nothing of the function before. */
	for (size_t i = 0; i < nr; i++)
		assert_true(words[i].addr >= p->e.function_addr - BEFORE);
}

static void a_redirect_of_16_14_changes_only_its_own_bytes(void **state)
{
	(void)state;
	each_place(check_own);
}

/* A thread may stand at any NOP; after the change only where an instruction starts. */
static void check_insides(const struct pfe *p, size_t at)
{
	const size_t entry = p->e.entry_addr - WORD;
	struct arch_word words[ARCH_MAX_WORDS];
	bool inside[CODE_LEN] = {false};
	uint8_t code[CODE_LEN];
	struct ulp_err err;
	size_t jump;
	size_t nr;

	assert_succeeds(arch_redirect(&p->e, WORD + 0x400000, words, &nr, &err), &err);
	memcpy(code, p->code, sizeof(code));
	put_words(code, words, nr);
	for (size_t i = 0; i < nr; i++)
		for (size_t k = 0; k < 8; k++)
			inside[words[i].addr - WORD + k] = words[i].inside >> k & 1;
	jump = entry + 2 + (size_t)(int8_t)code[entry + 1];
	for (size_t i = 0; i < CODE_LEN; i++)
		assert_int_equal(inside[i], (i > jump && i < jump + 5) ||
						    (i == entry + 1 && p->code[entry] == 0x90));
	(void)at;
}

static void the_insides_of_16_14_are_told(void **state)
{
	(void)state;
	each_place(check_insides);
}

static void compilers_usual_place_takes_one_word(void **state)
{
	const struct pfe p = pfe_make(16 + BEFORE, false, 0x90);
	struct arch_word words[ARCH_MAX_WORDS];
	struct ulp_err err;
	size_t nr;

	(void)state;
	assert_succeeds(arch_words(&p.e, words, &nr, &err), &err);
	assert_int_equal(nr, 1);
}

static void wrong_16_14(struct arch_entry e)
{
	struct arch_word words[ARCH_MAX_WORDS];
	struct ulp_err err;
	size_t nr;

	assert_int_equal(arch_words(&e, words, &nr, &err), ULP_EENTRY);
	assert_int_equal(arch_redirect(&e, WORD + 64, words, &nr, &err), ULP_EENTRY);
}

static void other_bytes_than_16_14_are_refused(void **state)
{
	static const uint64_t distances[] = {1, 2, 3, 5, 14, UINT64_MAX};
	struct arch_entry e;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		e = pfe_make(16 + BEFORE, false, 0x90).e;
		e.word[i] ^= 1;
		wrong_16_14(e);
	}
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++) {
		e = pfe_make(16 + BEFORE, false, 0x90).e;
		e.function_addr -= distances[i];
		wrong_16_14(e);
	}
	/* In two words. */
	e = pfe_make(23, false, 0x90).e;
	wrong_16_14(e);
	e = pfe_make(19, true, 0x90).e;
	wrong_16_14(e);
}

static void a_redirect_of_16_14_out_of_reach_is_refused(void **state)
{
	const struct pfe p = pfe_make(16 + BEFORE, false, 0x90);
	struct arch_word words[ARCH_MAX_WORDS];
	struct ulp_err err;
	size_t nr;

	(void)state;
	assert_int_equal(arch_redirect(&p.e, WORD + (1ull << 40), words, &nr, &err), ULP_EROOM);
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

/* Row: the last bytes before an address, and whether a call can end there. */
static const struct call_case {
	const char *what;
	uint8_t code[ARCH_MAX_CALL];
	bool call;
} call_cases[] = {
	{"call rel32", {0x90, 0x90, 0xe8, 1, 2, 3, 4}, true},
	{"one byte more", {0x90, 0xe8, 1, 2, 3, 4, 0x90}, false},
	{"jmp rel32", {0x90, 0x90, 0xe9, 1, 2, 3, 4}, false},
	{"call *%rax", {0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0}, true},
	{"call *%r12", {0x90, 0x90, 0x90, 0x90, 0x41, 0xff, 0xd4}, true},
	{"jmp *%rax", {0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0}, false},
	{"call *(%rax)", {0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0x10}, true},
	{"half of call *(%rsp)", {0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0x14}, false},
	{"call *(%rsp)", {0x90, 0x90, 0x90, 0x90, 0xff, 0x14, 0x24}, true},
	{"call *8(%rax)", {0x90, 0x90, 0x90, 0x90, 0xff, 0x50, 0x08}, true},
	{"call *8(%rsp)", {0x90, 0x90, 0x90, 0xff, 0x54, 0x24, 0x08}, true},
	{"call *x(%rip)", {0x90, 0xff, 0x15, 1, 2, 3, 4}, true},
	{"call *x(%rax)", {0x90, 0xff, 0x90, 1, 2, 3, 4}, true},
	{"call *x(,%rax,8)", {0xff, 0x14, 0xc5, 1, 2, 3, 4}, true},
	{"call *x(%rsp)", {0xff, 0x94, 0x24, 1, 2, 3, 4}, true},
	{"push x(%rip)", {0x90, 0xff, 0x35, 1, 2, 3, 4}, false},
	{"ret and padding", {0x90, 0x90, 0xc3, 0x66, 0x0f, 0x1f, 0x00}, false},
};

static void a_call_is_known_by_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(call_cases) / sizeof(*call_cases); i++)
		if (arch_ends_with_call(call_cases[i].code, ARCH_MAX_CALL) != call_cases[i].call)
			fail_msg("%s", call_cases[i].what);
	/* What lies before the bytes is not looked at. */
	assert_false(arch_ends_with_call(call_cases[0].code + 3, ARCH_MAX_CALL - 3));
	assert_false(arch_ends_with_call(call_cases[3].code + 6, 1));
	assert_false(arch_ends_with_call(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_redirect_leads_to_the_new_function),
		cmocka_unit_test(a_redirect_out_of_reach_is_refused),
		cmocka_unit_test(an_entry_that_crosses_its_word_is_refused),
		cmocka_unit_test(other_bytes_than_the_nop_are_refused),
		cmocka_unit_test(layouts_without_support_say_so),
		cmocka_unit_test(a_redirect_of_16_14_leads_to_the_new_function),
		cmocka_unit_test(a_redirect_of_16_14_changes_only_its_own_bytes),
		cmocka_unit_test(the_insides_of_16_14_are_told),
		cmocka_unit_test(compilers_usual_place_takes_one_word),
		cmocka_unit_test(other_bytes_than_16_14_are_refused),
		cmocka_unit_test(a_redirect_of_16_14_out_of_reach_is_refused),
		cmocka_unit_test(a_relocation_writes_its_bytes_and_no_others),
		cmocka_unit_test(a_call_is_known_by_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
