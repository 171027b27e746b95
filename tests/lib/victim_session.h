/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a test does to a victim as the tool does it.  Each of these ends the test with the error
 * where it fails.
 */
#ifndef ULP_TESTS_LIB_VICTIM_SESSION_H
#define ULP_TESTS_LIB_VICTIM_SESSION_H

#include "tests/lib/victim.h"
#include "tests/lib/victim_code.h"
#include "trigger/session.h"

/* The code and the memory for a thread that is borrowed. */
#define CODE ((uint64_t)(uintptr_t)victim_syscall_code)
#define FRAME ((uint64_t)(uintptr_t)victim_frame)

/* process_open() of the victim, to be closed by close_victim(): which is victim_finish(), too. */
void open_victim(const struct victim *v, struct process *proc);
void close_victim(struct victim *v, struct process *proc);

/* session_begin(), for so many seconds from now; to be ended by session_end(). */
struct session *begin_session(const struct process *proc, unsigned int seconds);

/* session_borrow() with CODE and FRAME, session_return(). */
void borrow_thread(struct session *s);
void return_thread(struct session *s);

/* session_stop_all(), session_resume_first(). */
void stop_all(struct session *s);
void resume_first(struct session *s);

#endif
