/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What /proc tells about a process, without stopping it.
 */
#ifndef ULP_TRIGGER_PROCESS_H
#define ULP_TRIGGER_PROCESS_H

#include "container/err.h"
#include "engine/space.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	char name[64];	     /* of /proc/PID/comm, control characters replaced by '?' */
	uint64_t start_time; /* field 22 of /proc/PID/stat: tells a reused pid */
	int seccomp;	     /* 0 off, 1 strict, 2 filter */
	uint64_t at_phdr;    /* of the auxiliary vector; 0 if unknown */
	uint64_t at_phnum;
	int mem_fd;    /* /proc/PID/mem, opened O_RDWR or O_RDONLY; -1 */
	bool writable; /* mem_fd can be written */
};

/*
 * Opens the process.  Takes the place of a vanished or zombie leader's files
 * from a live thread (/proc/PID/task/TID/...).
 *
 * Errors: ULP_ENOPROC (no such pid, a zombie, a kernel thread), ULP_EPERM (may
 * not be traced by us; says what is needed), ULP_EUNSUP (32-bit), ULP_ESYS.
 */
ULP_MUST_CHECK enum ulp_code process_open(pid_t pid, struct process *proc, struct ulp_err *err);
void process_close(struct process *proc);

/*
 * Entry `type` (AT_*) of the auxiliary vector, read from thread tid's files
 * now.  false: there is none, or it cannot be read.
 */
bool process_auxv(pid_t pid, pid_t tid, uint64_t type, uint64_t *value);

/* Whether the process still runs, and the pid was not used again. */
bool process_alive(const struct process *proc);

/*
 * Name of the program's file, without folders, as it was when the file was
 * executed; "" if it cannot be read.  Into buf; returns buf.
 */
const char *process_program(const struct process *proc, char *buf, size_t len);

/*
 * Path that opens file `path` as the process sees it (/proc/PID/root/...), or,
 * if the file there is not the one of the mapping at [start, end) any more,
 * /proc/PID/map_files/... .  start and end must be those of one line of
 * /proc/PID/maps: the kernel knows no other names, and without one only the
 * name of the file is left.  Into buf (PATH_MAX bytes are enough); returns buf.
 */
const char *process_file_path(const struct process *proc, const char *path, uint64_t start,
			      uint64_t end, char *buf, size_t len);

/*
 * Mappings as engine/space.h has them, to be freed with process_regions_free().  If paths is
 * not NULL it becomes an array of nr malloc'ed strings ("" for anonymous).
 */
ULP_MUST_CHECK enum ulp_code process_regions(const struct process *proc,
					     struct ulp_region **regions, char ***paths, size_t *nr,
					     struct ulp_err *err);

/* Takes both; each may be NULL. */
void process_regions_free(struct ulp_region *regions, char **paths, size_t nr);

/* Index of the mapping that holds the address; nr if none does. */
size_t process_region_at(const struct ulp_region *regions, size_t nr, uint64_t addr);

/*
 * /proc/PID/maps of a thread that lives, to be closed; -1 with errno.  process_map_at() asks the
 * kernel through it for the one mapping that holds the address, and for its name; false: there
 * is none, or Linux is before 6.11.  path: room for len bytes.
 */
int process_maps_open(const struct process *proc);
bool process_map_at(int maps, uint64_t addr, struct ulp_region *region, char *path, size_t len);

/*
 * The same of those mappings only that hold one of these addresses, ascending; paths is not NULL.
 * Costs nothing of a process that has many mappings.
 *
 * Errors: ULP_EUNSUP (Linux before 6.11: use process_regions()), ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code process_regions_at(const struct process *proc, const uint64_t *addrs,
						size_t nr_addrs, struct ulp_region **regions,
						char ***paths, size_t *nr, struct ulp_err *err);

/*
 * Whether this is a process with a user space.  ULP_ENOPROC, which tells what it is else: not
 * there, a zombie, a kernel thread, a thread of another process.
 */
ULP_MUST_CHECK enum ulp_code process_exists(pid_t pid, struct ulp_err *err);

/*
 * All pids of /proc that a user space program runs in and that match: all of
 * them for NULL, one pid for a number, those whose name matches a shell
 * wildcard (fnmatch(3)) otherwise.  The caller frees.  Leaves out ourselves and
 * our parent chain's kernel threads.  A number that does not run is ULP_ENOPROC;
 * a wildcard that matches nothing gives *nr = 0.
 */
ULP_MUST_CHECK enum ulp_code process_list(const char *selector, pid_t **pids, size_t *nr,
					  struct ulp_err *err);

#endif
