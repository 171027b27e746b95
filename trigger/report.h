/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `ulp` prints.  Answers go to stdout, errors to stderr as
 * "ulp: PLACE: text".  Names, paths and messages come from processes and
 * files that nobody vouches for: they pass through quoted() before a terminal
 * sees them.
 *
 * A command uses it like this:
 *
 *	struct report r;
 *
 *	report_init(&r);
 *	... argp, with report_argp as a child that gets &r as its input ...
 *	if (f(&err))
 *		report_error(&r, &err);
 *	else
 *		report_say(&r, "%s: done\n", quoted(name).text);
 *	return report_status(&r);
 */
#ifndef ULP_TRIGGER_REPORT_H
#define ULP_TRIGGER_REPORT_H

#include "container/err.h"

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct report {
	FILE *out;	     /* answers; borrowed */
	FILE *err;	     /* errors and remarks; borrowed */
	int verbosity;	     /* -1: errors only (-q), 0, 1: remarks as well (-v) */
	int status;	     /* the highest exit status of all errors reported */
	unsigned nr_success; /* counted by report_outcome() */
	unsigned nr_skipped;
	unsigned nr_errors;
};

/* stdout, stderr, verbosity and all counters 0. */
void report_init(struct report *r);

/*
 * The options -q, --quiet and -v, --verbose, to be put into a command's argp
 * as a child.  Its input is the struct report *:
 *
 *	static const struct argp_child children[] = {{&report_argp, 0, NULL, 0}, {0}};
 *	... case ARGP_KEY_INIT: state->child_inputs[0] = &args->report;
 */
extern const struct argp report_argp;

/* A line (or part of one) of the answer, to r->out.  Nothing with -q. */
void report_say(const struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A remark for -v, to r->err: "ulp: " in front, a newline behind. */
void report_remark(const struct report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Prints "ulp: PLACE: text" (the text of the list where err->text is empty) to
 * r->err, raises r->status, and returns the exit status of err->code.  Quotes
 * what it prints.
 */
int report_error(struct report *r, const struct ulp_err *err);

/*
 * The result for one process and one container, one line:
 *
 *	SUCCESS pid 12 (nginx): fix.so
 *	SKIPPED pid 13 (bash): fix.so: libcrypto.so.3 is not loaded
 *	ERROR   pid 14 (nginx): fix.so: .ulp+0x40: text
 *
 * err: NULL or ULP_OK for a success.  process: its name, may be NULL or "".
 * container: NULL where the result holds for the process as a whole.  Quotes
 * all of them.  Counts, and raises r->status for an ERROR.  With -q only the
 * ERRORs are printed, to r->err.
 */
void report_outcome(struct report *r, pid_t pid, const char *process, const char *container,
		    const struct ulp_err *err);

/* "SUCCESS", "SKIPPED" or "ERROR"; static storage. */
const char *report_word(enum ulp_code code);

/*
 * The exit status of the command: that of the errors (the highest); without
 * errors 1 if there were outcomes and all of them were SKIPPED, else 0.
 */
int report_status(const struct report *r);

/* Length of the buffer in struct quoted, with the NUL. */
#define QUOTED_LEN 1024

/* Made for use inside one call: printf("%s", quoted(name).text). */
struct quoted {
	char text[QUOTED_LEN];
};

/*
 * The string, harmless for a terminal and for a reader: printable ASCII and
 * well-formed UTF-8 as they are; newline as \n; all other control characters,
 * bytes that are not UTF-8, and the characters that reorder text or break lines
 * (U+2028-202E, U+2066-2069, U+200E-200F, U+061C) byte by byte as \xNN.  Cut
 * with "..." at the end where it is too long.  NULL gives "".
 */
struct quoted quoted(const char *s);

/*
 * The same into buf[0..len), len >= 4; returns buf.
 */
char *quote(const char *s, char *buf, size_t len);

/* The same, however long, malloc'ed; NULL without memory. */
char *quote_whole(const char *s);

#endif
