// SPDX-License-Identifier: GPL-2.0
/*
 * G6: every failure locks, and nothing leaves locked but a new round. What
 * takes a broken chip is in host-test-failed and chip-faults.
 */
#include "gate.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_SESSION_KEYRING
#define LOGON	BASTION_TYPE_LOGON

FIXTURE(failures)
{
	struct gate gate;
	key_serial_t key;
};

/* The gate is locked again when a test begins. */
FIXTURE_SETUP(failures)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->key = gate_new(&self->gate, self->gate.name, "");
	ASSERT_LT(0, self->key);
	ASSERT_EQ(0, round_relock(self->gate.fd));
}

FIXTURE_TEARDOWN(failures)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

#define EXPECT_LOCKED() do {								\
		EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->gate.fd));		\
		EXPECT_EQ(-EAGAIN, sealed_release(self->gate.fd, self->key, LOGON, RING)); \
		EXPECT_EQ(-EAGAIN, gate_new(&self->gate, "never", ""));			\
	} while (0)

TEST_F(failures, locked)
{
	EXPECT_LOCKED();
	EXPECT_GT(0, request_key("logon", self->gate.description, "nowait", RING));
	EXPECT_EQ(EAGAIN, errno);
}

/* A grant that is wrong opens nothing, and takes its round with it. */
TEST_F(failures, a_wrong_grant)
{
	struct round_verifier stranger;
	struct round_grant grant;
	struct round round;

	round_verifier_make(&stranger);
	ASSERT_EQ(0, round_prepare(&round, &grant, self->gate.fd, &self->gate.verifier, "prod"));
	round_sign(&round, &grant, stranger.key);
	EXPECT_EQ(-EKEYREJECTED, round_submit(&round, &grant));
	EXPECT_LOCKED();
	/* The right one comes too late. */
	round_sign(&round, &grant, self->gate.verifier.key);
	EXPECT_EQ(-ESTALE, round_submit(&round, &grant));
	EXPECT_LOCKED();
}

/* Signed by the right key, for this round, and yet not for this machine as it is. */
TEST_F(failures, a_grant_for_another_boot)
{
	struct round_grant grant;
	struct round round;

	ASSERT_EQ(0, round_prepare(&round, &grant, self->gate.fd, &self->gate.verifier, "prod"));
	grant.fixed.boot_count = htole64(le64toh(grant.fixed.boot_count) + 1);
	round_sign(&round, &grant, self->gate.verifier.key);
	EXPECT_EQ(-EKEYREJECTED, round_submit(&round, &grant));
	EXPECT_LOCKED();
}

/* However it was locked: the grant of the last round does not open it again. */
TEST_F(failures, a_grant_opens_once)
{
	struct round_grant grant;
	struct round round;

	ASSERT_EQ(0, round_prepare(&round, &grant, self->gate.fd, &self->gate.verifier, "prod"));
	grant.fixed.lifetime = htole32(1);
	round_sign(&round, &grant, self->gate.verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_EQ(-ESTALE, round_submit(&round, &grant));
	ASSERT_EQ(0, round_wait_state(BASTION_STATE_LOCKED, 20000));
	EXPECT_LOCKED();
	EXPECT_EQ(-ESTALE, round_submit(&round, &grant));
	/* Nor in a round of its own, which has other nonces. */
	ASSERT_EQ(0, round_begin(&round, self->gate.fd, &self->gate.verifier));
	ASSERT_EQ(0, round_quote(&round));
	EXPECT_EQ(-EKEYREJECTED, round_submit(&round, &grant));
	EXPECT_LOCKED();
}

/* A round that was begun before the gate was locked is no new round. */
TEST_F(failures, a_relock_in_the_middle)
{
	struct round_grant grant;
	struct round round;

	ASSERT_EQ(0, round_prepare(&round, &grant, self->gate.fd, &self->gate.verifier, "prod"));
	round_sign(&round, &grant, self->gate.verifier.key);
	ASSERT_EQ(0, round_relock(self->gate.fd));
	EXPECT_EQ(-ESTALE, round_submit(&round, &grant));
	EXPECT_LOCKED();
}

/* Nor is one in which a register changed that the grant names. */
TEST_F(failures, an_extend_in_the_middle)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 7, .name = "g6", .data = (uintptr_t)"x",
		.data_len = 1,
	};
	struct round_grant grant;
	struct round round;

	ASSERT_EQ(0, round_prepare(&round, &grant, self->gate.fd, &self->gate.verifier, "prod"));
	round_mask(&round, &grant, 0x87);
	round_sign(&round, &grant, self->gate.verifier.key);
	ASSERT_EQ(0, round_ioctl(self->gate.fd, BASTION_IOC_EXTEND, &extend));
	EXPECT_NE(0, round_submit(&round, &grant));
	EXPECT_LOCKED();
}

/* A failed renewal leaves what there was, not more. */
TEST_F(failures, a_failed_renewal)
{
	struct round_verifier stranger;
	struct round_grant grant;
	struct round round;

	ASSERT_EQ(0, gate_attest(&self->gate));
	round_verifier_make(&stranger);
	ASSERT_EQ(0, round_prepare(&round, &grant, self->gate.fd, &self->gate.verifier, "other"));
	round_sign(&round, &grant, stranger.key);
	EXPECT_EQ(-EKEYREJECTED, round_submit(&round, &grant));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->gate.fd));
	EXPECT_EQ(-EKEYREJECTED, sealed_new(&self->gate.verifier, "other", "never", "", RING));
}

TEST_HARNESS_MAIN
