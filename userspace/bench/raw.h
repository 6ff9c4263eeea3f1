/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chip without a driver, through its mapped BARs: one command at a time, waited
 * for in a loop, nothing checked that need not be. No driver can be faster.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdint.h>

struct bastion_mbox_slot;

/**
 * struct bench_raw - a chip that the kernel does not drive
 * @doorbell:	register
 * @ring:	what to write to it
 * @slot:	the first one
 * @sequence:	of the last command
 */
struct bench_raw {
	volatile uint32_t *doorbell;
	uint32_t ring;
	volatile struct bastion_mbox_slot *slot;
	uint32_t sequence;
};

/** bench_raw_open() - finds one: 0, or -errno (-ENODEV: every chip here has its driver) */
int bench_raw_open(struct bench_raw *raw);

/** bench_raw_mr_read() - reads one register: nanoseconds, or -errno */
int64_t bench_raw_mr_read(void *raw);

#endif
