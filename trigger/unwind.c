/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libdw on a process whose threads we have stopped.
 */
#include "config.h"

#include "trigger/tasks.h"
#include "trigger/unwind.h"
#include "trigger/unwind_images.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A stack that is deeper is not unwound further: a damaged one may be endless. */
#define MAX_FRAMES 4096u

struct unwinder {
	const struct process *proc; /* borrowed */
	pid_t live;		    /* a thread whose files in /proc work */
	Dwfl *dwfl;
	struct ulp_region *regions; /* owned */
	size_t nr_regions;
	struct unwind_images *images; /* owned; NULL: none could be looked for */
};

/* The mapping that begins a module, for the name of its file in map_files. */
static const struct ulp_region *region_at(const struct unwinder *u, uint64_t start)
{
	for (size_t i = 0; i < u->nr_regions; i++) {
		if (u->regions[i].start == start)
			return &u->regions[i];
	}
	return NULL;
}

/* Opens a file that the process chose: it must not block us nor become our terminal. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * The file of the mapping itself, which nobody can exchange.  That needs
 * CAP_CHECKPOINT_RESTORE; else the name must do.
 */
static int open_mapped(const struct unwinder *u, const char *name, const struct ulp_region *region)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", u->live,
		 (unsigned long)region->start, (unsigned long)region->end);
	fd = open_regular(path);
	if (fd >= 0)
		return fd;
	process_file_path(u->proc, name, region->start, region->end, path, sizeof(path));
	return open_regular(path);
}

/*
 * The file as the process sees it: the name alone may mean another file here,
 * or an update of it.  What is no file libdw (the vDSO) or we (containers) read from
 * memory.
 */
static int find_elf(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
		    char **file_name, Elf **elf)
{
	const struct unwinder *u = *userdata;
	const struct ulp_region *region;
	Dwarf_Addr start = 0;

	if (u != NULL && strcmp(name, UNWIND_IMAGE_NAME) == 0) {
		*elf = unwind_image_elf(u->images, base);
		return -1;
	}
	if (name[0] != '/')
		return dwfl_linux_proc_find_elf(mod, userdata, name, base, file_name, elf);
	if (u == NULL)
		return -1;
	(void)dwfl_module_info(mod, NULL, &start, NULL, NULL, NULL, NULL, NULL);
	region = region_at(u, start);
	if (region == NULL)
		return -1;
	return open_mapped(u, name, region);
}

/* .eh_frame is in the file itself: nothing else is searched for, least of all in the network. */
static int find_no_debuginfo(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
			     const char *file, const char *link, GElf_Word crc, char **ret)
{
	(void)mod;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)ret;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_no_debuginfo,
};

static int set_userdata(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr start,
			void *arg)
{
	(void)mod;
	(void)name;
	(void)start;
	*userdata = arg;
	return DWARF_CB_OK;
}

struct unwinder *unwinder_create(const struct process *proc)
{
	struct unwinder *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->proc = proc;
	u->live = tasks_live(proc->pid);
	u->dwfl = dwfl_begin(&callbacks);
	if (u->dwfl == NULL ||
	    process_regions(proc, &u->regions, NULL, &u->nr_regions, NULL) != ULP_OK ||
	    dwfl_linux_proc_report(u->dwfl, u->live) != 0 ||
	    (u->images = unwind_images_report(proc, u->dwfl)) == NULL ||
	    dwfl_report_end(u->dwfl, NULL, NULL) != 0 ||
	    dwfl_getmodules(u->dwfl, set_userdata, u, 0) != 0 ||
	    dwfl_linux_proc_attach(u->dwfl, u->live, true) != 0) {
		unwinder_destroy(u);
		return NULL;
	}
	return u;
}

void unwinder_destroy(struct unwinder *u)
{
	if (u == NULL)
		return;
	if (u->dwfl != NULL)
		dwfl_end(u->dwfl);
	unwind_images_destroy(u->images);
	free(u->regions);
	free(u);
}

struct walk {
	struct unwinder *u;
	struct unwound_stack *stack;
	size_t cap;
	bool guessed; /* a frame was found without unwind information of the one inside it */
};

static bool cfi_covers(Dwarf_CFI *cfi, Dwarf_Addr addr)
{
	Dwarf_Frame *frame;

	if (cfi == NULL || dwarf_cfi_addrframe(cfi, addr, &frame) != 0)
		return false;
	free(frame);
	return true;
}

/*
 * Whether there is unwind information for pc.  Where there is none libdw
 * guesses by the frame pointer, and may leave frames out without saying so.
 */
static bool has_unwind_info(Dwfl *dwfl, Dwarf_Addr pc)
{
	Dwfl_Module *mod = dwfl_addrmodule(dwfl, pc);
	Dwarf_Addr bias = 0;
	Dwarf_CFI *cfi;

	if (mod == NULL)
		return false;
	cfi = dwfl_module_eh_cfi(mod, &bias);
	if (cfi_covers(cfi, pc - bias))
		return true;
	cfi = dwfl_module_dwarf_cfi(mod, &bias);
	return cfi_covers(cfi, pc - bias);
}

static bool walk_grow(struct walk *w)
{
	size_t more = w->cap == 0 ? 32 : 2 * w->cap;
	uint64_t *grown;

	if (w->stack->nr < w->cap)
		return true;
	grown = reallocarray(w->stack->pcs, more, sizeof(*grown));
	if (grown == NULL)
		return false;
	w->stack->pcs = grown;
	w->cap = more;
	return true;
}

static int on_frame(Dwfl_Frame *frame, void *arg)
{
	struct walk *w = arg;
	bool exact;
	Dwarf_Addr pc;

	if (w->stack->nr == MAX_FRAMES || !dwfl_frame_pc(frame, &pc, &exact) || !walk_grow(w)) {
		w->guessed = true;
		return DWARF_CB_ABORT;
	}
	if (w->stack->nr > 0)
		w->stack->outermost = pc;
	if (!exact)
		pc--;
	w->stack->pcs[w->stack->nr++] = pc;
	if (!has_unwind_info(w->u->dwfl, pc))
		w->guessed = true;
	return DWARF_CB_OK;
}

void unwinder_stack(struct unwinder *u, pid_t tid, struct unwound_stack *stack)
{
	struct walk w = {.u = u, .stack = stack};

	*stack = (struct unwound_stack){0};
	stack->precise = dwfl_getthread_frames(u->dwfl, tid, on_frame, &w) == 0 && stack->nr > 0;
	if (w.guessed)
		stack->precise = false;
}

void unwound_stack_free(struct unwound_stack *stack)
{
	free(stack->pcs);
	stack->pcs = NULL;
	stack->nr = 0;
}
