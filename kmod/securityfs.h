/* SPDX-License-Identifier: GPL-2.0 */
/*
 * securityfs bastion/bastionN: the log, as IMA shows its own.
 */
#ifndef _BASTION_SECURITYFS_H
#define _BASTION_SECURITYFS_H

struct bastion_chip;

int bastion_securityfs_init(void);
void bastion_securityfs_exit(void);
void bastion_securityfs_add(struct bastion_chip *chip);
void bastion_securityfs_remove(struct bastion_chip *chip);

#endif
