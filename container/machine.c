/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of known architectures, and which of them we run on. */
#include "config.h"

#include "container/machine.h"

#include "container/arch/x86_64/machine.h"

#include <elf.h>

static const struct ulp_machine *const machines[] = {
	&ulp_machine_x86_64,
};

const struct ulp_machine *ulp_machine_find(uint16_t e_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i]->e_machine == e_machine)
			return machines[i];
	return NULL;
}

/*
 * The linker puts this symbol at the ELF header of the program or library that
 * this object is linked into, which saves a test of the CPU here.
 */
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

uint16_t ulp_machine_host(void)
{
	return __ehdr_start.e_machine;
}
