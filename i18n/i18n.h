/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of the programs in the user's language.  The catalogues are po/<language>.po.  Texts
 * that pass through ulp_fail(), through trigger/'s report_say() and report_remark(), or through
 * packer/'s report_add() and types_found() are translated there; all others are marked with _(),
 * or with N_() where they stand in a table that argp or a later _() reads.
 */
#ifndef ULP_I18N_I18N_H
#define ULP_I18N_I18N_H

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text

/*
 * Takes the language from the environment (setlocale(3), gettext(3)) and makes the error texts
 * of all parts pass through the catalogue.  Catalogues come from the folder that configure
 * knows, or from ULP_TEXTDOMAINDIR, which a tree that is not installed needs; that is not
 * heeded where the program has more rights than its user.
 */
void i18n_init(void);

/* English from here on, also for the texts of the C library: what programs read has one language.
 */
void i18n_off(void);

#endif
