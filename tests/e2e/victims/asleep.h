/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TESTS_E2E_VICTIMS_ASLEEP_H
#define ULP_TESTS_E2E_VICTIMS_ASLEEP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * Whether a thread sleeps and a signal could wake it: state S in its stat file of proc(5), whose
 * path this is.  False if there is no such file.
 */
static inline bool is_asleep_by(const char *path)
{
	char text[512] = "";
	const char *state;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return false;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	/* The name, which stands before it in brackets, may hold brackets, too. */
	state = strrchr(text, ')');
	return state != NULL && strncmp(state, ") S", 3) == 0;
}

#endif
