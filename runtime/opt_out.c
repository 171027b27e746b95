/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of users and groups are read from /etc/passwd and /etc/group.  The
 * libc's own way to them, NSS, loads libraries and talks to daemons, which
 * nothing may do before main().
 */
#include "config.h"

#include "runtime/opt_out.h"

#include "runtime/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Of more supplementary groups (Linux allows 65536) none is looked at. */
#define MAX_GROUPS 1024

bool opt_out_matches(const char *list, const char *text)
{
	char pattern[PATH_MAX];

	while (environment_item(&list, pattern, sizeof(pattern)))
		if (*pattern && fnmatch(pattern, text, 0) == 0)
			return true;
	return false;
}

/* Ends the field at its colon and gives the next one, NULL if there is none. */
static char *field_end(char *field)
{
	char *colon = strchr(field, ':');

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static bool line_matches(const char *list, char *line, unsigned long id)
{
	char *password = field_end(line);
	char *number = password ? field_end(password) : NULL;
	char *end;

	if (!number || !field_end(number) || *number < '0' || *number > '9')
		return false;
	errno = 0;
	return strtoul(number, &end, 10) == id && !*end && !errno && opt_out_matches(list, line);
}

/*
 * The lines of a file, each up to the size of the buffer: what is behind, such as
 * the members of a large group, is not of interest.
 */
static bool file_matches(const char *list, int fd, unsigned long id)
{
	char line[1024];
	size_t len = 0;
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				if (len < sizeof(line) - 1)
					line[len++] = buf[i];
				continue;
			}
			line[len] = '\0';
			len = 0;
			if (line_matches(list, line, id))
				return true;
		}
	line[len] = '\0'; /* the last one may have no newline */
	return line_matches(list, line, id);
}

bool opt_out_matches_account(const char *list, const char *file, unsigned long id)
{
	char number[24];
	bool found;
	int fd;

	(void)snprintf(number, sizeof(number), "%lu", id);
	if (opt_out_matches(list, number))
		return true;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	found = file_matches(list, fd, id);
	(void)close(fd);
	return found;
}

static bool path_matches(const char *list)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *name = (const char *)getauxval(AT_EXECFN);

	if (len > 0) {
		path[len] = '\0';
		name = path;
	}
	return name && opt_out_matches(list, name);
}

static bool user_matches(const char *list)
{
	return opt_out_matches_account(list, "/etc/passwd", geteuid());
}

static bool group_matches(const char *list)
{
	gid_t groups[MAX_GROUPS];
	int nr = getgroups(MAX_GROUPS, groups);
	bool found = opt_out_matches_account(list, "/etc/group", getegid());

	for (int i = 0; i < nr && !found; i++)
		found = opt_out_matches_account(list, "/etc/group", groups[i]);
	return found;
}

const char *opt_out_variable(char *const *envp)
{
	static const struct {
		const char *name;
		bool (*matches)(const char *list);
	} variables[] = {
		{"LIBPULP_DISABLE_ON_PATH", path_matches},
		{"LIBPULP_DISABLE_ON_USERS", user_matches},
		{"LIBPULP_DISABLE_ON_GROUPS", group_matches},
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *list = environment_get(envp, variables[i].name);

		if (list && *list && variables[i].matches(list))
			return variables[i].name;
	}
	return NULL;
}
