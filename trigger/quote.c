/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strings of untrusted processes and files, made harmless for a terminal.
 */
#include "config.h"

#include "trigger/report.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Decodes the UTF-8 sequence at s, which ends with a NUL.  Returns its length
 * in bytes, 0 where it is not well-formed (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF).
 */
static size_t decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (len == 0 || s[0] > 0xf4)
		return 0;
	*code = len == 1 ? s[0] : s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

/* Characters that move the cursor, end a line or change the order of what is shown. */
static const struct {
	uint32_t first;
	uint32_t last;
} harmful[] = {
	{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x061c, 0x061c},
	{0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
};

static bool is_harmful(uint32_t code)
{
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (code >= harmful[i].first && code <= harmful[i].last)
			return true;
	return false;
}

/*
 * One character of s, as it is to be shown, into out[17] with a NUL.  Returns how
 * many bytes of s that took.
 */
static size_t quote_one(const unsigned char *s, char *out)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t code;
	size_t len = decode(s, &code);

	if (len != 0 && !is_harmful(code)) {
		memcpy(out, s, len);
		out[len] = '\0';
		return len;
	}
	if (*s == '\n') {
		memcpy(out, "\\n", 3);
		return 1;
	}
	if (len == 0)
		len = 1;
	for (size_t i = 0; i < len; i++) {
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[s[i] >> 4];
		*out++ = hex[s[i] & 15];
	}
	*out = '\0';
	return len;
}

char *quote(const char *s, char *buf, size_t len)
{
	const unsigned char *from = (const unsigned char *)(s ? s : "");
	size_t used = 0;
	size_t room_for_dots = 0; /* the longest prefix that still leaves room for "..." */

	assert(len >= 4);
	while (*from) {
		char shown[17];
		size_t taken = quote_one(from, shown);
		size_t shown_len = strlen(shown);

		if (used + shown_len >= len) {
			memcpy(buf + room_for_dots, "...", 4);
			return buf;
		}
		memcpy(buf + used, shown, shown_len);
		used += shown_len;
		from += taken;
		if (used + 4 <= len)
			room_for_dots = used;
	}
	buf[used] = '\0';
	return buf;
}

char *quote_whole(const char *s)
{
	/* No byte becomes more than four, and quote() wants room for its dots. */
	size_t len = 4 * strlen(s) + 4;
	char *buf = malloc(len);

	return buf != NULL ? quote(s, buf, len) : NULL;
}

struct quoted quoted(const char *s)
{
	struct quoted q = {""};

	quote(s, q.text, sizeof(q.text));
	return q;
}
