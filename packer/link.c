/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running the linker: an argument list and no shell, inside the work folder. */
#include "config.h"

#include "packer/link.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_NAME "ld.log"
#define MAX_LOG ((size_t)1 << 20)
#define MAX_SHOWN 500u /* bytes of the linker's words in an error */

struct arguments {
	char **list;
	size_t nr;
	size_t cap;
};

static void argument(struct pool *pool, struct arguments *args, const char *text)
{
	args->list = pool_grow(pool, args->list, args->nr, &args->cap, sizeof(*args->list));
	args->list[args->nr++] = text ? pool_strdup(pool, text) : NULL;
}

/* The replaced functions are the only ones to be seen; nothing else is a root for --gc-sections. */
static enum ulp_code write_version_script(const struct linker *linker, const struct selection *sel,
					  const char *name, struct ulp_err *err)
{
	const char *text = "{ global:\n";

	for (size_t i = 0; i < sel->nr_functions; i++)
		text = pool_printf(sel->pool, "%s\"%s\";\n", text, sel->functions[i].new_name);
	text = pool_printf(sel->pool, "%slocal: *; };\n", text);
	return workdir_write(sel->pool, linker->dir, name, text, strlen(text), err);
}

static enum ulp_code write_inputs(const struct linker *linker, const struct selection *sel,
				  const struct rewrite_extra *extra, unsigned pass,
				  struct arguments *args, struct ulp_err *err)
{
	struct rewrite_extra this_one = *extra;

	for (size_t i = 0; i < sel->nr_objects; i++) {
		const char *name = pool_printf(sel->pool, "%u-%zu.o", pass, i);
		enum ulp_code code;

		code = object_rewrite(sel, &sel->objects[i], &this_one,
				      workdir_file(sel->pool, linker->dir, name), err);
		if (code)
			return code;
		argument(sel->pool, args, name);
		this_one.apply = this_one.revert = NULL;
	}
	return ULP_OK;
}

static void fixed_arguments(const struct linker *linker, struct pool *pool, struct arguments *args,
			    const char *out, const char *script)
{
	/*
	 * separate-code: no page is both writable and executable, or executable and
	 * read for data.  No DT_NEEDED and no interpreter: the engine is the loader.
	 */
	static const char *const fixed[] = {
		"-shared",
		"-Bsymbolic",
		"-z",
		"now",
		"-z",
		"relro",
		"-z",
		"noexecstack",
		"-z",
		"separate-code",
		"--gc-sections",
		"--build-id=sha1",
		"--hash-style=gnu",
		"--eh-frame-hdr",
		"--no-dynamic-linker",
		"--unresolved-symbols=ignore-all",
		"--no-undefined-version",
		"--nostdlib",
	};

	argument(pool, args, linker->program);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		argument(pool, args, fixed[i]);
	argument(pool, args, "-soname");
	argument(pool, args, linker->soname);
	argument(pool, args, "--version-script");
	argument(pool, args, script);
	argument(pool, args, "-o");
	argument(pool, args, out);
}

/* Nothing of the user's LD_RUN_PATH, LDEMULATION and the like may change the result. */
static char **environment(struct pool *pool)
{
	const char *path = getenv("PATH");
	struct arguments env = {0};

	argument(pool, &env, pool_printf(pool, "PATH=%s", path ? path : "/usr/bin:/bin"));
	argument(pool, &env, "LC_ALL=C");
	argument(pool, &env, NULL);
	return env.list;
}

static enum ulp_code spawn_in(const struct linker *linker, struct pool *pool, char **args,
			      pid_t *pid, struct ulp_err *err)
{
	posix_spawn_file_actions_t actions;
	int error;

	error = posix_spawn_file_actions_init(&actions);
	if (error) {
		errno = error;
		return ulp_fail_errno(err, ULP_ESYS, "the linker cannot be prepared");
	}
	error = posix_spawn_file_actions_addchdir_np(&actions, linker->dir->path);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
							 O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, LOG_NAME,
							 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (!error)
		error = posix_spawnp(pid, linker->program, &actions, NULL, args, environment(pool));
	posix_spawn_file_actions_destroy(&actions);
	errno = error;
	return error ? ulp_fail_errno(err, ULP_ESYS, "the linker %s cannot be run", linker->program)
		     : ULP_OK;
}

static enum ulp_code linker_failed(const struct linker *linker, struct pool *pool, int status,
				   struct ulp_err *err)
{
	const unsigned char *bytes = (const unsigned char *)"";
	struct ulp_err ignored;
	size_t len = 0;

	if (file_read(pool, workdir_file(pool, linker->dir, LOG_NAME), MAX_LOG, &bytes, &len,
		      &ignored))
		len = 0;
	while (len && bytes[len - 1] == '\n')
		len--;
	if (WIFSIGNALED(status))
		return ulp_fail(err, ULP_ESYS, "the linker %s was killed by signal %d",
				linker->program, WTERMSIG(status));
	return ulp_fail(err, ULP_ERELOC, "the linker %s cannot link the objects:\n%.*s",
			linker->program, (int)(len < MAX_SHOWN ? len : MAX_SHOWN),
			(const char *)bytes);
}

static enum ulp_code run(const struct linker *linker, struct pool *pool, char **args,
			 struct ulp_err *err)
{
	enum ulp_code code;
	int status;
	pid_t pid;

	code = spawn_in(linker, pool, args, &pid, err);
	if (code)
		return code;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ulp_fail_errno(err, ULP_ESYS, "the linker was lost");
	return status ? linker_failed(linker, pool, status, err) : ULP_OK;
}

enum ulp_code link_container(const struct linker *linker, const struct selection *sel,
			     const struct rewrite_extra *extra, unsigned pass, const char **out,
			     struct ulp_err *err)
{
	const char *name = pool_printf(sel->pool, "%u.so", pass);
	const char *script = pool_printf(sel->pool, "%u.map", pass);
	struct arguments args = {0};
	enum ulp_code code;

	fixed_arguments(linker, sel->pool, &args, name, script);
	code = write_version_script(linker, sel, script, err);
	if (!code)
		code = write_inputs(linker, sel, extra, pass, &args, err);
	argument(sel->pool, &args, NULL);
	if (!code)
		code = run(linker, sel->pool, args.list, err);
	if (!code)
		*out = workdir_file(sel->pool, linker->dir, name);
	return code;
}
