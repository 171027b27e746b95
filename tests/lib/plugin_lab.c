/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lab for the GCC plugin: a folder, a compiler, and libelf.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/plugin_lab.h"

#include "container/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 64
#define LONGEST_HEAD 9 /* bytes from a function's label to its entry */

/* One lab at a time, as its folder is the process's: the tests of a program run one by one. */
static char folder[4096];
static char plugin[4200]; /* absolute path of ulp.so */
static char messages[65536];
static Elf *elf;
static int elf_fd = -1;

/* --- the folder and the compiler ------------------------------------------------- */

int lab_setup(void **state)
{
	const char *base = getenv("TMPDIR"), *build = getenv("ULP_BUILDDIR");

	(void)state;
	elf_version(EV_CURRENT);
	(void)snprintf(plugin, sizeof(plugin), "%s/gcc-plugin/ulp.so", build ? build : ".");
	(void)snprintf(folder, sizeof(folder), "%s/ulp-plugin-XXXXXX", base ? base : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void close_elf(void)
{
	(void)elf_end(elf);
	elf = NULL;
	if (elf_fd >= 0)
		(void)close(elf_fd);
	elf_fd = -1;
}

int lab_teardown(void **state)
{
	(void)state;
	close_elf();
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(const char *name)
{
	static char path[8192];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

void lab_write(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static const char *compiler(void)
{
	const char *gcc = getenv("ULP_PLUGIN_GCC");

	return gcc ? gcc : ULP_PLUGIN_GCC;
}

/* Parts a command into words, in place; a "@name" becomes what it stands for. */
static void split(char *command, char *words[MAX_WORDS + 1])
{
	static char gcc[256], option[4300];
	size_t nr = 0;
	char *save = NULL;

	(void)snprintf(gcc, sizeof(gcc), "%s", compiler());
	(void)snprintf(option, sizeof(option), "-fplugin=%s", plugin);
	for (char *word = strtok_r(command, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		/* A compiler may be given with arguments of its own, such as "ccache gcc". */
		char *gcc_save = NULL;

		assert_true(nr < MAX_WORDS - 8);
		if (!strcmp(word, "@gcc"))
			for (char *w = strtok_r(gcc, " ", &gcc_save); w && nr < MAX_WORDS - 8;
			     w = strtok_r(NULL, " ", &gcc_save))
				words[nr++] = w;
		else
			words[nr++] = !strcmp(word, "@plugin") ? option : word;
	}
	words[nr] = NULL;
}

static _Noreturn void exec_in_folder(char *words[])
{
	int fd;

	if (chdir(folder))
		_exit(127);
	fd = open("messages", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(127);
	/* The standard output is the test's TAP. */
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(127);
	(void)setenv("LC_ALL", "C", 1);
	execvp(words[0], words);
	_exit(127);
}

static void read_messages(void)
{
	FILE *file = fopen(path_of("messages"), "re");
	size_t len = 0;

	if (file) {
		len = fread(messages, 1, sizeof(messages) - 1, file);
		(void)fclose(file);
	}
	messages[len] = '\0';
}

int lab_run(const char *command)
{
	char *words[MAX_WORDS + 1], *copy = strdup(command);
	int status = 0;
	pid_t pid;

	assert_non_null(copy);
	split(copy, words);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		exec_in_folder(words);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	free(copy);
	read_messages();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void lab_must(const char *command)
{
	int status = lab_run(command);

	if (status)
		fail_msg("%s: status %d: %s", command, status, messages);
}

const char *lab_messages(void)
{
	return messages;
}

bool lab_has_program(const char *name)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "%s --version", name);
	return lab_run(command) == 0;
}

void lab_copy_plugin(const char *from, const char *to)
{
	size_t len = strlen(from), nr = 0;
	FILE *in = fopen(plugin, "re"), *out = fopen(path_of("other.so"), "we");
	char *bytes = malloc(64u << 20);

	assert_true(in && out && bytes && strlen(to) == len);
	nr = fread(bytes, 1, 64u << 20, in);
	for (char *p = bytes; (p = memmem(p, nr - (size_t)(p - bytes), from, len)); p += len)
		memcpy(p, to, len);
	assert_int_equal(fwrite(bytes, 1, nr, out), nr);
	free(bytes);
	assert_int_equal(fclose(in) | fclose(out), 0);
}

/* --- what came out --------------------------------------------------------------- */

void lab_open(const char *name)
{
	close_elf();
	elf_fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
	assert_true(elf_fd >= 0);
	elf = elf_begin(elf_fd, ELF_C_READ, NULL);
	assert_non_null(elf);
	assert_int_equal(elf_kind(elf), ELF_K_ELF);
}

static const char *section_name(Elf_Scn *scn, GElf_Shdr *shdr)
{
	size_t shstrndx;
	const char *name;

	assert_int_equal(elf_getshdrstrndx(elf, &shstrndx), 0);
	assert_non_null(gelf_getshdr(scn, shdr));
	name = elf_strptr(elf, shstrndx, shdr->sh_name);
	return name ? name : "";
}

const void *lab_section(const char *name, size_t *len)
{
	GElf_Shdr shdr;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		if (strcmp(section_name(scn, &shdr), name) != 0)
			continue;
		Elf_Data *data = elf_rawdata(scn, NULL);
		assert_non_null(data);
		*len = data->d_size;
		return data->d_buf;
	}
	*len = 0;
	return NULL;
}

/* The next section of the entry table after this one (NULL: the first), or NULL. */
static Elf_Scn *next_table(Elf_Scn *scn, GElf_Shdr *shdr)
{
	while ((scn = elf_nextscn(elf, scn)))
		if (!strcmp(section_name(scn, shdr), ULP_ENTRIES_SECTION))
			return scn;
	return NULL;
}

size_t lab_nr_entries(void)
{
	GElf_Shdr shdr;
	size_t nr = 0;

	for (Elf_Scn *scn = NULL; (scn = next_table(scn, &shdr));)
		nr += shdr.sh_size / 4;
	return nr;
}

uint64_t lab_table_flags(void)
{
	GElf_Shdr shdr;
	return next_table(NULL, &shdr) ? shdr.sh_flags : 0;
}

uint64_t lab_table_alignment(void)
{
	GElf_Shdr shdr;
	return next_table(NULL, &shdr) ? shdr.sh_addralign : 0;
}

size_t lab_nr_grouped_tables(void)
{
	GElf_Shdr shdr;
	size_t nr = 0;

	for (Elf_Scn *scn = NULL; (scn = next_table(scn, &shdr));)
		nr += (shdr.sh_flags & SHF_GROUP) != 0;
	return nr;
}

/*
 * Calls visit for each symbol of .symtab until it returns true, and says whether
 * one did.
 */
static bool any_symbol(bool (*visit)(const char *name, const GElf_Sym *sym, void *arg), void *arg)
{
	GElf_Shdr shdr;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		(void)section_name(scn, &shdr);
		if (shdr.sh_type != SHT_SYMTAB)
			continue;
		Elf_Data *data = elf_getdata(scn, NULL);
		GElf_Sym sym;
		for (int i = 1; gelf_getsym(data, i, &sym); i++) {
			const char *name = elf_strptr(elf, shdr.sh_link, sym.st_name);
			if (visit(name ? name : "", &sym, arg))
				return true;
		}
	}
	return false;
}

static bool is_named(const char *name, const GElf_Sym *sym, void *arg)
{
	(void)sym;
	return !strcmp(name, arg);
}

bool lab_has_symbol(const char *name)
{
	char copy[256];

	(void)snprintf(copy, sizeof(copy), "%s", name);
	return any_symbol(is_named, copy);
}

static bool count_undefined(const char *name, const GElf_Sym *sym, void *arg)
{
	size_t *nr = arg;

	(void)name;
	*nr += sym->st_shndx == SHN_UNDEF;
	return false;
}

size_t lab_nr_undefined(void)
{
	size_t nr = 0;

	(void)any_symbol(count_undefined, &nr);
	return nr;
}

size_t lab_nr_table_relocations(void)
{
	GElf_Shdr shdr, table;
	size_t nr = 0;

	assert_non_null(next_table(NULL, &table));
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Rela rela;
		(void)section_name(scn, &shdr);
		if (shdr.sh_type != SHT_RELA)
			continue;
		for (int i = 0; gelf_getrela(elf_getdata(scn, NULL), i, &rela); i++)
			nr += rela.r_offset - table.sh_addr < table.sh_size;
	}
	return nr;
}

struct lookup {
	const char *name; /* of a function, or NULL: any */
	uint64_t addr;	  /* result, or address looked for */
	uint64_t size;	  /* result, bytes */
};

static bool find_name(const char *name, const GElf_Sym *sym, void *arg)
{
	struct lookup *lookup = arg;

	if (GELF_ST_TYPE(sym->st_info) != STT_FUNC || sym->st_shndx == SHN_UNDEF ||
	    strcmp(name, lookup->name))
		return false;
	lookup->addr = sym->st_value;
	lookup->size = sym->st_size;
	return true;
}

static bool find_addr(const char *name, const GElf_Sym *sym, void *arg)
{
	const struct lookup *lookup = arg;

	(void)name;
	return GELF_ST_TYPE(sym->st_info) == STT_FUNC && sym->st_shndx != SHN_UNDEF &&
	       sym->st_value == lookup->addr;
}

static bool is_function(uint64_t addr)
{
	struct lookup lookup = {NULL, addr, 0};
	return any_symbol(find_addr, &lookup);
}

static struct lookup function(const char *name)
{
	struct lookup lookup = {name, 0, 0};

	if (!any_symbol(find_name, &lookup))
		fail_msg("no function %s", name);
	return lookup;
}

uint64_t lab_function(const char *name)
{
	return function(name).addr;
}

/* The i-th entry's address, of a linked file. */
static uint64_t entry(size_t i)
{
	GElf_Shdr shdr;
	int32_t distance;
	Elf_Scn *scn = next_table(NULL, &shdr);
	Elf_Data *data;

	assert_non_null(scn);
	data = elf_rawdata(scn, NULL);
	assert_true(data && data->d_size >= (i + 1) * 4);
	memcpy(&distance, (char *)data->d_buf + i * 4, 4);
	return shdr.sh_addr + i * 4 + (uint64_t)(int64_t)distance;
}

int lab_entry_offset(const char *name)
{
	struct lookup f = function(name);

	for (size_t i = 0; i < lab_nr_entries(); i++)
		if (entry(i) - f.addr <= LONGEST_HEAD && entry(i) - f.addr < f.size)
			return (int)(entry(i) - f.addr);
	return -1;
}

/* Are these the bytes at this address of a linked file? */
static bool bytes_are(uint64_t addr, const void *bytes, size_t len)
{
	GElf_Shdr shdr;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		(void)section_name(scn, &shdr);
		uint64_t at = addr - shdr.sh_addr;
		if (!(shdr.sh_flags & SHF_EXECINSTR) || at >= shdr.sh_size ||
		    shdr.sh_size - at < len)
			continue;
		return !memcmp((char *)elf_rawdata(scn, NULL)->d_buf + at, bytes, len);
	}
	return false;
}

/* What may stand between a function's label and its entry: arch/x86_64/entry.cc. */
struct head {
	size_t len;
	unsigned char bytes[LONGEST_HEAD];
};

static const struct head heads[] = {
	{0, {0}},
	{4, {0xf3, 0x0f, 0x1e, 0xfa}},				     /* endbr64 */
	{8, {0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x1f, 0x40, 0x00}},	     /* and a 4-byte NOP */
	{8, {0x55, 0x48, 0x89, 0xe5, 0x5d, 0x0f, 0x1f, 0x00}},	     /* -O0: frame, NOP */
	{9, {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x5d}}, /* endbr64, frame */
};

static bool follows_head(uint64_t addr)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (is_function(addr - heads[i].len) &&
		    bytes_are(addr - heads[i].len, heads[i].bytes, heads[i].len))
			return true;
	return false;
}

static void check_entry(uint64_t addr)
{
	static const unsigned char nop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

	if (!bytes_are(addr, nop, sizeof(nop)))
		fail_msg("no NOP at 0x%llx", (unsigned long long)addr);
	if (addr / 8 != (addr + sizeof(nop) - 1) / 8)
		fail_msg("entry at 0x%llx crosses a word", (unsigned long long)addr);
	if (!follows_head(addr))
		fail_msg("entry at 0x%llx is not at a function's start", (unsigned long long)addr);
}

void lab_check_entries(void)
{
	for (size_t i = 0; i < lab_nr_entries(); i++) {
		check_entry(entry(i));
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(entry(j), entry(i));
	}
	if (lab_nr_entries())
		assert_int_equal(lab_nr_table_relocations(), 0);
}

bool lab_entries_are_sorted(void)
{
	for (size_t i = 1; i < lab_nr_entries(); i++)
		if (entry(i) <= entry(i - 1))
			return false;
	return true;
}
