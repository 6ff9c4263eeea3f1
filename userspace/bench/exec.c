// SPDX-License-Identifier: GPL-2.0
/*
 * What measuring every executable costs an exec: nobody measures, then the module, then
 * IMA. One after the other, since neither of the two can be turned off and on. The program
 * is on ext4, which counts changes of a file: elsewhere IMA measures each time anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/rows.h"

/* scripts/bench puts it there. */
#define PROGRAM		"/run/bench-disk/true"
#define RUNS		1000
#define RUNS_COLD	200

#define IMA_RULES	"measure func=BPRM_CHECK mask=MAY_EXEC\n" \
			"measure func=MMAP_CHECK mask=MAY_EXEC\n"

/**
 * struct phase - who measures
 * @role:	BENCH_CANDIDATE, ...
 * @label:	a few words
 * @begin:	a command that makes it so; NULL: nothing to do
 */
struct phase {
	const char *role;
	const char *label;
	const char *begin;
};

static const struct phase phases[] = {
	{ BENCH_REFERENCE, "nobody measures", NULL },
	{ BENCH_CANDIDATE, "measure=exec", "modprobe bastion measure=exec" },
	{ BENCH_ALSO, "IMA", "rmmod bastion && printf '" IMA_RULES "' >/sys/kernel/security/ima/policy" },
};

static int64_t run_program(void *arg)
{
	char *argv[] = { PROGRAM, NULL };
	int64_t begin = bench_now();
	int ret, status;
	pid_t pid;

	(void)arg;
	ret = -posix_spawn(&pid, argv[0], NULL, NULL, argv, argv + 1);
	if (ret)
		return ret;
	if (waitpid(pid, &status, 0) != pid || status)
		return -ECHILD;
	return bench_now() - begin;
}

/* One byte more, behind all that is loaded: another file to whoever measures. */
static int change_program(void)
{
	int fd = open(PROGRAM, O_WRONLY | O_APPEND | O_CLOEXEC);
	int ret = fd < 0 || write(fd, "x", 1) != 1 ? -errno : 0;

	return fd >= 0 && close(fd) ? -errno : ret;
}

static int64_t run_changed_program(void *arg)
{
	int ret = change_program();

	return ret ?: run_program(arg);
}

static int measure(const struct bench *bench, int64_t (*sample)(void *arg), size_t runs)
{
	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++) {
		const struct phase *phase = &phases[i];
		const struct bench_task task = {
			phase->role, phase->label, BENCH_US, sample, NULL
		};
		int ret;

		if (phase->begin && system(phase->begin))
			return bench_fail(bench, phase->begin, -EIO);
		ret = bench_measure(bench, &task, 1, bench_runs(bench, runs));
		if (ret)
			return ret;
	}
	return 0;
}

int bench_exec(const struct bench *bench)
{
	return measure(bench, run_program, RUNS);
}

int bench_exec_cold(const struct bench *bench)
{
	return measure(bench, run_changed_program, RUNS_COLD);
}
