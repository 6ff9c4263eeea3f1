/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleep, and copies of the whole machine: both end every grant.
 */
#ifndef _BASTION_PM_H
#define _BASTION_PM_H

struct bastion_chip;

void bastion_pm_follow(struct bastion_chip *chip);
int bastion_pm_init(void);
void bastion_pm_exit(void);

#endif
