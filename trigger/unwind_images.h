/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is in no file that libdw could open, but has an ELF header in memory:
 * containers, and a runtime that was injected.  Their unwind tables are taken from
 * the process's memory.
 */
#ifndef ULP_TRIGGER_UNWIND_IMAGES_H
#define ULP_TRIGGER_UNWIND_IMAGES_H

#include "trigger/process.h"

#include <elfutils/libdwfl.h>

struct unwind_images; /* opaque */

/* Name of their modules; no file of the process has one like it. */
#define UNWIND_IMAGE_NAME "[live patch]"

/*
 * Adds a module to dwfl, which is being reported, for each of the process.  NULL
 * if they cannot be looked for; borrows proc.  Destroy it after dwfl.
 */
struct unwind_images *unwind_images_report(const struct process *proc, Dwfl *dwfl);
void unwind_images_destroy(struct unwind_images *images);

/*
 * The image whose module begins at `start`, as an ELF file without sections; NULL if
 * it cannot be read or makes no sense.  Its bytes stay owned by `images`.  Nothing in
 * it is trusted: libdw checks what it reads of it, as of all files of the process.
 */
Elf *unwind_image_elf(struct unwind_images *images, Dwarf_Addr start);

#endif
