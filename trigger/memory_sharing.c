/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds processes that share the memory of another one.
 */
#include "config.h"

#include "trigger/memory_sharing.h"
#include "trigger/tasks.h"

#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* false where the kernel does not say (CONFIG_KCMP) or the other has ended. */
static bool is_shared(pid_t a, pid_t b)
{
	return a > 0 && b > 0 && syscall(SYS_kcmp, a, b, KCMP_VM, 0L, 0L) == 0;
}

/* First child of the thread that shares memory with it, 0 for none.  Needs CONFIG_PROC_CHILDREN. */
static pid_t sharing_child(pid_t pid, pid_t tid)
{
	char buf[4096], *at = buf, *end;

	if (task_read_file(buf, sizeof(buf), "/proc/%d/task/%d/children", pid, tid) <= 0)
		return 0;
	for (;;) {
		pid_t child = (pid_t)strtol(at, &end, 10);

		if (end == at)
			return 0;
		if (is_shared(tid, child))
			return child;
		at = end;
	}
}

static enum ulp_code shared_with(pid_t pid, pid_t other, struct ulp_err *err)
{
	char name[64];

	return ulp_fail(err, ULP_ESTOP,
			"process %d shares its memory with process %d (%s), as during vfork", pid,
			other, task_name(other, name, sizeof(name)));
}

enum ulp_code memory_not_shared(const struct process *proc, struct ulp_err *err)
{
	struct task_status status;
	pid_t *tids, child = 0;
	size_t nr;
	enum ulp_code code = tasks_list(proc->pid, &tids, &nr, err);

	if (code != ULP_OK)
		return code;
	for (size_t i = 0; i < nr && child == 0; i++)
		child = sharing_child(proc->pid, tids[i]);
	free(tids);
	if (child != 0)
		return shared_with(proc->pid, child, err);
	if (task_status(proc->pid, proc->pid, &status) &&
	    is_shared(tasks_live(proc->pid), status.ppid))
		return shared_with(proc->pid, status.ppid, err);
	return ULP_OK;
}
