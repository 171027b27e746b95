/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * To ask every process takes long.  So it is done before the threads are stopped, once for several
 * stops, and what is left for the stop follows from this:
 *
 *   - Of a thread that was asleep in a call which creates no process, before the processes were
 *     asked, all that it had created has been asked.
 *   - What any thread creates later has a process id that the kernel gave out later: one
 *     between the newest before that look and the newest now.  Those few are compared directly.
 *     (Only a process with CAP_CHECKPOINT_RESTORE may choose ids; the tools that do so bring back
 *     a process, and that does not run yet.)
 *   - All other threads may have been in the middle of a clone(2) from before the look until after
 *     it, so their children are looked at.  (One that made a child for its parent, CLONE_PARENT,
 *     for that long would be missed.)
 *
 * Where it cannot be told which ids are newer, or they are many, every process is asked during the
 * stop.
 *
 * Where kcmp(2) is not allowed or missing (CONFIG_KCMP) it cannot be told who shares.  The parent
 * of a child of vfork cannot be stopped even then, before the child has other memory or has ended;
 * and the child is known by its parent, which waits for it.
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

/* So many new ids are compared one by one; with more it is cheaper to ask all processes. */
#define MAX_NEW 1024

/* With more the first look is done anew before a further stop. */
#define MAX_KEPT (MAX_NEW / 4)

/* In less than this the ids of a system cannot have been given out all round, back to the last. */
#define MAX_AGE_NS 100000000ull

/* After so many threads or processes it is noted which ids have been given out. */
#define FOLLOW_ENTRIES 64u

/* For so many threads the file with their children stays open. */
#define MAX_OPEN 64u

struct sharing_thread {
	pid_t tid;
	bool seen; /* all that it had created: no need to look at its children */
	int fd;	   /* of its children, -1 if it is not open */
};

/* Whether the thread has had its memory until now.  Without any it would equal kernel threads. */
static bool has_memory(pid_t pid, pid_t tid)
{
	struct task_stat stat;

	return task_stat(pid, tid, &stat) && !stat.exiting;
}

/* false where the kernel does not say, or one of them has ended. */
static bool is_shared(const struct process *proc, pid_t tid, pid_t other)
{
	return tid > 0 && other > 0 && syscall(SYS_kcmp, tid, other, KCMP_VM, 0L, 0L) == 0 &&
	       has_memory(proc->pid, tid);
}

/* Whether the kernel tells at all. */
static bool can_compare(void)
{
	const pid_t self = getpid();

	return syscall(SYS_kcmp, self, self, KCMP_VM, 0L, 0L) == 0;
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

typedef bool child_fn(const struct process *proc, pid_t tid, pid_t child);

/* First child in the file of the thread that is such a one, 0 for none. */
static pid_t find_child(const struct process *proc, pid_t tid, int fd, child_fn *is_it)
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

			if (is_it(proc, tid, child))
				return child;
			at = end + 1;
		}
		kept = strlen(at);
		memmove(buf, at, kept);
	}
}

static pid_t sharing_child_of(const struct process *proc, pid_t tid)
{
	const int fd = children_open(proc->pid, tid);
	pid_t child;

	if (fd < 0)
		return 0;
	child = find_child(proc, tid, fd, is_shared);
	close(fd);
	return child;
}

/* --- without kcmp ---------------------------------------------------------------------- */

static bool is_itself(const struct process *proc, pid_t tid, pid_t child)
{
	(void)tid;
	return child == proc->pid;
}

/* Whether the thread may wait in vfork for the process: in state D, and its parent. */
static bool may_wait_for(pid_t pid, pid_t tid, const struct process *proc)
{
	bool is_parent;
	int fd;

	if (survey_state(pid, tid) != 'D')
		return false;
	fd = children_open(pid, tid);
	if (fd < 0)
		return true;
	is_parent = find_child(proc, tid, fd, is_itself) != 0;
	close(fd);
	return is_parent;
}

/* The parent, if that has made the process by vfork and is still waiting, 0 if not. */
static pid_t vfork_parent(const struct process *proc)
{
	struct task_status status;
	bool waits = false;
	pid_t *tids;
	size_t nr;

	if (!task_status(proc->pid, proc->pid, &status) || status.ppid <= 0 ||
	    tasks_list(status.ppid, &tids, &nr, NULL) != ULP_OK)
		return 0;
	for (size_t i = 0; i < nr && !waits; i++)
		waits = may_wait_for(status.ppid, tids[i], proc);
	free(tids);
	return waits ? status.ppid : 0;
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

/* --- younger processes ------------------------------------------------------------------- */

static bool is_among(pid_t tid, const pid_t *tids, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (tids[i] == tid)
			return true;
	}
	return false;
}

/* Not if it has ended. */
static bool is_of_another(const struct process *proc, pid_t tid)
{
	struct task_status status;

	return task_status(tid, tid, &status) && status.tgid != proc->pid;
}

/* One that is younger than the first look and shares the memory, 0 for none.  tids: our threads. */
static pid_t sharing_younger(const struct memory_sharing *m, const pid_t *tids, size_t nr)
{
	for (pid_t pid = m->first + 1; pid <= m->last; pid++) {
		if (is_shared(m->proc, tids[0], pid) && !is_among(pid, tids, nr) &&
		    is_of_another(m->proc, pid))
			return pid;
	}
	return 0;
}

/* --- all processes ----------------------------------------------------------------------- */

/*
 * *other: any process that shares the memory, 0 for none.  It need be neither a child nor the
 * parent, as one of CLONE_PARENT or whose parent has ended.
 */
static enum ulp_code sharing_process(struct memory_sharing *m, pid_t tid, pid_t *other,
				     struct ulp_err *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (proc == NULL)
		return ulp_fail_errno(err, ULP_ESYS, "cannot read /proc");
	*other = 0;
	for (size_t n = 1; *other == 0 && (entry = readdir(proc)) != NULL; n++) {
		const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid != m->proc->pid && is_shared(m->proc, tid, pid))
			*other = pid;
		if (n % FOLLOW_ENTRIES == 0)
			memory_sharing_follow(m);
	}
	closedir(proc);
	memory_sharing_follow(m);
	return ULP_OK;
}

/* --- the two looks ----------------------------------------------------------------------- */

/* Which threads sleep.  For some of the others what is left to do is made cheaper. */
static enum ulp_code look_at_threads(struct memory_sharing *m, struct ulp_err *err)
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
	for (; m->nr < nr; m->nr++) {
		struct sharing_thread *t = &m->threads[m->nr];

		*t = (struct sharing_thread){tids[m->nr], survey_is_asleep(pid, tids[m->nr]), -1};
		if (!t->seen && nr_open++ < MAX_OPEN)
			t->fd = children_open(pid, t->tid);
		if (m->nr % FOLLOW_ENTRIES == 0)
			memory_sharing_follow(m);
	}
	free(tids);
	return ULP_OK;
}

static enum ulp_code look(struct memory_sharing *m, const struct process *proc, pid_t *other,
			  struct ulp_err *err)
{
	enum ulp_code code;
	pid_t tid;

	*m = (struct memory_sharing){.proc = proc, .newest_fd = newest_open(), .at_ns = clock_ns()};
	m->first = m->last = newest_read(m->newest_fd);
	m->known = m->first > 0;
	m->can_compare = can_compare();
	if (!m->can_compare) {
		*other = vfork_parent(proc);
		return ULP_OK;
	}
	code = look_at_threads(m, err);
	if (code != ULP_OK)
		return code;
	tid = tasks_live(proc->pid);
	code = sharing_process(m, tid, other, err);
	/* If it has ended meanwhile nothing was learnt. */
	m->known = m->known && has_memory(proc->pid, tid);
	return code;
}

/* Whether an earlier first look will do. */
static bool is_fresh(struct memory_sharing *m)
{
	if (m->proc == NULL)
		return false;
	memory_sharing_follow(m);
	return m->known && m->last - m->first <= MAX_KEPT;
}

enum ulp_code memory_sharing_begin(struct memory_sharing *m, const struct process *proc,
				   struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;
	pid_t other = 0;

	if (is_fresh(m)) {
		const pid_t tid = tasks_live(proc->pid);

		other = sharing_younger(m, &tid, 1);
	} else {
		memory_sharing_end(m);
		code = look(m, proc, &other, err);
	}
	if (code == ULP_OK && other != 0)
		code = shared_with(proc->pid, other, err);
	if (code != ULP_OK)
		memory_sharing_end(m);
	return code;
}

void memory_sharing_end(struct memory_sharing *m)
{
	if (m->proc == NULL)
		return;
	for (size_t i = 0; i < m->nr; i++) {
		if (m->threads[i].fd >= 0)
			close(m->threads[i].fd);
	}
	free(m->threads);
	if (m->newest_fd >= 0)
		close(m->newest_fd);
	memset(m, 0, sizeof(*m));
}

static int compare_thread(const void *key, const void *element)
{
	const pid_t tid = *(const pid_t *)key;
	const struct sharing_thread *t = element;

	return (tid > t->tid) - (tid < t->tid);
}

/* A child of the stopped thread that shares its memory and may be older than the first look. */
static pid_t look_again(const struct memory_sharing *m, pid_t tid)
{
	const struct sharing_thread *t =
		bsearch(&tid, m->threads, m->nr, sizeof(*m->threads), compare_thread);

	if (t == NULL ? tid > m->first : t->seen)
		return 0;
	return t != NULL && t->fd >= 0 ? find_child(m->proc, tid, t->fd, is_shared)
				       : sharing_child_of(m->proc, tid);
}

enum ulp_code memory_sharing_again(struct memory_sharing *m, const pid_t *tids, size_t nr,
				   struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;
	pid_t other = 0;

	memory_sharing_follow(m);
	if (!m->can_compare) {
		/* At the first look the parent may have been about to begin to wait. */
		other = vfork_parent(m->proc);
	} else if (m->known && m->last - m->first <= MAX_NEW) {
		other = sharing_younger(m, tids, nr);
		for (size_t i = 0; i < nr && other == 0; i++)
			other = look_again(m, tids[i]);
	} else {
		code = sharing_process(m, tids[0], &other, err);
	}
	return code == ULP_OK && other != 0 ? shared_with(m->proc->pid, other, err) : code;
}
