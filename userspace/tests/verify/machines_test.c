// SPDX-License-Identifier: GPL-2.0
/* Records of machines: created once, looked up, and never changed; and what a TPM's evidence is for. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "bastion-verifier/machines.h"
#include "bastion-verifier/output.h"
#include "bastion-verifier/session.h"
#include "testcommand.h"
#include "testmachine.h"

#define RECORD(name, chip, ak) "{\"name\":\"" name "\",\"chip\":\"" chip "\",\"kind\":\"tpm\"," \
	"\"model\":\"TPM 2.0 IBM\",\"ak\":\"" ak "\"}"
#define CHIP_A	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CHIP_B	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define KEY_1	"000b1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_2	"000b2222222222222222222222222222222222222222222222222222222222222222"

static int enroll(const char *record, const char *name)
{
	tm_write_text("from", record);
	if (name)
		return TM_RUN(verifier_enroll, "enroll", "--machines", tm_path("machines"), "--from",
			      tm_path("from"), "--name", name);
	return TM_RUN(verifier_enroll, "enroll", "--machines", tm_path("machines"), "--from",
		      tm_path("from"));
}

/* How many files the folder has, ours or not, but for the journal, the lock and marks. */
static size_t files(void)
{
	DIR *dir = opendir(tm_path("machines"));
	const struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.' && strcmp(entry->d_name, "journal") &&
			 strcmp(entry->d_name, "lock") && !strstr(entry->d_name, ".enrolled");
	if (dir)
		closedir(dir);
	return count;
}

static void test_enroll(void **state)
{
	json_t *json, *list;

	assert_int_equal(enroll(RECORD("web-1", CHIP_A, KEY_1), NULL), VERIFIER_OK);
	assert_int_equal(enroll(RECORD("", CHIP_B, KEY_2), "web-2"), VERIFIER_OK);
	assert_int_equal(files(), 2);
	assert_int_equal(TM_RUN(verifier_machines, "machines", "--machines", tm_path("machines"),
				"--json"), VERIFIER_OK);
	json = tm_json();
	list = json_object_get(json, "machines");
	assert_int_equal(json_array_size(list), 2);
	for (size_t i = 0; i < 2; i++) {
		const json_t *machine = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(machine, "name"));

		assert_string_equal(json_string_value(json_object_get(machine, "ak")),
				    !strcmp(name, "web-1") ? KEY_1 : KEY_2);
	}
	json_decref(json);
	/* Once more changes nothing, and is no mistake. */
	assert_int_equal(enroll(RECORD("web-1", CHIP_A, KEY_1), NULL), VERIFIER_OK);
	assert_int_equal(files(), 2);
}

/* Name, chip and key belong together for good. */
static void test_identity(void **state)
{
	static const char *const others[] = {
		RECORD("web-2", CHIP_A, KEY_1), RECORD("web-2", CHIP_A, KEY_2),
		RECORD("web-2", CHIP_B, KEY_1), RECORD("web-1", CHIP_A, KEY_2),
		RECORD("web-1", CHIP_B, KEY_1), RECORD("web-1", CHIP_B, KEY_2),
	};
	struct stat before, after;

	assert_int_equal(enroll(RECORD("web-1", CHIP_A, KEY_1), NULL), VERIFIER_OK);
	assert_int_equal(stat(tm_path("machines/" CHIP_A ".json"), &before), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		assert_int_equal(enroll(others[i], NULL), VERIFIER_REFUSED);
		assert_non_null(strstr(tm_complaint, "web-1 is enrolled"));
		assert_int_equal(files(), 1);
	}
	assert_int_equal(stat(tm_path("machines/" CHIP_A ".json"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_size, after.st_size);
}

static void test_bad_records(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", RECORD("", CHIP_A, KEY_1), RECORD("a b", CHIP_A, KEY_1),
		RECORD("../x", "aa", KEY_1), RECORD("x", "AA", KEY_1), RECORD("x", CHIP_A, "000b11"),
		RECORD("x", CHIP_A, KEY_1 "11"), RECORD("x", CHIP_A, "0004"
		"1111111111111111111111111111111111111111"), RECORD("x", CHIP_A, ""),
		RECORD("x", CHIP_A, "ffff11"), RECORD("x", "00000000000000000000000000000000"
		"0000000000000000000000000000000000000000000000000000000000000000", KEY_1),
		"{\"name\":\"x\",\"chip\":\"" CHIP_A "\",\"kind\":\"native\",\"model\":\"m\","
		"\"ak\":\"" KEY_1 "\"}",
		"{\"name\":\"x\",\"chip\":\"" CHIP_A "\",\"kind\":\"tpm\",\"model\":\"\\u001b\","
		"\"ak\":\"" KEY_1 "\"}",
		"{\"name\":\"x\",\"chip\":\"" CHIP_A "\",\"kind\":\"tpm\",\"model\":\"m\","
		"\"ak\":\"" KEY_1 "\",\"more\":1}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(enroll(bad[i], NULL), VERIFIER_REFUSED);
		assert_int_equal(files(), 0);
	}
	assert_int_equal(enroll(RECORD("x", CHIP_A, KEY_1), "../x"), VERIFIER_REFUSED);
	assert_int_equal(files(), 0);
}

/* What nobody can read may be anybody's: nothing is enrolled beside it. */
static void test_damaged(void **state)
{
	assert_int_equal(enroll(RECORD("web-1", CHIP_A, KEY_1), NULL), VERIFIER_OK);
	tm_write_text("machines/" CHIP_B ".json", "{");
	assert_int_equal(enroll(RECORD("web-3", CHIP_B, KEY_2), NULL), VERIFIER_REFUSED);
	assert_int_equal(TM_RUN(verifier_machines, "machines", "--machines", tm_path("machines")),
			 VERIFIER_REFUSED);
	/* A record under another chip's name, and two that have one key. */
	tm_write_text("machines/" CHIP_B ".json", RECORD("web-2", CHIP_A, KEY_2));
	assert_int_equal(TM_RUN(verifier_machines, "machines", "--machines", tm_path("machines")),
			 VERIFIER_REFUSED);
	tm_write_text("machines/" CHIP_B ".json", RECORD("web-2", CHIP_B, KEY_1));
	assert_int_equal(TM_RUN(verifier_machines, "machines", "--machines", tm_path("machines")),
			 VERIFIER_REFUSED);
}

static void test_folder(void **state)
{
	struct bv_error err = { "" };

	assert_null(machines_open(tm_path("machines"), false, &err));
	assert_int_equal(mkdir(tm_path("machines"), 0755), 0);
	assert_int_equal(chmod(tm_path("machines"), 0775), 0);
	assert_int_equal(enroll(RECORD("web-1", CHIP_A, KEY_1), NULL), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "others may enrol"));
}

static struct bv_span key(const char *hex, uint8_t out[BV_TPM_NAME_MAX])
{
	return (struct bv_span){ out, bv_unhex(out, 1, BV_TPM_NAME_MAX, hex) };
}

/* Who looks up sees at once what others add and remove. */
static void test_find(void **state)
{
	uint8_t one[BV_TPM_NAME_MAX], two[BV_TPM_NAME_MAX];
	const struct bv_machine *found;
	struct machines *machines;

	assert_int_equal(enroll(RECORD("web-1", CHIP_A, KEY_1), NULL), VERIFIER_OK);
	machines = machines_open(tm_path("machines"), false, NULL);
	found = machines_find(machines, key(KEY_1, one));
	assert_non_null(found);
	assert_string_equal(found->name, "web-1");
	assert_null(machines_find(machines, key(KEY_2, two)));
	assert_int_equal(enroll(RECORD("web-2", CHIP_B, KEY_2), NULL), VERIFIER_OK);
	assert_non_null(machines_find(machines, key(KEY_2, two)));
	assert_non_null(machines_find(machines, key(KEY_1, one)));
	assert_int_equal(unlink(tm_path("machines/" CHIP_A ".json")), 0);
	assert_null(machines_find(machines, key(KEY_1, one)));
	assert_non_null(machines_find(machines, key(KEY_2, two)));
	/* The machine's place is free for another key then, which the operator wants. */
	assert_int_equal(enroll(RECORD("web-3", CHIP_A, KEY_1), NULL), VERIFIER_OK);
	assert_string_equal(machines_find(machines, key(KEY_1, one))->name, "web-3");
	assert_null(machines_find(machines, (struct bv_span){ one, 33 }));
	machines_close(machines);
}

static struct bv_machine machine_of(uint8_t chip, uint8_t ak)
{
	struct bv_machine machine = { .model = "m", .chip_id = { chip }, .ak_len = 34 };

	snprintf(machine.name, sizeof(machine.name), "web-%d", ak);
	memset(machine.ak, ak, sizeof(machine.ak));
	machine.ak[0] = 0;
	machine.ak[1] = 0x0b;
	return machine;
}

static pid_t start_add(const struct bv_machine *machine)
{
	struct bv_error err = { "" };
	struct machines *machines;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	alarm(60);
	machines = machines_open(tm_path("machines"), false, &err);
	_exit(!machines || machines_add(machines, machine, MACHINES_BY_HAND, &err));
}

/* Of many that enrol the same chip at once one is first, and there is one record. */
static void test_race(void **state)
{
	int winners = 0, status;

	assert_int_equal(mkdir(tm_path("machines"), 0755), 0);
	for (int i = 0; i < 8; i++) {
		struct bv_machine machine = machine_of(1, i);

		start_add(&machine);
	}
	while (wait(&status) > 0)
		winners += WIFEXITED(status) && !WEXITSTATUS(status);
	assert_int_equal(winners, 1);
	assert_int_equal(files(), 1);
}

/* Whoever may only look into the folder keeps nobody from enrolling. */
static void test_lock(void **state)
{
	struct bv_machine machine = machine_of(1, 1);
	struct stat st;
	int fd, status;

	assert_int_equal(mkdir(tm_path("machines"), 0755), 0);
	fd = open(tm_path("machines"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(waitpid(start_add(&machine), &status, 0) > 0, 1);
	assert_int_equal(status, 0);
	close(fd);
	assert_int_equal(files(), 1);
	assert_int_equal(stat(tm_path("machines/lock"), &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

/* Looks for a key that nobody has; what was read before is not read again, and no surprise. */
static void find_none(struct machines *machines)
{
	const uint8_t none[34] = { 0 };
	const struct bv_machine *found;
	int saved = dup(STDERR_FILENO);
	struct stat st;
	int fd = open(tm_path("complaints"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	found = machines_find(machines, BV_SPAN(none));
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_null(found);
	assert_int_equal(st.st_size, 0);
}

/* In whichever order they come and go. */
static void test_order(void **state)
{
	struct machines *writer = machines_open(tm_path("machines"), true, NULL);
	struct machines *reader = machines_open(tm_path("machines"), false, NULL);
	char name[2 * BASTION_DIGEST_SIZE + 1], path[256];

	for (int i = 9; i; i--) {
		struct bv_machine machine = machine_of(10 * i, i);

		assert_int_equal(machines_add(writer, &machine, MACHINES_BY_HAND, NULL), 0);
		assert_non_null(machines_find(reader, (struct bv_span){ machine.ak, 34 }));
	}
	find_none(reader);
	for (int gone = 9; gone > 0; gone -= 4) {
		struct bv_machine machine = machine_of(10 * gone, gone);

		bv_hex(name, sizeof(name), machine.chip_id, BASTION_DIGEST_SIZE);
		snprintf(path, sizeof(path), "%s/%s.json", tm_path("machines"), name);
		assert_int_equal(unlink(path), 0);
		for (int i = 1; i <= 9; i++) {
			const struct bv_machine *found;

			machine = machine_of(10 * i, i);
			found = machines_find(reader, (struct bv_span){ machine.ak, 34 });
			if (i >= gone && i % 4 == 1)
				assert_null(found);
			else
				assert_string_equal(found->name, machine.name);
		}
	}
	machines_close(writer);
	machines_close(reader);
}

/* The folder that was looked at is the one that is used. */
static void test_renamed(void **state)
{
	uint8_t one[BV_TPM_NAME_MAX], two[BV_TPM_NAME_MAX];
	struct bv_machine machine = machine_of(7, 7);
	struct machines *machines;

	assert_int_equal(enroll(RECORD("web-1", CHIP_A, KEY_1), NULL), VERIFIER_OK);
	machines = machines_open(tm_path("machines"), false, NULL);
	assert_int_equal(rename(tm_path("machines"), tm_path("moved")), 0);
	assert_int_equal(enroll(RECORD("web-2", CHIP_A, KEY_2), NULL), VERIFIER_OK);
	assert_null(machines_find(machines, key(KEY_2, two)));
	assert_non_null(machines_find(machines, key(KEY_1, one)));
	assert_int_equal(machines_add(machines, &machine, MACHINES_BY_HAND, NULL), 0);
	assert_int_equal(files(), 1);
	machines_close(machines);
}

/* Evidence of a machine that is known to be good gives the references that it then fits. */
static struct mc *write_evidence(json_t **bundle)
{
	struct mc *mc = mc_new();

	*bundle = mc_bundle(mc);
	assert_int_equal(json_dump_file(*bundle, tm_path("evidence"), 0), 0);
	return mc;
}

static void test_reference(void **state)
{
	json_t *bundle, *json;
	struct mc *mc = write_evidence(&bundle);

	assert_int_equal(TM_RUN(verifier_reference, "reference", "--evidence", tm_path("evidence"),
				"--name", "learnt"), VERIFIER_OK);
	json = tm_json();
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(
		json, "tpm"), 0), "name")), "learnt");
	json_object_set(mc->tc->policy, "reference", json);
	mc_grants(mc);
	mc->tcg_log.len = 0;
	mc->pcrs[9][31] ^= 1;
	mc_refuses(mc, NULL, "boot-pcrs", BV_CONTRAINDICATED);
	json_decref(json);
	/* What nobody signed is no reference. */
	json_object_set_new(bundle, "tpm_registers", tc_cmw(
		"application/vnd.bastion.tpm.registers+text", "sha256:0 = 00\n", 14));
	assert_int_equal(json_dump_file(bundle, tm_path("evidence"), 0), 0);
	assert_int_equal(TM_RUN(verifier_reference, "reference", "--evidence", tm_path("evidence")),
			 VERIFIER_REFUSED);
	assert_int_equal(TM_RUN(verifier_reference, "reference", "--evidence", tm_path("evidence"),
				"--kernel", "x"), VERIFIER_USAGE);
	json_decref(bundle);
	mc_free(mc);
}

/* Whether "policy check" has a note with these words. */
static bool notes(const json_t *policy, const char *words)
{
	json_t *json, *note;
	bool found = false;
	size_t i;

	assert_int_equal(json_dump_file(policy, tm_path("policy"), 0), 0);
	if (TM_RUN(verifier_policy, "policy", "check", tm_path("policy"), "--json"))
		fail_msg("%s", tm_complaint);
	json = tm_json();
	json_array_foreach(json_object_get(json, "notes"), i, note)
		found |= !!strstr(json_string_value(note), words);
	json_decref(json);
	return found;
}

static void write_root(const struct mc *mc)
{
	FILE *root = fopen(tm_path("root.pem"), "w");

	assert_true(root && PEM_write_X509(root, mc->tc->root) && !fclose(root));
}

/* A reference of a machine's, and what it leaves out. */
static void test_reference_pcrs(void **state)
{
	struct mc *mc = mc_new();
	json_t *bundle, *json, *pcrs;

	bundle = mc_bundle(mc);
	assert_int_equal(json_dump_file(bundle, tm_path("evidence"), 0), 0);
	json_decref(bundle);
	assert_int_equal(TM_RUN(verifier_reference, "reference", "--evidence", tm_path("evidence")),
			 VERIFIER_OK);
	json = tm_json();
	pcrs = json_object_get(json_array_get(json_object_get(json, "tpm"), 0), "pcrs");
	assert_int_equal(json_object_size(pcrs), 10);
	json_object_set(mc->tc->policy, "reference", json);
	mc_grants(mc);
	write_root(mc);
	assert_false(notes(mc->tc->policy, "does not name all PCRs"));
	json_object_del(pcrs, "8");
	assert_true(notes(mc->tc->policy, "does not name all PCRs"));
	/* Nobody's log is in one of these. */
	mc->tc->round.pcr = 9;
	bundle = mc_bundle(mc);
	assert_int_equal(json_dump_file(bundle, tm_path("evidence"), 0), 0);
	json_decref(bundle);
	assert_int_equal(TM_RUN(verifier_reference, "reference", "--evidence", tm_path("evidence")),
			 VERIFIER_REFUSED);
	json_decref(json);
	mc_free(mc);
}

/* What is missing for Bastionchips only is no gap where there are none. */
static void test_gaps(void **state)
{
	struct mc *mc = mc_new();
	json_t *policy = mc->tc->policy, *reference;

	write_root(mc);
	assert_true(notes(policy, "no \"svn_min\": Bastionchips are no better than warning"));
	assert_true(notes(policy, "no \"boot\": Bastionchips are no better than warning"));
	reference = json_incref(json_object_get(policy, "reference"));
	json_object_del(policy, "reference");
	assert_true(notes(policy, "no \"reference\": no better than warning"));
	json_object_set_new(policy, "reference", reference);
	json_object_del(policy, "roots");
	assert_false(notes(policy, "svn_min"));
	assert_false(notes(policy, "Bastionchips"));
	mc_free(mc);
}

static json_t *ask(struct session *session, const struct service *service, json_t *request)
{
	char *line = json_dumps(request, 0), *answer, *log;
	bool hangup = false;
	json_t *json;

	json_decref(request);
	answer = session_line(session, service, (struct bv_span){ (uint8_t *)line, strlen(line) }, 1,
			      &hangup, &log);
	json = json_loads(answer, 0, NULL);
	assert_non_null(json);
	free(line);
	free(answer);
	free(log);
	return json;
}

/* A round with the program; returns the result. */
static json_t *serve_round(struct mc *mc, const struct service *service)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], key[2 * BASTION_POINT_SIZE + 1];
	struct session session = { 0 };
	json_t *answer;

	bv_hex(chip, sizeof(chip), mc->record.chip_id, BASTION_DIGEST_SIZE);
	bv_hex(key, sizeof(key), mc->tc->round.boot_key, BASTION_POINT_SIZE);
	answer = ask(&session, service, json_pack("{s:s, s:s, s:s}", "type", "challenge", "chip", chip,
						  "boot_key", key));
	mc->tc->round.log_from = json_integer_value(json_object_get(answer, "log_from"));
	mc->tc->log_skip = mc->tc->round.log_from ? mc->tc->log.bytes.len : 0;
	bv_unhex(mc->tc->round.verifier_nonce, 32, 32,
		 json_string_value(json_object_get(answer, "nonce")));
	json_decref(answer);
	mc_quote(mc);
	return ask(&session, service, json_pack("{s:s, s:o}", "type", "evidence", "evidence",
						mc_bundle(mc)));
}

static bool granted(json_t *result)
{
	bool yes = json_is_true(json_object_get(json_object_get(result, "verdict"), "granted"));

	assert_int_equal(yes, json_is_string(json_object_get(result, "policies")));
	json_decref(result);
	return yes;
}

/* From nothing to a grant and on, over a restart. */
static void test_serve(void **state)
{
	struct mc *mc = mc_new();
	struct machines *machines;
	struct service service = {
		.policy = tc_policy(mc->tc),
		.signer = { .grant_key = mc->tc->grant_key, .audience = "test", .build = "test 1",
			    .ear_jwk = bv_ear_jwk(mc->tc->ear_key, true) },
	};
	struct bv_error err = { "" };

	memcpy(service.signer.verifier, mc->tc->verifier, BASTION_DIGEST_SIZE);
	machines = machines_open(tm_path("machines"), true, &err);
	service.enrolled = (struct enrolled){ machines_find, machines };
	service.state = state_open(tm_path("state"), &err);
	assert_non_null(service.state);
	assert_false(granted(serve_round(mc, &service)));
	assert_int_equal(machines_add(machines, &mc->record, MACHINES_BY_HAND, &err), 0);
	assert_true(granted(serve_round(mc, &service)));
	assert_true(granted(serve_round(mc, &service)));
	assert_int_equal(mc->tc->round.log_from, 5);
	state_close(service.state);
	service.state = state_open(tm_path("state"), &err);
	assert_true(granted(serve_round(mc, &service)));
	assert_int_equal(mc->tc->round.log_from, 5);
	state_close(service.state);
	machines_close(machines);
	json_decref(service.signer.ear_jwk);
	bv_policy_free(service.policy);
	mc_free(mc);
}

static void test_simulate(void **state)
{
	json_t *bundle;
	struct mc *mc = write_evidence(&bundle);

	write_root(mc);
	assert_int_equal(json_dump_file(mc->tc->policy, tm_path("policy"), 0), 0);
	assert_int_equal(TM_RUN(verifier_policy, "policy", "simulate", "--policy", tm_path("policy"),
				"--evidence", tm_path("evidence")), VERIFIER_OK);
	assert_int_equal(TM_RUN(verifier_policy, "policy", "simulate", "--policy", tm_path("policy"),
				"--evidence", tm_path("evidence"), "--cmdline", "x"),
			 VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "cannot be told from files"));
	json_object_set_new(json_object_get(json_array_get(json_object_get(json_object_get(
		mc->tc->policy, "reference"), "tpm"), 0), "pcrs"), "4", json_string(
		"1111111111111111111111111111111111111111111111111111111111111111"));
	assert_int_equal(json_dump_file(mc->tc->policy, tm_path("policy"), 0), 0);
	assert_int_equal(TM_RUN(verifier_policy, "policy", "simulate", "--policy", tm_path("policy"),
				"--evidence", tm_path("evidence")), VERIFIER_REFUSED);
	json_decref(bundle);
	mc_free(mc);
}

static int simulate(struct mc *mc)
{
	json_t *bundle;

	mc_quote(mc);
	bundle = mc_bundle(mc);
	assert_int_equal(json_dump_file(bundle, tm_path("evidence"), 0), 0);
	json_decref(bundle);
	return TM_RUN(verifier_policy, "policy", "simulate", "--policy", tm_path("policy"),
		      "--evidence", tm_path("evidence"), "--json");
}

/* As the server, it judges what extends IMA's PCR and no other. */
static void test_simulate_ima(void **state)
{
	struct mc *mc = mc_new();
	size_t start;

	write_root(mc);
	tm_write_text("files.json", "{\"generations\": [{\"name\": \"g\", \"retired\": false, "
		      "\"files\": [{\"path\": \"boot_aggregate\", \"digests\": \"any\"}, "
		      "{\"path\": \"/usr/bin/*\", \"digests\": [\"sha256:"
		      "abababababababababababababababababababababababababababababababab\"]}]}]}");
	json_object_set_new(mc->tc->policy, "ima", json_pack("{s:[s]}", "references", "files.json"));
	assert_int_equal(json_dump_file(mc->tc->policy, tm_path("policy"), 0), 0);
	ti_file(&mc->ima, "boot_aggregate", 1);
	start = mc->ima.len;
	ti_file(&mc->ima, "/usr/bin/a", 0xab);
	ti_file(&mc->ima, "/usr/bin/b", 0xab);
	assert_int_equal(simulate(mc), VERIFIER_OK);
	mc->ima.binary[start] = 11;
	assert_int_equal(simulate(mc), VERIFIER_REFUSED);
	mc_free(mc);
}

/* Options may name what is no file; that stays what it is. */
static void test_output(void **state)
{
	struct bv_error err;
	struct stat st;
	char got[8] = "";
	int reader;

	assert_int_equal(mkfifo(tm_path("fifo"), 0600), 0);
	reader = open(tm_path("fifo"), O_RDONLY | O_NONBLOCK);
	assert_int_equal(output_write(tm_path("fifo"), 0644, BV_SPAN("abc"), &err), 0);
	assert_int_equal(read(reader, got, sizeof(got)), sizeof("abc"));
	assert_string_equal(got, "abc");
	close(reader);
	assert_int_equal(lstat(tm_path("fifo"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(unlink(tm_path("fifo")), 0);
	assert_int_equal(output_write(tm_path("fifo"), 0644, BV_SPAN("abc"), &err), 0);
	assert_int_equal(lstat(tm_path("fifo"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(output_write(tm_path("."), 0644, BV_SPAN("abc"), &err), -EISDIR);
	assert_non_null(strstr(err.text, "Is a directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_enroll, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_identity, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_bad_records, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_damaged, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_folder, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_find, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_race, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_lock, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_order, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_renamed, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_reference, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_reference_pcrs, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_gaps, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_serve, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_simulate, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_simulate_ima, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_output, tm_setup, tm_teardown),
	};

	return cmocka_run_group_tests_name("bastion-verifier: machines", tests, NULL, NULL);
}
