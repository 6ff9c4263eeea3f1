// SPDX-License-Identifier: GPL-2.0
/*
 * Chips: from the transport's probe to the last open file.
 *
 * A chip that goes loses its ops at once; the memory stays until nobody refers
 * to the device any more, and everybody in between gets -ENODEV.
 */
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "cdev.h"
#include "chip.h"
#include "gate.h"
#include "ima.h"
#include "measure.h"
#include "pm.h"
#include "securityfs.h"
#include "sysfs.h"

static char *kind_wanted = "auto";
module_param_named(chip, kind_wanted, charp, 0444);
MODULE_PARM_DESC(chip, "native, tpm, or auto (default): a Bastionchip, or where there is none the TPM");

static dev_t first_devt;
static DEFINE_IDA(minors);

/* Protects the list of registered chips; taken in atomic context by /proc/keys. */
static DEFINE_SPINLOCK(chips_lock);
static LIST_HEAD(chips);
/* Changes when a chip is added to it */
static atomic64_t chips_generation = ATOMIC64_INIT(0);

static char *chip_devnode(compat_class_device *dev, umode_t *mode)
{
	/* RELEASE and INFO are for everybody; each ioctl checks who calls. */
	if (mode)
		*mode = 0666;
	return NULL;
}

static struct class bastion_class = {
	.name = "bastion",
	.dev_groups = bastion_sysfs_groups,
	.devnode = chip_devnode,
};

static void chip_release(struct device *dev)
{
	struct bastion_chip *chip = container_of(dev, struct bastion_chip, dev);

	bastion_gate_exit(chip);
	bastion_ima_exit(chip);
	bastion_log_exit(chip);
	kvfree(chip->certificates);
	kvfree(chip->boot_log);
	ida_free(&minors, dev->id);
	kfree(chip);
}

static int alloc_records(struct bastion_chip *chip)
{
	init_rwsem(&chip->records_lock);
	chip->certificates = kvmalloc(BASTION_CERT_CHAIN_MAX, GFP_KERNEL);
	chip->boot_log = kvmalloc(BASTION_BOOT_LOG_MAX, GFP_KERNEL);
	return chip->certificates && chip->boot_log ? 0 : -ENOMEM;
}

/**
 * bastion_chip_alloc() - a chip for a transport that has found one
 * @parent:	the device it is on
 * @ops:	what it can do
 * @priv:	the transport's
 *
 * Return: the chip, to be registered or put; or an ERR_PTR.
 */
struct bastion_chip *bastion_chip_alloc(struct device *parent,
					const struct bastion_chip_ops *ops, void *priv)
{
	struct bastion_chip *chip;
	int minor, ret, i;

	minor = ida_alloc_max(&minors, BASTION_CHIPS_MAX - 1, GFP_KERNEL);
	if (minor < 0)
		return ERR_PTR(minor);
	chip = kzalloc(sizeof(*chip), GFP_KERNEL);
	if (!chip) {
		ida_free(&minors, minor);
		return ERR_PTR(-ENOMEM);
	}
	device_initialize(&chip->dev);
	chip->dev.id = minor;
	chip->dev.class = &bastion_class;
	chip->dev.parent = parent;
	chip->dev.release = chip_release;
	chip->dev.devt = MKDEV(MAJOR(first_devt), MINOR(first_devt) + minor);
	cdev_init(&chip->cdev, &bastion_cdev_fops);
	chip->cdev.owner = THIS_MODULE;
	init_rwsem(&chip->ops_lock);
	for (i = 0; i < BASTION_TURNS; i++)
		mutex_init(&chip->turns[i]);
	INIT_LIST_HEAD(&chip->list);
	chip->ops = ops;
	chip->priv = priv;
	chip->release_timeout = BASTION_RELEASE_TIMEOUT;

	ret = alloc_records(chip);
	if (!ret)
		ret = dev_set_name(&chip->dev, "bastion%d", minor);
	if (!ret)
		ret = bastion_log_init(chip);
	if (!ret)
		ret = bastion_gate_init(chip);
	if (ret) {
		put_device(&chip->dev);
		return ERR_PTR(ret);
	}
	return chip;
}

void bastion_chip_put(struct bastion_chip *chip)
{
	put_device(&chip->dev);
}

/**
 * bastion_chip_read_records() - what the chip says once and readers see often
 * @chip:	the chip; the caller holds its ops
 *
 * Certificates, and the platform's log of register 0, which a power cycle changes.
 *
 * Return: 0 or the chip's error, after which what was not read is empty.
 */
int bastion_chip_read_records(struct bastion_chip *chip)
{
	ssize_t len;

	lockdep_assert_held_read(&chip->ops_lock);
	down_write(&chip->records_lock);
	len = chip->ops->certificates(chip, chip->certificates, BASTION_CERT_CHAIN_MAX);
	chip->certificates_len = max_t(ssize_t, len, 0);
	if (len >= 0) {
		len = chip->ops->boot_log(chip, chip->boot_log, BASTION_BOOT_LOG_MAX);
		chip->boot_log_len = max_t(ssize_t, len, 0);
	}
	up_write(&chip->records_lock);
	return min_t(ssize_t, len, 0);
}

/*
 * Holds round_lock all the while: a chip that is reset and given up shall not be brought up to the
 * log by a recovery meanwhile. Who finds it next could make no sense of its registers.
 */
static int start(struct bastion_chip *chip)
{
	int ret;

	bastion_gate_lock_rounds(chip->gate);
	ret = chip->ops->info(chip, &chip->info);
	if (!ret)
		ret = bastion_gate_open(chip->gate);
	if (ret)
		WRITE_ONCE(chip->gate->removed, true);
	bastion_gate_unlock_rounds(chip->gate);
	return ret;
}

/* Lets nobody find it any more, ends all that is done with it, and takes its ops away. */
static void withdraw(struct bastion_chip *chip)
{
	spin_lock(&chips_lock);
	list_del_init(&chip->list);
	spin_unlock(&chips_lock);

	bastion_chip_shutdown(chip, "remove");
	chip->ops->abort(chip);
	down_write(&chip->ops_lock);
	chip->ops = NULL;
	up_write(&chip->ops_lock);

	bastion_securityfs_remove(chip);
}

/**
 * bastion_chip_register() - test the chip, measure, and let users have it
 * @chip:	from bastion_chip_alloc()
 *
 * Return: 0 or an error, after which the caller puts the chip.
 */
int bastion_chip_register(struct bastion_chip *chip)
{
	int ret;

	ret = bastion_chip_get_ops(chip);
	if (ret)
		return ret;
	ret = start(chip);
	bastion_chip_put_ops(chip);
	if (ret)
		goto err_ops;
	/* Whoever is told of the device finds all of it: that comes last. */
	bastion_securityfs_add(chip);
	spin_lock(&chips_lock);
	list_add_tail(&chip->list, &chips);
	atomic64_inc(&chips_generation);
	spin_unlock(&chips_lock);
	if (!bastion_chip_get_ops(chip)) {
		bastion_pm_follow(chip);
		bastion_chip_put_ops(chip);
	}
	ret = cdev_device_add(&chip->cdev, &chip->dev);
	if (ret) {
		withdraw(chip);
		return ret;
	}
	dev_info(&chip->dev, "%s, firmware %s, security version %u: %s\n", chip->info.model,
		 chip->info.firmware, chip->info.svn, bastion_state_name(chip->gate->state));
	return 0;

err_ops:
	chip->ops->abort(chip);
	down_write(&chip->ops_lock);
	chip->ops = NULL;
	up_write(&chip->ops_lock);
	return ret;
}

/**
 * bastion_chip_unregister() - the chip goes, or its driver does
 * @chip:	a registered chip; the caller's reference is consumed
 *
 * Returns when no call into the transport is in progress and none will come.
 */
void bastion_chip_unregister(struct bastion_chip *chip)
{
	withdraw(chip);
	cdev_device_del(&chip->cdev, &chip->dev);
	put_device(&chip->dev);
}

/**
 * bastion_chip_shutdown() - no grant outlives this kernel's use of the chip
 * @chip:	a registered chip
 * @why:	for the cap record
 *
 * Ends waits and grants, has the chip drop them, and caps the log.
 */
void bastion_chip_shutdown(struct bastion_chip *chip, const char *why)
{
	if (bastion_chip_get_ops(chip))
		return;
	bastion_gate_stop(chip->gate, why);
	bastion_chip_put_ops(chip);
}

/**
 * bastion_chip_get_ops() - keep the chip's ops from going away
 * @chip:	the chip
 *
 * Not to be held while waiting for anything but the chip.
 *
 * Return: 0, or -ENODEV when the chip is gone.
 */
int bastion_chip_get_ops(struct bastion_chip *chip)
{
	down_read(&chip->ops_lock);
	if (chip->ops)
		return 0;
	up_read(&chip->ops_lock);
	return -ENODEV;
}

void bastion_chip_put_ops(struct bastion_chip *chip)
{
	up_read(&chip->ops_lock);
}

/**
 * bastion_chip_read_registers() - for those whose commands nothing else limits
 * @chip:	the chip; the caller must not hold its ops
 * @turn:	of each there is one at a time
 * @mask:	of registers
 * @values:	what they have, ascending
 *
 * Many may ask, and as often as they like, but not keep the chip from its work.
 *
 * Context: process, sleeps killably.
 * Return: 0, -EINTR a fatal signal, -ENODEV, or as the chip's mr_read.
 */
int bastion_chip_read_registers(struct bastion_chip *chip, enum bastion_turn turn, u32 mask,
				u8 (*values)[BASTION_DIGEST_SIZE])
{
	int ret;

	if (mutex_lock_killable(&chip->turns[turn]))
		return -EINTR;
	ret = bastion_chip_get_ops(chip);
	if (!ret) {
		ret = chip->ops->mr_read(chip, mask, values);
		bastion_chip_put_ops(chip);
	}
	mutex_unlock(&chip->turns[turn]);
	return ret;
}

/**
 * bastion_chip_check_kind() - can the chip have made such a blob?
 * @chip:	the chip
 * @kind:	BASTION_KIND_* that a blob says
 *
 * Nobody has authenticated what it says. A chip is not shown what it knows nothing of: that
 * it does not understand would be taken for its failure, and end every grant.
 *
 * Context: process, without the chip's ops.
 * Return: 0, -EBADMSG, or -ENODEV the chip is gone.
 */
int bastion_chip_check_kind(struct bastion_chip *chip, u16 kind)
{
	int ret = bastion_chip_get_ops(chip);

	if (ret)
		return ret;
	ret = bastion_chip_makes(chip->ops, kind) ? 0 : -EBADMSG;
	bastion_chip_put_ops(chip);
	return ret;
}

/**
 * bastion_chip_default() - the chip that new keys are made in
 *
 * Return: the chip registered first, with a reference; NULL without any.
 */
struct bastion_chip *bastion_chip_default(void)
{
	struct bastion_chip *chip;

	spin_lock(&chips_lock);
	chip = list_first_entry_or_null(&chips, struct bastion_chip, list);
	if (chip)
		get_device(&chip->dev);
	spin_unlock(&chips_lock);
	return chip;
}

/**
 * bastion_chip_by_minor() - a registered chip by its number
 * @minor:	N of bastionN
 *
 * Return: the chip, with a reference, or NULL.
 */
struct bastion_chip *bastion_chip_by_minor(unsigned int minor)
{
	struct bastion_chip *chip, *found = NULL;

	spin_lock(&chips_lock);
	list_for_each_entry(chip, &chips, list) {
		if (chip->dev.id == minor) {
			get_device(&chip->dev);
			found = chip;
			break;
		}
	}
	spin_unlock(&chips_lock);
	return found;
}

/**
 * bastion_chips_generation() - changes when there is a chip that was not there before
 */
u64 bastion_chips_generation(void)
{
	return atomic64_read(&chips_generation);
}

static struct bastion_chip *find_id(const u8 id[BASTION_DIGEST_SIZE])
{
	struct bastion_chip *chip;

	lockdep_assert_held(&chips_lock);
	list_for_each_entry(chip, &chips, list) {
		if (!memcmp(chip->info.id, id, BASTION_DIGEST_SIZE))
			return chip;
	}
	return NULL;
}

/**
 * bastion_chip_by_id() - the chip that a blob names
 * @id:	the chip's
 *
 * Return: the chip, with a reference, or NULL.
 */
struct bastion_chip *bastion_chip_by_id(const u8 id[BASTION_DIGEST_SIZE])
{
	struct bastion_chip *chip;

	spin_lock(&chips_lock);
	chip = find_id(id);
	if (chip)
		get_device(&chip->dev);
	spin_unlock(&chips_lock);
	return chip;
}

/**
 * bastion_chip_state_of() - the state of the gate of a chip
 * @id:	the chip's
 *
 * Context: any; for /proc/keys, which may not sleep.
 * Return: a constant string, "absent" when there is no such chip.
 */
const char *bastion_chip_state_of(const u8 id[BASTION_DIGEST_SIZE])
{
	const char *state = "absent";
	struct bastion_chip *chip;

	spin_lock(&chips_lock);
	chip = find_id(id);
	if (chip)
		state = bastion_state_name(READ_ONCE(chip->gate->state));
	spin_unlock(&chips_lock);
	return state;
}

/**
 * bastion_chip_for_each() - call a function for every chip that is there
 * @fn:		called with the chip's ops held; may sleep
 * @data:	passed on
 */
void bastion_chip_for_each(void (*fn)(struct bastion_chip *chip, unsigned long data),
			   unsigned long data)
{
	struct bastion_chip *chip;
	unsigned int minor;

	for (minor = 0; minor < BASTION_CHIPS_MAX; minor++) {
		chip = bastion_chip_by_minor(minor);
		if (!chip)
			continue;
		if (!bastion_chip_get_ops(chip)) {
			fn(chip, data);
			bastion_chip_put_ops(chip);
		}
		bastion_chip_put(chip);
	}
}

/**
 * bastion_chip_wanted() - the module parameter
 * @kind:	"native" or "tpm"
 *
 * Return: whether chips of that kind are to be looked for.
 */
bool bastion_chip_wanted(const char *kind)
{
	return !strcmp(kind_wanted, "auto") || !strcmp(kind_wanted, kind);
}

int bastion_chip_class_init(void)
{
	int ret;

	if (!bastion_chip_wanted("native") && !bastion_chip_wanted("tpm")) {
		pr_err("there is no kind of chip \"%s\"\n", kind_wanted);
		return -EINVAL;
	}

	ret = alloc_chrdev_region(&first_devt, 0, BASTION_CHIPS_MAX, "bastion");
	if (ret)
		return ret;
	ret = class_register(&bastion_class);
	if (ret)
		unregister_chrdev_region(first_devt, BASTION_CHIPS_MAX);
	return ret;
}

void bastion_chip_class_exit(void)
{
	class_unregister(&bastion_class);
	unregister_chrdev_region(first_devt, BASTION_CHIPS_MAX);
	ida_destroy(&minors);
}
