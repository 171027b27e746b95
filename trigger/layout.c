/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The layouts of container/entry.h in words.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/layout.h"

#include <stddef.h>

static const struct {
	const char *text;
	const char *name;
	bool usable; /* packer and engine know what to write there */
} layouts[] = {
	[ULP_ENTRY_NONE] = {N_("no entry"), NULL, false},
	[ULP_ENTRY_NOP5] = {N_("5-byte NOP"), "nop5", true},
	[ULP_ENTRY_PFE_16_14] = {"-fpatchable-function-entry=16,14",
				 "patchable-function-entry-16-14", true},
};
#define NR_LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

const char *layout_text(enum ulp_entry_layout layout)
{
	return (size_t)layout < NR_LAYOUTS ? _(layouts[layout].text) : _("unknown layout");
}

const char *layout_name(enum ulp_entry_layout layout)
{
	return (size_t)layout < NR_LAYOUTS ? layouts[layout].name : NULL;
}

bool layout_usable(enum ulp_entry_layout layout)
{
	return (size_t)layout < NR_LAYOUTS && layouts[layout].usable;
}
