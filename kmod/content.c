// SPDX-License-Identifier: GPL-2.0
#include <linux/dcache.h>
#include <linux/magic.h>
#include <linux/user_namespace.h>

#include "content.h"

/**
 * bastion_file_content() - the inode that has a file's content
 * @file:	the file
 *
 * That of a layer below when the file is one of a layered file system's; it changes when
 * that copies the file up. What such a file system opened below, and what it has
 * mapped in its own's stead, is of the right inode already, whatever path it goes by.
 */
struct inode *bastion_file_content(const struct file *file)
{
	struct inode *inode = file_inode(file);

	return d_inode(file->f_path.dentry) == inode ? d_real_inode(file->f_path.dentry) : inode;
}

/**
 * bastion_users_filesystem() - may an unprivileged user be who answers for an inode's content?
 * @inode:	the inode
 *
 * Then reading takes as long as that user likes, and what one reader gets another need not get.
 */
bool bastion_users_filesystem(const struct inode *inode)
{
	const struct super_block *sb = inode->i_sb;

	return sb->s_user_ns != &init_user_ns || sb->s_magic == FUSE_SUPER_MAGIC;
}
