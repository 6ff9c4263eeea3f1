/* SPDX-License-Identifier: GPL-2.0 */
/* The runtime: a chip, powered by whatever QEMU connects. */
#ifndef CHIP_RUN_H
#define CHIP_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "bastion-chip/bootlog.h"
#include "bastion-chip/complain.h"
#include "bastion-chip/faults.h"
#include "bastion-chip/fuzz.h"

/**
 * struct chip_run_options - how to run
 * @chip:	the chip's directory
 * @socket:	where QEMU connects
 * @control:	the control socket, or NULL
 * @audit:	the audit log, or NULL
 * @qmp:	QEMU's machine protocol, or NULL
 * @boot:	what the platform starts
 * @latency_us:	that every command takes
 * @interrupts:	whether QEMU is given an eventfd for interrupts
 * @faults:	to begin with
 * @fuzz:	of chip_fuzz_set(), to begin with, or NULL
 * @complain:	told of errors that do not end the run
 */
struct chip_run_options {
	const char *chip;
	const char *socket;
	const char *control;
	const char *audit;
	const char *qmp;
	struct chip_boot boot;
	uint64_t latency_us;
	bool interrupts;
	struct chip_faults faults;
	const char *fuzz;
	void (*complain)(const char *text);
};

/**
 * chip_run - until SIGTERM or SIGINT
 * @options:	how
 * @why:	the error in words
 *
 * Blocks these signals for the calling thread, for good.
 *
 * Return: 0 or -1.
 */
int chip_run(const struct chip_run_options *options, struct complaint *why);

#endif
