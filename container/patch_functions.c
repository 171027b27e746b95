/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the chunk FUNCTIONS: what is replaced, where, and by what. */
#include "config.h"

#include "container/patch_reader.h"

#include <stdlib.h>
#include <string.h>

/*
 * The entry instruction lies inside its word, which is written at once, and
 * inside the function.
 */
static enum ulp_code check_entry(const struct patch_reader *r, const struct ulp_wire_function *w,
				 size_t i)
{
	uint64_t len;

	if (w->layout >= ULP_NR_ENTRY_LAYOUTS || r->frame.machine->entry_len[w->layout] == 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, layout, i),
			       "unknown layout %u of an entry", w->layout);
	len = r->frame.machine->entry_len[w->layout];
	if (w->word_vaddr % sizeof(w->word) != 0)
		return DAMAGED(r,
			       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, word_vaddr, i),
			       "the entry's word is not aligned");
	if (w->entry_vaddr < w->word_vaddr ||
	    w->entry_vaddr - w->word_vaddr > sizeof(w->word) - len)
		return DAMAGED(r,
			       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, word_vaddr, i),
			       "the entry is not inside its word");
	if (w->old_size < len || w->entry_vaddr < w->old_vaddr ||
	    w->entry_vaddr - w->old_vaddr > w->old_size - len)
		return DAMAGED(r,
			       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, entry_vaddr, i),
			       "the entry is not inside the function");
	return ULP_OK;
}

/* The replacement: a range of the container in .ulp, nothing in .ulp.rev. */
static enum ulp_code check_new(const struct patch_reader *r, const struct ulp_wire_function *w,
			       size_t i)
{
	size_t vaddr_at = MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, new_vaddr, i);
	size_t size_at = MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, new_size, i);

	if (r->frame.section == ULP_SECTION_REVERT) {
		if (w->new_vaddr != 0)
			return DAMAGED(r, vaddr_at,
				       "the place of a replacement does not belong here");
		if (w->new_size != 0)
			return DAMAGED(r, size_at,
				       "the size of a replacement does not belong here");
		return ULP_OK;
	}
	if (w->new_size == 0)
		return DAMAGED(r, size_at, "a replacement without bytes");
	if (w->new_size > UINT64_MAX - w->new_vaddr)
		return DAMAGED(r, size_at, "a replacement past the end of the address space");
	return ULP_OK;
}

static enum ulp_code check_function(const struct patch_reader *r, const struct ulp_wire_function *w,
				    size_t i)
{
	size_t size_at = MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, old_size, i);
	enum ulp_code code;

	if (w->old_size == 0)
		return DAMAGED(r, size_at, "a function without bytes");
	if (w->old_size > UINT64_MAX - w->old_vaddr)
		return DAMAGED(r, size_at, "a function past the end of the address space");
	if (w->reserved != 0)
		return DAMAGED(r, MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, reserved, i),
			       "a reserved field is not 0");
	code = check_entry(r, w, i);
	return code != ULP_OK ? code : check_new(r, w, i);
}

enum ulp_code patch_read_function(struct patch_reader *r, size_t i)
{
	struct ulp_function *f = &r->patch.functions[i];
	struct ulp_wire_function w;
	enum ulp_code code;

	patch_copy_record(r, ULP_CHUNK_FUNCTIONS, i, &w, sizeof(w));
	code = check_function(r, &w, i);
	if (code != ULP_OK)
		return code;
	*f = (struct ulp_function){
		.old_vaddr = w.old_vaddr,
		.old_size = w.old_size,
		.old_checksum = w.old_checksum,
		.entry_vaddr = w.entry_vaddr,
		.word_vaddr = w.word_vaddr,
		.new_vaddr = w.new_vaddr,
		.new_size = w.new_size,
		.layout = w.layout,
	};
	memcpy(f->word, w.word, sizeof(f->word));
	code = READ_STRING(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, old_name, i,
			   PATCH_STRING_REQUIRED, &f->old_name);
	if (code == ULP_OK)
		code = READ_STRING(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function, new_name, i,
				   PATCH_STRING_REQUIRED, &f->new_name);
	return code;
}

static int compare_words(const void *a, const void *b)
{
	const struct ulp_function *const *fa = a;
	const struct ulp_function *const *fb = b;

	if ((*fa)->word_vaddr != (*fb)->word_vaddr)
		return (*fa)->word_vaddr < (*fb)->word_vaddr ? -1 : 1;
	return *fa < *fb ? -1 : *fa > *fb; /* so that the later record is blamed */
}

/* Two redirects in one word would undo each other. */
enum ulp_code patch_check_functions(struct patch_reader *r)
{
	size_t nr = r->patch.nr_functions;
	enum ulp_code code = ULP_OK;
	const struct ulp_function **sorted = malloc(nr * sizeof(struct ulp_function *));

	if (sorted == NULL)
		return ulp_fail(r->err, ULP_ENOMEM, "no memory for the container's records");
	for (size_t i = 0; i < nr; i++)
		sorted[i] = &r->patch.functions[i];
	qsort(sorted, nr, sizeof(struct ulp_function *), compare_words);
	for (size_t i = 1; i < nr && code == ULP_OK; i++)
		if (sorted[i]->word_vaddr == sorted[i - 1]->word_vaddr)
			code = DAMAGED(r,
				       MEMBER_AT(r, ULP_CHUNK_FUNCTIONS, ulp_wire_function,
						 word_vaddr,
						 (size_t)(sorted[i] - r->patch.functions)),
				       "two functions have the same entry");
	free(sorted);
	return code;
}
