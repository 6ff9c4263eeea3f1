// SPDX-License-Identifier: GPL-2.0
/*
 * Derived keys: nothing of them is stored, and the same header gives the same key,
 * any other header another one.
 */
#include "gate.h"
#include "kselftest_harness.h"

#define DERIVED	"types=user derive=root-disk"

FIXTURE(derive)
{
	struct gate gate;
	uint8_t secret[BASTION_SECRET_MAX];
};

/* Makes a derived key, takes its bytes, and forgets it: 0 or -errno. */
static int derive(struct gate *gate, const struct round_verifier *verifier, const char *policy,
		  const char *name, const char *options, uint8_t *secret)
{
	key_serial_t key = sealed_new(verifier, policy, name, options, KEY_SPEC_SESSION_KEYRING);
	int len = key < 0 ? key : sealed_bytes(gate->fd, key, secret);

	if (key > 0)
		keyctl_unlink(key, KEY_SPEC_SESSION_KEYRING);
	return len == 32 ? 0 : len;
}

FIXTURE_SETUP(derive)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	ASSERT_EQ(0, derive(&self->gate, &self->gate.verifier, "prod", self->gate.name, DERIVED,
			    self->secret));
}

FIXTURE_TEARDOWN(derive)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* The first test of a guest loads the module, too. */
TEST_F_TIMEOUT(derive, header, 120)
{
	key_serial_t key = gate_new(&self->gate, self->gate.name, DERIVED);
	uint8_t blob[BASTION_BLOB_MAX], salt[BASTION_DIGEST_SIZE], zero[BASTION_SALT_SIZE] = { };
	struct bastion_blob_header header;

	ASSERT_LT(0, key);
	/* A header and a tag. */
	ASSERT_EQ(BASTION_BLOB_DERIVED_SIZE, sealed_blob(key, blob));
	memcpy(&header, blob, sizeof(header));
	EXPECT_EQ(BASTION_KIND_DERIVED, le16toh(header.kind));
	EXPECT_EQ(32, le32toh(header.secret_len));
	EXPECT_EQ(0, header.flags);
	EXPECT_EQ(0, header.min_svn);
	ROUND_HASH(salt, { BASTION_LABEL_TAG, sizeof(BASTION_LABEL_TAG) }, { "root-disk", 9 });
	EXPECT_EQ(0, memcmp(header.salt, salt, BASTION_SALT_SIZE));
	EXPECT_EQ(NULL, memmem(blob, BASTION_BLOB_DERIVED_SIZE, self->secret, 8));
	EXPECT_NE(0, memcmp(self->secret, zero, 32));
}

/* Made again, and so by whoever has lost the blob. */
TEST_F(derive, the_same_again)
{
	uint8_t secret[BASTION_SECRET_MAX];

	ASSERT_EQ(0, derive(&self->gate, &self->gate.verifier, "prod", self->gate.name, DERIVED,
			    secret));
	EXPECT_EQ(0, memcmp(secret, self->secret, 32));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_EQ(0, derive(&self->gate, &self->gate.verifier, "prod", self->gate.name, DERIVED,
			    secret));
	EXPECT_EQ(0, memcmp(secret, self->secret, 32));
}

/* From the blob, too, under another grant. */
TEST_F(derive, the_same_from_the_blob)
{
	key_serial_t key = gate_new(&self->gate, self->gate.name, DERIVED);
	uint8_t blob[BASTION_BLOB_MAX], secret[BASTION_SECRET_MAX];

	ASSERT_EQ(BASTION_BLOB_DERIVED_SIZE, sealed_blob(key, blob));
	ASSERT_EQ(0, keyctl_unlink(key, KEY_SPEC_SESSION_KEYRING));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	key = sealed_load(self->gate.name, blob, BASTION_BLOB_DERIVED_SIZE,
			  KEY_SPEC_SESSION_KEYRING);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EAGAIN, sealed_bytes(self->gate.fd, key, secret));
	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_EQ(32, sealed_bytes(self->gate.fd, key, secret));
	EXPECT_EQ(0, memcmp(secret, self->secret, 32));
}

TEST_F(derive, another_with_every_field)
{
	static const char * const options[] = {
		"types=user derive=root-disk2", "types=user,logon derive=root-disk",
		"types=user derive=root-disk registers=0x20", "types=user derive=root-disk counter=3",
	};
	uint8_t secret[BASTION_SECRET_MAX];
	char bound[160];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		ASSERT_EQ(0, derive(&self->gate, &self->gate.verifier, "prod", self->gate.name,
				    options[i], secret))
			TH_LOG("%s", options[i]);
		EXPECT_NE(0, memcmp(secret, self->secret, 32))
			TH_LOG("%s", options[i]);
	}
	snprintf(bound, sizeof(bound), DERIVED " exe=sha256:%s", sealed_own_digest());
	ASSERT_EQ(0, derive(&self->gate, &self->gate.verifier, "prod", self->gate.name, bound,
			    secret));
	EXPECT_NE(0, memcmp(secret, self->secret, 32));
	ASSERT_EQ(0, derive(&self->gate, &self->gate.verifier, "prod", sealed_name(), DERIVED,
			    secret));
	EXPECT_NE(0, memcmp(secret, self->secret, 32));
}

/* What is longer does not begin with what is shorter. */
TEST_F(derive, another_with_the_length)
{
	uint8_t secret[BASTION_SECRET_MAX];
	key_serial_t key = gate_make(&self->gate, "new 64", self->gate.name, DERIVED);

	ASSERT_LT(0, key);
	ASSERT_EQ(64, sealed_bytes(self->gate.fd, key, secret));
	EXPECT_NE(0, memcmp(secret, self->secret, 32));
}

TEST_F(derive, another_with_the_policy)
{
	uint8_t secret[BASTION_SECRET_MAX];

	EXPECT_EQ(-EKEYREJECTED, derive(&self->gate, &self->gate.verifier, "other",
					self->gate.name, DERIVED, secret));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &self->gate.verifier, "other", 60));
	ASSERT_EQ(0, derive(&self->gate, &self->gate.verifier, "other", self->gate.name, DERIVED,
			    secret));
	EXPECT_NE(0, memcmp(secret, self->secret, 32));
}

TEST_F(derive, another_with_the_verifier)
{
	uint8_t secret[BASTION_SECRET_MAX];
	struct round_verifier other;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(self->gate.fd, &other));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &other, "prod", 60));
	ASSERT_EQ(0, derive(&self->gate, &other, "prod", self->gate.name, DERIVED, secret));
	EXPECT_NE(0, memcmp(secret, self->secret, 32));
	ASSERT_EQ(0, round_verifier_remove(self->gate.fd, &other));
}

/* A file tells nobody's key but nobody's. */
struct nobody {
	struct gate *gate;
	int to;
};

static int derive_as_nobody(void *arg)
{
	struct nobody *nobody = arg;
	uint8_t secret[BASTION_SECRET_MAX];
	int ret;

	if (keyctl_join_session_keyring(NULL) < 0)
		return 255;
	ret = derive(nobody->gate, &nobody->gate->verifier, "prod", nobody->gate->name, DERIVED,
		     secret);
	return ret ? -ret : write(nobody->to, secret, 32) != 32;
}

TEST_F(derive, another_with_the_owner)
{
	struct nobody nobody = { .gate = &self->gate };
	uint8_t secret[32];
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	nobody.to = ends[1];
	ASSERT_EQ(0, sealed_in_child(sealed_be_nobody, derive_as_nobody, &nobody));
	ASSERT_EQ(32, read(ends[0], secret, sizeof(secret)));
	EXPECT_NE(0, memcmp(secret, self->secret, 32));
}

/* A tag shows that it was made under a grant: a header alone gives nothing. */
TEST_F(derive, a_header_is_not_enough)
{
	key_serial_t key = gate_new(&self->gate, self->gate.name, DERIVED);
	uint8_t blob[BASTION_BLOB_MAX];
	int len, at;

	len = sealed_blob(key, blob);
	ASSERT_EQ(BASTION_BLOB_DERIVED_SIZE, len);
	for (at = sizeof(struct bastion_blob_header); at < len; at++) {
		blob[at] ^= 1;
		EXPECT_EQ(-EBADMSG, sealed_release_blob(self->gate.fd, blob, len,
							BASTION_TYPE_USER,
							KEY_SPEC_PROCESS_KEYRING));
		blob[at] ^= 1;
	}
	blob[offsetof(struct bastion_blob_header, salt)] ^= 1;
	EXPECT_EQ(-EBADMSG, sealed_release_blob(self->gate.fd, blob, len, BASTION_TYPE_USER,
						KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(derive, not_without_a_grant)
{
	uint8_t secret[BASTION_SECRET_MAX];
	struct round_grant grant;
	struct round round;

	/* One that lets keys be used does not let any be made. */
	ASSERT_EQ(0, round_prepare(&round, &grant, self->gate.fd, &self->gate.verifier, "prod"));
	grant.entries[0] = grant.entries[1];
	grant.count = 1;
	grant.fixed.entry_count = htole32(1);
	round_sign(&round, &grant, self->gate.verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_EQ(-EKEYREJECTED, derive(&self->gate, &self->gate.verifier, "prod",
					self->gate.name, DERIVED, secret));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	EXPECT_EQ(-EAGAIN, derive(&self->gate, &self->gate.verifier, "prod", self->gate.name,
				  DERIVED, secret));
}

TEST_HARNESS_MAIN
