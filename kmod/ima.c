// SPDX-License-Identifier: GPL-2.0
/*
 * The mirror of IMA's list in register 3.
 *
 * IMA tells nobody when it measures something, and exports no list; but it shows
 * one in securityfs, which this reads through a mount of its own, so that it depends on
 * nobody's. The list only grows, and the file continues where it stopped.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "crypto.h"
#include "gate.h"
#include "ima.h"
#include "ima_parse.h"
#include "measure.h"
#include "measuring.h"

#define REGISTER	BASTION_MR_IMA
#define LIST		"ima/binary_runtime_measurements"
/* How late the register may be when nobody asks for anything. */
#define INTERVAL	(5 * HZ)
/* The template "ima" hashes names as if they had this length. */
#define OLD_NAME_SIZE	(BASTION_IMA_TEMPLATE_MAX + 1)

/* securityfs, when it is wanted */
static struct vfsmount *mount;

/**
 * struct bastion_ima - where one chip's mirror stands; under the log's lock
 * @chip:	the chip
 * @file:	IMA's list, open
 * @start:	of what was read and is not in the register yet
 * @end:	of it
 * @work:	catches up from time to time
 * @buf:	what was read
 */
struct bastion_ima {
	struct bastion_chip *chip;
	struct file *file;
	size_t start, end;
	struct delayed_work work;
	u8 buf[2 * BASTION_IMA_RECORD_MAX];
};

/*
 * The file is read by nobody else, so its lock is none of those that a reader of an attribute
 * holds when it comes to the chip: lockdep cannot know that, and has one class for all of them.
 */
static struct file *open_list(struct vfsmount *securityfs)
{
	struct path root = { .mnt = securityfs, .dentry = securityfs->mnt_root };
	struct file *file = file_open_root(&root, LIST, O_RDONLY, 0);
	static struct lock_class_key key;

	if (!IS_ERR(file))
		lockdep_set_class(&((struct seq_file *)file->private_data)->lock, &key);
	return file;
}

/* More of the list, behind what there is: how much, 0 at its end. */
static ssize_t read_more(struct bastion_ima *ima)
{
	struct kvec part;
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t len;

	memmove(ima->buf, ima->buf + ima->start, ima->end - ima->start);
	ima->end -= ima->start;
	ima->start = 0;
	part.iov_base = ima->buf + ima->end;
	part.iov_len = sizeof(ima->buf) - ima->end;
	init_sync_kiocb(&kiocb, ima->file);
	kiocb.ki_pos = ima->file->f_pos;
	iov_iter_kvec(&iter, ITER_DEST, &part, 1, part.iov_len);
	len = seq_read_iter(&kiocb, &iter);
	ima->file->f_pos = kiocb.ki_pos;
	if (len > 0)
		ima->end += len;
	return len;
}

/* What IMA would extend a SHA-384 bank with. */
static int template_digest(const struct bastion_ima_record *record, u8 digest[BASTION_DIGEST_SIZE])
{
	static const u8 padding[OLD_NAME_SIZE];
	struct kvec parts[3] = {
		{ .iov_base = (void *)record->data, .iov_len = record->data_len },
	};
	size_t name_len;

	if (record->violation) {
		memset(digest, 0xff, BASTION_DIGEST_SIZE);
		return 0;
	}
	if (!record->old)
		return bastion_hash(BASTION_SHA384, parts, 1, digest);
	name_len = record->data_len - BASTION_IMA_SHA1_SIZE - sizeof(u32);
	parts[0].iov_len = BASTION_IMA_SHA1_SIZE;
	parts[1].iov_base = (void *)(record->data + BASTION_IMA_SHA1_SIZE + sizeof(u32));
	parts[1].iov_len = name_len;
	parts[2].iov_base = (void *)padding;
	parts[2].iov_len = OLD_NAME_SIZE - name_len;
	return bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), digest);
}

/* One record into the register: 0, -EAGAIN when there is no whole one, or an error. */
static int feed_one(struct bastion_ima *ima)
{
	struct bastion_ima_record record;
	u8 digest[BASTION_DIGEST_SIZE];
	int ret;

	ret = bastion_ima_parse(ima->buf + ima->start, ima->end - ima->start, &record);
	if (!ret)
		ret = template_digest(&record, digest);
	if (ret)
		return ret;
	ret = bastion_measure_register(ima->chip, REGISTER, digest);
	if (ret)
		/* It was not sent: its turn comes again. */
		return bastion_chip_not_sent(ret) ? -EBUSY : ret;
	ima->start += record.len;
	return 0;
}

static int feed(struct bastion_ima *ima)
{
	ssize_t len;
	int ret;

	for (;;) {
		do
			ret = feed_one(ima);
		while (!ret);
		if (ret != -EAGAIN)
			return ret;
		len = read_more(ima);
		if (len < 0)
			return len;
		if (!len)
			return ima->start == ima->end ? 0 : -EBADMSG;
	}
}

/**
 * bastion_ima_catch_up_locked() - bring register 3 up to IMA's list
 * @chip:	the chip; the caller holds its ops and the log's lock
 *
 * Return: 0; -EAGAIN too many commands wait for the chip; or an error after which the
 * gate has failed, because nobody can say what the register lacks.
 */
int bastion_ima_catch_up_locked(struct bastion_chip *chip)
{
	struct bastion_ima *ima = chip->ima;
	int ret;

	lockdep_assert_held(&chip->log->lock);
	if (!ima)
		return 0;
	ret = feed(ima);
	if (ret == -EBUSY)
		return -EAGAIN;
	/* After a reset the recovery begins anew. */
	if (ret && chip->ops->generation(chip) == chip->gate->seen_reset &&
	    chip->gate->state != BASTION_STATE_FAILED) {
		dev_err(&chip->dev, "IMA's list could not be followed (%d): the gate fails\n", ret);
		bastion_gate_fail(chip->gate, BASTION_REASON_EXTEND);
	}
	return ret;
}

/**
 * bastion_ima_catch_up() - as bastion_ima_catch_up_locked(), for callers without the lock
 * @chip:	the chip; the caller holds its ops
 */
int bastion_ima_catch_up(struct bastion_chip *chip)
{
	int ret;

	if (!chip->ima)
		return 0;
	mutex_lock(&chip->log->lock);
	ret = bastion_ima_catch_up_locked(chip);
	mutex_unlock(&chip->log->lock);
	return ret;
}

static void background(struct work_struct *work)
{
	struct bastion_ima *ima = container_of(to_delayed_work(work), struct bastion_ima, work);

	if (bastion_chip_get_ops(ima->chip))
		return;
	if (READ_ONCE(ima->chip->gate->state) != BASTION_STATE_FAILED)
		bastion_ima_catch_up(ima->chip);
	queue_delayed_work(system_freezable_wq, &ima->work, INTERVAL);
	bastion_chip_put_ops(ima->chip);
}

/**
 * bastion_ima_again() - a chip that was reset gets all of IMA's list again
 * @chip:	the chip; the caller holds its ops and the log's lock
 *
 * Return: as bastion_ima_catch_up_locked().
 */
int bastion_ima_again(struct bastion_chip *chip)
{
	struct bastion_ima *ima = chip->ima;

	if (!ima)
		return 0;
	if (vfs_llseek(ima->file, 0, SEEK_SET))
		return -EIO;
	ima->start = 0;
	ima->end = 0;
	return feed(ima);
}

/**
 * bastion_ima_start() - begin to mirror, once the log has its first entries
 * @chip:	the chip; the caller holds its ops
 *
 * Return: 0, also when nobody wants a mirror or there is one; -ENOENT the kernel has no IMA; or as
 * bastion_ima_catch_up_locked().
 */
int bastion_ima_start(struct bastion_chip *chip)
{
	struct bastion_ima *ima;

	if (!mount || chip->ima)
		return 0;
	ima = kvzalloc(sizeof(*ima), GFP_KERNEL);
	if (!ima)
		return -ENOMEM;
	ima->file = open_list(mount);
	if (IS_ERR(ima->file)) {
		int ret = PTR_ERR(ima->file);

		dev_err(&chip->dev, "IMA's list cannot be opened (%d)\n", ret);
		kvfree(ima);
		return ret;
	}
	ima->chip = chip;
	INIT_DELAYED_WORK(&ima->work, background);
	chip->ima = ima;
	queue_delayed_work(system_freezable_wq, &ima->work, INTERVAL);
	return bastion_ima_catch_up(chip);
}

/* Called when nobody can reach the chip any more. */
void bastion_ima_exit(struct bastion_chip *chip)
{
	if (!chip->ima)
		return;
	cancel_delayed_work_sync(&chip->ima->work);
	fput(chip->ima->file);
	kvfree(chip->ima);
}

static struct vfsmount *mount_securityfs(void)
{
	struct file_system_type *type = get_fs_type("securityfs");

	return type ? kern_mount(type) : ERR_PTR(-ENOENT);
}

static bool has_list(struct vfsmount *securityfs)
{
	struct file *file = open_list(securityfs);

	if (IS_ERR(file))
		return false;
	fput(file);
	return true;
}

int bastion_ima_module_init(void)
{
	struct vfsmount *mnt;

	if (!bastion_measuring(BASTION_MEASURE_IMA))
		return 0;
	mnt = mount_securityfs();
	if (bastion_measuring_given()) {
		if (IS_ERR(mnt))
			return PTR_ERR(mnt);
	} else if (IS_ERR(mnt) || !has_list(mnt)) {
		if (!IS_ERR(mnt))
			kern_unmount(mnt);
		bastion_measuring_drop(BASTION_MEASURE_IMA);
		return 0;
	}
	mount = mnt;
	return 0;
}

void bastion_ima_module_exit(void)
{
	kern_unmount(mount);
}
