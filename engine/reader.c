/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/reader.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Divides every page size that Linux has, so a page of ours never spans two mappings. */
#define PAGE_LEN 4096u
#define NR_PAGES 512u

/* Thousands of objects with hundreds of needs each; a string counts at least STRING_COST. */
#define STRING_BUDGET (16u << 20) /* bytes */
#define STRING_COST 256u	  /* bytes */

/*
 * Some seconds' worth.  The largest of real processes (hundreds of libraries,
 * all relocations searched for several functions) need a tenth of it.
 */
#define MAX_READS (1ull << 28)

struct reader_page {
	uint64_t addr;
	bool valid;
	uint8_t bytes[PAGE_LEN];
};

enum ulp_code reader_init(struct reader *r, struct ulp_space *space, struct ulp_err *err)
{
	struct reader_page *pages = calloc(NR_PAGES, sizeof(*pages));

	if (!pages)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	r->space = space;
	r->pages = pages;
	r->string_budget = STRING_BUDGET;
	r->reads_left = MAX_READS;
	return ULP_OK;
}

void reader_deinit(struct reader *r)
{
	free(r->pages);
	r->pages = NULL;
}

void reader_look_again(struct reader *r)
{
	for (size_t i = 0; i < NR_PAGES; i++)
		r->pages[i].valid = false;
}

void reader_forget(struct reader *r)
{
	reader_look_again(r);
	r->string_budget = STRING_BUDGET;
	r->reads_left = MAX_READS;
}

static enum ulp_code page_at(struct reader *r, uint64_t addr, const struct reader_page **ret,
			     struct ulp_err *err)
{
	struct reader_page *page = &r->pages[addr / PAGE_LEN % NR_PAGES];

	if (!page->valid || page->addr != addr) {
		page->valid = false;
		enum ulp_code code = space_read(r->space, addr, page->bytes, PAGE_LEN, err);
		if (code)
			return code;
		page->addr = addr;
		page->valid = true;
	}
	*ret = page;
	return ULP_OK;
}

enum ulp_code reader_read(struct reader *r, uint64_t from, void *buf, size_t len,
			  struct ulp_err *err)
{
	uint64_t end;

	if (__builtin_add_overflow(from, len, &end))
		return ulp_fail(err, ULP_EELF, "a table wraps around the address space at 0x%llx",
				(unsigned long long)from);
	if (!r->reads_left)
		return ulp_fail(err, ULP_EELF, "the tables of the process's libraries do not end");
	r->reads_left--;
	/* A long read is cheaper in one piece, and would only push out the small ones. */
	if (len > 2 * (size_t)PAGE_LEN)
		return space_read(r->space, from, buf, len, err);

	for (size_t done = 0; done < len;) {
		const struct reader_page *page;
		uint64_t at = from + done;
		size_t off = (size_t)(at % PAGE_LEN);
		size_t part = PAGE_LEN - off;
		enum ulp_code code = page_at(r, at - off, &page, err);

		if (code)
			return code;
		if (part > len - done)
			part = len - done;
		memcpy((char *)buf + done, page->bytes + off, part);
		done += part;
	}
	return ULP_OK;
}

enum ulp_code reader_string(struct reader *r, uint64_t from, char *buf, size_t size,
			    struct ulp_err *err)
{
	for (size_t i = 0; i < size; i++) {
		enum ulp_code code = reader_read(r, from + i, buf + i, 1, err);

		if (code)
			return code;
		if (!buf[i])
			return ULP_OK;
	}
	return ulp_fail(err, ULP_EELF, "the string at 0x%llx is longer than %zu bytes",
			(unsigned long long)from, size);
}

enum ulp_code reader_strdup(struct reader *r, uint64_t from, char **ret, struct ulp_err *err)
{
	char buf[PATH_MAX];
	size_t cost;
	enum ulp_code code = reader_string(r, from, buf, sizeof(buf), err);

	if (code)
		return code;
	cost = strlen(buf) < STRING_COST ? STRING_COST : strlen(buf);
	if (cost > r->string_budget)
		return ulp_fail(err, ULP_EELF, "the process has too many names");
	r->string_budget -= cost;
	*ret = strdup(buf);
	return *ret ? ULP_OK : ulp_fail(err, ULP_ENOMEM, "out of memory");
}

bool reader_string_is(struct reader *r, uint64_t from, const char *text)
{
	size_t len = strlen(text) + 1;

	for (size_t done = 0; done < len;) {
		char part[64];
		size_t n = len - done < sizeof(part) ? len - done : sizeof(part);

		/* Near the end of a mapping a whole part may not be there: ask for what we compare.
		 */
		if (reader_read(r, from + done, part, n, NULL) || memcmp(part, text + done, n) != 0)
			return false;
		done += n;
	}
	return true;
}
