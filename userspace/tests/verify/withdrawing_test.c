// SPDX-License-Identifier: GPL-2.0
/* Enrolment as the program does it: who does not come back, and what changes while it goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bastion-verifier/files.h"
#include "bastion-verifier/machines.h"
#include "testworld.h"

/* Who was withdrawn does not come back by itself, whatever of its public area it varies. */
static void test_removed(void **state)
{
	struct world *world = *state;
	struct bv_machine machine = { .kind = BV_MACHINE_TPM };
	struct bv_error err = { "" };
	struct bv_span text;

	world_expect(world, "web-1");
	world_enrolls(world, "web-1");
	assert_int_equal(file_read(world->record, BV_MACHINE_MAX, &text, &err), 0);
	assert_int_equal(bv_machine_parse(text, NULL, &machine, &err), 0);
	free((void *)text.data);
	assert_int_equal(unlink(world->record), 0);
	world_refuses(world, world_enroll(world, "web-1"), "its record has been removed");
	world_journal_says(world, "refused", "its record has been removed");
	world->tw.ek->attributes |= BV_TPM_WITH_AUTH;
	tk_make_public(world->tw.ek);
	world_expect(world, "web-2");
	world_refuses(world, world_enroll(world, "web-2"), "its record has been removed");
	assert_int_equal(access(world->record, F_OK), -1);
	world->tw.ek->attributes &= ~BV_TPM_WITH_AUTH;
	tk_make_public(world->tw.ek);
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), 0);
	world_expect(world, "web-1");
	world_enrolls(world, "web-1");
}

/* A disk that was full makes nobody one who was withdrawn. */
static void test_unwritten(void **state)
{
	struct world *world = *state;
	char journal[256], unfinished[512];

	snprintf(journal, sizeof(journal), "%s/journal", world->machines);
	snprintf(unfinished, sizeof(unfinished), "%s.new", world->record);
	world_expect(world, "web-1");
	assert_int_equal(mkdir(journal, 0700), 0);
	world_refuses(world, world_enroll(world, "web-1"), "journal");
	assert_int_equal(rmdir(journal), 0);
	assert_int_equal(mkdir(unfinished, 0700), 0);
	world_refuses(world, world_enroll(world, "web-1"), ".new");
	assert_int_equal(rmdir(unfinished), 0);
	assert_int_equal(access(world->record, F_OK), -1);
	world_enrolls(world, "web-1");
}

static void test_policy(void **state)
{
	struct world *world = *state;
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	world_expect(world, "web-1");
	world->service.policy = NULL;
	world_refuses(world, world_enroll(world, "web-1"), "policy cannot be used");
	world->service.policy = &world->policy;
	tw_chip_id(&world->tw, chip);
	bv_unhex(chip_id, sizeof(chip_id), sizeof(chip_id), chip);
	world->policy.revoked_chips = (struct bv_digests){ .data = chip_id, .count = 1 };
	world_refuses(world, world_enroll(world, "web-1"), "revoked_chips");
	world_journal_says(world, "refused", "revoked_chips");
	world_refuses(world, world_ask(world, tw_answer(&world->tw, chip_id)), "no secret is waited for");
	world->policy.revoked_chips.count = 0;
	world_enrolls(world, "web-1");
}

/* What was begun is judged by what is so when it ends. */
static void test_changes_meanwhile(void **state)
{
	static const struct {
		const char *expected, *why;
	} changes[] = {
		{ "web-2 certified\n", "does not expect web-1" },
		{ "web-1 certified\n", "has changed meanwhile" },
		{ NULL, "policy cannot be used" },
	};
	struct world *world = *state;
	uint8_t secret[BV_CREDENTIAL_SECRET];
	json_t *answer;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		world_expect(world, "web-1");
		answer = world_ask(world, tw_request(&world->tw, "web-1"));
		assert_true(tw_activate(&world->tw, answer, secret));
		json_decref(answer);
		if (changes[i].expected)
			world_write_file(world->expected, changes[i].expected);
		else
			world->service.policy = NULL;
		world_refuses(world, world_ask(world, tw_answer(&world->tw, secret)), changes[i].why);
		assert_int_equal(access(world->record, F_OK), -1);
	}
}

/* Nor does one come back whose record an operator wrote, who did not know its endorsement key. */
static void test_removed_by_hand(void **state)
{
	struct world *world = *state;
	struct bv_machine machine = { .kind = BV_MACHINE_TPM, .ak_len = 2 + 32, .ak = { 0, 0x0b } };
	char chip[2 * BASTION_DIGEST_SIZE + 1];
	struct bv_error err;

	strcpy(machine.name, "web-1");
	strcpy(machine.model, "TPM 2.0 IBM");
	tw_chip_id(&world->tw, chip);
	bv_unhex(machine.chip_id, sizeof(machine.chip_id), sizeof(machine.chip_id), chip);
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), 0);
	assert_int_equal(unlink(world->record), 0);
	world_expect(world, "web-2");
	world_refuses(world, world_enroll(world, "web-2"), "its record has been removed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_removed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_unwritten, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_policy, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_changes_meanwhile, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_removed_by_hand, world_setup, world_teardown),
	};

	return cmocka_run_group_tests_name("verify: withdrawing", tests, NULL, NULL);
}
