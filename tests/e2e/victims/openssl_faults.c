// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Shows faults of OpenSSL 3.0.17 by what they do.  A line with the number of one, such as
 * "CVE-2025-9230", is answered by a line on stdout:
 *   RIGHT    the library refuses the crafted input, as the fixed one does
 *   WRONG    it takes it, or the child that tries it is killed
 *   HALF     a fix of several functions is there in part
 * The line "works" is answered by "faults 0, rounds 1234": a thread uses the same functions without
 * pause for what they are there for, and checks what they give.  The line "end" ends it.
 */
#include "openssl_faults.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct fault {
	const char *name;
	enum finding (*find)(void);
} faults[] = {
	{"CVE-2025-15467", cms_long_vector},	  {"CVE-2025-9230", cms_key_too_long},
	{"CVE-2026-9076", cms_stream_cipher},	  {"CVE-2026-34182", cms_wrong_cipher},
	{"CVE-2026-45447", pkcs7_frees_input},	  {"CVE-2026-22795", pkcs12_attribute},
	{"CVE-2025-69420", time_stamp_attribute}, {"CVE-2025-9232", proxy_of_address},
};

struct identity identity;

static atomic_ulong rounds;
static atomic_ulong nr_wrong;

/*
 * Held by the thread that works during a round, and during a fork: a child must not be born with
 * a lock of the library that nobody in it will release.
 */
static pthread_mutex_t working = PTHREAD_MUTEX_INITIALIZER;

void give_up(const char *what)
{
	fprintf(stderr, "openssl_faults: %s failed\n", what);
	ERR_print_errors_fp(stderr);
	_exit(99);
}

static void add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!extension || !X509_add_ext(x, extension, -1))
		give_up("an extension");
	X509_EXTENSION_free(extension);
}

void identity_create(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name;

	if (!key || !x)
		give_up("a key");
	name = X509_get_subject_name(x);
	if (!X509_set_version(x, X509_VERSION_3) ||
	    !ASN1_INTEGER_set(X509_get_serialNumber(x), 1) ||
	    !X509_gmtime_adj(X509_getm_notBefore(x), -3600) ||
	    !X509_gmtime_adj(X509_getm_notAfter(x), 86400) ||
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"victim",
					-1, -1, 0) ||
	    !X509_set_issuer_name(x, name) || !X509_set_pubkey(x, key))
		give_up("a certificate");
	add_extension(x, NID_key_usage, "critical,digitalSignature,nonRepudiation");
	add_extension(x, NID_ext_key_usage, "critical,timeStamping");
	if (X509_sign(x, key, EVP_sha256()) <= 0)
		give_up("the signature of a certificate");
	identity = (struct identity){.key = key, .certificate = x};
}

static void *work(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&working);
		if (!cms_works() || !signed_works())
			atomic_fetch_add(&nr_wrong, 1);
		atomic_fetch_add(&rounds, 1);
		pthread_mutex_unlock(&working);
		/* The mutex is not fair: the other thread has to come to its turn. */
		usleep(1000);
	}
	return NULL;
}

/* A child tries it, for it may be killed. */
static const char *finding_of(const struct fault *fault)
{
	const struct rlimit no_core = {0, 0};
	int status = 0;
	pid_t child;

	pthread_mutex_lock(&working);
	child = fork();
	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		_exit((int)fault->find());
	}
	pthread_mutex_unlock(&working);
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("openssl_faults");
		exit(1);
	}
	if (WIFSIGNALED(status))
		return "WRONG";
	switch (WEXITSTATUS(status)) {
	case RIGHT:
		return "RIGHT";
	case WRONG:
		return "WRONG";
	case HALF:
		return "HALF";
	default:
		return "(the child gave up)";
	}
}

static const char *answer(const char *name)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		if (strcmp(faults[i].name, name) == 0)
			return finding_of(&faults[i]);
	}
	return "(not known)";
}

int main(void)
{
	char line[64];
	pthread_t worker;

	identity_create();
	if (pthread_create(&worker, NULL, work, NULL) != 0)
		return 1;
	while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "end\n") != 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "works") == 0)
			printf("faults %lu, rounds %lu\n", atomic_load(&nr_wrong),
			       atomic_load(&rounds));
		else
			printf("%s\n", answer(line));
		fflush(stdout);
	}
	/* The library cleans up at exit: nothing may use it any more. */
	pthread_mutex_lock(&working);
	return 0;
}
