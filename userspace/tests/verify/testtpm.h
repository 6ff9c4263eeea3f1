/* SPDX-License-Identifier: GPL-2.0 */
/* A TPM that signs whatever a test wants: quotes in every algorithm, and lies. */
#ifndef TESTTPM_H
#define TESTTPM_H

#include "libbastion-verify/tpm-quote.h"

#define TT_AK_ATTRIBUTES (BV_TPM_FIXED_TPM | BV_TPM_FIXED_PARENT | BV_TPM_DATA_ORIGIN | \
			  BV_TPM_RESTRICTED | BV_TPM_SIGN | 1u << 6 /* userWithAuth */)

/* Bytes under construction. */
struct tt_bytes {
	uint8_t data[4096];
	size_t len;
};

void tt_put(struct tt_bytes *bytes, const void *data, size_t len);
void tt_put_be(struct tt_bytes *bytes, uint64_t value, size_t size);
void tt_put_2b(struct tt_bytes *bytes, const void *data, size_t len);
/* A number of a key's, by OpenSSL's name for it, as a TPM2B of @size bytes */
void tt_put_number(struct tt_bytes *bytes, EVP_PKEY *key, const char *name, int size);

/**
 * struct tt_tpm - what is to be quoted, and the outcome
 * @scheme:	BV_TPM_ALG_RSASSA, _RSAPSS or _ECDSA
 * @hash:	of the signature
 * @curve:	TPM_ECC_CURVE of an ECDSA key, or 0
 * @magic:	and so on: what the attestation says
 * @resets:	likewise, and so on
 * @attributes:	of the key
 * @key_scheme:	which the key's public area names
 * @hierarchy:	that the key is a primary of; the endorsement hierarchy
 * @values:	of registers; those of @selection are quoted
 * @attest:	TPMS_ATTEST
 * @signature:	TPMT_SIGNATURE
 * @public:	TPMT_PUBLIC
 * @public2b:	TPM2B_PUBLIC
 * @pem:	the key again
 * @file:	the selected values, in tpm2-tools' "serialized" form
 */
struct tt_tpm {
	uint16_t scheme;
	enum bv_bank hash;
	uint16_t curve;
	uint32_t magic;
	uint16_t type;
	uint8_t nonce[BV_TPM_DATA_MAX];
	size_t nonce_len;
	uint32_t resets;
	uint64_t firmware;
	uint8_t safe;
	uint32_t attributes;
	uint16_t key_scheme;
	uint32_t hierarchy;
	struct bv_tpm_selection selection;
	struct bv_expected values;
	EVP_PKEY *key;
	struct tt_bytes attest;
	struct tt_bytes signature;
	struct tt_bytes public;
	struct tt_bytes public2b;
	struct tt_bytes pem;
	struct tt_bytes file;
};

/** tt_new() - a TPM with an attestation key and values in its registers */
struct tt_tpm *tt_new(uint16_t scheme, enum bv_bank hash, uint16_t curve);

/** tt_free() - forget it */
void tt_free(struct tt_tpm *tpm);

/** tt_quote() - make everything anew from what the members say */
void tt_quote(struct tt_tpm *tpm);

/** tt_sign() - make the signature of what is in @attest */
void tt_sign(struct tt_tpm *tpm);

/** tt_span() - the bytes */
struct bv_span tt_span(const struct tt_bytes *bytes);

/** tt_evidence() - all of it, with the key as TPM2B_PUBLIC */
struct bv_tpm_evidence tt_evidence(const struct tt_tpm *tpm);

#endif
