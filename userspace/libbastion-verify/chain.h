/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The chip's certificates against roots that the operator pinned (RFC 5280, 6).
 * No network, no clock, no system store.
 */
#ifndef BV_CHAIN_H
#define BV_CHAIN_H

#include <jansson.h>

#include "quote.h"

/**
 * bv_chain_verify() - whether the leaf is certified by one of the roots, as what the quote says
 * @envelope:	parsed; every certificate in it must be part of the path
 * @quote:	what bv_quote_verify() has read of it
 * @roots:	what the operator trusts; self-signed
 * @now:	seconds since 1970 at which all certificates must be valid
 * @err:	what was wrong
 *
 * The leaf is no CA, the others are (basicConstraints), every key is P-384 and
 * every signature ECDSA with SHA-384. The leaf's subject has one CN, the quote's model, and one
 * serialNumber, the first 32 bytes of the chip id in lower-case hex; its keyUsage is digitalSignature
 * (RFC 5280, 4.2.1.3), nothing else. CAs between it and the root have that CN, too.
 *
 * Return: 0, -EKEYREJECTED, -EBADMSG unreadable certificates, -ENOMEM.
 */
int bv_chain_verify(const struct bv_envelope *envelope, const struct bv_quote *quote,
		    STACK_OF(X509) *roots, int64_t now, struct bv_error *err);

/**
 * bv_roots_add() - read root certificates
 * @roots:	where they go
 * @pem:	one or more PEM certificates and nothing else of interest
 * @err:	what was wrong
 *
 * Return: how many were added (at least 1), -EBADMSG, -ENOMEM.
 */
int bv_roots_add(STACK_OF(X509) *roots, struct bv_span pem, struct bv_error *err);

/** bv_cert_time_json() - as in RFC 3339; JSON null for what is no time */
json_t *bv_cert_time_json(const ASN1_TIME *when);

/** bv_cert_name_json() - in one line of printable ASCII; NULL without memory */
json_t *bv_cert_name_json(const X509_NAME *name);

#endif
