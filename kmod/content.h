/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a file's content comes from.
 */
#ifndef _BASTION_CONTENT_H
#define _BASTION_CONTENT_H

#include <linux/fs.h>

#include <bastion/chip.h>

struct inode *bastion_file_content(const struct file *file);
bool bastion_users_filesystem(const struct inode *inode);
bool bastion_users_content(const struct file *file);
void bastion_no_digest(u8 digest[BASTION_EXE_SIZE]);

#endif
