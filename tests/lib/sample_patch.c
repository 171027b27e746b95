/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/sample_patch.h"

#include "container/machine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void init_functions(struct ulp_function *f)
{
	/* The plugin's entry at the function's first byte. */
	f[0] = (struct ulp_function){
		.old_name = "parse_header",
		.new_name = "parse_header",
		.old_vaddr = 0x5000,
		.old_size = 0x80,
		.old_checksum = 0x1122334455667788,
		.entry_vaddr = 0x5000,
		.word_vaddr = 0x5000,
		.word = {0x0f, 0x1f, 0x44, 0x00, 0x00, 0x55, 0x53, 0x50},
		.new_vaddr = SAMPLE_TEXT_VADDR,
		.new_size = 0x40,
		.layout = ULP_ENTRY_NOP5,
	};
	/* 16,14: the word begins before the function. */
	f[1] = (struct ulp_function){
		.old_name = "parse_body.constprop.0",
		.new_name = "parse_body",
		.old_vaddr = 0x600e,
		.old_size = 0x33,
		.old_checksum = 0x99aabbccddeeff00,
		.entry_vaddr = 0x600e,
		.word_vaddr = 0x6008,
		.word = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90},
		.new_vaddr = SAMPLE_TEXT_VADDR + 0x40,
		.new_size = SAMPLE_TEXT_LEN - 0x40,
		.layout = ULP_ENTRY_PFE_16_14,
	};
}

void sample_init(struct sample *s)
{
	*s = (struct sample){
		.labels = {"CVE-2025-69418", "bsc#1234567"},
		.imports = {{"memcpy", "GLIBC_2.14", "libc.so.6", 0},
			    {"trace_hook", "", "", ULP_IMPORT_WEAK}},
		.references = {{"table", 2, SAMPLE_TEXT_VADDR + 0x10, 0x9000, -4},
			       {"helper", 1, SAMPLE_DATA_VADDR, 0x5800, 0}},
		.relations = {{"sample-CVE-2024-1", ULP_RELATION_REQUIRES},
			      {"sample-test-build", ULP_RELATION_CONFLICTS},
			      {"sample-CVE-2025-2", ULP_RELATION_SUPERSEDES}},
		.accepts = {{"struct-layout", "struct header", "old code never reads the end"}},
		.guards = {{"parse_body.cold", 0x4000, 0x18},
			   {"parse_header.isra.0", 0x5200, UINT64_MAX - 0x5200}},
	};
	init_functions(s->functions);
	s->patch = (struct ulp_patch){
		.machine = ulp_machine_host(),
		.name = "sample-CVE-2025-69418",
		.description = "the header's length is checked\nand the body's, too",
		.consistency = ULP_CONSISTENCY_FUNCTION,
		.soname = "libsample.so.1",
		.build_id = {.len = 20, .bytes = "target build id, 20."},
		.labels = s->labels,
		.nr_labels = SAMPLE_NR_LABELS,
		.functions = s->functions,
		.nr_functions = SAMPLE_NR_FUNCTIONS,
		.imports = s->imports,
		.nr_imports = SAMPLE_NR_IMPORTS,
		.references = s->references,
		.nr_references = SAMPLE_NR_REFERENCES,
		.relations = s->relations,
		.nr_relations = SAMPLE_NR_RELATIONS,
		.accepts = s->accepts,
		.nr_accepts = SAMPLE_NR_ACCEPTS,
		.guards = s->guards,
		.nr_guards = SAMPLE_NR_GUARDS,
	};
}

struct eb *sample_elf(uint16_t type, uint16_t machine, int with_build_id)
{
	struct eb *eb = eb_create(type, machine);
	size_t text;
	size_t data;

	if (with_build_id)
		eb_build_id(eb, "the patch's build id", 20);
	else
		eb_section(eb, ".rodata", SHT_PROGBITS, SHF_ALLOC, NULL, 16);
	text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL,
			  SAMPLE_TEXT_LEN);
	data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, SAMPLE_DATA_LEN);
	if (type != ET_REL) {
		assert(eb_shdr(eb, text)->sh_addr == SAMPLE_TEXT_VADDR);
		assert(eb_shdr(eb, data)->sh_addr == SAMPLE_DATA_VADDR);
	}
	return eb;
}

size_t sample_add_section(struct eb *eb, const struct ulp_patch *patch, enum ulp_section section)
{
	struct ulp_err err;
	void *bytes;
	size_t index;
	size_t len;

	if (ulp_patch_write(patch, section, &bytes, &len, &err) != ULP_OK)
		abort();
	index = eb_section(eb, section == ULP_SECTION_APPLY ? ULP_SECTION : ULP_REV_SECTION,
			   SHT_PROGBITS, 0, bytes, len);
	free(bytes);
	return index;
}

unsigned char *sample_container(const struct ulp_patch *patch, const struct ulp_patch *revert,
				size_t *len)
{
	struct eb *eb = sample_elf(ET_DYN, patch->machine, 1);

	sample_add_section(eb, patch, ULP_SECTION_APPLY);
	sample_add_section(eb, revert != NULL ? revert : patch, ULP_SECTION_REVERT);
	return eb_finish(eb, len);
}

static bool function_matches(const struct ulp_function *a, const struct ulp_function *b,
			     enum ulp_section section)
{
	bool apply = section == ULP_SECTION_APPLY;

	return strcmp(a->old_name, b->old_name) == 0 && strcmp(a->new_name, b->new_name) == 0 &&
	       a->old_vaddr == b->old_vaddr && a->old_size == b->old_size &&
	       a->old_checksum == b->old_checksum && a->entry_vaddr == b->entry_vaddr &&
	       a->word_vaddr == b->word_vaddr && memcmp(a->word, b->word, sizeof(a->word)) == 0 &&
	       b->new_vaddr == (apply ? a->new_vaddr : 0) &&
	       b->new_size == (apply ? a->new_size : 0) && a->layout == b->layout;
}

static bool imports_match(const struct ulp_patch *a, const struct ulp_patch *b)
{
	if (a->nr_imports != b->nr_imports)
		return false;
	for (size_t i = 0; i < a->nr_imports; i++)
		if (strcmp(a->imports[i].name, b->imports[i].name) != 0 ||
		    strcmp(a->imports[i].version, b->imports[i].version) != 0 ||
		    strcmp(a->imports[i].provider, b->imports[i].provider) != 0 ||
		    a->imports[i].flags != b->imports[i].flags)
			return false;
	return true;
}

static bool references_match(const struct ulp_patch *a, const struct ulp_patch *b)
{
	if (a->nr_references != b->nr_references)
		return false;
	for (size_t i = 0; i < a->nr_references; i++)
		if (strcmp(a->references[i].name, b->references[i].name) != 0 ||
		    a->references[i].type != b->references[i].type ||
		    a->references[i].place != b->references[i].place ||
		    a->references[i].value != b->references[i].value ||
		    a->references[i].addend != b->references[i].addend)
			return false;
	return true;
}

static bool words_match(const struct ulp_patch *a, const struct ulp_patch *b)
{
	if (a->nr_relations != b->nr_relations || a->nr_accepts != b->nr_accepts)
		return false;
	for (size_t i = 0; i < a->nr_relations; i++)
		if (strcmp(a->relations[i].name, b->relations[i].name) != 0 ||
		    a->relations[i].kind != b->relations[i].kind)
			return false;
	for (size_t i = 0; i < a->nr_accepts; i++)
		if (strcmp(a->accepts[i].refusal, b->accepts[i].refusal) != 0 ||
		    strcmp(a->accepts[i].name, b->accepts[i].name) != 0 ||
		    strcmp(a->accepts[i].reason, b->accepts[i].reason) != 0)
			return false;
	return true;
}

static bool guards_match(const struct ulp_patch *a, const struct ulp_patch *b)
{
	if (a->nr_guards != b->nr_guards)
		return false;
	for (size_t i = 0; i < a->nr_guards; i++)
		if (strcmp(a->guards[i].name, b->guards[i].name) != 0 ||
		    a->guards[i].vaddr != b->guards[i].vaddr ||
		    a->guards[i].size != b->guards[i].size)
			return false;
	return true;
}

bool patch_matches(const struct ulp_patch *a, const struct ulp_patch *b, enum ulp_section section)
{
	if (a->machine != b->machine || strcmp(a->name, b->name) != 0 ||
	    strcmp(a->description, b->description) != 0 || a->consistency != b->consistency ||
	    strcmp(a->soname, b->soname) != 0 || !ulp_build_id_equal(&a->build_id, &b->build_id) ||
	    a->nr_labels != b->nr_labels || a->nr_functions != b->nr_functions)
		return false;
	for (size_t i = 0; i < a->nr_labels; i++)
		if (strcmp(a->labels[i], b->labels[i]) != 0)
			return false;
	for (size_t i = 0; i < a->nr_functions; i++)
		if (!function_matches(&a->functions[i], &b->functions[i], section))
			return false;
	if (section == ULP_SECTION_REVERT)
		return b->nr_imports == 0 && b->nr_references == 0 && b->nr_relations == 0 &&
		       b->nr_accepts == 0 && b->nr_guards == 0;
	return imports_match(a, b) && references_match(a, b) && words_match(a, b) &&
	       guards_match(a, b);
}

void section_mend(unsigned char *bytes, size_t len, bool with_length)
{
	struct ulp_wire_header header;

	if (len < sizeof(header))
		return;
	memcpy(&header, bytes, sizeof(header));
	header.checksum = ulp_checksum(bytes + sizeof(header), len - sizeof(header));
	if (with_length)
		header.total_len = (uint32_t)len;
	memcpy(bytes, &header, sizeof(header));
}
