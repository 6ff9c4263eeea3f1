/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mirror of IMA's list in register 3, unless the module parameter measure says
 * otherwise or the kernel has no IMA.
 */
#ifndef _BASTION_IMA_H
#define _BASTION_IMA_H

#include "chip.h"

int bastion_ima_module_init(void);
void bastion_ima_module_exit(void);

int bastion_ima_start(struct bastion_chip *chip);
void bastion_ima_exit(struct bastion_chip *chip);
int bastion_ima_catch_up(struct bastion_chip *chip);
int bastion_ima_rewind(struct bastion_chip *chip);
int bastion_ima_again(struct bastion_chip *chip);

#endif
