/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer of the running module, for a guest: system calls that are nearly right, from
 * several users, processes and threads at once.
 *
 * What thread T of worker W does in step N of phase P follows from the seed and these
 * numbers alone; what comes of it, from what all the others do.
 */
#ifndef SELFTESTS_FUZZ_H
#define SELFTESTS_FUZZ_H

#include "sealed.h"
#include "random.h"

#define FUZZ_VERIFIERS	3	/* that sign grants */
#define FUZZ_WORKERS	5
#define FUZZ_SEALED	16	/* sealed keys that are remembered, of each worker */
#define FUZZ_RELEASED	65536	/* released keys that are, in one phase */
#define FUZZ_ERRNOS	140
#define FUZZ_ARENAS	4
#define FUZZ_LABEL	"fuzz"

/** struct fuzz_blob - a sealed key that somebody made; may be torn, which is as good */
struct fuzz_blob {
	size_t len;
	uint8_t bytes[BASTION_BLOB_MAX];
};

/**
 * struct fuzz_truth - a key whose secret is known
 * @serial:	of the sealed key, in the user's keyring of root
 * @blob:	of it
 * @secret, @len: what a release as type user must give, if it gives what the chip did
 */
struct fuzz_truth {
	key_serial_t serial;
	struct fuzz_blob blob;
	uint8_t secret[BASTION_SECRET_MAX];
	int len;
};

/**
 * struct fuzz_shared - what all processes see
 * @hostile:	the chip misbehaves: what only a broken chip gives is no surprise
 * @is_tpm:	the chip is a TPM
 * @violations:	broken promises, all phases
 * @steps:	system calls, or rounds, tried
 * @releases:	keys that RELEASE or request_key(2) gave
 * @true_releases: those with a secret that is known, and was right
 * @sealed, @blobs: sealed keys that each worker made; one more takes the place of the oldest
 * @released, @released_count: keys that were given in this phase
 * @calls:	by operation and errno
 */
struct fuzz_shared {
	bool hostile, is_tpm;
	unsigned int violations;
	unsigned long steps, releases, true_releases;
	unsigned int sealed_count[FUZZ_WORKERS], released_count;
	key_serial_t sealed[FUZZ_WORKERS][FUZZ_SEALED];
	struct fuzz_blob blobs[FUZZ_WORKERS][FUZZ_SEALED];
	key_serial_t released[FUZZ_RELEASED];
	struct fuzz_truth truth;
	unsigned long calls[32][FUZZ_ERRNOS];
};

/** struct fuzz_arena - memory that ends where nothing is, twice: to write, and read-only */
struct fuzz_arena {
	uint8_t *writable;
	const uint8_t *readonly;
	size_t size;
};

/**
 * struct fuzz - one thread
 * @random:	of this step
 * @shared:	everybody's
 * @verifiers:	everybody's, too; read-only
 * @privileged:	CAP_SYS_ADMIN in the initial user namespace
 * @phase, @worker, @thread, @step: who this is
 * @trace:	say each step before it is done
 * @fds:	the device to read and write, the device without blocking, not the device, none
 * @what:	the operation, for reports
 */
struct fuzz {
	struct fuzz_random random;
	struct fuzz_shared *shared;
	const struct round_verifier *verifiers;
	bool privileged;
	unsigned int phase, worker, thread;
	unsigned long step;
	uint64_t seed;
	bool trace;
	int fds[4];
	const char *what;
	struct fuzz_arena arenas[FUZZ_ARENAS];
	struct round round;
	struct round_grant grant;
};

/* Where an argument is. */
enum fuzz_where {
	FUZZ_GOOD,	/* its last byte is the last one before nothing */
	FUZZ_READONLY,
	FUZZ_TORN,	/* begins there, and ends in nothing */
	FUZZ_NOWHERE,
};

/* memory.c */
void fuzz_arena_init(struct fuzz_arena *arena);
enum fuzz_where fuzz_somewhere(struct fuzz *f, unsigned int good_percent);
uint64_t fuzz_place(struct fuzz *f, unsigned int arena, const void *data, size_t len,
		    enum fuzz_where where);

/* errnos.c */
enum fuzz_call {
	FUZZ_INFO, FUZZ_ROUND_BEGIN, FUZZ_QUOTE, FUZZ_GRANT, FUZZ_RELOCK, FUZZ_VERIFIER_ADD,
	FUZZ_VERIFIER_REMOVE, FUZZ_VERIFIER_LIST, FUZZ_EXTEND, FUZZ_RELEASE, FUZZ_OTHER_IOCTL,
	FUZZ_ADD_KEY, FUZZ_UPDATE, FUZZ_KEYCTL, FUZZ_SIGN, FUZZ_VERIFY, FUZZ_REQUEST, FUZZ_READ,
	FUZZ_SYSFS, FUZZ_FILE, FUZZ_CALLS
};

void fuzz_violation(struct fuzz *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void fuzz_result(struct fuzz *f, enum fuzz_call call, int error);
void fuzz_print_results(const struct fuzz_shared *shared);

/* ioctls.c */
void fuzz_ioctl(struct fuzz *f);

/* rounds.c */
void fuzz_round(struct fuzz *f);
const struct round_verifier *fuzz_verifier(struct fuzz *f);
int fuzz_attest(int fd, const struct round_verifier *verifiers, uint32_t lifetime);

/* keys.c */
void fuzz_add_key(struct fuzz *f);
void fuzz_update_key(struct fuzz *f);
void fuzz_keyctl(struct fuzz *f);
void fuzz_sign(struct fuzz *f);
void fuzz_request_key(struct fuzz *f);
key_serial_t fuzz_sealed_key(struct fuzz *f);
key_serial_t fuzz_released_key(struct fuzz *f);
key_serial_t fuzz_keyring(struct fuzz *f);
const struct fuzz_blob *fuzz_blob(struct fuzz *f);
void fuzz_note_released(struct fuzz *f, key_serial_t key);

/* files.c */
void fuzz_file(struct fuzz *f);
void fuzz_open_again(struct fuzz *f, unsigned int number);

/* settle.c */
void fuzz_settle(struct fuzz *f);
void fuzz_event(struct fuzz *f, int fd);

#endif
