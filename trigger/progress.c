/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/progress.h"
#include "trigger/tracee.h"

#include <unistd.h>

#define MS 1000000ull

/* Who waits shorter needs no comfort. */
#define PATIENCE_NS (1000 * MS)

void progress_begin(struct progress *p, const struct report *report)
{
	const bool told = report->verbosity >= 0 && !report->json && isatty(fileno(report->err));

	*p = (struct progress){.out = told ? report->err : NULL, .begin_ns = clock_ns()};
}

static bool is_due(const struct progress *p)
{
	return p->out && clock_ns() - p->begin_ns >= PATIENCE_NS;
}

void progress_show(struct progress *p, size_t nr_done, size_t nr)
{
	if (!is_due(p) || (p->width > 0 && p->nr_shown == nr_done))
		return;
	progress_hide(p);
	p->nr_shown = nr_done;
	p->width = fprintf(p->out, _("%zu of %zu processes..."), nr_done, nr);
	if (p->width <= 0 || fflush(p->out))
		p->out = NULL;
}

/* With spaces: not every terminal knows the sequences that erase. */
void progress_hide(struct progress *p)
{
	if (!p->out || p->width <= 0)
		return;
	(void)fprintf(p->out, "\r%*s\r", p->width, "");
	(void)fflush(p->out);
	p->width = 0;
}

int progress_wait_ms(const struct progress *p)
{
	const uint64_t now = clock_ns();

	if (!p->out || p->width)
		return -1;
	if (now - p->begin_ns >= PATIENCE_NS)
		return 0;
	return (int)((PATIENCE_NS - (now - p->begin_ns)) / MS) + 1;
}
