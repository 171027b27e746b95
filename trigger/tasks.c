/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads /proc/PID/task, .../stat and .../status.  Formats: proc(5).
 */
#include "config.h"

#include "trigger/tasks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* include/linux/sched.h; the same since Linux 2.6.27 */
#define PF_EXITING 0x00000004u
#define PF_KTHREAD 0x00200000u

/*
 * The same place, each since the Linux named.  Before, threads that run user code had these bits:
 * PF_VCPU, PF_USED_ASYNC.
 */
#define PF_IO_WORKER 0x00000010u   /* 5.10; threads of the process since 5.12 */
#define PF_USER_WORKER 0x00004000u /* 6.4; has those of io_uring, too */

ssize_t task_read_file(char *buf, size_t len, const char *fmt, ...)
{
	char path[128];
	size_t got = 0;
	va_list args;
	int fd, saved;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (got < len - 1) {
		ssize_t n = read(fd, buf + got, len - 1 - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	close(fd);
	buf[got] = '\0';
	return (ssize_t)got;
}

/* Start of the n-th field of a stat line, the state being number 3; NULL if there are fewer. */
static const char *stat_field(const char *after_name, int n)
{
	const char *at = after_name;

	for (int i = 3; at != NULL && i <= n; i++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at;
}

/* What follows the name in a stat line; NULL if there is nothing. */
static const char *stat_after_name(const char *line)
{
	/* The name may hold anything, also ") ": its end is the last one. */
	const char *end = strrchr(line, ')');

	return end == NULL || end[1] != ' ' || end[2] == '\0' ? NULL : end;
}

/* Those flags that tell a worker. */
static unsigned worker_flags(void)
{
	static unsigned flags;
	static bool known;
	unsigned major, minor;
	struct utsname name;

	if (!known && uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2) {
		if (major > 5 || (major == 5 && minor >= 10))
			flags |= PF_IO_WORKER;
		if (major > 6 || (major == 6 && minor >= 4))
			flags |= PF_USER_WORKER;
	}
	known = true;
	return flags;
}

bool task_stat(pid_t pid, pid_t tid, struct task_stat *ret)
{
	char buf[1024];
	const char *name_end, *flags, *start;
	unsigned long long bits;

	if (task_read_file(buf, sizeof(buf), "/proc/%d/task/%d/stat", pid, tid) <= 0)
		return false;
	name_end = stat_after_name(buf);
	if (name_end == NULL)
		return false;
	flags = stat_field(name_end, 9);
	start = stat_field(name_end, 22);
	if (flags == NULL || start == NULL)
		return false;
	bits = strtoull(flags, NULL, 10);
	*ret = (struct task_stat){
		.state = name_end[2],
		.kernel_thread = (bits & PF_KTHREAD) != 0,
		.worker = (bits & worker_flags()) != 0,
		.exiting = (bits & PF_EXITING) != 0,
		.start_time = strtoull(start, NULL, 10),
	};
	return true;
}

bool task_is_worker(pid_t pid, pid_t tid)
{
	struct task_stat stat;

	return task_stat(pid, tid, &stat) && stat.worker;
}

/* Value of "\nKEY:\t..." in base; 0 where the kernel does not have the line. */
static uint64_t status_value(const char *status, const char *key, int base)
{
	const char *at = strstr(status, key);

	return at == NULL ? 0 : strtoull(at + strlen(key), NULL, base);
}

/* The last number of a line of some; 0 where the kernel does not have the line. */
static uint64_t status_last(const char *status, const char *key)
{
	const char *at = strstr(status, key);
	uint64_t last = 0;
	char *end;

	if (at == NULL)
		return 0;
	at += strlen(key);
	while (*at == '\t') {
		last = strtoull(at, &end, 10);
		at = end;
	}
	return last;
}

bool task_status(pid_t pid, pid_t tid, struct task_status *ret)
{
	char buf[8192]; /* about 1.5 KiB plus the supplementary groups */

	if (task_read_file(buf, sizeof(buf), "/proc/%d/task/%d/status", pid, tid) <= 0)
		return false;
	*ret = (struct task_status){
		.tgid = (pid_t)status_value(buf, "\nTgid:", 10),
		.ppid = (pid_t)status_value(buf, "\nPPid:", 10),
		.tracer = (pid_t)status_value(buf, "\nTracerPid:", 10),
		.own_tid = (pid_t)status_last(buf, "\nNSpid:"),
		.seccomp = (int)status_value(buf, "\nSeccomp:", 10),
		.nr_threads = (size_t)status_value(buf, "\nThreads:", 10),
		.pending = status_value(buf, "\nSigPnd:", 16),
		.shared_pending = status_value(buf, "\nShdPnd:", 16),
		.caught = status_value(buf, "\nSigCgt:", 16),
	};
	return true;
}

/*
 * Field 20 of the stat line of one thread is that of the whole process; the file of the
 * process itself would sum up the times of all threads.
 */
int tasks_count_open(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

size_t tasks_count_read(int fd)
{
	char buf[1024];
	const ssize_t n = fd < 0 ? -1 : pread(fd, buf, sizeof(buf) - 1, 0);
	const char *field;

	if (n <= 0)
		return 0;
	buf[n] = '\0';
	field = stat_after_name(buf);
	if (field != NULL)
		field = stat_field(field, 20);
	return field == NULL ? 0 : (size_t)strtoull(field, NULL, 10);
}

void tasks_count_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int tasks_compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static bool append_tid(pid_t **tids, size_t *nr, size_t *cap, pid_t tid)
{
	if (*nr == *cap) {
		size_t more = *cap == 0 ? 64 : 2 * *cap;
		pid_t *grown = reallocarray(*tids, more, sizeof(**tids));

		if (grown == NULL)
			return false;
		*tids = grown;
		*cap = more;
	}
	(*tids)[(*nr)++] = tid;
	return true;
}

enum ulp_code tasks_list(pid_t pid, pid_t **tids, size_t *nr, struct ulp_err *err)
{
	char path[64];
	pid_t *list = NULL;
	size_t count = 0, cap = 0;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (dir == NULL)
		return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
	while ((entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (!append_tid(&list, &count, &cap, (pid_t)strtol(entry->d_name, NULL, 10))) {
			closedir(dir);
			free(list);
			return ulp_fail(err, ULP_ENOMEM, "out of memory for a list of threads");
		}
	}
	closedir(dir);
	if (count > 0)
		qsort(list, count, sizeof(*list), tasks_compare);
	*tids = list;
	*nr = count;
	return ULP_OK;
}

/* The file says "running", or the number of the call first, which is -1 outside of calls. */
bool task_sleeps_in(pid_t pid, pid_t tid, long *nr)
{
	char buf[256];
	char *end;

	if (task_read_file(buf, sizeof(buf), "/proc/%d/task/%d/syscall", pid, tid) <= 0)
		return false;
	*nr = strtol(buf, &end, 10);
	return end != buf && *nr >= 0;
}

bool task_has_children(pid_t pid, pid_t tid)
{
	char buf[2];

	return task_read_file(buf, sizeof(buf), "/proc/%d/task/%d/children", pid, tid) > 0;
}

/* One that is exiting neither stops nor has memory, and may take its time to become a zombie. */
static bool is_dead(const struct task_stat *stat)
{
	return stat->exiting || stat->state == 'Z' || stat->state == 'X';
}

static bool is_live(pid_t pid, pid_t tid)
{
	struct task_stat stat;

	return task_stat(pid, tid, &stat) && !is_dead(&stat);
}

struct aged_task {
	uint64_t start_time;
	pid_t tid;
};

static int compare_age(const void *a, const void *b)
{
	const struct aged_task *x = a;
	const struct aged_task *y = b;

	if (x->start_time != y->start_time)
		return x->start_time < y->start_time ? -1 : 1;
	return tasks_compare(&x->tid, &y->tid);
}

enum ulp_code tasks_by_age(pid_t pid, pid_t **tids, size_t *nr, struct ulp_err *err)
{
	struct aged_task *aged;
	size_t nr_live = 0;
	enum ulp_code code = tasks_list(pid, tids, nr, err);

	if (code != ULP_OK)
		return code;
	aged = calloc(*nr + 1, sizeof(*aged));
	if (aged == NULL) {
		free(*tids);
		return ulp_fail(err, ULP_ENOMEM, "out of memory for a list of threads");
	}
	for (size_t i = 0; i < *nr; i++) {
		struct task_stat stat;

		if (task_stat(pid, (*tids)[i], &stat) && !is_dead(&stat) && !stat.worker)
			aged[nr_live++] = (struct aged_task){stat.start_time, (*tids)[i]};
	}
	qsort(aged, nr_live, sizeof(*aged), compare_age);
	for (size_t i = 0; i < nr_live; i++)
		(*tids)[i] = aged[i].tid;
	*nr = nr_live;
	free(aged);
	return ULP_OK;
}

/* The oldest of the listed threads that lives; 0 if there is none among them. */
static pid_t oldest_live(pid_t pid)
{
	pid_t *tids, live;
	size_t nr;

	if (tasks_by_age(pid, &tids, &nr, NULL) != ULP_OK)
		return 0;
	live = nr > 0 ? tids[0] : 0;
	free(tids);
	return live;
}

pid_t tasks_live(pid_t pid)
{
	struct task_status status;

	if (is_live(pid, pid))
		return pid;
	/* All that were listed may have ended meanwhile, and others begun. */
	for (unsigned n = 0; n < TASKS_TRIES; n++) {
		pid_t live = oldest_live(pid);

		if (live != 0)
			return live;
		if (!task_status(pid, pid, &status) || status.nr_threads <= 1)
			return 0;
	}
	return 0;
}

const char *task_name(pid_t pid, char *buf, size_t len)
{
	ssize_t n = task_read_file(buf, len, "/proc/%d/comm", pid);

	if (n <= 0)
		snprintf(buf, len, "?");
	else if (buf[n - 1] == '\n') /* the kernel's; the name may have more */
		buf[n - 1] = '\0';
	for (char *c = buf; *c != '\0'; c++) {
		if (iscntrl((unsigned char)*c))
			*c = '?';
	}
	return buf;
}
