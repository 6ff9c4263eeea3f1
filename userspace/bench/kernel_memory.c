// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/membarrier.h>

#include "bench/kernel_memory.h"

static int counts(const char *name)
{
	return !strcmp(name, "Slab:") || !strcmp(name, "KernelStack:") ||
	       !strcmp(name, "PageTables:");
}

long long bench_kernel_memory(void)
{
	char line[128], name[64];
	long long kib, sum = 0;
	FILE *file;

	/* Waits for a grace period of RCU, after which what was let go of is free. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	usleep(300000);
	file = fopen("/proc/meminfo", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lld", name, &kib) == 2 && counts(name))
			sum += kib << 10;
	fclose(file);
	return sum;
}
