/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Public areas of a TPM's objects (TPMT_PUBLIC: TPM 2.0 Library, part 2, 12.2): those that
 * bastion makes, and what it asks of those that it finds.
 *
 * Pure: bytes in, bytes out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_TPM_PUBLIC_H
#define _BASTION_TPM_PUBLIC_H

#include <linux/types.h>

#include <bastion/chip.h>

#include "tpm_marshal.h"

#define BASTION_TPM_DIGEST_SIZE		32	/* SHA-256, our objects' name algorithm */
#define BASTION_TPM_NAME_SIZE		(2 + BASTION_TPM_DIGEST_SIZE)
#define BASTION_TPM_COORDINATE_SIZE	32	/* NIST P-256, of the storage key */
#define BASTION_TPM_SEALED_SIZE		78	/* of a sealed object's public area */

void bastion_tpm_put_storage(struct bastion_tpm_writer *w);
void bastion_tpm_put_endorsement(struct bastion_tpm_writer *w);
void bastion_tpm_put_verifier(struct bastion_tpm_writer *w, const u8 key[BASTION_POINT_SIZE]);
void bastion_tpm_put_sealed(struct bastion_tpm_writer *w,
			    const u8 policy[BASTION_TPM_DIGEST_SIZE],
			    const u8 *unique, size_t unique_len);

bool bastion_tpm_is_storage(const u8 *public, size_t len, const u8 **x, const u8 **y);
bool bastion_tpm_is_endorsement(const u8 *public, size_t len);

#endif
