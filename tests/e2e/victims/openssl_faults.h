/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the program openssl_faults share. */
#ifndef OPENSSL_FAULTS_H
#define OPENSSL_FAULTS_H

#include <openssl/cms.h>
#include <openssl/x509.h>

#include <stdbool.h>

/* What a child finds; its exit status.  A signal that ends it counts as WRONG. */
enum finding {
	RIGHT, /* the library refuses what it has to refuse */
	WRONG,
	HALF, /* some of what one fix changes is as before it */
};

/* Ends the program, or the child, with the library's errors: something it builds on has failed. */
_Noreturn void give_up(const char *what);

/* A key, and a certificate for it that its own key has signed, for signatures and time stamps. */
struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

extern struct identity identity;

void identity_create(void);

/* --- openssl_faults_cms.c ---------------------------------------------------------- */

enum finding cms_long_vector(void);   /* CVE-2025-15467 */
enum finding cms_key_too_long(void);  /* CVE-2025-9230 */
enum finding cms_stream_cipher(void); /* CVE-2026-9076 */
enum finding cms_wrong_cipher(void);  /* CVE-2026-34182 */

/* Encrypts and decrypts in all ways that the fixes touch; whether all is as it should be. */
bool cms_works(void);

/* --- openssl_faults_signed.c ------------------------------------------------------- */

enum finding pkcs7_frees_input(void);	 /* CVE-2026-45447 */
enum finding pkcs12_attribute(void);	 /* CVE-2026-22795 */
enum finding time_stamp_attribute(void); /* CVE-2025-69420 */
enum finding proxy_of_address(void);	 /* CVE-2025-9232 */

bool signed_works(void);

#endif
