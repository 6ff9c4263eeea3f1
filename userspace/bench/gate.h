/* SPDX-License-Identifier: GPL-2.0 */
/* A gate that stays open, and a sealed key, for rows that run in a guest. */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include "../selftests/lib/sealed.h"

#include "bench/bench.h"

#define BENCH_POLICY	"bench"

/**
 * struct bench_gate - what a row works with
 * @fd:		/dev/bastion0
 * @verifier:	our own, registered
 * @name:	the sealed key's
 * @key:	the sealed key, in the session keyring; 0 until one is made
 */
struct bench_gate {
	int fd;
	struct round_verifier verifier;
	char name[48];
	key_serial_t key;
};

/**
 * bench_gate_open() - a verifier, a grant for an hour, a session keyring
 * @bench:	the run
 * @gate:	to be given to bench_gate_close() whatever this returns
 *
 * Loads the module when it has to. Return: 0 or -errno, said.
 */
int bench_gate_open(const struct bench *bench, struct bench_gate *gate);

/** bench_gate_attest() - a whole round; 0 or -errno, said */
int bench_gate_attest(const struct bench *bench, struct bench_gate *gate);

/** bench_gate_key() - makes @gate->key, a secret, in the chip; 0 or -errno, said */
int bench_gate_key(const struct bench *bench, struct bench_gate *gate);

/** bench_gate_key_pair() - the same for a key pair */
int bench_gate_key_pair(const struct bench *bench, struct bench_gate *gate);

/** bench_gate_release() - releases @gate->key as logon key: how long that took, ns, or -errno */
int64_t bench_gate_release(void *gate);

/** bench_gate_close() - removes the verifier, which locks */
void bench_gate_close(struct bench_gate *gate);

/**
 * bench_register_open() - the attribute whose every read is one MR_READ
 * @bench:	the run
 *
 * Loads the module when it has to. Return: a file descriptor, or -errno, said.
 */
int bench_register_open(const struct bench *bench);

/** bench_boot_count_open() - likewise, one that needs no command */
int bench_boot_count_open(const struct bench *bench);

/** bench_attribute_read() - reads one of them: 0 or -errno */
int bench_attribute_read(int fd);

#endif
