/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far an instruction goes on behind its rip-relative displacement: the
 * addend of a relocation contains that distance.  Read backwards from the
 * place: ModRM is the byte before it, the opcode the one before that.  What is
 * not certain gives all possible distances.  Intel SDM volume 2, appendix A.
 */
#include "config.h"

#include "packer/arch/x86_64/tails.h"

#include <stdbool.h>
#include <string.h>

static const int none[] = {4, 0};
static const int imm8[] = {5, 0};
static const int imm32[] = {8, 0};
static const int imm16_or_32[] = {6, 8, 0};
static const int any[] = {4, 5, 6, 8, 0};

static bool in(const unsigned char *set, size_t len, unsigned char byte)
{
	return memchr(set, byte, len) != NULL;
}

/* The opcode may belong to another map: behind 0f, 0f 3a, or a VEX or EVEX prefix. */
static bool other_map(const unsigned char *place, uint64_t off)
{
	return (off >= 3 && place[-3] == 0x0f) || (off >= 4 && place[-4] == 0x0f) ||
	       (off >= 4 && place[-4] == 0xc5) || (off >= 5 && place[-5] == 0xc4) ||
	       (off >= 6 && place[-6] == 0x62) || (off >= 8 && place[-8] == 0x62);
}

/* The operand size prefix, before the opcode or before its REX; or a byte of something else. */
static bool maybe_16_bit(const unsigned char *place, uint64_t off)
{
	return (off >= 3 && place[-3] == 0x66) || (off >= 4 && place[-4] == 0x66);
}

const int *x86_64_tails(const unsigned char *bytes, uint64_t off)
{
	/* add, or, and, sub, xor, cmp, test, xchg, mov, lea, movsxd, inc, call and jmp. */
	static const unsigned char without[] = {
		0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0a, 0x0b, 0x20, 0x21, 0x22, 0x23,
		0x28, 0x29, 0x2a, 0x2b, 0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3a, 0x3b,
		0x63, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xfe, 0xff,
	};
	static const unsigned char with_byte[] = {0x6b, 0x80, 0x83, 0xc0, 0xc1, 0xc6};
	static const unsigned char with_word[] = {0x69, 0x81, 0xc7};
	const unsigned char *place = bytes + off;

	/* ModRM of a rip-relative operand: mod 00, rm 101.  A branch has none. */
	if (off < 2 || other_map(place, off) || (place[-1] & 0xc7) != 0x05)
		return off >= 1 && (place[-1] == 0xe8 || place[-1] == 0xe9) ? none : any;
	if (in(without, sizeof(without), place[-2]))
		return none;
	if (in(with_byte, sizeof(with_byte), place[-2]))
		return imm8;
	if (in(with_word, sizeof(with_word), place[-2]))
		return maybe_16_bit(place, off) ? imm16_or_32 : imm32;
	return any;
}
