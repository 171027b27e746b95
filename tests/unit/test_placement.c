/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "engine/arch.h"
#include "engine/placement.h"
#include "tests/lib/check_err.h"

#include <stdio.h>

#define PAGE 4096ull
#define GIB (1ull << 30)

/* The target, in the middle of things. */
#define LO 0x7f0000000000ull
#define HI (LO + 16 * PAGE)

static const struct placement want = {
	.lo = LO,
	.hi = HI,
	.len = 4 * PAGE,
	.reach = ULP_REACH,
	.page_size = PAGE,
};

static struct ulp_region file_at(uint64_t start, uint64_t end)
{
	return (struct ulp_region){.start = start, .end = end, .inode = 7};
}

static struct ulp_region anonymous_at(uint64_t start, uint64_t end)
{
	return (struct ulp_region){.start = start, .end = end};
}

static void takes_the_nearest_gap_below(void **state)
{
	const struct ulp_region regions[] = {file_at(LO - GIB, LO - 64 * PAGE), file_at(LO, HI),
					     file_at(HI, HI + GIB)};
	uint64_t at;

	(void)state;
	assert_true(placement_candidate(&want, regions, 3, 0, &at));
	assert_int_equal(at, LO - PAGE - want.len);
}

static void takes_the_nearest_gap_above(void **state)
{
	const struct ulp_region regions[] = {file_at(LO - GIB, LO), file_at(LO, HI),
					     file_at(HI, HI + PAGE),
					     file_at(HI + GIB, HI + 2 * GIB)};
	uint64_t at;

	(void)state;
	assert_true(placement_candidate(&want, regions, 4, 0, &at));
	assert_int_equal(at, HI + 2 * PAGE);
}

static void takes_a_gap_that_just_fits_with_its_guard_pages(void **state)
{
	struct ulp_region regions[] = {file_at(LO - GIB * 3, LO - want.len - 2 * PAGE),
				       file_at(LO, HI), file_at(HI, HI + 3 * GIB)};
	uint64_t at;

	(void)state;
	assert_true(placement_candidate(&want, regions, 3, 0, &at));
	assert_int_equal(at, LO - PAGE - want.len);
	assert_false(placement_candidate(&want, regions, 3, 1, &at));
	regions[0].end += PAGE;
	assert_false(placement_candidate(&want, regions, 3, 0, &at));
}

static void finds_nothing_where_nothing_is_free(void **state)
{
	const struct ulp_region regions[] = {file_at(LO - 3 * GIB, LO), file_at(LO, HI),
					     file_at(HI, HI + 3 * GIB)};
	uint64_t at;

	(void)state;
	assert_false(placement_candidate(&want, regions, 3, 0, &at));
}

static void stays_within_reach_to_the_byte(void **state)
{
	/* All is full but for a gap above, whose use makes a span of exactly `reach`. */
	uint64_t at = LO + ULP_REACH - want.len;
	struct ulp_region regions[] = {file_at(LO - 3 * GIB, LO), file_at(LO, at - PAGE),
				       file_at(at + want.len + PAGE, at + 3 * GIB)};
	uint64_t got;

	(void)state;
	assert_true(placement_candidate(&want, regions, 3, 0, &got));
	assert_int_equal(got, at);
	for (int i = 1; i < 3; i++) {
		regions[i].end += i == 1 ? PAGE : 0;
		regions[i].start += i == 2 ? PAGE : 0;
	}
	assert_false(placement_candidate(&want, regions, 3, 0, &got));
}

static void keeps_away_from_null_and_from_the_end_of_user_space(void **state)
{
	const struct placement low = {0x400000, 0x500000, 4 * PAGE, ULP_REACH, PAGE};
	const struct ulp_region only_low[] = {file_at(0x400000, 0x500000),
					      file_at(0x500000, 0x500000 + 4 * GIB)};
	const struct placement high = {(1ull << 47) - 0x200000, (1ull << 47) - 0x100000, 4 * PAGE,
				       ULP_REACH, PAGE};
	const struct ulp_region only_high[] = {
		file_at((1ull << 47) - 4 * GIB, (1ull << 47) - 0x200000),
		file_at((1ull << 47) - 0x200000, (1ull << 47) - 0x100000)};
	uint64_t at;

	(void)state;
	assert_true(placement_candidate(&low, only_low, 2, 0, &at));
	assert_true(at >= 0x100000 && at + low.len < 0x400000);
	assert_true(placement_candidate(&high, only_high, 2, 0, &at));
	assert_true(at >= high.hi && at + high.len <= (1ull << 47) - 0x10000);
}

static void leaves_room_for_the_heap_to_grow(void **state)
{
	const struct ulp_region regions[] = {file_at(LO - 3 * GIB, LO), file_at(LO, HI),
					     anonymous_at(HI, HI + PAGE)};
	uint64_t at;

	(void)state;
	assert_true(placement_candidate(&want, regions, 3, 0, &at));
	assert_true(at >= HI + PAGE + (256ull << 20));
}

static void two_gaps_at_the_same_distance_are_both_candidates(void **state)
{
	/* From the gap below: lo - at; from the gap above: at - lo. */
	const uint64_t distance = HI - LO + PAGE;
	const uint64_t below = LO - distance;
	const struct ulp_region regions[] = {file_at(LO - 3 * GIB, below - PAGE),
					     file_at(below + want.len + PAGE, LO), file_at(LO, HI),
					     file_at(HI + want.len + 2 * PAGE, HI + 3 * GIB)};
	uint64_t first;
	uint64_t second;

	(void)state;
	assert_true(placement_candidate(&want, regions, 4, 0, &first));
	assert_true(placement_candidate(&want, regions, 4, 1, &second));
	assert_int_not_equal(first, second);
	assert_false(placement_candidate(&want, regions, 4, 2, &second));
}

/* A linear congruential generator (Knuth's MMIX): the same sequence each time. */
static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static void check_candidates(const struct ulp_region *regions, size_t nr, unsigned round)
{
	uint64_t last = 0;
	uint64_t at;

	for (size_t n = 0; n < 4 && placement_candidate(&want, regions, nr, n, &at); n++) {
		uint64_t lo = at < LO ? at : LO;
		uint64_t hi = at + want.len > HI ? at + want.len : HI;
		uint64_t distance = at < LO ? LO - at : at - LO;

		if (at % PAGE || hi - lo > ULP_REACH || distance < last)
			fail_msg("round %u: candidate %zu at 0x%llx", round, n,
				 (unsigned long long)at);
		last = distance;
		for (size_t i = 0; i < nr; i++)
			if (at - PAGE < regions[i].end && regions[i].start < at + want.len + PAGE)
				fail_msg("round %u: 0x%llx is in region %zu", round,
					 (unsigned long long)at, i);
	}
}

static void never_overlaps_anything_and_always_reaches(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct ulp_region regions[64];
		uint64_t at = LO - 2 * GIB - next_random(&seed) % GIB / PAGE * PAGE;
		size_t nr = 0;
		bool target = false;

		while (nr < 64) {
			uint64_t len = (1 + next_random(&seed) % 0x40000) * PAGE;

			if (!target && at + len > LO) {
				regions[nr++] = file_at(LO, HI);
				at = HI;
				target = true;
				continue;
			}
			regions[nr] = file_at(at, at + len);
			regions[nr++].inode = next_random(&seed) % 2;
			at += len + next_random(&seed) % 12 * PAGE;
			if (!target && at > LO)
				at = LO;
		}
		if (target)
			check_candidates(regions, nr, round);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_nearest_gap_below),
		cmocka_unit_test(takes_the_nearest_gap_above),
		cmocka_unit_test(takes_a_gap_that_just_fits_with_its_guard_pages),
		cmocka_unit_test(finds_nothing_where_nothing_is_free),
		cmocka_unit_test(stays_within_reach_to_the_byte),
		cmocka_unit_test(keeps_away_from_null_and_from_the_end_of_user_space),
		cmocka_unit_test(leaves_room_for_the_heap_to_grow),
		cmocka_unit_test(two_gaps_at_the_same_distance_are_both_candidates),
		cmocka_unit_test(never_overlaps_anything_and_always_reaches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
