/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_RUNTIME_NEXT_SYMBOL_H
#define ULP_RUNTIME_NEXT_SYMBOL_H

/*
 * The function of this name that callers would reach if the runtime did not
 * define one: that of the first object behind the runtime in the order of the
 * dynamic linker, as dlsym(RTLD_NEXT) has it.  NULL if there is none.
 *
 * Takes no lock and allocates nothing; can be called at any time, also before
 * constructors have run and in a signal handler.
 */
void *next_symbol(const char *name);

#endif
