// SPDX-License-Identifier: GPL-2.0
/* SEAL and UNSEAL: who may, what a blob says, and what happens to a bent one. */
#include <endian.h>
#include <string.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/hash.h"
#include "tests/chip/rig.h"

static void seal_default(struct rig *rig, struct unseal *unseal)
{
	struct bastion_blob_header header;

	rig_header(rig, &header);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, BASTION_BLOB_OVERHEAD + 32);
	rig_unseal_prepare(rig, unseal);
}

static void test_round_trip(void **state)
{
	uint8_t secret[BASTION_SECRET_MAX];
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct unseal unseal;

	rig_open_gate(rig);
	chip_random(secret, sizeof(secret));
	rig_header(rig, &header);
	header.secret_len = htole32(sizeof(secret));
	header.flags = htole32(BASTION_BLOB_IMPORTED);
	assert_int_equal(rig_seal(rig, &header, secret, sizeof(secret)), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, BASTION_BLOB_MAX);
	rig_unseal_prepare(rig, &unseal);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, sizeof(secret));
	assert_memory_equal(rig->out, secret, sizeof(secret));
}

/* A secret made in the chip is the same every time, and differs from the next one. */
static void test_generated(void **state)
{
	struct unseal first, second;
	struct rig *rig = *state;
	uint8_t secret[32];

	rig_open_gate(rig);
	seal_default(rig, &first);
	seal_default(rig, &second);
	assert_memory_not_equal(first.blob, second.blob, first.blob_len);
	assert_int_equal(rig_unseal(rig, &first), BASTION_STATUS_OK);
	memcpy(secret, rig->out, sizeof(secret));
	assert_int_equal(rig_unseal(rig, &first), BASTION_STATUS_OK);
	assert_memory_equal(secret, rig->out, sizeof(secret));
	assert_int_equal(rig_unseal(rig, &second), BASTION_STATUS_OK);
	assert_memory_not_equal(secret, rig->out, sizeof(secret));
}

/* Every byte of the blob matters, whichever check it is that notices. */
static void test_every_byte(void **state)
{
	const size_t id_at = offsetof(struct bastion_blob_header, chip_id);
	const size_t len_at = offsetof(struct bastion_blob_header, secret_len);
	const size_t kind_at = offsetof(struct bastion_blob_header, kind);
	struct rig *rig = *state;
	struct unseal unseal;

	rig_open_gate(rig);
	seal_default(rig, &unseal);
	for (size_t i = 0; i < unseal.blob_len; i++) {
		uint32_t want = BASTION_STATUS_BAD_BLOB, status;

		if (i >= id_at && i < id_at + BASTION_DIGEST_SIZE)
			want = BASTION_STATUS_WRONG_CHIP;
		if ((i >= len_at && i < len_at + 4) || i == kind_at || i == kind_at + 1)
			want = BASTION_STATUS_BAD_LENGTH;
		unseal.blob[i] ^= 0x80;
		status = rig_unseal(rig, &unseal);
		if (status != want)
			print_error("byte %zu: status %u\n", i, status);
		assert_int_equal(status, want);
		unseal.blob[i] ^= 0x80;
	}
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
}

static void test_lengths(void **state)
{
	struct rig *rig = *state;
	struct unseal unseal;
	size_t len;

	rig_open_gate(rig);
	seal_default(rig, &unseal);
	len = unseal.blob_len;
	for (unseal.blob_len = 0; unseal.blob_len < len + 8; unseal.blob_len++)
		assert_int_equal(rig_unseal(rig, &unseal), unseal.blob_len == len ?
				 BASTION_STATUS_OK : BASTION_STATUS_BAD_LENGTH);
}

static void bend_magic(struct bastion_blob_header *header)
{
	header->magic[0] ^= 1;
}

static void bend_version(struct bastion_blob_header *header)
{
	header->version = htole16(2);
}

static void bend_kind(struct bastion_blob_header *header)
{
	header->kind = htole16(BASTION_KIND_P384 + 1);
}

static void bend_flags(struct bastion_blob_header *header)
{
	header->flags = htole32(4);
}

static void bend_chip_id(struct bastion_blob_header *header)
{
	header->chip_id[47] = 1;
}

static void bend_salt(struct bastion_blob_header *header)
{
	header->salt[0] = 1;
}

static void bend_name_empty(struct bastion_blob_header *header)
{
	memset(header->name, 0, sizeof(header->name));
}

static void bend_name_full(struct bastion_blob_header *header)
{
	memset(header->name, 'a', sizeof(header->name));
}

static void bend_name_slash(struct bastion_blob_header *header)
{
	header->name[1] = '/';
}

static void bend_name_tail(struct bastion_blob_header *header)
{
	header->name[63] = 'x';
}

static void bend_types_none(struct bastion_blob_header *header)
{
	header->types = 0;
}

static void bend_types_other(struct bastion_blob_header *header)
{
	header->types = htole32(BASTION_TYPE_ALL + 1);
}

static void bend_mask(struct bastion_blob_header *header)
{
	header->register_mask = htole32(1 << 4);
}

static void bend_digest(struct bastion_blob_header *header)
{
	header->register_digest[0] = 1;
}

static void bend_executable(struct bastion_blob_header *header)
{
	header->executable[0] = 1;
}

static void bend_executable_zero(struct bastion_blob_header *header)
{
	header->flags = htole32(BASTION_BLOB_EXECUTABLE);
}

static void bend_counter_index(struct bastion_blob_header *header)
{
	header->counter_index = htole32(BASTION_COUNTER_COUNT + 1);
}

static void bend_counter_value(struct bastion_blob_header *header)
{
	header->counter_value = htole64(1);
}

static void bend_reserved(struct bastion_blob_header *header)
{
	header->reserved = htole32(1);
}

static void bend_reserved2(struct bastion_blob_header *header)
{
	header->reserved2 = htole32(1);
}

static void bend_short(struct bastion_blob_header *header)
{
	header->secret_len = htole32(BASTION_SECRET_MIN - 1);
}

static void bend_long(struct bastion_blob_header *header)
{
	header->secret_len = htole32(BASTION_SECRET_MAX + 1);
}

static void test_header_rules(void **state)
{
	static void (*const bends[])(struct bastion_blob_header *header) = {
		bend_magic,	 bend_version,	  bend_kind,	   bend_flags,
		bend_chip_id,	 bend_salt,	  bend_name_empty, bend_name_full,
		bend_name_slash, bend_name_tail,  bend_types_none, bend_types_other,
		bend_mask,	 bend_digest,	  bend_executable, bend_executable_zero,
		bend_counter_index, bend_counter_value, bend_reserved, bend_reserved2,
		bend_short,	 bend_long,
	};
	struct bastion_blob_header header;
	struct rig *rig = *state;

	rig_open_gate(rig);
	for (size_t i = 0; i < ARRAY_SIZE(bends); i++) {
		uint32_t status;

		rig_header(rig, &header);
		bends[i](&header);
		status = rig_seal(rig, &header, NULL, 0);
		if (status != BASTION_STATUS_BAD_ARGUMENT)
			print_error("bend %zu: status %u\n", i, status);
		assert_int_equal(status, BASTION_STATUS_BAD_ARGUMENT);
	}
	rig_header(rig, &header);
	header.flags = htole32(BASTION_BLOB_IMPORTED);
	assert_int_equal(rig_seal(rig, &header, header.policy, 31), BASTION_STATUS_BAD_LENGTH);
	assert_int_equal(rig_seal(rig, &header, header.policy, 33), BASTION_STATUS_BAD_LENGTH);
	assert_int_equal(rig_seal(rig, &header, header.policy, 32), BASTION_STATUS_OK);
}

static void test_nothing_without_a_grant(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct unseal unseal;

	rig_header(rig, &header);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NO_GRANT);
	rig_open_gate(rig);
	seal_default(rig, &unseal);
	unseal.fixed.token[31] ^= 1;
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_NO_GRANT);
	unseal.fixed.token[31] ^= 1;
	assert_int_equal(rig_command(rig, BASTION_CMD_RELOCK, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_NO_GRANT);
	rig->chip.lies = CHIP_LIE_NO_GRANT;
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	assert_int_equal(rig->chip.honest, BASTION_STATUS_NO_GRANT);
}

static void grant_one(struct rig *rig, uint32_t kind, const uint8_t *policy,
		      const uint8_t *executable)
{
	struct bastion_grant_entry entry = { .kind = htole32(kind) };

	memcpy(entry.policy, policy ? policy : rig->policy, sizeof(entry.policy));
	if (executable) {
		entry.flags = htole32(BASTION_GRANT_EXECUTABLE);
		memcpy(entry.executable, executable, sizeof(entry.executable));
	}
	rig_grant_entry(rig, &entry);
}

static void test_entries(void **state)
{
	static const uint8_t other[BASTION_DIGEST_SIZE] = { 7 }, exe[BASTION_EXE_SIZE] = { 9 };
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct unseal unseal;

	rig_header(rig, &header);
	rig_open_gate(rig);
	seal_default(rig, &unseal);

	grant_one(rig, BASTION_GRANT_RELEASE, NULL, NULL);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_DENIED);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	grant_one(rig, BASTION_GRANT_CREATE, NULL, NULL);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
	grant_one(rig, BASTION_GRANT_RELEASE, other, NULL);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
	grant_one(rig, BASTION_GRANT_CREATE, other, NULL);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_DENIED);

	grant_one(rig, BASTION_GRANT_RELEASE, NULL, exe);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
	memcpy(unseal.fixed.executable, exe, sizeof(exe));
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	unseal.fixed.executable[31] ^= 1;
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
}

/* The token of one verifier's grant does not open another verifier's blob. */
static void test_other_verifier(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;

	rig_open_gate(rig);
	rig_header(rig, &header);
	header.verifier[0] ^= 1;
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_DENIED);
}

static void test_header_limits(void **state)
{
	static const uint8_t exe[BASTION_EXE_SIZE] = { 5 };
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct unseal unseal;

	rig_open_gate(rig);
	seal_default(rig, &unseal);
	unseal.fixed.owner = htole32(0);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
	unseal.fixed.owner = htole32(1000);
	unseal.fixed.type = htole32(BASTION_TYPE_USER);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
	unseal.fixed.type = htole32(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_BAD_ARGUMENT);
	unseal.fixed.type = 0;
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_BAD_ARGUMENT);
	unseal.fixed.type = htole32(8);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_BAD_ARGUMENT);

	rig_header(rig, &header);
	header.flags = htole32(BASTION_BLOB_EXECUTABLE);
	memcpy(header.executable, exe, sizeof(exe));
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	rig_unseal_prepare(rig, &unseal);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
	memcpy(unseal.fixed.executable, exe, sizeof(exe));
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);

	rig_header(rig, &header);
	header.min_svn = htole32(4);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	rig_unseal_prepare(rig, &unseal);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
}

static void test_header_registers(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct unseal unseal;

	rig_open_gate(rig);
	rig_header(rig, &header);
	header.register_mask = htole32(1 << 6);
	chip_registers_digest(&rig->chip.now.registers, 1 << 6, header.register_digest);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	rig_unseal_prepare(rig, &unseal);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	/* The rig's grants do not name register 6. */
	assert_int_equal(rig_extend(rig, 6), BASTION_STATUS_OK);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
}

static void test_other_chip(void **state)
{
	struct rig *rig = *state, *other;
	struct unseal unseal;
	void *second;

	rig_open_gate(rig);
	seal_default(rig, &unseal);
	rig_setup(&second);
	other = second;
	rig_open_gate(other);
	assert_int_equal(rig_unseal(other, &unseal), BASTION_STATUS_WRONG_CHIP);
	/* Nor does another chip's name help. */
	memcpy(unseal.blob + offsetof(struct bastion_blob_header, chip_id),
	       other->chip.identity.spki_digest, BASTION_DIGEST_SIZE);
	assert_int_equal(rig_unseal(other, &unseal), BASTION_STATUS_BAD_BLOB);
	rig_teardown(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_generated, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_every_byte, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_lengths, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_header_rules, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_nothing_without_a_grant, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_entries, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_other_verifier, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_header_limits, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_header_registers, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_other_chip, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
