// SPDX-License-Identifier: GPL-2.0
/*
 * G2, moves of keys: an entry REBIND allows what it names, all three of it, and nothing
 * else does.
 */
#include "chip.h"
#include "gate.h"
#include "kselftest_harness.h"

FIXTURE(moves)
{
	struct gate gate;
	struct round_verifier other;
	struct round round;
	struct round_grant grant;
	key_serial_t key;
};

/* A grant is in the making, with what makes and releases keys. */
FIXTURE_SETUP(moves)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	round_verifier_make(&self->other);
	self->key = gate_new(&self->gate, self->gate.name, "");
	ASSERT_LT(0, self->key);
	ASSERT_EQ(0, round_prepare(&self->round, &self->grant, self->gate.fd,
				   &self->gate.verifier, "prod"));
}

FIXTURE_TEARDOWN(moves)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

static struct bastion_grant_entry *allow(FIXTURE_DATA(moves) *self, const char *policy,
					 const struct round_verifier *dest,
					 const char *dest_policy)
{
	return round_allow_rebind(&self->round, &self->grant, policy, dest, dest_policy);
}

static int submit(FIXTURE_DATA(moves) *self)
{
	round_sign(&self->round, &self->grant, self->gate.verifier.key);
	return round_submit(&self->round, &self->grant);
}

TEST_F(moves, as_named)
{
	CHIP_NEEDS(CHIP_REBIND);
	allow(self, "prod", &self->other, "next");
	ASSERT_EQ(0, submit(self));
	EXPECT_EQ(0, sealed_rebind(self->key, &self->other, "next", ""));
}

TEST_F(moves, not_by_other_kinds)
{
	ASSERT_EQ(0, submit(self));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "next", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->gate.verifier, "prod", ""));
}

/* Nor does it do what other kinds do. */
TEST_F(moves, an_entry_does_nothing_else)
{
	CHIP_NEEDS(CHIP_REBIND);
	self->grant.count = 0;
	allow(self, "prod", &self->other, "next");
	ASSERT_EQ(0, submit(self));
	EXPECT_EQ(-EKEYREJECTED, gate_new(&self->gate, "never", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, self->key, BASTION_TYPE_LOGON,
						KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(0, sealed_rebind(self->key, &self->other, "next", ""));
}

TEST_F(moves, of_another_policy)
{
	allow(self, "other", &self->other, "next");
	ASSERT_EQ(0, submit(self));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "next", ""));
}

TEST_F(moves, to_another_policy)
{
	allow(self, "prod", &self->other, "next");
	ASSERT_EQ(0, submit(self));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "prod", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "nex", ""));
}

TEST_F(moves, to_another_verifier)
{
	allow(self, "prod", &self->other, "next");
	ASSERT_EQ(0, submit(self));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->gate.verifier, "next", ""));
}

/* Two entries are no third one. */
TEST_F(moves, half_of_each)
{
	CHIP_NEEDS(CHIP_REBIND);
	allow(self, "prod", &self->other, "one");
	allow(self, "prod", &self->gate.verifier, "two");
	allow(self, "other", &self->gate.verifier, "one");
	ASSERT_EQ(0, submit(self));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "two", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->gate.verifier, "one", ""));
	EXPECT_EQ(0, sealed_rebind(self->key, &self->gate.verifier, "two", ""));
}

/* The grant of another verifier's says nothing of this one's keys. */
TEST_F(moves, by_another_verifier)
{
	ASSERT_EQ(0, round_verifier_add(self->gate.fd, &self->other));
	ASSERT_EQ(0, round_prepare(&self->round, &self->grant, self->gate.fd, &self->other,
				   "prod"));
	allow(self, "prod", &self->other, "prod");
	round_sign(&self->round, &self->grant, self->other.key);
	ASSERT_EQ(0, round_submit(&self->round, &self->grant));
	EXPECT_EQ(-EAGAIN, sealed_rebind(self->key, &self->other, "prod", ""));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "prod", ""));
	ASSERT_EQ(0, round_verifier_remove(self->gate.fd, &self->other));
}

/* Once it is moved, the entry does not move it again, nor back. */
TEST_F(moves, once)
{
	CHIP_NEEDS(CHIP_REBIND);
	allow(self, "prod", &self->gate.verifier, "next");
	ASSERT_EQ(0, submit(self));
	ASSERT_EQ(0, sealed_rebind(self->key, &self->gate.verifier, "next", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->gate.verifier, "next", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->gate.verifier, "prod", ""));
}

TEST_F(moves, malformed)
{
	struct bastion_grant_entry *entry = allow(self, "prod", &self->other, "next"), good = *entry;

	/* To nowhere, or to half of somewhere. */
	memset(entry->dest_verifier, 0, sizeof(entry->dest_verifier));
	EXPECT_EQ(-EBADMSG, submit(self));
	ASSERT_EQ(0, round_prepare(&self->round, &self->grant, self->gate.fd,
				   &self->gate.verifier, "prod"));
	entry = allow(self, "prod", &self->other, "next");
	memset(entry->dest_policy, 0, sizeof(entry->dest_policy));
	EXPECT_EQ(-EBADMSG, submit(self));
	/* Whichever executable asks: none may be named. */
	ASSERT_EQ(0, round_prepare(&self->round, &self->grant, self->gate.fd,
				   &self->gate.verifier, "prod"));
	entry = allow(self, "prod", &self->other, "next");
	entry->flags = htole32(BASTION_GRANT_EXECUTABLE);
	memset(entry->executable, 0x11, sizeof(entry->executable));
	EXPECT_EQ(-EBADMSG, submit(self));
	/* Other kinds go nowhere. */
	ASSERT_EQ(0, round_prepare(&self->round, &self->grant, self->gate.fd,
				   &self->gate.verifier, "prod"));
	memcpy(self->grant.entries[1].dest_verifier, good.dest_verifier, BASTION_DIGEST_SIZE);
	EXPECT_EQ(-EBADMSG, submit(self));
	/* One that is good, twice. */
	ASSERT_EQ(0, round_prepare(&self->round, &self->grant, self->gate.fd,
				   &self->gate.verifier, "prod"));
	allow(self, "prod", &self->other, "next");
	allow(self, "prod", &self->other, "next");
	EXPECT_EQ(-EBADMSG, submit(self));
}

TEST_HARNESS_MAIN
