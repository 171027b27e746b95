/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libopcodes' AT&T syntax.  What may differ: the displacement from %rip, which the
 * linker fills in; `mov` of a GOT slot, which it may turn into `lea` (psABI, "Optimize
 * GOTPCRELX Relocations"); NOPs, with which the assembler pads.
 */
#include "config.h"

#include "packer/arch/x86_64/normalise.h"

#include <stdbool.h>
#include <string.h>

static bool is_padding(const char *text)
{
	static const char *const words[] = {"nop", "xchg   %ax,%ax", "cs nop", "data16 "};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static bool is_displacement(char c)
{
	return strchr("0123456789abcdefx-", c) && c;
}

void x86_64_normalise(char *text)
{
	char *comment = strchr(text, '#'), *rip = strstr(text, "(%rip)"), *start = rip;

	if (is_padding(text)) {
		*text = 0;
		return;
	}
	if (comment)
		*comment = 0;
	if (rip) {
		while (start > text && is_displacement(start[-1]))
			start--;
		memmove(start, rip, strlen(rip) + 1);
		if (strncmp(text, "mov ", 4) == 0)
			memcpy(text, "lea ", 4);
	}
	for (size_t len = strlen(text); len && text[len - 1] == ' '; len--)
		text[len - 1] = 0;
}
