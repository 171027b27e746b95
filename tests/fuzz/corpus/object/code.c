/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled for the corpus of fuzz_object: calls, data, tables, unlikely parts. */
extern int shown, helper(int), imported(int) __attribute__((weak));
static int state = 3;
static const char *const names[] = {"one", "two", "three"};
static int (*const calls[])(int) = {helper, imported};

void set_state(int a)
{
	static int counter;

	state = a + ++counter;
}

__attribute__((cold, noinline)) static int seldom(int a)
{
	return state + a;
}

int f(int a)
{
	switch (a) {
	case 0:
		return helper(state);
	case 1:
		return names[state][0];
	case 2:
		return calls[a & 1](shown);
	case 3:
		return seldom(a) * helper(a);
	case 4:
		return a;
	}
	return __builtin_expect(a > 1000, 0) ? seldom(a) : shown++;
}
