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
#include "bastion-verifier/session.h"
#include "testenroll.h"

struct world {
	struct tw tw;
	struct service service;
	struct session session;
	struct bv_policy policy;
	char folder[64];
	char machines[128];
	char expected[128];
	char record[256];
	bool hangup;
	struct bv_error err;
};

static void set_paths(struct world *world)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	tw_chip_id(&world->tw, chip);
	snprintf(world->record, sizeof(world->record), "%s/%s.json", world->machines, chip);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	tw_init(&world->tw);
	strcpy(world->folder, "/tmp/bastion-enroll-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->machines, sizeof(world->machines), "%s/machines", world->folder);
	snprintf(world->expected, sizeof(world->expected), "%s/expected", world->folder);
	assert_int_equal(mkdir(world->machines, 0700), 0);
	set_paths(world);
	world->service.policy = &world->policy;
	world->service.enrolling.machines = world->machines;
	world->service.enrolling.expected = world->expected;
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", world->folder);
	tw_exit(&world->tw);
	free(world);
	return system(command);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The last line of the journal. */
static json_t *last_entry(const struct world *world)
{
	char path[256], line[4096], last[4096] = "";
	json_t *json;
	FILE *file;

	snprintf(path, sizeof(path), "%s/journal", world->machines);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		strcpy(last, line);
	fclose(file);
	json = json_loads(last, 0, NULL);
	assert_non_null(json);
	return json;
}

static void journal_says(const struct world *world, const char *event, const char *why)
{
	json_t *entry = last_entry(world);
	const char *said = json_string_value(json_object_get(entry, "why"));

	assert_string_equal(json_string_value(json_object_get(entry, "event")), event);
	assert_int_equal(!said, !why);
	if (why && !strstr(said, why))
		fail_msg("the journal has: %s", said);
	json_decref(entry);
}

/* One request of the conversation; takes the reference. */
static json_t *ask_at(struct world *world, json_t *request, int64_t now)
{
	char *text = json_dumps(request, JSON_COMPACT), *answer, *log = NULL;
	json_t *json;

	world->hangup = false;
	answer = session_line(&world->session, &world->service,
			      (struct bv_span){ (uint8_t *)text, strlen(text) }, now,
			      &world->hangup, &log);
	assert_non_null(answer);
	json = json_loads(answer, 0, NULL);
	free(answer);
	free(text);
	free(log);
	json_decref(request);
	return json;
}

static json_t *ask(struct world *world, json_t *request)
{
	return ask_at(world, request, 1000);
}

/* It is refused, and the conversation is over. */
static void refuses(struct world *world, json_t *answer, const char *why)
{
	const char *said = json_string_value(json_object_get(answer, "error"));

	assert_non_null(said);
	if (!strstr(said, why))
		fail_msg("refused, but: %s", said);
	assert_true(world->hangup);
	json_decref(answer);
}

/* The chip that has this name, and nobody else, may have it. */
static void expect(struct world *world, const char *name)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], line[256];

	tw_chip_id(&world->tw, chip);
	snprintf(line, sizeof(line), "# machines\n\n%s %s # ours\n", name, chip);
	write_file(world->expected, line);
}

/* All of it, as the machine does. */
static json_t *enroll(struct world *world, const char *name)
{
	uint8_t secret[BV_CREDENTIAL_SECRET];
	json_t *answer = ask(world, tw_request(&world->tw, name));

	if (world->hangup)
		return answer;
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	return ask(world, tw_answer(&world->tw, secret));
}

static void enrolls(struct world *world, const char *name)
{
	json_t *answer = enroll(world, name);

	if (world->hangup)
		fail_msg("refused: %s", json_string_value(json_object_get(answer, "error")));
	assert_string_equal(json_string_value(json_object_get(answer, "type")), "enrolled");
	assert_string_equal(json_string_value(json_object_get(answer, "name")), name);
	json_decref(answer);
}

/* Another attestation key in the same TPM. */
static void new_ak(struct world *world)
{
	tt_free(world->tw.tpm);
	world->tw.tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA384, 4);
}

static void new_ek(struct world *world)
{
	tk_free(world->tw.ek);
	world->tw.ek = tk_new(3, NULL);
	set_paths(world);
}

static void test_socket(void **state)
{
	struct world *world = *state;
	json_t *record;

	expect(world, "web-1");
	enrolls(world, "web-1");
	journal_says(world, "enrolled", NULL);
	record = json_load_file(world->record, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(record, "name")), "web-1");
	assert_string_equal(json_string_value(json_object_get(record, "kind")), "tpm");
	assert_string_equal(json_string_value(json_object_get(record, "model")), "TPM 2.0 IBM");
	assert_non_null(json_object_get(record, "ak"));
	assert_non_null(json_object_get(record, "ek"));
	json_decref(record);
	/* Whoever asks again is who it was. */
	enrolls(world, "web-1");
}

static void test_closed(void **state)
{
	struct world *world = *state;

	world->service.enrolling.expected = NULL;
	refuses(world, enroll(world, "web-1"), "nobody is enrolled over this socket");
	world->service.enrolling.expected = world->expected;
	refuses(world, enroll(world, "web-1"), "No such file");
	expect(world, "web-2");
	refuses(world, enroll(world, "web-1"), "does not expect web-1");
	journal_says(world, "refused", "does not expect web-1");
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
		write_file(world->expected, lies[i].text);
		refuses(world, enroll(world, "web-1"), lies[i].why);
	}
	/* A file among the roots that is none. */
	world->service.enrolling.roots = world->folder;
	write_file(world->expected, "web-1 certified\n");
	refuses(world, enroll(world, "web-1"), "a damaged certificate or revocation list");
	world->service.enrolling.roots = "/nowhere";
	refuses(world, enroll(world, "web-1"), "/nowhere: No such file");
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
	write_file(world->expected, "web-1 certified\n");
	refuses(world, enroll(world, "web-1"), "unable to get local issuer");
	file = fopen(path, "w");
	assert_int_equal(fwrite(root.data, root.len, 1, file), 1);
	fclose(file);
	world->tw.chain = authority;
	refuses(world, enroll(world, "web-1"), "certificate has expired");
	journal_says(world, "refused", "certificate has expired");
	OPENSSL_free((void *)authority.data);
	OPENSSL_free((void *)root.data);
}

/* A secret is good once, in time, on the connection that it was given on. */
static void test_secret(void **state)
{
	struct world *world = *state;
	uint8_t secret[BV_CREDENTIAL_SECRET];
	json_t *answer;

	expect(world, "web-1");
	refuses(world, ask(world, tw_answer(&world->tw, secret)), "no secret is waited for");
	answer = ask(world, tw_request(&world->tw, "web-1"));
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	refuses(world, ask_at(world, tw_answer(&world->tw, secret), 1000 + ENROLLING_MS + 1), "too late");
	refuses(world, ask(world, tw_answer(&world->tw, secret)), "no secret is waited for");
	answer = ask(world, tw_request(&world->tw, "web-1"));
	json_decref(answer);
	refuses(world, ask(world, tw_answer(&world->tw, secret)), "another secret");
	journal_says(world, "refused", "another secret");
	answer = ask(world, tw_request(&world->tw, "web-1"));
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	answer = tw_answer(&world->tw, secret);
	json_object_set_new(answer, "chip", json_sprintf("%096d", 1));
	refuses(world, ask(world, answer), "another machine");
	/* A second request takes the first one's place. */
	json_decref(ask(world, tw_request(&world->tw, "web-1")));
	answer = ask(world, tw_request(&world->tw, "web-1"));
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	memset(&world->session, 0, sizeof(world->session));
	refuses(world, ask(world, tw_answer(&world->tw, secret)), "no secret is waited for");
	assert_int_equal(access(world->record, F_OK), -1);
}

/* What is on record stays. */
static void test_again(void **state)
{
	struct world *world = *state;
	json_t *before, *after;

	expect(world, "web-1");
	enrolls(world, "web-1");
	before = json_load_file(world->record, 0, NULL);
	expect(world, "web-2");
	refuses(world, enroll(world, "web-2"), "web-1 is enrolled, and its chip is that of this one");
	journal_says(world, "refused", "its chip is that of this one");
	new_ak(world);
	expect(world, "web-1");
	refuses(world, enroll(world, "web-1"), "another attestation key");
	journal_says(world, "refused", "another attestation key");
	new_ek(world);
	expect(world, "web-1");
	refuses(world, enroll(world, "web-1"), "web-1 is enrolled, and its name is this one's, too");
	assert_int_equal(access(world->record, F_OK), -1);
	expect(world, "web-2");
	enrolls(world, "web-2");
	/* The key that the first chip had, in a second one: the TPM lies. */
	new_ek(world);
	expect(world, "web-3");
	refuses(world, enroll(world, "web-3"), "web-2 is enrolled, and its attestation key");
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

	expect(world, "web-1");
	enrolls(world, "web-1");
	/* A record that the operator wrote gets what the machine proves. */
	record = json_load_file(world->record, 0, NULL);
	assert_int_equal(json_object_del(record, "ek"), 0);
	assert_int_equal(json_dump_file(record, world->record, 0), 0);
	json_decref(record);
	enrolls(world, "web-1");
	journal_says(world, "replaced", NULL);
	snprintf(path, sizeof(path), "%s.replaced-1", world->record);
	record = json_load_file(path, 0, NULL);
	assert_non_null(record);
	assert_null(json_object_get(record, "ek"));
	json_decref(record);
	world->tw.ek->attributes |= BV_TPM_WITH_AUTH;
	tk_make_public(world->tw.ek);
	new_ak(world);
	expect(world, "web-2");
	refuses(world, enroll(world, "web-2"), "web-1 is enrolled, and its endorsement key");
}

/* Who was withdrawn does not come back by itself, whatever of its public area it varies. */
static void test_removed(void **state)
{
	struct world *world = *state;
	struct bv_machine machine = { .kind = BV_MACHINE_TPM };
	struct bv_error err = { "" };
	struct bv_span text;

	expect(world, "web-1");
	enrolls(world, "web-1");
	assert_int_equal(file_read(world->record, BV_MACHINE_MAX, &text, &err), 0);
	assert_int_equal(bv_machine_parse(text, NULL, &machine, &err), 0);
	free((void *)text.data);
	assert_int_equal(unlink(world->record), 0);
	refuses(world, enroll(world, "web-1"), "its record has been removed");
	journal_says(world, "refused", "its record has been removed");
	world->tw.ek->attributes |= BV_TPM_WITH_AUTH;
	tk_make_public(world->tw.ek);
	expect(world, "web-2");
	refuses(world, enroll(world, "web-2"), "its record has been removed");
	assert_int_equal(access(world->record, F_OK), -1);
	world->tw.ek->attributes &= ~BV_TPM_WITH_AUTH;
	tk_make_public(world->tw.ek);
	assert_int_equal(enrolling_add(world->machines, &machine, MACHINES_BY_HAND, &err), 0);
	expect(world, "web-1");
	enrolls(world, "web-1");
}

/* A disk that was full makes nobody one who was withdrawn. */
static void test_unwritten(void **state)
{
	struct world *world = *state;
	char journal[256], unfinished[512];

	snprintf(journal, sizeof(journal), "%s/journal", world->machines);
	snprintf(unfinished, sizeof(unfinished), "%s.new", world->record);
	expect(world, "web-1");
	assert_int_equal(mkdir(journal, 0700), 0);
	refuses(world, enroll(world, "web-1"), "journal");
	assert_int_equal(rmdir(journal), 0);
	assert_int_equal(mkdir(unfinished, 0700), 0);
	refuses(world, enroll(world, "web-1"), ".new");
	assert_int_equal(rmdir(unfinished), 0);
	assert_int_equal(access(world->record, F_OK), -1);
	enrolls(world, "web-1");
}

static void test_policy(void **state)
{
	struct world *world = *state;
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	expect(world, "web-1");
	world->service.policy = NULL;
	refuses(world, enroll(world, "web-1"), "policy cannot be used");
	world->service.policy = &world->policy;
	tw_chip_id(&world->tw, chip);
	bv_unhex(chip_id, sizeof(chip_id), sizeof(chip_id), chip);
	world->policy.revoked_chips = (struct bv_digests){ .data = chip_id, .count = 1 };
	refuses(world, enroll(world, "web-1"), "revoked_chips");
	journal_says(world, "refused", "revoked_chips");
	refuses(world, ask(world, tw_answer(&world->tw, chip_id)), "no secret is waited for");
	world->policy.revoked_chips.count = 0;
	enrolls(world, "web-1");
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
	journal_says(world, "replaced", NULL);
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
	write_file(path, "{");
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

	expect(world, "web-1");
	refuses(world, enroll(world, "web-2"), "does not expect web-2");
	snprintf(path, sizeof(path), "%s/journal", world->machines);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	few = all;
	few.rlim_cur = st.st_size + 10;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	refuses(world, enroll(world, "web-3"), "does not expect web-3");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, few.rlim_cur);
	refuses(world, enroll(world, "web-4"), "does not expect web-4");
	journal_says(world, "refused", "does not expect web-4");
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
	entry = last_entry(world);
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
	journal_says(world, "refused", "no secret is waited for");
	message = request_by_hand(world, 60);
	assert_true(tw_activate(&world->tw, message, secret));
	json_decref(message);
	assert_int_equal(respond_by_hand(world, other), -EBADMSG);
	assert_non_null(strstr(world->err.text, "another secret"));
	journal_says(world, "refused", "another secret");
	/* There is one try. */
	assert_int_equal(respond_by_hand(world, secret), -EBADMSG);
	assert_non_null(strstr(world->err.text, "no secret is waited for"));
	journal_says(world, "refused", "no secret is waited for");
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
	journal_says(world, "refused", "no secret is waited for");
	tw_chip_id(&world->tw, chip);
	snprintf(path, sizeof(path), "%s/%s.pending", world->machines, chip);
	write_file(path, "{}");
	assert_int_equal(respond_by_hand(world, secret), -EBADMSG);
	journal_says(world, "refused", "machine");
	assert_int_equal(access(path, F_OK), -1);
	json = last_entry(world);
	assert_string_equal(json_string_value(json_object_get(json, "chip")), chip);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_roots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_ek, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwritten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_differs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_hand, setup, teardown),
	};

	return cmocka_run_group_tests_name("verify: enrolling", tests, NULL, NULL);
}
