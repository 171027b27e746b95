// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Crafted CMS messages.  They are written down as text and encoded by ASN1_generate_nconf(3), since
 * no function of the library would make them.
 */
#include "openssl_faults.h"

#include <openssl/asn1t.h>
#include <openssl/conf.h>
#include <openssl/evp.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Object identifiers, RFC 3211, 5083, 5652, 8018, and those of the ciphers. */
#define ENVELOPED "1.2.840.113549.1.7.3"
#define AUTH_ENVELOPED "1.2.840.113549.1.9.16.1.23"
#define ENCRYPTED "1.2.840.113549.1.7.6"
#define PBKDF2 "1.2.840.113549.1.5.12"
#define PWRI_KEK "1.2.840.113549.1.9.16.3.9"
#define DATA "1.2.840.113549.1.7.1"
#define AES_128_CBC "2.16.840.1.101.3.4.1.2"
#define AES_128_OFB "2.16.840.1.101.3.4.1.3"
#define AES_128_GCM "2.16.840.1.101.3.4.1.6"

#define ZEROES_16 "00000000000000000000000000000000"
#define VECTOR_12 "000000000000000000000000"

/* The parts that all messages have.  Of each block a line is one member. */
#define CONTENT(cipher, parameter)                               \
	"[content]\ntype=OID:" DATA "\ncipher=SEQUENCE:cipher\n" \
	"data=IMPLICIT:0,FORMAT:HEX,OCTETSTRING:" ZEROES_16 "\n" \
	"[cipher]\nname=OID:" cipher "\nparameter=" parameter "\n"
#define CBC CONTENT(AES_128_CBC, "FORMAT:HEX,OCTETSTRING:" ZEROES_16)
#define GCM(vector)                          \
	CONTENT(AES_128_GCM, "SEQUENCE:gcm") \
	"[gcm]\nvector=FORMAT:HEX,OCTETSTRING:" vector "\ntag=INTEGER:16\n"
#define AUTH(content, tag)                                                          \
	"[all]\ntype=OID:" AUTH_ENVELOPED "\nmessage=EXPLICIT:0,SEQUENCE:message\n" \
	"[message]\nversion=INTEGER:0\nrecipients=SET\ncontent=SEQUENCE:content\n"  \
	"tag=FORMAT:HEX,OCTETSTRING:" tag "\n" content

enum {
	KEY_LEN = 16,
	WRAP_HEAD =
		4, /* the length and three check bytes before the key, RFC 3211, section 2.3.1 */
	WRAP_MAX = 64,
};

static const char password[] = "an example's password";
static const unsigned char salt[8] = "saltsalt";

static CMS_ContentInfo *message_of(const char *text)
{
	CONF *conf = NCONF_new(NULL);
	BIO *in = BIO_new_mem_buf(text, -1);
	ASN1_TYPE *type = NULL;
	const unsigned char *der;
	CMS_ContentInfo *message;

	if (!conf || !in || NCONF_load_bio(conf, in, NULL) <= 0 ||
	    !(type = ASN1_generate_nconf("SEQUENCE:all", conf)))
		give_up("encoding a message");
	der = type->value.sequence->data;
	message = d2i_CMS_ContentInfo(NULL, &der, type->value.sequence->length);
	if (!message)
		give_up("decoding a message");
	ASN1_TYPE_free(type);
	BIO_free(in);
	NCONF_free(conf);
	return message;
}

/* Whether the library starts to decrypt or encrypt it. */
static bool is_taken(const char *text)
{
	CMS_ContentInfo *message = message_of(text);
	BIO *bio = CMS_dataInit(message, NULL);
	bool taken = bio != NULL;

	BIO_free_all(bio);
	CMS_ContentInfo_free(message);
	return taken;
}

/* The vector goes into 16 bytes on the stack, however long it is. */
enum finding cms_long_vector(void)
{
#define TWENTY(x) x x x x x x x x x x x x x x x x x x x x
	static const char long_vector[] = AUTH(GCM(TWENTY(VECTOR_12)), ZEROES_16);

	if (!is_taken(AUTH(GCM(VECTOR_12), ZEROES_16)))
		give_up("a vector of twelve bytes");
	return is_taken(long_vector) ? WRONG : RIGHT;
}

/*
 * Three functions get a new argument by one fix: AuthEnvelopedData has to have a cipher that
 * authenticates, and the two other kinds must not have one.
 */
enum finding cms_wrong_cipher(void)
{
	bool auth = is_taken(AUTH(CBC, ZEROES_16));
	bool short_tag = is_taken(AUTH(GCM(VECTOR_12), "00"));
	bool enveloped = is_taken("[all]\ntype=OID:" ENVELOPED
				  "\nmessage=EXPLICIT:0,SEQUENCE:message\n[message]\n"
				  "version=INTEGER:0\nrecipients=SET\n"
				  "content=SEQUENCE:content\n" GCM(VECTOR_12));
	bool encrypted = is_taken("[all]\ntype=OID:" ENCRYPTED
				  "\nmessage=EXPLICIT:0,SEQUENCE:message\n[message]\n"
				  "version=INTEGER:0\ncontent=SEQUENCE:content\n" GCM(VECTOR_12));

	if (!auth && !short_tag && !enveloped && !encrypted)
		return RIGHT;
	return auth && short_tag && enveloped && encrypted ? WRONG : HALF;
}

/* --- keys that are encrypted with a password ------------------------------------------ */

static EVP_CIPHER_CTX *kek_start(const EVP_CIPHER *cipher)
{
	unsigned char kek[KEY_LEN];
	static const unsigned char vector[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!ctx ||
	    !PKCS5_PBKDF2_HMAC(password, -1, salt, sizeof(salt), 1, EVP_sha1(), sizeof(kek), kek) ||
	    !EVP_EncryptInit_ex2(ctx, cipher, kek, vector, NULL))
		give_up("a key from a password");
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	return ctx;
}

/* A block of `len` bytes that says it has a key of `key_len`, with the right check bytes. */
static void wrap_plain(unsigned char *block, size_t len, size_t key_len)
{
	for (size_t i = WRAP_HEAD; i < len; i++)
		block[i] = (unsigned char)(3 * i);
	block[0] = (unsigned char)key_len;
	for (size_t i = 1; i < WRAP_HEAD; i++)
		block[i] = (unsigned char)~block[i + 3];
}

/* As RFC 3211 says: encrypted twice, the second time with the last block as vector. */
static void wrap_cbc(unsigned char *block, int len)
{
	EVP_CIPHER_CTX *ctx = kek_start(EVP_aes_128_cbc());
	int done;

	if (!EVP_EncryptUpdate(ctx, block, &done, block, len) ||
	    !EVP_EncryptUpdate(ctx, block, &done, block, len))
		give_up("encrypting a key");
	EVP_CIPHER_CTX_free(ctx);
}

/*
 * What the unwrapping of the library undoes where the cipher is a stream, and a block one byte: it
 * decrypts the last two bytes, once more the last one, and all but the last one; then all of it
 * from the stream's start.
 */
static void wrap_ofb(unsigned char *block, int len)
{
	EVP_CIPHER_CTX *ctx = kek_start(EVP_aes_128_ofb());
	unsigned char stream[WRAP_MAX + 3] = {0};
	int done;

	if (!EVP_EncryptUpdate(ctx, stream, &done, stream, len + 3))
		give_up("encrypting a key");
	for (int i = 0; i < len; i++)
		block[i] ^= (unsigned char)(stream[i] ^ (i < len - 1 ? stream[i + 3] : stream[1]));
	EVP_CIPHER_CTX_free(ctx);
}

/* Whether the library takes a key from a message with this encrypted key. */
static bool key_is_taken(const char *cipher, const unsigned char *block, size_t len)
{
	char hex[2 * WRAP_MAX + 1], text[2048];
	CMS_ContentInfo *message;
	int taken;

	for (size_t i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", block[i]);
	if ((size_t)snprintf(text, sizeof(text),
			     "[all]\ntype=OID:" ENVELOPED "\nmessage=EXPLICIT:0,SEQUENCE:message\n"
			     "[message]\nversion=INTEGER:3\nrecipients=SET:recipients\n"
			     "content=SEQUENCE:content\n" CBC
			     "[recipients]\npassword=IMPLICIT:3,SEQUENCE:password\n"
			     "[password]\nversion=INTEGER:0\nderive=IMPLICIT:0,SEQUENCE:derive\n"
			     "encrypt=SEQUENCE:encrypt\nkey=FORMAT:HEX,OCTETSTRING:%s\n"
			     "[derive]\nname=OID:" PBKDF2 "\nparameter=SEQUENCE:pbkdf2\n"
			     "[pbkdf2]\nsalt=OCTETSTRING:%.8s\nrounds=INTEGER:1\n"
			     "[encrypt]\nname=OID:" PWRI_KEK "\nparameter=SEQUENCE:kek\n"
			     "[kek]\nname=OID:%s\nvector=FORMAT:HEX,OCTETSTRING:" ZEROES_16 "\n",
			     hex, (const char *)salt, cipher) >= sizeof(text))
		give_up("a text that fits");
	message = message_of(text);
	taken = CMS_decrypt_set1_password(message, (unsigned char *)(uintptr_t)password, -1);
	CMS_ContentInfo_free(message);
	return taken > 0;
}

static bool wrapped_is_taken(size_t len, size_t key_len)
{
	unsigned char block[WRAP_MAX];

	wrap_plain(block, len, key_len);
	wrap_cbc(block, (int)len);
	return key_is_taken(AES_128_CBC, block, len);
}

/*
 * A block of 32 bytes that says its key has 32: four bytes of them are not there.  The allocator
 * has room for 40, so that nothing but the answer shows it.
 */
enum finding cms_key_too_long(void)
{
	if (!wrapped_is_taken(32, KEY_LEN))
		give_up("a key of the right length");
	return wrapped_is_taken(32, 32) ? WRONG : RIGHT;
}

/* A stream has blocks of one byte, so that the check bytes may not be there at all. */
enum finding cms_stream_cipher(void)
{
	unsigned char block[WRAP_MAX];

	if (!wrapped_is_taken(32, KEY_LEN))
		give_up("a key of the right length");
	wrap_plain(block, WRAP_HEAD + KEY_LEN, KEY_LEN);
	wrap_ofb(block, WRAP_HEAD + KEY_LEN);
	return key_is_taken(AES_128_OFB, block, WRAP_HEAD + KEY_LEN) ? WRONG : RIGHT;
}

/* --- what they are there for ----------------------------------------------------------- */

static const char text[] = "nothing but an example";

static bool decrypts(CMS_ContentInfo *message)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *data;
	bool same;

	same = out && CMS_decrypt(message, NULL, NULL, NULL, out, CMS_BINARY) == 1 &&
	       BIO_get_mem_data(out, &data) == (long)sizeof(text) &&
	       memcmp(data, text, sizeof(text)) == 0;
	BIO_free(out);
	return same;
}

/* For one recipient, who has a password or a key; GCM makes it AuthEnvelopedData. */
static bool enveloped_works(const EVP_CIPHER *cipher, bool with_password)
{
	static unsigned char key[KEY_LEN] = "an example's key", id[] = "victim";
	unsigned char *pass = (unsigned char *)OPENSSL_strdup(password);
	BIO *in = BIO_new_mem_buf(text, sizeof(text));
	CMS_ContentInfo *m = CMS_encrypt(NULL, NULL, cipher, CMS_PARTIAL | CMS_BINARY);
	bool works;

	works = in && m && pass &&
		(with_password ? CMS_add0_recipient_password(m, -1, NID_undef, NID_undef, pass, -1,
							     NULL) != NULL
			       : CMS_add0_recipient_key(m, NID_undef, OPENSSL_memdup(key, KEY_LEN),
							KEY_LEN, OPENSSL_memdup(id, sizeof(id)),
							sizeof(id), NULL, NULL, NULL) != NULL) &&
		CMS_final(m, in, NULL, CMS_BINARY) == 1 &&
		(with_password ? CMS_decrypt_set1_password(m, pass, -1)
			       : CMS_decrypt_set1_key(m, key, KEY_LEN, id, sizeof(id))) == 1 &&
		decrypts(m);
	if (!with_password)
		OPENSSL_free(pass);
	CMS_ContentInfo_free(m);
	BIO_free(in);
	return works;
}

static bool encrypted_works(void)
{
	static const unsigned char key[KEY_LEN] = "an example's key";
	BIO *in = BIO_new_mem_buf(text, sizeof(text)), *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *m =
		CMS_EncryptedData_encrypt(in, EVP_aes_128_cbc(), key, KEY_LEN, CMS_BINARY);
	char *data;
	bool works;

	works = m && out &&
		CMS_EncryptedData_decrypt(m, key, KEY_LEN, NULL, out, CMS_BINARY) == 1 &&
		BIO_get_mem_data(out, &data) == (long)sizeof(text) &&
		memcmp(data, text, sizeof(text)) == 0;
	CMS_ContentInfo_free(m);
	BIO_free(in);
	BIO_free(out);
	return works;
}

bool cms_works(void)
{
	return enveloped_works(EVP_aes_128_cbc(), true) &&
	       enveloped_works(EVP_aes_128_cbc(), false) &&
	       enveloped_works(EVP_aes_128_gcm(), false) && encrypted_works() &&
	       wrapped_is_taken(32, KEY_LEN);
}
