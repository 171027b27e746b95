/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The notes of one packing. */
#include "config.h"

#include "packer/report.h"

#include "i18n/i18n.h"

void report_add(struct report *report, struct pool *pool, enum note_level level, const char *fmt,
		...)
{
	struct note *note;
	va_list args;

	report->notes = pool_grow(pool, report->notes, report->nr_notes, &report->cap,
				  sizeof(*report->notes));
	note = &report->notes[report->nr_notes++];
	note->level = level;
	va_start(args, fmt);
	note->text = pool_vprintf(pool, _(fmt), args);
	va_end(args);
}
