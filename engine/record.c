/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/record.h"

#include <stdlib.h>
#include <string.h>

/* Strings appended one after the other; off 0 is the empty one. */
struct strings {
	char *bytes; /* NULL while only the length is counted */
	/* 64 bits: many records may share one long string of the container. */
	uint64_t len;
};

static uint32_t string_add(struct strings *s, const char *text)
{
	uint64_t off = s->len;
	size_t len = strlen(text) + 1;

	if (s->bytes)
		memcpy(s->bytes + off, text, len);
	s->len += len;
	return (uint32_t)off;
}

struct arch_entry record_entry(const struct ulp_function *f, uint64_t bias)
{
	struct arch_entry e = {
		.layout = f->layout,
		.function_addr = bias + f->old_vaddr,
		.entry_addr = bias + f->entry_vaddr,
		.word_addr = bias + f->word_vaddr,
	};

	memcpy(e.word, f->word, sizeof(e.word));
	return e;
}

/* In how many words the entry is: 1 where that cannot be told, which record_place() will say. */
static size_t nr_words(const struct ulp_function *f)
{
	const struct arch_entry entry = record_entry(f, 0);
	struct arch_word words[ARCH_MAX_WORDS];
	size_t nr;

	return arch_words(&entry, words, &nr, NULL) ? 1 : nr;
}

/* Of all functions together. */
static size_t nr_all_words(const struct ulp_patch *patch)
{
	size_t nr = 0;

	for (size_t i = 0; i < patch->nr_functions; i++)
		nr += nr_words(&patch->functions[i]);
	return nr;
}

/* Adds all strings of the record; the same walk counts and writes. */
static void strings_fill(struct strings *s, const struct ulp_container *c, const char *path,
			 const struct ulp_object *target, struct ulp_reg_patch *head,
			 struct ulp_reg_function *functions, struct ulp_reg_relation *relations)
{
	const struct ulp_patch *patch = &c->patch;

	s->len = 0;
	string_add(s, "");
	head->name = string_add(s, patch->name);
	head->file = string_add(s, c->base_name);
	head->path = string_add(s, path);
	head->soname = string_add(s, patch->soname);
	head->target_path = string_add(s, target->path);
	head->labels = (uint32_t)s->len;
	for (size_t i = 0; i < patch->nr_labels; i++)
		string_add(s, patch->labels[i]);
	for (size_t i = 0; i < patch->nr_functions; i++) {
		uint32_t off = string_add(s, patch->functions[i].old_name);

		for (size_t n = functions ? nr_words(&patch->functions[i]) : 0; n; n--)
			functions++->name = off;
	}
	for (size_t i = 0; i < patch->nr_relations; i++) {
		uint32_t off = string_add(s, patch->relations[i].name);

		if (relations)
			relations[i] = (struct ulp_reg_relation){off, patch->relations[i].kind};
	}
	/* Without labels `labels` is the offset of what follows: there is always a function. */
	head->strings_len = (uint32_t)s->len;
}

static void head_fill(struct ulp_reg_patch *head, const struct ulp_container *c)
{
	memcpy(head->magic, ULP_REG_PATCH_MAGIC, sizeof(head->magic));
	head->version = ULP_REGISTRY_VERSION;
	head->state = ULP_PATCH_REVERTED;
	head->next_state = ULP_PATCH_REVERTED;
	head->nr_labels = (uint32_t)c->patch.nr_labels;
	head->nr_functions = (uint32_t)nr_all_words(&c->patch);
	head->nr_relations = (uint32_t)c->patch.nr_relations;
	head->consistency = c->patch.consistency;
	head->build_id_len = c->build_id.len;
	memcpy(head->build_id, c->build_id.bytes, c->build_id.len);
	head->target_build_id_len = c->patch.build_id.len;
	memcpy(head->target_build_id, c->patch.build_id.bytes, c->patch.build_id.len);
}

static enum ulp_code make(const struct ulp_container *c, const char *path,
			  const struct ulp_object *target, uint8_t **record, uint32_t *len,
			  struct ulp_err *err)
{
	struct ulp_reg_patch head = {0};
	struct strings strings = {0};
	struct ulp_reg_function *functions;
	struct ulp_reg_relation *relations;
	const size_t nr_functions = nr_all_words(&c->patch);
	uint64_t arrays_len =
		nr_functions * sizeof(*functions) + c->patch.nr_relations * sizeof(*relations);
	uint64_t size;
	uint8_t *bytes;

	strings_fill(&strings, c, path, target, &head, NULL, NULL);
	size = sizeof(head) + arrays_len + strings.len;
	if (size > ULP_REG_MAX_RECORD || c->patch.nr_labels > ULP_REG_MAX_LABELS)
		return ulp_fail(err, ULP_EFORMAT, "it has too many functions or labels");
	bytes = calloc(1, size);
	if (!bytes)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	head_fill(&head, c);
	head.size = (uint32_t)size;
	functions = (struct ulp_reg_function *)(bytes + sizeof(head));
	relations = (struct ulp_reg_relation *)(functions + nr_functions);
	strings.bytes = (char *)bytes + sizeof(head) + arrays_len;
	strings_fill(&strings, c, path, target, &head, functions, relations);
	memcpy(bytes, &head, sizeof(head));
	*record = bytes;
	*len = (uint32_t)size;
	return ULP_OK;
}

enum ulp_code record_make(const struct ulp_container *c, const struct ulp_object *target,
			  uint8_t **record, uint32_t *len, struct ulp_err *err)
{
	/* Debuggers and symbolizers of the target open it by this name. */
	char *path = realpath(c->path, NULL);
	enum ulp_code code = make(c, path ? path : c->path, target, record, len, err);

	free(path);
	return code;
}

/*
 * The first bytes of .eh_frame_hdr, and the only form that unwinders search (Linux
 * Standard Base, "Exception Frames"; the encodings are DW_EH_PE_* of <dwarf.h>).  Any
 * other sends them through all of .eh_frame, up to an end mark that no container has.
 */
#define EH_FRAME_HDR_VERSION 1u
#define EH_FRAME_COUNT_UDATA4 0x03u
#define EH_FRAME_TABLE_DATAREL_SDATA4 0x3bu
#define EH_FRAME_HDR_MIN 12u /* bytes: these four, .eh_frame's place, the count */

static bool can_be_searched(const struct load *load, const Elf64_Phdr *ph)
{
	uint64_t off = ph->p_vaddr - load->first_vaddr;
	const uint8_t *hdr = load->image + off;

	if (ph->p_vaddr < load->first_vaddr || off >= load->image_len ||
	    ph->p_memsz > load->image_len - off || ph->p_memsz < EH_FRAME_HDR_MIN)
		return false;
	return hdr[0] == EH_FRAME_HDR_VERSION && hdr[2] == EH_FRAME_COUNT_UDATA4 &&
	       hdr[3] == EH_FRAME_TABLE_DATAREL_SDATA4;
}

/* Where the file's program headers are in memory, 0 if no segment has them. */
static uint64_t phdrs_place(const struct load *load)
{
	const struct ulp_elf *elf = &load->container->elf;
	uint64_t off = elf->ehdr.e_phoff;
	uint64_t len = elf->nr_phdrs * sizeof(Elf64_Phdr);

	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr ph = ulp_elf_phdr(elf, i);

		if (ph.p_type == PT_LOAD && off >= ph.p_offset && off - ph.p_offset < ph.p_filesz &&
		    len <= ph.p_filesz - (off - ph.p_offset))
			return load_addr(load, ph.p_vaddr + (off - ph.p_offset));
	}
	return 0;
}

/* strings_at: address of the record's strings. */
static void unwind_info_place(struct ulp_reg_patch *head, const struct load *load,
			      uint64_t strings_at)
{
	const struct ulp_elf *elf = &load->container->elf;

	head->link_map.addr = load->load_bias;
	head->link_map.name = strings_at + head->path;
	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr ph = ulp_elf_phdr(elf, i);

		if (ph.p_type == PT_DYNAMIC)
			head->link_map.dynamic = load_addr(load, ph.p_vaddr);
		if (ph.p_type != PT_GNU_EH_FRAME || !can_be_searched(load, &ph))
			continue;
		head->eh_frame_hdr = load_addr(load, ph.p_vaddr);
		head->eh_frame_hdr_len = ph.p_memsz;
	}
	/* Nobody shall find by the program headers what must not be searched. */
	if (!head->eh_frame_hdr)
		return;
	head->phdrs = phdrs_place(load);
	head->nr_phdrs = elf->nr_phdrs;
}

/* One item for each word of the function's entry; *nr: how many. */
static enum ulp_code function_place(struct ulp_reg_function *r, const struct ulp_function *f,
				    const struct load *load, size_t *nr, struct ulp_err *err)
{
	const uint64_t bias = load->target->bias;
	const struct arch_entry entry = record_entry(f, bias);
	struct arch_word words[ARCH_MAX_WORDS];
	enum ulp_code code = arch_redirect(&entry, load_addr(load, f->new_vaddr), words, nr, err);

	if (code) {
		(void)ulp_err_at(err, "%s", f->old_name);
		return code;
	}
	for (size_t i = 0; i < *nr; i++, r++) {
		r->word_addr = words[i].addr;
		r->old_addr = bias + f->old_vaddr;
		r->old_size = f->old_size;
		r->new_addr = load_addr(load, f->new_vaddr);
		r->new_size = f->new_size;
		r->inside = words[i].inside;
		memcpy(r->original, words[i].original, sizeof(r->original));
		memcpy(r->redirect, words[i].redirect, sizeof(r->redirect));
	}
	return ULP_OK;
}

enum ulp_code record_place(uint8_t *record, const struct ulp_container *c, const struct load *load,
			   uint64_t next, struct ulp_err *err)
{
	struct ulp_reg_patch head;
	struct ulp_reg_function *functions = (struct ulp_reg_function *)(record + sizeof(head));

	memcpy(&head, record, sizeof(head));
	head.next = next;
	head.map_start = load->map_start;
	head.map_len = load_map_len(load);
	head.load_bias = load->load_bias;
	head.target_bias = load->target->bias;
	head.imports = load_imports_sum(load);
	head.link_map.prev = next ? next + offsetof(struct ulp_reg_patch, link_map) : 0;
	unwind_info_place(&head, load, load_record_at(load) + head.size - head.strings_len);
	memcpy(record, &head, sizeof(head));
	for (size_t i = 0; i < c->patch.nr_functions; i++) {
		size_t nr;
		enum ulp_code code =
			function_place(functions, &c->patch.functions[i], load, &nr, err);

		if (code)
			return code;
		functions += nr;
	}
	return ULP_OK;
}
