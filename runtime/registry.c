/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpulp.so.0: what a process has to hold so that it can be patched.  That is
 * mostly data: the registry that ulp(1) reads and writes, a few instructions
 * for a borrowed thread, and memory for the signal frame through which that
 * thread returns.  No thread is started, and nothing here runs after the
 * constructor but what unwinders call (runtime/unwind.c).  The constructor
 * applies the live patches of the patch folder (runtime/startup.c).
 */
#include "config.h"

#include "runtime/message.h"
#include "runtime/registry.h"
#include "runtime/startup.h"
#include "runtime/syscall_code.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

/*
 * Room for an rt_sigframe: about 1 KiB plus the XSAVE area (2.7 KiB with
 * AVX-512, 11 KiB with AMX tiles; Linux Documentation/arch/x86/xstate.rst).
 * Untouched, and so without a page of its own, until a thread is borrowed.
 */
#define FRAME_LEN (16u << 10)

static alignas(64) uint8_t borrow_frame[FRAME_LEN];

/*
 * In pages of its own, so that a process which is never patched shares or never
 * touches the rest of them.
 */
__attribute__((visibility("default"))) alignas(4096) struct ulp_registry ulp_registry;

/*
 * The dynamic linker hands the arguments of main() to constructors.  errno is 0
 * when main() begins (ISO C 7.5), so what fails here must not show.
 */
__attribute__((constructor)) static void registry_init(int argc, char **argv, char **envp)
{
	const int error = errno;

	(void)argc;
	ulp_registry.version = ULP_REGISTRY_VERSION;
	ulp_registry.size = sizeof(ulp_registry);
	ulp_registry.syscall_code = (uint64_t)(uintptr_t)ulp_syscall_code;
	ulp_registry.frame = (uint64_t)(uintptr_t)borrow_frame;
	ulp_registry.frame_len = sizeof(borrow_frame);
	message_line("libpulp " PACKAGE_VERSION " is ready");
	startup(argv, envp);

	/* A tool may look at any time: the magic says that the rest is there. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(ulp_registry.magic, ULP_REGISTRY_MAGIC, sizeof(ulp_registry.magic));
	errno = error;
}
