/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The operands of `ulp trigger`: container files, wildcards that the shell has left to us,
 * and folders.
 */
#ifndef ULP_TRIGGER_OPERANDS_H
#define ULP_TRIGGER_OPERANDS_H

#include "container/container.h"
#include "trigger/report.h"

struct operands {
	struct report *report; /* borrowed */
	bool recursive;	       /* a folder stands for the containers below it */
	/* The files of one wildcard or folder in descending order: what is reverted goes in the
	 * reverse order of what was applied. */
	bool descending;
	struct ulp_container *containers; /* in the order of the operands; owned */
	size_t nr;
};

/*
 * Opens the containers that an operand stands for:
 *  - an existing file: the container;
 *  - an existing folder, if recursive: every container below it, whatever its name; other files
 *    are passed over with a remark, a damaged container is an error; links to folders are
 *    not followed;
 *  - else what glob(3) makes of it, if it has wildcards; each of these as above.
 * Files that come from a wildcard or folder are sorted by their bytes, and one whose
 * container was there before is passed over with a remark.
 *
 * false: reported as an error (ULP_EUSAGE: a wildcard matches nothing, there is no container in
 * a folder; ULP_EELF: a folder without `recursive`; and those of ulp_container_open()).  The others
 * go on all the same, so that all that is wrong is told.
 */
bool operands_open(struct operands *o, const char *operand);

void operands_close(struct operands *o);

#endif
