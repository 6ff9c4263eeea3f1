// SPDX-License-Identifier: GPL-2.0
/*
 * What a sealed key's header forbids, the kernel refuses by itself and at once:
 * while the gate is locked, when there is no chip to do it, and before anybody
 * waits for a grant.
 */
#include "sealed.h"
#include "kselftest_harness.h"

FIXTURE(header)
{
	int fd;
	struct round_verifier verifier;
};

FIXTURE_SETUP(header)
{
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
}

FIXTURE_TEARDOWN(header)
{
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	close(self->fd);
}

static key_serial_t make(FIXTURE_DATA(header) *self, const char *options)
{
	return sealed_new(&self->verifier, "prod", sealed_name(), options,
			  KEY_SPEC_PROCESS_KEYRING);
}

TEST_F(header, types)
{
	key_serial_t logon = make(self, "types=logon"), user = make(self, "types=user");
	key_serial_t plain = make(self, "");

	ASSERT_LT(0, logon);
	ASSERT_LT(0, user);
	ASSERT_LT(0, plain);
	ASSERT_EQ(0, round_relock(self->fd));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, logon, BASTION_TYPE_USER,
						KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, user, BASTION_TYPE_LOGON,
						KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, plain, BASTION_TYPE_USER,
						KEY_SPEC_PROCESS_KEYRING));
	/* What it allows would have to wait. */
	EXPECT_EQ(-EAGAIN, sealed_release(self->fd, plain, BASTION_TYPE_LOGON,
					  KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(header, owner)
{
	key_serial_t key = make(self, "owner=65534");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, round_relock(self->fd));
	EXPECT_EQ(-EACCES, sealed_release(self->fd, key, BASTION_TYPE_LOGON,
					  KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(header, chip)
{
	key_serial_t key = make(self, "");
	struct bastion_blob_header *header;
	uint8_t blob[BASTION_BLOB_MAX];
	int len;

	ASSERT_LT(0, key);
	len = sealed_blob(key, blob);
	ASSERT_LT(0, len);
	ASSERT_EQ(0, round_relock(self->fd));
	EXPECT_EQ(-EAGAIN, sealed_release_blob(self->fd, blob, len, BASTION_TYPE_LOGON,
					       KEY_SPEC_PROCESS_KEYRING));
	header = (void *)blob;
	header->chip_id[0] ^= 1;
	EXPECT_EQ(-EBADMSG, sealed_release_blob(self->fd, blob, len, BASTION_TYPE_LOGON,
						KEY_SPEC_PROCESS_KEYRING));
}

/* To see and read a key is not enough; with an open gate, as this is not the header's affair. */
TEST_F(header, search)
{
	key_serial_t key = make(self, "");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, keyctl_setperm(key, (KEY_POS_ALL & ~KEY_POS_SEARCH) |
				    (KEY_USR_ALL & ~KEY_USR_SEARCH)));
	EXPECT_EQ(-EACCES, sealed_release(self->fd, key, BASTION_TYPE_LOGON,
					  KEY_SPEC_PROCESS_KEYRING));
	ASSERT_EQ(0, keyctl_setperm(key, KEY_POS_ALL | KEY_USR_ALL));
	EXPECT_LT(0, sealed_release(self->fd, key, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING));
}

TEST_HARNESS_MAIN
