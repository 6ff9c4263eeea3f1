// SPDX-License-Identifier: GPL-2.0
/*
 * What a kind of chip cannot do is refused by name, EOPNOTSUPP, under a grant that allows it; and
 * what it says of itself is of that kind.
 */
#include "chip.h"
#include "gate.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_PROCESS_KEYRING

FIXTURE(chip)
{
	struct gate gate;
};

FIXTURE_SETUP(chip)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
}

FIXTURE_TEARDOWN(chip)
{
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->gate.fd));
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* What add_key(2) gives, as an error or none */
static const struct {
	const char *verb, *options;
	int native, tpm;
} makings[] = {
	{ "new 32", "", 0, 0 },
	{ "new 512", "types=user", 0, 0 },
	{ "new 513", "types=user", 0, -EOPNOTSUPP },
	{ "new 1024", "types=user", 0, -EOPNOTSUPP },
	{ "new 32", "registers=0x2", 0, 0 },
	{ "new 32", "counter=1", 0, -EOPNOTSUPP },
	{ "new 32", "derive=label", 0, -EOPNOTSUPP },
	{ "ecdsa", "", 0, -EOPNOTSUPP },
	{ "ecdsa", "counter=1", 0, -EOPNOTSUPP },
};

TEST_F(chip, makes)
{
	for (size_t i = 0; i < sizeof(makings) / sizeof(makings[0]); i++) {
		key_serial_t key = gate_make(&self->gate, makings[i].verb, sealed_name(),
					     makings[i].options);

		EXPECT_EQ(BY_CHIP(makings[i].native, makings[i].tpm), key > 0 ? 0 : key)
			TH_LOG("%s %s", makings[i].verb, makings[i].options);
	}
}

TEST_F(chip, imports)
{
	static const struct {
		size_t len;
		int native, tpm;
	} imports[] = { { 32, 0, 0 }, { 512, 0, 0 }, { 513, 0, -EOPNOTSUPP } };
	uint8_t secret[513], bytes[BASTION_SECRET_MAX];
	char verb[32];

	ROUND_MUST(RAND_bytes(secret, sizeof(secret)));
	for (size_t i = 0; i < sizeof(imports) / sizeof(imports[0]); i++) {
		key_serial_t user = add_key("user", sealed_name(), secret, imports[i].len, RING);
		key_serial_t key;

		ASSERT_LT(0, user);
		snprintf(verb, sizeof(verb), "import %d", user);
		key = gate_make(&self->gate, verb, sealed_name(), "types=user");
		EXPECT_EQ(BY_CHIP(imports[i].native, imports[i].tpm), key > 0 ? 0 : key);
		if (key < 0)
			continue;
		ASSERT_EQ(imports[i].len, sealed_bytes(self->gate.fd, key, bytes));
		EXPECT_EQ(0, memcmp(secret, bytes, imports[i].len));
	}
}

/* The key is as it was, also where it could not be moved. */
TEST_F(chip, moves)
{
	key_serial_t key = gate_new(&self->gate, self->gate.name, "");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->gate.verifier, "prod"));
	EXPECT_EQ(BY_CHIP(0, -EOPNOTSUPP), sealed_rebind(key, &self->gate.verifier, "prod", ""));
	EXPECT_LT(0, sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON, RING));
}

TEST_F(chip, kind)
{
	struct bastion_blob_header header;
	key_serial_t key = gate_new(&self->gate, self->gate.name, "");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, sealed_header(key, &header));
	EXPECT_EQ(BY_CHIP(BASTION_KIND_SECRET, BASTION_KIND_TPM), le16toh(header.kind));
}

TEST_HARNESS_MAIN
