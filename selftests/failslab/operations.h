/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every allocation, and every copy from and to user space, of each operation
 * fails once: the first, then the second, until the operation gets by with as
 * many as it needs. Each time it says so with a clean error, or does without; the
 * gate does not take another state for it; nothing half made is left; and the
 * same works right afterwards. What leaks is found when the module is unloaded.
 *
 * A program has a row for each operation (OPERATION()), and TEST_HARNESS_MAIN.
 *
 * Needs a kernel with fault injection (make check-debug); skipped without.
 */
#ifndef SELFTESTS_FAILSLAB_OPERATIONS_H
#define SELFTESTS_FAILSLAB_OPERATIONS_H

#include "../failslab/nth.h"
#include "chip.h"
#include "gate.h"
#include "sign.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_SESSION_KEYRING

/** struct state - what operations work on, and leave */
struct state {
	struct gate gate;
	struct round_verifier other;
	struct round round;
	struct round_grant grant;
	struct bastion_release release;
	key_serial_t sealed, pair, made, nest;
	uint8_t blob[BASTION_BLOB_MAX], digest[BASTION_DIGEST_SIZE], signature[SIGN_DER_MAX];
	int signature_len;
	char text[16 + 2 * BASTION_BLOB_MAX], buffer[16384];
};

/* Operations: a system call each, and hardly more. 0 or what it made, or -errno. */

static inline long errno_of(long ret)
{
	return ret < 0 ? -errno : ret;
}

static inline long do_add(struct state *s)
{
	struct bastion_verifier_add args = { .size = sizeof(args) };

	memcpy(args.key, s->other.point, sizeof(args.key));
	return round_ioctl(s->gate.fd, BASTION_IOC_VERIFIER_ADD, &args);
}

static inline long do_remove(struct state *s)
{
	return round_verifier_remove(s->gate.fd, &s->other);
}

static inline long do_grant(struct state *s)
{
	return round_submit(&s->round, &s->grant);
}

static inline long do_extend(struct state *s)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 7, .name = "nth", .data = (uintptr_t)"x",
		.data_len = 1,
	};

	return round_ioctl(s->gate.fd, BASTION_IOC_EXTEND, &extend);
}

static inline long do_release(struct state *s)
{
	int ret = round_ioctl(s->gate.fd, BASTION_IOC_RELEASE, &s->release);

	return ret ? ret : s->release.serial;
}

/* Preparations: 0 or -errno */

static inline int attested(struct state *s)
{
	int ret = gate_keep_open(&s->gate);

	return ret == -EAGAIN ? gate_attest(&s->gate) : ret;
}

static inline int without_other(struct state *s)
{
	int ret = do_remove(s);

	return ret == -ENOKEY ? 0 : ret;
}

/* Of the sealed key, without waiting; the gate is open. */
static inline int release_of(struct state *s, struct bastion_release args)
{
	args.size = sizeof(args);
	args.keyring = RING;
	args.flags = BASTION_RELEASE_NOWAIT;
	s->release = args;
	return attested(s);
}

/* A round, and its grant, signed: what is left is to submit it. */
static inline int quoted(struct state *s)
{
	int ret = round_prepare(&s->round, &s->grant, s->gate.fd, &s->gate.verifier, "prod");

	if (ret)
		return ret;
	s->grant.fixed.lifetime = htole32(GATE_LIFETIME);
	round_sign(&s->round, &s->grant, s->gate.verifier.key);
	return 0;
}

FIXTURE(nth)
{
	struct state s;
	int fd;
};

/**
 * @prepare: before each try: 0 or -errno
 * @operate: what is tried
 * @made: type of the key that it makes; @locks: the gate may be locked afterwards
 * @needs: of the chip
 * @ends: the error that it ends with when nothing fails; 0 for none
 * @none: it may be that it needs no allocation and no copy at all
 * @check: with what came of it: 0, or -errno for what is wrong
 */
FIXTURE_VARIANT(nth)
{
	int (*prepare)(struct state *s);
	long (*operate)(struct state *s);
	const char *made;
	bool locks;
	enum chip_can needs;
	int ends;
	bool none;
	int (*check)(struct state *s, long ret);
};

#define OPERATION(name, ...)	FIXTURE_VARIANT_ADD(nth, name) { __VA_ARGS__ }

FIXTURE_SETUP(nth)
{
	struct state *s = &self->s;

	/* Skipped by the test: this harness runs it whatever happens here. */
	self->fd = nth_open();
	if (self->fd < 0)
		return;
	round_verifier_make(&s->other);
	ASSERT_EQ(0, gate_setup(&s->gate));
	s->sealed = gate_new(&s->gate, s->gate.name, "types=logon,user,fscrypt");
	ASSERT_LT(0, s->sealed);
	if (chip_is_tpm())
		return;
	s->pair = sealed_make("ecdsa", &s->gate.verifier, "prod", sealed_name(), "", RING);
	ASSERT_LT(0, s->pair);
}

FIXTURE_TEARDOWN(nth)
{
	if (self->fd < 0)
		return;
	EXPECT_EQ(0, without_other(&self->s));
	EXPECT_EQ(0, gate_teardown(&self->s.gate));
}

/*
 * The key that a failed operation has left all the same, or -ENOKEY. An ioctl's
 * answer is the last thing to be copied: when that fails, all else is done.
 */
static inline long left(struct state *s, const char *type, long error)
{
	bool released = strcmp(type, "bastion") && strcmp(type, "encrypted");
	long key = errno_of(keyctl_search(RING, type, released ? s->gate.description : "nth", 0));

	if (key > 0 && released && error == -EFAULT)
		return errno_of(keyctl_unlink(key, RING)) ?: -ENOKEY;
	return key;
}

TEST_F_TIMEOUT(nth, fails, 900)
{
	unsigned int n, failed = 0;
	struct state *s = &self->s;
	bool hit = true;
	long ret = 0;
	int before;

	if (self->fd < 0)
		SKIP(return, "this kernel injects no faults");
	CHIP_NEEDS(variant->needs);
	for (n = 1; hit && n < NTH_MAX; n++) {
		if (!variant->locks)
			ASSERT_EQ(0, gate_keep_open(&s->gate)) TH_LOG("before allocation %u", n);
		if (variant->prepare)
			ASSERT_EQ(0, variant->prepare(s)) TH_LOG("before allocation %u", n);
		before = round_state(s->gate.fd);
		nth_arm(self->fd, n);
		ret = variant->operate(s);
		hit = nth_came(self->fd);
		failed += ret < 0;
		if (ret < 0)
			EXPECT_TRUE(nth_says_so(ret) || ret == -variant->ends)
				TH_LOG("allocation %u: %s", n, strerror(-ret));
		if (variant->made)
			EXPECT_NE(0, ret) TH_LOG("allocation %u: neither key nor error", n);
		if (ret < 0 && variant->made)
			EXPECT_EQ(-ENOKEY, left(s, variant->made, ret))
				TH_LOG("allocation %u: a key is left", n);
		if (variant->check)
			EXPECT_EQ(0, variant->check(s, ret))
				TH_LOG("allocation %u: %ld", n, ret);
		if (ret > 0)
			keyctl_unlink(ret, RING);
		if (!variant->locks)
			EXPECT_EQ(before, round_state(s->gate.fd))
				TH_LOG("allocation %u changed the gate", n);
		ASSERT_NE(BASTION_STATE_FAILED, round_state(s->gate.fd))
			TH_LOG("allocation %u", n);
	}
	EXPECT_EQ(-variant->ends, ret < 0 ? ret : 0)
		TH_LOG("without a fault: %s", strerror(-ret));
	EXPECT_LT(n, NTH_MAX);
	EXPECT_LT(variant->none ? -1 : 0, (int)failed);
	TH_LOG("%u allocations and copies failed, %u times with an error", n - 2, failed);
}

#endif
