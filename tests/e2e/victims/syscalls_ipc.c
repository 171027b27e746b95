// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Blocking system calls of System V and POSIX IPC and of asynchronous input and output.
 */
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- System V ----------------------------------------------------------------------------- */

struct message {
	long type;
	char byte;
};

static void prepare_queue(struct call *c)
{
	c->id = msgget(IPC_PRIVATE, 0600);
	if (c->id < 0)
		c->skip = "no message queue can be made";
}

static long make_msgrcv(struct call *c)
{
	struct message m;
	long result = or_errno(msgrcv(c->id, &m, 1, 0, 0));

	msgctl(c->id, IPC_RMID, NULL);
	return result;
}

static void finish_msgsnd(struct call *c)
{
	const struct message m = {1, '*'};

	if (msgsnd(c->id, &m, 1, 0) < 0)
		calls_die("msgsnd");
}

static void prepare_full_queue(struct call *c)
{
	struct msqid_ds queue;

	prepare_queue(c);
	if (c->skip != NULL)
		return;
	if (msgctl(c->id, IPC_STAT, &queue) < 0)
		calls_die("msgctl");
	queue.msg_qbytes = 1;
	if (msgctl(c->id, IPC_SET, &queue) < 0)
		calls_die("msgctl");
	finish_msgsnd(c);
}

static long make_msgsnd(struct call *c)
{
	const struct message m = {2, '*'};
	long result = or_errno(msgsnd(c->id, &m, 1, 0));

	msgctl(c->id, IPC_RMID, NULL);
	return result;
}

static void finish_msgrcv(struct call *c)
{
	struct message m;

	if (msgrcv(c->id, &m, 1, 1, 0) < 0)
		calls_die("msgrcv");
}

static void prepare_semaphore(struct call *c)
{
	c->id = semget(IPC_PRIVATE, 1, 0600);
	if (c->id < 0)
		c->skip = "no semaphore can be made";
}

static long make_semop(struct call *c)
{
	struct sembuf take = {.sem_op = -1};
	long result = or_errno(syscall(SYS_semop, c->id, &take, 1));

	semctl(c->id, 0, IPC_RMID);
	return result;
}

static long make_semtimedop(struct call *c)
{
	struct sembuf take = {.sem_op = -1};
	const struct timespec time = {600, 0};
	long result = or_errno(semtimedop(c->id, &take, 1, &time));

	semctl(c->id, 0, IPC_RMID);
	return result;
}

static long make_semtimedop_short(struct call *c)
{
	struct sembuf take = {.sem_op = -1};
	const struct timespec time = call_time();
	long result = or_errno(semtimedop(c->id, &take, 1, &time));

	semctl(c->id, 0, IPC_RMID);
	return result;
}

static void finish_semop(struct call *c)
{
	struct sembuf give = {.sem_op = 1};

	if (semop(c->id, &give, 1) < 0)
		calls_die("semop");
}

/* --- POSIX message queues ----------------------------------------------------------------- */

static void prepare_mq(struct call *c)
{
	struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 1};
	char name[64];

	snprintf(name, sizeof(name), "/ulp-test-%d-%p", (int)getpid(), (void *)c);
	c->fd[0] = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (c->fd[0] < 0)
		c->skip = "no POSIX message queue can be made";
	else
		mq_unlink(name);
}

static long make_mq_receive(struct call *c)
{
	char byte;

	return or_errno(mq_receive(c->fd[0], &byte, 1, NULL));
}

static long make_mq_short(struct call *c)
{
	const struct timespec until = call_time_at(CLOCK_REALTIME);
	char byte;

	return or_errno(mq_timedreceive(c->fd[0], &byte, 1, NULL, &until));
}

static void finish_mq_send(struct call *c)
{
	if (mq_send(c->fd[0], "*", 1, 0) < 0)
		calls_die("mq_send");
}

static void prepare_full_mq(struct call *c)
{
	prepare_mq(c);
	if (c->skip == NULL)
		finish_mq_send(c);
}

static long make_mq_send(struct call *c)
{
	return or_errno(mq_send(c->fd[0], "+", 1, 0));
}

static void finish_mq_receive(struct call *c)
{
	char byte;

	if (mq_receive(c->fd[0], &byte, 1, NULL) < 0)
		calls_die("mq_receive");
}

/* --- asynchronous input and output --------------------------------------------------------- */

/* One request that is done when the pipe can be read. */
static void prepare_aio(struct call *c)
{
	struct iocb request = {.aio_lio_opcode = IOCB_CMD_POLL};
	struct iocb *requests = &request;
	aio_context_t context = 0;

	prepare_pipe(c);
	request.aio_fildes = (unsigned)c->fd[0];
	request.aio_buf = POLLIN;
	if (syscall(SYS_io_setup, 1, &context) < 0 ||
	    syscall(SYS_io_submit, context, 1, &requests) != 1)
		c->skip = "no asynchronous poll here";
	c->rings = (void *)context;
}

static long make_io_getevents(struct call *c)
{
	struct io_event event;

	return or_errno(syscall(SYS_io_getevents, c->rings, 1, 1, &event, NULL));
}

struct rings {
	struct io_uring_params params;
	char *at;
	struct io_uring_sqe *sqe;
};

static void poll_into(struct rings *r, int fd)
{
	unsigned *tail = (unsigned *)(r->at + r->params.sq_off.tail);
	unsigned *array = (unsigned *)(r->at + r->params.sq_off.array);

	*r->sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = fd,
		.poll32_events = POLLIN,
	};
	array[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static void prepare_uring(struct call *c)
{
	struct rings r = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &r.params);

	prepare_pipe(c);
	c->id = fd;
	if (fd < 0 || !(r.params.features & IORING_FEAT_SINGLE_MMAP)) {
		c->skip = "no io_uring here";
		return;
	}
	r.at = mmap(NULL, r.params.sq_off.array + r.params.sq_entries * sizeof(unsigned),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	r.sqe = mmap(NULL, r.params.sq_entries * sizeof(*r.sqe), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (r.at == MAP_FAILED || r.sqe == MAP_FAILED)
		calls_die("io_uring");
	poll_into(&r, c->fd[0]);
	if (syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 0) != 1)
		calls_die("io_uring_enter");
}

static long make_uring(struct call *c)
{
	return or_errno(syscall(SYS_io_uring_enter, c->id, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
}

const struct call calls_queues[] = {
	{CALL("msgrcv", prepare_queue, make_msgrcv, finish_msgsnd, 1)},
	{CALL("msgsnd", prepare_full_queue, make_msgsnd, finish_msgrcv, 0)},
	{CALL("semop", prepare_semaphore, make_semop, finish_semop, 0)},
	{CALL("semtimedop", prepare_semaphore, make_semtimedop, finish_semop, 0)},
	{CALL("semtimedop whose time is over", prepare_semaphore, make_semtimedop_short, NULL,
	      -EAGAIN)},
	{CALL("mq_receive", prepare_mq, make_mq_receive, finish_mq_send, 1)},
	{CALL("mq_timedreceive whose time is over", prepare_mq, make_mq_short, NULL, -ETIMEDOUT)},
	{CALL("mq_send", prepare_full_mq, make_mq_send, finish_mq_receive, 0)},
	{CALL("io_getevents", prepare_aio, make_io_getevents, finish_byte, 1)},
	{CALL("io_uring_enter", prepare_uring, make_uring, finish_byte, 0)},
	{.name = NULL},
};
