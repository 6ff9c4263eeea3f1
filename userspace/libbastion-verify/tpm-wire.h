/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the structures of a TPM have in common: big endian, sized buffers, algorithm
 * numbers (TPM 2.0 Library 1.59, part 2; TCG Algorithm Registry, table 3). Reading is
 * a walk along the bytes: nothing recurses, nothing is allocated.
 */
#ifndef BV_TPM_WIRE_H
#define BV_TPM_WIRE_H

#include "bytes.h"
#include "error.h"
#include "tcg-pcrs.h"

#define BV_TPM_ALG_RSA		0x0001
#define BV_TPM_ALG_AES		0x0006
#define BV_TPM_ALG_NULL		0x0010
#define BV_TPM_ALG_RSASSA	0x0014
#define BV_TPM_ALG_RSAPSS	0x0016
#define BV_TPM_ALG_ECDSA	0x0018
#define BV_TPM_ALG_ECC		0x0023
#define BV_TPM_ALG_CFB		0x0043

/** bv_take_tpm2b() - a sized buffer of at most @max bytes (part 2, 10.4.1) */
static inline bool bv_take_tpm2b(struct bv_span *from, size_t max, struct bv_span *out)
{
	uint16_t len;

	return bv_take_be16(from, &len) && len <= max && bv_take(from, len, out);
}

/**
 * bv_tpm_hash() - the digest that a signature or a name is made with
 * @id:		TPM_ALG_ID
 * @what:	names it in errors
 * @err:	what was wrong
 *
 * SHA-1 is refused here: collisions of it can be bought.
 *
 * Return: SHA-256, SHA-384 or SHA-512, or -EBADMSG.
 */
static inline int bv_tpm_hash(uint16_t id, const char *what, struct bv_error *err)
{
	int bank = bv_bank_by_tcg(id);

	if (bank == BV_BANK_SHA1)
		return bv_fail(err, "%s uses SHA-1, which proves nothing", what);
	if (bank < 0)
		return bv_fail(err, "%s uses digest 0x%04x; SHA-256, SHA-384 and SHA-512 are known",
			       what, id);
	return bank;
}

#endif
