/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which files the logs have already, as they are now.
 */
#ifndef _BASTION_EXEC_CACHE_H
#define _BASTION_EXEC_CACHE_H

#include <linux/fs.h>

#include <bastion/chip.h>

/**
 * struct bastion_known - what was looked up, and is to be remembered
 * @inode:	that has the content, which nobody can write to; NULL when it cannot be remembered
 * @change:	its change counter
 * @inode_generation: and generation
 * @chips:	the generation of the list of chips
 * @hashed:	@digest is the content's
 * @verity:	and is fs-verity's file digest rather than that of all bytes
 * @logged:	and in the logs of all chips, by the path that was looked up
 * @digest:	SHA-256
 */
struct bastion_known {
	struct inode *inode;
	u64 change;
	u32 inode_generation;
	u64 chips;
	bool hashed;
	bool verity;
	bool logged;
	u8 digest[BASTION_EXE_SIZE];
};

int bastion_exec_cache_init(void);
void bastion_exec_cache_exit(void);
void bastion_exec_cache_find(const struct file *file, const char *path,
			     struct bastion_known *known);
void bastion_exec_cache_put(struct bastion_known *known);
void bastion_exec_cache_keep(const struct file *file, const char *path,
			     const struct bastion_known *known);

#endif
