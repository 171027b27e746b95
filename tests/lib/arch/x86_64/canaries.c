/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/victim_code.h"

unsigned long victim_canary_gprs(unsigned long rounds);
unsigned long victim_canary_red_zone(unsigned long rounds);
unsigned long victim_canary_direction(unsigned long rounds);
unsigned long victim_canary_sse(unsigned long rounds);
unsigned long victim_canary_avx(unsigned long rounds);

const char *victim_canaries(unsigned long rounds)
{
	if (victim_canary_gprs(rounds) != 0)
		return "a general register changed";
	if (victim_canary_red_zone(rounds) != 0)
		return "the red zone changed";
	if (victim_canary_direction(rounds) != 0)
		return "a flag changed";
	if (victim_canary_sse(rounds) != 0)
		return "an SSE register changed";
	if (__builtin_cpu_supports("avx") && victim_canary_avx(rounds) != 0)
		return "an AVX register changed";
	return NULL;
}
