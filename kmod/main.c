// SPDX-License-Identifier: GPL-2.0
/*
 * bastion: keys that wait for a verifier.
 *
 * Only the ladder is here: up in this order, down in the reverse.
 */
#include <linux/module.h>

#include "chip.h"
#include "crypto.h"
#include "exec.h"
#include "fscrypt.h"
#include "gate.h"
#include "ima.h"
#include "key.h"
#include "pci.h"
#include "pm.h"
#include "securityfs.h"
#include "tpm.h"

static int __init bastion_init(void)
{
	int ret;

	ret = bastion_tpm_check_params() ?: bastion_crypto_init();
	if (ret)
		return ret;
	ret = bastion_grants_module_init();
	if (ret)
		goto err_crypto;
	ret = bastion_gate_module_init();
	if (ret)
		goto err_grants;
	ret = bastion_chip_class_init();
	if (ret)
		goto err_gate;
	ret = bastion_securityfs_init();
	if (ret)
		goto err_class;
	ret = bastion_ima_module_init();
	if (ret)
		goto err_securityfs;
	ret = bastion_fscrypt_init();
	if (ret)
		goto err_ima;
	ret = bastion_key_type_init();
	if (ret)
		goto err_fscrypt;
	ret = bastion_pm_init();
	if (ret)
		goto err_key_type;
	ret = bastion_exec_init();
	if (ret)
		goto err_pm;
	/*
	 * Chips come last: then there are users with open files, under whom a module whose init fails is
	 * freed. Without PCI's chips, which chip=tpm has not, the TPM may be of no use.
	 */
	ret = bastion_pci_init();
	if (ret)
		goto err_exec;
	ret = bastion_tpm_init();
	if (ret)
		goto err_pci;
	return 0;

err_pci:
	bastion_pci_exit();
err_exec:
	bastion_exec_exit();
err_pm:
	bastion_pm_exit();
err_key_type:
	bastion_key_type_exit();
err_fscrypt:
	bastion_fscrypt_exit();
err_ima:
	bastion_ima_module_exit();
err_securityfs:
	bastion_securityfs_exit();
err_class:
	bastion_chip_class_exit();
err_gate:
	bastion_gate_module_exit();
err_grants:
	bastion_grants_module_exit();
err_crypto:
	bastion_crypto_exit();
	return ret;
}

static void __exit bastion_exit(void)
{
	bastion_tpm_exit();
	bastion_pci_exit();
	bastion_exec_exit();
	bastion_pm_exit();
	bastion_key_type_exit();
	bastion_fscrypt_exit();
	bastion_ima_module_exit();
	bastion_securityfs_exit();
	bastion_chip_class_exit();
	bastion_gate_module_exit();
	bastion_grants_module_exit();
	bastion_crypto_exit();
}

module_init(bastion_init);
module_exit(bastion_exit);

MODULE_DESCRIPTION("Keys that stay sealed until a verifier has attested this machine");
MODULE_AUTHOR("The bastion authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
