/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fault in a spec, shown with its line and a caret. */
#include "config.h"

#include "packer/yaml_tree.h"

#include "i18n/i18n.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The excerpt must fit into struct ulp_err besides the reason. */
#define EXCERPT_MAX 120u

/* The place's line, *len bytes without the newline; NULL past the end. */
static const char *find_line(const struct yaml_source *source, size_t line, size_t *len)
{
	const char *at = source->text, *newline;
	size_t left = source->len;

	for (; line > 1; line--) {
		newline = memchr(at, '\n', left);
		if (!newline)
			return NULL;
		left -= (size_t)(newline + 1 - at);
		at = newline + 1;
	}
	newline = memchr(at, '\n', left);
	*len = newline ? (size_t)(newline - at) : left;
	return at;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * Bytes of the character that begins there: 0 if they are not UTF-8 (RFC 3629:
 * neither overlong nor a surrogate) or are a control character, C1 included.
 */
static size_t printable_len(const char *text, size_t len)
{
	static const unsigned long smallest[] = {0, 0xa0, 0x800, 0x10000};
	const unsigned char c = (unsigned char)*text;
	const size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	unsigned long value = c & (0x3fu >> more);

	if (more == 0)
		return (c >= ' ' && c != 0x7f) || c == '\t';
	if (c < 0xc0 || c > 0xf4 || more >= len)
		return 0;
	for (size_t i = 1; i <= more; i++) {
		if (!is_continuation(text[i]))
			return 0;
		value = value << 6 | ((unsigned char)text[i] & 0x3f);
	}
	return value < smallest[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)
		       ? 0
		       : more + 1;
}

/*
 * Shows the character (or the single byte \xNN that is none or that a terminal must not
 * see) in buf of at least 5 bytes; returns how many bytes of the text these are.
 */
static size_t show(const char *text, size_t len, char *buf)
{
	const size_t used = printable_len(text, len);

	if (!used) {
		(void)sprintf(buf, "\\x%02x", (unsigned char)*text);
		return 1;
	}
	memcpy(buf, text, used);
	buf[used] = 0;
	return used;
}

/* Columns of a terminal; wide characters count as one. */
static size_t width(const char *shown)
{
	size_t nr = 0;

	for (; *shown; shown++)
		nr += !is_continuation(*shown);
	return nr;
}

/* The whole text as show() does it, at most max bytes of it. */
static void show_all(const char *text, size_t len, size_t max, char *buf)
{
	size_t at = 0, i = 0;
	char shown[8];

	while (i < len) {
		i += show(text + i, len - i, shown);
		if (at + strlen(shown) > max)
			break;
		at += (size_t)sprintf(buf + at, "%s", shown);
	}
	buf[at] = 0;
}

/*
 * The line and below it a caret, each indented by two, so that tabs and
 * multi-byte characters before the column do not shift it.
 */
static void excerpt(const char *line, size_t len, size_t column, char *buf)
{
	size_t at, character = 1, used = 0, shown_len = 0;
	char shown[8];

	at = (size_t)sprintf(buf, "\n  ");
	show_all(line, len, EXCERPT_MAX, buf + at);
	at += strlen(buf + at);
	at += (size_t)sprintf(buf + at, "\n  ");
	while (character < column && used < len) {
		/* As places count: a byte that belongs to no character is one, unless it continues.
		 */
		character += !is_continuation(line[used]);
		used += show(line + used, len - used, shown);
		shown_len += strlen(shown);
		if (shown_len > EXCERPT_MAX)
			break;
		at += *shown == '\t' ? (size_t)sprintf(buf + at, "\t")
				     : (size_t)sprintf(buf + at, "%*s", (int)width(shown), "");
	}
	buf[at++] = '^';
	buf[at] = 0;
}

enum ulp_code yaml_fail(const struct yaml_source *source, struct yaml_place place,
			struct ulp_err *err, const char *fmt, ...)
{
	char reason[400], safe[sizeof(reason)], shown[2 * EXCERPT_MAX + 16] = "";
	const char *line;
	va_list args;
	size_t len;

	va_start(args, fmt);
	(void)vsnprintf(reason, sizeof(reason), _(fmt), args);
	va_end(args);
	show_all(reason, strlen(reason), sizeof(safe) - 1, safe);
	line = find_line(source, place.line, &len);
	if (line)
		excerpt(line, len, place.column, shown);
	ulp_fail(err, ULP_ESPEC, "%s%s", safe, shown);
	ulp_err_at(err, "%s:%zu:%zu", source->path, place.line, place.column);
	return ULP_ESPEC;
}
