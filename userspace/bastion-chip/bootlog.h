/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot log: what went into register 0, as records of IMA's binary list with
 * SHA-384 template digests (Documentation/measurements.rst).
 */
#ifndef CHIP_BOOTLOG_H
#define CHIP_BOOTLOG_H

#include <stddef.h>
#include <stdint.h>

#include "bastion-chip/complain.h"
#include "bastion-chip/registers.h"

#define CHIP_CMDLINE_MAX 8192

/** struct chip_bootlog - the records so far */
struct chip_bootlog {
	size_t len;
	uint8_t data[BASTION_BOOT_LOG_MAX];
};

/**
 * struct chip_boot - what the platform starts, for it to measure
 * @kernel:	path, or NULL
 * @initrd:	path, or NULL
 * @cmdline:	the kernel's command line, or NULL
 */
struct chip_boot {
	const char *kernel;
	const char *initrd;
	const char *cmdline;
};

/**
 * chip_bootlog_digest - log and extend a component known by its digest ("ima-ng")
 * @log:	the log
 * @registers:	register 0 is extended
 * @name:	BASTION_BOOT_*
 * @digest:	SHA-384 of the component
 *
 * Return: 0, or -1 when the log is full; then nothing was extended.
 */
int chip_bootlog_digest(struct chip_bootlog *log, struct chip_registers *registers,
			const char *name, const uint8_t digest[BASTION_DIGEST_SIZE]);

/**
 * chip_bootlog_buffer - log and extend data that the log holds itself ("ima-buf")
 *
 * Otherwise as chip_bootlog_digest().
 */
int chip_bootlog_buffer(struct chip_bootlog *log, struct chip_registers *registers,
			const char *name, const void *data, size_t len);

/**
 * chip_bootlog_platform - the platform's part: kernel, initrd, command line
 *
 * Reads the files each time, so that what is measured is what the next boot gets.
 *
 * Return: 0, or -1 with the reason in @why.
 */
int chip_bootlog_platform(struct chip_bootlog *log, struct chip_registers *registers,
			  const struct chip_boot *boot, struct complaint *why);

#endif
