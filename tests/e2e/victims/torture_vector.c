// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A checksum that keeps its state in as many vector registers as there are, of the widest kind that
 * the flags of the compilation allow.
 */
#include "torture.h"

#include <string.h>

enum { LANES = 8 };

typedef uint64_t vector __attribute__((vector_size(32)));

uint64_t vector_sum(const unsigned char *bytes, size_t len)
{
	vector state[LANES], total = {0};

	for (unsigned i = 0; i < LANES; i++)
		state[i] = (vector){i, i + 1, i + 2, i + 3};
	for (size_t at = 0; at < len; at += sizeof(vector)) {
		vector input;

		memcpy(&input, bytes + at, sizeof(input));
		for (unsigned i = 0; i < LANES; i++)
			state[i] = (state[i] << 5) + (state[i] >> 59) + (input ^ (input << i));
	}
	for (unsigned i = 0; i < LANES; i++)
		total ^= state[i];
	return total[0] + 3 * total[1] + 5 * total[2] + 7 * total[3];
}

uint64_t plain_sum(const unsigned char *bytes, size_t len)
{
	uint64_t state[LANES][4], total[4] = {0};

	for (unsigned i = 0; i < LANES; i++)
		for (unsigned k = 0; k < 4; k++)
			state[i][k] = i + k;
	for (size_t at = 0; at < len; at += sizeof(vector)) {
		uint64_t input[4];

		memcpy(input, bytes + at, sizeof(input));
		for (unsigned i = 0; i < LANES; i++)
			for (unsigned k = 0; k < 4; k++)
				state[i][k] = (state[i][k] << 5) + (state[i][k] >> 59) +
					      (input[k] ^ (input[k] << i));
	}
	for (unsigned i = 0; i < LANES; i++)
		for (unsigned k = 0; k < 4; k++)
			total[k] ^= state[i][k];
	return total[0] + 3 * total[1] + 5 * total[2] + 7 * total[3];
}
