/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opens a process: identity, permissions, auxiliary vector, memory.
 */
#include "config.h"

#include "trigger/process.h"
#include "trigger/tasks.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum ulp_code no_process(pid_t pid, struct ulp_err *err)
{
	return ulp_fail(err, ULP_ENOPROC, "there is no process %d", pid);
}

/* What was asked for must be a process with a user space, and not one of its threads. */
static enum ulp_code check_kind(pid_t pid, struct process *proc, pid_t *live, struct ulp_err *err)
{
	struct task_stat stat;
	struct task_status status;

	if (pid <= 0 || !task_stat(pid, pid, &stat) || !task_status(pid, pid, &status))
		return no_process(pid, err);
	/* /proc/TID exists for every thread, though it is not listed. */
	if (status.tgid != pid)
		return ulp_fail(err, ULP_ENOPROC, "%d is a thread of process %d", pid, status.tgid);
	if (stat.kernel_thread)
		return ulp_fail(err, ULP_ENOPROC, "%d is a kernel thread", pid);
	*live = tasks_live(pid);
	if (*live == 0)
		return ulp_fail(err, ULP_ENOPROC, "process %d has ended and is a zombie", pid);
	proc->start_time = stat.start_time;
	return ULP_OK;
}

enum ulp_code process_exists(pid_t pid, struct ulp_err *err)
{
	struct process unused;
	pid_t live;

	return check_kind(pid, &unused, &live, err);
}

static enum ulp_code no_permission(pid_t pid, struct ulp_err *err)
{
	char scope[16];

	if (geteuid() == 0)
		return ulp_fail(err, ULP_EPERM,
				"process %d may not be traced by us although we are root: "
				"CAP_SYS_PTRACE is missing, or a user namespace, a container or a "
				"security module forbids it",
				pid);
	if (task_read_file(scope, sizeof(scope), "/proc/sys/kernel/yama/ptrace_scope") > 0 &&
	    scope[0] != '0')
		return ulp_fail(err, ULP_EPERM,
				"process %d may not be traced by us: run as root, or with "
				"CAP_SYS_PTRACE (kernel.yama.ptrace_scope is %c)",
				pid, scope[0]);
	return ulp_fail(
		err, ULP_EPERM,
		"process %d may not be traced by us: run as root, with CAP_SYS_PTRACE, or as "
		"the user of the process if that is not set-user-ID",
		pid);
}

static enum ulp_code open_failed(pid_t pid, const char *path, struct ulp_err *err)
{
	if (errno == EACCES || errno == EPERM)
		return no_permission(pid, err);
	if (errno == ENOENT || errno == ESRCH)
		return no_process(pid, err);
	return ulp_fail_errno(err, ULP_ESYS, "cannot open %s", path);
}

static enum ulp_code check_class(pid_t pid, pid_t live, struct ulp_err *err)
{
	unsigned char ident[EI_NIDENT] = {0};
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/exe", pid, live);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return open_failed(pid, path, err);
	n = pread(fd, ident, sizeof(ident), 0);
	close(fd);
	if (n != (ssize_t)sizeof(ident) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return ulp_fail(err, ULP_EUNSUP, "the executable of process %d is not an ELF file",
				pid);
	if (ident[EI_CLASS] != ELFCLASS64)
		return ulp_fail(err, ULP_EUNSUP, "process %d is a 32-bit program", pid);
	return ULP_OK;
}

bool process_auxv(pid_t pid, pid_t tid, uint64_t type, uint64_t *value)
{
	_Alignas(Elf64_auxv_t) char buf[4096];
	ssize_t n = task_read_file(buf, sizeof(buf), "/proc/%d/task/%d/auxv", pid, tid);
	const Elf64_auxv_t *aux = (const Elf64_auxv_t *)(const void *)buf;

	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(*aux) && aux[i].a_type != AT_NULL; i++) {
		if (aux[i].a_type == type) {
			*value = aux[i].a_un.a_val;
			return true;
		}
	}
	return false;
}

/* What is not there stays 0. */
static void read_auxv(pid_t pid, pid_t live, struct process *proc)
{
	(void)process_auxv(pid, live, AT_PHDR, &proc->at_phdr);
	(void)process_auxv(pid, live, AT_PHNUM, &proc->at_phnum);
}

static enum ulp_code open_mem(pid_t pid, pid_t live, struct process *proc, struct ulp_err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/mem", pid, live);
	proc->mem_fd = open(path, O_RDWR | O_CLOEXEC);
	proc->writable = proc->mem_fd >= 0;
	if (proc->mem_fd < 0 && (errno == EACCES || errno == EROFS))
		proc->mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (proc->mem_fd < 0)
		return open_failed(pid, path, err);
	return ULP_OK;
}

/* By the files of thread `live`. */
static enum ulp_code open_by_thread(pid_t live, struct process *proc, struct ulp_err *err)
{
	struct task_status status;
	enum ulp_code code;

	if (!task_status(proc->pid, live, &status))
		return no_process(proc->pid, err);
	proc->seccomp = status.seccomp;
	code = check_class(proc->pid, live, err);
	if (code == ULP_OK)
		code = open_mem(proc->pid, live, proc, err);
	if (code != ULP_OK)
		return code;
	read_auxv(proc->pid, live, proc);
	return ULP_OK;
}

/* Whether what could not be read is to be asked of another thread. */
static bool thread_has_ended(const struct process *proc, pid_t live)
{
	struct task_stat stat;

	return (!task_stat(proc->pid, live, &stat) || stat.exiting || stat.state == 'Z' ||
		stat.state == 'X') &&
	       process_alive(proc);
}

enum ulp_code process_open(pid_t pid, struct process *proc, struct ulp_err *err)
{
	for (unsigned n = 1;; n++) {
		struct process p = {.pid = pid, .mem_fd = -1};
		pid_t live = 0;
		enum ulp_code code = check_kind(pid, &p, &live, err);

		if (code == ULP_OK) {
			task_name(pid, p.name, sizeof(p.name));
			code = open_by_thread(live, &p, err);
		}
		/* Nothing is missing, or it is not for the end of that thread. */
		if ((code == ULP_OK && p.at_phdr != 0 && p.at_phnum != 0) || live == 0 ||
		    n == TASKS_TRIES || !thread_has_ended(&p, live)) {
			if (code == ULP_OK)
				*proc = p;
			return code;
		}
		process_close(&p);
	}
}

void process_close(struct process *proc)
{
	if (proc == NULL)
		return;
	if (proc->mem_fd >= 0)
		close(proc->mem_fd);
	proc->mem_fd = -1;
}

/* proc(5): the link of a file that has been removed ends in this. */
#define REMOVED " (deleted)"

const char *process_program(const struct process *proc, char *buf, size_t len)
{
	const size_t removed = strlen(REMOVED);
	char link[64], path[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/task/%d/exe", proc->pid, tasks_live(proc->pid));
	n = readlink(link, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = '\0';
	if (n > (ssize_t)removed && strcmp(path + n - removed, REMOVED) == 0)
		path[n - (ssize_t)removed] = '\0';
	slash = strrchr(path, '/');
	snprintf(buf, len, "%s", slash ? slash + 1 : path);
	return buf;
}

bool process_alive(const struct process *proc)
{
	struct task_stat stat;

	return task_stat(proc->pid, proc->pid, &stat) && stat.start_time == proc->start_time &&
	       tasks_live(proc->pid) != 0;
}

const char *process_file_path(const struct process *proc, const char *path, uint64_t start,
			      uint64_t end, char *buf, size_t len)
{
	char mapped[96];
	struct stat by_name, by_mapping;
	pid_t live = tasks_live(proc->pid);

	snprintf(mapped, sizeof(mapped), "/proc/%d/map_files/%lx-%lx", proc->pid,
		 (unsigned long)start, (unsigned long)end);
	snprintf(buf, len, "/proc/%d/task/%d/root%s", proc->pid, live, path);
	/* map_files can only be followed with CAP_CHECKPOINT_RESTORE; without it the name must do.
	 */
	if (stat(mapped, &by_mapping) == 0 &&
	    (stat(buf, &by_name) != 0 || by_name.st_dev != by_mapping.st_dev ||
	     by_name.st_ino != by_mapping.st_ino))
		snprintf(buf, len, "%s", mapped);
	return buf;
}
