// SPDX-License-Identifier: GPL-2.0
#include "bench/rows.h"

/* In the order in which they run: the first one needs a kernel without the module. */
const struct bench_row bench_rows[] = {
	{
		.name = "first-key",
		.what = "module load to first key",
		.run = bench_first_key,
	}, {
		.name = "mailbox",
		.what = "one short command, there and back",
		.aim = "at most 1.2 x",
		.run = bench_mailbox,
	}, {
		.name = "callers",
		.what = "releases a second, by how many ask at once",
		.x = "callers",
		.run = bench_callers,
	}, {
		.name = "callers-slow-chip",
		.what = "the same with a chip that takes a millisecond",
		.aim = "at least 4 x with 8 callers",
		.x = "callers",
		.fault = "late,arg=1",
		.run = bench_callers,
	}, {
		.name = "quote",
		.what = "ioctl to signed quote",
		.aim = "at most 1.5 x, under 500 us",
		.signing = BENCH_REFERENCE,
		.run = bench_quote,
	}, {
		.name = "release",
		.what = "release through the ioctl, open gate",
		.run = bench_release,
	}, {
		.name = "release-large",
		.what = "the same by a large program",
		.run = bench_release_large,
	}, {
		.name = "request-key",
		.what = "release through request_key(2), open gate",
		.aim = "at most 1.2 x",
		.run = bench_request_key,
	}, {
		.name = "sign",
		.what = "signing with a key pair in the chip, open gate",
		.signing = BENCH_ALSO,
		.run = bench_sign,
	}, {
		.name = "waiters",
		.what = "waking everybody who waits for a grant",
		.aim = "linear",
		.x = "waiters",
		.run = bench_waiters,
	}, {
		.name = "memory",
		.what = "kernel memory",
		.run = bench_memory,
	}, {
		.name = "exec",
		.what = "an exec of a program that was measured before",
		.aim = "at most 1.05 x",
		.alone = true,
		.run = bench_exec,
	}, {
		.name = "exec-cold",
		.what = "an exec of a program that is measured",
		.alone = true,
		.run = bench_exec_cold,
	}, {
		.name = "tpm",
		.what = "release from a TPM, open gate",
		.tpm = true,
		.run = bench_tpm,
	},
	{ .name = NULL }
};
