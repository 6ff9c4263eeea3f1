// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

static char *make_ear(const struct bv_appraisal *in, const struct bv_signer *signer,
		      const struct bv_fresh *fresh, const struct bv_verdict *verdict)
{
	const struct bv_ear_input input = {
		.verdict = verdict,
		.policy = in->policy,
		.nonce = in->nonce,
		.verifier = signer->verifier,
		.audience = signer->audience,
		.build = signer->build,
		.id = fresh->id,
		.now = in->now,
	};
	json_t *claims = bv_ear_claims(&input);
	char *token = claims ? bv_ear_sign(claims, signer->ear_jwk) : NULL;

	json_decref(claims);
	return token;
}

int bv_result_make(const struct bv_appraisal *in, struct bv_verdict *verdict,
		   const struct bv_signer *signer, const struct bv_fresh *fresh,
		   struct bv_result *result)
{
	int ret = 0;

	memset(result, 0, sizeof(*result));
	result->verdict = verdict;
	if (!result->verdict)
		return -ENOMEM;
	if (result->verdict->granted)
		ret = bv_grant_make(result->verdict, in->policy, signer->grant_key, fresh->token,
				    &result->grant);
	if (!ret) {
		result->ear = make_ear(in, signer, fresh, result->verdict);
		ret = result->ear ? 0 : -EIO;
	}
	if (ret)
		bv_result_exit(result);
	return ret;
}

void bv_result_exit(struct bv_result *result)
{
	bv_verdict_free(result->verdict);
	free(result->ear);
	memset(result, 0, sizeof(*result));
}

static int add_bytes(json_t *json, const char *name, struct bv_span bytes)
{
	char *text = bv_base64url(bytes);
	int ret = json_object_set_new(json, name, text ? json_string(text) : NULL);

	free(text);
	return ret;
}

json_t *bv_result_json(const struct bv_result *result)
{
	json_t *json = json_pack("{s:o, s:s}", "verdict", bv_verdict_json(result->verdict), "ear",
				 result->ear);

	if (json && result->grant.len &&
	    (add_bytes(json, "grant", (struct bv_span){ result->grant.bytes, result->grant.len }) ||
	     add_bytes(json, "token", BV_SPAN(result->grant.token)) ||
	     (result->grant.policies_len &&
	      add_bytes(json, "policies", (struct bv_span){ result->grant.policies,
							    result->grant.policies_len })))) {
		json_decref(json);
		return NULL;
	}
	return json;
}
