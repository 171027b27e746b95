/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for the start of the process.  The program's own allocator is left
 * alone: it may not be ready yet, it may be what is being patched, and what is
 * taken from it and given back changes what it does later (glibc's threshold
 * for mapping large blocks rises with each that is freed).
 *
 * For one thread.  Everything comes from mmap() and goes back to the kernel
 * with arena_release(): nothing is left when the program begins.
 */
#ifndef ULP_RUNTIME_ARENA_H
#define ULP_RUNTIME_ARENA_H

#include <stddef.h>

/* len bytes of zeroes, aligned for any object; NULL (errno ENOMEM) if there are none. */
void *arena_alloc(size_t len);

/* The same with the first bytes of `old` (NULL: none), which is freed.  NULL: `old` stays. */
void *arena_resize(void *old, size_t len);

/* Large blocks go back at once, small ones with arena_release().  Accepts NULL. */
void arena_free(void *block);

/* Frees all blocks. */
void arena_release(void);

#endif
