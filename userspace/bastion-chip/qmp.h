/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches QEMU's machine protocol for RESET: a guest that reboots inside one QEMU
 * is a power cycle of the chip, which the memory socket alone would not tell.
 */
#ifndef CHIP_QMP_H
#define CHIP_QMP_H

#include "bastion-chip/lines.h"
#include "bastion-chip/loop.h"

/**
 * struct chip_qmp - the watcher
 * @loop:	what it lives in
 * @path:	QEMU's socket (server=on)
 * @reset:	the guest was reset
 * @data:	for @reset
 */
struct chip_qmp {
	struct chip_loop *loop;
	const char *path;
	void (*reset)(void *data);
	void *data;
	struct chip_source source;
	struct chip_timer retry;
	struct chip_lines lines;
};

/** chip_qmp_init - the fields up to @data are set */
void chip_qmp_init(struct chip_qmp *qmp);

/** chip_qmp_start - a QEMU is there: connect, and try again until it works */
void chip_qmp_start(struct chip_qmp *qmp);

/** chip_qmp_stop - it has gone */
void chip_qmp_stop(struct chip_qmp *qmp);

#endif
