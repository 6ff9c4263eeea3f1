// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

#define QUICK_SHARE 25

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t bench_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t bench_cpu_now(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

size_t bench_runs(const struct bench *bench, size_t full)
{
	if (!bench->quick)
		return full;
	return full / QUICK_SHARE > 2 ? full / QUICK_SHARE : 2;
}

void bench_pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

struct bench_series *bench_series_new(const char *role, const char *label, const char *unit,
				      double x)
{
	struct bench_series *series = calloc(1, sizeof(*series));

	if (!series)
		err(1, "bastion-bench");
	series->role = role;
	series->label = label;
	series->unit = unit;
	series->x = x;
	return series;
}

void bench_add(struct bench_series *series, double sample)
{
	if (series->count < BENCH_SAMPLES_MAX)
		series->samples[series->count++] = sample;
}

void bench_emit(const struct bench *bench, struct bench_series *series)
{
	printf("{\"row\": \"%s\", \"role\": \"%s\", \"label\": \"%s\", \"unit\": \"%s\", \"x\": %g, "
	       "\"samples\": [", bench->row, series->role, series->label, series->unit, series->x);
	for (size_t i = 0; i < series->count; i++)
		printf("%s%.10g", i ? ", " : "", series->samples[i]);
	printf("]}\n");
	fflush(stdout);
	free(series);
}

void bench_emit_one(const struct bench *bench, const char *role, const char *label,
		    const char *unit, double x, double sample)
{
	struct bench_series *series = bench_series_new(role, label, unit, x);

	bench_add(series, sample);
	bench_emit(bench, series);
}

int bench_fail(const struct bench *bench, const char *what, int error)
{
	fprintf(stderr, "bastion-bench: %s: %s: %s\n", bench->row, what, strerror(-error));
	return error;
}

int bench_measure(const struct bench *bench, const struct bench_task *tasks, size_t count,
		  size_t runs)
{
	struct bench_series *series[BENCH_TASKS_MAX];
	size_t warm_up = runs / 10 + 1;
	int error = 0;

	for (size_t i = 0; i < count; i++)
		series[i] = bench_series_new(tasks[i].role, tasks[i].label, tasks[i].unit, 0);
	for (size_t run = 0; run < warm_up + runs && !error; run++) {
		for (size_t i = 0; i < count && !error; i++) {
			int64_t ns = tasks[i].sample(tasks[i].arg);

			if (ns < 0)
				error = bench_fail(bench, tasks[i].label, ns);
			else if (run >= warm_up)
				bench_add(series[i],
					  strcmp(tasks[i].unit, BENCH_RATE) ? ns / 1e3 : 1e9 / ns);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (error)
			free(series[i]);
		else
			bench_emit(bench, series[i]);
	}
	return error;
}
