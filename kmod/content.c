// SPDX-License-Identifier: GPL-2.0
#include <linux/dcache.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>
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

/*
 * Memory that has a descriptor and no name (memfd_create(2)) is executed though it is open for writing.
 * What may become shorter, and longer again, has zeros there.
 */
static bool is_open_memory(struct inode *inode)
{
	const unsigned int fixed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	const struct super_block *sb = inode->i_sb;

	if (!(sb->s_flags & SB_KERNMOUNT))
		return false;
	return sb->s_magic != TMPFS_MAGIC || (READ_ONCE(SHMEM_I(inode)->seals) & fixed) != fixed;
}

/**
 * bastion_users_content() - may an unprivileged user have something else executed than what is read?
 * @file:	what is executed, or mapped for it
 *
 * On a file system of that user's; above one, in a layered file system of the user's own, where what
 * executes a file keeps nobody from writing to what is below; or in memory that is not sealed.
 */
bool bastion_users_content(const struct file *file)
{
	struct inode *inode = bastion_file_content(file);

	return bastion_users_filesystem(inode) || is_open_memory(inode) ||
	       compat_file_user_path(file)->dentry->d_sb->s_user_ns != &init_user_ns;
}

/** bastion_no_digest() - what is said in the place of the digest of such content: nobody has one */
void bastion_no_digest(u8 digest[BASTION_EXE_SIZE])
{
	memset(digest, 0xff, BASTION_EXE_SIZE);
}
