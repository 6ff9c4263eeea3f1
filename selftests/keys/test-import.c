// SPDX-License-Identifier: GPL-2.0
/*
 * Importing: the secret of a user key that the caller may read is sealed as it is,
 * and says for ever that it came from outside.
 */
#include "gate.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_SESSION_KEYRING

FIXTURE(import)
{
	struct gate gate;
	uint8_t secret[BASTION_SECRET_MAX + 1];
	key_serial_t user;
};

FIXTURE_SETUP(import)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	ROUND_MUST(RAND_bytes(self->secret, sizeof(self->secret)));
	self->user = add_key("user", sealed_name(), self->secret, 48, RING);
	ASSERT_LT(0, self->user);
}

FIXTURE_TEARDOWN(import)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

static key_serial_t import(struct gate *gate, key_serial_t key, const char *name,
			   const char *options)
{
	char verb[32];

	snprintf(verb, sizeof(verb), "import %d", key);
	return gate_make(gate, verb, name, options);
}

TEST_F(import, the_same_bytes)
{
	key_serial_t key = import(&self->gate, self->user, self->gate.name, "types=user,logon");
	uint8_t secret[BASTION_SECRET_MAX], blob[BASTION_BLOB_MAX];
	struct bastion_blob_header header;

	ASSERT_LT(0, key);
	ASSERT_EQ(0, sealed_header(key, &header));
	EXPECT_EQ(BASTION_KIND_SECRET, le16toh(header.kind));
	EXPECT_EQ(BASTION_BLOB_IMPORTED, le32toh(header.flags));
	EXPECT_EQ(48, le32toh(header.secret_len));
	ASSERT_EQ(48, sealed_bytes(self->gate.fd, key, secret));
	EXPECT_EQ(0, memcmp(secret, self->secret, 48));
	ASSERT_EQ(BASTION_BLOB_SECRET_SIZE(48), sealed_blob(key, blob));
	EXPECT_EQ(NULL, memmem(blob, sizeof(blob), self->secret, 8));
	EXPECT_LT(0, sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON, RING));
}

/* Whoever made a secret in the chip can show that. */
TEST_F(import, the_flag_is_sealed)
{
	key_serial_t key = import(&self->gate, self->user, self->gate.name, "types=user");
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(key, blob);

	ASSERT_LT(0, len);
	blob[offsetof(struct bastion_blob_header, flags)] ^= BASTION_BLOB_IMPORTED;
	EXPECT_EQ(-EBADMSG, sealed_release_blob(self->gate.fd, blob, len, BASTION_TYPE_USER,
						KEY_SPEC_PROCESS_KEYRING));
	key = gate_new(&self->gate, sealed_name(), "types=user");
	len = sealed_blob(key, blob);
	ASSERT_LT(0, len);
	blob[offsetof(struct bastion_blob_header, flags)] ^= BASTION_BLOB_IMPORTED;
	EXPECT_EQ(-EBADMSG, sealed_release_blob(self->gate.fd, blob, len, BASTION_TYPE_USER,
						KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(import, lengths)
{
	static const struct {
		int len, ret;
	} rows[] = {
		{ 1, -EINVAL }, { 31, -EINVAL }, { 32, 0 }, { 64, 0 }, { 1024, 0 },
		{ 1025, -EINVAL },
	};
	key_serial_t user, key;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		user = add_key("user", sealed_name(), self->secret, rows[i].len, RING);
		ASSERT_LT(0, user);
		key = import(&self->gate, user, sealed_name(), "");
		EXPECT_EQ(rows[i].ret, key < 0 ? key : 0)
			TH_LOG("%d bytes", rows[i].len);
	}
}

struct thief {
	struct gate *gate;
	key_serial_t key;
};

static int import_in_child(void *arg)
{
	struct thief *thief = arg;
	char verb[32];
	int ret;

	snprintf(verb, sizeof(verb), "import %d", thief->key);
	ret = sealed_make(verb, &thief->gate->verifier, "prod", "stolen", "",
			  KEY_SPEC_PROCESS_KEYRING);
	return ret < 0 ? -ret : 0;
}

/* The kernel asks the key's permissions, with the caller's rights. */
TEST_F(import, only_what_the_caller_may_read)
{
	struct thief thief = { &self->gate, self->user };

	EXPECT_EQ(0, sealed_in_child(NULL, import_in_child, &thief));
	/* It has the session keyring, as a child, so take what possession gives. */
	ASSERT_EQ(0, keyctl_setperm(self->user, KEY_POS_ALL & ~KEY_POS_READ));
	EXPECT_EQ(EACCES, sealed_in_child(sealed_be_nobody, import_in_child, &thief));
	EXPECT_EQ(-EACCES, import(&self->gate, self->user, self->gate.name, ""));
	ASSERT_EQ(0, keyctl_setperm(self->user, KEY_POS_ALL | KEY_OTH_READ));
	EXPECT_EQ(0, sealed_in_child(sealed_be_nobody, import_in_child, &thief));
	EXPECT_LT(0, import(&self->gate, self->user, self->gate.name, ""));
}

/* A secret that a grant let out must not outlive it sealed to something looser. */
TEST_F(import, not_what_was_released)
{
	key_serial_t sealed = gate_new(&self->gate, self->gate.name, "types=user,logon"), key;

	ASSERT_LT(0, sealed);
	key = sealed_release(self->gate.fd, sealed, BASTION_TYPE_USER, RING);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, import(&self->gate, key, sealed_name(), ""));
	/* Nor what only looks like it. */
	key = add_key("user", "bastion:mine", self->secret, 48, RING);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, import(&self->gate, key, sealed_name(), ""));
}

TEST_F(import, only_from_user_keys)
{
	key_serial_t key = add_key("logon", "test:logon", self->secret, 48, RING);

	ASSERT_LT(0, key);
	/* A logon key is nobody's to read. */
	EXPECT_EQ(-EACCES, import(&self->gate, key, sealed_name(), ""));
	key = add_key("keyring", sealed_name(), NULL, 0, RING);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, import(&self->gate, key, sealed_name(), ""));
	key = gate_new(&self->gate, sealed_name(), "");
	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, import(&self->gate, key, sealed_name(), ""));
}

TEST_F(import, dead_keys)
{
	EXPECT_EQ(-ENOKEY, import(&self->gate, 0x7ffffff0, self->gate.name, ""));
	ASSERT_EQ(0, keyctl_revoke(self->user));
	EXPECT_EQ(-EKEYREVOKED, import(&self->gate, self->user, self->gate.name, ""));
}

TEST_F(import, not_without_a_grant)
{
	ASSERT_EQ(0, round_relock(self->gate.fd));
	EXPECT_EQ(-EAGAIN, import(&self->gate, self->user, self->gate.name, ""));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &self->gate.verifier, "other", 60));
	EXPECT_EQ(-EKEYREJECTED, import(&self->gate, self->user, self->gate.name, ""));
}

TEST_HARNESS_MAIN
