// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Workloads on libcrypto and libssl.  Random numbers come from a counter and the
 * time stands still (see below), so that every run does the same.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD: the short way to fixed random numbers */
#include "workload.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* --- what must not differ from run to run -------------------------------------------- */

#define NOW 1700000000 /* a day in 2023, in seconds since 1970 */

/* The libraries find these before those of the libc, for the program comes first. */
time_t time(time_t *out)
{
	if (out)
		*out = NOW;
	return NOW;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	(void)zone;
	*tv = (struct timeval){.tv_sec = NOW};
	return 0;
}

/* xorshift64*, seeded with a constant: no secret depends on it here. */
static int fixed_bytes(unsigned char *out, int len)
{
	static uint64_t state = 88172645463325252u;

	for (int i = 0; i < len; i++) {
		state ^= state >> 12;
		state ^= state << 25;
		state ^= state >> 27;
		out[i] = (unsigned char)((state * 2685821657736338717u) >> 56);
	}
	return 1;
}

static int ready(void)
{
	return 1;
}

static void fix_random(void)
{
	static const RAND_METHOD fixed = {
		.bytes = fixed_bytes, .pseudorand = fixed_bytes, .status = ready};

	expect(RAND_set_rand_method(&fixed) == 1);
}

/* --- a certificate ------------------------------------------------------------------- */

static EVP_PKEY *key;
static X509 *certificate;
static unsigned char *der;
static int der_len;
static BIO *pem; /* read-only */

static void add_name(X509_NAME *name, const char *field, const char *value)
{
	expect(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const unsigned char *)value,
					  -1, -1, 0) == 1);
}

static void add_extension(int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	expect(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void make_certificate(void)
{
	X509_NAME *name;

	fix_random();
	key = EVP_EC_gen("P-256");
	certificate = X509_new();
	expect(key != NULL && certificate != NULL);
	expect(X509_set_version(certificate, X509_VERSION_3) == 1);
	expect(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), 0x123456789abcdef) == 1);
	expect(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL);
	expect(X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * 86400L) != NULL);
	name = X509_get_subject_name(certificate);
	add_name(name, "C", "DE");
	add_name(name, "O", "Example");
	add_name(name, "OU", "Department of measurements");
	add_name(name, "CN", "www.example.org");
	expect(X509_set_issuer_name(certificate, name) == 1);
	expect(X509_set_pubkey(certificate, key) == 1);
	add_extension(NID_subject_alt_name, "DNS:www.example.org,DNS:example.org,IP:192.0.2.1");
	add_extension(NID_basic_constraints, "critical,CA:TRUE");
	add_extension(NID_key_usage, "digitalSignature,keyCertSign");
	expect(X509_sign(certificate, key, EVP_sha256()) > 0);
}

static void encode_certificate(void)
{
	make_certificate();
	der_len = i2d_X509(certificate, &der);
	expect(der_len > 0);
}

static void decode_certificate(void)
{
	const unsigned char *in = der;
	X509 *x = d2i_X509(NULL, &in, der_len);

	expect(x != NULL);
	X509_free(x);
}

static void write_pem(void)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long len;

	make_certificate();
	expect(out != NULL && PEM_write_bio_X509(out, certificate) == 1);
	len = BIO_get_mem_data(out, &text);
	expect(len > 0);
	pem = BIO_new_mem_buf(text, (int)len); /* borrows text: `out` is kept until the end */
	expect(pem != NULL);
}

static void read_pem(void)
{
	X509 *x;

	expect(BIO_reset(pem) == 1);
	x = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	expect(x != NULL);
	X509_free(x);
}

static void print_certificate(void)
{
	BIO *out = BIO_new(BIO_s_mem());

	expect(out != NULL && X509_print(out, certificate) == 1);
	BIO_free(out);
}

static X509_STORE *store;

static void make_store(void)
{
	make_certificate();
	store = X509_STORE_new();
	expect(store != NULL && X509_STORE_add_cert(store, certificate) == 1);
}

static void verify_certificate(void)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	expect(ctx != NULL && X509_STORE_CTX_init(ctx, store, certificate, NULL) == 1);
	expect(X509_verify_cert(ctx) == 1);
	X509_STORE_CTX_free(ctx);
}

/* --- numbers and names --------------------------------------------------------------- */

static BIGNUM *number;

static void make_number(void)
{
	expect(BN_hex2bn(&number, "123456789abcdef0fedcba9876543210"
				  "0f1e2d3c4b5a69788796a5b4c3d2e1f0") == 64);
}

static void print_number(void)
{
	char *text = BN_bn2dec(number);

	expect(text != NULL);
	OPENSSL_free(text);
}

static void look_up_objects(void)
{
	ASN1_OBJECT *object = OBJ_txt2obj("1.2.840.113549.1.1.11", 1);

	expect(OBJ_obj2nid(object) == NID_sha256WithRSAEncryption);
	expect(OBJ_sn2nid("SHA256") == NID_sha256);
	expect(OBJ_ln2nid("commonName") == NID_commonName);
	expect(OBJ_nid2sn(NID_sha256) != NULL);
	ASN1_OBJECT_free(object);
}

/* --- ciphers and digests ------------------------------------------------------------- */

static EVP_CIPHER_CTX *cipher;
static EVP_MD_CTX *digest;
static EVP_MD *sha256;
static const unsigned char sixteen[16] = "sixteen bytes do";

static void make_cipher(void)
{
	EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);

	cipher = EVP_CIPHER_CTX_new();
	expect(gcm != NULL && cipher != NULL);
	expect(EVP_EncryptInit_ex2(cipher, gcm, sixteen, sixteen, NULL) == 1);
	EVP_CIPHER_free(gcm);
}

static void encrypt(void)
{
	unsigned char out[32];
	unsigned char tag[16];
	int len;
	int last;

	expect(EVP_EncryptInit_ex2(cipher, NULL, NULL, sixteen, NULL) == 1);
	expect(EVP_EncryptUpdate(cipher, out, &len, sixteen, 16) == 1);
	expect(EVP_EncryptFinal_ex(cipher, out + len, &last) == 1 && len + last == 16);
	expect(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
}

static void make_digest(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	digest = EVP_MD_CTX_new();
	expect(sha256 != NULL && digest != NULL);
}

static void hash(void)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int len;

	expect(EVP_DigestInit_ex2(digest, sha256, NULL) == 1);
	expect(EVP_DigestUpdate(digest, sixteen, 16) == 1);
	expect(EVP_DigestFinal_ex(digest, out, &len) == 1 && len == 32);
}

static void authenticate(void)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int len;

	expect(HMAC(EVP_sha256(), sixteen, 16, sixteen, 16, out, &len) != NULL && len == 32);
}

static void encode_base64(void)
{
	unsigned char in[192] = {0};
	unsigned char out[257];

	expect(EVP_EncodeBlock(out, in, sizeof(in)) == 256);
}

/* --- TLS --------------------------------------------------------------------------- */

static SSL_CTX *server_ctx;
static SSL_CTX *client_ctx;

static void make_contexts(void)
{
	make_certificate();
	server_ctx = SSL_CTX_new(TLS_server_method());
	client_ctx = SSL_CTX_new(TLS_client_method());
	expect(server_ctx != NULL && client_ctx != NULL);
	expect(SSL_CTX_use_certificate(server_ctx, certificate) == 1);
	expect(SSL_CTX_use_PrivateKey(server_ctx, key) == 1);
	expect(X509_STORE_add_cert(SSL_CTX_get_cert_store(client_ctx), certificate) == 1);
	SSL_CTX_set_verify(client_ctx, SSL_VERIFY_PEER, NULL);
}

/* One step; false if the handshake is not at its end. */
static int step(SSL *ssl)
{
	int status = SSL_do_handshake(ssl);

	expect(status == 1 || SSL_get_error(ssl, status) == SSL_ERROR_WANT_READ);
	return status == 1;
}

static void shake_hands(void)
{
	SSL *server = SSL_new(server_ctx);
	SSL *client = SSL_new(client_ctx);
	BIO *server_end;
	BIO *client_end;
	char text[16];

	expect(BIO_new_bio_pair(&server_end, 0, &client_end, 0) == 1);
	SSL_set_bio(server, server_end, server_end);
	SSL_set_bio(client, client_end, client_end);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	while (!(step(client) & step(server)))
		;
	expect(SSL_write(client, sixteen, 16) == 16);
	expect(SSL_read(server, text, sizeof(text)) == 16);
	SSL_free(client);
	SSL_free(server);
}

const struct workload workloads[] = {
	{"d2i-certificate", 20, encode_certificate, decode_certificate},
	{"PEM-read", 20, write_pem, read_pem},
	{"X509-print", 20, make_certificate, print_certificate},
	{"X509-verify", 20, make_store, verify_certificate},
	{"BN_bn2dec", 1000, make_number, print_number},
	{"OBJ-lookups", 1000, NULL, look_up_objects},
	{"AES-GCM-16-bytes", 2000, make_cipher, encrypt},
	{"SHA-256-16-bytes", 2000, make_digest, hash},
	{"HMAC-16-bytes", 200, NULL, authenticate},
	{"base64-192-bytes", 2000, NULL, encode_base64},
	{"TLS-handshake", 4, make_contexts, shake_hands},
	{NULL, 0, NULL, NULL},
};
