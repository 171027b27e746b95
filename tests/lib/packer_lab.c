/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder in which tests of the packer compile and pack. */
#include "config.h"

#include "tests/lib/packer_lab.h"

#include "packer/workdir.h"
#include "tests/lib/check_err.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 64

/*
 * libbfd 2.40 never frees the file names that bfd_find_nearest_line() makes; the
 * packer cannot, as others are not its own.  LeakSanitizer calls this function.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libbfd";
}

int packer_lab_setup(void **state)
{
	struct packer_lab *lab = calloc(1, sizeof(*lab));
	const char *base = getenv("TMPDIR");

	if (!lab)
		return -1;
	(void)snprintf(lab->dir, sizeof(lab->dir), "%s/ulp-lab.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(lab->dir)) {
		free(lab);
		return -1;
	}
	*state = lab;
	return 0;
}

int packer_lab_teardown(void **state)
{
	struct packer_lab *lab = *state;
	struct workdir dir = {.path = lab->dir};

	workdir_deinit(&dir);
	pool_deinit(&lab->pool);
	free(lab);
	return 0;
}

const char *packer_lab_path(struct packer_lab *lab, const char *name)
{
	return pool_printf(&lab->pool, "%s/%s", lab->dir, name);
}

void packer_lab_write(struct packer_lab *lab, const char *name, const char *text)
{
	const char *path = packer_lab_path(lab, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
}

static size_t split(char *text, char **words, size_t nr)
{
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		assert_true(nr < MAX_WORDS - 1);
		words[nr++] = word;
	}
	return nr;
}

static size_t compiler_words(struct packer_lab *lab, char **words, size_t nr)
{
	const char *cc = getenv("ULP_CC"), *srcdir = getenv("ULP_SRCDIR");

	nr = split(pool_strdup(&lab->pool, cc && *cc ? cc : "cc"), words, nr);
	assert_true(nr < MAX_WORDS - 2);
	words[nr++] = pool_printf(&lab->pool, "-I%s/tests/lib/arch/" ULP_TEST_ARCH,
				  srcdir ? srcdir : ".");
	return nr;
}

void packer_lab_must(struct packer_lab *lab, const char *command)
{
	char *text = pool_strdup(&lab->pool, command), *words[MAX_WORDS] = {NULL};
	posix_spawn_file_actions_t actions;
	size_t nr = 0;
	int status;
	pid_t pid;

	if (strncmp(text, "@cc", 3) == 0) {
		nr = compiler_words(lab, words, nr);
		text += 3;
	}
	nr = split(text, words, nr);
	words[nr] = NULL;
	if (!words[0]) {
		fail_msg("no command");
		return;
	}
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_addchdir_np(&actions, lab->dir), 0);
	assert_int_equal(posix_spawnp(&pid, words[0], &actions, NULL, words, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("'%s' ends with status 0x%x", command, (unsigned)status);
}

void packer_lab_compile(struct packer_lab *lab, const char *name, const char *source,
			const char *flags)
{
	packer_lab_write(lab, pool_printf(&lab->pool, "%s.c", name), source);
	packer_lab_must(lab, pool_printf(&lab->pool, "@cc -g -O2 -fPIC %s -c %s.c -o %s.o", flags,
					 name, name));
}

void packer_lab_target(struct packer_lab *lab, const char *source, const char *global)
{
	packer_lab_write(lab, "liba.map",
			 pool_printf(&lab->pool, "LIBA_1 { global: %s local: *; };\n", global));
	packer_lab_compile(lab, "fix", source, "");
	packer_lab_must(lab, "mv fix.o target.o");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o -o liba.so.1");
}

enum ulp_code packer_lab_pack(struct packer_lab *lab, const char *spec)
{
	struct pack_options *o = &lab->options;

	packer_lab_write(lab, "fix.yaml", spec);
	o->spec = packer_lab_path(lab, "fix.yaml");
	if (!o->nr_objects) {
		lab->objects[0] = packer_lab_path(lab, "fix.o");
		o->nr_objects = 1;
	}
	o->objects = lab->objects;
	if (!o->target)
		o->target = packer_lab_path(lab, "liba.so.1");
	if (!o->out)
		o->out = packer_lab_path(lab, "fix.so");
	if (!o->linker)
		o->linker = ULP_LD_PROGRAM;
	memset(&lab->report, 0, sizeof(lab->report));
	return pack(&lab->pool, o, &lab->report, &lab->result, &lab->err);
}

void packer_lab_refused(struct packer_lab *lab, const char *spec, enum ulp_code code,
			const char *place, const char *says)
{
	const enum ulp_code got = packer_lab_pack(lab, spec);

	if (got != code)
		fail_msg("%s is not %s: '%s: %s'", ulp_code_name(got), ulp_code_name(code),
			 got ? lab->err.where : "", got ? lab->err.text : "");
	assert_int_equal(lab->err.code, code);
	if (!strstr(lab->err.where, place))
		fail_msg("'%s' is not at '%s'", lab->err.where, place);
	if (!strstr(lab->err.text, says))
		fail_msg("'%s' does not say '%s'", lab->err.text, says);
	assert_int_equal(access(lab->options.out, F_OK), -1);
}

void packer_lab_packed(struct packer_lab *lab, const char *spec, struct ulp_container *container)
{
	assert_succeeds(packer_lab_pack(lab, spec), &lab->err);
	assert_succeeds(ulp_container_open(lab->options.out, container, &lab->err), &lab->err);
}

const struct ulp_reference *packer_lab_reference(const struct ulp_container *c, const char *name)
{
	for (size_t i = 0; i < c->patch.nr_references; i++)
		if (strcmp(c->patch.references[i].name, name) == 0)
			return &c->patch.references[i];
	return NULL;
}

const struct ulp_import *packer_lab_import(const struct ulp_container *c, const char *name)
{
	for (size_t i = 0; i < c->patch.nr_imports; i++)
		if (strcmp(c->patch.imports[i].name, name) == 0)
			return &c->patch.imports[i];
	return NULL;
}
