/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TESTS_E2E_VICTIMS_FIFO_H
#define ULP_TESTS_E2E_VICTIMS_FIFO_H

#include <stdio.h>
#include <unistd.h>

/*
 * Opens the FIFO NAME.SUFFIX, unbuffered; the file is the caller's.  For both directions, so that
 * opening does not depend on who else has it open.  Ends the process with status 3 where that
 * fails.
 */
static inline FILE *fifo_open(const char *name, const char *suffix)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%.200s.%s", name, suffix);
	file = fopen(path, "r+e");
	if (file == NULL) {
		perror(path);
		_exit(3);
	}
	setbuf(file, NULL);
	return file;
}

#endif
