/* SPDX-License-Identifier: GPL-2.0 */
/* A tracing instance of our own, so that nobody else's tracing is touched. */
#ifndef BASTIONCTL_TRACING_H
#define BASTIONCTL_TRACING_H

#include <stdbool.h>

#include "libbastion/error.h"

/**
 * struct tracing - an instance that follows bastion's events
 * @pipe: its trace_pipe, non-blocking; -1 without an instance
 * @monotonic: its time is CLOCK_MONOTONIC's
 * @path: its folder in tracefs
 */
struct tracing {
	int pipe;
	bool monotonic;
	char path[128];
};

/**
 * tracing_open - make the instance bastion-PID and follow events/bastion in it
 * @tracing: out
 * @err:     what is missing, and what to do about it
 *
 * Removes instances that earlier processes left behind when they were killed.
 *
 * Return: 0 or a negative errno, with @tracing such that tracing_close() is allowed.
 */
int tracing_open(struct tracing *tracing, struct bastion_error *err);

/** tracing_close - remove the instance; 0 or a negative errno */
int tracing_close(struct tracing *tracing, struct bastion_error *err);

#endif
