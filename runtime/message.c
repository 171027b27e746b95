/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtime/message.h"
#include "runtime/registry.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_LINE 500

void message_line(const char *text)
{
	uint64_t end = ulp_registry.messages_end;

	for (; *text; text++)
		ulp_registry.messages[end++ % ULP_MESSAGES_LEN] = *text;
	ulp_registry.messages[end++ % ULP_MESSAGES_LEN] = '\n';
	ulp_registry.messages_end = end;
}

void message_add(const char *fmt, ...)
{
	char text[MAX_LINE + 1];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0)
		return;
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	message_line(text);
}

void message_failure(const char *what, const char *name, const struct ulp_err *err)
{
	char text[sizeof(err->where) + sizeof(err->text)];

	(void)ulp_err_format(err, text, sizeof(text));
	message_add("%s%s: %s", what, name, ulp_err_skip_said(text, name));
}
