/* SPDX-License-Identifier: GPL-2.0 */
/* Grants (include/bastion/grant.h) and the tokens that go with them (round.h). */
#ifndef BV_GRANT_H
#define BV_GRANT_H

#include <openssl/evp.h>

#include "policy.h"
#include "verdict.h"

/**
 * struct bv_grant - a signed grant and what goes with it, sealed to the boot key
 * @bytes:	the grant, signature included
 * @len:	of @bytes
 * @token:	the token itself is nowhere else
 * @policies:	for a TPM: policy signatures (round.h)
 * @policies_len: of @policies; 0 when there are none
 */
struct bv_grant {
	uint8_t bytes[BASTION_GRANT_MAX];
	size_t len;
	uint8_t token[BASTION_SEALED_TOKEN_SIZE];
	uint8_t policies[BASTION_SEALED_POLICIES_MAX];
	size_t policies_len;
};

/**
 * bv_policy_seconds() - how long a TPM releases keys by a grant
 * @lifetime:	the policy's, in seconds
 */
static inline uint32_t bv_policy_seconds(uint32_t lifetime)
{
	return lifetime < BASTION_POLICY_SECONDS_MAX ? lifetime : BASTION_POLICY_SECONDS_MAX;
}

/**
 * bv_grant_make() - make, sign and seal
 * @verdict:	closed; nothing is made unless it says granted
 * @policy:	whose permits, lifetime and register mask go into it
 * @key:	the grant key, private
 * @token:	fresh random bytes; the caller wipes them
 * @grant:	the outcome
 *
 * Return: 0; -EPERM the verdict does not grant; -EINVAL @key or the boot key is
 * not P-384; -EIO, -ENOMEM.
 */
int bv_grant_make(const struct bv_verdict *verdict, const struct bv_policy *policy, EVP_PKEY *key,
		  const uint8_t token[BASTION_TOKEN_SIZE], struct bv_grant *grant);

/**
 * bv_token_seal() - encrypt a token to a boot key
 * @token:	32 bytes
 * @boot_key:	point
 * @grant:	the whole grant, bound as associated data
 * @sealed:	the outcome
 *
 * Return: 0; -EINVAL @boot_key is no point of P-384; -EIO, -ENOMEM.
 */
int bv_token_seal(const uint8_t token[BASTION_TOKEN_SIZE],
		  const uint8_t boot_key[BASTION_POINT_SIZE], struct bv_span grant,
		  uint8_t sealed[BASTION_SEALED_TOKEN_SIZE]);

/**
 * bv_policies_seal() - likewise, policy signatures
 * @signatures:	of which @count
 * @sealed:	BASTION_SEALED_POLICIES_SIZE(@count) bytes
 */
int bv_policies_seal(const struct bastion_policy_signature *signatures, size_t count,
		     const uint8_t boot_key[BASTION_POINT_SIZE], struct bv_span grant,
		     uint8_t *sealed);

/**
 * bv_token_open() - the other side of bv_token_seal(), for tests and other readings
 * @sealed:	145 bytes
 * @boot_key:	private
 * @grant:	the whole grant
 * @token:	the outcome; the caller wipes it
 *
 * Return: 0; -EKEYREJECTED it was made for another key or grant; -EINVAL, -EIO.
 */
int bv_token_open(const uint8_t sealed[BASTION_SEALED_TOKEN_SIZE], EVP_PKEY *boot_key,
		  struct bv_span grant, uint8_t token[BASTION_TOKEN_SIZE]);

/** bv_policies_open() - likewise of bv_policies_seal(), for @count signatures */
int bv_policies_open(const uint8_t *sealed, size_t count, EVP_PKEY *boot_key,
		     struct bv_span grant, struct bastion_policy_signature *signatures);

#endif
