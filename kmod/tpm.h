/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A TPM 2.0, which the kernel drives already, as the chip. Documentation/tpm.rst.
 */
#ifndef _BASTION_TPM_H
#define _BASTION_TPM_H

#if IS_REACHABLE(CONFIG_TCG_TPM)
int bastion_tpm_check_params(void);
int bastion_tpm_init(void);
void bastion_tpm_exit(void);
#else
static inline int bastion_tpm_check_params(void)
{
	return 0;
}

static inline int bastion_tpm_init(void)
{
	return 0;
}

static inline void bastion_tpm_exit(void)
{
}
#endif

#endif
