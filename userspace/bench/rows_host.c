// SPDX-License-Identifier: GPL-2.0
#include "bench/rows.h"

const struct bench_row bench_rows[] = {
	{
		.name = "verify",
		.what = "verifying, a core: a quote's shape, signature and claims",
		.aim = "at least 0.9 x",
		.run = bench_verify,
	}, {
		.name = "appraise",
		.what = "verifying, a core: evidence, with certificates, logs and policy",
		.run = bench_appraise,
	}, {
		.name = "replay",
		.what = "replaying IMA's list, a core",
		.aim = "at least 5 x, and half of the digests alone",
		.run = bench_replay,
	},
	{ .name = NULL }
};
