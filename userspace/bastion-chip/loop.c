// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/loop.h"

#define NS_PER_S 1000000000ull

uint64_t chip_loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

bool chip_loop_add(struct chip_loop *loop, struct chip_source *source)
{
	for (size_t i = 0; i < ARRAY_SIZE(loop->sources); i++) {
		if (!loop->sources[i]) {
			loop->sources[i] = source;
			return true;
		}
	}
	return false;
}

void chip_loop_remove(struct chip_loop *loop, struct chip_source *source)
{
	for (size_t i = 0; i < ARRAY_SIZE(loop->sources); i++)
		if (loop->sources[i] == source)
			loop->sources[i] = NULL;
}

bool chip_loop_arm(struct chip_loop *loop, struct chip_timer *timer, uint64_t delay_ns)
{
	struct chip_timer **empty = NULL;

	timer->due_ns = chip_loop_now() + delay_ns;
	for (size_t i = 0; i < ARRAY_SIZE(loop->timers); i++) {
		if (loop->timers[i] == timer)
			return true;
		if (!loop->timers[i] && !empty)
			empty = &loop->timers[i];
	}
	if (!empty)
		return false;
	*empty = timer;
	return true;
}

void chip_loop_disarm(struct chip_loop *loop, struct chip_timer *timer)
{
	for (size_t i = 0; i < ARRAY_SIZE(loop->timers); i++)
		if (loop->timers[i] == timer)
			loop->timers[i] = NULL;
}

static struct chip_timer *next_timer(const struct chip_loop *loop)
{
	struct chip_timer *next = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(loop->timers); i++)
		if (loop->timers[i] && (!next || loop->timers[i]->due_ns < next->due_ns))
			next = loop->timers[i];
	return next;
}

/* In the order in which they are due; those armed meanwhile wait for the next turn. */
static void fire_timers(struct chip_loop *loop)
{
	uint64_t now = chip_loop_now();
	struct chip_timer *timer;

	while (!loop->stopped && (timer = next_timer(loop)) && timer->due_ns <= now) {
		chip_loop_disarm(loop, timer);
		timer->fire(timer->data);
	}
}

static int wait_for_sources(struct chip_loop *loop)
{
	struct chip_source *watched[CHIP_LOOP_SOURCES];
	struct pollfd polls[CHIP_LOOP_SOURCES];
	struct chip_timer *timer = next_timer(loop);
	struct timespec timeout = { 0 };
	int count;

	for (size_t i = 0; i < ARRAY_SIZE(polls); i++) {
		watched[i] = loop->sources[i];
		polls[i] = (struct pollfd){ .fd = watched[i] ? watched[i]->fd : -1,
					    .events = POLLIN };
	}
	if (timer) {
		uint64_t now = chip_loop_now();
		uint64_t left = timer->due_ns > now ? timer->due_ns - now : 0;

		timeout.tv_sec = left / NS_PER_S;
		timeout.tv_nsec = left % NS_PER_S;
	}
	count = ppoll(polls, ARRAY_SIZE(polls), timer ? &timeout : NULL, NULL);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	/* One source's work may remove another. */
	for (size_t i = 0; count && i < ARRAY_SIZE(polls); i++)
		if (polls[i].revents && watched[i] && loop->sources[i] == watched[i])
			watched[i]->ready(watched[i]->data);
	return 0;
}

int chip_loop_run(struct chip_loop *loop)
{
	int error = 0;

	while (!loop->stopped && !error) {
		error = wait_for_sources(loop);
		fire_timers(loop);
	}
	return error;
}

void chip_loop_stop(struct chip_loop *loop)
{
	loop->stopped = true;
}
