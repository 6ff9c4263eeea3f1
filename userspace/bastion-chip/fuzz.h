/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chip that writes nonsense: answers are spoilt, and a thread changes words of the shared
 * memory while commands run, also between two looks of the driver's. What is done
 * follows from a seed; when, from who is faster. The engine stays honest, and so does the
 * audit log.
 *
 *	SPEC = SEED[,rate=PERCENT]
 *
 * The magic is never made to read all ones: that would be a chip that is gone, which the
 * fault "vanish" is for.
 */
#ifndef CHIP_FUZZ_H
#define CHIP_FUZZ_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bastion-chip/complain.h"

/**
 * struct chip_fuzz - the fuzzer's state
 * @ring:	interrupts the host; called from the thread, too
 * @data:	for @ring
 * @on:		a SPEC is set
 * @rate:	how many answers of a hundred are spoilt, and how busy the thread is
 * @seed:	of the thread
 * @random:	where the answers' sequence of random numbers is
 * @memory:	shared, NULL while the power is off
 * @running:	there is a thread
 * @stop:	it shall end
 */
struct chip_fuzz {
	void (*ring)(void *data);
	void *data;
	bool on;
	unsigned int rate;
	uint64_t seed;
	uint64_t random;
	uint8_t *memory;
	bool running;
	bool stop;
	pthread_t thread;
};

/**
 * struct chip_fuzz_answer - an answer that is about to be given
 * @sequence, @status, @out_len, @data_len, @interrupts: as in struct chip_slot
 * @delay_ns:	before it is given
 * @data, @size: the output, and how much room there is
 */
struct chip_fuzz_answer {
	uint32_t *sequence;
	uint32_t *status;
	uint32_t *out_len;
	size_t *data_len;
	uint64_t *interrupts;
	uint64_t *delay_ns;
	uint8_t *data;
	size_t size;
};

/**
 * chip_fuzz_set - begin, or end
 * @fuzz:	the fuzzer
 * @spec:	as above, or "none"
 * @why:	the error in words
 *
 * What was written to the header stays there until the chip is reset.
 *
 * Return: 0 or -1.
 */
int chip_fuzz_set(struct chip_fuzz *fuzz, const char *spec, struct complaint *why);

/** chip_fuzz_attach - power on: @memory is shared with the host, BASTION_MBOX_SIZE bytes */
void chip_fuzz_attach(struct chip_fuzz *fuzz, uint8_t *memory);

/** chip_fuzz_detach - power off: memory is not touched again */
void chip_fuzz_detach(struct chip_fuzz *fuzz);

/** chip_fuzz_resets - whether the chip shall lose its state instead of taking a command */
bool chip_fuzz_resets(struct chip_fuzz *fuzz);

/** chip_fuzz_spoil - change something about an answer, or not */
void chip_fuzz_spoil(struct chip_fuzz *fuzz, const struct chip_fuzz_answer *answer);

#endif
