// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The process that is patched in the end-to-end tests.
 *
 *   victim NAME
 *
 * It reads requests from the FIFO NAME.in, a line each, and writes a line to NAME.out for each:
 * what a function of libvictim gives, a checksum of the library's code as it stands in memory, how
 * far its threads have come.  The table at the end has all requests.
 */
#include "asleep.h"
#include "libvictim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS_MAX = 64, LINE_MAX_LEN = 256, BLOCKS = 8 };

struct thread {
	pthread_t id;
	atomic_ulong loops;
};

static struct thread threads[THREADS_MAX];
static int nr_threads;
static atomic_bool ending;
static atomic_ulong nr_wrong; /* results that no version of the library gives */
static atomic_int lowest;     /* least that victim_number() has added since it was asked for */
static unsigned long nr_eintr;
static int in = -1;
static int out = -1;
static int ready = -1; /* epoll, for in */

/* The thread that is kept inside a function. */
static pthread_t held;
static atomic_int held_tid;   /* 0: it has not come to the function yet */
static atomic_bool held_done; /* it has returned from it: another version does at once */
static int hold_pipe[2];
static volatile int spin_end;

static void die(const char *what)
{
	fprintf(stderr, "victim: %s: %m\n", what);
	_exit(3);
}

/* --- functions of the library ------------------------------------------------------------- */

static int set_level(int n)
{
	victim_level = n;
	return victim_level;
}

/* --- its code ----------------------------------------------------------------------------- */

struct code {
	uint64_t checksum; /* FNV-1a */
	bool found;
};

static int add_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct code *code = data;

	(void)size;
	if (strstr(info->dlpi_name, "libvictim.so") == NULL)
		return 0;
	code->found = true;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const unsigned char *bytes = (const unsigned char *)(info->dlpi_addr + p->p_vaddr);

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		for (size_t k = 0; k < p->p_memsz; k++)
			code->checksum = (code->checksum ^ bytes[k]) * 0x100000001b3;
	}
	return 0;
}

static const char *code_checksum(const char *unused)
{
	static char text[32];
	struct code code = {.checksum = 0xcbf29ce484222325};

	(void)unused;
	dl_iterate_phdr(add_object, &code);
	if (!code.found)
		return "no libvictim.so";
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)code.checksum);
	return text;
}

/* --- threads ------------------------------------------------------------------------------ */

static void *work_malloc(void *arg)
{
	struct thread *self = arg;
	unsigned char *blocks[BLOCKS] = {0};

	for (unsigned n = 0; !ending; n++) {
		unsigned i = n % BLOCKS;
		size_t len = 16 + n * 37 % 4000;

		if (blocks[i] != NULL && blocks[i][0] != i)
			nr_wrong++;
		free(blocks[i]);
		blocks[i] = malloc(len);
		if (blocks[i] == NULL)
			die("malloc");
		blocks[i][0] = (unsigned char)i;
		blocks[i][len - 1] = (unsigned char)i;
		self->loops++;
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return NULL;
}

static void note_lowest(int added)
{
	int before = lowest;

	while (added < before && !atomic_compare_exchange_weak(&lowest, &before, added))
		continue;
}

/* The tests' live patches make 100, 200, ... more of it; anything else is a fault. */
static void *work_call(void *arg)
{
	struct thread *self = arg;

	for (int n = 0; !ending; n = (n + 1) % 1000) {
		if ((victim_number(n) - n - 1) % 100 != 0 || (victim_other(n) - n - 2) % 100 != 0)
			nr_wrong++;
		note_lowest(victim_number(n) - n);
		self->loops++;
	}
	return NULL;
}

static const char *start_threads(const char *arg)
{
	char kind[16];
	int nr;

	if (sscanf(arg, "%15s %d", kind, &nr) != 2 || nr < 1 || nr > THREADS_MAX - nr_threads)
		return "wrong request";
	for (int i = 0; i < nr; i++) {
		struct thread *t = &threads[nr_threads];

		if (pthread_create(&t->id, NULL,
				   strcmp(kind, "malloc") == 0 ? work_malloc : work_call, t) != 0)
			die("pthread_create");
		nr_threads++;
	}
	return "started";
}

static const char *number_text(unsigned long n)
{
	static char text[32];

	snprintf(text, sizeof(text), "%lu", n);
	return text;
}

/* The number of loops of the thread that did fewest. */
static const char *fewest_loops(const char *unused)
{
	unsigned long fewest = nr_threads > 0 ? threads[0].loops : 0;

	(void)unused;
	for (int i = 1; i < nr_threads; i++)
		fewest = threads[i].loops < fewest ? threads[i].loops : fewest;
	return number_text(fewest);
}

static const char *wrong_results(const char *unused)
{
	(void)unused;
	return number_text(nr_wrong);
}

/* Since the last time it was asked for. */
static const char *lowest_added(const char *unused)
{
	(void)unused;
	return number_text((unsigned long)atomic_exchange(&lowest, INT_MAX));
}

static const char *interrupted_calls(const char *unused)
{
	(void)unused;
	return number_text(nr_eintr);
}

static void *work_wait(void *unused)
{
	intptr_t result;

	(void)unused;
	held_tid = (int)syscall(SYS_gettid);
	result = victim_wait(hold_pipe[0]);
	held_done = true;
	return (void *)result;
}

static void *work_spin(void *unused)
{
	intptr_t result;

	(void)unused;
	held_tid = (int)syscall(SYS_gettid);
	result = victim_spin(&spin_end);
	held_done = true;
	return (void *)result;
}

/* The only system call on its way that blocks is the one inside the function. */
static bool is_blocked(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", held_tid);
	return is_asleep_by(path);
}

/* A thread that has had so much of the CPU is past the few instructions before its loop. */
static bool has_run(void)
{
	struct timespec used;
	clockid_t clock;

	return pthread_getcpuclockid(held, &clock) == 0 && clock_gettime(clock, &used) == 0 &&
	       (used.tv_sec > 0 || used.tv_nsec > 2000000);
}

/* Whether the thread is inside the function now, or was already; gives up after half a minute. */
static bool wait_until_inside(bool spins)
{
	for (int i = 0; i < 30000; i++) {
		if (held_done || (held_tid != 0 && (spins ? has_run() : is_blocked())))
			return true;
		usleep(1000);
	}
	return false;
}

static const char *hold(const char *arg)
{
	bool spins = strcmp(arg, "spin") == 0;

	spin_end = 0;
	held_tid = 0;
	held_done = false;
	if (pipe(hold_pipe) < 0 ||
	    pthread_create(&held, NULL, spins ? work_spin : work_wait, NULL) != 0)
		die("hold");
	return wait_until_inside(spins) ? "held" : "not inside";
}

/* What the function returned. */
static const char *release(const char *unused)
{
	void *result;

	(void)unused;
	spin_end = 1;
	if (write(hold_pipe[1], "*", 1) != 1 || pthread_join(held, &result) != 0)
		die("release");
	close(hold_pipe[0]);
	close(hold_pipe[1]);
	return number_text((unsigned long)(intptr_t)result);
}

/* --- the process -------------------------------------------------------------------------- */

static void fifo_path(char path[LINE_MAX_LEN], const char *name, const char *suffix)
{
	snprintf(path, LINE_MAX_LEN, "%.200s.%s", name, suffix);
}

/* For both directions, so that neither opening nor reading depends on who else has it open. */
static void open_fifos(const char *name)
{
	char path[LINE_MAX_LEN];

	fifo_path(path, name, "in");
	in = open(path, O_RDWR | O_CLOEXEC);
	fifo_path(path, name, "out");
	out = open(path, O_RDWR | O_CLOEXEC);
	ready = epoll_create1(EPOLL_CLOEXEC);
	if (in < 0 || out < 0 || ready < 0 ||
	    epoll_ctl(ready, EPOLL_CTL_ADD, in, &(struct epoll_event){.events = EPOLLIN}) < 0)
		die(name);
}

/* A child that answers through FIFOs of its own; its process ID. */
static const char *fork_child(const char *name)
{
	char path[LINE_MAX_LEN];
	pid_t pid;

	fifo_path(path, name, "in");
	if (mkfifo(path, 0600) < 0)
		die(path);
	fifo_path(path, name, "out");
	if (mkfifo(path, 0600) < 0)
		die(path);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid > 0)
		return number_text((unsigned long)pid);
	close(in);
	close(out);
	close(ready);
	nr_threads = 0; /* they stayed with the parent */
	open_fifos(name);
	return NULL;
}

/* From here on every system call but these kills the process, or fails ("errno"), or traps. */
static const char *forbid_calls(const char *how)
{
	const unsigned verdict = strcmp(how, "errno") == 0  ? SECCOMP_RET_ERRNO | EPERM
				 : strcmp(how, "trap") == 0 ? SECCOMP_RET_TRAP
							    : SECCOMP_RET_KILL_PROCESS;
	static const unsigned allowed[] = {SYS_read,  SYS_write,	SYS_epoll_pwait,
					   SYS_futex, SYS_rt_sigreturn, SYS_restart_syscall,
					   SYS_exit,  SYS_exit_group};
	enum { NR = sizeof(allowed) / sizeof(allowed[0]) };
	struct sock_filter filter[NR + 3];
	struct sock_fprog program = {.len = NR + 3, .filter = filter};

	filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < NR; i++)
		filter[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
							     (unsigned char)(NR - i), 0);
	filter[NR + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict);
	filter[NR + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return "no seccomp";
	return "confined";
}

static const char *set_dumpable(const char *arg)
{
	return prctl(PR_SET_DUMPABLE, atoi(arg), 0, 0, 0) < 0 ? "failed" : "done";
}

/* include/uapi/linux/prctl.h, Linux 6.3: memory that is not executable never becomes so */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static const char *deny_exec_gain(const char *unused)
{
	(void)unused;
	return prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0 ? "failed" : "done";
}

/* Lets the threads end in good order, which a spoilt heap would not survive. */
static const char *end(const char *unused)
{
	(void)unused;
	ending = true;
	for (int i = 0; i < nr_threads; i++)
		pthread_join(threads[i].id, NULL);
	exit(nr_wrong == 0 ? 0 : 1);
}

/* --- requests ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*function)(int n);		     /* either this ... */
	const char *(*act)(const char *arg); /* ... or this; NULL: no answer */
} requests[] = {
	{"number", victim_number, NULL},
	{"other", victim_other, NULL},
	{"third", victim_third, NULL},
	{"private", victim_private, NULL},
	{"set-base", victim_set_base, NULL},
	{"hidden", victim_through_hidden, NULL},
	{"level", victim_with_level, NULL},
	{"set-level", set_level, NULL},
	{"code", NULL, code_checksum},
	{"threads", NULL, start_threads},
	{"loops", NULL, fewest_loops},
	{"wrong", NULL, wrong_results},
	{"lowest", NULL, lowest_added},
	{"eintr", NULL, interrupted_calls},
	{"hold", NULL, hold},
	{"release", NULL, release},
	{"fork", NULL, fork_child},
	{"forbid-calls", NULL, forbid_calls},
	{"dumpable", NULL, set_dumpable},
	{"mdwe", NULL, deny_exec_gain},
	{"end", NULL, end},
};

static void answer(const char *text)
{
	char line[LINE_MAX_LEN];
	int len = snprintf(line, sizeof(line), "%s\n", text);

	if (write(out, line, (size_t)len) != len)
		die("write");
}

static void serve(char *line)
{
	char number[32];
	char *arg = strchr(line, ' ');

	if (arg != NULL)
		*arg++ = '\0';
	else
		arg = line + strlen(line);
	if (strcmp(line, "text") == 0) {
		answer(victim_text(atoi(arg)));
		return;
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const char *text = number;

		if (strcmp(line, requests[i].name) != 0)
			continue;
		if (requests[i].function != NULL)
			snprintf(number, sizeof(number), "%d", requests[i].function(atoi(arg)));
		else
			text = requests[i].act(arg);
		if (text != NULL)
			answer(text);
		return;
	}
	answer("unknown request");
}

/*
 * The kernel ends epoll_wait(2) with EINTR when its thread is stopped, also without a signal, and
 * there is none here: whoever stops us has to hide it.
 */
static void wait_for_input(void)
{
	struct epoll_event event;

	while (epoll_pwait(ready, &event, 1, -1, NULL) < 0) {
		if (errno != EINTR)
			die("epoll_pwait");
		nr_eintr++;
	}
}

static void read_line(char line[LINE_MAX_LEN])
{
	for (size_t len = 0; len < LINE_MAX_LEN;) {
		ssize_t n;

		wait_for_input();
		n = read(in, &line[len], 1);
		if (n < 0 && errno == EINTR) {
			nr_eintr++;
			continue;
		}
		if (n != 1)
			die("read");
		if (line[len] == '\n') {
			line[len] = '\0';
			return;
		}
		len++;
	}
	die("the request is too long");
}

int main(int argc, char **argv)
{
	char line[LINE_MAX_LEN];

	if (argc != 2) {
		fprintf(stderr, "usage: victim NAME\n");
		return 2;
	}
	open_fifos(argv[1]);
	for (;;) {
		read_line(line);
		serve(line);
	}
}
