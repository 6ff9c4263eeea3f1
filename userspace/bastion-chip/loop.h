/* SPDX-License-Identifier: GPL-2.0 */
/* The event loop: file descriptors and timers. One thread, nothing blocks. */
#ifndef CHIP_LOOP_H
#define CHIP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHIP_LOOP_SOURCES 16
#define CHIP_LOOP_TIMERS 128

/**
 * struct chip_source - a file descriptor to watch
 * @fd:		the descriptor, in non-blocking mode
 * @ready:	called when it is readable or has hung up; may be called in vain
 * @data:	for @ready
 */
struct chip_source {
	int fd;
	void (*ready)(void *data);
	void *data;
};

/**
 * struct chip_timer - something to do later, once
 * @due_ns:	by chip_loop_now()
 * @fire:	called then
 * @data:	for @fire
 */
struct chip_timer {
	uint64_t due_ns;
	void (*fire)(void *data);
	void *data;
};

/** struct chip_loop - what is watched; the structs belong to whoever added them */
struct chip_loop {
	bool stopped;
	struct chip_source *sources[CHIP_LOOP_SOURCES];
	struct chip_timer *timers[CHIP_LOOP_TIMERS];
};

/** chip_loop_now - CLOCK_MONOTONIC in nanoseconds */
uint64_t chip_loop_now(void);

/** chip_loop_add - watch @source. Return: false when there are too many. */
bool chip_loop_add(struct chip_loop *loop, struct chip_source *source);

/** chip_loop_remove - no longer; harmless when it was not */
void chip_loop_remove(struct chip_loop *loop, struct chip_source *source);

/** chip_loop_arm - fire @timer @delay_ns from now; one that is armed is moved */
bool chip_loop_arm(struct chip_loop *loop, struct chip_timer *timer, uint64_t delay_ns);

/** chip_loop_disarm - do not; harmless when it was not armed */
void chip_loop_disarm(struct chip_loop *loop, struct chip_timer *timer);

/** chip_loop_run - until chip_loop_stop(). Return: 0 or a negative errno. */
int chip_loop_run(struct chip_loop *loop);

/** chip_loop_stop - make chip_loop_run() return */
void chip_loop_stop(struct chip_loop *loop);

#endif
