/* SPDX-License-Identifier: GPL-2.0 */
/* The rows' functions, as struct bench_row has them. A file each, named after them. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "bench/bench.h"

int bench_first_key(const struct bench *bench);
int bench_mailbox(const struct bench *bench);
int bench_callers(const struct bench *bench);
int bench_quote(const struct bench *bench);
int bench_release(const struct bench *bench);
int bench_release_large(const struct bench *bench);
int bench_request_key(const struct bench *bench);
int bench_sign(const struct bench *bench);
int bench_waiters(const struct bench *bench);
int bench_memory(const struct bench *bench);
int bench_exec(const struct bench *bench);
int bench_exec_cold(const struct bench *bench);
int bench_tpm(const struct bench *bench);

int bench_verify(const struct bench *bench);
int bench_appraise(const struct bench *bench);
int bench_replay(const struct bench *bench);

#endif
