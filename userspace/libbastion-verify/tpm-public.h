/* SPDX-License-Identifier: GPL-2.0 */
/* Public keys of a TPM (TPM 2.0 Library 1.59, part 2, 12.2). */
#ifndef BV_TPM_PUBLIC_H
#define BV_TPM_PUBLIC_H

#include "tpm-signature.h"

#define BV_TPM_PUBLIC_MAX	4096	/* bytes of a file; PEM is the longest, for RSA-4096 */
#define BV_TPM_NAME_MAX		(2 + BV_PCR_DIGEST_MAX)

/* TPMA_OBJECT (part 2, 8.3) */
#define BV_TPM_FIXED_TPM	(1u << 1)
#define BV_TPM_FIXED_PARENT	(1u << 4)
#define BV_TPM_DATA_ORIGIN	(1u << 5)
#define BV_TPM_WITH_AUTH	(1u << 6)
#define BV_TPM_WITH_POLICY	(1u << 7)
#define BV_TPM_RESTRICTED	(1u << 16)
#define BV_TPM_DECRYPT		(1u << 17)
#define BV_TPM_SIGN		(1u << 18)

/**
 * struct bv_tpm_public - a TPMT_PUBLIC of an asymmetric key; spans point into the bytes
 * @encoded:	all of it, without the size of a TPM2B_PUBLIC
 * @type:	BV_TPM_ALG_RSA or BV_TPM_ALG_ECC
 * @name_hash:	what its name is made with
 * @attributes:	TPMA_OBJECT
 * @policy:	digest of what authorises its use, or nothing
 * @symmetric:	what it would protect children with; BV_TPM_ALG_NULL for a key that signs
 * @symmetric_bits: of its key; 0 without
 * @symmetric_mode: TPM_ALG_ID; 0 without
 * @scheme:	the only scheme that it signs with, or BV_TPM_ALG_NULL
 * @scheme_hash: TPM_ALG_ID; 0 without a scheme
 * @bits:	of RSA
 * @exponent:	of RSA; never 0
 * @curve:	of ECC
 * @modulus:	of RSA
 * @x:		of ECC
 * @y:		of ECC
 */
struct bv_tpm_public {
	struct bv_span encoded;
	uint16_t type;
	enum bv_bank name_hash;
	uint32_t attributes;
	struct bv_span policy;
	uint16_t symmetric;
	uint16_t symmetric_bits;
	uint16_t symmetric_mode;
	uint16_t scheme;
	uint16_t scheme_hash;
	uint16_t bits;
	uint32_t exponent;
	uint16_t curve;
	struct bv_span modulus;
	struct bv_span x;
	struct bv_span y;
};

/**
 * bv_tpm_public_parse() - read a TPM2B_PUBLIC or a TPMT_PUBLIC (part 2, 12.2.4, 12.2.5)
 * @bytes:	untrusted, all of it; which of them it is shows in its first two bytes
 * @public:	what it says
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_public_parse(struct bv_span bytes, struct bv_tpm_public *public, struct bv_error *err);

/**
 * bv_tpm_public_only() - likewise, a TPMT_PUBLIC alone
 *
 * Where a key has one spelling: its digest is a chip's id, or messages have only this one.
 */
int bv_tpm_public_only(struct bv_span bytes, struct bv_tpm_public *public, struct bv_error *err);

/**
 * bv_tpm_public_name() - the name of a key: algorithm and digest (part 1, 16)
 * @public:	parsed
 * @name:	the name
 * @len:	its bytes
 *
 * Return: 0, -EIO.
 */
int bv_tpm_public_name(const struct bv_tpm_public *public, uint8_t name[BV_TPM_NAME_MAX],
		       size_t *len);

/**
 * bv_tpm_public_endorsement_name() - the qualified name that a key has as a primary of the endorsement hierarchy
 * @public:	parsed
 * @name:	algorithm and digest of the hierarchy's handle and the key's name (part 1, 16)
 * @len:	its bytes
 *
 * Return: 0, -EIO.
 */
int bv_tpm_public_endorsement_name(const struct bv_tpm_public *public, uint8_t name[BV_TPM_NAME_MAX],
				   size_t *len);

/**
 * bv_tpm_public_attests() - whether a key can sign nothing but what its TPM says
 * @public:	parsed
 * @err:	what was wrong
 *
 * It is restricted, signs and does nothing else, was made in its TPM and never
 * leaves it (part 2, 8.3.3). Only then do magic and type of an
 * attestation mean anything. That the key is one of a genuine TPM is for a
 * certificate, or for whoever enrolled it, to say.
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_public_attests(const struct bv_tpm_public *public, struct bv_error *err);

/**
 * bv_tpm_public_endorses() - whether a key is one that a TPM proves its make with
 * @public:	parsed
 * @err:	what was wrong
 *
 * It is restricted, decrypts and does nothing else, was made in its TPM, never leaves it,
 * and protects what it is given with AES in CFB mode, as all templates of the TCG's say
 * (EK Credential Profile, annex B). That such a key exists is for a certificate, or for who
 * knows its digest, to say.
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_public_endorses(const struct bv_tpm_public *public, struct bv_error *err);

/**
 * bv_tpm_public_key() - for OpenSSL
 * @public:	parsed
 * @err:	what was wrong
 *
 * Return: a key to EVP_PKEY_free(), or NULL when it is none.
 */
EVP_PKEY *bv_tpm_public_key(const struct bv_tpm_public *public, struct bv_error *err);

/** bv_tpm_is_pem() - whether a file has a key in PEM rather than a TPM's form */
bool bv_tpm_is_pem(struct bv_span bytes);

/**
 * bv_tpm_pem_key() - read a SubjectPublicKeyInfo in PEM
 * @pem:	untrusted; one key and nothing else
 * @err:	what was wrong
 *
 * Return: a key to EVP_PKEY_free(), or NULL.
 */
EVP_PKEY *bv_tpm_pem_key(struct bv_span pem, struct bv_error *err);

#endif
