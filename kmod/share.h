/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of a chip one uid may take up at a time.
 */
#ifndef _BASTION_SHARE_H
#define _BASTION_SHARE_H

#include <linux/uidgid.h>

struct bastion_chip;
struct bastion_share;

int bastion_share_take(struct bastion_chip *chip, kuid_t uid, long timeout,
		       struct bastion_share **share);
void bastion_share_give(struct bastion_chip *chip, struct bastion_share *share);

#endif
