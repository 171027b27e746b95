/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the packer wants to tell besides its result: collected here, printed by main(). */
#ifndef ULP_PACKER_REPORT_H
#define ULP_PACKER_REPORT_H

#include "packer/pool.h"

enum note_level {
	NOTE_WARNING, /* always shown */
	NOTE_CHOICE,  /* always shown: what was taken where the user named nothing */
	NOTE_DETAIL,  /* shown with -v */
};

struct note {
	enum note_level level;
	const char *text;
};

struct report {
	struct note *notes; /* in the order of their making */
	size_t nr_notes;
	size_t cap;
	const char *explanation; /* the closure as a tree, see closure.h; NULL: not found out */
};

void report_add(struct report *report, struct pool *pool, enum note_level level, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));

#endif
