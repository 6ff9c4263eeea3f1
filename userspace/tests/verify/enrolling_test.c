// SPDX-License-Identifier: GPL-2.0
/* Enrolment as the program does it: whom it expects, what it keeps, what it records. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bastion-verifier/by_hand.h"
#include "bastion-verifier/files.h"
#include "bastion-verifier/machines.h"
#include "testworld.h"

static void test_socket(void **state)
{
	struct world *world = *state;
	json_t *record;

	world_expect(world, "web-1");
	world_enrolls(world, "web-1");
	world_journal_says(world, "enrolled", NULL);
	record = json_load_file(world->record, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(record, "name")), "web-1");
	assert_string_equal(json_string_value(json_object_get(record, "kind")), "tpm");
	assert_string_equal(json_string_value(json_object_get(record, "model")), "TPM 2.0 IBM");
	assert_non_null(json_object_get(record, "ak"));
	assert_non_null(json_object_get(record, "ek"));
	json_decref(record);
	/* Whoever asks again is who it was. */
	world_enrolls(world, "web-1");
}

static void test_closed(void **state)
{
	struct world *world = *state;

	world->service.enrolling.expected = NULL;
	world_refuses(world, world_enroll(world, "web-1"), "nobody is enrolled over this socket");
	world->service.enrolling.expected = world->expected;
	world_refuses(world, world_enroll(world, "web-1"), "No such file");
	world_expect(world, "web-2");
	world_refuses(world, world_enroll(world, "web-1"), "does not expect web-1");
	world_journal_says(world, "refused", "does not expect web-1");
	assert_int_equal(access(world->record, F_OK), -1);
}

static void test_expected(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *text, *why;
	} lies[] = {
		{ "web-1\n", "a name, and a chip id" },
		{ "web-1 any\n", "neither a chip id nor" },
		{ "web-1 certified more\n", "a name, and a chip id" },
		{ "web-1 certified\nweb-1 certified\n", "web-1 is there twice" },
		{ "web-1 certified\nweb/2 certified\n", "this is no name: web/2" },
		{ "web-1 certified\n", "the verifier has no --roots" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		world_write_file(world->expected, lies[i].text);
		world_refuses(world, world_enroll(world, "web-1"), lies[i].why);
	}
	/* A file among the roots that is none. */
	world->service.enrolling.roots = world->folder;
	world_write_file(world->expected, "web-1 certified\n");
	world_refuses(world, world_enroll(world, "web-1"), "a damaged certificate or revocation list");
	world->service.enrolling.roots = "/nowhere";
	world_refuses(world, world_enroll(world, "web-1"), "/nowhere: No such file");
}

static void test_roots(void **state)
{
	struct world *world = *state;
	struct bv_span authority = te_der(world->tw.maker->authority);
	struct bv_span root = te_der(world->tw.maker->root);
	char roots[128], path[160];
	FILE *file;

	snprintf(roots, sizeof(roots), "%s/roots", world->folder);
	snprintf(path, sizeof(path), "%s/root.der", roots);
	assert_int_equal(mkdir(roots, 0700), 0);
	world->service.enrolling.roots = roots;
	world_write_file(world->expected, "web-1 certified\n");
	world_refuses(world, world_enroll(world, "web-1"), "unable to get local issuer");
	file = fopen(path, "w");
	assert_int_equal(fwrite(root.data, root.len, 1, file), 1);
	fclose(file);
	world->tw.chain = authority;
	world_refuses(world, world_enroll(world, "web-1"), "certificate has expired");
	world_journal_says(world, "refused", "certificate has expired");
	OPENSSL_free((void *)authority.data);
	OPENSSL_free((void *)root.data);
}

/* A secret is good once, in time, on the connection that it was given on. */
static void test_secret(void **state)
{
	struct world *world = *state;
	uint8_t secret[BV_CREDENTIAL_SECRET];
	json_t *answer;

	world_expect(world, "web-1");
	world_refuses(world, world_ask(world, tw_answer(&world->tw, secret)), "no secret is waited for");
	answer = world_ask(world, tw_request(&world->tw, "web-1"));
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	world_refuses(world, world_ask_at(world, tw_answer(&world->tw, secret), 1000 + ENROLLING_MS + 1), "too late");
	world_refuses(world, world_ask(world, tw_answer(&world->tw, secret)), "no secret is waited for");
	answer = world_ask(world, tw_request(&world->tw, "web-1"));
	json_decref(answer);
	world_refuses(world, world_ask(world, tw_answer(&world->tw, secret)), "another secret");
	world_journal_says(world, "refused", "another secret");
	answer = world_ask(world, tw_request(&world->tw, "web-1"));
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	answer = tw_answer(&world->tw, secret);
	json_object_set_new(answer, "chip", json_sprintf("%096d", 1));
	world_refuses(world, world_ask(world, answer), "another machine");
	/* A second request takes the first one's place. */
	json_decref(world_ask(world, tw_request(&world->tw, "web-1")));
	answer = world_ask(world, tw_request(&world->tw, "web-1"));
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	memset(&world->session, 0, sizeof(world->session));
	world_refuses(world, world_ask(world, tw_answer(&world->tw, secret)), "no secret is waited for");
	assert_int_equal(access(world->record, F_OK), -1);
}

/* What is on record stays. */
static void test_again(void **state)
{
	struct world *world = *state;
	json_t *before, *after;

	world_expect(world, "web-1");
	world_enrolls(world, "web-1");
	before = json_load_file(world->record, 0, NULL);
	world_expect(world, "web-2");
	world_refuses(world, world_enroll(world, "web-2"), "web-1 is enrolled, and its chip is that of this one");
	world_journal_says(world, "refused", "its chip is that of this one");
	world_new_ak(world);
	world_expect(world, "web-1");
	world_refuses(world, world_enroll(world, "web-1"), "another attestation key");
	world_journal_says(world, "refused", "another attestation key");
	world_new_ek(world);
	world_expect(world, "web-1");
	world_refuses(world, world_enroll(world, "web-1"), "web-1 is enrolled, and its name is this one's, too");
	assert_int_equal(access(world->record, F_OK), -1);
	world_expect(world, "web-2");
	world_enrolls(world, "web-2");
	/* The key that the first chip had, in a second one: the TPM lies. */
	world_new_ek(world);
	world_expect(world, "web-3");
	world_refuses(world, world_enroll(world, "web-3"), "web-2 is enrolled, and its attestation key");
	json_decref(before);
	after = json_load_file(world->record, 0, NULL);
	assert_null(after);
}

/* What a certificate does not cover can be varied: it is one key all the same. */
static void test_same_ek(void **state)
{
	struct world *world = *state;
	char path[512];
	json_t *record;

	world_expect(world, "web-1");
	world_enrolls(world, "web-1");
	/* A record that the operator wrote gets what the machine proves. */
	record = json_load_file(world->record, 0, NULL);
	assert_int_equal(json_object_del(record, "ek"), 0);
	assert_int_equal(json_dump_file(record, world->record, 0), 0);
	json_decref(record);
	world_enrolls(world, "web-1");
	world_journal_says(world, "replaced", NULL);
	snprintf(path, sizeof(path), "%s.replaced-1", world->record);
	record = json_load_file(path, 0, NULL);
	assert_non_null(record);
	assert_null(json_object_get(record, "ek"));
	json_decref(record);
	world->tw.ek->attributes |= BV_TPM_WITH_AUTH;
	tk_make_public(world->tw.ek);
	world_new_ak(world);
	world_expect(world, "web-2");
	world_refuses(world, world_enroll(world, "web-2"), "web-1 is enrolled, and its endorsement key");
}

static struct bv_machine machine_of(const char *name, uint8_t chip, uint8_t ak)
{
	struct bv_machine machine = { .kind = BV_MACHINE_TPM, .ak_len = 2 + 32 };

	strcpy(machine.name, name);
	strcpy(machine.model, "TPM 2.0 IBM");
	memset(machine.chip_id, chip, sizeof(machine.chip_id));
	machine.ak[1] = 0x0b;
	memset(machine.ak + 2, ak, 32);
	return machine;
}

static void test_replace(void **state)
{
	struct world *world = *state;
	struct bv_machine first = machine_of("web-1", 1, 1), second = machine_of("web-1", 1, 2);
	struct bv_machine other = machine_of("web-2", 1, 3);
	const struct bv_span old = { first.ak, first.ak_len }, new = { second.ak, second.ak_len };
	struct machines *machines;
	char path[512];
	struct bv_error err;
	json_t *json;

	assert_int_equal(enrolling_add(world->machines, &first, MACHINES_BY_HAND, &err), 0);
	machines = machines_open(world->machines, false, &err);
	assert_non_null(machines_find(machines, old));
	assert_int_equal(enrolling_add(world->machines, &second, MACHINES_BY_HAND, &err), -EEXIST);
	assert_int_equal(enrolling_add(world->machines, &second, MACHINES_AGAIN, &err), 0);
	world_journal_says(world, "replaced", NULL);
	/* A verifier that runs does not go by what it has read. */
	assert_null(machines_find(machines, old));
	assert_non_null(machines_find(machines, new));
	machines_close(machines);
	/* The chip's name is not the operator's to change by the way. */
	assert_int_equal(enrolling_add(world->machines, &other, MACHINES_AGAIN, &err), -EEXIST);
	snprintf(path, sizeof(path), "%s/", world->machines);
	bv_hex(path + strlen(path), sizeof(path) - strlen(path), first.chip_id, BASTION_DIGEST_SIZE);
	strcat(path, ".json");
	json = json_load_file(path, 0, NULL);
	assert_memory_equal(json_string_value(json_object_get(json, "ak")), "000b0202", 8);
	json_decref(json);
	strcat(path, ".replaced-1");
	json = json_load_file(path, 0, NULL);
	assert_memory_equal(json_string_value(json_object_get(json, "ak")), "000b0101", 8);
	json_decref(json);
}

static void test_folder(void **state)
{
	struct world *world = *state;
	struct bv_machine machine = machine_of("web-1", 1, 1);
	char path[256];
	struct bv_error err;

	assert_int_equal(chmod(world->machines, 0777), 0);
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "others may enrol"));
	/* Nothing is written there, either. */
	snprintf(path, sizeof(path), "%s/journal", world->machines);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(chmod(world->machines, 0700), 0);
	/* What cannot be read could be the same machine. */
	snprintf(path, sizeof(path), "%s/%096d.json", world->machines, 0);
	world_write_file(path, "{");
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "000.json"));
	assert_int_equal(unlink(path), 0);
	/* Who cannot be accounted for is not added. */
	snprintf(path, sizeof(path), "%s/journal", world->machines);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60);
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EBADMSG);
	alarm(0);
	assert_non_null(strstr(err.text, "no file of its own"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), 0);
}

/* What was cut off, by a full disk for example, does not spoil the line after it. */
static void test_torn(void **state)
{
	struct world *world = *state;
	struct rlimit all, few;
	struct stat st;
	char path[256];

	world_expect(world, "web-1");
	world_refuses(world, world_enroll(world, "web-2"), "does not expect web-2");
	snprintf(path, sizeof(path), "%s/journal", world->machines);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	few = all;
	few.rlim_cur = st.st_size + 10;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	world_refuses(world, world_enroll(world, "web-3"), "does not expect web-3");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, few.rlim_cur);
	world_refuses(world, world_enroll(world, "web-4"), "does not expect web-4");
	world_journal_says(world, "refused", "does not expect web-4");
}

/* It is said what is another than it was. */
static void test_differs(void **state)
{
	struct world *world = *state;
	struct bv_machine machine = machine_of("web-1", 1, 1);
	struct bv_error err;
	json_t *entry;

	machine.has_ek = true;
	strcpy(machine.skipped, "revocation");
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), 0);
	entry = world_last_entry(world);
	assert_string_equal(json_string_value(json_object_get(entry, "skipped")), "revocation");
	json_decref(entry);
	machine.ek[0] = 1;
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EEXIST);
	assert_non_null(strstr(err.text, "with another endorsement key"));
	machine.ek[0] = 0;
	strcpy(machine.model, "TPM 2.0 XYZ");
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EEXIST);
	assert_non_null(strstr(err.text, "with another model"));
	machine.ak[2] ^= 1;
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EEXIST);
	assert_non_null(strstr(err.text, "with another attestation key"));
	machine.kind = BV_MACHINE_NATIVE;
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EEXIST);
	assert_non_null(strstr(err.text, "its chip is that of this one"));
	/* One chip has one endorsement key, said or not: no other chip gets it. */
	machine.kind = BV_MACHINE_TPM;
	machine.has_ek = false;
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_AGAIN, &err), 0);
	machine = machine_of("web-2", 2, 3);
	machine.has_ek = true;
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), -EEXIST);
	assert_non_null(strstr(err.text, "its endorsement key is that of this one"));
}

/* By hand */

static json_t *request_by_hand(struct world *world, int64_t seconds)
{
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	const struct enrolling_terms terms = {
		.machines = world->machines, .name = "web-1", .chip_id = chip_id,
	};
	char hex[2 * BASTION_DIGEST_SIZE + 1], path[128];
	json_t *request = tw_request(&world->tw, "whatever"), *answer;

	tw_chip_id(&world->tw, hex);
	assert_int_equal(bv_unhex(chip_id, sizeof(chip_id), sizeof(chip_id), hex), sizeof(chip_id));
	snprintf(path, sizeof(path), "%s/request", world->folder);
	assert_int_equal(json_dump_file(request, path, 0), 0);
	json_decref(request);
	if (by_hand_request(&terms, path, seconds, &answer, &world->err))
		fail_msg("refused: %s", world->err.text);
	return answer;
}

static int respond_by_hand(struct world *world, const uint8_t secret[BV_CREDENTIAL_SECRET])
{
	json_t *answer = tw_answer(&world->tw, secret);
	struct bv_machine machine;
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "%s/answer", world->folder);
	assert_int_equal(json_dump_file(answer, path, 0), 0);
	json_decref(answer);
	ret = by_hand_response(world->machines, path, false, &machine, &world->err);
	if (!ret)
		assert_string_equal(machine.name, "web-1");
	return ret;
}

static void test_by_hand(void **state)
{
	struct world *world = *state;
	uint8_t secret[BV_CREDENTIAL_SECRET], other[BV_CREDENTIAL_SECRET] = { 0 };
	char chip[2 * BASTION_DIGEST_SIZE + 1], path[256];
	json_t *message, *json;

	assert_int_equal(respond_by_hand(world, other), -EBADMSG);
	assert_non_null(strstr(world->err.text, "no secret is waited for"));
	world_journal_says(world, "refused", "no secret is waited for");
	message = request_by_hand(world, 60);
	assert_true(tw_activate(&world->tw, message, secret));
	json_decref(message);
	assert_int_equal(respond_by_hand(world, other), -EBADMSG);
	assert_non_null(strstr(world->err.text, "another secret"));
	world_journal_says(world, "refused", "another secret");
	/* There is one try. */
	assert_int_equal(respond_by_hand(world, secret), -EBADMSG);
	assert_non_null(strstr(world->err.text, "no secret is waited for"));
	world_journal_says(world, "refused", "no secret is waited for");
	message = request_by_hand(world, -1);
	assert_true(tw_activate(&world->tw, message, secret));
	json_decref(message);
	assert_int_equal(respond_by_hand(world, secret), -EBADMSG);
	assert_non_null(strstr(world->err.text, "too late"));
	assert_int_equal(access(world->record, F_OK), -1);
	message = request_by_hand(world, 60);
	assert_true(tw_activate(&world->tw, message, secret));
	json_decref(message);
	assert_int_equal(respond_by_hand(world, secret), 0);
	assert_int_equal(access(world->record, F_OK), 0);
	assert_int_equal(respond_by_hand(world, secret), -EBADMSG);
	world_journal_says(world, "refused", "no secret is waited for");
	tw_chip_id(&world->tw, chip);
	snprintf(path, sizeof(path), "%s/%s.pending", world->machines, chip);
	world_write_file(path, "{}");
	assert_int_equal(respond_by_hand(world, secret), -EBADMSG);
	world_journal_says(world, "refused", "machine");
	assert_int_equal(access(path, F_OK), -1);
	json = world_last_entry(world);
	assert_string_equal(json_string_value(json_object_get(json, "chip")), chip);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_socket, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_closed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_expected, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_roots, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_secret, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_again, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_same_ek, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_replace, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_folder, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_torn, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_differs, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_by_hand, world_setup, world_teardown),
	};

	return cmocka_run_group_tests_name("verify: enrolling", tests, NULL, NULL);
}
