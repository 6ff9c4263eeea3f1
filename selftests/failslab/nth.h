/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's fault injection for one task (Documentation/fault-injection): the Nth allocation
 * or copy from or to user space that the calling thread makes from now on fails.
 *
 *	fd = nth_open();		(-ENOENT: this kernel injects no faults)
 *	nth_arm(fd, 1);
 *	...
 *	nth_came(fd)			(false: there were fewer)
 *
 * Allocations are those from the slabs and, where the kernel has CONFIG_FAIL_PAGE_ALLOC, of
 * pages. What other tasks do for this one (the kernel's threads, helpers) is not counted.
 */
#ifndef SELFTESTS_FAILSLAB_NTH_H
#define SELFTESTS_FAILSLAB_NTH_H

#include "round.h"

#define NTH_DEBUGFS	"/sys/kernel/debug/"
/* More than any operation takes: what goes on for longer never ends. */
#define NTH_MAX		2000

static inline void nth_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

/* What is injected is no complaint of the kernel's, and sleeping allocations count. */
static inline void nth_set_up(void)
{
	static const char *const faults[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	static const char *const settings[][2] = {
		{ "verbose", "0" }, { "ignore-gfp-wait", "N" }, { "ignore-gfp-highmem", "N" },
		{ "min-order", "0" },
	};
	char path[128];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		for (size_t j = 0; j < sizeof(settings) / sizeof(settings[0]); j++) {
			snprintf(path, sizeof(path), NTH_DEBUGFS "%s/%s", faults[i],
				 settings[j][0]);
			if (!access(path, W_OK))
				nth_write(path, settings[j][1]);
		}
	}
}

/* Of the calling thread, or -errno. */
static inline int nth_open(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fd < 0 || access(NTH_DEBUGFS "failslab", F_OK))
		return -ENOENT;
	nth_set_up();
	return fd;
}

/* Reading it is what may fail, too, and then it was still to come. */
static inline void nth_arm(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	ROUND_MUST(pwrite(fd, text, len, 0) == len);
}

static inline bool nth_came(int fd)
{
	char text[16] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	/* Writing, which disarms it, uses it up otherwise. */
	if (pwrite(fd, "0", 1, 0) != 1)
		ROUND_MUST(pwrite(fd, "0", 1, 0) == 1);
	return len > 0 && !atoi(text);
}

/* Is it what an operation may say of that? */
static inline bool nth_says_so(long ret)
{
	return ret == -ENOMEM || ret == -EFAULT;
}

#endif
