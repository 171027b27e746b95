/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The error type: filling, placing and formatting of struct ulp_err, and the
 * table of errors made from the list in err.h.
 */
#include "config.h"

#include "container/err.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct code_row {
	const char *name;
	const char *text;
	int status;
	bool skip;
};

static const struct code_row code_rows[] = {
#define CODE_ROW(name, status, skip, text) [name] = {#name, text, status, skip},
	ULP_ERRORS(CODE_ROW)
#undef CODE_ROW
};

const char *(*ulp_err_translator)(const char *text);

/* The translation takes the same arguments: msgfmt(1) sees to it. */
const char *ulp_err_text(const char *text)
{
	return ulp_err_translator ? ulp_err_translator(text) : text;
}

/* A code that came over a pipe or out of memory may be anything. */
static const struct code_row *code_row(enum ulp_code code)
{
	static const struct code_row unknown = {"ULP_EUNKNOWN", "unknown error", 8, false};

	if ((size_t)code >= sizeof(code_rows) / sizeof(code_rows[0]))
		return &unknown;
	return &code_rows[code];
}

__attribute__((format(printf, 4, 0))) static void fill(struct ulp_err *err, enum ulp_code code,
						       int sys_errno, const char *fmt, va_list args)
{
	err->code = code;
	err->sys_errno = sys_errno;
	err->where[0] = '\0';
	vsnprintf(err->text, sizeof(err->text), ulp_err_text(fmt), args);
}

enum ulp_code ulp_vfail(struct ulp_err *err, enum ulp_code code, const char *fmt, va_list args)
{
	if (err != NULL)
		fill(err, code, 0, fmt, args);
	return code;
}

enum ulp_code(ulp_fail)(struct ulp_err *err, enum ulp_code code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)ulp_vfail(err, code, fmt, args);
	va_end(args);
	return code;
}

enum ulp_code(ulp_fail_errno)(struct ulp_err *err, enum ulp_code code, const char *fmt, ...)
{
	int sys_errno = errno;
	va_list args;
	size_t len;

	if (err == NULL)
		return code;
	va_start(args, fmt);
	fill(err, code, sys_errno, fmt, args);
	va_end(args);

	len = strlen(err->text);
	errno = sys_errno; /* for %m */
	snprintf(err->text + len, sizeof(err->text) - len, ": %m");
	errno = sys_errno;
	return code;
}

enum ulp_code ulp_err_at(struct ulp_err *err, const char *fmt, ...)
{
	char outer[PATH_MAX];
	size_t inner_len;
	size_t outer_len;
	size_t room;
	size_t join;
	va_list args;

	if (err == NULL)
		return ULP_OK;
	va_start(args, fmt);
	vsnprintf(outer, sizeof(outer), fmt, args);
	va_end(args);

	inner_len = strnlen(err->where, sizeof(err->where) - 1);
	outer_len = strlen(outer);
	join = inner_len != 0 ? strlen(": ") : 0;
	if (inner_len + join >= sizeof(err->where))
		return err->code;
	/*
	 * Where both do not fit, the inner place and the end of the outer one (a
	 * file's name) tell more than the beginning of a long path.
	 */
	room = sizeof(err->where) - 1 - inner_len - join;
	if (outer_len > room) {
		memmove(outer, outer + (outer_len - room), room);
		outer_len = room;
	}
	memmove(err->where + outer_len + join, err->where, inner_len);
	memcpy(err->where + outer_len, ": ", join);
	memcpy(err->where, outer, outer_len);
	err->where[outer_len + join + inner_len] = '\0';
	return err->code;
}

const char *ulp_err_format(const struct ulp_err *err, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s%s", err->where, err->where[0] != '\0' ? ": " : "", err->text);
	return buf;
}

const char *ulp_err_skip_said(const char *where, const char *said)
{
	const size_t len = strlen(said);

	if (len == 0 || strncmp(where, said, len) != 0)
		return where;
	if (where[len] == '\0')
		return where + len;
	if ((where[len] == ':' || where[len] == ',') && where[len + 1] == ' ')
		return where + len + 2;
	return where;
}

int ulp_code_status(enum ulp_code code)
{
	return code_row(code)->status;
}

const char *ulp_code_name(enum ulp_code code)
{
	return code_row(code)->name;
}

const char *ulp_code_text(enum ulp_code code)
{
	return ulp_err_text(code_row(code)->text);
}

bool ulp_code_is_skip(enum ulp_code code)
{
	return code_row(code)->skip;
}
