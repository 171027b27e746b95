/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What /proc tells about a process, and its memory.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/victim_session.h"
#include "trigger/memory.h"
#include "trigger/process.h"
#include "trigger/tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ODD_NAME "odd\n\033name"
#define ODD_SHOWN "odd??name"

static unsigned char data[16] = {1, 2, 3};

/* --- victims ---------------------------------------------------------------- */

static void wait_to_quit(struct board *board)
{
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit)) {
		atomic_fetch_add(&board->rounds, 1);
		usleep(1000);
	}
}

static void waits(struct board *board, void *arg)
{
	(void)arg;
	prctl(PR_SET_NAME, ODD_NAME);
	wait_to_quit(board);
}

static void *tell_tid(void *arg)
{
	struct board *board = arg;

	atomic_store(&board->tid, (int)syscall(SYS_gettid));
	wait_to_quit(board);
	return NULL;
}

/*
 * Each thread ends as soon as it has started the next one.  A millisecond is longer than it
 * takes to read what is asked for, also with sanitizers, and short enough to end in the middle.
 */
static void *hand_on(void *arg)
{
	const struct timespec life = {.tv_nsec = 1000000};
	struct board *board = arg;
	pthread_attr_t attr;
	pthread_t next;

	if (atomic_load(&board->quit))
		_exit(0);
	atomic_fetch_add(&board->rounds, 1);
	atomic_store(&board->ready, true);
	(void)nanosleep(&life, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&next, &attr, hand_on, board) != 0)
		_exit(2);
	return NULL;
}

static void lives_in_short_threads(struct board *board, void *arg)
{
	(void)arg;
	(void)hand_on(board);
	pthread_exit(NULL);
}

static void has_a_thread(struct board *board, void *arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, tell_tid, board);
	pthread_join(thread, NULL);
}

/* --- opening ------------------------------------------------------------------ */

static void process_is_described(void **state)
{
	struct victim v = victim_start(waits, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	assert_int_equal(proc.pid, v.pid);
	assert_string_equal(proc.name, ODD_SHOWN);
	assert_true(proc.start_time > 0);
	assert_int_equal(proc.seccomp, 0);
	assert_true(proc.writable);
	assert_true(proc.at_phdr != 0);
	assert_true(proc.at_phnum != 0);
	assert_true(process_alive(&proc));
	kill(v.pid, SIGKILL);
	waitpid(v.pid, NULL, 0);
	assert_false(process_alive(&proc));
	process_close(&proc);
}

static void no_process_is_reported(void **state)
{
	struct process proc;
	struct ulp_err err;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	await_state(pid, pid, "Z");
	assert_int_equal(process_open(pid, &proc, &err), ULP_ENOPROC);
	assert_non_null(strstr(err.text, "zombie"));
	waitpid(pid, NULL, 0);
	assert_int_equal(process_open(pid, &proc, &err), ULP_ENOPROC);
	assert_int_equal(process_open(0, &proc, &err), ULP_ENOPROC);
	assert_int_equal(process_open(-1, &proc, &err), ULP_ENOPROC);
}

static void thread_is_no_process(void **state)
{
	struct victim v = victim_start(has_a_thread, NULL);
	struct process proc;
	struct ulp_err err;

	(void)state;
	assert_int_equal(process_open(atomic_load(&v.board->tid), &proc, &err), ULP_ENOPROC);
	assert_non_null(strstr(err.text, "thread of process"));
	victim_finish(&v);
}

static void process_of_another_user_is_refused(void **state)
{
	struct victim v;
	int status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("only root can become another user\n");
		skip();
	}
	v = victim_start(waits, NULL);
	pid = fork();
	if (pid == 0) {
		struct process proc;
		struct ulp_err err;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(99);
		_exit((int)process_open(v.pid, &proc, &err));
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ULP_EPERM);
	victim_finish(&v);
}

/* --- mappings --------------------------------------------------------------------- */

/* A file with an awkward name, mapped at an address that the victim inherits. */
struct mapped {
	char path[64];
	void *addr;
};

static void map_file(struct mapped *m)
{
	int fd;

	snprintf(m->path, sizeof(m->path), "/tmp/ulp map\n%d", getpid());
	fd = open(m->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8192), 0);
	m->addr = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 4096);
	assert_ptr_not_equal(m->addr, MAP_FAILED);
	close(fd);
}

static void unmap_file(const struct mapped *m)
{
	munmap(m->addr, 4096);
	unlink(m->path);
}

static size_t find_region(const struct ulp_region *regions, size_t nr, const void *addr)
{
	for (size_t i = 0; i < nr; i++) {
		if ((uint64_t)(uintptr_t)addr >= regions[i].start &&
		    (uint64_t)(uintptr_t)addr < regions[i].end)
			return i;
	}
	fail_msg("no mapping holds %p", addr);
	return 0;
}

static void mappings_are_listed(void **state)
{
	struct ulp_region *regions;
	struct process proc;
	struct mapped m;
	struct victim v;
	struct stat stat_buf;
	struct ulp_err err;
	char **paths;
	size_t nr, at;

	(void)state;
	map_file(&m);
	v = victim_start(waits, NULL);
	open_victim(&v, &proc);
	assert_succeeds(process_regions(&proc, &regions, &paths, &nr, &err), &err);
	for (size_t i = 1; i < nr; i++)
		assert_true(regions[i - 1].end <= regions[i].start);
	at = find_region(regions, nr, m.addr);
	assert_string_equal(paths[at], m.path);
	assert_int_equal(regions[at].prot, PROT_READ);
	assert_int_equal(regions[at].offset, 4096);
	assert_int_equal(stat(m.path, &stat_buf), 0);
	assert_int_equal(regions[at].inode, stat_buf.st_ino);
	at = find_region(regions, nr, victim_syscall_code);
	assert_int_equal(regions[at].prot, PROT_READ | PROT_EXEC);
	at = find_region(regions, nr, v.board);
	assert_int_equal(regions[at].prot, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < nr; i++)
		free(paths[i]);
	free(paths);
	free(regions);
	close_victim(&v, &proc);
	unmap_file(&m);
}

/* Where the kernel can be asked for single mappings it says the same as the list. */
static void mappings_are_found_by_their_addresses(void **state)
{
	struct victim v = victim_start(waits, NULL);
	/* The last two are nowhere, and in the same mapping as the first. */
	const uint64_t addrs[] = {(uint64_t)(uintptr_t)data, (uint64_t)(uintptr_t)waits, 64,
				  (uint64_t)(uintptr_t)data + 1};
	struct ulp_region *all, *some;
	char **all_paths, **some_paths;
	size_t nr_all, nr_some, at;
	struct process proc;
	struct ulp_err err;
	enum ulp_code code;

	(void)state;
	open_victim(&v, &proc);
	code = process_regions_at(&proc, addrs, 4, &some, &some_paths, &nr_some, &err);
	if (code == ULP_EUNSUP) {
		close_victim(&v, &proc);
		skip(); /* Linux before 6.11 */
	}
	assert_succeeds(code, &err);
	assert_int_equal(nr_some, 2);
	assert_true(some[0].start < some[1].start);
	assert_succeeds(process_regions(&proc, &all, &all_paths, &nr_all, &err), &err);
	for (size_t i = 0; i < nr_some; i++) {
		at = find_region(all, nr_all, (const void *)(uintptr_t)some[i].start);
		assert_int_equal(all[at].start, some[i].start);
		assert_int_equal(all[at].end, some[i].end);
		assert_int_equal(all[at].prot, some[i].prot);
		assert_int_equal(all[at].inode, some[i].inode);
		assert_int_equal(all[at].offset, some[i].offset);
		assert_string_equal(all_paths[at], some_paths[i]);
		free(some_paths[i]);
	}
	for (size_t i = 0; i < nr_all; i++)
		free(all_paths[i]);
	free(all_paths);
	free(some_paths);
	free(all);
	free(some);
	close_victim(&v, &proc);
}

/* An updated file: the name means a new one, the process still has the old one. */
static void replaced_file_is_found_through_its_mapping(void **state)
{
	struct stat by_path, by_mapping;
	struct process proc;
	struct mapped m;
	struct victim v;
	char path[PATH_MAX];
	uint64_t start;
	int fd;

	(void)state;
	map_file(&m);
	start = (uint64_t)(uintptr_t)m.addr;
	assert_int_equal(stat(m.path, &by_mapping), 0);
	v = victim_start(waits, NULL);
	open_victim(&v, &proc);
	process_file_path(&proc, m.path, start, start + 4096, path, sizeof(path));
	assert_int_equal(stat(path, &by_path), 0);
	assert_int_equal(by_path.st_ino, by_mapping.st_ino);
	assert_null(strstr(path, "map_files"));

	/* The new one is made while the old one exists, so that it is another inode. */
	snprintf(path, sizeof(path), "%s.new", m.path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rename(path, m.path), 0);
	process_file_path(&proc, m.path, start, start + 4096, path, sizeof(path));
	if (geteuid() == 0) {
		assert_int_equal(stat(path, &by_path), 0);
		assert_int_equal(by_path.st_ino, by_mapping.st_ino);
	}
	close_victim(&v, &proc);
	unmap_file(&m);
}

/* --- list ------------------------------------------------------------------------------ */

static bool is_listed(const char *selector, pid_t pid, size_t *nr)
{
	struct ulp_err err;
	pid_t *pids;
	bool found = false;

	assert_succeeds(process_list(selector, &pids, nr, &err), &err);
	for (size_t i = 0; i < *nr; i++) {
		if (pids[i] == pid)
			found = true;
		assert_int_not_equal(pids[i], getpid());
	}
	free(pids);
	return found;
}

static void processes_are_selected(void **state)
{
	struct victim v = victim_start(waits, NULL);
	char number[16];
	struct ulp_err err;
	pid_t *pids;
	size_t nr;

	(void)state;
	assert_true(is_listed(NULL, v.pid, &nr));
	assert_true(is_listed("odd*name", v.pid, &nr));
	assert_true(is_listed("odd[?][?]name", v.pid, &nr));
	assert_false(is_listed("even*", v.pid, &nr));
	assert_int_equal(nr, 0);
	snprintf(number, sizeof(number), "%d", v.pid);
	assert_true(is_listed(number, v.pid, &nr));
	assert_int_equal(nr, 1);
	victim_finish(&v);
	assert_int_equal(process_list(number, &pids, &nr, &err), ULP_ENOPROC);
}

/* --- memory ------------------------------------------------------------------------------ */

static void memory_is_read_and_written(void **state)
{
	const uint64_t at = (uint64_t)(uintptr_t)data;
	const uint64_t text = (uint64_t)(uintptr_t)victim_call_end;
	unsigned char bytes[sizeof(data)], more[3] = {7, 8, 9};
	struct victim v = victim_start(waits, NULL);
	struct process proc;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	assert_succeeds(memory_read(&proc, at, bytes, sizeof(bytes), &err), &err);
	assert_memory_equal(bytes, data, sizeof(data));
	assert_succeeds(memory_write(&proc, 0, at + 5, more, sizeof(more), &err), &err);
	assert_succeeds(memory_read(&proc, at, bytes, sizeof(bytes), &err), &err);
	assert_memory_equal(bytes + 5, more, sizeof(more));
	assert_memory_equal(bytes, data, 5);
	/* Text is changed in the victim only. */
	assert_succeeds(memory_write(&proc, 0, text, more, 1, &err), &err);
	assert_succeeds(memory_read(&proc, text, bytes, 1, &err), &err);
	assert_int_equal(bytes[0], 7);
	assert_int_not_equal(*victim_call_end, 7);
	close_victim(&v, &proc);
}

/*
 * Data; data again, text, which the process itself may not write, data; and up to what cannot be
 * written.
 */
static void check_lists(const struct process *proc, pid_t tid)
{
	const uint64_t at = (uint64_t)(uintptr_t)data;
	const uint64_t text = (uint64_t)(uintptr_t)victim_call_end;
	unsigned char bytes[sizeof(data)], more[] = {'a', 'b', 'c', 'd', 'e', 'f'};
	const struct space_piece good[] = {
		{at, &more[0], 2}, {at, &more[2], 1}, {text, &more[3], 1}, {at + 4, &more[4], 2}};
	const struct space_piece bad[] = {
		{at + 8, &more[0], 1}, {4096, &more[1], 1}, {at + 9, &more[2], 1}};
	struct ulp_err err;

	assert_succeeds(memory_write_many(proc, tid, good, 4, &err), &err);
	assert_int_equal(memory_write_many(proc, tid, bad, 3, &err), ULP_ESYS);
	assert_succeeds(memory_read(proc, at, bytes, sizeof(bytes), &err), &err);
	assert_memory_equal(bytes, "cb\3\0ef\0\0a\0", 10);
	assert_succeeds(memory_read(proc, text, bytes, 1, &err), &err);
	assert_int_equal(bytes[0], 'd');
}

static void lists_are_written_in_their_order(void **state)
{
	struct victim v = victim_start(waits, NULL);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	check_lists(&proc, 0);
	close_victim(&v, &proc);
	v = victim_start(waits, NULL);
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	check_lists(&proc, session_stopped_tid(s));
	session_end(s);
	close_victim(&v, &proc);
}

static void unreadable_memory_is_reported(void **state)
{
	static const uint64_t bad[] = {0,	  4096,		  INT64_MAX - 3,
				       INT64_MAX, UINT64_MAX - 3, UINT64_MAX};
	struct victim v = victim_start(waits, NULL);
	struct process proc;
	struct ulp_err err;
	char bytes[8] = {0};

	(void)state;
	open_victim(&v, &proc);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(memory_read(&proc, bad[i], bytes, 8, &err), ULP_ESYS);
		assert_true(err.sys_errno == EFAULT || err.sys_errno == EIO);
		assert_int_equal(memory_write(&proc, 0, bad[i], bytes, 8, &err), ULP_ESYS);
	}
	kill(v.pid, SIGKILL);
	waitpid(v.pid, NULL, 0);
	assert_int_equal(memory_read(&proc, (uint64_t)(uintptr_t)data, bytes, 8, &err), ULP_EGONE);
	assert_int_equal(memory_write(&proc, 0, (uint64_t)(uintptr_t)data, bytes, 8, &err),
			 ULP_EGONE);
	process_close(&proc);
}

/* Its leader is a zombie, and whatever thread is asked may have ended before it can answer. */
static void a_process_of_short_lived_threads_is_described(void **state)
{
	struct victim v = victim_start(lives_in_short_threads, NULL);

	(void)state;
	await_state(v.pid, v.pid, "Z");
	for (unsigned n = 0; n < 300; n++) {
		struct ulp_region *regions;
		struct process proc;
		struct ulp_err err;
		pid_t *pids;
		char pid[16];
		size_t nr;

		snprintf(pid, sizeof(pid), "%d", v.pid);
		assert_succeeds(process_list(pid, &pids, &nr, &err), &err);
		free(pids);
		open_victim(&v, &proc);
		assert_int_not_equal(proc.at_phdr, 0);
		assert_true(process_alive(&proc));
		assert_succeeds(process_regions(&proc, &regions, NULL, &nr, &err), &err);
		free(regions);
		process_close(&proc);
	}
	victim_finish(&v);
}

/* Where the kernel forbids writes to /proc/PID/mem a stopped thread serves. */
static void memory_is_written_by_ptrace_if_need_be(void **state)
{
	const uint64_t at = (uint64_t)(uintptr_t)data;
	struct victim v = victim_start(waits, NULL);
	unsigned char bytes[sizeof(data)], more[13];
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	memset(more, 0x5a, sizeof(more));
	open_victim(&v, &proc);
	proc.writable = false;
	assert_int_equal(memory_write(&proc, 0, at, more, 1, &err), ULP_EPERM);
	s = begin_session(&proc, 20);
	assert_int_equal(session_stopped_tid(s), v.pid);
	assert_succeeds(
		memory_write(&proc, session_stopped_tid(s), at + 1, more, sizeof(more), &err),
		&err);
	resume_first(s);
	assert_int_equal(session_stopped_tid(s), 0);
	session_end(s);
	assert_succeeds(memory_read(&proc, at, bytes, sizeof(bytes), &err), &err);
	assert_memory_equal(bytes + 1, more, sizeof(more));
	assert_int_equal(bytes[0], data[0]);
	assert_memory_equal(bytes + 14, data + 14, 2);
	close_victim(&v, &proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_is_described),
		cmocka_unit_test(no_process_is_reported),
		cmocka_unit_test(thread_is_no_process),
		cmocka_unit_test(process_of_another_user_is_refused),
		cmocka_unit_test(mappings_are_listed),
		cmocka_unit_test(mappings_are_found_by_their_addresses),
		cmocka_unit_test(replaced_file_is_found_through_its_mapping),
		cmocka_unit_test(processes_are_selected),
		cmocka_unit_test(memory_is_read_and_written),
		cmocka_unit_test(lists_are_written_in_their_order),
		cmocka_unit_test(unreadable_memory_is_reported),
		cmocka_unit_test(a_process_of_short_lived_threads_is_described),
		cmocka_unit_test(memory_is_written_by_ptrace_if_need_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
