// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Shows CVE-2025-69418 by the wrong results themselves.  Where a cipher offers OCB with a
 * function for many blocks at once ("stream", the way of accelerated ciphers), the vulnerable
 * library forgets to step over the blocks which that function has done: the bytes after the last
 * whole block are neither encrypted nor authenticated, and the first ones are spoilt.  The same
 * calls without such a function do it right, so they are what the results are compared with.
 *
 * Works without pause; a line on stdin ("?") is answered by a line on stdout:
 *   encrypt RIGHT, decrypt RIGHT, rounds 1234
 * Ends at the end of stdin.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/aes.h>
#include <openssl/crypto.h>
#include <openssl/modes.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK = 16,
	LEN_MIN = BLOCK + 1,	 /* one whole block, so that "stream" is called ... */
	LEN_MAX = 2 * BLOCK - 1, /* ... and a part of one, which is what goes wrong */
	TAG_LEN = 16,
	NONCE_LEN = 12,
};

struct message {
	unsigned char text[LEN_MAX];
	unsigned char tag[TAG_LEN];
};

static AES_KEY encrypt_key;
static AES_KEY decrypt_key;
static const unsigned char nonce[NONCE_LEN] = "not so often";

static void encrypt_block(const unsigned char in[BLOCK], unsigned char out[BLOCK], const void *key)
{
	AES_encrypt(in, out, key);
}

static void decrypt_block(const unsigned char in[BLOCK], unsigned char out[BLOCK], const void *key)
{
	AES_decrypt(in, out, key);
}

static void xor_block(unsigned char to[BLOCK], const unsigned char with[BLOCK])
{
	for (size_t i = 0; i < BLOCK; i++)
		to[i] ^= with[i];
}

/*
 * OCB over whole blocks (RFC 7253, section 4.2): offset_i = offset_{i-1} xor L_{ntz(i)},
 * out = offset_i xor AES(in xor offset_i); the checksum is over the plain text.
 */
static void many_blocks(const unsigned char *in, unsigned char *out, size_t nr, const void *key,
			size_t first, unsigned char offset[BLOCK], const unsigned char l[][BLOCK],
			unsigned char checksum[BLOCK], bool encrypting)
{
	for (size_t i = first; i < first + nr; i++, in += BLOCK, out += BLOCK) {
		unsigned char block[BLOCK];

		xor_block(offset, l[__builtin_ctzl(i)]);
		memcpy(block, in, BLOCK);
		if (encrypting)
			xor_block(checksum, block);
		xor_block(block, offset);
		if (encrypting)
			AES_encrypt(block, block, key);
		else
			AES_decrypt(block, block, key);
		xor_block(block, offset);
		if (!encrypting)
			xor_block(checksum, block);
		memcpy(out, block, BLOCK);
	}
}

static void encrypt_blocks(const unsigned char *in, unsigned char *out, size_t nr, const void *key,
			   size_t first, unsigned char offset[BLOCK],
			   const unsigned char l[][BLOCK], unsigned char checksum[BLOCK])
{
	many_blocks(in, out, nr, key, first, offset, l, checksum, true);
}

static void decrypt_blocks(const unsigned char *in, unsigned char *out, size_t nr, const void *key,
			   size_t first, unsigned char offset[BLOCK],
			   const unsigned char l[][BLOCK], unsigned char checksum[BLOCK])
{
	many_blocks(in, out, nr, key, first, offset, l, checksum, false);
}

/* Runs one message through the library; stream NULL is the way that was always right. */
static void run(bool encrypting, ocb128_f stream, const struct message *in, size_t len,
		struct message *out)
{
	OCB128_CONTEXT *ctx =
		CRYPTO_ocb128_new(&encrypt_key, &decrypt_key, encrypt_block, decrypt_block, stream);

	memset(out, 0, sizeof(*out));
	if (ctx == NULL || CRYPTO_ocb128_setiv(ctx, nonce, NONCE_LEN, TAG_LEN) != 1 ||
	    (encrypting ? CRYPTO_ocb128_encrypt : CRYPTO_ocb128_decrypt)(ctx, in->text, out->text,
									 len) != 1 ||
	    CRYPTO_ocb128_tag(ctx, out->tag, TAG_LEN) != 1) {
		fprintf(stderr, "ocb_victim: the library refuses the call\n");
		exit(1);
	}
	CRYPTO_ocb128_cleanup(ctx);
	OPENSSL_free(ctx);
}

static bool is_right(bool encrypting)
{
	ocb128_f stream = encrypting ? encrypt_blocks : decrypt_blocks;
	struct message in = {0}, got, wanted;
	bool right = true;

	for (size_t i = 0; i < sizeof(in.text); i++)
		in.text[i] = (unsigned char)(i * 7 + 1);
	for (size_t len = LEN_MIN; len <= LEN_MAX; len++) {
		run(encrypting, stream, &in, len, &got);
		run(encrypting, NULL, &in, len, &wanted);
		if (memcmp(&got, &wanted, sizeof(got)) != 0)
			right = false;
	}
	return right;
}

static const char *word(bool right)
{
	return right ? "RIGHT" : "WRONG";
}

int main(void)
{
	static const unsigned char key[16] = "an example's key";
	struct pollfd asked = {.fd = 0, .events = POLLIN};
	unsigned long rounds = 0;
	char line[16];

	AES_set_encrypt_key(key, 128, &encrypt_key);
	AES_set_decrypt_key(key, 128, &decrypt_key);
	for (;;) {
		bool encrypt_right = is_right(true), decrypt_right = is_right(false);

		rounds++;
		if (poll(&asked, 1, 1) <= 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			return 0;
		/* What was computed before the question came may be older than the answer. */
		encrypt_right = is_right(true);
		decrypt_right = is_right(false);
		printf("encrypt %s, decrypt %s, rounds %lu\n", word(encrypt_right),
		       word(decrypt_right), rounds);
		fflush(stdout);
	}
}
