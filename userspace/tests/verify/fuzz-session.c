// SPDX-License-Identifier: GPL-2.0
/*
 * A machine's conversation with a verifier: lines, until it hangs up. Nothing that a fuzzer says is
 * signed by a chip, so that nothing is granted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>

#include "bastion-verifier/session.h"
#include "libbastion-verify/ear.h"

#define POLICY	"{\"roots\": [\"r\"], \"models\": [\"m\"], \"firmware_min\": \"1.2.0\", \"svn_min\": 2, \"lifetime\": 300, " \
		"\"policies\": {\"a\": {\"create\": true}}}"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct service service;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	struct bv_error err = { "" };

	service.policy = bv_policy_parse((struct bv_span){ (const uint8_t *)POLICY, strlen(POLICY) }, &err);
	if (!service.policy) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	service.signer = (struct bv_signer){
		.grant_key = key, .ear_jwk = bv_ear_jwk(key, true), .audience = "fuzz", .build = "fuzz 1",
	};
	return 0;
}

/* Every line has an answer, which is one line; an error is the last one. */
static void check(const char *answer, bool hangup)
{
	json_t *json = answer ? json_loads(answer, 0, NULL) : NULL;
	const char *type = json_string_value(json_object_get(json, "type"));

	if (!type || strchr(answer, '\n') || hangup != !strcmp(type, "error") ||
	    json_is_true(json_object_get(json_object_get(json, "verdict"), "granted")) ||
	    json_object_get(json, "grant") || json_object_get(json, "token"))
		abort();
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_span rest = { data, size }, line;
	struct session session = { .has_nonce = false };
	struct bv_error err = { "" };
	bool hangup = false;

	service.state = state_open(NULL, &err);
	while (service.state && rest.len && !hangup) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		char *log, *answer;

		bv_take(&rest, end ? (size_t)(end - rest.data) : rest.len, &line);
		if (end)
			bv_take(&rest, 1, &(struct bv_span){ 0 });
		answer = session_line(&session, &service, line, 1000, &hangup, &log);
		check(answer, hangup);
		free(answer);
		free(log);
	}
	state_close(service.state);
	return 0;
}
