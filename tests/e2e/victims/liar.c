// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A process that lies about itself: in the list of its objects, r_debug, the registry and its
 * records, ELF headers, program headers, dynamic section and symbol table of the target in memory.
 *
 *   liar NAME
 *
 * Requests, a line each, come through the FIFO NAME.in, the answers go to NAME.out:
 *   number N     victim_number(N)
 *   lie SEED     takes the last lies back and tells some new ones
 *   change SEED  from now on a thread writes lies and takes them back, as fast as it can
 *   truth        no lies any more
 *   end
 */
#include "fifo.h"
#include "libvictim.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PLACES_MAX = 32, LIES_MAX = 4, PAGE = 4096, HUGE_LEN = 1 << 30 };

/* Words that somebody outside reads. */
struct place {
	uint64_t *words;
	size_t nr;
};

struct lie {
	uint64_t *at;
	uint64_t truth;
};

static struct place places[PLACES_MAX];
static size_t nr_places;
static struct lie lies[LIES_MAX];
static size_t nr_lies;
static uint64_t seed;
static char *huge; /* as many letters without an end as there can be */
static atomic_bool changing;
static pthread_t changer;

/* A linear congruential generator (Knuth's MMIX). */
static uint64_t next_random(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 24;
}

static void make_writable(const void *at, size_t len, int more)
{
	uintptr_t from = (uintptr_t)at / PAGE * PAGE;

	(void)mprotect((void *)from, (uintptr_t)at + len - from, PROT_READ | PROT_WRITE | more);
}

static void add_place(void *at, size_t len, int more)
{
	if (at == NULL || nr_places == PLACES_MAX)
		return;
	make_writable(at, len, more);
	places[nr_places++] = (struct place){at, len / sizeof(uint64_t)};
}

static struct link_map *object(const char *name)
{
	struct link_map *map = _r_debug.r_map;

	while (map != NULL && strstr(map->l_name, name) == NULL)
		map = map->l_next;
	return map;
}

static void *dynamic_value(const struct link_map *map, int64_t tag)
{
	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			return (void *)d->d_un.d_ptr;
	return NULL;
}

static void add_object(struct link_map *map)
{
	ElfW(Ehdr) * header;

	if (map == NULL)
		return;
	add_place(map, sizeof(*map), 0);
	header = (ElfW(Ehdr) *)map->l_addr;
	add_place(map->l_ld, 24 * sizeof(*map->l_ld), 0);
	if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return;
	add_place(header, sizeof(*header), 0);
	add_place((char *)header + header->e_phoff, header->e_phnum * sizeof(ElfW(Phdr)), 0);
	add_place(dynamic_value(map, DT_GNU_HASH), 128, 0);
	add_place(dynamic_value(map, DT_SYMTAB), 256, 0);
}

/* The one that DT_DEBUG of the program leads to is the dynamic linker's own. */
static void add_places(void)
{
	struct link_map *program = _r_debug.r_map;
	uint64_t *registry = dlsym(RTLD_DEFAULT, "ulp_registry");

	add_object(object("libvictim"));
	add_object(object("libpulp"));
	add_place(program, sizeof(*program), 0);
	add_place(dynamic_value(program, DT_DEBUG), sizeof(struct r_debug) + 8, 0);
	/* The head, as often as all of an object: it is what is trusted most. */
	for (int i = 0; registry != NULL && i < 6; i++)
		add_place(registry, 128, 0);
}

/* What a live patch has left behind: up to two of its records. */
static void add_records(void)
{
	static size_t nr_fixed;
	uint64_t *registry = dlsym(RTLD_DEFAULT, "ulp_registry");
	uint64_t record;

	if (nr_fixed == 0)
		nr_fixed = nr_places;
	nr_places = nr_fixed;
	/* engine/registry_format.h: magic, version and size, disabled and commit, sequence, patches
	 */
	record = registry != NULL ? registry[4] : 0;
	for (int i = 0; i < 4 && record != 0; i++)
		add_place((void *)record, 512, 0);
}

static uint64_t some_value(uint64_t truth)
{
	static const uint64_t numbers[] = {
		0,	    1,		8,	    0xff,	0xffff,	   INT32_MAX,
		1u << 31,   UINT32_MAX, 1ull << 40, 1ull << 47, INT64_MAX, UINT64_MAX - PAGE,
		UINT64_MAX,
	};

	switch (next_random() % 6) {
	case 0: /* itself or another of these places: a list without an end, or another kind */
		return (uint64_t)places[next_random() % nr_places].words;
	case 1:
		return (uint64_t)(huge + next_random() % HUGE_LEN);
	case 2:
		return truth + (next_random() % 64 - 32) * 8;
	case 3:
		return truth ^ 1ull << next_random() % 64;
	case 4:
		return (truth & ~0xffffffffull) | (uint32_t)numbers[next_random() % 13];
	default:
		return numbers[next_random() % 13];
	}
}

static void tell_lie(struct lie *lie)
{
	const struct place *place = &places[next_random() % nr_places];

	lie->at = &place->words[next_random() % place->nr];
	lie->truth = *lie->at;
	*lie->at = some_value(lie->truth);
}

static void take_back(void)
{
	while (nr_lies > 0) {
		nr_lies--;
		*lies[nr_lies].at = lies[nr_lies].truth;
	}
}

static void tell_lies(void)
{
	size_t nr = 1 + next_random() % LIES_MAX;

	while (nr_lies < nr)
		tell_lie(&lies[nr_lies++]);
}

static void *change(void *unused)
{
	(void)unused;
	while (changing) {
		tell_lies();
		for (volatile uint64_t n = next_random() % 20000; n > 0; n--)
			continue;
		take_back();
	}
	return NULL;
}

static void stop_lying(void)
{
	if (changing) {
		changing = false;
		pthread_join(changer, NULL);
	}
	take_back();
}

static int answer_to(const char *line)
{
	int n;

	if (sscanf(line, "number %d", &n) == 1)
		return victim_number(n);
	if (strcmp(line, "end\n") == 0)
		_exit(0);
	stop_lying();
	add_records();
	if (sscanf(line, "lie %d", &n) == 1) {
		seed = (uint64_t)n;
		tell_lies();
	} else if (sscanf(line, "change %d", &n) == 1) {
		seed = (uint64_t)n;
		changing = true;
		if (pthread_create(&changer, NULL, change, NULL) != 0)
			_exit(3);
	}
	return 0;
}

int main(int argc, char **argv)
{
	char line[128];
	FILE *in, *out;

	if (argc != 2)
		return 2;
	in = fifo_open(argv[1], "in");
	out = fifo_open(argv[1], "out");
	huge = mmap(NULL, HUGE_LEN, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (huge == MAP_FAILED)
		return 3;
	memset(huge, 'A', 64 * PAGE);
	add_places();
	while (fgets(line, sizeof(line), in) != NULL)
		fprintf(out, "%d\n", answer_to(line));
	return 0;
}
