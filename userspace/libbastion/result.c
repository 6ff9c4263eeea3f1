// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "libbastion/base64url.h"
#include "libbastion/result.h"

static int bad(struct bastion_error *err, const char *what)
{
	return bastion_error_set(err, BASTION_OP_PEER, EPROTO, "the result's %s", what);
}

static bool known_status(const char *status)
{
	static const char *const names[] = { "affirming", "warning", "contraindicated", "none" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(status, names[i]))
			return true;
	return false;
}

static int check_verdict(json_t *verdict, struct bastion_error *err)
{
	json_t *check, *checks;
	size_t i;

	if (!json_is_object(verdict))
		return bad(err, "verdict is missing");
	if (!json_is_string(json_object_get(verdict, "status")) ||
	    !known_status(json_string_value(json_object_get(verdict, "status"))))
		return bad(err, "status is none of the four");
	if (!json_is_boolean(json_object_get(verdict, "granted")))
		return bad(err, "verdict does not say whether it was granted");
	if (!json_is_string(json_object_get(verdict, "summary")))
		return bad(err, "summary is missing");
	checks = json_object_get(verdict, "checks");
	if (!json_is_array(checks))
		return bad(err, "checks are missing");
	json_array_foreach(checks, i, check)
		if (!json_is_string(json_object_get(check, "name")) ||
		    !json_is_boolean(json_object_get(check, "ok")))
			return bad(err, "checks are not as they should be");
	return 0;
}

static ssize_t take_bytes(json_t *json, const char *key, uint8_t *out, size_t size)
{
	json_t *value = json_object_get(json, key);

	if (!json_is_string(value))
		return -EPROTO;
	return bastion_base64url_decode(json_string_value(value), json_string_length(value), out,
					size);
}

/* A point, one structure for each policy, a tag (round.h) */
static bool sealed_policies_fit(size_t len)
{
	return len >= BASTION_SEALED_POLICIES_SIZE(1) &&
	       (len - BASTION_SEALED_POLICIES_SIZE(0)) %
	       sizeof(struct bastion_policy_signature) == 0;
}

static int take_grant(json_t *json, struct bastion_result *result, struct bastion_error *err)
{
	ssize_t n;

	n = take_bytes(json, "grant", result->grant, sizeof(result->grant));
	if (n < (ssize_t)BASTION_GRANT_SIZE(1))
		return bad(err, "grant is missing or of a wrong length");
	result->grant_len = n;
	n = take_bytes(json, "token", result->token, sizeof(result->token));
	if (n != sizeof(result->token))
		return bad(err, "token is missing or of a wrong length");
	if (!json_object_get(json, "policies"))
		return 0;
	n = take_bytes(json, "policies", result->policies, sizeof(result->policies));
	if (n < 0 || !sealed_policies_fit(n))
		return bad(err, "policy signatures are of a wrong length");
	result->policies_len = n;
	return 0;
}

int bastion_result_parse(json_t *json, struct bastion_result *result, struct bastion_error *err)
{
	json_t *verdict = json_object_get(json, "verdict");
	int rc;

	memset(result, 0, sizeof(*result));
	rc = check_verdict(verdict, err);
	if (rc)
		return rc;
	result->granted = json_is_true(json_object_get(verdict, "granted"));
	if (!result->granted && (json_object_get(json, "grant") || json_object_get(json, "token") ||
				 json_object_get(json, "policies")))
		return bad(err, "grant contradicts its verdict");
	rc = result->granted ? take_grant(json, result, err) : 0;
	if (rc)
		return rc;
	result->verdict = json_incref(verdict);
	return 0;
}

void bastion_result_free(struct bastion_result *result)
{
	json_decref(result->verdict);
	result->verdict = NULL;
}
