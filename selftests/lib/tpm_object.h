/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a TPM keeps of a blob, as its own tools want it: blob.h of include/bastion, read once more.
 */
#ifndef SELFTESTS_LIB_TPM_OBJECT_H
#define SELFTESTS_LIB_TPM_OBJECT_H

#include <bastion/blob.h>

#include "round.h"

/**
 * struct tpm_object - a sealed object
 * @pub:	TPM2B_PUBLIC
 * @priv:	TPM2B_PRIVATE
 * @ref:	the policyRef of the TPM2_PolicySigned that opens it
 */
struct tpm_object {
	uint8_t pub[96], priv[2 + BASTION_TPM_PRIVATE_MAX], ref[32];
	size_t pub_len, priv_len;
};

/* The name of the verifier's key, as the TPM says it. */
static inline void tpm_verifier_name(const uint8_t point[BASTION_POINT_SIZE], uint8_t name[34])
{
	static const uint8_t head[] = {
		0, 0x23, 0, 11, 0, 4, 0, 0x40, 0, 0, 0, 0x10, 0, 0x10, 0, 4, 0, 0x10, 0, 48
	};
	uint8_t bytes[sizeof(head) + 98], *at;

	at = mempcpy(bytes, head, sizeof(head));
	at = mempcpy(at, point + 1, 48);
	*at++ = 0;
	*at++ = 48;
	at = mempcpy(at, point + 49, 48);
	name[0] = 0;
	name[1] = 11;
	ROUND_MUST(EVP_Digest(bytes, at - bytes, name + 2, NULL, EVP_sha256(), NULL));
}

/* @blob: of kind TPM, for the verifier whose key has @point */
static inline void tpm_object(struct tpm_object *object, const uint8_t *blob,
			      const uint8_t point[BASTION_POINT_SIZE])
{
	static const uint8_t head[] = { 0, 78, 0, 8, 0, 11, 0, 0, 4, 0x92, 0, 32 };
	static const uint8_t middle[] = { 0, 0x10, 0, 32 };
	static const uint8_t code[] = { 0, 0, 1, 0x60 };
	const struct bastion_blob_header *header = (const void *)blob;
	const struct bastion_blob_tpm *part = (const void *)(header + 1);
	size_t private_len = le16toh(part->private_len);
	uint8_t bytes[32 + sizeof(code) + 34] = { 0 }, policy[64], *at;

	if (private_len > BASTION_TPM_PRIVATE_MAX)
		errx(1, "not a TPM's blob");
	at = mempcpy(bytes + 32, code, sizeof(code));
	tpm_verifier_name(point, at);
	ROUND_MUST(EVP_Digest(bytes, sizeof(bytes), policy, NULL, EVP_sha256(), NULL));
	ROUND_MUST(EVP_Digest(header->policy, 48, object->ref, NULL, EVP_sha256(), NULL));
	memcpy(policy + 32, object->ref, 32);
	ROUND_MUST(EVP_Digest(policy, 64, policy, NULL, EVP_sha256(), NULL));

	at = mempcpy(object->pub, head, sizeof(head));
	at = mempcpy(at, policy, 32);
	at = mempcpy(at, middle, sizeof(middle));
	at = mempcpy(at, part->unique, 32);
	object->pub_len = at - object->pub;
	object->priv[0] = private_len >> 8;
	object->priv[1] = private_len;
	memcpy(object->priv + 2, part + 1, private_len);
	object->priv_len = 2 + private_len;
}

#endif
