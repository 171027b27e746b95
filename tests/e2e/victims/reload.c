// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loads and unloads libraries when it is told to.
 *
 *   reload NAME
 *
 * It reads requests from the FIFO NAME.in, a line each, and answers each with a line to NAME.out:
 *
 *   load SLOT PATH, load-apart SLOT PATH    dlopen(), dlmopen() in a namespace of its own
 *   unload SLOT                             dlclose()
 *   call SLOT FUNCTION N                    what the library's function gives, of type int (int)
 *   place SLOT                              where the library is, as one number
 *   room SLOT                               takes that place with other memory, after an unload
 *   end
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SLOTS = 4, LINE_MAX_LEN = 512 };

static struct slot {
	void *handle;
	void *place; /* of the last library in it */
} slots[SLOTS];

static int load(struct slot *s, const char *path, Lmid_t namespace)
{
	struct link_map *map;

	s->handle = namespace == LM_ID_BASE ? dlopen(path, RTLD_NOW | RTLD_LOCAL)
					    : dlmopen(namespace, path, RTLD_NOW);
	if (s->handle == NULL || dlinfo(s->handle, RTLD_DI_LINKMAP, &map) != 0) {
		fprintf(stderr, "reload: %s\n", dlerror());
		return 0;
	}
	s->place = (void *)map->l_addr;
	return 1;
}

static int call(const struct slot *s, const char *function, int n)
{
	int (*f)(int) = (int (*)(int))dlsym(s->handle, function);

	return f != NULL ? f(n) : -1;
}

/* A page where the library was, so that it cannot come there again. */
static int take(const struct slot *s)
{
	return mmap(s->place, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		    -1, 0) == s->place;
}

static void answer(const char *line, FILE *out)
{
	char verb[32] = "", word[LINE_MAX_LEN] = "";
	int slot = 0, n = 0;
	struct slot *s;

	sscanf(line, "%31s %d %511s %d", verb, &slot, word, &n);
	s = &slots[slot < 0 || slot >= SLOTS ? 0 : slot];
	if (strcmp(verb, "load") == 0)
		fprintf(out, "%d\n", load(s, word, LM_ID_BASE));
	else if (strcmp(verb, "load-apart") == 0)
		fprintf(out, "%d\n", load(s, word, LM_ID_NEWLM));
	else if (strcmp(verb, "unload") == 0)
		fprintf(out, "%d\n", dlclose(s->handle));
	else if (strcmp(verb, "call") == 0)
		fprintf(out, "%d\n", call(s, word, n));
	else if (strcmp(verb, "place") == 0)
		fprintf(out, "%lu\n", (unsigned long)s->place);
	else if (strcmp(verb, "room") == 0)
		fprintf(out, "%d\n", take(s));
	else if (strcmp(verb, "number") == 0)
		fprintf(out, "%d\n", slot + 1);
	else
		fprintf(out, "what?\n");
}

int main(int argc, char **argv)
{
	char in_name[64], out_name[64], line[LINE_MAX_LEN];

	if (argc != 2)
		return 2;
	snprintf(in_name, sizeof(in_name), "%.50s.in", argv[1]);
	snprintf(out_name, sizeof(out_name), "%.50s.out", argv[1]);
	for (;;) {
		FILE *in = fopen(in_name, "r");
		FILE *out;

		if (in == NULL)
			return 3;
		line[0] = '\0';
		if (fgets(line, sizeof(line), in) == NULL)
			line[0] = '\0';
		fclose(in);
		if (strncmp(line, "end", 3) == 0)
			return 0;
		if (line[0] == '\0')
			continue;
		out = fopen(out_name, "w");
		if (out == NULL)
			return 3;
		answer(line, out);
		fclose(out);
	}
}
