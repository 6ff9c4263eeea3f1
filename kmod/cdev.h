/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/bastionN. include/uapi/linux/bastion.h is its manual.
 */
#ifndef _BASTION_CDEV_H
#define _BASTION_CDEV_H

#include <linux/fs.h>

extern const struct file_operations bastion_cdev_fops;

#endif
