/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/fake_process.h"

#include "container/machine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_MASK ((uint64_t)FAKE_PAGE - 1)

/* Where the usual process has its objects, and the linker its list. */
#define MAIN_BIAS 0x555555554000ull
#define RUNTIME_BIAS 0x7ffff7000000ull
#define TARGET_BIAS 0x7ffff7100000ull
#define OTHER_BIAS 0x7ffff7200000ull
#define PLUGIN_BIAS 0x7ffff7300000ull
#define LINKER_AT 0x7ffff7400000ull

/* The linker's memory: r_debug, link maps, then the names, FAKE_NAME bytes each. */
#define LINKER_MAPS 0x100u
#define LINKER_NAMES 0x1000u
#define FAKE_NAME 64u

#define NOP5 "\x0f\x1f\x44\x00"

/* --- building objects ----------------------------------------------------- */

struct eb *fake_main(void)
{
	struct eb *eb = eb_create(ET_DYN, ulp_machine_host());

	eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 0x40);
	/* Their segments become PT_INTERP and PT_PHDR when it is loaded. */
	eb_section(eb, ".note", SHT_NOTE, SHF_ALLOC, NULL, 16);
	eb_section(eb, ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, NULL, 16);
	eb_dynamic(eb, DT_DEBUG, 0);
	return eb;
}

struct eb *fake_runtime(void)
{
	struct eb *eb = eb_create(ET_DYN, ulp_machine_host());
	size_t data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL,
				 sizeof(struct ulp_registry));

	eb_soname(eb, ULP_RUNTIME_SONAME);
	eb_dynsym(eb, ULP_REGISTRY_SYMBOL, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), data, 0,
		  sizeof(struct ulp_registry));
	return eb;
}

struct eb *fake_library(const char *soname, const char *build_id)
{
	struct eb *eb = eb_create(ET_DYN, ulp_machine_host());
	unsigned char text[FAKE_TEXT_LEN];
	size_t section;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(i * 37 + 11);
	if (build_id)
		eb_build_id(eb, build_id, 20);
	else
		eb_section(eb, ".rodata", SHT_PROGBITS, SHF_ALLOC, NULL, 16);
	section = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text,
			     sizeof(text));
	assert(eb_shdr(eb, section)->sh_addr == FAKE_TEXT);
	section = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, FAKE_DATA_LEN);
	assert(eb_shdr(eb, section)->sh_addr == FAKE_DATA);
	eb_soname(eb, soname);
	return eb;
}

/* fake_library() has them as its second and third section. */
#define TEXT_SECTION 2u
#define DATA_SECTION 3u

static void add_function(struct eb *eb, const char *name, uint64_t off, uint64_t size,
			 bool has_entry)
{
	eb_dynsym(eb, name, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), TEXT_SECTION, off, size);
	if (has_entry)
		memcpy(eb_data(eb, TEXT_SECTION) + off, NOP5, 5); /* with its NUL */
}

/* -fpatchable-function-entry=16,14 with -fcf-protection: what changes is in two words. */
static void add_pfe_function(struct eb *eb, const char *name, uint64_t off, uint64_t size)
{
	static const unsigned char at[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x90, 0x90};

	add_function(eb, name, off, size, false);
	memset(eb_data(eb, TEXT_SECTION) + off - 14, 0x90, 14);
	memcpy(eb_data(eb, TEXT_SECTION) + off, at, sizeof(at));
}

static struct eb *usual_target(void)
{
	struct eb *eb = fake_library("libtarget.so.1", FAKE_TARGET_BUILD_ID);

	add_function(eb, "alpha", 0, 0x40, true);
	add_function(eb, "beta", 0x40, 0x40, true);
	add_function(eb, "gamma", 0x83, 0x3d, true); /* at byte 3 of its word */
	add_function(eb, "quiet", 0x100, 0x20, false);
	add_pfe_function(eb, "delta", 0x15e, 0x22);
	eb_needed(eb, "libother.so.1");
	return eb;
}

static struct eb *usual_other(void)
{
	struct eb *eb = fake_library("libother.so.1", "build id of libother");

	add_function(eb, "helper", 0, 0x20, false);
	eb_dynsym(eb, "picked", ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC), TEXT_SECTION, 0x40, 0x20);
	eb_dynsym(eb, "cell", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), DATA_SECTION, 0, 8);
	eb_dynsym(eb, "table", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), DATA_SECTION, 0x20, 0x20);
	return eb;
}

static struct eb *usual_plugin(void)
{
	struct eb *eb = fake_library("libplugin.so", "build id of libplug.");

	add_function(eb, "hidden_away", 0, 0x20, false);
	/* By this a test can let it be a dynamic linker of glibc 2.35. */
	eb_dynsym(eb, "__rseq_offset", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), DATA_SECTION, 0x80,
		  8);
	return eb;
}

/* --- loading -------------------------------------------------------------- */

static void load_segment(struct fake_process *fp, struct fake_object *o, const Elf64_Phdr *ph,
			 uint64_t inode)
{
	uint64_t start = (o->bias + ph->p_vaddr) & ~PAGE_MASK;
	uint64_t end = (o->bias + ph->p_vaddr + ph->p_memsz + PAGE_MASK) & ~PAGE_MASK;
	int prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
		   (ph->p_flags & PF_X ? PROT_EXEC : 0);

	fake_space_add(&fp->fs, start, end - start, prot, inode);
	fake_space_area(&fp->fs, start)->offset = ph->p_offset & ~PAGE_MASK;
	memcpy(fake_space_at(&fp->fs, o->bias + ph->p_vaddr, ph->p_filesz), o->file + ph->p_offset,
	       ph->p_filesz);
}

/* glibc relocates these rows in place (elf/get-dynamic-info.h). */
static void relocate_dynamic(struct fake_object *o)
{
	static const int64_t addresses[] = {DT_SYMTAB, DT_STRTAB, DT_HASH,   DT_GNU_HASH, DT_VERSYM,
					    DT_VERDEF, DT_RELA,	  DT_JMPREL, DT_VERNEED};
	Elf64_Phdr *ph = eb_segment_of(o->file, PT_DYNAMIC);

	assert(ph != NULL);
	for (Elf64_Dyn *d = (Elf64_Dyn *)(o->file + ph->p_offset); d->d_tag != DT_NULL; d++)
		for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
			if (d->d_tag == addresses[i])
				d->d_un.d_ptr += o->bias;
}

size_t fake_process_load(struct fake_process *fp, const char *path, uint64_t bias, struct eb *eb)
{
	struct fake_object *o = &fp->objects[fp->nr];
	Elf64_Phdr *ph;

	assert(fp->nr < FAKE_MAX_OBJECTS && strlen(path) < sizeof(o->path));
	o->file = eb_finish(eb, &o->file_len);
	o->bias = bias;
	strcpy(o->path, path);
	ph = eb_segment_of(o->file, PT_TLS);
	if (fp->nr == FAKE_MAIN && ph) {
		eb_segment_of(o->file, PT_NOTE)->p_type = PT_INTERP;
		ph->p_type = PT_PHDR;
		ph->p_vaddr = eb_ehdr_of(o->file)->e_phoff;
		fp->at_phdr = bias + ph->p_vaddr;
		fp->at_phnum = eb_ehdr_of(o->file)->e_phnum;
	}
	relocate_dynamic(o);
	for (size_t i = 0; i < eb_ehdr_of(o->file)->e_phnum; i++)
		if (eb_phdr_of(o->file, i)->p_type == PT_LOAD)
			load_segment(fp, o, eb_phdr_of(o->file, i), 100 + fp->nr);
	return fp->nr++;
}

static void registry_fill(struct fake_process *fp)
{
	struct ulp_registry *reg;

	for (size_t i = 0; i < fp->nr; i++)
		if (strstr(fp->objects[i].path, ULP_RUNTIME_SONAME))
			fp->registry = fp->objects[i].bias +
				       fake_process_symbol(fp, i, ULP_REGISTRY_SYMBOL);
	if (!fp->registry)
		return;
	reg = fake_process_registry(fp);
	memcpy(reg->magic, ULP_REGISTRY_MAGIC, sizeof(reg->magic));
	reg->version = ULP_REGISTRY_VERSION;
	reg->size = sizeof(*reg);
}

static void *pointer_to(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

void fake_process_link(struct fake_process *fp)
{
	struct r_debug *debug;

	fake_space_add(&fp->fs, LINKER_AT, 2 * FAKE_PAGE, PROT_READ | PROT_WRITE, 0);
	fp->r_debug = LINKER_AT;
	for (size_t i = 0; i < fp->nr; i++)
		fp->objects[i].link_map = LINKER_AT + LINKER_MAPS + i * sizeof(struct link_map);
	for (size_t i = 0; i < fp->nr; i++) {
		struct fake_object *o = &fp->objects[i];
		uint64_t name = LINKER_AT + LINKER_NAMES + i * FAKE_NAME;

		*fake_process_link_map(fp, i) = (struct link_map){
			.l_addr = o->bias,
			.l_name = pointer_to(name),
			.l_ld = pointer_to(o->bias + eb_segment_of(o->file, PT_DYNAMIC)->p_vaddr),
			.l_next = i + 1 < fp->nr ? pointer_to(fp->objects[i + 1].link_map) : NULL,
			.l_prev = i > 0 ? pointer_to(fp->objects[i - 1].link_map) : NULL,
		};
		strcpy(fake_space_at(&fp->fs, name, FAKE_NAME), o->path);
	}
	debug = fake_process_r_debug(fp);
	debug->r_version = 1;
	debug->r_map = pointer_to(fp->objects[0].link_map);
	debug->r_state = RT_CONSISTENT;
	*fake_process_dynamic(fp, FAKE_MAIN, DT_DEBUG) = fp->r_debug;
	registry_fill(fp);
}

/* --- the usual process ---------------------------------------------------- */

void fake_process_begin(struct fake_process *fp)
{
	*fp = (struct fake_process){0};
	fake_space_init(&fp->fs);
}

void fake_process_init(struct fake_process *fp)
{
	struct eb *eb = fake_main();

	fake_process_begin(fp);
	eb_needed(eb, "libtarget.so.1");
	eb_needed(eb, "libother.so.1");
	fake_process_load(fp, "", MAIN_BIAS, eb);
	fake_process_load(fp, "/usr/lib/libpulp.so.0", RUNTIME_BIAS, fake_runtime());
	fake_process_load(fp, "/usr/lib/libtarget.so.1", TARGET_BIAS, usual_target());
	fake_process_load(fp, "/usr/lib/libother.so.1", OTHER_BIAS, usual_other());
	fake_process_load(fp, "/opt/libplugin.so", PLUGIN_BIAS, usual_plugin());
	fake_process_link(fp);
}

void fake_process_deinit(struct fake_process *fp)
{
	for (size_t i = 0; i < fp->nr; i++)
		free(fp->objects[i].file);
	fake_space_deinit(&fp->fs);
}

/* --- looking at it -------------------------------------------------------- */

void *fake_process_at(const struct fake_process *fp, size_t object, uint64_t vaddr, size_t len)
{
	return fake_space_at(&fp->fs, fp->objects[object].bias + vaddr, len);
}

uint64_t *fake_process_dynamic(const struct fake_process *fp, size_t object, int64_t tag)
{
	const struct fake_object *o = &fp->objects[object];
	Elf64_Phdr *ph = eb_segment_of(o->file, PT_DYNAMIC);
	Elf64_Dyn *d = fake_process_at(fp, object, ph->p_vaddr, ph->p_memsz);

	while (d->d_tag != DT_NULL && d->d_tag != tag)
		d++;
	assert(d->d_tag == tag);
	return (uint64_t *)&d->d_un;
}

uint64_t fake_process_symbol(const struct fake_process *fp, size_t object, const char *name)
{
	const struct fake_object *o = &fp->objects[object];
	Elf64_Shdr *syms = eb_shdr_of(o->file, ".dynsym");
	Elf64_Shdr *strings = eb_shdr_of(o->file, ".dynstr");

	assert(syms != NULL && strings != NULL);
	for (size_t i = 1; i < syms->sh_size / sizeof(Elf64_Sym); i++) {
		const Elf64_Sym *sym = (const Elf64_Sym *)(o->file + syms->sh_offset) + i;

		if (strcmp((const char *)o->file + strings->sh_offset + sym->st_name, name) == 0)
			return sym->st_value;
	}
	fprintf(stderr, "fake process: no symbol %s\n", name);
	abort();
}

struct link_map *fake_process_link_map(const struct fake_process *fp, size_t object)
{
	return fake_space_at(&fp->fs, fp->objects[object].link_map, sizeof(struct link_map));
}

struct r_debug *fake_process_r_debug(const struct fake_process *fp)
{
	return fake_space_at(&fp->fs, fp->r_debug, sizeof(struct r_debug));
}

struct ulp_registry *fake_process_registry(const struct fake_process *fp)
{
	return fake_space_at(&fp->fs, fp->registry, sizeof(struct ulp_registry));
}

void fake_process_open(struct fake_process *fp, struct engine *e)
{
	struct ulp_err err;

	if (engine_open(e, &fp->fs.space, fp->at_phdr, fp->at_phnum, &err) == ULP_OK)
		return;
	fprintf(stderr, "engine_open: %s: %s: %s\n", ulp_code_name(err.code), err.where, err.text);
	abort();
}
