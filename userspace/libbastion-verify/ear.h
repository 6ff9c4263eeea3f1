/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attestation results: EAR as a JWT (RFC 7519), in the deployed dialect
 * tag:github.com,2023:veraison/ear.
 */
#ifndef BV_EAR_H
#define BV_EAR_H

#include <openssl/evp.h>

#include "policy.h"
#include "verdict.h"

#define BV_EAR_PROFILE	"tag:github.com,2023:veraison/ear"
#define BV_EAR_MAX	65536

/**
 * struct bv_ear_input - what a result says beyond the verdict
 * @verdict:	closed
 * @policy:	appraised against; its id goes in
 * @nonce:	the verifier's nonce
 * @verifier:	digest of the grant key: who issues
 * @audience:	for whom
 * @build:	name and version of the program
 * @id:		16 fresh random bytes
 * @now:	seconds since 1970
 */
struct bv_ear_input {
	const struct bv_verdict *verdict;
	const struct bv_policy *policy;
	struct bv_span nonce;
	const uint8_t *verifier;
	const char *audience;
	const char *build;
	const uint8_t *id;
	int64_t now;
};

/**
 * bv_ear_claims() - the claims set
 * @in:		see above
 *
 * The chip's id (sub, ueid), the boot key (cnf) and what a TPM says of itself are in it
 * only when the verdict's facts are authentic. It expires when a grant of this moment would.
 *
 * Return: a new reference, NULL without memory.
 */
json_t *bv_ear_claims(const struct bv_ear_input *in);

/**
 * bv_ear_jwk() - a P-384 key as JWK (RFC 7517) with alg, use and kid
 * @key:	private or public
 * @private_key: whether the private part goes in
 *
 * kid is the key's thumbprint (RFC 7638, SHA-256).
 *
 * Return: a new reference, or NULL. One with the private part must not be shown.
 */
json_t *bv_ear_jwk(EVP_PKEY *key, bool private_key);

/**
 * bv_ear_sign() - a compact JWS (RFC 7515, 3.1), ES384
 * @claims:	the claims set
 * @jwk:	private, from bv_ear_jwk()
 *
 * Return: terminated text that the caller frees, or NULL.
 */
char *bv_ear_sign(const json_t *claims, const json_t *jwk);

/**
 * bv_ear_verify() - check a token against pinned keys
 * @token:	compact JWS, untrusted
 * @keys:	JWK set (RFC 7517, 5), or one JWK, that the caller trusts
 * @now:	seconds since 1970; negative: times are not checked
 * @err:	what was wrong
 *
 * A key in the token's own header is ignored. Where the token names a kid only
 * keys with that kid are tried, and keys that have none. The algorithm is the
 * key's, ES256 or ES384. Checks the shape of the claims: profile, iat, verifier
 * id, every submodule's status against its vector, and with a time also nbf and exp.
 *
 * Return: the claims, a new reference, or NULL.
 */
json_t *bv_ear_verify(const char *token, const json_t *keys, int64_t now, struct bv_error *err);

/**
 * bv_ear_check() - the shape of a claims set
 * @claims:	see bv_ear_verify()
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG.
 */
int bv_ear_check(const json_t *claims, struct bv_error *err);

#endif
