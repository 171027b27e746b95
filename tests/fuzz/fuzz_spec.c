/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzing of the spec's reader: YAML that anybody may have written.  What it accepts keeps all
 * that packer/spec.h promises; what it refuses has a place in the text.
 */
#include "config.h"

#include "packer/spec.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define NAME "fuzz.yaml"

static void require(bool kept)
{
	if (!kept)
		abort();
}

/* Every byte is read, so that a sanitizer sees a string that is not there any more. */
static void check_string(const char *text, bool wanted)
{
	require(text != NULL);
	require(!wanted || *text);
	for (; *text; text++)
		require(*text != '\x7f');
}

static void check_spec(const struct spec *spec)
{
	check_string(spec->name, true);
	check_string(spec->description, false);
	check_string(spec->soname, true);
	require(spec->nr_functions > 0);
	for (size_t i = 0; i < spec->nr_labels; i++)
		check_string(spec->labels[i], true);
	for (size_t i = 0; i < spec->nr_build_ids; i++)
		require(spec->build_ids[i].len > 0 && spec->build_ids[i].len <= ULP_BUILD_ID_MAX);
	for (size_t i = 0; i < spec->nr_functions; i++) {
		const struct spec_function *f = &spec->functions[i];
		struct ulp_err err;

		check_string(f->replace, true);
		check_string(f->with, true);
		if (f->source)
			check_string(f->source, true);
		require(spec_fail(spec, f->place, ULP_ENOFUNC, &err, "x") == ULP_ENOFUNC);
		require(strncmp(err.where, NAME ":", strlen(NAME ":")) == 0);
	}
	for (size_t i = 0; i < spec->nr_relations; i++)
		check_string(spec->relations[i].name, true);
	for (size_t i = 0; i < spec->nr_accepts; i++) {
		check_string(spec->accepts[i].refusal, true);
		check_string(spec->accepts[i].reason, true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pool pool = {0};
	struct spec spec;
	struct ulp_err err;

	if (spec_parse(&pool, NAME, (const char *)bytes, len, &spec, &err) == ULP_OK)
		check_spec(&spec);
	else
		require(err.code == ULP_ESPEC && err.text[0] &&
			strncmp(err.where, NAME, strlen(NAME)) == 0);
	pool_deinit(&pool);
	return 0;
}

uint8_t *fuzz_seed(size_t *len)
{
	static const char text[] = "ulp: 1\n"
				   "name: sample-CVE-2024-1\n"
				   "description: >\n"
				   "  Two\n"
				   "  lines.\n"
				   "labels: [CVE-2024-1, \"two\"]\n"
				   "consistency: none\n"
				   "target:\n"
				   "  soname: libsample.so.1\n"
				   "  build_id: [0123456789abcdef0123456789abcdef01234567]\n"
				   "functions:\n"
				   "  - replace: parse  # a comment\n"
				   "    with: 'new_parse'\n"
				   "    source: lib/parse.c\n"
				   "  - {replace: other}\n";
	uint8_t *seed = malloc(sizeof(text) - 1);

	if (!seed)
		abort();
	memcpy(seed, text, sizeof(text) - 1);
	*len = sizeof(text) - 1;
	return seed;
}

/* --- mutation ------------------------------------------------------------- */

/* What means something to YAML or to the spec, and what no spec may hold. */
static const char *const tokens[] = {
	"ulp: 1\n",
	"ulp: 2\n",
	"name: ",
	"name: a\n",
	"description: |\n  ",
	"labels: [",
	"target: {",
	"soname: x.so\n",
	"build_id: ",
	"functions:\n",
	"  - ",
	"replace: f\n",
	"with: g\n",
	"source: a.c\n",
	"consistency: none\n",
	"requires: ",
	"conflicts: ",
	"supersedes: ",
	"accept: ",
	"refusal: ",
	"reason: ",
	"&a ",
	"*a",
	"<<: *a\n",
	"!!str ",
	"!!int ",
	"--- ",
	"...\n",
	"%YAML 1.2\n",
	"? ",
	": ",
	"[",
	"]",
	"{",
	"}",
	", ",
	"\"",
	"'",
	"\\x00",
	"\\u0041",
	"\t",
	"\r\n",
	"\xef\xbb\xbf",
	"\xc3\xa4",
	"\xc3",
	"\xff\xfe",
	"\xf4\x90\x80\x80",
	"\xe2\x80\xa8",
	"\x1b[31m",
	"|2-\n",
	"null",
	"~",
	"true",
	"0x10",
	"99999999999999999999",
	"*a, *a, *a",
	"# ",
	"\n",
	"  ",
};

/* Puts a token over or between what is there. */
static size_t put_token(uint8_t *bytes, size_t len, size_t room, unsigned int seed)
{
	const char *token = tokens[seed % (sizeof(tokens) / sizeof(tokens[0]))];
	const size_t token_len = strlen(token), at = len ? seed / 64 % (len + 1) : 0;
	size_t tail = len - at;

	if (seed % 5 == 0 && tail >= token_len)
		tail -= token_len;
	if (at + token_len + tail > room)
		return len;
	memmove(bytes + at + token_len, bytes + len - tail, tail);
	memcpy(bytes + at, token, token_len);
	return at + token_len + tail;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned int seed)
{
	if (seed % 3 == 0)
		return LLVMFuzzerMutate(bytes, len, room);
	return put_token(bytes, len, room, seed / 3);
}
