// SPDX-License-Identifier: GPL-2.0
/*
 * RELEASE where the chip is a TPM, against programs that have the same TPM unseal as many
 * bytes. Those are started for it, as they would be at boot.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench/gate.h"
#include "bench/rows.h"

#define RUNS		20
#define FOLDER		"/run/bench/"	/* scripts/bench-tpm has been there */
#define COMMANDS	"/sys/class/bastion/bastion0/statistics/commands"

static int64_t time_program(void *arg)
{
	char *argv[] = { arg, NULL };
	int64_t begin = bench_now();
	int ret, status;
	pid_t pid;

	ret = -posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	if (ret)
		return ret;
	if (waitpid(pid, &status, 0) != pid || status)
		return -ECHILD;
	return bench_now() - begin;
}

static long commands(void)
{
	FILE *file = fopen(COMMANDS, "r");
	long count = -1;

	if (file) {
		if (fscanf(file, "%ld", &count) != 1)
			count = -1;
		fclose(file);
	}
	return count;
}

static int count_commands(const struct bench *bench, struct bench_gate *gate)
{
	long before = commands();
	int64_t ret = bench_gate_release(gate);
	long after = commands();

	if (ret < 0 || before < 0 || after < before)
		return bench_fail(bench, "counting commands", ret < 0 ? ret : -EIO);
	bench_emit_one(bench, BENCH_ALSO, "commands to the TPM, a release", "commands", 0,
		       after - before);
	return 0;
}

int bench_tpm(const struct bench *bench)
{
	struct bench_gate gate;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "RELEASE", BENCH_US, bench_gate_release, &gate },
		{ BENCH_REFERENCE, "tpm2-tools: PolicySigned, Unseal", BENCH_US, time_program,
		  FOLDER "tpm2-tools" },
		{ BENCH_ALSO, "systemd-creds decrypt", BENCH_US, time_program,
		  FOLDER "systemd-creds" },
		{ BENCH_ALSO, "clevis decrypt", BENCH_US, time_program, FOLDER "clevis" },
	};
	int ret = bench_gate_open(bench, &gate);

	if (!ret)
		ret = bench_gate_key(bench, &gate);
	if (!ret)
		ret = count_commands(bench, &gate);
	/* A TPM's grant ends after 300 seconds, and the others are slow. */
	if (!ret)
		ret = bench_gate_attest(bench, &gate);
	if (!ret)
		ret = bench_measure(bench, tasks, sizeof(tasks) / sizeof(*tasks),
				    bench_runs(bench, RUNS));
	bench_gate_close(&gate);
	return ret;
}
