// SPDX-License-Identifier: GPL-3.0-or-later
/* Crafted PKCS#7, PKCS#12 and time stamps, and the host name of an address. */
#include "openssl_faults.h"

#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/http.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>

#include <stdlib.h>
#include <string.h>

static const char text[] = "nothing but an example";
static const char password[] = "an example's password";

/* A true value where the library expects a string or a sequence: it takes the 255 for a pointer. */
static void *const true_value = (void *)1;

/* --- PKCS#7 -------------------------------------------------------------------------- */

static int nr_freed;

static long count_free(BIO *bio, int operation, const char *argp, size_t len, int argi, long argl,
		       int ret, size_t *processed)
{
	(void)bio, (void)argp, (void)len, (void)argi, (void)argl, (void)processed;
	if (operation == BIO_CB_FREE)
		nr_freed++;
	return ret;
}

/* Whether PKCS7_verify() gives up the reference to the BIO, which is the caller's. */
static bool verify_frees(PKCS7 *p7)
{
	BIO *in = BIO_new(BIO_s_null());
	bool freed;

	/* A second reference, so that it is there afterwards in any case. */
	if (!in || !BIO_up_ref(in))
		give_up("a BIO");
	nr_freed = 0;
	BIO_set_callback_ex(in, count_free);
	(void)PKCS7_verify(p7, NULL, NULL, in, NULL, PKCS7_NOVERIFY);
	/* Now one reference is left, or none. */
	BIO_free(in);
	freed = nr_freed > 0;
	if (!freed)
		BIO_free(in);
	return freed;
}

/* Without a digest there is nothing between the caller's BIO and what is read from. */
enum finding pkcs7_frees_input(void)
{
	BIO *in = BIO_new_mem_buf(text, sizeof(text));
	PKCS7 *p7 = PKCS7_sign(identity.certificate, identity.key, NULL, in,
			       PKCS7_DETACHED | PKCS7_BINARY);

	if (!p7)
		give_up("PKCS7_sign");
	if (verify_frees(p7))
		give_up("verifying with a digest");
	while (sk_X509_ALGOR_num(p7->d.sign->md_algs) > 0)
		X509_ALGOR_free(sk_X509_ALGOR_pop(p7->d.sign->md_algs));
	return verify_frees(p7) ? WRONG : RIGHT;
}

static bool pkcs7_works(void)
{
	BIO *in = BIO_new_mem_buf(text, sizeof(text)), *again = BIO_new_mem_buf(text, sizeof(text));
	PKCS7 *p7 = PKCS7_sign(identity.certificate, identity.key, NULL, in,
			       PKCS7_DETACHED | PKCS7_BINARY);
	bool works = p7 && again && PKCS7_verify(p7, NULL, NULL, again, NULL, PKCS7_NOVERIFY) == 1;

	PKCS7_free(p7);
	BIO_free(in);
	BIO_free(again);
	return works;
}

/* --- PKCS#12 ------------------------------------------------------------------------- */

/* A file with the key and the certificate; `name` gets `type`. */
static PKCS12 *pkcs12_with(int type, const void *name, int len)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	STACK_OF(PKCS7) *safes = NULL;
	PKCS12_SAFEBAG *bag = PKCS12_add_cert(&bags, identity.certificate);
	PKCS12 *p12;

	if (!bag || !PKCS12_add1_attr_by_NID(bag, NID_friendlyName, type, name, len) ||
	    !PKCS12_add_safe(&safes, bags, -1, 0, NULL) || !(p12 = PKCS12_add_safes(safes, 0)) ||
	    !PKCS12_set_mac(p12, password, -1, NULL, 0, 1, NULL))
		give_up("a PKCS#12 file");
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return p12;
}

enum finding pkcs12_attribute(void)
{
	PKCS12 *p12 = pkcs12_with(V_ASN1_BOOLEAN, true_value, -1);
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	STACK_OF(X509) *others = NULL;

	return PKCS12_parse(p12, password, &key, &certificate, &others) ? WRONG : RIGHT;
}

static bool pkcs12_works(void)
{
	PKCS12 *p12 = pkcs12_with(V_ASN1_BMPSTRING, "\0v\0i\0c", 6);
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	STACK_OF(X509) *others = NULL;
	const unsigned char *name;
	int len;
	bool works;

	works = PKCS12_parse(p12, password, &key, &certificate, &others) == 1 &&
		sk_X509_num(others) == 1 &&
		(name = X509_alias_get0(sk_X509_value(others, 0), &len)) != NULL && len == 3 &&
		memcmp(name, "vic", 3) == 0;
	sk_X509_pop_free(others, X509_free);
	X509_free(certificate);
	EVP_PKEY_free(key);
	PKCS12_free(p12);
	return works;
}

/* --- time stamps --------------------------------------------------------------------- */

/* What a time stamp's signature is: PKCS#7 with one attribute more that names the certificate. */
static PKCS7 *token_with(int nid, int type, void *value)
{
	PKCS7 *p7 = PKCS7_new();
	PKCS7_SIGNER_INFO *signer;
	BIO *bio;

	if (!p7 || !PKCS7_set_type(p7, NID_pkcs7_signed) ||
	    !(signer = PKCS7_add_signature(p7, identity.certificate, identity.key, EVP_sha256())) ||
	    !PKCS7_add_certificate(p7, identity.certificate) ||
	    !PKCS7_content_new(p7, NID_pkcs7_data) ||
	    !PKCS7_add_signed_attribute(signer, NID_pkcs9_contentType, V_ASN1_OBJECT,
					OBJ_nid2obj(NID_pkcs7_data)) ||
	    !PKCS7_add_signed_attribute(signer, nid, type, value) ||
	    !(bio = PKCS7_dataInit(p7, NULL)) || BIO_write(bio, text, sizeof(text)) <= 0 ||
	    !PKCS7_dataFinal(p7, bio))
		give_up("a signature");
	BIO_free_all(bio);
	return p7;
}

static bool token_is_taken(PKCS7 *token)
{
	X509_STORE *store = X509_STORE_new();
	bool taken;

	if (!store || !X509_STORE_add_cert(store, identity.certificate))
		give_up("a store");
	taken = TS_RESP_verify_signature(token, NULL, store, NULL) == 1;
	X509_STORE_free(store);
	PKCS7_free(token);
	return taken;
}

enum finding time_stamp_attribute(void)
{
	return token_is_taken(token_with(NID_id_smime_aa_signingCertificate, V_ASN1_BOOLEAN,
					 true_value)) ||
			       token_is_taken(token_with(NID_id_smime_aa_signingCertificateV2,
							 V_ASN1_BOOLEAN, true_value))
		       ? WRONG
		       : RIGHT;
}

static bool time_stamp_works(void)
{
	STACK_OF(X509) *certificates = sk_X509_new_null();
	ESS_SIGNING_CERT_V2 *named;
	ASN1_STRING *sequence = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
	unsigned char *der = NULL;
	bool works;
	int len;

	named = OSSL_ESS_signing_cert_v2_new_init(EVP_sha256(), identity.certificate, certificates,
						  0);
	len = i2d_ESS_SIGNING_CERT_V2(named, &der);
	if (!certificates || !sequence || len <= 0 || !ASN1_STRING_set(sequence, der, len))
		give_up("the name of a certificate");
	works = token_is_taken(
		token_with(NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE, sequence));
	OPENSSL_free(der);
	ESS_SIGNING_CERT_V2_free(named);
	sk_X509_free(certificates);
	return works;
}

/* --- the host name of an address ----------------------------------------------------- */

/* Leaves no zero where the next function's variables will be. */
__attribute__((noinline)) static void fill_stack(void)
{
	volatile char room[8192];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 'x';
}

static bool proxy_is_right(const char *without, const char *server, bool wanted)
{
	const char *proxy;

	/* The dynamic linker, which a first call would run, does leave zeroes. */
	(void)OSSL_HTTP_adapt_proxy("proxy:1", without, server, 0);
	fill_stack();
	proxy = OSSL_HTTP_adapt_proxy("proxy:1", without, server, 0);
	return wanted ? proxy != NULL && strcmp(proxy, "proxy:1") == 0 : proxy == NULL;
}

/* The end of the address is not marked: with what stands behind it, it is not the one listed. */
enum finding proxy_of_address(void)
{
	return proxy_is_right("::1", "[::1]", false) ? RIGHT : WRONG;
}

bool signed_works(void)
{
	return pkcs7_works() && pkcs12_works() && time_stamp_works() &&
	       proxy_is_right("::1", "[::2]", true) &&
	       proxy_is_right("other,host", "host", false) && proxy_is_right("a", "host", true);
}
