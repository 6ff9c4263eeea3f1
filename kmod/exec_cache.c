// SPDX-License-Identifier: GPL-2.0
/*
 * Which files the logs have already, as they are now.
 *
 * What is known of a file hangs on its inode, as a mark of fsnotify's, and goes when the
 * inode leaves memory: nothing that a file system was unmounted for, or that a number was used
 * for again, is taken for what it was.
 *
 * Content is known by the inode's change counter, which no user can set. But not all that changes
 * it counts, nor shows in the page cache: through a shared mapping a page changes any number of
 * times, and ext4's MOVE_EXT takes away the blocks below the pages of a file. What users can do
 * of that needs a file that is open for writing. So
 *
 * 1. nobody can open the file for writing from before it is looked up until it is remembered, and
 *    what somebody has open is not remembered;
 * 2. what is hashed is what is stored, not what is left in the page cache;
 * 3. when a writer closes it, what was known is void.
 *
 * Root can do more: ext4's SWAP_BOOT exchanges content and counters of files that nobody has open,
 * and gives both other generations, so that the generation must be the same, too; what it writes
 * through fanotify's file descriptors, or to the disk itself, is not noticed.
 *
 * A file that fs-verity protects never changes. The kernel has its digest at hand, and holds what
 * it reads of the file from then on to it; but not what was in the page cache before.
 */
#include <linux/completion.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fsnotify_backend.h>
#include <linux/iversion.h>
#include <linux/list.h>
#include <linux/magic.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "chip.h"
#include "content.h"
#include "exec_cache.h"

#define ENTRIES_MAX	4096
/* With a longer path a file is measured anew each time. */
#define PATH_SIZE	256

/**
 * struct entry - what is known of one inode; constant but for @list, @used and @written
 * @mark:	on the inode; holds the memory
 * @list:	in @entries, under @entries_lock
 * @used:	since the clock's hand was here
 * @written:	somebody had the file open for writing since
 * @change:	the inode's change counter
 * @inode_generation: and generation
 * @chips:	the generation of the list of chips whose logs have it
 * @verity:	@digest is that of fs-verity
 * @digest:	SHA-256
 * @path:	by which it is in the logs
 */
struct entry {
	struct fsnotify_mark mark;
	struct list_head list;
	bool used;
	bool written;
	u64 change;
	u32 inode_generation;
	u64 chips;
	bool verity;
	u8 digest[BASTION_EXE_SIZE];
	char path[];
};

static struct fsnotify_group *group;
static DECLARE_COMPLETION(group_freed);

/* One change at a time, so that what is in the list is on its inode. Not for looking up. */
static DEFINE_MUTEX(change_lock);
/* Protects the next two. An inode on its way out of memory takes it. */
static DEFINE_SPINLOCK(entries_lock);
static LIST_HEAD(entries);
static unsigned int entries_count;

static void forget(struct entry *entry)
{
	spin_lock(&entries_lock);
	if (!list_empty(&entry->list)) {
		list_del_init(&entry->list);
		entries_count--;
	}
	spin_unlock(&entries_lock);
}

/* A writer closes the file, and still counts as one. */
static int written(struct fsnotify_mark *mark, u32 mask, struct inode *inode, struct inode *dir,
		   const struct qstr *name, u32 cookie)
{
	WRITE_ONCE(container_of(mark, struct entry, mark)->written, true);
	/* To be seen by whoever sees no writer, in deny_writing() */
	smp_mb();
	return 0;
}

static void freeing_mark(struct fsnotify_mark *mark, struct fsnotify_group *unused)
{
	forget(container_of(mark, struct entry, mark));
}

static void free_mark(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct entry, mark));
}

/* After the last mark. */
static void free_group(struct fsnotify_group *unused)
{
	complete(&group_freed);
}

static const struct fsnotify_ops ops = {
	.handle_inode_event = written,
	.freeing_mark = freeing_mark,
	.free_mark = free_mark,
	.free_group_priv = free_group,
};

/*
 * Does the kernel see to it that every change is counted? Not where a file's content
 * comes from elsewhere: from a server, or from a program of an unprivileged user.
 */
static bool counts_changes(const struct inode *inode)
{
	const struct super_block *sb = inode->i_sb;

	return IS_I_VERSION(inode) && sb->s_type->fs_flags & FS_REQUIRES_DEV &&
	       sb->s_user_ns == &init_user_ns && sb->s_magic != FUSE_SUPER_MAGIC;
}

static struct entry *entry_get(struct inode *inode)
{
	struct fsnotify_mark *mark = compat_fsnotify_find_inode_mark(inode, group);

	return mark ? container_of(mark, struct entry, mark) : NULL;
}

/* The caller has a reference to the mark, which goes. */
static void entry_drop(struct entry *entry)
{
	fsnotify_destroy_mark(&entry->mark, group);
	fsnotify_put_mark(&entry->mark);
}

/*
 * Files are found by name, too, and whoever put another one there must not keep others from writing
 * to what the kernel would not execute, and not keep from it either.
 */
static bool may_be_executed(const struct inode *inode)
{
	return S_ISREG(inode->i_mode) && inode->i_mode & 0111;
}

/* As while the kernel executes a file. The content's inode need not be the one that is opened. */
static bool deny_writing(struct inode *inode)
{
	return atomic_dec_unless_positive(&inode->i_writecount);
}

static void allow_writing(struct inode *inode)
{
	/* Whoever opens it from here on finds the mark. */
	smp_mb__before_atomic();
	atomic_inc(&inode->i_writecount);
}

/* What is read next comes from where it is stored. Nobody writes. */
static int drop_pages(struct inode *inode)
{
	/* An error may be of long ago. */
	int error = filemap_write_and_wait(inode->i_mapping);

	return invalidate_inode_pages2(inode->i_mapping) ?: error;
}

static void look_up(struct bastion_known *known, const char *path)
{
	struct entry *entry = entry_get(known->inode);

	if (!entry)
		return;
	if (entry->change == known->change &&
	    entry->inode_generation == known->inode_generation &&
	    entry->verity == known->verity && !READ_ONCE(entry->written)) {
		WRITE_ONCE(entry->used, true);
		known->hashed = true;
		memcpy(known->digest, entry->digest, BASTION_EXE_SIZE);
		known->logged = entry->chips == known->chips && !strcmp(entry->path, path);
	}
	fsnotify_put_mark(&entry->mark);
}

/**
 * bastion_exec_cache_find() - what is known of a file as it is now?
 * @file:	the file
 * @path:	by which it would be logged
 * @known:	filled in; to be given to bastion_exec_cache_put(), until when nobody can open the
 *		file for writing if it can be remembered
 *
 * Takes no lock but the inode's own. May wait until the file is on its disk, when
 * it is to be hashed.
 */
void bastion_exec_cache_find(const struct file *file, const char *path,
			     struct bastion_known *known)
{
	struct inode *inode = bastion_file_content(file);

	*known = (struct bastion_known){ .chips = bastion_chips_generation() };
	if (!counts_changes(inode) || !may_be_executed(inode) || !deny_writing(inode))
		return;
	known->inode = inode;
	known->change = inode_query_iversion(inode);
	known->inode_generation = inode->i_generation;
	known->verity = compat_fsverity_sha256(inode, known->digest);
	look_up(known, path);
	if (known->hashed)
		return;
	if (drop_pages(inode)) {
		/* What is left of it counts, and may be anything. */
		known->verity = false;
		bastion_exec_cache_put(known);
	}
	known->hashed = known->verity;
}

/**
 * bastion_exec_cache_put() - the file may change from here on
 * @known:	from bastion_exec_cache_find(); nothing of it can be remembered any more
 */
void bastion_exec_cache_put(struct bastion_known *known)
{
	if (known->inode)
		allow_writing(known->inode);
	known->inode = NULL;
}

/* The first that was not used since the clock's hand was there, or any. With a reference. */
static struct entry *pick_victim(void)
{
	struct entry *entry = NULL;
	unsigned int i;

	spin_lock(&entries_lock);
	for (i = 0; i <= entries_count; i++) {
		entry = list_first_entry_or_null(&entries, struct entry, list);
		if (!entry || !READ_ONCE(entry->used))
			break;
		WRITE_ONCE(entry->used, false);
		list_move_tail(&entry->list, &entries);
	}
	if (entry)
		refcount_inc(&entry->mark.refcnt);
	spin_unlock(&entries_lock);
	return entry;
}

static void make_room(void)
{
	struct entry *entry;

	while (READ_ONCE(entries_count) >= ENTRIES_MAX) {
		entry = pick_victim();
		if (entry)
			entry_drop(entry);
	}
}

static void add(struct entry *entry, struct inode *inode)
{
	struct entry *old;

	lockdep_assert_held(&change_lock);
	old = entry_get(inode);
	if (old)
		entry_drop(old);
	make_room();
	/* First: once it is on the inode it may go at any moment. */
	spin_lock(&entries_lock);
	list_add_tail(&entry->list, &entries);
	entries_count++;
	spin_unlock(&entries_lock);
	if (fsnotify_add_inode_mark(&entry->mark, inode, 0))
		forget(entry);
}

/**
 * bastion_exec_cache_keep() - remember that a file is in the logs
 * @file:	the file
 * @path:	by which it was logged
 * @known:	from bastion_exec_cache_find(), before the file was hashed, with the digest
 */
void bastion_exec_cache_keep(const struct file *file, const char *path,
			     const struct bastion_known *known)
{
	size_t size = strlen(path) + 1;
	struct entry *entry;

	if (!known->inode || size > PATH_SIZE || bastion_file_content(file) != known->inode ||
	    inode_query_iversion(known->inode) != known->change ||
	    known->inode->i_generation != known->inode_generation)
		return;
	entry = kzalloc(struct_size(entry, path, size), GFP_KERNEL);
	if (!entry)
		return;
	INIT_LIST_HEAD(&entry->list);
	entry->change = known->change;
	entry->inode_generation = known->inode_generation;
	entry->chips = known->chips;
	entry->verity = known->verity;
	memcpy(entry->digest, known->digest, BASTION_EXE_SIZE);
	memcpy(entry->path, path, size);
	fsnotify_init_mark(&entry->mark, group);
	entry->mark.mask = FS_CLOSE_WRITE;
	/* An inode need not stay in memory for this. */
	entry->mark.flags = FSNOTIFY_MARK_FLAG_NO_IREF;
	mutex_lock(&change_lock);
	add(entry, known->inode);
	mutex_unlock(&change_lock);
	fsnotify_put_mark(&entry->mark);
}

int bastion_exec_cache_init(void)
{
	/* Marks go while memory is reclaimed. */
	struct fsnotify_group *made = fsnotify_alloc_group(&ops, COMPAT_FSNOTIFY_GROUP_NOFS);

	if (IS_ERR(made))
		return PTR_ERR(made);
	group = made;
	return 0;
}

/*
 * Called when nobody looks anything up any more. An inode that goes at the same time may still
 * be about to call back; the caller waits until whoever did has left this text.
 */
void bastion_exec_cache_exit(void)
{
	struct entry *entry;

	for (entry = pick_victim(); entry; entry = pick_victim())
		entry_drop(entry);
	fsnotify_put_group(group);
	wait_for_completion(&group_freed);
}
