/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/arch.h"
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

/* Adds all strings of the record; the same walk counts and writes. */
static void strings_fill(struct strings *s, const struct ulp_container *c,
			 const struct ulp_object *target, struct ulp_reg_patch *head,
			 struct ulp_reg_function *functions)
{
	const struct ulp_patch *patch = &c->patch;

	s->len = 0;
	string_add(s, "");
	head->name = string_add(s, patch->name);
	head->file = string_add(s, c->base_name);
	head->soname = string_add(s, patch->soname);
	head->target_path = string_add(s, target->path);
	head->labels = (uint32_t)s->len;
	for (size_t i = 0; i < patch->nr_labels; i++)
		string_add(s, patch->labels[i]);
	for (size_t i = 0; i < patch->nr_functions; i++) {
		uint32_t off = string_add(s, patch->functions[i].old_name);

		if (functions)
			functions[i].name = off;
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
	head->nr_functions = (uint32_t)c->patch.nr_functions;
	head->build_id_len = c->build_id.len;
	memcpy(head->build_id, c->build_id.bytes, c->build_id.len);
	head->target_build_id_len = c->patch.build_id.len;
	memcpy(head->target_build_id, c->patch.build_id.bytes, c->patch.build_id.len);
}

enum ulp_code record_make(const struct ulp_container *c, const struct ulp_object *target,
			  uint8_t **record, uint32_t *len, struct ulp_err *err)
{
	struct ulp_reg_patch head = {0};
	struct strings strings = {0};
	struct ulp_reg_function *functions;
	uint64_t functions_len = c->patch.nr_functions * sizeof(*functions);
	uint64_t size;
	uint8_t *bytes;

	strings_fill(&strings, c, target, &head, NULL);
	size = sizeof(head) + functions_len + strings.len;
	if (size > ULP_REG_MAX_RECORD || c->patch.nr_labels > ULP_REG_MAX_LABELS)
		return ulp_fail(err, ULP_EFORMAT, "it has too many functions or labels");
	bytes = calloc(1, size);
	if (!bytes)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	head_fill(&head, c);
	head.size = (uint32_t)size;
	functions = (struct ulp_reg_function *)(bytes + sizeof(head));
	strings.bytes = (char *)bytes + sizeof(head) + functions_len;
	strings_fill(&strings, c, target, &head, functions);
	memcpy(bytes, &head, sizeof(head));
	*record = bytes;
	*len = (uint32_t)size;
	return ULP_OK;
}

static void unwind_info_place(struct ulp_reg_patch *head, const struct load *load)
{
	const struct ulp_elf *elf = &load->container->elf;

	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr ph = ulp_elf_phdr(elf, i);

		if (ph.p_type != PT_GNU_EH_FRAME)
			continue;
		head->eh_frame_hdr = load_addr(load, ph.p_vaddr);
		head->eh_frame_hdr_len = ph.p_memsz;
	}
}

static enum ulp_code function_place(struct ulp_reg_function *r, const struct ulp_function *f,
				    const struct load *load, struct ulp_err *err)
{
	uint64_t bias = load->target->bias;
	enum ulp_code code;

	r->word_addr = bias + f->word_vaddr;
	r->old_addr = bias + f->old_vaddr;
	r->old_size = f->old_size;
	r->new_addr = load_addr(load, f->new_vaddr);
	r->new_size = f->new_size;
	memcpy(r->original, f->word, sizeof(r->original));
	memcpy(r->redirect, f->word, sizeof(r->redirect));
	code = arch_redirect(f->layout, r->word_addr, bias + f->entry_vaddr, r->new_addr,
			     r->redirect, err);
	if (code)
		ulp_err_at(err, "%s", f->old_name);
	return code;
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
	unwind_info_place(&head, load);
	memcpy(record, &head, sizeof(head));
	for (size_t i = 0; i < c->patch.nr_functions; i++) {
		enum ulp_code code =
			function_place(&functions[i], &c->patch.functions[i], load, err);
		if (code)
			return code;
	}
	return ULP_OK;
}
