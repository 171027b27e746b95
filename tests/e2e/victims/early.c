// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A process that tells what it is like in the first lines of main(): what functions of libvictim
 * give, whether anything of what came before main() shows.  Then it waits to be ended; a line on
 * SIGUSR1.
 */
#include "libvictim.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

static int nr_open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int nr = 0;

	while (folder && readdir(folder))
		nr++;
	/* ".", "..", and the folder itself. */
	return nr - 3;
}

static void tell(int error)
{
	printf("other %d third %d text %s errno %d secure %lu\n", victim_other(4), victim_third(4),
	       victim_text(4), error, getauxval(AT_SECURE));
	(void)fflush(stdout);
}

int main(void)
{
	int error = errno;
	struct mallinfo2 heap = mallinfo2();
	sigset_t set;
	int signal;

	printf("heap %zu mapped %zu files %d\n", heap.arena, heap.hblks, nr_open_files());
	tell(error);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("ready");
	(void)fflush(stdout);
	while (sigwait(&set, &signal) == 0)
		tell(0);
	return EXIT_FAILURE;
}
