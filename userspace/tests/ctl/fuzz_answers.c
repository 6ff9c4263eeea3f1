// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: what a verifier answers. Byte 0 says to what; the rest is a line. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/base64url.h"
#include "libbastion/client.h"
#include "libbastion/enroll.h"
#include "libbastion/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void challenge(const json_t *answer)
{
	struct bastion_challenge challenge;
	struct bastion_error err = { 0 };

	if (bastion_challenge_parse(answer, &challenge, &err)) {
		check(err.code == EPROTO);
		return;
	}
	check(challenge.nonce_len >= BASTION_VERIFIER_NONCE_MIN &&
	      challenge.nonce_len <= BASTION_VERIFIER_NONCE_MAX);
	check(challenge.log_from <= INT64_MAX && challenge.ima_from <= INT64_MAX &&
	      challenge.ima_offset <= INT64_MAX);
}

static void result(json_t *answer)
{
	struct bastion_error err = { 0 };
	struct bastion_result result;

	if (bastion_result_parse(answer, &result, &err)) {
		check(err.code == EPROTO && !result.verdict);
		return;
	}
	check(json_is_object(result.verdict) && result.grant_len <= sizeof(result.grant) &&
	      result.policies_len <= sizeof(result.policies));
	check(result.granted ? result.grant_len >= BASTION_GRANT_SIZE(1) :
			       !result.grant_len && !result.policies_len);
	bastion_result_free(&result);
}

static void credential(const json_t *answer)
{
	struct bastion_enroll_credential credential;
	struct bastion_error err = { 0 };

	if (bastion_enroll_credential_parse(answer, &credential, &err))
		check(err.code == EPROTO);
	else
		check(credential.credential_len <= sizeof(credential.credential) &&
		      credential.seed_len <= sizeof(credential.seed));
}

/* Text that is read has one spelling, and that one is written. */
static void spelling(const char *text, size_t len)
{
	uint8_t bytes[256];
	ssize_t n = bastion_base64url_decode(text, len, bytes, sizeof(bytes));
	char *again, hex[2 * sizeof(bytes) + 1];

	check(n <= (ssize_t)sizeof(bytes));
	if (n >= 0) {
		again = bastion_base64url_encode(bytes, n);
		check(again && strlen(again) == len && !memcmp(again, text, len));
		free(again);
	}
	n = bastion_hex_decode(text, len, bytes, sizeof(bytes));
	check(n <= (ssize_t)sizeof(bytes));
	if (n >= 0) {
		bastion_hex_encode(bytes, n, hex);
		check(strlen(hex) == len && !strncasecmp(hex, text, len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "challenge", "result", "credential" };
	struct bastion_error err = { 0 };
	json_t *answer = NULL;
	unsigned int what;
	char *line;
	int rc;

	if (!size)
		return 0;
	what = data[0] % 4;
	line = malloc(size);
	memcpy(line, data + 1, size - 1);
	line = realloc(line, size > 1 ? size - 1 : 1);
	if (what == 3) {
		spelling(line, size - 1);
		free(line);
		return 0;
	}
	rc = bastion_client_parse(line, size - 1, types[what], &answer, &err);
	free(line);
	check(rc == 0 || rc == -EPROTO || rc == -EREMOTEIO);
	check(err.code == -rc && !answer == !!rc);
	if (rc)
		return 0;
	if (what == 0)
		challenge(answer);
	else if (what == 1)
		result(answer);
	else
		credential(answer);
	json_decref(answer);
	return 0;
}
