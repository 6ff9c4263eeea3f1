/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI function that a Bastionchip is.
 */
#ifndef _BASTION_PCI_H
#define _BASTION_PCI_H

#include <linux/types.h>

int bastion_pci_init(void);
void bastion_pci_exit(void);
bool bastion_polling(void);

#endif
