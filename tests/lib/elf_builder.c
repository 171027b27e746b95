/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/elf_builder.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SECTIONS 64
#define MAX_PHDRS 16
#define MAX_DYNAMIC 32
#define PAGE 0x1000u
#define SECTION_ALIGN 16u

struct section {
	Elf64_Shdr shdr;
	unsigned char *data; /* owned; NULL for SHT_NOBITS */
	char name[64];
};

struct strings {
	char *bytes; /* owned */
	size_t len;
};

struct symbols {
	Elf64_Sym *syms; /* owned; st_value counts from the section's start until eb_finish() */
	size_t nr;
	struct strings names;
};

struct eb {
	uint16_t type;
	uint16_t machine;
	struct section sections[MAX_SECTIONS];
	size_t nr_sections;
	uint64_t next_addr;   /* of the next loaded section */
	uint64_t last_rights; /* SHF_WRITE, SHF_EXECINSTR of the last loaded section */
	struct symbols symtab;
	struct symbols dynsym;
	Elf64_Dyn dynamic[MAX_DYNAMIC];
	size_t nr_dynamic;
};

static void *must(void *memory)
{
	assert(memory != NULL);
	return memory;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) / align * align;
}

static uint32_t strings_add(struct strings *s, const char *text)
{
	size_t at = s->len != 0 ? s->len : 1;
	size_t len = strlen(text) + 1;

	s->bytes = must(realloc(s->bytes, at + len));
	s->bytes[0] = '\0';
	memcpy(s->bytes + at, text, len);
	s->len = at + len;
	return (uint32_t)at;
}

static bool is_loaded_type(const struct eb *eb)
{
	return eb->type != ET_REL;
}

struct eb *eb_create(uint16_t type, uint16_t machine)
{
	struct eb *eb = must(calloc(1, sizeof(*eb)));

	eb->type = type;
	eb->machine = machine;
	eb->nr_sections = 1; /* the null section */
	eb->next_addr = PAGE;
	eb->last_rights = UINT64_MAX;
	return eb;
}

void eb_destroy(struct eb *eb)
{
	if (eb == NULL)
		return;
	for (size_t i = 0; i < eb->nr_sections; i++)
		free(eb->sections[i].data);
	free(eb->symtab.syms);
	free(eb->symtab.names.bytes);
	free(eb->dynsym.syms);
	free(eb->dynsym.names.bytes);
	free(eb);
}

static void place_loaded(struct eb *eb, Elf64_Shdr *shdr)
{
	uint64_t rights = shdr->sh_flags & (SHF_WRITE | SHF_EXECINSTR);

	eb->next_addr =
		align_up(eb->next_addr, rights != eb->last_rights ? PAGE : shdr->sh_addralign);
	eb->last_rights = rights;
	shdr->sh_addr = eb->next_addr;
	shdr->sh_offset = eb->next_addr;
	eb->next_addr += shdr->sh_size;
}

size_t eb_section(struct eb *eb, const char *name, uint32_t type, uint64_t flags, const void *data,
		  size_t len)
{
	struct section *s = &eb->sections[eb->nr_sections];

	assert(eb->nr_sections < MAX_SECTIONS && strlen(name) < sizeof(s->name));
	memcpy(s->name, name, strlen(name) + 1);
	s->shdr = (Elf64_Shdr){
		.sh_type = type,
		.sh_flags = flags,
		.sh_size = len,
		.sh_addralign = SECTION_ALIGN,
	};
	if (type != SHT_NOBITS) {
		s->data = must(calloc(1, len + 1));
		if (data != NULL)
			memcpy(s->data, data, len);
	}
	if ((flags & SHF_ALLOC) != 0 && is_loaded_type(eb))
		place_loaded(eb, &s->shdr);
	return eb->nr_sections++;
}

Elf64_Shdr *eb_shdr(struct eb *eb, size_t section)
{
	assert(section < eb->nr_sections);
	return &eb->sections[section].shdr;
}

unsigned char *eb_data(struct eb *eb, size_t section)
{
	assert(section < eb->nr_sections);
	return eb->sections[section].data;
}

void eb_build_id(struct eb *eb, const void *id, size_t len)
{
	unsigned char note[sizeof(Elf64_Nhdr) + sizeof(ELF_NOTE_GNU) + 256] = {0};
	Elf64_Nhdr nhdr = {sizeof(ELF_NOTE_GNU), (Elf64_Word)len, NT_GNU_BUILD_ID};
	size_t section;

	assert(len <= 256);
	memcpy(note, &nhdr, sizeof(nhdr));
	memcpy(note + sizeof(nhdr), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU));
	memcpy(note + sizeof(nhdr) + sizeof(ELF_NOTE_GNU), id, len);
	section = eb_section(eb, ".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, note,
			     sizeof(nhdr) + sizeof(ELF_NOTE_GNU) + align_up(len, 4));
	eb_shdr(eb, section)->sh_addralign = 4;
}

static size_t symbols_add(struct symbols *symbols, const char *name, unsigned char info,
			  size_t section, uint64_t value, uint64_t size)
{
	size_t nr = symbols->nr != 0 ? symbols->nr : 1;

	/* sh_info is the number of local symbols, so they come first. */
	assert(ELF64_ST_BIND(info) != STB_LOCAL || nr == 1 ||
	       ELF64_ST_BIND(symbols->syms[nr - 1].st_info) == STB_LOCAL);
	symbols->syms = must(realloc(symbols->syms, (nr + 1) * sizeof(*symbols->syms)));
	symbols->syms[0] = (Elf64_Sym){0};
	symbols->syms[nr] = (Elf64_Sym){
		.st_name = strings_add(&symbols->names, name),
		.st_info = info,
		.st_shndx = (Elf64_Section)section,
		.st_value = value,
		.st_size = size,
	};
	symbols->nr = nr + 1;
	return nr;
}

size_t eb_symbol(struct eb *eb, const char *name, unsigned char info, size_t section,
		 uint64_t value, uint64_t size)
{
	return symbols_add(&eb->symtab, name, info, section, value, size);
}

size_t eb_dynsym(struct eb *eb, const char *name, unsigned char info, size_t section,
		 uint64_t value, uint64_t size)
{
	return symbols_add(&eb->dynsym, name, info, section, value, size);
}

void eb_soname(struct eb *eb, const char *soname)
{
	eb_dynamic(eb, DT_SONAME, strings_add(&eb->dynsym.names, soname));
}

void eb_needed(struct eb *eb, const char *soname)
{
	eb_dynamic(eb, DT_NEEDED, strings_add(&eb->dynsym.names, soname));
}

void eb_dynamic(struct eb *eb, int64_t tag, uint64_t value)
{
	assert(eb->nr_dynamic < MAX_DYNAMIC - 8); /* the rest is ours */
	eb->dynamic[eb->nr_dynamic++] = (Elf64_Dyn){.d_tag = tag, .d_un = {.d_val = value}};
}

/* --- finishing ------------------------------------------------------------ */

/* Adds symbol table and string table, returns the index of the first. */
static size_t add_symbol_sections(struct eb *eb, struct symbols *symbols, const char *name,
				  const char *strings_name, uint32_t type, uint64_t flags)
{
	size_t section;
	size_t strings;
	uint32_t nr_local = 0;

	for (size_t i = 0; i < symbols->nr; i++) {
		Elf64_Sym *sym = &symbols->syms[i];

		if (ELF64_ST_BIND(sym->st_info) == STB_LOCAL)
			nr_local++;
		if (sym->st_shndx != SHN_UNDEF && sym->st_shndx < eb->nr_sections)
			sym->st_value += eb->sections[sym->st_shndx].shdr.sh_addr;
	}
	section = eb_section(eb, name, type, flags, symbols->syms, symbols->nr * sizeof(Elf64_Sym));
	strings = eb_section(eb, strings_name, SHT_STRTAB, flags, symbols->names.bytes,
			     symbols->names.len);
	eb_shdr(eb, section)->sh_link = (Elf64_Word)strings;
	eb_shdr(eb, section)->sh_info = nr_local;
	eb_shdr(eb, section)->sh_entsize = sizeof(Elf64_Sym);
	return section;
}

/* A DT_HASH with one bucket: all symbols in one chain. */
static uint64_t add_hash(struct eb *eb, size_t dynsym)
{
	size_t nr = eb->dynsym.nr;
	uint32_t *words = must(calloc(3 + nr, sizeof(*words)));
	size_t hash;

	words[0] = 1;
	words[1] = (uint32_t)nr;
	words[2] = nr > 1 ? 1 : 0;
	for (size_t i = 1; i + 1 < nr; i++)
		words[3 + i] = (uint32_t)i + 1;
	hash = eb_section(eb, ".hash", SHT_HASH, SHF_ALLOC, words, (3 + nr) * sizeof(*words));
	free(words);
	eb_shdr(eb, hash)->sh_link = (Elf64_Word)dynsym;
	return eb_shdr(eb, hash)->sh_addr;
}

static size_t add_dynamic(struct eb *eb)
{
	size_t dynsym;
	size_t dynstr;
	uint64_t hash;
	size_t section;

	if (eb->dynsym.nr == 0)
		symbols_add(&eb->dynsym, "", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), SHN_UNDEF, 0, 0);
	dynsym = add_symbol_sections(eb, &eb->dynsym, ".dynsym", ".dynstr", SHT_DYNSYM, SHF_ALLOC);
	dynstr = eb_shdr(eb, dynsym)->sh_link;
	hash = add_hash(eb, dynsym);
	eb_dynamic(eb, DT_HASH, hash);
	eb_dynamic(eb, DT_SYMTAB, eb_shdr(eb, dynsym)->sh_addr);
	eb_dynamic(eb, DT_SYMENT, sizeof(Elf64_Sym));
	eb_dynamic(eb, DT_STRTAB, eb_shdr(eb, dynstr)->sh_addr);
	eb_dynamic(eb, DT_STRSZ, eb_shdr(eb, dynstr)->sh_size);
	section = eb_section(eb, ".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, eb->dynamic,
			     (eb->nr_dynamic + 1) * sizeof(Elf64_Dyn));
	eb_shdr(eb, section)->sh_link = (Elf64_Word)dynstr;
	eb_shdr(eb, section)->sh_entsize = sizeof(Elf64_Dyn);
	return dynsym;
}

static void add_section_names(struct eb *eb)
{
	struct strings names = {0};
	size_t section = eb_section(eb, ".shstrtab", SHT_STRTAB, 0, NULL, 0);

	for (size_t i = 1; i < eb->nr_sections; i++)
		eb->sections[i].shdr.sh_name = strings_add(&names, eb->sections[i].name);
	free(eb->sections[section].data);
	eb->sections[section].data = (unsigned char *)names.bytes;
	eb->sections[section].shdr.sh_size = names.len;
}

static uint32_t section_rights(const Elf64_Shdr *shdr)
{
	return PF_R | ((shdr->sh_flags & SHF_WRITE) != 0 ? (uint32_t)PF_W : 0) |
	       ((shdr->sh_flags & SHF_EXECINSTR) != 0 ? (uint32_t)PF_X : 0);
}

/* A segment that consists of this section. */
static Elf64_Phdr section_segment(const Elf64_Shdr *shdr, uint32_t type)
{
	uint64_t file_len = shdr->sh_type == SHT_NOBITS ? 0 : shdr->sh_size;

	return (Elf64_Phdr){
		.p_type = type,
		.p_flags = section_rights(shdr),
		.p_offset = shdr->sh_offset,
		.p_vaddr = shdr->sh_addr,
		.p_paddr = shdr->sh_addr,
		.p_filesz = file_len,
		.p_memsz = shdr->sh_size,
		.p_align = type == PT_LOAD ? PAGE : shdr->sh_addralign,
	};
}

static size_t make_loads(const struct eb *eb, Elf64_Phdr *phdrs)
{
	size_t nr = 1;

	phdrs[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R, .p_align = PAGE};
	for (size_t i = 1; i < eb->nr_sections; i++) {
		const Elf64_Shdr *shdr = &eb->sections[i].shdr;
		Elf64_Phdr *last = &phdrs[nr - 1];

		if ((shdr->sh_flags & SHF_ALLOC) == 0)
			continue;
		/* The headers' segment, the first, stays alone. */
		if (nr == 1 || last->p_flags != section_rights(shdr)) {
			assert(nr < MAX_PHDRS);
			phdrs[nr++] = section_segment(shdr, PT_LOAD);
			continue;
		}
		last->p_memsz = shdr->sh_addr + shdr->sh_size - last->p_vaddr;
		if (shdr->sh_type != SHT_NOBITS)
			last->p_filesz = last->p_memsz;
	}
	return nr;
}

static uint32_t special_segment(const struct section *s)
{
	static const struct {
		const char *section;
		uint32_t segment;
	} specials[] = {
		{".dynamic", PT_DYNAMIC},
		{".tdata", PT_TLS},
		{".eh_frame_hdr", PT_GNU_EH_FRAME},
	};

	if (s->shdr.sh_type == SHT_NOTE)
		return PT_NOTE;
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if (strcmp(s->name, specials[i].section) == 0)
			return specials[i].segment;
	return PT_NULL;
}

static size_t make_segments(const struct eb *eb, Elf64_Phdr *phdrs)
{
	size_t nr;

	if (!is_loaded_type(eb))
		return 0;
	nr = make_loads(eb, phdrs);
	for (size_t i = 1; i < eb->nr_sections; i++) {
		const struct section *s = &eb->sections[i];

		if ((s->shdr.sh_flags & SHF_ALLOC) == 0 || special_segment(s) == PT_NULL)
			continue;
		assert(nr < MAX_PHDRS);
		phdrs[nr++] = section_segment(&s->shdr, special_segment(s));
	}
	phdrs[0].p_filesz = sizeof(Elf64_Ehdr) + nr * sizeof(Elf64_Phdr);
	phdrs[0].p_memsz = phdrs[0].p_filesz;
	return nr;
}

/* Places what is not loaded behind what is; returns where the section headers go. */
static uint64_t place_rest(struct eb *eb, size_t symtab, size_t dynsym)
{
	uint64_t off = is_loaded_type(eb) ? eb->next_addr : sizeof(Elf64_Ehdr);

	for (size_t i = 1; i < eb->nr_sections; i++) {
		Elf64_Shdr *shdr = &eb->sections[i].shdr;

		if (shdr->sh_type == SHT_RELA && shdr->sh_link == 0)
			shdr->sh_link =
				(Elf64_Word)((shdr->sh_flags & SHF_ALLOC) != 0 ? dynsym : symtab);
		if ((shdr->sh_flags & SHF_ALLOC) != 0 && is_loaded_type(eb))
			continue;
		off = align_up(off, SECTION_ALIGN);
		shdr->sh_offset = off;
		off += shdr->sh_type == SHT_NOBITS ? 0 : shdr->sh_size;
	}
	return align_up(off, SECTION_ALIGN);
}

static void write_file(const struct eb *eb, uint64_t shoff, const Elf64_Phdr *phdrs,
		       size_t nr_phdrs, unsigned char *bytes)
{
	Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = eb->type,
		.e_machine = eb->machine,
		.e_version = EV_CURRENT,
		.e_phoff = nr_phdrs != 0 ? sizeof(ehdr) : 0,
		.e_shoff = shoff,
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = nr_phdrs != 0 ? sizeof(Elf64_Phdr) : 0,
		.e_phnum = (Elf64_Half)nr_phdrs,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)eb->nr_sections,
		.e_shstrndx = (Elf64_Half)(eb->nr_sections - 1),
	};

	memcpy(bytes, &ehdr, sizeof(ehdr));
	memcpy(bytes + sizeof(ehdr), phdrs, nr_phdrs * sizeof(*phdrs));
	for (size_t i = 0; i < eb->nr_sections; i++) {
		const struct section *s = &eb->sections[i];

		if (s->data != NULL)
			memcpy(bytes + s->shdr.sh_offset, s->data, s->shdr.sh_size);
		memcpy(bytes + shoff + i * sizeof(s->shdr), &s->shdr, sizeof(s->shdr));
	}
}

unsigned char *eb_finish(struct eb *eb, size_t *len)
{
	Elf64_Phdr phdrs[MAX_PHDRS];
	unsigned char *bytes;
	size_t dynsym = 0;
	size_t symtab = 0;
	size_t nr_phdrs;
	uint64_t shoff;

	if (eb->dynsym.nr != 0 || eb->nr_dynamic != 0)
		dynsym = add_dynamic(eb);
	if (eb->symtab.nr != 0)
		symtab = add_symbol_sections(eb, &eb->symtab, ".symtab", ".strtab", SHT_SYMTAB, 0);
	add_section_names(eb);
	nr_phdrs = make_segments(eb, phdrs);
	shoff = place_rest(eb, symtab, dynsym);
	*len = shoff + eb->nr_sections * sizeof(Elf64_Shdr);
	bytes = must(calloc(1, *len));
	write_file(eb, shoff, phdrs, nr_phdrs, bytes);
	eb_destroy(eb);
	return bytes;
}

/* --- finished files ------------------------------------------------------- */

Elf64_Ehdr *eb_ehdr_of(unsigned char *bytes)
{
	return (Elf64_Ehdr *)bytes;
}

Elf64_Phdr *eb_phdr_of(unsigned char *bytes, size_t i)
{
	return (Elf64_Phdr *)(bytes + eb_ehdr_of(bytes)->e_phoff) + i;
}

Elf64_Shdr *eb_shdr_of(unsigned char *bytes, const char *name)
{
	const Elf64_Ehdr *ehdr = eb_ehdr_of(bytes);
	Elf64_Shdr *shdrs = (Elf64_Shdr *)(bytes + ehdr->e_shoff);
	const char *names = (const char *)bytes + shdrs[ehdr->e_shstrndx].sh_offset;

	for (size_t i = 1; i < ehdr->e_shnum; i++)
		if (strcmp(names + shdrs[i].sh_name, name) == 0)
			return &shdrs[i];
	return NULL;
}

Elf64_Phdr *eb_segment_of(unsigned char *bytes, uint32_t type)
{
	for (size_t i = 0; i < eb_ehdr_of(bytes)->e_phnum; i++)
		if (eb_phdr_of(bytes, i)->p_type == type)
			return eb_phdr_of(bytes, i);
	return NULL;
}
