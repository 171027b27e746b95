/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines for `ulp messages`, written by the process itself at its start.
 */
#ifndef ULP_RUNTIME_MESSAGE_H
#define ULP_RUNTIME_MESSAGE_H

#include "container/err.h"

/*
 * Appends a line (without "\n") as it is.  Each process writes one at its start: it
 * costs no more than the bytes.
 */
void message_line(const char *text);

/*
 * Appends one line, formatted, to the ring of ulp_registry.  Control
 * characters become '?', and a line of more than 500 bytes loses its end.  Only
 * while no tool may write the ring: before the registry has its magic.
 */
void message_add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * message_add() of what, name (may be ""), and then ": place: text" of the error; the
 * place without the name, if it begins with that.
 */
void message_failure(const char *what, const char *name, const struct ulp_err *err);

#endif
