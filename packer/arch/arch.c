/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machines that containers can be packed for. */
#include "config.h"

#include "packer/arch/arch.h"

static const struct packer_arch *const machines[] = {
	&packer_arch_x86_64,
};

const struct packer_arch *packer_arch_find(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i]->machine == machine)
			return machines[i];
	return NULL;
}
