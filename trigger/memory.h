/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of another process, through /proc/PID/mem: the open file stays
 * with the program that ran when it was opened, also if the pid is used again
 * or another program is executed.
 */
#ifndef ULP_TRIGGER_MEMORY_H
#define ULP_TRIGGER_MEMORY_H

#include "engine/space.h"
#include "trigger/process.h"

/*
 * All or nothing.  Errors: ULP_EGONE, ULP_ESYS (EFAULT, EIO: not readable).
 */
ULP_MUST_CHECK enum ulp_code memory_read(const struct process *proc, uint64_t from, void *buf,
					 size_t len, struct ulp_err *err);

/*
 * The same for several pieces, by few system calls while thread tid is in a ptrace-stop of ours
 * (0: none is): it has the memory that the open file is of.
 */
ULP_MUST_CHECK enum ulp_code memory_read_many(const struct process *proc, pid_t tid,
					      const struct space_piece *pieces, size_t nr,
					      struct ulp_err *err);

/*
 * Writes several pieces in their order, by few system calls while tid is not 0, else as
 * memory_write() does.  Who is killed meanwhile has written the first ones.
 */
ULP_MUST_CHECK enum ulp_code memory_write_many(const struct process *proc, pid_t tid,
					       const struct space_piece *pieces, size_t nr,
					       struct ulp_err *err);

/*
 * Writes whatever the protection is; an aligned 8-byte write is a single
 * store.  tid: a thread in a ptrace-stop of ours through which to write where
 * the kernel forbids /proc/PID/mem (proc_mem.force_override), 0 for none.
 *
 * Errors: ULP_EGONE, ULP_EPERM, ULP_ESYS.  What was written before a failure
 * in the middle stays.
 */
ULP_MUST_CHECK enum ulp_code memory_write(const struct process *proc, pid_t tid, uint64_t to,
					  const void *buf, size_t len, struct ulp_err *err);

#endif
