/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each thread's children stand in a file of /proc, and to open thousands of them takes long.  So
 * it is done before the threads are stopped, and what is left for the stop follows from this:
 *
 *   - A thread that was asleep in a call which creates no process, and whose children were
 *     looked at after that, has been seen whole up to that instant.
 *   - What any thread creates later has a process id that the kernel gave out later: one
 *     between the newest before the first look and the newest now.  Those few are compared
 *     directly.  (Only a process with CAP_CHECKPOINT_RESTORE may choose ids; the tools that
 *     do so bring back a process, and that does not run yet.)
 *   - The children of all other threads, which may have been in the middle of a clone(2), are
 *     looked at again.
 */
#include "config.h"

#include "trigger/memory_sharing.h"
#include "trigger/survey.h"
#include "trigger/tasks.h"
#include "trigger/tracee.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * So many new ids for each thread are compared one by one; with more it is cheaper to look at the
 * children of all threads.
 */
#define MAX_NEW 16u

/* In less than this the ids of a system cannot have been given out all round, back to the last. */
#define MAX_AGE_NS 100000000ull

/* For so many threads the file with their children stays open. */
#define MAX_OPEN 64u

struct sharing_thread {
	pid_t tid;
	bool seen; /* whole: no need to look again */
	int fd;	   /* of its children, -1 if it is not open */
};

/* false where the kernel does not say (CONFIG_KCMP) or the other has ended. */
static bool is_shared(pid_t a, pid_t b)
{
	return a > 0 && b > 0 && syscall(SYS_kcmp, a, b, KCMP_VM, 0L, 0L) == 0;
}

static enum ulp_code shared_with(pid_t pid, pid_t other, struct ulp_err *err)
{
	char name[64];

	return ulp_fail(err, ULP_ESTOP,
			"process %d shares its memory with process %d (%s), as during vfork", pid,
			other, task_name(other, name, sizeof(name)));
}

/* --- children ---------------------------------------------------------------------- */

/* Needs CONFIG_PROC_CHILDREN. */
static int children_open(pid_t pid, pid_t tid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* First child in the file that shares memory with the thread, 0 for none. */
static pid_t sharing_child(int fd, pid_t tid)
{
	char buf[4096];
	size_t kept = 0; /* bytes of a number that the last read has cut */
	off_t off = 0;

	for (;;) {
		ssize_t n = pread(fd, buf + kept, sizeof(buf) - 1 - kept, off);
		char *at = buf, *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		off += n;
		buf[kept + (size_t)n] = '\0';
		/* The kernel writes a blank behind each number. */
		while ((end = strchr(at, ' ')) != NULL) {
			pid_t child = (pid_t)strtol(at, NULL, 10);

			if (is_shared(tid, child))
				return child;
			at = end + 1;
		}
		kept = strlen(at);
		memmove(buf, at, kept);
	}
}

static pid_t sharing_child_of(pid_t pid, pid_t tid)
{
	const int fd = children_open(pid, tid);
	pid_t child;

	if (fd < 0)
		return 0;
	child = sharing_child(fd, tid);
	close(fd);
	return child;
}

/* --- the newest process id ------------------------------------------------------------- */

/* Inside of a container another file system may show a file of its own there, and seldom renew it.
 */
static int newest_open(void)
{
	const int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC))
		return fd;
	close(fd);
	return -1;
}

/* The last number of the line (proc(5)), in our process id namespace; 0: not known. */
static pid_t newest_read(int fd)
{
	char buf[128];
	const ssize_t n = fd < 0 ? -1 : pread(fd, buf, sizeof(buf) - 1, 0);
	const char *last;

	if (n <= 0)
		return 0;
	buf[n] = '\0';
	last = strrchr(buf, ' ');
	return last == NULL ? 0 : (pid_t)strtol(last + 1, NULL, 10);
}

/* So often that going all round shows: the ids begin again with low ones. */
void memory_sharing_follow(struct memory_sharing *m)
{
	const uint64_t now_ns = clock_ns();
	const pid_t now = newest_read(m->newest_fd);

	m->known = m->known && now >= m->last && now_ns - m->at_ns < MAX_AGE_NS;
	m->last = now;
	m->at_ns = now_ns;
}

/* --- the two looks ----------------------------------------------------------------------- */

/* The children of all threads.  *child: the one that shares its memory, 0 for none. */
static enum ulp_code look(struct memory_sharing *m, pid_t *child, struct ulp_err *err)
{
	const pid_t pid = m->proc->pid;
	size_t nr, nr_open = 0;
	pid_t *tids;
	enum ulp_code code = tasks_list(pid, &tids, &nr, err);

	if (code != ULP_OK)
		return code;
	m->threads = calloc(nr + 1, sizeof(*m->threads));
	if (m->threads == NULL) {
		free(tids);
		return ulp_fail(err, ULP_ENOMEM, "out of memory for %zu threads", nr);
	}
	for (*child = 0; m->nr < nr && *child == 0; m->nr++) {
		struct sharing_thread *t = &m->threads[m->nr];

		*t = (struct sharing_thread){tids[m->nr], survey_is_asleep(pid, tids[m->nr]), -1};
		if (t->seen || nr_open++ >= MAX_OPEN)
			*child = sharing_child_of(pid, t->tid);
		else if ((t->fd = children_open(pid, t->tid)) >= 0)
			*child = sharing_child(t->fd, t->tid);
		memory_sharing_follow(m);
	}
	free(tids);
	return ULP_OK;
}

/*
 * Any process that shares the memory, 0 for none: it need be neither a child nor the parent, as one
 * of CLONE_PARENT or whose parent has ended.
 */
static pid_t sharing_process(struct memory_sharing *m)
{
	const pid_t tid = tasks_live(m->proc->pid);
	struct dirent *entry;
	pid_t found = 0;
	DIR *proc = opendir("/proc");

	while (proc != NULL && found == 0 && (entry = readdir(proc)) != NULL) {
		const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid != m->proc->pid && is_shared(tid, pid))
			found = pid;
	}
	if (proc != NULL)
		closedir(proc);
	memory_sharing_follow(m);
	return found;
}

enum ulp_code memory_sharing_begin(struct memory_sharing *m, const struct process *proc,
				   struct ulp_err *err)
{
	pid_t other = 0;
	enum ulp_code code;

	*m = (struct memory_sharing){.proc = proc, .newest_fd = newest_open(), .at_ns = clock_ns()};
	m->first = m->last = newest_read(m->newest_fd);
	m->known = m->first > 0;
	code = look(m, &other, err);
	if (code == ULP_OK && other == 0)
		other = sharing_process(m);
	if (code == ULP_OK && other != 0)
		code = shared_with(proc->pid, other, err);
	if (code != ULP_OK)
		memory_sharing_end(m);
	return code;
}

void memory_sharing_end(struct memory_sharing *m)
{
	for (size_t i = 0; i < m->nr; i++) {
		if (m->threads[i].fd >= 0)
			close(m->threads[i].fd);
	}
	free(m->threads);
	if (m->newest_fd >= 0)
		close(m->newest_fd);
	*m = (struct memory_sharing){.newest_fd = -1};
}

static int compare_thread(const void *key, const void *element)
{
	const pid_t tid = *(const pid_t *)key;
	const struct sharing_thread *t = element;

	return (tid > t->tid) - (tid < t->tid);
}

/* A child of the stopped thread that shares its memory, 0 for none. */
static pid_t look_again(const struct memory_sharing *m, pid_t tid, bool trust)
{
	const struct sharing_thread *t =
		bsearch(&tid, m->threads, m->nr, sizeof(*m->threads), compare_thread);

	if (trust && t != NULL && t->seen)
		return 0;
	return t != NULL && t->fd >= 0 ? sharing_child(t->fd, tid)
				       : sharing_child_of(m->proc->pid, tid);
}

static bool is_among(pid_t tid, const pid_t *tids, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (tids[i] == tid)
			return true;
	}
	return false;
}

enum ulp_code memory_sharing_again(struct memory_sharing *m, const pid_t *tids, size_t nr,
				   struct ulp_err *err)
{
	bool few;

	memory_sharing_follow(m);
	few = m->known && (size_t)(m->last - m->first) <= MAX_NEW * nr;
	for (pid_t pid = m->first + 1; few && pid <= m->last; pid++) {
		if (is_shared(tids[0], pid) && !is_among(pid, tids, nr) &&
		    !task_is_worker(m->proc->pid, pid))
			return shared_with(m->proc->pid, pid, err);
	}
	for (size_t i = 0; i < nr; i++) {
		pid_t child = look_again(m, tids[i], few);

		if (child != 0)
			return shared_with(m->proc->pid, child, err);
	}
	return ULP_OK;
}
