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
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include <crypto/hash.h>

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
/* What is read of the list at once, whatever the length of its records */
#define BUFFER_SIZE	(64 << 10)
/* Records that are followed before others have the log */
#define SLICE		16
/* The template "ima" hashes names as if they had this length. */
#define OLD_NAME_SIZE	(BASTION_IMA_TEMPLATE_MAX + 1)

static_assert(BUFFER_SIZE >= BASTION_IMA_HEAD_MAX);

/* securityfs, when it is wanted */
static struct vfsmount *mount;

/**
 * struct bastion_ima - where one chip's mirror stands; under the log's lock
 * @chip:	the chip
 * @file:	IMA's list, open
 * @start:	of what was read and is neither hashed nor in the register yet
 * @end:	of it
 * @followed:	how many of its records the register has
 * @step:	what comes next of the record
 * @record:	the beginning of the record; not at STEP_HEAD
 * @left:	bytes of its data that come next
 * @hash:	of its data so far
 * @digest:	of all of it, at STEP_EXTEND
 * @work:	catches up from time to time
 * @buf:	what was read
 */
struct bastion_ima {
	struct bastion_chip *chip;
	struct file *file;
	size_t start, end;
	u64 followed;
	enum { STEP_HEAD, STEP_DATA, STEP_EXTEND } step;
	struct bastion_ima_record record;
	size_t left;
	struct shash_desc *hash;
	u8 digest[BASTION_DIGEST_SIZE];
	struct delayed_work work;
	u8 buf[BUFFER_SIZE];
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

/* How many records the list has by now: without a copy of them, so that nobody adds as fast. */
static u64 list_length(const struct bastion_ima *ima)
{
	struct seq_file *list = ima->file->private_data;
	loff_t n = ima->followed;
	void *record;

	for (record = list->op->start(list, &n); record;
	     record = list->op->next(list, record, &n))
		;
	list->op->stop(list, record);
	return n;
}

/* The beginning of a record: 0, -EAGAIN when it is not there to its end, or an error. */
static int take_head(struct bastion_ima *ima)
{
	int ret;

	ret = bastion_ima_parse(ima->buf + ima->start, ima->end - ima->start, &ima->record);
	if (!ret)
		ret = crypto_shash_init(ima->hash);
	if (ret)
		return ret;
	ima->start += ima->record.head_len;
	ima->left = ima->record.data_len;
	ima->step = STEP_DATA;
	return 0;
}

/* Hashes @len bytes, or passes them over. */
static int take(struct bastion_ima *ima, size_t len, bool hash)
{
	int ret = hash ? crypto_shash_update(ima->hash, ima->buf + ima->start, len) : 0;

	if (ret)
		return ret;
	ima->start += len;
	ima->left -= len;
	return 0;
}

/* The digest, then the name without its length and filled up; all of it is there. */
static int take_old(struct bastion_ima *ima)
{
	static const u8 padding[OLD_NAME_SIZE];
	size_t name_len;
	int ret;

	ret = take(ima, BASTION_IMA_SHA1_SIZE, true) ?: take(ima, sizeof(u32), false);
	name_len = ima->left;
	return ret ?: take(ima, name_len, true) ?:
	       crypto_shash_update(ima->hash, padding, OLD_NAME_SIZE - name_len);
}

/* The template data, in as many pieces as it comes in: as take_head(). */
static int take_data(struct bastion_ima *ima)
{
	const struct bastion_ima_record *record = &ima->record;
	int ret;

	if (record->old && !record->violation)
		ret = take_old(ima);
	else
		ret = take(ima, min(ima->left, ima->end - ima->start), !record->violation);
	if (!ret && ima->left)
		return -EAGAIN;
	/* What IMA would extend a SHA-384 bank with */
	if (!ret && record->violation)
		memset(ima->digest, 0xff, sizeof(ima->digest));
	else if (!ret)
		ret = crypto_shash_final(ima->hash, ima->digest);
	if (!ret)
		ima->step = STEP_EXTEND;
	return ret;
}

/* One record into the register: 0, -EAGAIN when there is no whole one, or an error. */
static int feed_one(struct bastion_ima *ima)
{
	int ret = 0;

	if (ima->step == STEP_HEAD)
		ret = take_head(ima);
	if (!ret && ima->step == STEP_DATA)
		ret = take_data(ima);
	if (ret)
		return ret;
	ret = bastion_measure_register(ima->chip, REGISTER, ima->digest);
	if (ret)
		/* It was not sent: its turn comes again. */
		return bastion_chip_not_sent(ret) ? -EBUSY : ret;
	ima->step = STEP_HEAD;
	ima->followed++;
	return 0;
}

/* Until the register has as many records as @goal, which the list has. */
static int feed(struct bastion_ima *ima, u64 goal)
{
	ssize_t len;
	int ret;

	while (ima->followed < goal) {
		ret = bastion_gate_interrupted(ima->chip->gate) ? -EBUSY : feed_one(ima);
		if (ret && ret != -EAGAIN)
			return ret;
		if (!ret)
			continue;
		len = read_more(ima);
		/* The reader's cgroup pays for the list's buffer, and may be at its limit. */
		if (len == -ENOMEM)
			return -EBUSY;
		/* It ends in the middle of a record, or is shorter than it was. */
		if (len <= 0)
			return len ?: -EBADMSG;
	}
	return 0;
}

/*
 * As bastion_ima_catch_up(), some records further: 0 when all @goal are there, 1 when not. A goal of 0
 * becomes what the list has.
 */
static int follow(struct bastion_chip *chip, u64 *goal)
{
	struct bastion_ima *ima = chip->ima;
	int ret;

	lockdep_assert_held(&chip->log->lock);
	*goal = *goal ?: list_length(ima);
	ret = feed(ima, min(*goal, ima->followed + SLICE));
	if (!ret)
		return ima->followed < *goal;
	if (ret == -EBUSY)
		return -EAGAIN;
	/* After a reset the recovery begins anew. */
	if (bastion_gate_is_current(chip->gate) && chip->gate->state != BASTION_STATE_FAILED) {
		dev_err(&chip->dev, "IMA's list could not be followed (%d): the gate fails\n", ret);
		bastion_gate_fail(chip->gate, BASTION_REASON_EXTEND);
	}
	/* What is damaged is nothing that the caller gave. */
	return ret == -EBADMSG ? -EIO : ret;
}

/**
 * bastion_ima_catch_up() - bring register 3 up to what IMA's list is now
 * @chip:	the chip; the caller holds its ops
 *
 * IMA may have more to add than the chip takes: what it adds meanwhile is not waited for, and others
 * have the log in between.
 *
 * Return: 0; -EAGAIN too many commands wait for the chip, memory is short, or the chip or the
 * system goes; -EINTR a fatal signal; or an error after which the gate has failed, because nobody can
 * say what the register lacks.
 */
int bastion_ima_catch_up(struct bastion_chip *chip)
{
	u64 goal = 0;
	int ret;

	if (!chip->ima)
		return 0;
	do {
		bastion_log_lock(chip->log);
		ret = follow(chip, &goal);
		bastion_log_unlock(chip->log);
	} while (ret > 0 && !fatal_signal_pending(current));
	return ret > 0 ? -EINTR : ret;
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
 * bastion_ima_rewind() - the chip was reset: it has nothing of IMA's list any more
 * @chip:	the chip; the caller holds its ops and the log's lock
 *
 * Return: 0 or -EIO.
 */
int bastion_ima_rewind(struct bastion_chip *chip)
{
	struct bastion_ima *ima = chip->ima;

	if (!ima)
		return 0;
	if (vfs_llseek(ima->file, 0, SEEK_SET))
		return -EIO;
	ima->start = 0;
	ima->end = 0;
	ima->followed = 0;
	ima->step = STEP_HEAD;
	return 0;
}

/**
 * bastion_ima_again() - a chip that was reset gets all of IMA's list again
 * @chip:	the chip; the caller holds its ops and the log's lock
 *
 * Goes on where it was interrupted.
 *
 * Return: as bastion_measure_again().
 */
int bastion_ima_again(struct bastion_chip *chip)
{
	int ret = chip->ima ? feed(chip->ima, list_length(chip->ima)) : 0;

	return ret == -EBUSY ? bastion_gate_interrupted(chip->gate) ?: -EAGAIN : ret;
}

static void ima_free(struct bastion_ima *ima)
{
	if (!IS_ERR_OR_NULL(ima->file))
		fput(ima->file);
	kfree(ima->hash);
	kvfree(ima);
}

static struct bastion_ima *ima_alloc(struct bastion_chip *chip)
{
	struct bastion_ima *ima = kvzalloc(sizeof(*ima), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!ima)
		return ERR_PTR(ret);
	ima->chip = chip;
	ima->hash = bastion_hash_alloc(BASTION_SHA384);
	if (!ima->hash)
		goto err;
	ima->file = open_list(mount);
	if (!IS_ERR(ima->file))
		return ima;
	ret = PTR_ERR(ima->file);
	dev_err(&chip->dev, "IMA's list cannot be opened (%d)\n", ret);
err:
	ima_free(ima);
	return ERR_PTR(ret);
}

/**
 * bastion_ima_start() - begin to mirror, once the log has its first entries
 * @chip:	the chip; the caller holds its ops
 *
 * Return: 0, also when nobody wants a mirror or there is one; -ENOENT the kernel has no IMA; or as
 * bastion_ima_catch_up().
 */
int bastion_ima_start(struct bastion_chip *chip)
{
	struct bastion_ima *ima;
	int ret;

	if (!mount || chip->ima)
		return 0;
	ima = ima_alloc(chip);
	if (IS_ERR(ima))
		return PTR_ERR(ima);
	INIT_DELAYED_WORK(&ima->work, background);
	chip->ima = ima;
	queue_delayed_work(system_freezable_wq, &ima->work, INTERVAL);
	ret = bastion_ima_catch_up(chip);
	/* Who waits for the module may be killed. The chip has some of it, and gets the rest. */
	return ret == -EINTR ? -EAGAIN : ret;
}

/* Called when nobody can reach the chip any more. */
void bastion_ima_exit(struct bastion_chip *chip)
{
	if (!chip->ima)
		return;
	cancel_delayed_work_sync(&chip->ima->work);
	ima_free(chip->ima);
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
