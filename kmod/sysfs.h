/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/class/bastion/bastionN. Documentation/ABI/testing/sysfs-class-bastion.
 */
#ifndef _BASTION_SYSFS_H
#define _BASTION_SYSFS_H

struct attribute_group;

extern const struct attribute_group *bastion_sysfs_groups[];

#endif
