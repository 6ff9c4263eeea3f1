/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Release: a sealed key becomes a key of the kernel's, for its owner, under a grant.
 */
#ifndef _BASTION_RELEASE_H
#define _BASTION_RELEASE_H

#include <uapi/linux/bastion.h>

#include "chip.h"

int bastion_release(struct bastion_chip *chip, struct bastion_release *args);

#endif
