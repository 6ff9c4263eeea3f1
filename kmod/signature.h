/* SPDX-License-Identifier: GPL-2.0 */
/*
 * P-384 signatures: r || s, and as X9.62 has them in DER (RFC 3279, 2.2.3).
 *
 * Pure: bytes in, bytes out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_SIGNATURE_H
#define _BASTION_SIGNATURE_H

#include <linux/types.h>

#include <bastion/chip.h>

/* SEQUENCE { INTEGER r, INTEGER s }: all lengths stay below 128, one byte each. */
#define BASTION_SIGNATURE_DER_MAX	(2 + 2 * (2 + 1 + BASTION_SIGNATURE_SIZE / 2))

size_t bastion_signature_to_der(const u8 signature[BASTION_SIGNATURE_SIZE],
				u8 der[BASTION_SIGNATURE_DER_MAX]);
int bastion_signature_from_der(const u8 *der, size_t len, u8 signature[BASTION_SIGNATURE_SIZE]);

#endif
