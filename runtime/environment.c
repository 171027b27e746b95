/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtime/environment.h"

#include <string.h>

const char *environment_get(char *const *envp, const char *name)
{
	const size_t len = strlen(name);

	for (; envp && *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

bool environment_item(const char **list, char *item, size_t size)
{
	const char *start = *list;
	const char *end;
	size_t len;

	if (!start)
		return false;
	end = strchr(start, ':');
	len = end ? (size_t)(end - start) : strlen(start);
	if (len >= size) /* it names nothing; those after it count */
		len = 0;
	memcpy(item, start, len);
	item[len] = '\0';
	*list = end ? end + 1 : NULL;
	return true;
}

void environment_drop(char **envp, const char *prefix)
{
	const size_t len = strlen(prefix);
	char **kept = envp;

	for (; envp && *envp; envp++)
		if (strncmp(*envp, prefix, len) != 0)
			*kept++ = *envp;
		else
			**envp = '\0'; /* in a copy that setenv() has made as well */
	if (kept)
		*kept = NULL;
}
