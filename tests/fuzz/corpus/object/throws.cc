/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled for the corpus of fuzz_object: COMDAT groups, unwind tables, type information. */
namespace
{
struct Inner {
	int value;
};
} // namespace

template <int N> int twice(int a)
{
	static int calls;

	return a * N + ++calls;
}

extern "C" int f(int a)
{
	try {
		if (a > 5)
			throw Inner{a};
		return twice<3>(a);
	} catch (const Inner &inner) {
		return inner.value;
	}
}
