// SPDX-License-Identifier: GPL-2.0
/* "bastion-verifier policy": learning reference values, comparing, trying policies out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "testchip.h"
#include "testcommand.h"
#include "testima.h"

#define RUN(...)	TM_RUN(verifier_policy, "policy", __VA_ARGS__)

static struct tc *tc;

/* A good machine, whose policy names references that are made of its own logs. */
static int setup(void **state)
{
	struct ti_list *list = calloc(1, sizeof(*list));
	FILE *root;

	if (tm_setup(state))
		return -1;
	tc = tc_new();
	list->hash = "SHA1";
	ti_file(list, "boot_aggregate", 9);
	ti_file(list, "/usr/bin/a", 2);
	ti_file(list, "/usr/bin/b", 1);
	ti_violation(list, "/var/log/x");
	ti_file(list, "/usr/bin/a?", 5);
	tc_file(tc, &tc->log, 4, "/usr/bin/keyctl", 32, 7);
	tc_typed_file(tc, &tc->log, 4, "ima-ngv2", "verity:sha256:", "/usr/bin/keyctl", 32, 6);
	tm_write("ima", (struct bv_span){ list->binary, list->len });
	tm_write("log", (struct bv_span){ tc->log.bytes.data, tc->log.bytes.len });
	tm_write("boot", (struct bv_span){ tc->boot_log.bytes.data, tc->boot_log.bytes.len });
	root = fopen(tm_path("root.pem"), "w");
	assert_true(root && PEM_write_X509(root, tc->root) && !fclose(root));
	json_object_set_new(tc->policy, "roots", json_pack("[s]", "root.pem"));
	free(list);
	return 0;
}

static int teardown(void **state)
{
	tc_free(tc);
	return tm_teardown(state);
}

static void write_policy(const char *name)
{
	assert_int_equal(json_dump_file(tc->policy, tm_path(name), 0), 0);
}

static void keep_output(const char *name)
{
	assert_int_equal(rename(tm_path("output"), tm_path(name)), 0);
}

static void learn(void)
{
	assert_int_equal(RUN("learn", "--name", "first", "--log", tm_path("log"), "--ima",
			     tm_path("ima")), VERIFIER_OK);
	keep_output("refs.json");
}

static const json_t *file_at(const json_t *references, size_t at)
{
	return json_array_get(json_object_get(json_array_get(json_object_get(references,
					      "generations"), 0), "files"), at);
}

static const char *path_at(const json_t *references, size_t at)
{
	return json_string_value(json_object_get(file_at(references, at), "path"));
}

static const char *digest_at(const json_t *references, size_t at, size_t which)
{
	return json_string_value(json_array_get(json_object_get(file_at(references, at), "digests"),
						which));
}

/* In order, once each; without what cannot be known and what no reference can name. */
static void test_learn(void **state)
{
	json_t *json;

	learn();
	json = json_load_file(tm_path("refs.json"), 0, NULL);
	assert_string_equal(path_at(json, 0), "/usr/bin/a");
	assert_string_equal(path_at(json, 1), "/usr/bin/b");
	assert_string_equal(path_at(json, 2), "/usr/bin/keyctl");
	assert_memory_equal(digest_at(json, 2, 0), "sha256:0707", 11);
	assert_memory_equal(digest_at(json, 2, 1), "verity:sha256:0606", 18);
	assert_string_equal(path_at(json, 3), "boot_aggregate");
	assert_null(path_at(json, 4));
	json_decref(json);
}

static void test_learn_more(void **state)
{
	json_t *json;

	learn();
	assert_int_equal(RUN("learn", "--name", "first", "--log", tm_path("log"), "--add",
			     tm_path("refs.json")), VERIFIER_REFUSED);
	assert_int_equal(RUN("learn", "--name", "second", "--log", tm_path("log"), "--add",
			     tm_path("refs.json")), VERIFIER_OK);
	json = tm_json();
	assert_int_equal(json_array_size(json_object_get(json, "generations")), 2);
	json_decref(json);
	assert_int_equal(RUN("learn", "--log", tm_path("log")), VERIFIER_USAGE);
	assert_int_equal(RUN("learn", "--name", "x"), VERIFIER_USAGE);
	assert_int_equal(RUN("learn", "--name", "x", "--ima", tm_path("root.pem")), VERIFIER_REFUSED);
	assert_int_equal(RUN("learn", "--name", "x", "--log", tm_path("ima")), VERIFIER_REFUSED);
}

static void names_references(bool violations)
{
	json_object_set_new(tc->policy, "ima", json_pack("{s:[s], s:s, s:[s]}", "references",
							 "refs.json", "violations",
							 violations ? "ignore" : "refuse", "ignore",
							 "/usr/bin/a??"));
	json_object_set_new(tc->policy, "executables", json_pack("{s:[s]}", "references",
								 "refs.json"));
	/* Learning left this one out: it has a wildcard in its name. */
	json_array_append_new(json_object_get(json_object_get(tc->policy, "ima"), "ignore"),
			      json_string("/usr/bin/a?"));
	write_policy("policy.json");
}

#define SIMULATE(...)	RUN("simulate", "--policy", tm_path("policy.json"), ##__VA_ARGS__)
#define LOGS		"--log", tm_path("log"), "--boot-log", tm_path("boot")

static const char *first_failing(const json_t *json)
{
	const json_t *check;
	size_t i;

	json_array_foreach(json_object_get(json, "checks"), i, check)
		if (!json_is_true(json_object_get(check, "ok")))
			return json_string_value(json_object_get(check, "name"));
	return "none";
}

static void fails_by(const char *name)
{
	json_t *json = tm_json();

	assert_string_equal(first_failing(json), name);
	assert_true(json_is_true(json_object_get(json, "simulated")));
	assert_true(json_is_false(json_object_get(json, "granted")));
	json_decref(json);
}

static void test_simulate(void **state)
{
	json_t *json;

	learn();
	names_references(true);
	assert_int_equal(SIMULATE(LOGS, "--ima", tm_path("ima"), "--json"), VERIFIER_OK);
	json = tm_json();
	assert_string_equal(first_failing(json), "none");
	assert_true(json_is_true(json_object_get(json, "granted")));
	json_decref(json);
	/* What learned values were made of is good, and nothing that came since. */
	tc_file(tc, &tc->log, 4, "/usr/bin/keyctl", 32, 8);
	tm_write("log", (struct bv_span){ tc->log.bytes.data, tc->log.bytes.len });
	assert_int_equal(SIMULATE(LOGS, "--ima", tm_path("ima"), "--json"), VERIFIER_REFUSED);
	fails_by("executables");
}

/* What stands for the content of a user's file system is learnt from no log, and refused. */
static void test_learn_nothing(void **state)
{
	json_t *json;

	tc_file(tc, &tc->log, 4, "/usr/bin/served", 32, 0xff);
	tc_file(tc, &tc->log, 4, "/usr/bin/last", 32, 0xfe);
	tm_write("log", (struct bv_span){ tc->log.bytes.data, tc->log.bytes.len });
	learn();
	json = json_load_file(tm_path("refs.json"), 0, NULL);
	assert_string_equal(path_at(json, 3), "/usr/bin/last");
	assert_string_equal(path_at(json, 4), "boot_aggregate");
	assert_null(path_at(json, 5));
	json_decref(json);
	names_references(true);
	assert_int_equal(SIMULATE(LOGS, "--ima", tm_path("ima"), "--json"), VERIFIER_REFUSED);
	fails_by("executables");
}

/* What an operator could not see in a file of references is not put there. */
static void test_learn_controls(void **state)
{
	struct ti_list *list = calloc(1, sizeof(*list));
	json_t *json;

	list->hash = "SHA1";
	ti_file(list, "/tmp/\x1b[2J", 5);
	ti_file(list, "/tmp/\x7f", 5);
	ti_file(list, "/tmp/\xc2\x9b" "2J", 5);
	ti_file(list, "/tmp/\xc3\xa4", 5);
	tm_write("ima", (struct bv_span){ list->binary, list->len });
	free(list);
	learn();
	json = json_load_file(tm_path("refs.json"), 0, NULL);
	assert_string_equal(path_at(json, 0), "/tmp/\xc3\xa4");
	assert_string_equal(path_at(json, 1), "/usr/bin/keyctl");
	assert_null(path_at(json, 2));
	json_decref(json);
}

static void test_simulate_refusals(void **state)
{
	struct bv_span nothing = { (const uint8_t *)"", 0 };

	learn();
	names_references(false);
	assert_int_equal(SIMULATE(LOGS, "--ima", tm_path("ima"), "--json"), VERIFIER_REFUSED);
	fails_by("ima");
	assert_int_equal(SIMULATE(LOGS, "--json"), VERIFIER_REFUSED);
	fails_by("ima-list");
	assert_int_equal(SIMULATE("--log", tm_path("boot"), "--json"), VERIFIER_REFUSED);
	fails_by("log");
	assert_int_equal(SIMULATE(LOGS, "--ima", tm_path("root.pem"), "--json"), VERIFIER_REFUSED);
	fails_by("ima-list");
	tm_write("log", nothing);
	assert_int_equal(SIMULATE(LOGS, "--ima", tm_path("ima"), "--json"), VERIFIER_REFUSED);
	fails_by("boot-key");
	assert_int_equal(SIMULATE("--log", tm_path("missing")), VERIFIER_REFUSED);
	assert_int_equal(SIMULATE("--boot-log", tm_path("boot")), VERIFIER_USAGE);
}

/* A list that is bad in the end is not as good as its beginning. */
static void test_simulate_bad_list(void **state)
{
	uint8_t bytes[4096];
	FILE *file = fopen(tm_path("ima"), "r");
	size_t len = fread(bytes, 1, sizeof(bytes), file);

	fclose(file);
	learn();
	names_references(true);
	tm_write("ima", (struct bv_span){ bytes, len - 1 });
	assert_int_equal(SIMULATE(LOGS, "--ima", tm_path("ima"), "--json"), VERIFIER_REFUSED);
	fails_by("ima-list");
}

/* The next boot: the kernel of a file, and the command line that it will get. */
static void test_next_boot(void **state)
{
	json_t *reference, *boot;

	tm_write_text("kernel", "a kernel");
	tm_write_text("initrd", "an initrd");
	write_policy("policy.json");
	assert_int_equal(SIMULATE(LOGS), VERIFIER_OK);
	assert_int_equal(SIMULATE(LOGS, "--kernel", tm_path("kernel"), "--json"), VERIFIER_REFUSED);
	fails_by("boot-kernel");
	assert_int_equal(SIMULATE(LOGS, "--initrd", tm_path("initrd"), "--json"), VERIFIER_REFUSED);
	fails_by("boot-initrd");
	assert_int_equal(SIMULATE(LOGS, "--cmdline", "quiet", "--json"), VERIFIER_REFUSED);
	fails_by("boot-cmdline");

	assert_int_equal(TM_RUN(verifier_reference, "reference", "--kernel", tm_path("kernel"),
				"--initrd", tm_path("initrd"), "--cmdline", "quiet"), VERIFIER_OK);
	reference = tm_json();
	boot = json_object_get(json_object_get(tc->policy, "reference"), "boot");
	json_array_extend(boot, json_object_get(reference, "boot"));
	json_decref(reference);
	write_policy("policy.json");
	assert_int_equal(SIMULATE(LOGS, "--kernel", tm_path("kernel"), "--initrd",
				  tm_path("initrd"), "--cmdline", "quiet"), VERIFIER_OK);
	assert_int_equal(SIMULATE(LOGS), VERIFIER_OK);
	assert_int_equal(SIMULATE("--log", tm_path("log"), "--kernel", tm_path("kernel")),
			 VERIFIER_USAGE);
}

/* Evidence on record has the logs; its quote and its age do not matter here. */
static void test_simulate_evidence(void **state)
{
	char *evidence = tc_evidence(tc), other[2 * BASTION_DIGEST_SIZE + 1];

	write_policy("policy.json");
	tm_write_text("evidence", evidence);
	free(evidence);
	assert_int_equal(SIMULATE("--evidence", tm_path("evidence")), VERIFIER_OK);
	memset(other, '0', sizeof(other) - 1);
	other[sizeof(other) - 1] = '\0';
	assert_int_equal(SIMULATE("--evidence", tm_path("evidence"), "--verifier", other, "--json"),
			 VERIFIER_REFUSED);
	fails_by("verifiers");
	assert_int_equal(SIMULATE("--evidence", tm_path("evidence"), LOGS), VERIFIER_USAGE);
}

static void test_diff_references(void **state)
{
	json_t *json, *first;

	learn();
	assert_int_equal(RUN("diff", tm_path("refs.json"), tm_path("refs.json")), VERIFIER_OK);
	json = json_load_file(tm_path("refs.json"), 0, NULL);
	first = json_array_get(json_object_get(json, "generations"), 0);
	json_object_set_new(first, "retired", json_true());
	assert_int_equal(json_dump_file(json, tm_path("retired.json"), 0), 0);
	json_decref(json);
	assert_int_equal(RUN("diff", tm_path("refs.json"), tm_path("retired.json"), "--json"),
			 VERIFIER_REFUSED);
	json = tm_json();
	assert_true(json_is_false(json_object_get(json, "same")));
	first = json_object_get(json, "changes");
	assert_int_equal(json_array_size(json_object_get(first, "refused")), 5);
	assert_int_equal(json_array_size(json_object_get(first, "accepted")), 0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(first, "refused"), 0)),
			    "/usr/bin/a sha256:02020202020202020202020202020202"
			    "02020202020202020202020202020202");
	json_decref(json);
}

/* Whoever wrote the file, the terminal obeys nothing in it. */
static void test_diff_controls(void **state)
{
	char text[4096] = "";
	FILE *file;

	learn();
	tm_write_text("new.json", "{\"generations\":[{\"name\":\"x\",\"retired\":false,\"files\":[{\"path\":"
		      "\"/tmp/\\u001b[2J\\u009b2J\",\"digests\":\"any\"}]}]}");
	assert_int_equal(RUN("diff", tm_path("refs.json"), tm_path("new.json")), VERIFIER_REFUSED);
	assert_string_equal(tm_complaint, "");
	file = fopen(tm_path("output"), "r");
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_non_null(strstr(text, "+ /tmp/\\x1b[2J\\xc2\\x9b2J any\n"));
	assert_int_equal(RUN("diff", tm_path("refs.json"), tm_path("new.json"), "--json"),
			 VERIFIER_REFUSED);
	file = fopen(tm_path("output"), "r");
	memset(text, 0, sizeof(text));
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_non_null(strstr(text, "/tmp/\\u001B[2J\\u009B2J any"));
}

static void test_diff_policies(void **state)
{
	json_t *json;
	int added;

	write_policy("old.json");
	json_object_set_new(tc->policy, "models", json_pack("[s, s]", "bastionchip-1", "bastionchip-2"));
	json_object_set_new(tc->policy, "firmware_min",
			    json_pack("{s:s, s:s}", "bastionchip-1", "1.2.0", "bastionchip-2", "7"));
	json_object_set_new(tc->policy, "lifetime", json_integer(77));
	write_policy("new.json");
	assert_int_equal(RUN("diff", tm_path("old.json"), tm_path("new.json"), "--json"),
			 VERIFIER_REFUSED);
	json = tm_json();
	assert_int_equal(json_object_size(json_object_get(json, "changes")), 3);
	assert_int_equal(json_unpack(json, "{s:{s:{s:i}}}", "changes", "lifetime", "new", &added), 0);
	assert_int_equal(added, 77);
	json_decref(json);
	assert_int_equal(RUN("diff", tm_path("old.json"), tm_path("new.json")), VERIFIER_REFUSED);
	assert_int_equal(RUN("diff", tm_path("new.json"), tm_path("new.json")), VERIFIER_OK);
	learn();
	assert_int_equal(RUN("diff", tm_path("new.json"), tm_path("refs.json")), VERIFIER_USAGE);
	assert_int_equal(RUN("diff", tm_path("new.json"), tm_path("log")), VERIFIER_REFUSED);
	assert_int_equal(RUN("diff", tm_path("new.json")), VERIFIER_USAGE);
}

/* Every maker counts in his own way. */
static void test_firmware_of_models(void **state)
{
	const struct {
		const char *model, *version;
		enum bv_tier tier;
	} rules[] = {
		{ "bastionchip-1", "1.2.1", BV_CONTRAINDICATED },
		{ "bastionchip-1", "1.2.0", BV_AFFIRMING },
		{ "other", "1.0", BV_WARNING },
	};
	json_t *json;
	char *text;

	json_object_set_new(tc->policy, "models", json_pack("[s, s]", "bastionchip-1", "other"));
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct bv_verdict *verdict;

		json_object_set_new(tc->policy, "firmware_min",
				    json_pack("{s:s}", rules[i].model, rules[i].version));
		verdict = tc_appraise(tc, NULL);
		assert_int_equal(verdict->status, rules[i].tier);
		bv_verdict_free(verdict);
	}
	write_policy("policy.json");
	assert_int_equal(RUN("check", tm_path("policy.json"), "--json"), VERIFIER_OK);
	json = tm_json();
	text = json_dumps(json, 0);
	assert_non_null(strstr(text, "none of a model"));
	free(text);
	json_decref(json);
}

/* The files that a policy names are loaded, or it cannot be used. */
static void test_check(void **state)
{
	json_t *json;

	names_references(true);
	assert_int_equal(RUN("check", tm_path("policy.json")), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "refs.json"));
	tm_write_text("refs.json", "{\"generations\": 1}");
	assert_int_equal(RUN("check", tm_path("policy.json")), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "\"generations\" is not a list"));
	learn();
	assert_int_equal(RUN("check", tm_path("policy.json"), "--json"), VERIFIER_OK);
	json = tm_json();
	assert_int_equal(json_string_length(json_object_get(json, "id")), 96);
	assert_true(json_array_size(json_object_get(json, "notes")) > 0);
	json_decref(json);
	assert_int_equal(RUN("unknown"), VERIFIER_USAGE);
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_learn),
		TEST(test_learn_more),
		TEST(test_simulate),
		TEST(test_learn_nothing),
		TEST(test_learn_controls),
		TEST(test_simulate_refusals),
		TEST(test_simulate_bad_list),
		TEST(test_next_boot),
		TEST(test_simulate_evidence),
		TEST(test_diff_references),
		TEST(test_diff_controls),
		TEST(test_diff_policies),
		TEST(test_firmware_of_models),
		TEST(test_check),
	};

	return cmocka_run_group_tests_name("verify: policy commands", tests, NULL, NULL);
}
