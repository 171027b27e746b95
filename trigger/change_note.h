/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a change that was made: to the process's messages, and to the user. */
#ifndef ULP_TRIGGER_CHANGE_NOTE_H
#define ULP_TRIGGER_CHANGE_NOTE_H

#include "engine/plan.h"
#include "trigger/change.h"

/* The committed plan, into the messages that the runtime keeps. */
void change_messages(const struct change *change, const struct plan *plan);

/*
 * What the outcome's line does not say by itself, in the user's language: which other patches
 * leave, or that there was nothing to do.  "" for nothing; cut where it is too long.
 */
void change_note(const struct change *change, const struct plan *plan, char *text, size_t len);

#endif
