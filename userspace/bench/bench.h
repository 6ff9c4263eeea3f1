/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Benchmarks: rows, and what each of them needs to take samples.
 *
 * A row is a function that measures and calls bench_emit() for each series of
 * samples. Whatever it times must also succeed: a row that returns an error, or
 * aborts, is a failure of the whole run. Medians, ratios, tables and pictures are
 * scripts/bench-report's; nothing is summed up here.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a series is to its row. */
#define BENCH_CANDIDATE	"candidate"	/* what is asked about */
#define BENCH_REFERENCE	"reference"	/* what candidates at the same x are divided by */
#define BENCH_ALSO	"also"		/* shown, and compared with nothing */

#define BENCH_US	"us"		/* less is better ... */
#define BENCH_BYTES	"bytes"
#define BENCH_RATE	"/s"		/* ... but here */

/**
 * struct bench - one run of a row
 * @row:	its name
 * @quick:	few samples: a smoke run
 */
struct bench {
	const char *row;
	bool quick;
};

/**
 * struct bench_row - a row of the table
 * @name:	for --only
 * @what:	what it measures, a few words
 * @aim:	what the design asks for; NULL: nothing
 * @x:		what the series' x counts; NULL when there is none
 * @fault:	what the chip is told while the row runs (bastion-chip fault), or NULL
 * @signing:	whether the emulator's bare signing time belongs beside it, as BENCH_REFERENCE
 *		or BENCH_ALSO; NULL: no
 * @alone:	whether it wants a guest of its own, with an ext4 disk and no module loaded
 * @tpm:	whether the chip is to be a TPM, in a guest of its own
 * @run:	takes the samples: 0, or -errno after saying why on standard error
 */
struct bench_row {
	const char *name;
	const char *what;
	const char *aim;
	const char *x;
	const char *fault;
	const char *signing;
	bool alone;
	bool tpm;
	int (*run)(const struct bench *bench);
};

/* The rows of this program, in the order in which they run; ends with a row without a name. */
extern const struct bench_row bench_rows[];

#define BENCH_SAMPLES_MAX 4096

/**
 * struct bench_series - samples of one thing
 * @role:	BENCH_CANDIDATE, ...
 * @label:	what it is, a few words
 * @unit:	BENCH_US, ...
 * @x:		where on the curve; 0 when the row has none
 * @count:	samples
 * @samples:	in @unit
 */
struct bench_series {
	const char *role;
	const char *label;
	const char *unit;
	double x;
	size_t count;
	double samples[BENCH_SAMPLES_MAX];
};

/**
 * struct bench_task - something to be timed again and again
 * @role:	as in struct bench_series
 * @label:	likewise
 * @unit:	BENCH_US, or BENCH_RATE: how many a second
 * @sample:	does it once: nanoseconds, or -errno
 * @arg:	its argument
 */
struct bench_task {
	const char *role;
	const char *label;
	const char *unit;
	int64_t (*sample)(void *arg);
	void *arg;
};

#define BENCH_TASKS_MAX 4

/** bench_now() - nanoseconds, CLOCK_MONOTONIC */
int64_t bench_now(void);

/** bench_cpu_now() - nanoseconds that this thread has run: for what waits for nobody */
int64_t bench_cpu_now(void);

/** bench_runs() - how many samples to take: @full, or a few in a smoke run */
size_t bench_runs(const struct bench *bench, size_t full);

/** bench_pin() - keeps the calling thread on the last CPU, away from most interrupts */
void bench_pin(void);

/** bench_series_new() - an empty series; aborts without memory, freed by bench_emit() */
struct bench_series *bench_series_new(const char *role, const char *label, const char *unit,
				      double x);

/** bench_add() - one more sample; those beyond BENCH_SAMPLES_MAX are dropped */
void bench_add(struct bench_series *series, double sample);

/** bench_emit() - prints a series as a line of JSON, and frees it */
void bench_emit(const struct bench *bench, struct bench_series *series);

/** bench_emit_one() - a series of one sample */
void bench_emit_one(const struct bench *bench, const char *role, const char *label,
		    const char *unit, double x, double sample);

/** bench_fail() - says on standard error what failed; returns @error, which is negative */
int bench_fail(const struct bench *bench, const char *what, int error);

/**
 * bench_measure() - times tasks in turn, so that drift meets all of them
 * @bench:	the run
 * @tasks:	at most BENCH_TASKS_MAX
 * @count:	how many
 * @runs:	samples of each, after a few that are thrown away
 *
 * Return: 0 or the first error, said.
 */
int bench_measure(const struct bench *bench, const struct bench_task *tasks, size_t count,
		  size_t runs);

#endif
