// SPDX-License-Identifier: GPL-2.0
/* Kinds of sealed keys: what each is made of, and SIGN. */
#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bastion-chip/blob.h"
#include "bastion-chip/bytes.h"
#include "bastion-chip/hash.h"
#include "tests/chip/reference.h"
#include "tests/chip/rig.h"

/* The new blob is in the rig's output. */
static void seal_kind(struct rig *rig, uint16_t kind)
{
	struct bastion_blob_header header;

	rig_header_kind(rig, &header, kind);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
}

/*
 * Secret and tag were computed by a program of its own, from blob.h and round.h
 * alone: the header of version 1 has these bytes, and no others, for ever.
 */
static void test_derived_known_answer(void **state)
{
	static const uint8_t secret[64] = {
		0xd4, 0x87, 0x47, 0x06, 0x59, 0x7e, 0x8e, 0x31, 0x04, 0xf5, 0x1f,
		0xd3, 0x08, 0xa1, 0x35, 0x1b, 0xc3, 0x63, 0xc8, 0x50, 0x8c, 0x07,
		0x55, 0x42, 0x95, 0xeb, 0x7b, 0x46, 0x7e, 0xb6, 0xbb, 0xa6, 0x4f,
		0xa1, 0x34, 0x95, 0xef, 0x64, 0x9d, 0x7f, 0xdd, 0x35, 0x8b, 0x8f,
		0x13, 0x02, 0x94, 0x31, 0xec, 0x58, 0x64, 0x92, 0x9d, 0x42, 0x07,
		0x40, 0xc9, 0xf8, 0x30, 0xbe, 0x20, 0x3d, 0xa1, 0xb8,
	};
	static const uint8_t tag[BASTION_TAG_SIZE] = {
		0xcb, 0x82, 0x1c, 0x36, 0xff, 0x05, 0x73, 0xb1, 0xf4, 0xbe, 0x3a,
		0x6d, 0xc2, 0x69, 0x52, 0xab,
	};
	uint8_t seed[CHIP_SEED_SIZE], digest[BASTION_DIGEST_SIZE];
	struct bastion_blob_header header = {
		.magic = BASTION_BLOB_MAGIC,
		.version = htole16(1),
		.kind = htole16(2),
		.name = "backup",
		.owner = htole32(1000),
		.types = htole32(BASTION_TYPE_FSCRYPT),
		.counter_index = htole32(3),
		.counter_value = htole64(7),
		.secret_len = htole32(64),
	};
	uint8_t blob[BASTION_BLOB_DERIVED_SIZE];
	struct chip_content content;

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = i;
	memset(header.chip_id, 0x11, sizeof(header.chip_id));
	memset(header.verifier, 0x22, sizeof(header.verifier));
	memset(header.policy, 0x33, sizeof(header.policy));
	chip_sha384(digest, { "bastion label v1", 17 }, { "backup-2026", 11 });
	memcpy(header.salt, digest, sizeof(header.salt));
	assert_int_equal(chip_blob_seal(seed, &header, &content, blob), sizeof(blob));
	assert_memory_equal(blob, &header, sizeof(header));
	assert_memory_equal(blob + sizeof(header), tag, sizeof(tag));
	assert_true(chip_blob_open(seed, &header, blob, &content));
	assert_memory_equal(content.secret, secret, sizeof(secret));
}

static void test_derived_by_reference(void **state)
{
	uint8_t secret[BASTION_SECRET_MAX], tag[BASTION_TAG_SIZE];
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct unseal unseal;
	const uint8_t *seed = rig->chip.fuses.seed;

	rig_open_gate(rig);
	rig_header_kind(rig, &header, BASTION_KIND_DERIVED);
	for (size_t len = BASTION_SECRET_MIN; len <= BASTION_SECRET_MAX; len += 31) {
		header.secret_len = htole32(len);
		assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
		assert_int_equal(rig->out_len, BASTION_BLOB_DERIVED_SIZE);
		rig_unseal_prepare(rig, &unseal);
		reference_hkdf(seed, header.salt, "bastion derived tag v1", unseal.blob,
			       sizeof(header), tag, sizeof(tag));
		assert_memory_equal(unseal.blob + sizeof(header), tag, sizeof(tag));
		reference_hkdf(seed, header.salt, "bastion derive v1", unseal.blob,
			       sizeof(header), secret, len);
		assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
		assert_int_equal(rig->out_len, len);
		assert_memory_equal(rig->out, secret, len);
	}
}

static void derive(struct rig *rig, const struct bastion_blob_header *header, uint8_t secret[32])
{
	struct unseal unseal;

	assert_int_equal(rig_seal(rig, header, NULL, 0), BASTION_STATUS_OK);
	rig_unseal_prepare(rig, &unseal);
	unseal.fixed.owner = header->owner;
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	memcpy(secret, rig->out, 32);
}

static void other_owner(struct rig *rig, struct bastion_blob_header *header)
{
	header->owner = htole32(1001);
}

static void other_policy(struct rig *rig, struct bastion_blob_header *header)
{
	chip_random(rig->policy, sizeof(rig->policy));
	memcpy(header->policy, rig->policy, sizeof(header->policy));
	rig_open_gate(rig);
}

static void other_verifier(struct rig *rig, struct bastion_blob_header *header)
{
	struct party party;

	rig_party(&party);
	memcpy(party.policy, header->policy, sizeof(party.policy));
	rig_swap(rig, &party);
	chip_key_wipe(&party.verifier);
	memcpy(header->verifier, rig->verifier.spki_digest, sizeof(header->verifier));
	rig_open_gate(rig);
}

static void other_name(struct rig *rig, struct bastion_blob_header *header)
{
	header->name[4] = '1';
}

static void other_label(struct rig *rig, struct bastion_blob_header *header)
{
	header->salt[31] ^= 1;
}

static void other_types(struct rig *rig, struct bastion_blob_header *header)
{
	header->types = htole32(BASTION_TYPE_LOGON);
}

static void other_length(struct rig *rig, struct bastion_blob_header *header)
{
	header->secret_len = htole32(33);
}

static void other_counter(struct rig *rig, struct bastion_blob_header *header)
{
	header->counter_index = htole32(5);
}

static void test_derived_depends(void **state)
{
	static void (*const others[])(struct rig *rig, struct bastion_blob_header *header) = {
		other_owner, other_name, other_label, other_types, other_length, other_counter,
		/* These bring a grant of their own. */
		other_policy, other_verifier,
	};
	struct bastion_blob_header header, changed;
	uint8_t first[32], again[32];
	struct rig *rig = *state;

	rig_open_gate(rig);
	rig_header_kind(rig, &header, BASTION_KIND_DERIVED);
	derive(rig, &header, first);
	derive(rig, &header, again);
	assert_memory_equal(first, again, sizeof(first));
	rig_power_cycle(rig);
	rig_open_gate(rig);
	derive(rig, &header, again);
	assert_memory_equal(first, again, sizeof(first));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		changed = header;
		others[i](rig, &changed);
		derive(rig, &changed, again);
		if (!memcmp(first, again, sizeof(first)))
			print_error("other %zu: the same key\n", i);
		assert_memory_not_equal(first, again, sizeof(first));
	}
}

/* Another seed, and another chip id with the same seed: each makes another key. */
static void test_derived_by_another_chip(void **state)
{
	struct bastion_blob_header header;
	uint8_t first[32], again[32];
	struct rig *rig = *state;

	rig_open_gate(rig);
	rig_header_kind(rig, &header, BASTION_KIND_DERIVED);
	derive(rig, &header, first);
	rig->chip.fuses.seed[0] ^= 1;
	derive(rig, &header, again);
	assert_memory_not_equal(first, again, sizeof(first));
	rig->chip.fuses.seed[0] ^= 1;
	rig->chip.identity.spki_digest[0] ^= 1;
	rig_open_gate(rig);
	derive(rig, &header, again);
	assert_memory_not_equal(first, again, sizeof(first));
}

/* A blob of either kind opens with OpenSSL just as the header says, and not when it is bent. */
static void test_sealed_by_reference(void **state)
{
	uint8_t secret[BASTION_SECRET_MAX], point[BASTION_POINT_SIZE];
	struct rig *rig = *state;
	struct unseal unseal;
	const uint8_t *seed = rig->chip.fuses.seed;

	rig_open_gate(rig);
	seal_kind(rig, BASTION_KIND_SECRET);
	rig_unseal_prepare(rig, &unseal);
	assert_true(reference_open(seed, unseal.blob, unseal.blob_len, 32, secret));
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	assert_memory_equal(rig->out, secret, 32);

	seal_kind(rig, BASTION_KIND_P384);
	assert_int_equal(rig->out_len, BASTION_BLOB_P384_SIZE);
	assert_true(reference_open(seed, rig->out, rig->out_len, BASTION_SCALAR_SIZE, secret));
	reference_point(secret, point);
	assert_memory_equal(rig->out + sizeof(struct bastion_blob_header), point, sizeof(point));
	rig->out[sizeof(struct bastion_blob_header) + 1] ^= 1;
	assert_false(reference_open(seed, rig->out, rig->out_len, BASTION_SCALAR_SIZE, secret));
}

static void test_signatures(void **state)
{
	static const uint32_t lengths[] = { 32, 48, 64 };
	struct rig *rig = *state;
	struct sign sign;
	const uint8_t *point = sign.blob + sizeof(struct bastion_blob_header);

	rig_open_gate(rig);
	seal_kind(rig, BASTION_KIND_P384);
	rig_sign_prepare(rig, &sign);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		uint32_t len = lengths[i];

		memset(sign.fixed.digest, 0, sizeof(sign.fixed.digest));
		chip_random(sign.fixed.digest, len);
		sign.fixed.digest_len = htole32(len);
		assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_OK);
		assert_int_equal(rig->out_len, BASTION_SIGNATURE_SIZE);
		assert_true(reference_verify(point, sign.fixed.digest, len, rig->out));
		sign.fixed.digest[0] ^= 1;
		assert_false(reference_verify(point, sign.fixed.digest, len, rig->out));
	}
	/* Of 64 bytes the first 48 count. */
	sign.fixed.digest[0] ^= 1;
	assert_true(reference_verify(point, sign.fixed.digest, 48, rig->out));

	/* The key lasts. */
	rig_power_cycle(rig);
	rig_open_gate(rig);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_OK);
	assert_true(reference_verify(point, sign.fixed.digest, 64, rig->out));
}

static void test_sign_shape(void **state)
{
	static const uint32_t bad[] = { 0, 1, 20, 31, 33, 47, 49, 63, 65, 0x80000030, UINT32_MAX };
	struct rig *rig = *state;
	struct sign sign;
	size_t len;

	rig_open_gate(rig);
	seal_kind(rig, BASTION_KIND_P384);
	rig_sign_prepare(rig, &sign);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		sign.fixed.digest_len = htole32(bad[i]);
		assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_BAD_ARGUMENT);
	}
	sign.fixed.digest_len = htole32(32);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_BAD_ARGUMENT);
	sign.fixed.digest_len = htole32(48);
	sign.fixed.digest[63] = 1;
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_BAD_ARGUMENT);
	sign.fixed.digest[63] = 0;
	len = sign.blob_len;
	for (sign.blob_len = 0; sign.blob_len < len + 8; sign.blob_len++)
		assert_int_equal(rig_sign(rig, &sign), sign.blob_len == len ?
				 BASTION_STATUS_OK : BASTION_STATUS_BAD_LENGTH);
}

/* The same gate as UNSEAL's, in the same order. */
static void test_sign_needs_a_grant(void **state)
{
	struct bastion_grant_entry entry = { .kind = htole32(BASTION_GRANT_CREATE) };
	struct rig *rig = *state;
	struct sign sign;

	rig_open_gate(rig);
	seal_kind(rig, BASTION_KIND_P384);
	rig_sign_prepare(rig, &sign);
	sign.fixed.token[0] ^= 1;
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_NO_GRANT);
	sign.fixed.token[0] ^= 1;
	assert_int_equal(rig_command(rig, BASTION_CMD_RELOCK, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_NO_GRANT);
	rig->chip.lies = CHIP_LIE_NO_GRANT;
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_OK);
	assert_int_equal(rig->chip.honest, BASTION_STATUS_NO_GRANT);
	rig->chip.lies = 0;

	memcpy(entry.policy, rig->policy, sizeof(entry.policy));
	rig_grant_entry(rig, &entry);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
	entry.kind = htole32(BASTION_GRANT_RELEASE);
	entry.flags = htole32(BASTION_GRANT_EXECUTABLE);
	entry.executable[3] = 1;
	rig_grant_entry(rig, &entry);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
	memcpy(sign.fixed.executable, entry.executable, sizeof(entry.executable));
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_OK);
	/* Nothing is said of a blob that is not authentic, with or without a grant. */
	sign.blob[sign.blob_len - 1] ^= 1;
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_BAD_BLOB);
	rig_command(rig, BASTION_CMD_RELOCK, NULL, 0);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_BAD_BLOB);
}

static void test_sign_obeys_the_header(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct sign sign;

	rig_open_gate(rig);
	rig_header_kind(rig, &header, BASTION_KIND_P384);
	header.flags = htole32(BASTION_BLOB_EXECUTABLE);
	header.executable[0] = 9;
	header.register_mask = htole32(1 << 6);
	chip_registers_digest(&rig->chip.now.registers, 1 << 6, header.register_digest);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	rig_sign_prepare(rig, &sign);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
	sign.fixed.executable[0] = 9;
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_OK);
	sign.fixed.owner = htole32(0);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
	sign.fixed.owner = htole32(1000);
	rig->chip.fuses.svn = htole32(2);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
	rig->chip.fuses.svn = htole32(3);
	assert_int_equal(rig_extend(rig, 6), BASTION_STATUS_OK);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
}

/* A key pair stays where it is, and a secret does not sign. */
static void test_kinds_are_not_mixed(void **state)
{
	struct rig *rig = *state;
	struct unseal unseal;
	struct sign sign;

	rig_open_gate(rig);
	seal_kind(rig, BASTION_KIND_P384);
	rig_unseal_prepare(rig, &unseal);
	for (uint32_t type = 1; type <= BASTION_TYPE_ALL; type <<= 1) {
		unseal.fixed.type = htole32(type);
		assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
	}
	seal_kind(rig, BASTION_KIND_SECRET);
	rig_sign_prepare(rig, &sign);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
	seal_kind(rig, BASTION_KIND_DERIVED);
	rig_sign_prepare(rig, &sign);
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_DENIED);
}

/* What must come of a blob with one bit turned in byte @i. */
static uint32_t bent_status(uint16_t kind, size_t i)
{
	const size_t id_at = offsetof(struct bastion_blob_header, chip_id);
	const size_t kind_at = offsetof(struct bastion_blob_header, kind);
	const size_t len_at = offsetof(struct bastion_blob_header, secret_len);

	if (i >= id_at && i < id_at + BASTION_DIGEST_SIZE)
		return BASTION_STATUS_WRONG_CHIP;
	if (i == kind_at || i == kind_at + 1)
		return BASTION_STATUS_BAD_LENGTH;
	/* 32 and 128 are a length that such a blob can have. */
	if (i >= len_at && i < len_at + 4 && !(kind == BASTION_KIND_DERIVED && i == len_at))
		return BASTION_STATUS_BAD_LENGTH;
	return BASTION_STATUS_BAD_BLOB;
}

static void test_every_byte(void **state)
{
	struct rig *rig = *state;
	struct unseal unseal;
	struct sign sign;

	rig_open_gate(rig);
	seal_kind(rig, BASTION_KIND_DERIVED);
	rig_unseal_prepare(rig, &unseal);
	for (size_t i = 0; i < unseal.blob_len; i++) {
		unseal.blob[i] ^= 0x80;
		assert_int_equal(rig_unseal(rig, &unseal), bent_status(BASTION_KIND_DERIVED, i));
		unseal.blob[i] ^= 0x80;
	}
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_OK);
	seal_kind(rig, BASTION_KIND_P384);
	rig_sign_prepare(rig, &sign);
	for (size_t i = 0; i < sign.blob_len; i++) {
		sign.blob[i] ^= 0x80;
		assert_int_equal(rig_sign(rig, &sign), bent_status(BASTION_KIND_P384, i));
		sign.blob[i] ^= 0x80;
	}
	assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_OK);
}

static void seal_refused(struct rig *rig, const struct bastion_blob_header *header,
			 const void *secret, size_t len)
{
	assert_int_equal(rig_seal(rig, header, secret, len), BASTION_STATUS_BAD_ARGUMENT);
}

static void test_rules_by_kind(void **state)
{
	static const uint8_t secret[48] = { 1 };
	struct bastion_blob_header header;
	struct rig *rig = *state;

	rig_open_gate(rig);
	rig_header_kind(rig, &header, BASTION_KIND_P384);
	header.types = htole32(BASTION_TYPE_USER);
	seal_refused(rig, &header, NULL, 0);
	rig_header_kind(rig, &header, BASTION_KIND_P384);
	header.secret_len = htole32(BASTION_SCALAR_SIZE + 1);
	seal_refused(rig, &header, NULL, 0);
	header.secret_len = htole32(BASTION_SCALAR_SIZE);
	seal_refused(rig, &header, secret, sizeof(secret));
	header.salt[0] = 1;
	seal_refused(rig, &header, NULL, 0);
	rig_header_kind(rig, &header, BASTION_KIND_P384);
	header.flags = htole32(BASTION_BLOB_IMPORTED);
	seal_refused(rig, &header, NULL, 0);
	seal_refused(rig, &header, secret, sizeof(secret));

	rig_header_kind(rig, &header, BASTION_KIND_DERIVED);
	header.min_svn = htole32(1);
	seal_refused(rig, &header, NULL, 0);
	header.min_svn = 0;
	header.types = 0;
	seal_refused(rig, &header, NULL, 0);
	rig_header_kind(rig, &header, BASTION_KIND_DERIVED);
	header.flags = htole32(BASTION_BLOB_IMPORTED);
	seal_refused(rig, &header, NULL, 0);
	seal_refused(rig, &header, secret, 32);
	header.flags = 0;
	seal_refused(rig, &header, secret, 32);
	header.secret_len = htole32(BASTION_SECRET_MAX + 1);
	seal_refused(rig, &header, NULL, 0);

	/* A secret that came says so, and no other does. */
	rig_header(rig, &header);
	seal_refused(rig, &header, secret, 32);
	header.flags = htole32(BASTION_BLOB_IMPORTED);
	seal_refused(rig, &header, NULL, 0);
	assert_int_equal(rig_seal(rig, &header, secret, 32), BASTION_STATUS_OK);
}

static void test_creation_needs_a_grant(void **state)
{
	struct bastion_grant_entry entry = { .kind = htole32(BASTION_GRANT_RELEASE) };
	struct bastion_blob_header header;
	struct rig *rig = *state;

	for (uint16_t kind = BASTION_KIND_SECRET; kind <= BASTION_KIND_P384; kind++) {
		rig_command(rig, BASTION_CMD_RELOCK, NULL, 0);
		rig_header_kind(rig, &header, kind);
		assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NO_GRANT);
		memcpy(entry.policy, rig->policy, sizeof(entry.policy));
		rig_grant_entry(rig, &entry);
		assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_DENIED);
	}
}

/** struct stacked - commands that are run on a stack which is looked at afterwards */
struct stacked {
	struct rig *rig;
	struct unseal unseal;
	struct rebind rebind;
	uint32_t status;
};

static void *run_unseal(void *data)
{
	struct stacked *stacked = data;

	stacked->status = rig_unseal(stacked->rig, &stacked->unseal);
	return NULL;
}

static void *run_rebind(void *data)
{
	struct stacked *stacked = data;

	stacked->status = rig_rebind(stacked->rig, &stacked->rebind);
	return NULL;
}

static void *run_seal_pair(void *data)
{
	struct stacked *stacked = data;
	struct bastion_blob_header header;

	rig_header_kind(stacked->rig, &header, BASTION_KIND_P384);
	stacked->status = rig_seal(stacked->rig, &header, NULL, 0);
	return NULL;
}

/* Runs it; afterwards neither the seed nor @secret may be on its stack. NULL: the scalar. */
static void expect_wiped(struct stacked *stacked, void *(*run)(void *data), const uint8_t *secret,
			 size_t len)
{
	const uint8_t *seed = stacked->rig->chip.fuses.seed;
	uint8_t scalar[BASTION_SCALAR_SIZE], *stack = NULL;
	const size_t size = 1 << 20;
	pthread_attr_t attributes;
	pthread_t thread;
	bool found = false;

	assert_int_equal(posix_memalign((void **)&stack, 4096, size), 0);
	memset(stack, 0, size);
	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, size), 0);
	assert_int_equal(pthread_create(&thread, &attributes, run, stacked), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attributes);
	assert_int_equal(stacked->status, BASTION_STATUS_OK);
	if (!secret) {
		secret = scalar;
		len = sizeof(scalar);
		assert_true(reference_open(seed, stacked->rig->out, stacked->rig->out_len, len,
					   scalar));
	}
	for (size_t i = 0; i + 16 <= len; i++)
		found |= memmem(stack, size, secret + i, 16) != NULL;
	for (size_t i = 0; i + 16 <= CHIP_SEED_SIZE; i++)
		found |= memmem(stack, size, seed + i, 16) != NULL;
	free(stack);
	assert_false(found);
}

static void test_wiped(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct stacked stacked = { .rig = rig };
	uint8_t secret[64];
	struct party self;

	self.verifier = rig->verifier;
	memcpy(self.policy, rig->policy, sizeof(self.policy));
	rig_open_rebind(rig, &self);
	chip_random(secret, sizeof(secret));
	rig_header(rig, &header);
	header.secret_len = htole32(sizeof(secret));
	header.flags = htole32(BASTION_BLOB_IMPORTED);
	assert_int_equal(rig_seal(rig, &header, secret, sizeof(secret)), BASTION_STATUS_OK);
	rig_unseal_prepare(rig, &stacked.unseal);
	rig_rebind_prepare(rig, &stacked.rebind);
	expect_wiped(&stacked, run_unseal, secret, sizeof(secret));
	expect_wiped(&stacked, run_rebind, secret, sizeof(secret));
	expect_wiped(&stacked, run_seal_pair, NULL, 0);

	rig_header_kind(rig, &header, BASTION_KIND_DERIVED);
	header.secret_len = htole32(sizeof(secret));
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	rig_unseal_prepare(rig, &stacked.unseal);
	assert_int_equal(rig_unseal(rig, &stacked.unseal), BASTION_STATUS_OK);
	memcpy(secret, rig->out, sizeof(secret));
	expect_wiped(&stacked, run_unseal, secret, sizeof(secret));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derived_known_answer),
		cmocka_unit_test_setup_teardown(test_derived_by_reference, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_derived_depends, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_derived_by_another_chip, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_sealed_by_reference, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_signatures, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_sign_shape, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_sign_needs_a_grant, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_sign_obeys_the_header, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_kinds_are_not_mixed, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_every_byte, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_rules_by_kind, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_creation_needs_a_grant, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_wiped, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
