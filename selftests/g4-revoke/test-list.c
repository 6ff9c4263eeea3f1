// SPDX-License-Identifier: GPL-2.0
/*
 * G4: a change of the list of verifiers ends every grant, also one that names no
 * register which the change would be measured into.
 */
#include "sealed.h"
#include "kselftest_harness.h"

FIXTURE(list)
{
	int fd;
	struct round_verifier verifier, other;
	key_serial_t released;
};

FIXTURE_SETUP(list)
{
	struct round_grant grant;
	struct round round;
	key_serial_t key;

	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	round_verifier_make(&self->verifier);
	round_verifier_make(&self->other);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	round_mask(&round, &grant, 1);
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	key = sealed_new(&self->verifier, "prod", sealed_name(), "", KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, key);
	self->released = sealed_release(self->fd, key, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, self->released);
	ASSERT_EQ(0, sealed_dead(self->released));
}

FIXTURE_TEARDOWN(list)
{
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->fd));
	EXPECT_NE(0, sealed_dead(self->released));
	close(self->fd);
}

TEST_F(list, another_comes)
{
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->other));
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->fd));
	EXPECT_NE(0, sealed_dead(self->released));
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->other));
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
}

TEST_F(list, its_own_goes)
{
	ASSERT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->fd));
	EXPECT_NE(0, sealed_dead(self->released));
}

TEST_HARNESS_MAIN
