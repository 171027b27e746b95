// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A process with worker threads of io_uring(7).
 *
 *   uring NAME
 *
 * reads requests from the FIFO NAME.in, a line each, and answers through NAME.out.  Operations are
 * given to a worker (IOSQE_ASYNC); a negative answer is -errno.
 *   number N    victim_number(N)
 *   ring        makes the ring that the others use
 *   nop         an operation that does nothing: its worker is idle afterwards
 *   open FIFO   begins to open it for reading; 0
 *   opened      waits for this; a byte that comes through it
 *   write FILE  begins to append a byte to it; 0
 *   written     waits for this; how many were written
 *   poll        makes a ring with a thread that polls it busily (IORING_SETUP_SQPOLL)
 *   polled      what that makes of an operation that does nothing
 *   churn       a thread makes rings with such threads, and closes them, all the time; 0
 *   churned     how many so far
 *   end
 */
#include "fifo.h"
#include "libvictim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 8, IDLE_MS = 600000, CHURN_US = 10000 };

/* The indices are shared with the kernel. */
struct ring {
	int fd;
	_Atomic unsigned *sq_tail, *sq_flags, *cq_head, *cq_tail;
	unsigned *sq_array;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned sq_mask, cq_mask;
};

static FILE *in, *out;
static struct ring ring, polled_ring;
static char path[128];
static int written_fd = -1;
static atomic_int nr_churned;

static void die(const char *what)
{
	perror(what);
	_exit(3);
}

static int ring_fd(unsigned flags, struct io_uring_params *p)
{
	*p = (struct io_uring_params){.flags = flags, .sq_thread_idle = IDLE_MS};
	return (int)syscall(SYS_io_uring_setup, ENTRIES, p);
}

static char *ring_map(int fd, size_t len, uint64_t what)
{
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)what);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static int ring_make(struct ring *r, unsigned flags)
{
	struct io_uring_params p;
	char *sq, *cq;

	r->fd = ring_fd(flags, &p);
	if (r->fd < 0)
		return -errno;
	sq = ring_map(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	cq = ring_map(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(*r->cqes), IORING_OFF_CQ_RING);
	r->sqes = (void *)ring_map(r->fd, p.sq_entries * sizeof(*r->sqes), IORING_OFF_SQES);
	r->sq_tail = (void *)(sq + p.sq_off.tail);
	r->sq_flags = (void *)(sq + p.sq_off.flags);
	r->sq_array = (void *)(sq + p.sq_off.array);
	r->cq_head = (void *)(cq + p.cq_off.head);
	r->cq_tail = (void *)(cq + p.cq_off.tail);
	r->cqes = (void *)(cq + p.cq_off.cqes);
	r->sq_mask = p.sq_entries - 1;
	r->cq_mask = p.cq_entries - 1;
	return 0;
}

static int begin(struct ring *r, struct io_uring_sqe op)
{
	const unsigned tail = *r->sq_tail, at = tail & r->sq_mask;

	r->sqes[at] = op;
	r->sq_array[at] = at;
	*r->sq_tail = tail + 1;
	if (r == &polled_ring && (*r->sq_flags & IORING_SQ_NEED_WAKEUP) == 0)
		return 0; /* its thread sees it */
	if (syscall(SYS_io_uring_enter, r->fd, 1, 0, r == &polled_ring ? IORING_ENTER_SQ_WAKEUP : 0,
		    NULL, 0) != 1)
		die("io_uring_enter");
	return 0;
}

/* One operation at a time: what comes is its result. */
static int result(struct ring *r)
{
	const unsigned head = *r->cq_head;
	int res;

	while (*r->cq_tail == head)
		usleep(1000);
	res = r->cqes[head & r->cq_mask].res;
	*r->cq_head = head + 1;
	return res;
}

static int nop(struct ring *r, unsigned char flags)
{
	(void)begin(r, (struct io_uring_sqe){.opcode = IORING_OP_NOP, .flags = flags});
	return result(r);
}

static int open_begin(void)
{
	return begin(&ring, (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
						  .flags = IOSQE_ASYNC,
						  .fd = AT_FDCWD,
						  .addr = (uintptr_t)path,
						  .open_flags = O_RDONLY | O_CLOEXEC});
}

static int open_end(void)
{
	const int fd = result(&ring);
	unsigned char byte;
	int got;

	if (fd < 0)
		return fd;
	got = read(fd, &byte, 1) == 1 ? byte : -errno;
	close(fd);
	return got;
}

static int write_begin(void)
{
	written_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (written_fd < 0)
		die(path);
	return begin(&ring, (struct io_uring_sqe){.opcode = IORING_OP_WRITE,
						  .flags = IOSQE_ASYNC,
						  .fd = written_fd,
						  .addr = (uintptr_t) "*",
						  .len = 1});
}

static int write_end(void)
{
	const int res = result(&ring);

	close(written_fd);
	return res;
}

__attribute__((noreturn)) static void *work_churn(void *unused)
{
	(void)unused;
	for (;;) {
		struct io_uring_params p;
		const int fd = ring_fd(IORING_SETUP_SQPOLL, &p);

		if (fd < 0)
			die("io_uring_setup");
		close(fd);
		nr_churned++;
		usleep(CHURN_US); /* the thread ends some time later */
	}
}

static int churn(void)
{
	pthread_t id;

	return -pthread_create(&id, NULL, work_churn, NULL);
}

static int answer_to(const char *line)
{
	int n;

	if (sscanf(line, "number %d", &n) == 1)
		return victim_number(n);
	if (strcmp(line, "ring\n") == 0)
		return ring_make(&ring, 0);
	if (strcmp(line, "nop\n") == 0)
		return nop(&ring, IOSQE_ASYNC);
	if (strcmp(line, "opened\n") == 0)
		return open_end();
	if (sscanf(line, "open %127s", path) == 1)
		return open_begin();
	if (sscanf(line, "write %127s", path) == 1)
		return write_begin();
	if (strcmp(line, "written\n") == 0)
		return write_end();
	if (strcmp(line, "poll\n") == 0)
		return ring_make(&polled_ring, IORING_SETUP_SQPOLL);
	if (strcmp(line, "polled\n") == 0)
		return nop(&polled_ring, 0);
	if (strcmp(line, "churn\n") == 0)
		return churn();
	if (strcmp(line, "churned\n") == 0)
		return nr_churned;
	_exit(0);
}

int main(int argc, char **argv)
{
	char line[256];

	if (argc != 2)
		return 2;
	in = fifo_open(argv[1], "in");
	out = fifo_open(argv[1], "out");
	while (fgets(line, sizeof(line), in) != NULL)
		fprintf(out, "%d\n", answer_to(line));
	return 0;
}
