/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/cpu_latency.h"

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

/* Documentation/power/pm_qos_interface.rst: a 32-bit number of microseconds is written to it, the
 * longest time that a processor may take to wake up.  0 is no sleep at all. */
#define LATENCY_FILE "/dev/cpu_dma_latency"

int cpu_latency_hold(void)
{
	const int32_t none = 0;
	const int fd = open(LATENCY_FILE, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, &none, sizeof(none)) != (ssize_t)sizeof(none)) {
		close(fd);
		return -1;
	}
	return fd;
}

void cpu_latency_release(int fd)
{
	if (fd >= 0)
		close(fd);
}
