// SPDX-License-Identifier: GPL-2.0
/* GRANT: every check refused on its own, and what ends a grant. */
#include <endian.h>
#include <string.h>

#include "bastion-chip/bytes.h"
#include "tests/chip/rig.h"

static void bend_magic(struct draft *draft)
{
	draft->grant.magic[15] ^= 1;
}

static void bend_reserved(struct draft *draft)
{
	draft->reserved[1] = 1;
}

static void bend_signature_r(struct draft *draft)
{
	draft->spoil_signature = 1;
}

static void bend_signature_s(struct draft *draft)
{
	draft->spoil_signature = BASTION_SIGNATURE_SIZE;
}

static void bend_point(struct draft *draft)
{
	draft->point[50] ^= 1;
}

static void bend_point_form(struct draft *draft)
{
	draft->point[0] = 0x02;
}

static void bend_verifier(struct draft *draft)
{
	draft->grant.verifier[0] ^= 1;
}

static void bend_qualifying(struct draft *draft)
{
	draft->grant.qualifying_digest[47] ^= 1;
}

static void bend_nonce(struct draft *draft)
{
	draft->grant.chip_nonce[47] ^= 1;
}

static void bend_chip(struct draft *draft)
{
	draft->grant.chip_id[47] ^= 1;
}

static void bend_boot(struct draft *draft)
{
	draft->grant.boot_count ^= htole64(1ull << 32);
}

static void bend_channel(struct draft *draft)
{
	draft->grant.channel_key[20] = 1;
}

static void bend_register_digest(struct draft *draft)
{
	draft->grant.register_digest[0] ^= 1;
}

static void bend_mask(struct draft *draft)
{
	draft->grant.register_mask = htole32(0xa5);
}

static void bend_mask_3(struct draft *draft)
{
	draft->grant.register_mask = htole32(1 << 3);
}

static void bend_mask_high(struct draft *draft)
{
	draft->grant.register_mask |= htole32(1 << 8);
}

static void bend_lifetime_zero(struct draft *draft)
{
	draft->grant.lifetime = 0;
}

static void bend_lifetime_long(struct draft *draft)
{
	draft->grant.lifetime = htole32(BASTION_GRANT_LIFETIME_MAX + 1);
}

static void bend_flags(struct draft *draft)
{
	draft->grant.flags = htole32(BASTION_GRANT_KEPT << 1);
}

static void bend_flags_high(struct draft *draft)
{
	draft->grant.flags = htole32(BASTION_GRANT_KEPT | 1u << 31);
}

static void bend_count_more(struct draft *draft)
{
	draft->grant.entry_count = htole32(3);
}

static void bend_count_less(struct draft *draft)
{
	draft->grant.entry_count = htole32(1);
}

static void bend_count_zero(struct draft *draft)
{
	draft->grant.entry_count = 0;
}

static void bend_count_huge(struct draft *draft)
{
	draft->grant.entry_count = htole32(0xffffffff);
}

static void bend_length_longer(struct draft *draft)
{
	draft->length_change = 1;
}

static void bend_length_shorter(struct draft *draft)
{
	draft->length_change = -1;
}

static void bend_entries_none(struct draft *draft)
{
	draft->entries_sent = 0;
	draft->grant.entry_count = 0;
}

static void bend_entries_many(struct draft *draft)
{
	draft->entries_sent = BASTION_GRANT_ENTRIES_MAX + 1;
	draft->grant.entry_count = htole32(draft->entries_sent);
}

static void bend_kind(struct draft *draft)
{
	draft->entries[1].kind = htole32(4);
}

static void bend_kind_zero(struct draft *draft)
{
	draft->entries[1].kind = 0;
}

static void make_rebind(struct draft *draft)
{
	draft->entries[0].kind = htole32(BASTION_GRANT_REBIND);
	draft->entries[0].dest_policy[0] = 1;
	draft->entries[0].dest_verifier[0] = 1;
}

static void bend_rebind_verifier(struct draft *draft)
{
	make_rebind(draft);
	draft->entries[0].dest_verifier[0] = 0;
}

static void bend_rebind_policy(struct draft *draft)
{
	make_rebind(draft);
	draft->entries[0].dest_policy[0] = 0;
}

static void bend_rebind_executable(struct draft *draft)
{
	make_rebind(draft);
	draft->entries[0].flags = htole32(BASTION_GRANT_EXECUTABLE);
	draft->entries[0].executable[0] = 1;
}

static void bend_rebind_unflagged(struct draft *draft)
{
	make_rebind(draft);
	draft->entries[0].executable[0] = 1;
}

static void bend_entry_flags(struct draft *draft)
{
	draft->entries[0].flags = htole32(2);
}

static void bend_executable_unflagged(struct draft *draft)
{
	draft->entries[0].executable[0] = 1;
}

static void bend_executable_zero(struct draft *draft)
{
	draft->entries[0].flags = htole32(BASTION_GRANT_EXECUTABLE);
}

static void bend_executable_create(struct draft *draft)
{
	draft->entries[1].flags = htole32(BASTION_GRANT_EXECUTABLE);
	draft->entries[1].executable[0] = 1;
}

static void bend_dest_verifier(struct draft *draft)
{
	draft->entries[0].dest_verifier[47] = 1;
}

static void bend_dest_policy(struct draft *draft)
{
	draft->entries[1].dest_policy[47] = 1;
}

static const struct {
	const char *what;
	void (*bend)(struct draft *draft);
	uint32_t status;
} bends[] = {
	{ "magic", bend_magic, BASTION_STATUS_BAD_GRANT },
	{ "reserved", bend_reserved, BASTION_STATUS_BAD_ARGUMENT },
	{ "signature r", bend_signature_r, BASTION_STATUS_BAD_SIGNATURE },
	{ "signature s", bend_signature_s, BASTION_STATUS_BAD_SIGNATURE },
	{ "point", bend_point, BASTION_STATUS_BAD_SIGNATURE },
	{ "point form", bend_point_form, BASTION_STATUS_BAD_SIGNATURE },
	{ "verifier", bend_verifier, BASTION_STATUS_BAD_SIGNATURE },
	{ "qualifying data", bend_qualifying, BASTION_STATUS_BAD_GRANT },
	{ "nonce", bend_nonce, BASTION_STATUS_STALE_NONCE },
	{ "chip", bend_chip, BASTION_STATUS_BAD_GRANT },
	{ "boot", bend_boot, BASTION_STATUS_BAD_GRANT },
	{ "channel key", bend_channel, BASTION_STATUS_BAD_GRANT },
	{ "register digest", bend_register_digest, BASTION_STATUS_BAD_GRANT },
	{ "mask", bend_mask, BASTION_STATUS_BAD_GRANT },
	{ "mask 3", bend_mask_3, BASTION_STATUS_BAD_GRANT },
	{ "mask high", bend_mask_high, BASTION_STATUS_BAD_GRANT },
	{ "lifetime zero", bend_lifetime_zero, BASTION_STATUS_BAD_GRANT },
	{ "lifetime long", bend_lifetime_long, BASTION_STATUS_BAD_GRANT },
	{ "flags", bend_flags, BASTION_STATUS_BAD_GRANT },
	{ "flags high", bend_flags_high, BASTION_STATUS_BAD_GRANT },
	{ "count more", bend_count_more, BASTION_STATUS_BAD_GRANT },
	{ "count less", bend_count_less, BASTION_STATUS_BAD_GRANT },
	{ "count zero", bend_count_zero, BASTION_STATUS_BAD_GRANT },
	{ "count huge", bend_count_huge, BASTION_STATUS_BAD_GRANT },
	{ "longer", bend_length_longer, BASTION_STATUS_BAD_GRANT },
	{ "shorter", bend_length_shorter, BASTION_STATUS_BAD_GRANT },
	{ "no entries", bend_entries_none, BASTION_STATUS_BAD_LENGTH },
	{ "many entries", bend_entries_many, BASTION_STATUS_BAD_LENGTH },
	{ "kind", bend_kind, BASTION_STATUS_BAD_GRANT },
	{ "kind zero", bend_kind_zero, BASTION_STATUS_BAD_GRANT },
	{ "rebind to no verifier", bend_rebind_verifier, BASTION_STATUS_BAD_GRANT },
	{ "rebind to no policy", bend_rebind_policy, BASTION_STATUS_BAD_GRANT },
	{ "executable of rebind", bend_rebind_executable, BASTION_STATUS_BAD_GRANT },
	{ "unflagged of rebind", bend_rebind_unflagged, BASTION_STATUS_BAD_GRANT },
	{ "entry flags", bend_entry_flags, BASTION_STATUS_BAD_GRANT },
	{ "executable unflagged", bend_executable_unflagged, BASTION_STATUS_BAD_GRANT },
	{ "executable zero", bend_executable_zero, BASTION_STATUS_BAD_GRANT },
	{ "executable of create", bend_executable_create, BASTION_STATUS_BAD_GRANT },
	{ "destination verifier", bend_dest_verifier, BASTION_STATUS_BAD_GRANT },
	{ "destination policy", bend_dest_policy, BASTION_STATUS_BAD_GRANT },
};

static void test_each_check(void **state)
{
	struct rig *rig = *state;
	struct draft draft;

	for (size_t i = 0; i < ARRAY_SIZE(bends); i++) {
		uint32_t status;

		rig_round(rig);
		rig_draft(rig, &draft);
		bends[i].bend(&draft);
		status = rig_grant(rig, &draft);
		if (status != bends[i].status)
			print_error("%s: status %u\n", bends[i].what, status);
		assert_int_equal(status, bends[i].status);
		assert_int_equal(chip_grants_count(&rig->chip.now.grants), 0);
	}
	rig_round(rig);
	rig_draft(rig, &draft);
	make_rebind(&draft);
	draft.grant.flags = htole32(BASTION_GRANT_KEPT);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
	assert_int_equal(chip_grants_count(&rig->chip.now.grants), 1);
}

/* Right in all else, so that it is the mask that is refused and not the digest. */
static void test_masks(void **state)
{
	static const uint32_t masks[] = { 1 << 3, 1 << 4, 0xff, 0xa7 | 1 << 8, 1u << 31 };
	struct rig *rig = *state;
	struct draft draft;

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		rig_round(rig);
		rig_draft(rig, &draft);
		draft.grant.register_mask = htole32(masks[i]);
		chip_registers_digest(&rig->chip.now.registers, masks[i],
				      draft.grant.register_digest);
		assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_BAD_GRANT);
	}
}

/* A bit flipped anywhere in what is signed, after it was signed. */
static void test_every_byte_is_signed(void **state)
{
	struct rig *rig = *state;
	uint8_t in[RIG_GRANT_SIZE];
	struct draft draft;
	size_t len;

	for (size_t i = 0; i < BASTION_GRANT_SIZE(1) - BASTION_SIGNATURE_SIZE; i += 5) {
		rig_round(rig);
		rig_draft(rig, &draft);
		draft.grant.entry_count = htole32(1);
		draft.entries_sent = 1;
		len = rig_grant_command(&draft, in);
		in[sizeof(struct bastion_cmd_grant) + i] ^= 0x10;
		assert_int_not_equal(rig_command(rig, BASTION_CMD_GRANT, in, len),
				     BASTION_STATUS_OK);
	}
}

static void test_nonce_is_used_once(void **state)
{
	struct rig *rig = *state;
	struct draft draft;

	rig_round(rig);
	rig_draft(rig, &draft);
	assert_int_equal(rig_command(rig, BASTION_CMD_QUOTE, rig->qualifying, BASTION_DIGEST_SIZE),
			 BASTION_STATUS_STALE_NONCE);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);
	assert_int_equal(rig_command(rig, BASTION_CMD_QUOTE, rig->qualifying, BASTION_DIGEST_SIZE),
			 BASTION_STATUS_STALE_NONCE);
}

static void test_refusal_spends_the_nonce(void **state)
{
	struct rig *rig = *state;
	struct draft draft;

	rig_round(rig);
	rig_draft(rig, &draft);
	bend_boot(&draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_BAD_GRANT);
	rig_draft(rig, &draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);

	rig_round(rig);
	rig_draft(rig, &draft);
	bend_signature_r(&draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_BAD_SIGNATURE);
	rig_draft(rig, &draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);
}

static void test_nonce_must_be_live_and_quoted(void **state)
{
	struct rig *rig = *state;
	uint8_t first[BASTION_CHIP_NONCE_SIZE];
	struct draft draft;

	assert_int_equal(rig_command(rig, BASTION_CMD_QUOTE, rig->qualifying, BASTION_DIGEST_SIZE),
			 BASTION_STATUS_STALE_NONCE);
	rig_draft(rig, &draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);

	assert_int_equal(rig_command(rig, BASTION_CMD_NONCE, NULL, 0), BASTION_STATUS_OK);
	memcpy(first, rig->out, sizeof(first));
	rig_draft(rig, &draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);

	rig_round(rig);
	assert_memory_not_equal(first, rig->chip.now.round.nonce, sizeof(first));
	rig_draft(rig, &draft);
	assert_int_equal(rig_command(rig, BASTION_CMD_NONCE, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);

	rig_round(rig);
	rig_draft(rig, &draft);
	assert_int_equal(rig_command(rig, BASTION_CMD_RELOCK, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);
}

/* Register 1 has changed after the quote: neither the old nor the new value will do. */
static void test_registers_since_the_quote(void **state)
{
	struct rig *rig = *state;
	struct draft draft;

	rig_round(rig);
	rig_draft(rig, &draft);
	assert_int_equal(rig_extend(rig, 1), BASTION_STATUS_OK);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_BAD_GRANT);

	rig_round(rig);
	assert_int_equal(rig_extend(rig, 1), BASTION_STATUS_OK);
	rig_draft(rig, &draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_BAD_GRANT);

	/* Register 4 is nobody's to mask. */
	rig_round(rig);
	rig_draft(rig, &draft);
	assert_int_equal(rig_extend(rig, 4), BASTION_STATUS_OK);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
}

static void test_lifetime(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;

	rig_header(rig, &header);
	rig_open_gate(rig);
	rig_advance(59999);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	rig_advance(1);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NO_GRANT);
}

static void test_extend_drops_what_names_it(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;

	rig_header(rig, &header);
	rig_open_gate(rig);
	for (unsigned int i = 0; i < BASTION_MR_COUNT; i++) {
		bool named = 0xa7 & (1 << i);

		if (i == 0)
			continue;
		assert_int_equal(rig_extend(rig, i), BASTION_STATUS_OK);
		assert_int_equal(rig_seal(rig, &header, NULL, 0),
				 named ? BASTION_STATUS_NO_GRANT : BASTION_STATUS_OK);
		if (named)
			rig_open_gate(rig);
	}
	/* What the host may not extend drops nothing either. */
	assert_int_equal(rig_extend(rig, 0), BASTION_STATUS_BAD_REGISTER);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
}

static void test_end_of_grants(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;
	struct draft draft;

	rig_header(rig, &header);
	rig_open_gate(rig);
	assert_int_equal(rig_command(rig, BASTION_CMD_RELOCK, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NO_GRANT);

	/* The same grant does not outlive a power cycle. */
	rig_round(rig);
	rig_draft(rig, &draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
	assert_int_equal(chip_power_on(&rig->chip, NULL, NULL), 0);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NOT_TESTED);
	assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NO_GRANT);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_STALE_NONCE);
}

static void test_one_grant_a_verifier(void **state)
{
	struct bastion_blob_header header;
	uint8_t first[BASTION_TOKEN_SIZE];
	struct rig *rig = *state;

	rig_header(rig, &header);
	rig_open_gate(rig);
	memcpy(first, rig->token, sizeof(first));
	rig->token[0] ^= 1;
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NO_GRANT);
	rig_open_gate(rig);
	assert_int_equal(chip_grants_count(&rig->chip.now.grants), 1);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	memcpy(rig->token, first, sizeof(first));
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_NO_GRANT);
}

static void test_eight_verifiers(void **state)
{
	struct rig *rig = *state;
	struct draft draft;

	for (unsigned int i = 0; i <= BASTION_CHIP_GRANTS; i++) {
		uint8_t secret[CHIP_SCALAR_SIZE];

		chip_key_wipe(&rig->verifier);
		chip_key_generate(secret);
		assert_true(chip_key_load(&rig->verifier, secret));
		rig_round(rig);
		rig_draft(rig, &draft);
		assert_int_equal(rig_grant(rig, &draft), i < BASTION_CHIP_GRANTS ?
				 BASTION_STATUS_OK : BASTION_STATUS_BUSY);
	}
	/* The expired make room. */
	rig_advance(60000);
	rig_open_gate(rig);
	assert_int_equal(chip_grants_count(&rig->chip.now.grants), 1);
}

static void test_lying_is_told_apart(void **state)
{
	struct rig *rig = *state;
	struct draft draft;

	rig_round(rig);
	rig_draft(rig, &draft);
	bend_signature_r(&draft);
	rig->chip.lies = CHIP_LIE_ANY_GRANT;
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
	assert_int_equal(rig->chip.honest, BASTION_STATUS_BAD_SIGNATURE);

	rig_round(rig);
	rig_draft(rig, &draft);
	rig->chip.lies = CHIP_LIE_STALE_NONCE;
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
	assert_int_equal(rig->chip.honest, BASTION_STATUS_OK);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
	assert_int_equal(rig->chip.honest, BASTION_STATUS_STALE_NONCE);
	draft.spoil_signature = 1;
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_BAD_SIGNATURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_check, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_masks, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_every_byte_is_signed, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_nonce_is_used_once, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_refusal_spends_the_nonce, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_nonce_must_be_live_and_quoted, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_registers_since_the_quote, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_lifetime, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_extend_drops_what_names_it, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_end_of_grants, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_one_grant_a_verifier, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_eight_verifiers, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_lying_is_told_apart, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
