/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/arch/x86_64/tails.c: how far instructions go on behind their displacement. */
#include "config.h"

#include "tests/lib/check_err.h"

#include "packer/arch/x86_64/tails.h"

struct row {
	const char *says;
	const char *before; /* the bytes before the displacement, len of them */
	size_t len;
	int tails[5];
};

#define BYTES(text) text, sizeof(text) - 1

static const struct row rows[] = {
	{"mov x(%rip), %eax", BYTES("\x90\x8b\x05"), {4}},
	{"lea x(%rip), %rdi", BYTES("\x48\x8d\x3d"), {4}},
	{"call x", BYTES("\x90\xe8"), {4}},
	{"jmp x", BYTES("\x90\xe9"), {4}},
	{"addl $1, x(%rip)", BYTES("\x90\x83\x05"), {5}},
	{"movb $1, x(%rip)", BYTES("\x90\xc6\x05"), {5}},
	{"movl $1, x(%rip)", BYTES("\x90\xc7\x05"), {8}},
	{"movq $1, x(%rip)", BYTES("\x48\xc7\x05"), {8}},
	{"movw $1, x(%rip), or a byte of another instruction", BYTES("\x66\xc7\x05"), {6, 8}},
	{"movups x(%rip), %xmm0: not looked into", BYTES("\x0f\x10\x05"), {4, 5, 6, 8}},
	{"vmovdqu x(%rip), %ymm0", BYTES("\xc5\xfe\x6f\x05"), {4, 5, 6, 8}},
	{"no rip-relative operand", BYTES("\x48\x8b\x85"), {4, 5, 6, 8}},
	{"nothing before it", BYTES("\x05"), {4, 5, 6, 8}},
	{"the section's first bytes", BYTES(""), {4, 5, 6, 8}},
};

static void tail_is_certain_or_all_that_is_possible(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int *got = x86_64_tails((const unsigned char *)rows[i].before, rows[i].len);

		for (size_t k = 0; k == 0 || rows[i].tails[k - 1]; k++)
			if (got[k] != rows[i].tails[k])
				fail_msg("%s: [%zu] is %d, not %d", rows[i].says, k, got[k],
					 rows[i].tails[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tail_is_certain_or_all_that_is_possible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
