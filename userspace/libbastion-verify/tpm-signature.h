/* SPDX-License-Identifier: GPL-2.0 */
/* Signatures as a TPM writes them (TPM 2.0 Library 1.59, part 2, 11.3). */
#ifndef BV_TPM_SIGNATURE_H
#define BV_TPM_SIGNATURE_H

#include <openssl/evp.h>

#include "tpm-wire.h"

#define BV_TPM_SIGNATURE_MAX	1024	/* bytes; the longest, of RSA-4096, has 518 */
#define BV_TPM_RSA_MAX		512	/* bytes of a modulus */
#define BV_TPM_ECC_MAX		48	/* bytes of a coordinate of P-384 */

/**
 * struct bv_tpm_signature - a TPMT_SIGNATURE; spans point into the bytes
 * @scheme:	BV_TPM_ALG_RSASSA, _RSAPSS or _ECDSA
 * @hash:	SHA-256, SHA-384 or SHA-512
 * @rsa:	of RSA
 * @r:		of ECDSA
 * @s:		of ECDSA
 */
struct bv_tpm_signature {
	uint16_t scheme;
	enum bv_bank hash;
	struct bv_span rsa;
	struct bv_span r;
	struct bv_span s;
};

/** bv_tpm_scheme_name() - "rsassa", "rsapss", "ecdsa", or "none" */
const char *bv_tpm_scheme_name(uint16_t scheme);

/**
 * bv_tpm_signature_parse() - read a TPMT_SIGNATURE (part 2, 11.3.4)
 * @bytes:	untrusted, all of it
 * @signature:	what it says
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_signature_parse(struct bv_span bytes, struct bv_tpm_signature *signature,
			   struct bv_error *err);

/**
 * bv_tpm_signature_verify() - check a signature (part 1, B.6, B.7, C.4.2)
 * @signature:	parsed
 * @key:	from bv_tpm_key_usable()
 * @message:	what was signed
 * @err:	what was wrong
 *
 * Return: 0, -EKEYREJECTED, -ENOMEM.
 */
int bv_tpm_signature_verify(const struct bv_tpm_signature *signature, EVP_PKEY *key,
			    struct bv_span message, struct bv_error *err);

/**
 * bv_tpm_key_usable() - whether we verify with such a key
 * @key:	of any kind
 * @err:	what was wrong
 *
 * RSA with 2048 to 4096 bits and a public exponent of at least 65537, P-256, P-384.
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_key_usable(EVP_PKEY *key, struct bv_error *err);

#endif
