// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A steady load of TLS requests: each is a new connection with a full handshake (no session is
 * kept), a GET, and the whole answer, which has to be the expected one.
 *   tls_load PORT CA.pem BODY SECONDS THREADS
 * Writes "done N failed N" about ten times a second, and a last time when it ends: at SIGTERM or
 * after SECONDS at the latest.  The reason of each of the first failures goes to stderr.  The exit
 * status is 0 if no request failed.
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, REASONS_MAX = 10, TIMEOUT_S = 20 };

static atomic_bool ending;
static atomic_ulong nr_done;
static atomic_ulong nr_failed;
static in_port_t port;
static const char *body;
static SSL_CTX *tls;

static void end(int sig)
{
	(void)sig;
	atomic_store(&ending, true);
}

static bool failed(const char *step)
{
	if (atomic_fetch_add(&nr_failed, 1) < REASONS_MAX) {
		fprintf(stderr, "tls_load: %s: %m\n", step);
		ERR_print_errors_fp(stderr);
	}
	ERR_clear_error();
	return false;
}

static int connect_to_server(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool talk(SSL *ssl)
{
	static const char ask[] = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
	char answer[4096];
	size_t len = 0, got = 0;

	if (SSL_connect(ssl) != 1)
		return failed("handshake");
	if (SSL_session_reused(ssl))
		return failed("the handshake was not a full one");
	if (SSL_write(ssl, ask, sizeof(ask) - 1) != sizeof(ask) - 1)
		return failed("write");
	while (len < sizeof(answer) - 1 &&
	       SSL_read_ex(ssl, answer + len, sizeof(answer) - 1 - len, &got) == 1)
		len += got;
	answer[len] = '\0';
	if (SSL_get_shutdown(ssl) != SSL_RECEIVED_SHUTDOWN)
		return failed("the answer was cut short");
	if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 || strstr(answer, body) == NULL)
		return failed("the answer is not the expected one");
	SSL_shutdown(ssl);
	return true;
}

static bool request(void)
{
	int fd = connect_to_server();
	SSL *ssl;
	bool good;

	if (fd < 0)
		return failed("connect");
	ssl = SSL_new(tls);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_set1_host(ssl, "localhost") != 1)
		good = failed("SSL_new");
	else
		good = talk(ssl);
	SSL_free(ssl);
	close(fd);
	return good;
}

static void *work(void *unused)
{
	(void)unused;
	while (!atomic_load(&ending)) {
		if (request())
			atomic_fetch_add(&nr_done, 1);
	}
	return NULL;
}

static void report(void)
{
	printf("done %lu failed %lu\n", atomic_load(&nr_done), atomic_load(&nr_failed));
	fflush(stdout);
}

static int run(long seconds, int nr_threads)
{
	const struct timespec tenth = {.tv_nsec = 100 * 1000 * 1000};
	pthread_t threads[THREADS_MAX];
	time_t until = time(NULL) + seconds;

	for (int i = 0; i < nr_threads; i++) {
		if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
			fprintf(stderr, "tls_load: no thread\n");
			return 2;
		}
	}
	while (!atomic_load(&ending) && time(NULL) < until) {
		nanosleep(&tenth, NULL);
		report();
	}
	atomic_store(&ending, true);
	for (int i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	report();
	return atomic_load(&nr_failed) == 0 && atomic_load(&nr_done) > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sigaction on_term = {.sa_handler = end};
	int nr_threads;

	if (argc != 6) {
		fprintf(stderr, "usage: tls_load PORT CA.pem BODY SECONDS THREADS\n");
		return 2;
	}
	port = (in_port_t)atoi(argv[1]);
	body = argv[3];
	nr_threads = atoi(argv[5]);
	if (nr_threads < 1 || nr_threads > THREADS_MAX)
		return 2;
	sigaction(SIGTERM, &on_term, NULL);
	signal(SIGPIPE, SIG_IGN);
	tls = SSL_CTX_new(TLS_client_method());
	if (tls == NULL || SSL_CTX_load_verify_file(tls, argv[2]) != 1) {
		ERR_print_errors_fp(stderr);
		return 2;
	}
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	return run(atol(argv[4]), nr_threads);
}
