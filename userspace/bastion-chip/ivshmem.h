/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The server side of QEMU's ivshmem protocol (docs/specs/ivshmem-spec.txt):
 * gives a QEMU the shared memory and the doorbells. The chip is peer 0, QEMU is
 * peer 1; one QEMU at a time, further ones wait.
 */
#ifndef CHIP_IVSHMEM_H
#define CHIP_IVSHMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bastion-chip/complain.h"
#include "bastion-chip/loop.h"

/**
 * struct chip_ivshmem - the server
 * @loop:	what it lives in
 * @power_on:	a QEMU has come; @memory is new and all zero. False turns it away.
 * @power_off:	it has gone; called only after a @power_on that was true
 * @doorbell:	the guest has rung
 * @data:	for these
 * @interrupts:	give QEMU an eventfd to interrupt the guest with. Without one
 *		the guest can only poll.
 */
struct chip_ivshmem {
	struct chip_loop *loop;
	bool (*power_on)(void *data, void *memory);
	void (*power_off)(void *data);
	void (*doorbell)(void *data);
	void *data;
	bool interrupts;
	struct chip_source listener;
	struct chip_source client;
	struct chip_source bell;
	int interrupt_fd;
	int memory_fd;
	void *memory;
};

/**
 * chip_ivshmem_listen - make the socket; it exists once it can be connected to
 * @server:	the fields up to @interrupts are set
 * @path:	of the socket; one that is there already is replaced
 * @why:	the error in words
 *
 * Return: 0 or -1.
 */
int chip_ivshmem_listen(struct chip_ivshmem *server, const char *path, struct complaint *why);

/** chip_ivshmem_ring - interrupt the guest */
void chip_ivshmem_ring(struct chip_ivshmem *server);

/** chip_ivshmem_close - hang up, and listen no more */
void chip_ivshmem_close(struct chip_ivshmem *server);

#endif
