/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reader, writer and users of a patch share: checksum, build ID, release. */
#include "config.h"

#include "container/patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FNV_OFFSET_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

uint64_t ulp_checksum(const void *bytes, size_t len)
{
	return ulp_checksum_more(FNV_OFFSET_BASIS, bytes, len);
}

uint64_t ulp_checksum_more(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ p[i]) * FNV_PRIME;
	return sum;
}

const char *ulp_relation_word(enum ulp_relation_kind kind)
{
	static const char *const words[ULP_NR_RELATION_KINDS] = {
		[ULP_RELATION_REQUIRES] = "requires",
		[ULP_RELATION_CONFLICTS] = "conflicts",
		[ULP_RELATION_SUPERSEDES] = "supersedes",
	};
	const size_t i = (size_t)kind;

	return i > 0 && i < ULP_NR_RELATION_KINDS ? words[i] : "unknown";
}

bool ulp_build_id_equal(const struct ulp_build_id *a, const struct ulp_build_id *b)
{
	return a->len == b->len && a->len <= ULP_BUILD_ID_MAX &&
	       memcmp(a->bytes, b->bytes, a->len) == 0;
}

const char *ulp_build_id_format(const struct ulp_build_id *id, char *buf, size_t len)
{
	size_t nr = id->len <= ULP_BUILD_ID_MAX ? id->len : ULP_BUILD_ID_MAX;

	snprintf(buf, len, "%s", nr == 0 ? "none" : "");
	for (size_t i = 0; i < nr && 2 * i + 2 < len; i++)
		snprintf(buf + 2 * i, 3, "%02x", id->bytes[i]);
	return buf;
}

void ulp_patch_deinit(struct ulp_patch *patch)
{
	if (patch == NULL)
		return;
	free(patch->storage);
	*patch = (struct ulp_patch){0};
}
