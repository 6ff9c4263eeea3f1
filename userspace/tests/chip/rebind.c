// SPDX-License-Identifier: GPL-2.0
/* REBIND: under whose grant, whereto, and that a header only ever gets tighter. */
#include <endian.h>
#include <string.h>

#include "bastion-chip/blob.h"
#include "bastion-chip/bytes.h"
#include "tests/chip/reference.h"
#include "tests/chip/rig.h"

/** struct bench - a rig, and the verifier that keys are moved to */
struct bench {
	struct rig *rig;
	struct party to;
};

static int setup(void **state)
{
	struct bench *bench = test_calloc(1, sizeof(*bench));

	rig_setup((void **)&bench->rig);
	rig_party(&bench->to);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	chip_key_wipe(&bench->to.verifier);
	rig_teardown((void **)&bench->rig);
	test_free(bench);
	return 0;
}

/* A REBIND of the blob in the rig's output that is right, if the grant is. */
static void prepare(struct bench *bench, struct rebind *rebind)
{
	rig_rebind_prepare(bench->rig, rebind);
	memcpy(rebind->want.verifier, bench->to.verifier.spki_digest, BASTION_DIGEST_SIZE);
	memcpy(rebind->want.policy, bench->to.policy, BASTION_DIGEST_SIZE);
}

static void seal_and_prepare(struct bench *bench, const struct bastion_blob_header *header,
			     struct rebind *rebind)
{
	assert_int_equal(rig_seal(bench->rig, header, NULL, 0), BASTION_STATUS_OK);
	prepare(bench, rebind);
}

/* A header with something of everything that can be tightened. */
static void loose_header(struct rig *rig, struct bastion_blob_header *header, uint16_t kind)
{
	rig_header_kind(rig, header, kind);
	header->min_svn = htole32(2);
	header->register_mask = htole32(1 << 6);
	chip_registers_digest(&rig->chip.now.registers, 1 << 6, header->register_digest);
}

static void test_secret_moves(void **state)
{
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct unseal before, after;
	struct rebind rebind;
	uint8_t secret[32];

	rig_open_rebind(rig, &bench->to);
	rig_header(rig, &header);
	seal_and_prepare(bench, &header, &rebind);
	rig_unseal_prepare(rig, &before);
	assert_int_equal(rig_unseal(rig, &before), BASTION_STATUS_OK);
	memcpy(secret, rig->out, sizeof(secret));
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, rebind.blob_len);
	rig_unseal_prepare(rig, &after);
	/* It is the wanted header, with what the chip fills in, and another salt. */
	memcpy(&header, after.blob, sizeof(header));
	assert_memory_equal(header.chip_id, rig->chip.identity.spki_digest, BASTION_DIGEST_SIZE);
	assert_memory_not_equal(header.salt, before.blob + offsetof(struct bastion_blob_header,
								    salt), BASTION_SALT_SIZE);
	memset(header.chip_id, 0, sizeof(header.chip_id));
	memset(header.salt, 0, sizeof(header.salt));
	assert_memory_equal(&header, &rebind.want, sizeof(header));

	/* The old verifier's grant no longer opens it; the new one's does. */
	assert_int_equal(rig_unseal(rig, &after), BASTION_STATUS_DENIED);
	rig_swap(rig, &bench->to);
	rig_open_gate(rig);
	memcpy(after.fixed.token, rig->token, sizeof(after.fixed.token));
	assert_int_equal(rig_unseal(rig, &after), BASTION_STATUS_OK);
	assert_memory_equal(rig->out, secret, sizeof(secret));
	/* Without a counter the old blob stays as good as it was. */
	assert_int_equal(rig_unseal(rig, &before), BASTION_STATUS_OK);
}

/* To the other verifier, back, and so on: it stays the same key pair. */
static void test_chain(void **state)
{
	uint8_t point[BASTION_POINT_SIZE];
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind;
	struct sign sign;

	rig_open_gate(rig);
	rig_header_kind(rig, &header, BASTION_KIND_P384);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	memcpy(point, rig->out + sizeof(header), sizeof(point));
	for (int i = 0; i < 5; i++) {
		rig_sign_prepare(rig, &sign);
		rig_open_rebind(rig, &bench->to);
		memcpy(rig->out, sign.blob, sign.blob_len);
		rig->out_len = sign.blob_len;
		prepare(bench, &rebind);
		assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
		assert_int_equal(rig->out_len, BASTION_BLOB_P384_SIZE);
		assert_memory_equal(rig->out + sizeof(header), point, sizeof(point));
		rig_swap(rig, &bench->to);
		rig_sign_prepare(rig, &sign);
		rig_open_gate(rig);
		assert_int_equal(rig_sign(rig, &sign), BASTION_STATUS_OK);
		assert_true(reference_verify(point, sign.fixed.digest, 48, rig->out));
		memcpy(rig->out, sign.blob, sign.blob_len);
		rig->out_len = sign.blob_len;
	}
}

/* A chip that lies about the kind lies well: nothing else is wrong with the blob. */
static void test_other_kind(void **state)
{
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind;

	rig_open_rebind(rig, &bench->to);
	rig_header_kind(rig, &header, BASTION_KIND_P384);
	seal_and_prepare(bench, &header, &rebind);
	rig->chip.lies = CHIP_LIE_KIND;
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
	memcpy(&header, rig->out, sizeof(header));
	assert_int_equal(le16toh(header.kind), BASTION_KIND_SECRET);
	assert_true(chip_blob_header_good(&header));
	assert_int_equal(rig->out_len, BASTION_BLOB_P384_SIZE);
	assert_int_equal(chip_blob_size(&header), rig->out_len);
}

static void no_rebind(struct bastion_grant_entry *entry)
{
	entry->kind = htole32(BASTION_GRANT_RELEASE);
	memset(entry->dest_verifier, 0, sizeof(entry->dest_verifier));
	memset(entry->dest_policy, 0, sizeof(entry->dest_policy));
}

static void only_create(struct bastion_grant_entry *entry)
{
	no_rebind(entry);
	entry->kind = htole32(BASTION_GRANT_CREATE);
}

static void other_policy(struct bastion_grant_entry *entry)
{
	entry->policy[0] ^= 1;
}

static void other_verifier_there(struct bastion_grant_entry *entry)
{
	entry->dest_verifier[47] ^= 1;
}

static void other_policy_there(struct bastion_grant_entry *entry)
{
	entry->dest_policy[47] ^= 1;
}

static void test_destination(void **state)
{
	static void (*const bends[])(struct bastion_grant_entry *entry) = {
		no_rebind, only_create, other_policy, other_verifier_there, other_policy_there,
	};
	struct bastion_grant_entry right = { .kind = htole32(BASTION_GRANT_REBIND) }, entry;
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind;
	struct unseal unseal;

	memcpy(right.policy, rig->policy, sizeof(right.policy));
	memcpy(right.dest_verifier, bench->to.verifier.spki_digest, BASTION_DIGEST_SIZE);
	memcpy(right.dest_policy, bench->to.policy, BASTION_DIGEST_SIZE);
	rig_open_gate(rig);
	rig_header(rig, &header);
	seal_and_prepare(bench, &header, &rebind);
	rig_unseal_prepare(rig, &unseal);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	for (size_t i = 0; i < ARRAY_SIZE(bends); i++) {
		entry = right;
		bends[i](&entry);
		rig_grant_entry(rig, &entry);
		assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	}
	rig_grant_entry(rig, &right);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
	/* That is all that such an entry allows. */
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_DENIED);
	assert_int_equal(rig_unseal(rig, &unseal), BASTION_STATUS_DENIED);
}

static void test_needs_a_grant(void **state)
{
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind;

	rig_open_rebind(rig, &bench->to);
	rig_header(rig, &header);
	seal_and_prepare(bench, &header, &rebind);
	rebind.fixed.token[5] ^= 1;
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_NO_GRANT);
	/* The new verifier's grant does not take a key away from the old one. */
	rig_swap(rig, &bench->to);
	rig_open_rebind(rig, &bench->to);
	memcpy(rebind.fixed.token, rig->token, sizeof(rig->token));
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	rig_swap(rig, &bench->to);
	memcpy(rebind.fixed.token, rig->token, sizeof(rig->token));
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
	rig_advance(60000);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_NO_GRANT);
	rig->chip.lies = CHIP_LIE_NO_GRANT;
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
	assert_int_equal(rig->chip.honest, BASTION_STATUS_NO_GRANT);
}

static void test_shape(void **state)
{
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind, bent;

	rig_open_rebind(rig, &bench->to);
	rig_header(rig, &header);
	seal_and_prepare(bench, &header, &rebind);
	for (bent = rebind, bent.blob_len = 0; bent.blob_len < rebind.blob_len + 8; bent.blob_len++)
		assert_int_equal(rig_rebind(rig, &bent), bent.blob_len == rebind.blob_len ?
				 BASTION_STATUS_OK : BASTION_STATUS_BAD_LENGTH);
	bent = rebind;
	bent.fixed.reserved = htole32(1);
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_BAD_ARGUMENT);
	bent = rebind;
	bent.want.chip_id[0] = 1;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_BAD_ARGUMENT);
	bent = rebind;
	bent.want.salt[0] = 1;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_BAD_ARGUMENT);
	bent = rebind;
	bent.want.counter_index = htole32(1);
	bent.want.counter_value = htole64(1);
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_BAD_ARGUMENT);
	bent = rebind;
	bent.want.magic[0] ^= 1;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_BAD_ARGUMENT);
	/* Authenticity comes before the grant, and before what is wanted. */
	bent = rebind;
	bent.blob[bent.blob_len - 1] ^= 1;
	bent.fixed.token[0] ^= 1;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_BAD_BLOB);
	bent.blob[offsetof(struct bastion_blob_header, chip_id)] ^= 1;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_WRONG_CHIP);
}

static void test_old_header_holds(void **state)
{
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind;

	rig_open_rebind(rig, &bench->to);
	loose_header(rig, &header, BASTION_KIND_SECRET);
	seal_and_prepare(bench, &header, &rebind);
	rebind.fixed.owner = htole32(1001);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	rebind.fixed.owner = htole32(0);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	rebind.fixed.owner = htole32(1000);
	rig->chip.fuses.svn = htole32(1);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	rig->chip.fuses.svn = htole32(3);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
	assert_int_equal(rig_extend(rig, 6), BASTION_STATUS_OK);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	/* Nor with the registers as they are now: a key is not moved out of its state. */
	chip_registers_digest(&rig->chip.now.registers, 1 << 6, rebind.want.register_digest);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
}

static void test_derived_stays(void **state)
{
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind;

	rig_open_rebind(rig, &bench->to);
	rig_header_kind(rig, &header, BASTION_KIND_DERIVED);
	seal_and_prepare(bench, &header, &rebind);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	memcpy(rebind.want.salt, header.salt, sizeof(header.salt));
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
	rebind.want.kind = htole16(BASTION_KIND_SECRET);
	memset(rebind.want.salt, 0, sizeof(rebind.want.salt));
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_DENIED);
}

/* What is wanted, by name; @rig is there for its registers. */
static void mask(struct rig *rig, struct bastion_blob_header *want, uint32_t bits)
{
	want->register_mask = htole32(bits);
	memset(want->register_digest, 0, sizeof(want->register_digest));
	if (bits)
		chip_registers_digest(&rig->chip.now.registers, bits, want->register_digest);
}

static void want_same(struct rig *rig, struct bastion_blob_header *want) {}

static void want_fewer_types(struct rig *rig, struct bastion_blob_header *want)
{
	want->types = htole32(BASTION_TYPE_FSCRYPT);
}

static void want_other_type(struct rig *rig, struct bastion_blob_header *want)
{
	want->types = htole32(BASTION_TYPE_USER);
}

static void want_more_types(struct rig *rig, struct bastion_blob_header *want)
{
	want->types = htole32(BASTION_TYPE_ALL);
}

static void want_more_registers(struct rig *rig, struct bastion_blob_header *want)
{
	mask(rig, want, 1 << 6 | 1 << 5 | 1 << 1);
}

static void want_more_registers_wrongly(struct rig *rig, struct bastion_blob_header *want)
{
	mask(rig, want, 1 << 6 | 1 << 5);
	want->register_digest[0] ^= 1;
}

static void want_more_registers_old_digest(struct rig *rig, struct bastion_blob_header *want)
{
	want->register_mask = htole32(1 << 6 | 1 << 5);
}

static void want_other_registers(struct rig *rig, struct bastion_blob_header *want)
{
	mask(rig, want, 1 << 5 | 1 << 7);
}

static void want_no_registers(struct rig *rig, struct bastion_blob_header *want)
{
	mask(rig, want, 0);
}

static void want_other_digest(struct rig *rig, struct bastion_blob_header *want)
{
	want->register_digest[47] ^= 1;
}

static void want_executable(struct rig *rig, struct bastion_blob_header *want)
{
	want->flags |= htole32(BASTION_BLOB_EXECUTABLE);
	want->executable[0] = 5;
}

static void want_counter(struct rig *rig, struct bastion_blob_header *want)
{
	want->counter_index = htole32(16);
}

static void want_newer_firmware(struct rig *rig, struct bastion_blob_header *want)
{
	want->min_svn = htole32(3);
}

static void want_older_firmware(struct rig *rig, struct bastion_blob_header *want)
{
	want->min_svn = htole32(1);
}

static void want_future_firmware(struct rig *rig, struct bastion_blob_header *want)
{
	want->min_svn = htole32(4);
}

static void want_other_name(struct rig *rig, struct bastion_blob_header *want)
{
	want->name[4] = '1';
}

static void want_other_owner(struct rig *rig, struct bastion_blob_header *want)
{
	want->owner = htole32(0);
}

static void want_longer(struct rig *rig, struct bastion_blob_header *want)
{
	want->secret_len = htole32(33);
}

static void want_imported(struct rig *rig, struct bastion_blob_header *want)
{
	want->flags ^= htole32(BASTION_BLOB_IMPORTED);
}

static void want_derived(struct rig *rig, struct bastion_blob_header *want)
{
	want->kind = htole16(BASTION_KIND_DERIVED);
	want->types = htole32(BASTION_TYPE_LOGON);
	want->min_svn = 0;
}

static void want_pair(struct rig *rig, struct bastion_blob_header *want)
{
	want->kind = htole16(BASTION_KIND_P384);
	want->types = 0;
	want->secret_len = htole32(BASTION_SCALAR_SIZE);
}

static void want_secret(struct rig *rig, struct bastion_blob_header *want)
{
	want->kind = htole16(BASTION_KIND_SECRET);
	want->types = htole32(BASTION_TYPE_USER);
}

static void all_at_once(struct rig *rig, struct bastion_blob_header *want)
{
	want_more_registers(rig, want);
	want_executable(rig, want);
	want_counter(rig, want);
	want_newer_firmware(rig, want);
}

#define SECRET (1 << BASTION_KIND_SECRET)
#define PAIR (1 << BASTION_KIND_P384)

static const struct {
	const char *what;
	void (*bend)(struct rig *rig, struct bastion_blob_header *want);
	unsigned int kinds;
	uint32_t status;
} wants[] = {
	{ "the same", want_same, SECRET | PAIR, BASTION_STATUS_OK },
	{ "fewer types", want_fewer_types, SECRET, BASTION_STATUS_OK },
	{ "another type", want_other_type, SECRET, BASTION_STATUS_DENIED },
	{ "more types", want_more_types, SECRET, BASTION_STATUS_DENIED },
	{ "types of a pair", want_fewer_types, PAIR, BASTION_STATUS_BAD_ARGUMENT },
	{ "more registers", want_more_registers, SECRET | PAIR, BASTION_STATUS_OK },
	{ "more registers, wrongly", want_more_registers_wrongly, SECRET | PAIR,
	  BASTION_STATUS_DENIED },
	{ "more registers, old digest", want_more_registers_old_digest, SECRET | PAIR,
	  BASTION_STATUS_DENIED },
	{ "other registers", want_other_registers, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "no registers", want_no_registers, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "another digest", want_other_digest, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "an executable", want_executable, SECRET | PAIR, BASTION_STATUS_OK },
	{ "a counter", want_counter, SECRET | PAIR, BASTION_STATUS_OK },
	{ "newer firmware", want_newer_firmware, SECRET | PAIR, BASTION_STATUS_OK },
	{ "older firmware", want_older_firmware, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "future firmware", want_future_firmware, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "another name", want_other_name, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "another owner", want_other_owner, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "another length", want_longer, SECRET, BASTION_STATUS_DENIED },
	{ "imported", want_imported, SECRET, BASTION_STATUS_DENIED },
	{ "derived", want_derived, SECRET | PAIR, BASTION_STATUS_DENIED },
	{ "a pair", want_pair, SECRET, BASTION_STATUS_DENIED },
	{ "a secret", want_secret, PAIR, BASTION_STATUS_DENIED },
	{ "all at once", all_at_once, SECRET | PAIR, BASTION_STATUS_OK },
};

static void expect_wants(struct bench *bench, const struct rebind *rebind, uint16_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++) {
		struct rebind bent = *rebind;
		uint32_t status;

		if (!(wants[i].kinds & (1u << kind)))
			continue;
		wants[i].bend(bench->rig, &bent.want);
		status = rig_rebind(bench->rig, &bent);
		if (status != wants[i].status)
			print_error("%s, kind %u: status %u\n", wants[i].what, kind, status);
		assert_int_equal(status, wants[i].status);
	}
}

static void test_tightening(void **state)
{
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind;

	rig_open_rebind(rig, &bench->to);
	loose_header(rig, &header, BASTION_KIND_SECRET);
	seal_and_prepare(bench, &header, &rebind);
	expect_wants(bench, &rebind, BASTION_KIND_SECRET);
	loose_header(rig, &header, BASTION_KIND_P384);
	seal_and_prepare(bench, &header, &rebind);
	expect_wants(bench, &rebind, BASTION_KIND_P384);
}

/* What was added once stays; and a secret that came from outside has come from there. */
static void test_what_is_there_stays(void **state)
{
	static const uint8_t secret[32] = { 1, 2, 3 };
	struct bastion_blob_header header;
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rebind rebind, bent;

	rig_open_rebind(rig, &bench->to);
	rig_header(rig, &header);
	want_executable(rig, &header);
	want_counter(rig, &header);
	header.flags |= htole32(BASTION_BLOB_IMPORTED);
	assert_int_equal(rig_seal(rig, &header, secret, sizeof(secret)), BASTION_STATUS_OK);
	prepare(bench, &rebind);
	bent = rebind;
	want_imported(rig, &bent.want);
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_DENIED);
	bent = rebind;
	bent.want.flags = htole32(BASTION_BLOB_IMPORTED);
	bent.want.executable[0] = 0;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_DENIED);
	bent = rebind;
	bent.want.executable[0] = 6;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_DENIED);
	bent = rebind;
	bent.want.counter_index = 0;
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_DENIED);
	bent.want.counter_index = htole32(15);
	assert_int_equal(rig_rebind(rig, &bent), BASTION_STATUS_DENIED);
	assert_int_equal(rig_rebind(rig, &rebind), BASTION_STATUS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_secret_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destination, setup, teardown),
		cmocka_unit_test_setup_teardown(test_needs_a_grant, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shape, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_header_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_derived_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tightening, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_there_stays, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
