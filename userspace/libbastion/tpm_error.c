// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include <tss2/tss2_rc.h>

#include "libbastion/tpm_internal.h"

/* Response codes of format one have the number of a parameter, handle or session in them. */
#define FORMAT_ONE	TPM2_RC_FMT1
#define FORMAT_ONE_MASK	(TPM2_RC_FMT1 | 0x3f)

/* TPM 2.0 Library, part 2, 6.6 */
static int errno_of_tpm(TSS2_RC rc)
{
	switch (rc & FORMAT_ONE ? rc & FORMAT_ONE_MASK : rc) {
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH:
	case TPM2_RC_HIERARCHY:
		return EKEYREJECTED;
	case TPM2_RC_CURVE:
	case TPM2_RC_HASH:
	case TPM2_RC_SCHEME:
	case TPM2_RC_COMMAND_CODE:
		return EOPNOTSUPP;
	case TPM2_RC_OBJECT_MEMORY:
	case TPM2_RC_OBJECT_HANDLES:
	case TPM2_RC_MEMORY:
	case TPM2_RC_LOCKOUT:
	case TPM2_RC_RETRY:
	case TPM2_RC_TESTING:
	case TPM2_RC_YIELDED:
		return EAGAIN;
	default:
		return EIO;
	}
}

int bastion_tpm_errno(TSS2_RC rc)
{
	const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	/* The kernel's resource manager answers some commands itself, as a TPM would. */
	if (layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER)
		return errno_of_tpm(rc & ~TSS2_RC_LAYER_MASK);
	return (rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_MEMORY ? ENOMEM : EIO;
}

int bastion_tpm_fail(struct bastion_error *err, TSS2_RC rc, const char *what)
{
	return bastion_error_set(err, BASTION_OP_TPM, bastion_tpm_errno(rc), "cannot %s: %s", what,
				 Tss2_RC_Decode(rc));
}
