// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Another tool at the same process:  tracer PID FIFO  seizes the process, writes "tracing" and
 * holds it until a line comes through the FIFO.  Without FIFO it only tries whether that is allowed
 * here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	char line[16];
	FILE *fifo;

	if (argc < 2 || ptrace(PTRACE_SEIZE, atoi(argv[1]), NULL, NULL) < 0) {
		perror("tracer");
		return 1;
	}
	puts("tracing");
	fflush(stdout);
	if (argc < 3)
		return 0;
	fifo = fopen(argv[2], "r");
	return fifo != NULL && fgets(line, sizeof(line), fifo) != NULL ? 0 : 1;
}
