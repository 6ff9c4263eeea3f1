// SPDX-License-Identifier: GPL-2.0
/*
 * The log in IMA's formats: ascii and binary, with SHA-1 template digests under
 * the plain names because that is what IMA's tools read, with longer ones under
 * suffixed names as recent kernels have them.
 *
 * securityfs does not wait for open files when an entry goes, so a file knows
 * its chip by number and takes a reference when it is opened. Nor does it take away
 * what somebody holds without having opened it.
 */
#include <linux/module.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "chip.h"
#include "measure.h"
#include "securityfs.h"

#define FILES	(2 * BASTION_HASH_COUNT + 1)

/* What an inode carries: the chip's number and what to show of it. */
#define COOKIE(minor, row)	((void *)(unsigned long)((minor) * FILES + (row)))

static struct dentry *root;
static struct dentry *dirs[BASTION_CHIPS_MAX];
static struct dentry *files[BASTION_CHIPS_MAX][FILES];

static const struct {
	const char *name;
	enum bastion_hash hash;
} rows[FILES] = {
	{ "ascii_runtime_measurements", BASTION_SHA1 },
	{ "binary_runtime_measurements", BASTION_SHA1 },
	{ "ascii_runtime_measurements_sha256", BASTION_SHA256 },
	{ "binary_runtime_measurements_sha256", BASTION_SHA256 },
	{ "ascii_runtime_measurements_sha384", BASTION_SHA384 },
	{ "binary_runtime_measurements_sha384", BASTION_SHA384 },
	{ "binary_boot_measurements", BASTION_SHA384 },
};

/* @first: number of the first entry when the file was opened, which is its beginning. */
struct view {
	struct bastion_chip *chip;
	enum bastion_hash hash;
	u64 first;
};

/*
 * Entries are appended and trimmed under RCU rules: no lock is needed. Between two
 * reads the entry that comes next may be trimmed; a list with a hole would be none.
 */
static void *log_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	struct view *view = m->private;
	struct bastion_log *log = view->chip->log;
	struct bastion_log_entry *entry;
	u64 wanted = view->first + *pos;

	rcu_read_lock();
	list_for_each_entry_rcu(entry, &log->entries, list) {
		if (entry->number >= wanted)
			return entry->number == wanted ? entry : ERR_PTR(-ESTALE);
	}
	/* Pairs with that of trim_entry(). */
	smp_rmb();
	return READ_ONCE(log->first) > wanted ? ERR_PTR(-ESTALE) : NULL;
}

static void *log_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct view *view = m->private;
	/* Of an entry that was trimmed meanwhile, too: what it leads to stays for this long. */
	struct list_head *next = rcu_dereference(list_next_rcu(
		&((struct bastion_log_entry *)v)->list));

	++*pos;
	return next == &view->chip->log->entries ? NULL :
	       list_entry(next, struct bastion_log_entry, list);
}

static void log_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

static void put_u32(struct seq_file *m, u32 value)
{
	__le32 le = cpu_to_le32(value);

	seq_write(m, &le, sizeof(le));
}

static int binary_show(struct seq_file *m, void *v)
{
	const struct bastion_log_entry *entry = v;
	struct view *view = m->private;

	put_u32(m, entry->index);
	seq_write(m, entry->digests[view->hash], bastion_hash_size(view->hash));
	put_u32(m, strlen(entry->template));
	seq_puts(m, entry->template);
	put_u32(m, entry->len);
	seq_write(m, entry->data, entry->len);
	return 0;
}

static void put_hex(struct seq_file *m, const u8 *data, u32 len)
{
	while (len--)
		seq_printf(m, "%02x", *data++);
}

/* A field of the template data, which is of our own making. */
static const u8 *next_field(const u8 *p, u32 *len)
{
	*len = get_unaligned_le32(p);
	return p + sizeof(u32);
}

static int ascii_show(struct seq_file *m, void *v)
{
	const struct bastion_log_entry *entry = v;
	struct view *view = m->private;
	const u8 *field, *end = entry->data + entry->len;
	u32 len, prefix;

	seq_printf(m, "%2u ", entry->index);
	put_hex(m, entry->digests[view->hash], bastion_hash_size(view->hash));

	field = next_field(entry->data, &len);
	prefix = strlen(field) + 1;
	seq_printf(m, " %s %s", entry->template, field);
	put_hex(m, field + prefix, len - prefix);

	/* A path may hold anything but NUL; it must not look like another line. */
	field = next_field(field + len, &len);
	seq_putc(m, ' ');
	seq_escape(m, field, " \t\n\\");
	field += len;
	if (field < end) {
		field = next_field(field, &len);
		seq_putc(m, ' ');
		put_hex(m, field, len);
	}
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations binary_ops = {
	.start = log_start,
	.next = log_next,
	.stop = log_stop,
	.show = binary_show,
};

static const struct seq_operations ascii_ops = {
	.start = log_start,
	.next = log_next,
	.stop = log_stop,
	.show = ascii_show,
};

static struct bastion_chip *chip_of(struct inode *inode, unsigned int *row)
{
	unsigned long cookie = (unsigned long)inode->i_private;

	*row = cookie % FILES;
	return bastion_chip_by_minor(cookie / FILES);
}

static int log_open(struct inode *inode, struct file *file)
{
	struct bastion_chip *chip;
	struct view *view;
	unsigned int row;

	chip = chip_of(inode, &row);
	if (!chip)
		return -ENODEV;
	view = __seq_open_private(file, row % 2 ? &binary_ops : &ascii_ops, sizeof(*view));
	if (!view) {
		bastion_chip_put(chip);
		return -ENOMEM;
	}
	view->chip = chip;
	view->hash = rows[row].hash;
	view->first = READ_ONCE(chip->log->first);
	return 0;
}

static int log_release(struct inode *inode, struct file *file)
{
	struct view *view = ((struct seq_file *)file->private_data)->private;

	bastion_chip_put(view->chip);
	return seq_release_private(inode, file);
}

static const struct file_operations log_fops = {
	.owner = THIS_MODULE,
	.open = log_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = log_release,
};

static int boot_open(struct inode *inode, struct file *file)
{
	unsigned int row;

	file->private_data = chip_of(inode, &row);
	return file->private_data ? 0 : -ENODEV;
}

static ssize_t boot_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct bastion_chip *chip = file->private_data;
	loff_t from = *pos;
	ssize_t ret;
	void *copy;

	/* By way of a copy: the reader's memory may make a recovery wait that wants the lock. */
	size = min_t(size_t, size, PAGE_SIZE);
	copy = kmalloc(size, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	down_read(&chip->records_lock);
	ret = memory_read_from_buffer(copy, size, &from, chip->boot_log, chip->boot_log_len);
	up_read(&chip->records_lock);
	if (ret > 0 && copy_to_user(buf, copy, ret))
		ret = -EFAULT;
	if (ret > 0)
		*pos = from;
	kfree(copy);
	return ret;
}

static int boot_release(struct inode *inode, struct file *file)
{
	bastion_chip_put(file->private_data);
	return 0;
}

static const struct file_operations boot_fops = {
	.owner = THIS_MODULE,
	.open = boot_open,
	.read = boot_read,
	.llseek = default_llseek,
	.release = boot_release,
};

/*
 * An entry that is held (O_PATH, a working directory) would keep its name, and a file its operations,
 * which are the module's.
 */
static void take_away(struct dentry *dentry)
{
	if (IS_ERR_OR_NULL(dentry))
		return;
	dget(dentry);
	if (d_is_reg(dentry))
		make_bad_inode(d_inode(dentry));
	securityfs_remove(dentry);
	d_drop(dentry);
	dput(dentry);
}

/**
 * bastion_securityfs_add() - show a chip's log
 * @chip:	a chip that is being registered
 *
 * Without it the log cannot be carried to a verifier, and nothing attests;
 * that is said and otherwise harmless.
 */
void bastion_securityfs_add(struct bastion_chip *chip)
{
	unsigned int minor = chip->dev.id;
	unsigned int i;

	if (IS_ERR_OR_NULL(root))
		return;
	dirs[minor] = securityfs_create_dir(dev_name(&chip->dev), root);
	if (IS_ERR(dirs[minor])) {
		dev_warn(&chip->dev, "no securityfs directory: the log cannot be read\n");
		return;
	}
	for (i = 0; i < FILES; i++)
		files[minor][i] = securityfs_create_file(rows[i].name, 0440, dirs[minor],
							 COOKIE(minor, i),
							 i == FILES - 1 ? &boot_fops : &log_fops);
}

void bastion_securityfs_remove(struct bastion_chip *chip)
{
	unsigned int minor = chip->dev.id;
	unsigned int i;

	for (i = 0; i < FILES; i++) {
		take_away(files[minor][i]);
		files[minor][i] = NULL;
	}
	take_away(dirs[minor]);
	dirs[minor] = NULL;
}

/* A kernel without securityfs gets no log, and therefore no grant; not an error here. */
int bastion_securityfs_init(void)
{
	root = securityfs_create_dir("bastion", NULL);
	if (IS_ERR(root)) {
		pr_warn("no securityfs (%ld): the log cannot be read\n", PTR_ERR(root));
		root = NULL;
	}
	return 0;
}

void bastion_securityfs_exit(void)
{
	take_away(root);
}
