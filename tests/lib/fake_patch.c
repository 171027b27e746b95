/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/fake_patch.h"

#include "container/machine.h"
#include "engine/pending.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_SIZE 0x40u

void fake_patch_begin(struct fake_patch *p, const struct fake_process *fp, size_t target,
		      const char *name, char id)
{
	static const char *const files[] = {"fix-a.so", "fix-b.so", "fix-c.so", "fix-d.so"};
	char build_id[20];

	*p = (struct fake_patch){.fp = fp, .target = target};
	memset(build_id, id, sizeof(build_id));
	p->eb = eb_create(ET_DYN, ulp_machine_host());
	assert(id >= 'a' && id <= 'd');
	p->file = files[id - 'a'];
	eb_build_id(p->eb, build_id, sizeof(build_id));
	eb_section(p->eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, FAKE_TEXT_LEN);
	eb_section(p->eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, FAKE_DATA_LEN);
	p->labels[0] = "CVE-2026-0001";
	p->labels[1] = "bsc#1";
	p->patch = (struct ulp_patch){
		.machine = ulp_machine_host(),
		.name = name,
		.description = "",
		.soname = "libtarget.so.1",
		.build_id = {.len = 20, .bytes = FAKE_TARGET_BUILD_ID},
		.labels = p->labels,
		.nr_labels = 2,
		.functions = p->functions,
		.imports = p->imports,
		.references = p->references,
	};
}

struct ulp_function *fake_patch_function(struct fake_patch *p, const char *name)
{
	struct ulp_function *f = &p->functions[p->patch.nr_functions];
	const unsigned char *file = p->fp->objects[p->target].file;
	uint64_t vaddr = fake_process_symbol(p->fp, p->target, name);
	const Elf64_Shdr *syms = eb_shdr_of(p->fp->objects[p->target].file, ".dynsym");

	assert(p->patch.nr_functions < FAKE_MAX_FUNCTIONS);
	*f = (struct ulp_function){
		.old_name = name,
		.new_name = name,
		.old_vaddr = vaddr,
		.entry_vaddr = vaddr,
		.word_vaddr = vaddr & ~7ull,
		.new_vaddr = FAKE_TEXT + p->patch.nr_functions * NEW_SIZE,
		.new_size = NEW_SIZE,
		.layout = ULP_ENTRY_NOP5,
	};
	if (file[vaddr] == 0xf3) { /* endbr64 */
		f->layout = ULP_ENTRY_PFE_16_14;
		f->entry_vaddr = vaddr + 4;
		f->word_vaddr = f->entry_vaddr & ~7ull;
	}
	for (size_t i = 0; i < syms->sh_size / sizeof(Elf64_Sym); i++) {
		const Elf64_Sym *sym = (const Elf64_Sym *)(file + syms->sh_offset) + i;

		if (sym->st_value == vaddr)
			f->old_size = sym->st_size;
	}
	memcpy(f->word, file + f->word_vaddr, sizeof(f->word));
	f->old_checksum = ulp_checksum(file + vaddr, f->old_size);
	p->patch.nr_functions++;
	return f;
}

uint32_t fake_patch_import(struct fake_patch *p, const char *name, const char *version,
			   uint32_t flags)
{
	int bind = flags & ULP_IMPORT_WEAK ? STB_WEAK : STB_GLOBAL;

	assert(p->patch.nr_imports < FAKE_MAX_IMPORTS);
	p->imports[p->patch.nr_imports++] = (struct ulp_import){name, version, "", flags};
	return (uint32_t)eb_dynsym(p->eb, name, (unsigned char)ELF64_ST_INFO(bind, STT_NOTYPE),
				   SHN_UNDEF, 0, 0);
}

void fake_patch_rela(struct fake_patch *p, uint64_t vaddr, uint32_t type, uint32_t symbol,
		     int64_t addend)
{
	assert(p->nr_relas < FAKE_MAX_RELAS);
	p->relas[p->nr_relas++] = (Elf64_Rela){
		.r_offset = vaddr,
		.r_info = ELF64_R_INFO((uint64_t)symbol, type),
		.r_addend = addend,
	};
}

void fake_patch_reference(struct fake_patch *p, uint64_t place, uint32_t type, uint64_t value,
			  int64_t addend)
{
	assert(p->patch.nr_references < FAKE_MAX_RELAS);
	p->references[p->patch.nr_references++] = (struct ulp_reference){
		.name = "private",
		.type = type,
		.place = place,
		.value = value,
		.addend = addend,
	};
}

static void add_section(struct eb *eb, const struct ulp_patch *patch, enum ulp_section section,
			const char *name)
{
	struct ulp_err err;
	void *bytes;
	size_t len;

	if (ulp_patch_write(patch, section, &bytes, &len, &err) != ULP_OK) {
		fprintf(stderr, "ulp_patch_write: %s: %s\n", err.where, err.text);
		abort();
	}
	eb_section(eb, name, SHT_PROGBITS, 0, bytes, len);
	free(bytes);
}

void fake_patch_end(struct fake_patch *p, struct ulp_container *c)
{
	struct ulp_err err;
	unsigned char *bytes;
	size_t len;

	if (p->nr_relas)
		eb_section(p->eb, ".rela.dyn", SHT_RELA, SHF_ALLOC, p->relas,
			   p->nr_relas * sizeof(*p->relas));
	add_section(p->eb, &p->patch, ULP_SECTION_APPLY, ULP_SECTION);
	add_section(p->eb, &p->patch, ULP_SECTION_REVERT, ULP_REV_SECTION);
	bytes = eb_finish(p->eb, &len);
	p->eb = NULL;
	if (ulp_container_from_bytes(p->file, bytes, len, c, &err) != ULP_OK) {
		fprintf(stderr, "the fake container: %s: %s\n", err.where, err.text);
		abort();
	}
	free(bytes);
}

void fake_patch_make(const struct fake_process *fp, struct ulp_container *c, char id,
		     const char *const *functions)
{
	struct fake_patch p;

	fake_patch_begin(&p, fp, FAKE_TARGET, "fix", id);
	for (; *functions; functions++)
		fake_patch_function(&p, *functions);
	fake_patch_end(&p, c);
}

enum ulp_code fake_carry_out(struct plan *plan, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (plan_needs_map(plan))
		code = plan_map(plan, err);
	if (!code)
		code = plan_write(plan, err);
	if (!code)
		code = plan_commit(plan, err);
	/* As in the tool, the first failure is the one to tell. */
	if (code && plan_undo(plan, NULL))
		return code;
	return code;
}

enum ulp_code fake_finish(struct fake_process *fp, struct engine *e, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (engine_needs_recovery(e)) {
		code = registry_recover(&e->registry, e->space, err);
		if (!code)
			code = engine_refresh(e, fp->at_phdr, fp->at_phnum, err);
	}
	if (!code && pending_is_ours(&e->registry, e->space))
		code = pending_unmap(&e->registry, e->space, err);
	else if (!code && e->registry.head.pending.len)
		code = pending_forget(&e->registry, e->space, err);
	return code;
}

static enum ulp_code change(struct engine *e, struct fake_process *fp,
			    const struct ulp_container *c, bool revert, struct ulp_err *err)
{
	enum ulp_code code = fake_finish(fp, e, err);
	struct plan plan;

	if (!code)
		code = revert ? plan_revert(&plan, e, c, err) : plan_apply(&plan, e, c, err);
	if (code)
		return code;
	code = fake_carry_out(&plan, err);
	plan_deinit(&plan);
	return code;
}

enum ulp_code fake_change(struct fake_process *fp, const struct ulp_container *c, bool revert,
			  struct ulp_err *err)
{
	struct engine e;
	enum ulp_code code = engine_open(&e, &fp->fs.space, fp->at_phdr, fp->at_phnum, err);

	if (code)
		return code;
	code = change(&e, fp, c, revert, err);
	engine_close(&e);
	return code;
}

static void must_change(struct fake_process *fp, const struct ulp_container *c, bool revert)
{
	struct ulp_err err;

	if (fake_change(fp, c, revert, &err) == ULP_OK)
		return;
	fprintf(stderr, "%s %s: %s: %s: %s\n", revert ? "revert" : "apply", c->base_name,
		ulp_code_name(err.code), err.where, err.text);
	abort();
}

void fake_apply(struct fake_process *fp, const struct ulp_container *c)
{
	must_change(fp, c, false);
}

void fake_revert(struct fake_process *fp, const struct ulp_container *c)
{
	must_change(fp, c, true);
}
