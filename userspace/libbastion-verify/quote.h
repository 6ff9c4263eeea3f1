/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The native chip's quote (include/bastion/quote.h). Two types, two meanings:
 * an envelope is bytes that have the right shape, a quote is what a signature
 * covers. Nobody gets the second without the signature having been checked.
 */
#ifndef BV_QUOTE_H
#define BV_QUOTE_H

#include <openssl/x509.h>

#include <bastion/quote.h>

#include "bytes.h"
#include "error.h"

#define BV_CERTS_MAX	4	/* leaf and at most three CAs */

/**
 * struct bv_envelope - a COSE_Sign1 of the right shape (RFC 9052, 4.2)
 * @protected_item:	the protected header as encoded, its head included
 * @payload_item:	the payload as encoded, its head included
 * @payload:		the claims
 * @signature:		r || s
 * @certs:		x5chain (RFC 9360), leaf first
 * @cert_count:		1 .. BV_CERTS_MAX
 *
 * Spans point into the input.
 */
struct bv_envelope {
	struct bv_span protected_item;
	struct bv_span payload_item;
	struct bv_span payload;
	struct bv_span signature;
	struct bv_span certs[BV_CERTS_MAX];
	size_t cert_count;
};

/**
 * struct bv_quote - what the chip signed; host order, terminated texts
 * @qualifying:		eat_nonce
 * @chip_id:		proven equal to the digest of the key that signed
 * @chip_nonce:		of the round
 * @registers:		mr0 .. mr7
 * @model:		hwmodel
 * @hwversion:		hwversion
 * @firmware:		swversion
 * @svn:		security version number
 * @dbgstat:		RFC 9711, 4.2.9
 * @lifecycle:		BASTION_LIFECYCLE_*
 * @boot_count:		power cycles
 * @uptime_ms:		since power on
 */
struct bv_quote {
	uint8_t qualifying[BASTION_DIGEST_SIZE];
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	uint8_t chip_nonce[BASTION_CHIP_NONCE_SIZE];
	uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	char model[33];
	char hwversion[17];
	char firmware[33];
	uint32_t svn;
	uint32_t dbgstat;
	uint32_t lifecycle;
	uint64_t boot_count;
	uint64_t uptime_ms;
};

/**
 * bv_envelope_parse() - check the shape of a quote
 * @bytes:	untrusted, at most BASTION_QUOTE_MAX
 * @envelope:	what was found; believe none of it yet
 * @err:	what was wrong
 *
 * Only deterministic CBOR, only the headers of the profile, an empty unprotected
 * map. Return: 0, -EBADMSG.
 */
int bv_envelope_parse(struct bv_span bytes, struct bv_envelope *envelope, struct bv_error *err);

/**
 * bv_envelope_cert() - one certificate of the envelope
 * @envelope:	parsed
 * @index:	0 is the leaf
 * @err:	what was wrong
 *
 * Return: a certificate to X509_free(), or NULL when its DER is not exactly one.
 */
X509 *bv_envelope_cert(const struct bv_envelope *envelope, size_t index, struct bv_error *err);

/**
 * bv_quote_verify() - check the signature, then read the claims
 * @envelope:	parsed
 * @quote:	the claims; untouched unless 0 is returned
 * @err:	what was wrong
 *
 * The key is the leaf certificate's; whether that is a genuine chip's is for
 * bv_chain_verify() to say. Checks that the claims fit each other and that the
 * chip id is the key's digest.
 *
 * Return: 0; -EKEYREJECTED the signature, -EBADMSG a claim, -EINVAL the leaf
 * is no certificate of a P-384 key, -ENOMEM.
 */
int bv_quote_verify(const struct bv_envelope *envelope, struct bv_quote *quote,
		    struct bv_error *err);

#endif
