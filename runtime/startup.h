/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Live patches that a process applies to itself before main().
 */
#ifndef ULP_RUNTIME_STARTUP_H
#define ULP_RUNTIME_STARTUP_H

/*
 * Reads the opt-outs, and applies the containers of the patch folders that are
 * for this process.  Whatever fails becomes a message, and the process starts.
 *
 * Called once, by the constructor, when the registry is filled in but has no
 * magic yet: until it has, ulp(1) waits, so that the registry is ours alone.
 * argv: where the stack's frames end.  envp: loses our variables in a program that
 * has more rights than its user.
 */
void startup(char **argv, char **envp);

#endif
