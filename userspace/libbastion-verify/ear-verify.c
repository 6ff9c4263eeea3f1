// SPDX-License-Identifier: GPL-2.0
/* Checking attestation results: keys are pinned, nothing in a token chooses them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jose/jose.h>
#include <openssl/err.h>

#include "ear.h"
#include "json.h"

struct jws {
	char *part[3];		/* protected, payload, signature: base64url */
};

static int split(const char *token, struct jws *jws, struct bv_error *err)
{
	memset(jws, 0, sizeof(*jws));
	if (strlen(token) > BV_EAR_MAX)
		return bv_fail(err, "the token is longer than %d bytes", BV_EAR_MAX);
	for (int i = 0; i < 3; i++) {
		size_t len = strcspn(token, ".");

		if (!len || token[len] != (i < 2 ? '.' : '\0'))
			return bv_fail(err, "the token is not three base64url parts with dots between");
		jws->part[i] = strndup(token, len);
		if (!jws->part[i])
			return bv_fail_errno(err, ENOMEM, "reading the token");
		token += len + 1;
	}
	return 0;
}

static json_t *decode(const char *part, const char *what, struct bv_error *err)
{
	struct bv_span bytes;
	json_t *json;

	if (bv_unbase64url(part, strlen(part), (uint8_t **)&bytes.data, &bytes.len)) {
		bv_fail(err, "%s is not base64url without padding", what);
		return NULL;
	}
	json = bv_json_parse(bytes, BV_EAR_MAX, BV_JSON_FEW, what, err);
	free((void *)bytes.data);
	return json;
}

static const char *key_algorithm(const json_t *jwk)
{
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	const char *crv = json_string_value(json_object_get(jwk, "crv"));

	if (!kty || !crv || strcmp(kty, "EC"))
		return NULL;
	if (!strcmp(crv, "P-384"))
		return "ES384";
	return strcmp(crv, "P-256") ? NULL : "ES256";
}

static bool try_key(const struct jws *jws, const json_t *header, const json_t *jwk)
{
	const char *alg = json_string_value(json_object_get(header, "alg"));
	const json_t *kid = json_object_get(header, "kid"), *own = json_object_get(jwk, "kid");
	const char *fits = key_algorithm(jwk);
	json_t *json;
	bool ok;

	if (!fits || !alg || strcmp(alg, fits) || (kid && own && !json_equal(kid, own)))
		return false;
	json = json_pack("{s:s, s:s, s:s}", "protected", jws->part[0], "payload", jws->part[1],
			 "signature", jws->part[2]);
	ok = json && jose_jws_ver(NULL, json, NULL, jwk, true);
	ERR_clear_error();
	json_decref(json);
	return ok;
}

static int check_signature(const struct jws *jws, const json_t *keys, struct bv_error *err)
{
	const json_t *set = json_object_get(keys, "keys"), *key;
	json_t *header = decode(jws->part[0], "the token's header", err);
	bool ok = false;
	size_t i;

	if (!header)
		return -EBADMSG;
	if (json_object_get(header, "crit") || json_object_get(header, "b64")) {
		json_decref(header);
		return bv_fail(err, "the token's header has extensions that must be understood");
	}
	if (!set)
		ok = try_key(jws, header, keys);
	json_array_foreach(set, i, key)
		ok = ok || try_key(jws, header, key);
	json_decref(header);
	return ok ? 0 : bv_fail(err, "the token is not signed by a pinned key");
}

static int tier_of(const char *status)
{
	static const enum bv_tier tiers[] = {
		BV_NONE, BV_AFFIRMING, BV_WARNING, BV_CONTRAINDICATED
	};

	for (size_t i = 0; status && i < sizeof(tiers) / sizeof(*tiers); i++)
		if (!strcmp(status, bv_tier_name(tiers[i])))
			return tiers[i];
	return -1;
}

/* AR4SI, 2.3.2: a tier is a range; the negative ones mirror the positive ones. */
static int claim_tier(json_int_t value)
{
	if (value < -128 || value > 127)
		return -1;
	if (value >= -1 && value <= 1)
		return BV_NONE;
	if (value >= -32 && value <= 31)
		return BV_AFFIRMING;
	if (value >= -96 && value <= 95)
		return BV_WARNING;
	return BV_CONTRAINDICATED;
}

static int check_submod(const char *name, const json_t *submod, struct bv_error *err)
{
	const json_t *status = json_object_get(submod, "ear.status");
	json_t *vector = json_object_get(submod, "ear.trustworthiness-vector");
	int tier = tier_of(json_string_value(status));
	const char *claim;
	json_t *value;

	if (tier < 0)
		return bv_fail(err, "submodule \"%.64s\" has no status that is known", name);
	if (vector && !json_is_object(vector))
		return bv_fail(err, "submodule \"%.64s\" has a vector that is none", name);
	json_object_foreach(vector, claim, value) {
		int worst = json_is_integer(value) ? claim_tier(json_integer_value(value)) : -1;

		if (worst < 0 || worst > tier)
			return bv_fail(err, "submodule \"%.64s\" has a status better than its \"%.64s\"",
				       name, claim);
	}
	/* Veraison's extension: an attested key is either there or not claimed. */
	value = json_object_get(submod, "ear.veraison.key-attestation");
	if (value && !json_is_string(json_object_get(value, "akpub")))
		return bv_fail(err, "submodule \"%.64s\" attests a key without a key", name);
	return 0;
}

int bv_ear_check(const json_t *claims, struct bv_error *err)
{
	const json_t *id = json_object_get(claims, "ear.verifier-id");
	json_t *mods = json_object_get(claims, "submods"), *submod;
	const char *profile = json_string_value(json_object_get(claims, "eat_profile"));
	const char *name;

	if (!profile || strcmp(profile, BV_EAR_PROFILE))
		return bv_fail(err, "the token's profile is not %s", BV_EAR_PROFILE);
	if (!json_is_integer(json_object_get(claims, "iat")))
		return bv_fail(err, "the token has no time of issue");
	if (!json_is_string(json_object_get(id, "developer")) ||
	    !json_is_string(json_object_get(id, "build")))
		return bv_fail(err, "the token does not name its verifier");
	if (!json_object_size(mods))
		return bv_fail(err, "the token has no submodules");
	json_object_foreach(mods, name, submod) {
		int ret = check_submod(name, submod, err);

		if (ret)
			return ret;
	}
	return 0;
}

static int check_times(const json_t *claims, int64_t now, struct bv_error *err)
{
	const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");

	if (!json_is_integer(exp) || !json_is_integer(nbf))
		return bv_fail(err, "the token does not say from when to when it is good");
	if (now < json_integer_value(nbf))
		return bv_fail(err, "the token is not good yet");
	if (now >= json_integer_value(exp))
		return bv_fail(err, "the token has expired");
	return 0;
}

json_t *bv_ear_verify(const char *token, const json_t *keys, int64_t now, struct bv_error *err)
{
	json_t *claims = NULL;
	struct jws jws;
	int ret = split(token, &jws, err);

	if (!ret)
		ret = check_signature(&jws, keys, err);
	if (!ret) {
		claims = decode(jws.part[1], "the token's claims", err);
		ret = claims ? bv_ear_check(claims, err) : -EBADMSG;
	}
	if (!ret && now >= 0)
		ret = check_times(claims, now, err);
	for (int i = 0; i < 3; i++)
		free(jws.part[i]);
	if (!ret)
		return claims;
	json_decref(claims);
	return NULL;
}
