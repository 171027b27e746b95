// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Blocking system calls on pipes, sockets and files.
 */
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { PIPE_LEN = 4096, MANY = 1 << 20 };

/* --- pipes -------------------------------------------------------------------------------- */

static long make_read(struct call *c)
{
	char byte;

	return or_errno(read(c->fd[0], &byte, 1));
}

static long make_readv(struct call *c)
{
	char byte;
	struct iovec to = {&byte, 1};

	return or_errno(readv(c->fd[0], &to, 1));
}

static void prepare_full_pipe(struct call *c)
{
	static const char bytes[PIPE_LEN];

	prepare_pipe(c);
	if (fcntl(c->fd[1], F_SETPIPE_SZ, PIPE_LEN) < 0 ||
	    write(c->fd[1], bytes, sizeof(bytes)) != PIPE_LEN)
		calls_die("a full pipe");
}

static long make_write(struct call *c)
{
	return or_errno(write(c->fd[1], "*", 1));
}

static void finish_drain_pipe(struct call *c)
{
	char bytes[PIPE_LEN];

	if (read(c->fd[0], bytes, sizeof(bytes)) != PIPE_LEN)
		calls_die("a pipe to drain");
}

static long make_splice(struct call *c)
{
	int to[2];

	if (pipe(to) < 0)
		calls_die("pipe");
	return or_errno(splice(c->fd[0], NULL, to[1], NULL, 1, 0));
}

static long make_tee(struct call *c)
{
	int to[2];

	if (pipe(to) < 0)
		calls_die("pipe");
	return or_errno(tee(c->fd[0], to[1], 1, 0));
}

/* --- sockets ------------------------------------------------------------------------------ */

static void set_timeout(int fd, int option, time_t seconds, long nsec)
{
	const struct timeval timeout = {seconds, nsec / 1000};

	if (setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof(timeout)) < 0)
		calls_die("SO_RCVTIMEO");
}

static void prepare_pair(struct call *c)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, c->fd) < 0)
		calls_die("socketpair");
}

static void prepare_pair_long(struct call *c)
{
	prepare_pair(c);
	set_timeout(c->fd[0], SO_RCVTIMEO, 600, 0);
}

static void prepare_pair_short(struct call *c)
{
	prepare_pair(c);
	set_timeout(c->fd[0], SO_RCVTIMEO, CALL_SECONDS, CALL_NSEC);
}

static long make_recv(struct call *c)
{
	char byte;

	return or_errno(recv(c->fd[0], &byte, 1, 0));
}

static long make_recvmsg(struct call *c)
{
	char byte;
	struct iovec to = {&byte, 1};
	struct msghdr message = {.msg_iov = &to, .msg_iovlen = 1};

	return or_errno(recvmsg(c->fd[0], &message, 0));
}

static long make_recvmmsg(struct call *c)
{
	char byte;
	struct iovec to = {&byte, 1};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &to, .msg_iovlen = 1}};

	return or_errno(recvmmsg(c->fd[0], &message, 1, 0, NULL));
}

static void listen_on(int fd, sa_family_t family, int backlog)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	int failed = family == AF_INET ? bind(fd, (struct sockaddr *)&here, sizeof(here))
				       : bind(fd, (struct sockaddr *)&any, sizeof(any.sun_family));

	if (fd < 0 || failed || listen(fd, backlog) < 0)
		calls_die("listen");
}

/* To the listener c->fd[0]; a negative error number. */
static long connect_to(struct call *c, int fd)
{
	struct sockaddr_storage to;
	socklen_t len = sizeof(to);

	if (getsockname(c->fd[0], (struct sockaddr *)&to, &len) < 0)
		calls_die("getsockname");
	return or_errno(connect(fd, (struct sockaddr *)&to, len));
}

static void prepare_listener(struct call *c)
{
	c->fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	listen_on(c->fd[0], AF_INET, 1);
}

static void prepare_listener_long(struct call *c)
{
	prepare_listener(c);
	set_timeout(c->fd[0], SO_RCVTIMEO, 600, 0);
}

static long make_accept(struct call *c)
{
	return or_errno(accept(c->fd[0], NULL, NULL)) > 0;
}

static void finish_connect(struct call *c)
{
	if (connect_to(c, socket(AF_INET, SOCK_STREAM, 0)) != 0)
		calls_die("connect");
}

static void prepare_tcp(struct call *c)
{
	int to = socket(AF_INET, SOCK_STREAM, 0);

	prepare_listener(c);
	if (connect_to(c, to) != 0)
		calls_die("connect");
	c->fd[1] = to;
	c->fd[0] = accept(c->fd[0], NULL, NULL);
}

/* The next one to connect has to wait until one is accepted. */
static void prepare_full_listener(struct call *c)
{
	c->fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	listen_on(c->fd[0], AF_UNIX, 0);
	c->fd[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect_to(c, socket(AF_UNIX, SOCK_STREAM, 0)) != 0)
		calls_die("connect");
}

static void prepare_full_listener_long(struct call *c)
{
	prepare_full_listener(c);
	set_timeout(c->fd[1], SO_SNDTIMEO, 600, 0);
}

static long make_connect(struct call *c)
{
	return connect_to(c, c->fd[1]);
}

static void finish_accept(struct call *c)
{
	if (accept(c->fd[0], NULL, NULL) < 0)
		calls_die("accept");
}

/* TCP drops the requests that are too many: the last one waits until its time is over. */
static void prepare_full_tcp(struct call *c)
{
	c->fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	listen_on(c->fd[0], AF_INET, 0);
	for (int i = 0; i < 3; i++)
		(void)connect_to(c, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	c->fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	set_timeout(c->fd[1], SO_SNDTIMEO, CALL_SECONDS, CALL_NSEC);
}

static void prepare_full_pair(struct call *c)
{
	prepare_pair(c);
	while (send(c->fd[1], "*", 1, MSG_DONTWAIT) == 1)
		continue;
}

static void prepare_full_pair_long(struct call *c)
{
	prepare_full_pair(c);
	set_timeout(c->fd[1], SO_SNDTIMEO, 600, 0);
}

static long make_send(struct call *c)
{
	return or_errno(send(c->fd[1], "*", 1, 0));
}

static void finish_drain_socket(struct call *c)
{
	char bytes[PIPE_LEN];

	while (recv(c->fd[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
}

/* Three of ten bytes have come when it is stopped. */
static void prepare_part(struct call *c)
{
	prepare_tcp(c);
	if (send(c->fd[1], "abc", 3, 0) != 3)
		calls_die("send");
}

static long make_recv_all(struct call *c)
{
	char bytes[10];

	return or_errno(recv(c->fd[0], bytes, sizeof(bytes), MSG_WAITALL));
}

static void finish_rest(struct call *c)
{
	if (send(c->fd[1], "defghij", 7, 0) != 7)
		calls_die("send");
}

/* 2: a part of it, and only because it was stopped. */
static long make_send_many(struct call *c)
{
	char *bytes = calloc(1, MANY);
	ssize_t sent = send(c->fd[1], bytes, MANY, 0);

	free(bytes);
	return sent == MANY ? 1 : sent > 0 ? 2 : or_errno(sent);
}

/* Until there is nothing more, also if the sender has to be waited for. */
static void finish_take_many(struct call *c)
{
	char bytes[PIPE_LEN];
	size_t taken = 0;

	while (taken < MANY && !(atomic_load(&c->done) && c->got != 1)) {
		ssize_t n = recv(c->fd[0], bytes, sizeof(bytes), MSG_DONTWAIT);

		taken += n > 0 ? (size_t)n : 0;
		if (n < 0)
			usleep(1000);
	}
}

/* --- files -------------------------------------------------------------------------------- */

static void file_name(const struct call *c, char name[64])
{
	snprintf(name, 64, "%d %.40s", (int)getpid(), c->name);
	for (char *at = name; *at != '\0'; at++)
		*at = *at == ' ' || *at == ',' ? '-' : *at;
}

static void prepare_two_files(struct call *c)
{
	char name[64];

	file_name(c, name);
	for (int i = 0; i < 2; i++) {
		c->fd[i] = open(name, O_RDWR | O_CREAT, 0600);
		if (c->fd[i] < 0)
			calls_die(name);
	}
	unlink(name);
}

static void prepare_flock(struct call *c)
{
	prepare_two_files(c);
	if (flock(c->fd[1], LOCK_EX) < 0)
		calls_die("flock");
}

static long make_flock(struct call *c)
{
	return or_errno(flock(c->fd[0], LOCK_EX));
}

static void finish_flock(struct call *c)
{
	flock(c->fd[1], LOCK_UN);
}

static void take_lock(struct call *c)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(c->fd[1], F_SETLK, &whole) < 0)
		calls_die("F_SETLK");
}

/* The locks of fcntl(2) belong to processes: a child has it first. */
static void prepare_lock(struct call *c)
{
	prepare_two_files(c);
	child_start(c, take_lock);
}

static long make_lock(struct call *c)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return or_errno(fcntl(c->fd[0], F_SETLKW, &whole));
}

static void prepare_open_lock(struct call *c)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	prepare_two_files(c);
	if (fcntl(c->fd[1], F_OFD_SETLK, &whole) < 0)
		calls_die("F_OFD_SETLK");
}

static long make_open_lock(struct call *c)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return or_errno(fcntl(c->fd[0], F_OFD_SETLKW, &whole));
}

static void finish_open_lock(struct call *c)
{
	close(c->fd[1]);
}

static void prepare_fifo(struct call *c)
{
	char name[64];

	file_name(c, name);
	if (mkfifo(name, 0600) < 0)
		calls_die(name);
}

static long make_open(struct call *c)
{
	char name[64];

	file_name(c, name);
	return or_errno(open(name, O_RDONLY)) > 0;
}

static void finish_open(struct call *c)
{
	char name[64];

	file_name(c, name);
	if (open(name, O_WRONLY) < 0)
		calls_die(name);
}

static void prepare_inotify(struct call *c)
{
	char name[64];

	file_name(c, name);
	c->fd[1] = open(name, O_RDWR | O_CREAT, 0600);
	c->fd[0] = inotify_init();
	if (c->fd[0] < 0 || c->fd[1] < 0 || inotify_add_watch(c->fd[0], name, IN_MODIFY) < 0)
		calls_die("inotify");
}

static long make_read_many(struct call *c)
{
	char bytes[PIPE_LEN];

	return or_errno(read(c->fd[0], bytes, sizeof(bytes))) > 0;
}

static void prepare_eventfd(struct call *c)
{
	c->fd[0] = eventfd(0, 0);
	c->fd[1] = c->fd[0];
}

static void finish_eventfd(struct call *c)
{
	if (eventfd_write(c->fd[1], 1) < 0)
		calls_die("eventfd");
}

static void prepare_timerfd(struct call *c)
{
	const struct itimerspec once = {.it_value = call_time()};

	c->fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
	if (c->fd[0] < 0 || timerfd_settime(c->fd[0], 0, &once, NULL) < 0)
		calls_die("timerfd");
}

static void prepare_terminal(struct call *c)
{
	int other;

	if (openpty(&c->fd[1], &other, NULL, NULL, NULL) < 0)
		c->skip = "no terminal can be made";
	else
		c->fd[0] = other;
}

static void finish_line(struct call *c)
{
	if (write(c->fd[1], "x\n", 2) != 2)
		calls_die("terminal");
}

const struct call calls_data[] = {
	{CALL("read of a pipe", prepare_pipe, make_read, finish_byte, 1)},
	{CALL("readv of a pipe", prepare_pipe, make_readv, finish_byte, 1)},
	{CALL("write into a full pipe", prepare_full_pipe, make_write, finish_drain_pipe, 1)},
	{CALL("splice", prepare_pipe, make_splice, finish_byte, 1)},
	{CALL("tee", prepare_pipe, make_tee, finish_byte, 1)},
	{CALL("read of a terminal", prepare_terminal, make_read_many, finish_line, 1)},
	{CALL("recv", prepare_pair, make_recv, finish_byte, 1)},
	{CALL("recv of TCP", prepare_tcp, make_recv, finish_byte, 1)},
	{CALL("recvmsg", prepare_pair, make_recvmsg, finish_byte, 1)},
	{CALL("recvmmsg", prepare_pair, make_recvmmsg, finish_byte, 1)},
	{CALL("send", prepare_full_pair, make_send, finish_drain_socket, 1)},
	{CALL("accept", prepare_listener, make_accept, finish_connect, 1)},
	{CALL("connect", prepare_full_listener, make_connect, finish_accept, 0)},
	{CALL("recv with SO_RCVTIMEO", prepare_pair_long, make_recv, finish_byte, 1)},
	{CALL("read with SO_RCVTIMEO", prepare_pair_long, make_read, finish_byte, 1)},
	{CALL("recv whose SO_RCVTIMEO is over", prepare_pair_short, make_recv, NULL, -EAGAIN)},
	{CALL("accept with SO_RCVTIMEO", prepare_listener_long, make_accept, finish_connect, 1)},
	{CALL("send with SO_SNDTIMEO", prepare_full_pair_long, make_send, finish_drain_socket, 1)},
	{CALL("connect with SO_SNDTIMEO", prepare_full_listener_long, make_connect, finish_accept,
	      0)},
	{CALL("TCP connect whose SO_SNDTIMEO is over", prepare_full_tcp, make_connect, NULL,
	      -EINPROGRESS),
	 .other = -EALREADY},
	{CALL("recv with MSG_WAITALL, a part has come", prepare_part, make_recv_all, finish_rest,
	      10),
	 .other = 3},
	{CALL("send, a part has gone", prepare_pair, make_send_many, finish_take_many, 1),
	 .other = 2},
	{CALL("flock", prepare_flock, make_flock, finish_flock, 0)},
	{CALL("fcntl F_SETLKW", prepare_lock, make_lock, finish_child, 0)},
	{CALL("fcntl F_OFD_SETLKW", prepare_open_lock, make_open_lock, finish_open_lock, 0)},
	{CALL("open of a FIFO", prepare_fifo, make_open, finish_open, 1)},
	{CALL("read of inotify", prepare_inotify, make_read_many, finish_byte, 1)},
	{CALL("read of an eventfd", prepare_eventfd, make_read_many, finish_eventfd, 1)},
	{CALL("read of a timerfd", prepare_timerfd, make_read_many, NULL, 1)},
	{.name = NULL},
};
