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
 *	return report_finish(&r, report_status(&r));
 *
 * With --json stdout has one JSON object, which report_finish() prints: report_say() prints
 * nothing then, outcomes and errors are collected, and the command adds what it has to say to
 * report_result() and report_count().  Errors are told on stderr as well, outcomes are not.
 */
#ifndef ULP_TRIGGER_REPORT_H
#define ULP_TRIGGER_REPORT_H

#include "container/err.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct json_object;

enum report_color {
	REPORT_COLOR_AUTO, /* on a terminal, unless TERM or NO_COLOR is against it */
	REPORT_COLOR_ALWAYS,
	REPORT_COLOR_NEVER,
};

struct report {
	FILE *out;	     /* answers; borrowed */
	FILE *err;	     /* errors and remarks; borrowed */
	int verbosity;	     /* -1: errors only (-q), 0, 1: remarks as well (-v) */
	int status;	     /* the highest exit status of all errors reported */
	unsigned nr_success; /* counted by report_outcome() */
	unsigned nr_skipped;
	unsigned nr_errors;
	enum report_color color;
	struct json_object *json; /* the answer so far; NULL: the answer is text.  Owned. */
	const char *results;	  /* name of its array of results; static storage */
};

/* stdout, stderr, verbosity and all counters 0, REPORT_COLOR_AUTO, text; "results". */
void report_init(struct report *r);

/*
 * The options -q, --quiet and -v, --verbose, to be put into a command's argp
 * as a child.  Its input is the struct report *:
 *
 *	static const struct argp_child children[] = {{&report_argp, 0, NULL, 0}, {0}};
 *	... case ARGP_KEY_INIT: state->child_inputs[0] = &args->report;
 */
extern const struct argp report_argp;

/*
 * The option --json, in the same way, for commands that fill report_result().  The command's name
 * is the last word of argv[0], see command.h.  It does not go with -q: such a call is wrong usage.
 * Messages are English from then on.
 */
extern const struct argp report_json_argp;

/* The option --color, in the same way, for commands that print outcomes. */
extern const struct argp report_color_argp;

/* A line (or part of one) of the answer, to r->out.  Nothing with -q, nothing with --json. */
void report_say(const struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A remark for -v, to r->err: "ulp: " in front, a newline behind. */
void report_remark(const struct report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * What the user should know although nothing failed, to r->err: "ulp: warning: " in front, a
 * newline behind.  Nothing with -q.  With --json too: the command puts it into the answer besides.
 */
void report_warning(const struct report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Prints "ulp: PLACE: text" (the text of the list where err->text is empty) to
 * r->err, raises r->status, and returns the exit status of err->code.  Quotes
 * what it prints.
 */
int report_error(struct report *r, const struct ulp_err *err);

/* The same for an error of one process: "pid 12" comes in front of the place. */
int report_process_error(struct report *r, pid_t pid, const struct ulp_err *err);

/*
 * The result for one process and one container, one line:
 *
 *	SUCCESS pid 12 (nginx): fix.so
 *	SKIPPED pid 13 (bash): fix.so: libcrypto.so.3 is not loaded
 *	ERROR   pid 14 (nginx): fix.so: .ulp+0x40: text
 *
 * err: NULL or ULP_OK for a success, whose text, if there is one, is told besides.  process: its
 *name, may be NULL or "". container: NULL where the result holds for the process as a whole. Quotes
 * all of them.  Counts, and raises r->status for an ERROR.  With -q only the
 * ERRORs are printed, to r->err; with --json none of them, they become results.
 */
void report_outcome(struct report *r, pid_t pid, const char *process, const char *container,
		    const struct ulp_err *err);

/* "SUCCESS", "SKIPPED" or "ERROR", not translated; static storage. */
const char *report_word(enum ulp_code code);

/* How many characters a text in UTF-8 has, for columns of translated words. */
int report_columns(const char *text);

/*
 * The exit status of the command: that of the errors (the highest); without
 * errors 1 if there were outcomes and all of them were SKIPPED, else 0.
 */
int report_status(const struct report *r);

/*
 * Ends the answer: with --json prints it, with this exit status in it, and frees it.  Nothing may
 * be reported afterwards.  Returns status.  That the answer could not be written is found out
 * when the program closes stdout.
 */
int report_finish(struct report *r, int status);

/*
 * With --json: a new object at the end of the answer's results, to be filled (borrowed; see
 * json.h).  NULL where the answer is text.
 */
struct json_object *report_result(const struct report *r);

/* With --json: puts the numbers of outcomes among the answer's counts. */
void report_count_outcomes(const struct report *r);

/* With --json: puts a number among the answer's counts. */
void report_count(const struct report *r, const char *what, uint64_t nr);

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
