/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages in the user's language, see i18n.h. */
#include "config.h"

#include "i18n/i18n.h"

#include "container/err.h"

#include <locale.h>
#include <stdlib.h>

/* gettext("") would be the catalogue's head. */
static const char *translate(const char *text)
{
	return *text ? gettext(text) : text;
}

void i18n_init(void)
{
	const char *folder = secure_getenv("ULP_TEXTDOMAINDIR");

	/* A locale that is not there leaves "C". */
	if (!setlocale(LC_MESSAGES, "") || !setlocale(LC_CTYPE, ""))
		return;
	(void)bindtextdomain(PACKAGE_NAME, folder && *folder ? folder : LOCALEDIR);
	(void)textdomain(PACKAGE_NAME);
	ulp_err_translator = translate;
}

void i18n_off(void)
{
	(void)setlocale(LC_MESSAGES, "C");
}
