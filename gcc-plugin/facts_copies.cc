// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Lists of what was inlined into a function.
 */
#include "gcc-plugin/facts.h"

unsigned ulp_copies::add(unsigned function, unsigned via)
{
	unsigned next = (unsigned)rows.size() + 1;
	auto found = places.insert(std::make_pair(std::make_pair(via, function), next));

	if (found.second)
		rows.push_back({function, via});
	return found.first->second;
}

void ulp_copies::add_all(const ulp_copies &other, unsigned via)
{
	/* By index and with the length from before: other may be this list itself. */
	size_t nr = other.rows.size();
	std::vector<unsigned> place_of(nr + 1, via);

	for (size_t i = 0; i < nr; i++) {
		struct ulp_copy row = other.rows[i];

		place_of[i + 1] = add(row.function, place_of[row.via]);
	}
}
