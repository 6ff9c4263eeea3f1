// SPDX-License-Identifier: GPL-2.0
/* Making attestation results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jose/jose.h>
#include <jose/openssl.h>
#include <openssl/err.h>

#include "crypto.h"
#include "ear.h"
#include "grant.h"

#define ID_SIZE		16
#define UEID_SIZE	32	/* of the chip's id */
#define DEVELOPER	"https://bastion.example"

static json_t *base64url(struct bv_span bytes)
{
	char *text = bv_base64url(bytes);
	json_t *json = text ? json_string(text) : NULL;

	free(text);
	return json;
}

static json_t *vector(const struct bv_verdict *verdict)
{
	json_t *json = json_object();

	for (int i = 0; json && i < BV_CLAIMS; i++)
		if (json_object_set_new(json, bv_claim_name(i), json_integer(verdict->worst[i]))) {
			json_decref(json);
			return NULL;
		}
	return json;
}

static json_t *submods(const struct bv_ear_input *in)
{
	char id[64 + 2 * BASTION_DIGEST_SIZE] = "tag:bastion.example,2026:policy/";

	bv_hex(id + strlen(id), sizeof(id) - strlen(id), in->policy->id, sizeof(in->policy->id));
	return json_pack("{s:{s:s, s:o, s:s}}", "bastion", "ear.status",
			 bv_tier_name(in->verdict->status), "ear.trustworthiness-vector",
			 vector(in->verdict), "ear.appraisal-policy-id", id);
}

/* The boot key: whoever can use it is the kernel that was appraised (RFC 7800). */
static json_t *confirmation(const uint8_t point[BASTION_POINT_SIZE])
{
	const size_t half = (BASTION_POINT_SIZE - 1) / 2;

	return json_pack("{s:{s:s, s:s, s:s, s:o, s:o}}", "jwk", "kty", "EC", "crv", "P-384", "use",
			 "enc", "x", base64url((struct bv_span){ point + 1, half }), "y",
			 base64url((struct bv_span){ point + 1 + half, half }));
}

/* UEID of type RAND (RFC 9711, 4.2.1), as a Bastionchip has it in its quote. */
static json_t *ueid(const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	uint8_t bytes[1 + UEID_SIZE] = { 1 };

	memcpy(bytes + 1, chip_id, UEID_SIZE);
	return base64url(BV_SPAN(bytes));
}

/* What a TPM signed of itself, and which machine it was enrolled as. */
static json_t *tpm(const struct bv_tpm_facts *facts)
{
	return json_pack("{s:s, s:o, s:{s:I, s:I, s:I, s:b}}", "machine", facts->machine,
			 "firmware-version",
			 json_sprintf("%016llx", (unsigned long long)facts->firmware), "clock",
			 "clock", (json_int_t)facts->clock, "reset-count",
			 (json_int_t)facts->reset_count, "restart-count",
			 (json_int_t)facts->restart_count, "safe", facts->safe);
}

static int add_identity(json_t *claims, const struct bv_facts *facts)
{
	char sub[32 + 2 * BASTION_DIGEST_SIZE] = "bastion-chip:";
	json_t *submod = json_object_get(json_object_get(claims, "submods"), "bastion");

	bv_hex(sub + strlen(sub), sizeof(sub) - strlen(sub), facts->quote.chip_id,
	       BASTION_DIGEST_SIZE);
	return json_object_set_new(claims, "sub", json_string(sub)) ||
	       json_object_set_new(claims, "ueid", ueid(facts->quote.chip_id)) ||
	       json_object_set_new(claims, "cnf", confirmation(facts->round.boot_key)) ||
	       (facts->is_tpm && json_object_set_new(submod, "ear.bastion.tpm", tpm(&facts->tpm)));
}

/* When a grant of this result ends at the latest. */
static int64_t expiry(const struct bv_ear_input *in)
{
	const uint32_t lifetime = in->policy->lifetime;

	return in->now + (in->verdict->facts.is_tpm ? bv_policy_seconds(lifetime) : lifetime);
}

json_t *bv_ear_claims(const struct bv_ear_input *in)
{
	char iss[32 + 2 * BASTION_DIGEST_SIZE] = "bastion-verifier:", jti[2 * ID_SIZE + 1];
	json_t *claims;

	bv_hex(iss + strlen(iss), sizeof(iss) - strlen(iss), in->verifier, BASTION_DIGEST_SIZE);
	bv_hex(jti, sizeof(jti), in->id, ID_SIZE);
	claims = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:{s:s, s:s}, s:o}",
			   "eat_profile", BV_EAR_PROFILE, "iss", iss, "aud", in->audience, "jti", jti,
			   "iat", (json_int_t)in->now, "nbf", (json_int_t)in->now, "exp",
			   (json_int_t)expiry(in), "eat_nonce", base64url(in->nonce),
			   "ear.verifier-id", "developer", DEVELOPER, "build", in->build, "submods",
			   submods(in));
	if (claims && in->verdict->facts.authentic && add_identity(claims, &in->verdict->facts)) {
		json_decref(claims);
		return NULL;
	}
	return claims;
}

json_t *bv_ear_jwk(EVP_PKEY *key, bool private_key)
{
	uint8_t point[BASTION_POINT_SIZE];
	json_t *jwk, *kid;

	if (bv_key_point(key, point))
		return NULL;
	jwk = jose_openssl_jwk_from_EVP_PKEY(NULL, key);
	ERR_clear_error();
	if (!jwk)
		return NULL;
	if (!private_key && json_object_get(jwk, "d"))
		json_object_del(jwk, "d");
	kid = jose_jwk_thp(NULL, jwk, "S256");
	if (!kid || json_object_set_new(jwk, "kid", kid) ||
	    json_object_set_new(jwk, "alg", json_string("ES384")) ||
	    json_object_set_new(jwk, "use", json_string("sig"))) {
		json_decref(jwk);
		return NULL;
	}
	return jwk;
}

static char *compact(const json_t *jws)
{
	const char *protected_header = json_string_value(json_object_get(jws, "protected"));
	const char *payload = json_string_value(json_object_get(jws, "payload"));
	const char *signature = json_string_value(json_object_get(jws, "signature"));
	char *text;

	if (!protected_header || !payload || !signature ||
	    asprintf(&text, "%s.%s.%s", protected_header, payload, signature) < 0)
		return NULL;
	return text;
}

char *bv_ear_sign(const json_t *claims, const json_t *jwk)
{
	char *text = json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS), *token = NULL;
	json_t *jws = NULL, *header;

	header = json_pack("{s:{s:s, s:s, s:O}}", "protected", "alg", "ES384", "typ", "JWT", "kid",
			   json_object_get(jwk, "kid"));
	if (text)
		jws = json_pack("{s:o}", "payload",
				base64url((struct bv_span){ (const uint8_t *)text, strlen(text) }));
	if (header && jws && jose_jws_sig(NULL, jws, header, jwk))
		token = compact(jws);
	ERR_clear_error();
	json_decref(header);
	json_decref(jws);
	free(text);
	return token;
}
