// SPDX-License-Identifier: GPL-2.0
/*
 * G2: a grant opens only the chip, boot, kernel, round and policies that it names, once.
 *
 * Grants are made by hand, right but for one thing; each must be refused, and
 * leave the gate locked and the round over. What comes after a grant was accepted
 * is in test-live.c.
 */
#include "chip.h"
#include "kselftest_harness.h"
#include "round.h"

/* Must be refused with @error; nothing may be left of the round. */
static void expect_refused(struct __test_metadata *_metadata, const struct round *round,
			   const struct round_grant *grant, int error)
{
	struct round_grant any = { .len = BASTION_GRANT_SIZE(1) };
	struct round again = *round;

	EXPECT_EQ(-error, round_submit(round, grant));
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(round->fd));
	EXPECT_EQ(-ESTALE, round_submit(round, &any));
	EXPECT_EQ(-ESTALE, round_quote(&again));
}

/* What every fixture has, first. */
struct gate {
	int fd;
	struct round_verifier verifier;
	struct round round;
	struct round_grant grant;
};

static void gate_setup(struct __test_metadata *_metadata, struct gate *gate)
{
	gate->fd = round_open();
	ASSERT_LE(0, gate->fd) TH_LOG("there is no chip");
	round_verifier_make(&gate->verifier);
	ASSERT_EQ(0, round_verifier_add(gate->fd, &gate->verifier));
	ASSERT_EQ(BASTION_STATE_LOCKED, round_state(gate->fd));
}

static void gate_teardown(struct __test_metadata *_metadata, struct gate *gate)
{
	EXPECT_EQ(0, round_verifier_remove(gate->fd, &gate->verifier));
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(gate->fd));
	close(gate->fd);
}

static void prepare(struct __test_metadata *_metadata, struct gate *gate)
{
	ASSERT_EQ(0, round_prepare(&gate->round, &gate->grant, gate->fd, &gate->verifier, "prod"));
}

static void sign(struct gate *gate)
{
	round_sign(&gate->round, &gate->grant, gate->verifier.key);
}

/* The same, with nothing wrong: what was refused was refused for its one flaw. */
static void expect_accepted(struct __test_metadata *_metadata, struct gate *gate)
{
	EXPECT_EQ(0, round_open_gate(gate->fd, &gate->verifier, "prod", 60));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(gate->fd));
}

/* One field of the fixed part */

FIXTURE(field) { struct gate gate; };
FIXTURE_SETUP(field) { gate_setup(_metadata, &self->gate); }
FIXTURE_TEARDOWN(field) { gate_teardown(_metadata, &self->gate); }
FIXTURE_VARIANT(field) {
	size_t offset;
	size_t size;
	int error;
};

#define FIELD(name, wrong)							\
	FIXTURE_VARIANT_ADD(field, name) {					\
		.offset = offsetof(struct bastion_grant, name),			\
		.size = sizeof(((struct bastion_grant *)NULL)->name),		\
		.error = wrong,							\
	}
FIELD(magic, EBADMSG);
FIELD(qualifying_digest, EKEYREJECTED);
FIELD(kernel_nonce, EKEYREJECTED);
FIELD(chip_nonce, EKEYREJECTED);
FIELD(chip_id, EKEYREJECTED);
FIELD(boot_count, EKEYREJECTED);
FIELD(verifier, EKEYREJECTED);
FIELD(token_hash, EKEYREJECTED);
FIELD(channel_key, EBADMSG);
FIELD(register_digest, EKEYREJECTED);
FIELD(log_aggregate, EKEYREJECTED);
FIELD(log_count, EKEYREJECTED);
FIELD(entry_count, EBADMSG);

TEST_F(field, wrong)
{
	size_t places[] = { variant->offset, variant->offset + variant->size - 1 };

	for (int i = 0; i < 2; i++) {
		prepare(_metadata, &self->gate);
		((uint8_t *)&self->gate.grant.fixed)[places[i]] ^= 1;
		sign(&self->gate);
		expect_refused(_metadata, &self->gate.round, &self->gate.grant, variant->error);
	}
	expect_accepted(_metadata, &self->gate);
}

/* All the rest */

FIXTURE(grant) { struct gate gate; };
FIXTURE_SETUP(grant) { gate_setup(_metadata, &self->gate); }
FIXTURE_TEARDOWN(grant) { gate_teardown(_metadata, &self->gate); }

/* One of them has a meaning, and is no reason to refuse. */
TEST_F(grant, flags)
{
	struct gate *gate = &self->gate;

	for (int bit = 0; bit < 32; bit++) {
		prepare(_metadata, gate);
		gate->grant.fixed.flags = htole32(1u << bit);
		sign(gate);
		if (1u << bit == BASTION_GRANT_KEPT) {
			EXPECT_EQ(0, round_submit(&gate->round, &gate->grant));
			EXPECT_EQ(0, round_relock(gate->fd));
		} else {
			expect_refused(_metadata, &gate->round, &gate->grant, EBADMSG);
		}
	}
}

TEST_F(grant, lifetime)
{
	static const uint32_t wrong[] = { 0, BASTION_GRANT_LIFETIME_MAX + 1, UINT32_MAX };
	struct gate *gate = &self->gate;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		prepare(_metadata, gate);
		gate->grant.fixed.lifetime = htole32(wrong[i]);
		sign(gate);
		expect_refused(_metadata, &gate->round, &gate->grant, EBADMSG);
	}
	EXPECT_EQ(0, round_open_gate(gate->fd, &gate->verifier, "prod",
				     BASTION_GRANT_LIFETIME_MAX));
}

/* Registers 3 and 4 grow with use; the digest goes with the mask. */
TEST_F(grant, register_mask)
{
	static const uint32_t wrong[] = { 1 << 3, 1 << 4, 0xff, 1 << 8, 1u << 31 };
	struct gate *gate = &self->gate;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		prepare(_metadata, gate);
		round_mask(&gate->round, &gate->grant, wrong[i]);
		sign(gate);
		expect_refused(_metadata, &gate->round, &gate->grant, EBADMSG);
	}
	prepare(_metadata, gate);
	gate->grant.fixed.register_mask = htole32(0x06);
	sign(gate);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
	prepare(_metadata, gate);
	gate->grant.fixed.register_mask = htole32(0);
	sign(gate);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);

	prepare(_metadata, gate);
	round_mask(&gate->round, &gate->grant, BASTION_MASKABLE);
	sign(gate);
	EXPECT_EQ(0, round_submit(&gate->round, &gate->grant));
}

static void fill_up(struct gate *gate, size_t count)
{
	char label[32];

	while (gate->grant.count < count) {
		snprintf(label, sizeof(label), "more-%zu", gate->grant.count);
		round_allow(&gate->round, &gate->grant, BASTION_GRANT_RELEASE, label);
	}
}

TEST_F(grant, number_of_entries)
{
	struct { size_t there, said; } wrong[] = {
		{ 0, 0 }, { 2, 0 }, { 2, 1 }, { 2, 3 }, { 2, UINT32_MAX },
		{ BASTION_GRANT_ENTRIES_MAX + 1, BASTION_GRANT_ENTRIES_MAX + 1 },
	};
	struct gate *gate = &self->gate;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		prepare(_metadata, gate);
		fill_up(gate, wrong[i].there);
		gate->grant.count = wrong[i].there;
		gate->grant.fixed.entry_count = htole32(wrong[i].said);
		sign(gate);
		expect_refused(_metadata, &gate->round, &gate->grant, EBADMSG);
	}
	prepare(_metadata, gate);
	fill_up(gate, BASTION_GRANT_ENTRIES_MAX);
	sign(gate);
	EXPECT_EQ(0, round_submit(&gate->round, &gate->grant));
}

/* Signatures */

TEST_F(grant, signature_bit)
{
	static const size_t at[] = { 96, 95, 49, 48, 47, 1 };	/* from the end: r, then s */
	struct gate *gate = &self->gate;

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		prepare(_metadata, gate);
		sign(gate);
		gate->grant.bytes[gate->grant.len - at[i]] ^= 0x10;
		round_seal_again(&gate->round, &gate->grant);
		expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
	}
	expect_accepted(_metadata, gate);
}

/* Numbers that no signature has: 0, and the order of the group. */
TEST_F(grant, signature_range)
{
	struct gate *gate = &self->gate;
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	uint8_t numbers[3][48] = { { 0 } };

	BN_bn2binpad(EC_GROUP_get0_order(group), numbers[1], 48);
	memset(numbers[2], 0xff, 48);
	EC_GROUP_free(group);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		for (int half = 0; half < 3; half++) {
			uint8_t *signature;

			prepare(_metadata, gate);
			sign(gate);
			signature = gate->grant.bytes + gate->grant.len - BASTION_SIGNATURE_SIZE;
			if (half != 1)
				memcpy(signature, numbers[i], 48);
			if (half != 0)
				memcpy(signature + 48, numbers[i], 48);
			round_seal_again(&gate->round, &gate->grant);
			expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
		}
	}
}

/* (r, n - s) is as good a signature, but not the one that the token is bound to. */
TEST_F(grant, other_signature_that_verifies)
{
	struct gate *gate = &self->gate;
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	uint8_t *s;
	BIGNUM *bn;

	prepare(_metadata, gate);
	sign(gate);
	s = gate->grant.bytes + gate->grant.len - 48;
	bn = BN_bin2bn(s, 48, NULL);
	BN_sub(bn, EC_GROUP_get0_order(group), bn);
	BN_bn2binpad(bn, s, 48);
	BN_free(bn);
	EC_GROUP_free(group);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
}

TEST_F(grant, signed_by_a_stranger)
{
	struct gate *gate = &self->gate;
	struct round_verifier stranger;

	round_verifier_make(&stranger);
	prepare(_metadata, gate);
	round_sign(&gate->round, &gate->grant, stranger.key);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);

	prepare(_metadata, gate);
	memcpy(gate->grant.fixed.verifier, stranger.digest, BASTION_DIGEST_SIZE);
	round_sign(&gate->round, &gate->grant, stranger.key);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
}

/* One that is registered, in a round that is not its own. */
TEST_F(grant, signed_by_another_verifier)
{
	struct gate *gate = &self->gate;
	struct round_verifier other;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(gate->fd, &other));
	prepare(_metadata, gate);
	round_sign(&gate->round, &gate->grant, other.key);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);

	prepare(_metadata, gate);
	memcpy(gate->grant.fixed.verifier, other.digest, BASTION_DIGEST_SIZE);
	round_sign(&gate->round, &gate->grant, other.key);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
	EXPECT_EQ(0, round_verifier_remove(gate->fd, &other));
}

/* Tokens */

TEST_F(grant, token_bit)
{
	/* Of the ephemeral point (its prefix, X, Y), the ciphertext, the tag. */
	static const size_t at[] = { 0, 1, 96, 97, 128, 129, 144 };
	struct gate *gate = &self->gate;

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		prepare(_metadata, gate);
		sign(gate);
		gate->grant.sealed[at[i]] ^= 1;
		expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
	}
	expect_accepted(_metadata, gate);
}

TEST_F(grant, token_of_another_grant)
{
	struct gate *gate = &self->gate;
	struct round_grant other;

	prepare(_metadata, gate);
	other = gate->grant;
	other.fixed.lifetime = htole32(61);
	round_sign(&gate->round, &other, gate->verifier.key);
	sign(gate);
	memcpy(gate->grant.sealed, other.sealed, sizeof(other.sealed));
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
}

/* Well sealed, for this grant, but not what the grant has the hash of. */
TEST_F(grant, another_token)
{
	struct gate *gate = &self->gate;

	prepare(_metadata, gate);
	gate->grant.token[31] ^= 1;
	sign(gate);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
}

TEST_F(grant, token_for_another_boot_key)
{
	struct gate *gate = &self->gate;
	struct round_verifier other;

	round_verifier_make(&other);
	prepare(_metadata, gate);
	memcpy(gate->round.begin.boot_key, other.point, sizeof(other.point));
	sign(gate);
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);
}

/* Sizes */

TEST_F(grant, size)
{
	struct gate *gate = &self->gate;
	static const int by[] = { -1, 1, -96, 32, -(int)sizeof(struct bastion_grant_entry) };
	static const size_t to[] = { 0, 1, sizeof(struct bastion_grant),
				     BASTION_GRANT_SIZE(1) - 1, BASTION_GRANT_MAX + 1 };

	for (size_t i = 0; i < ARRAY_SIZE(by) + ARRAY_SIZE(to); i++) {
		prepare(_metadata, gate);
		sign(gate);
		gate->grant.len = i < ARRAY_SIZE(by) ? gate->grant.len + by[i] :
						       to[i - ARRAY_SIZE(by)];
		round_seal_again(&gate->round, &gate->grant);
		expect_refused(_metadata, &gate->round, &gate->grant, EBADMSG);
	}
	expect_accepted(_metadata, gate);
}

TEST_F(grant, token_size)
{
	struct gate *gate = &self->gate;
	static const uint32_t wrong[] = { 0, 144, 146, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct bastion_grant_args args = { .size = sizeof(args) };

		prepare(_metadata, gate);
		sign(gate);
		args.grant = (uintptr_t)gate->grant.bytes;
		args.grant_len = gate->grant.len;
		args.token = (uintptr_t)gate->grant.sealed;
		args.token_len = wrong[i];
		EXPECT_EQ(-EBADMSG, round_ioctl(gate->fd, BASTION_IOC_GRANT, &args));
		expect_refused(_metadata, &gate->round, &gate->grant, ESTALE);
	}
}

/* Only a TPM wants them; a size that is not that of some number of them is none. */
TEST_F(grant, policy_signatures)
{
	struct gate *gate = &self->gate;
	static const uint32_t wrong[] = {
		1, BASTION_SEALED_POLICIES_SIZE(1) - 1, BASTION_SEALED_POLICIES_SIZE(1) + 1,
		BASTION_SEALED_POLICIES_MAX + 1, UINT32_MAX
	};

	/* What does not decrypt is refused before it is counted. */
	prepare(_metadata, gate);
	sign(gate);
	gate->grant.signature_count = 1;
	gate->grant.policies[BASTION_POINT_SIZE] ^= 1;
	expect_refused(_metadata, &gate->round, &gate->grant, EKEYREJECTED);

	/* One, where a TPM wants one, and another chip none. */
	prepare(_metadata, gate);
	sign(gate);
	gate->grant.signature_count = 1;
	round_seal_again(&gate->round, &gate->grant);
	EXPECT_EQ(BY_CHIP(-EBADMSG, 0), round_submit(&gate->round, &gate->grant));
	ASSERT_EQ(0, round_relock(gate->fd));

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct bastion_grant_args args = {
			.size = sizeof(args),
			.token_len = sizeof(gate->grant.sealed), .policies_len = wrong[i],
		};

		prepare(_metadata, gate);
		sign(gate);
		args.grant = (uintptr_t)gate->grant.bytes;
		args.grant_len = gate->grant.len;
		args.token = (uintptr_t)gate->grant.sealed;
		args.policies = (uintptr_t)gate->grant.policies;
		EXPECT_EQ(-EBADMSG, round_ioctl(gate->fd, BASTION_IOC_GRANT, &args));
	}
}

/* Rounds */

TEST_F(grant, of_another_round)
{
	struct gate *gate = &self->gate;
	struct round_grant old;

	prepare(_metadata, gate);
	sign(gate);
	old = gate->grant;
	prepare(_metadata, gate);
	expect_refused(_metadata, &gate->round, &old, EKEYREJECTED);

	/* Nor with its token sealed for the new one. */
	prepare(_metadata, gate);
	round_seal_again(&gate->round, &old);
	expect_refused(_metadata, &gate->round, &old, EKEYREJECTED);
}

TEST_F(grant, replayed)
{
	struct gate *gate = &self->gate;
	struct round_grant used;

	prepare(_metadata, gate);
	sign(gate);
	used = gate->grant;
	EXPECT_EQ(0, round_submit(&gate->round, &used));
	EXPECT_EQ(-ESTALE, round_submit(&gate->round, &used));
	EXPECT_EQ(0, round_relock(gate->fd));
	EXPECT_EQ(-ESTALE, round_submit(&gate->round, &used));
	prepare(_metadata, gate);
	expect_refused(_metadata, &gate->round, &used, EKEYREJECTED);
}

/* A grant that is live outlasts another that is refused. */
TEST_F(grant, refused_beside_a_live_one)
{
	struct gate *gate = &self->gate;

	expect_accepted(_metadata, gate);
	prepare(_metadata, gate);
	gate->grant.fixed.kernel_nonce[0] ^= 1;
	sign(gate);
	EXPECT_EQ(-EKEYREJECTED, round_submit(&gate->round, &gate->grant));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(gate->fd));
}

TEST_F(grant, before_the_quote)
{
	struct gate *gate = &self->gate;

	prepare(_metadata, gate);
	sign(gate);
	ASSERT_EQ(0, round_begin(&gate->round, gate->fd, &gate->verifier));
	expect_refused(_metadata, &gate->round, &gate->grant, ESTALE);
}

TEST_F(grant, without_a_round)
{
	struct gate *gate = &self->gate;
	int fd;

	prepare(_metadata, gate);
	sign(gate);
	fd = round_open();
	ASSERT_LE(0, fd);
	gate->round.fd = fd;
	expect_refused(_metadata, &gate->round, &gate->grant, ESTALE);
	close(fd);
}

TEST_F(grant, one_quote_a_round)
{
	struct gate *gate = &self->gate;

	ASSERT_EQ(0, round_begin(&gate->round, gate->fd, &gate->verifier));
	EXPECT_EQ(0, round_quote(&gate->round));
	EXPECT_EQ(-ESTALE, round_quote(&gate->round));
}

/* The kernel's own: the chip may repeat itself (see chip-faults). */
TEST_F(grant, the_nonce_is_fresh)
{
	struct gate *gate = &self->gate;
	struct round other;

	ASSERT_EQ(0, round_begin(&gate->round, gate->fd, &gate->verifier));
	ASSERT_EQ(0, round_begin(&other, gate->fd, &gate->verifier));
	EXPECT_NE(0, memcmp(gate->round.begin.kernel_nonce, other.begin.kernel_nonce, 32));
}

TEST_F(grant, closing_the_file_ends_the_round)
{
	struct gate *gate = &self->gate;
	int fd = gate->fd, other = round_open();

	ASSERT_LE(0, other);
	gate->fd = other;
	prepare(_metadata, gate);
	sign(gate);
	gate->fd = fd;
	close(other);
	/* No longer busy, and of no use to anybody else. */
	gate->round.fd = fd;
	expect_refused(_metadata, &gate->round, &gate->grant, ESTALE);
	expect_accepted(_metadata, gate);
}

TEST_F(grant, a_round_belongs_to_its_file)
{
	struct gate *gate = &self->gate;
	struct round thief;
	int other = round_open();

	ASSERT_LE(0, other);
	prepare(_metadata, gate);
	sign(gate);
	EXPECT_EQ(-EBUSY, round_begin(&thief, other, &gate->verifier));
	thief = gate->round;
	thief.fd = other;
	EXPECT_EQ(-ESTALE, round_quote(&thief));
	EXPECT_EQ(-ESTALE, round_submit(&thief, &gate->grant));
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(gate->fd));
	close(other);
	EXPECT_EQ(0, round_submit(&gate->round, &gate->grant));
}

TEST_F(grant, relock_ends_the_round)
{
	struct gate *gate = &self->gate;

	prepare(_metadata, gate);
	sign(gate);
	ASSERT_EQ(0, round_relock(gate->fd));
	expect_refused(_metadata, &gate->round, &gate->grant, ESTALE);
}

TEST_F(grant, a_change_of_verifiers_ends_the_round)
{
	struct gate *gate = &self->gate;
	struct round_verifier other;

	round_verifier_make(&other);
	prepare(_metadata, gate);
	sign(gate);
	ASSERT_EQ(0, round_verifier_add(gate->fd, &other));
	expect_refused(_metadata, &gate->round, &gate->grant, ESTALE);
	prepare(_metadata, gate);
	sign(gate);
	ASSERT_EQ(0, round_verifier_remove(gate->fd, &other));
	expect_refused(_metadata, &gate->round, &gate->grant, ESTALE);
}

TEST_F(grant, for_a_verifier_that_is_not_registered)
{
	struct gate *gate = &self->gate;
	struct round_verifier other;

	round_verifier_make(&other);
	EXPECT_EQ(-ENOKEY, round_begin(&gate->round, gate->fd, &other));
}

/* Entries that are no good */

FIXTURE(entry) { struct gate gate; };
FIXTURE_SETUP(entry) { gate_setup(_metadata, &self->gate); }
FIXTURE_TEARDOWN(entry) { gate_teardown(_metadata, &self->gate); }
FIXTURE_VARIANT(entry) {
	uint32_t kind;
	uint32_t flags;
	uint8_t executable;
	uint8_t verifier;
	uint8_t policy;
};

#define ENTRY(name, ...) FIXTURE_VARIANT_ADD(entry, name) { __VA_ARGS__ }
ENTRY(kind_0, .kind = 0);
ENTRY(rebind_nowhere, .kind = BASTION_GRANT_REBIND);
ENTRY(rebind_without_verifier, .kind = BASTION_GRANT_REBIND, .policy = 1);
ENTRY(rebind_without_policy, .kind = BASTION_GRANT_REBIND, .verifier = 1);
ENTRY(rebind_for_an_executable, .kind = BASTION_GRANT_REBIND, .verifier = 1, .policy = 1,
      .flags = BASTION_GRANT_EXECUTABLE, .executable = 1);
ENTRY(kind_4, .kind = 4);
ENTRY(kind_large, .kind = 0x80000001);
ENTRY(flag, .kind = BASTION_GRANT_RELEASE, .flags = 2);
ENTRY(two_flags, .kind = BASTION_GRANT_RELEASE, .flags = 3, .executable = 1);
ENTRY(executable_of_zeroes, .kind = BASTION_GRANT_RELEASE, .flags = 1);
ENTRY(executable_to_create, .kind = BASTION_GRANT_CREATE, .flags = 1, .executable = 1);
ENTRY(executable_unflagged, .kind = BASTION_GRANT_RELEASE, .executable = 1);
ENTRY(dest_verifier, .kind = BASTION_GRANT_RELEASE, .verifier = 1);
ENTRY(dest_policy, .kind = BASTION_GRANT_RELEASE, .policy = 1);

TEST_F(entry, bad)
{
	struct gate *gate = &self->gate;
	struct bastion_grant_entry *entry;

	prepare(_metadata, gate);
	entry = round_allow(&gate->round, &gate->grant, variant->kind, "third");
	entry->flags = htole32(variant->flags);
	entry->executable[31] = variant->executable;
	entry->dest_verifier[47] = variant->verifier;
	entry->dest_policy[47] = variant->policy;
	sign(gate);
	expect_refused(_metadata, &gate->round, &gate->grant, EBADMSG);
}

TEST_F(grant, entry_twice)
{
	struct gate *gate = &self->gate;

	prepare(_metadata, gate);
	round_allow(&gate->round, &gate->grant, BASTION_GRANT_RELEASE, "prod");
	sign(gate);
	expect_refused(_metadata, &gate->round, &gate->grant, EBADMSG);
	expect_accepted(_metadata, gate);
}

TEST_HARNESS_MAIN
