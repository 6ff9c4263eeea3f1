/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory the kernel has taken for itself. */
#ifndef BENCH_KERNEL_MEMORY_H
#define BENCH_KERNEL_MEMORY_H

/**
 * bench_kernel_memory() - bytes that /proc/meminfo counts as Slab, KernelStack and PageTables
 *
 * What is being freed in the background is waited for first, a little: the answer is
 * as steady as a running system allows. -errno without such a file.
 */
long long bench_kernel_memory(void);

#endif
