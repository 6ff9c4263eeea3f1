// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes: one line, one value.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>

#include "chip.h"
#include "gate.h"
#include "measure.h"
#include "sysfs.h"

static struct bastion_chip *to_chip(struct device *dev)
{
	return container_of(dev, struct bastion_chip, dev);
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct bastion_gate *gate = to_chip(dev)->gate;

	return sysfs_emit(buf, "%s\n", bastion_state_name(READ_ONCE(gate->state)));
}
static DEVICE_ATTR_RO(state);

static ssize_t model_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_chip(dev)->info.model);
}
static DEVICE_ATTR_RO(model);

static ssize_t firmware_version_show(struct device *dev, struct device_attribute *attr,
				     char *buf)
{
	return sysfs_emit(buf, "%s\n", to_chip(dev)->info.firmware);
}
static DEVICE_ATTR_RO(firmware_version);

static ssize_t security_version_show(struct device *dev, struct device_attribute *attr,
				     char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_chip(dev)->info.svn));
}
static DEVICE_ATTR_RO(security_version);

static ssize_t boot_count_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_chip(dev)->info.boot_count));
}
static DEVICE_ATTR_RO(boot_count);

static ssize_t generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_chip(dev)->gate->generation));
}
static DEVICE_ATTR_RO(generation);

static ssize_t release_timeout_show(struct device *dev, struct device_attribute *attr,
				    char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_chip(dev)->release_timeout));
}

static ssize_t release_timeout_store(struct device *dev, struct device_attribute *attr,
				     const char *buf, size_t count)
{
	unsigned int seconds;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	/* Under 120, or the hung task detector would complain about upcalls. */
	if (kstrtouint(buf, 10, &seconds) || !seconds || seconds > 110)
		return -EINVAL;
	WRITE_ONCE(to_chip(dev)->release_timeout, seconds);
	return count;
}
static DEVICE_ATTR_RW(release_timeout);

static ssize_t relock_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct bastion_chip *chip = to_chip(dev);
	bool yes;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (kstrtobool(buf, &yes) || !yes)
		return -EINVAL;
	ret = bastion_chip_get_ops(chip);
	if (ret)
		return ret;
	ret = bastion_gate_relock(chip->gate, BASTION_REASON_RELOCK);
	bastion_chip_put_ops(chip);
	bastion_grants_settle();
	return ret ?: count;
}
static DEVICE_ATTR_WO(relock);

static ssize_t chip_id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%*phN\n", BASTION_DIGEST_SIZE, to_chip(dev)->info.id);
}
static DEVICE_ATTR_ADMIN_RO(chip_id);

static ssize_t grants_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct bastion_gate *gate = to_chip(dev)->gate;
	struct bastion_grant_live *grant;
	unsigned int count = 0;

	mutex_lock(&gate->lock);
	list_for_each_entry(grant, &gate->grants, list)
		count++;
	mutex_unlock(&gate->lock);
	return sysfs_emit(buf, "%u\n", count);
}
static DEVICE_ATTR_ADMIN_RO(grants);

static ssize_t waiters_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_chip(dev)->gate->waiters));
}
static DEVICE_ATTR_ADMIN_RO(waiters);

static ssize_t certificates_read(struct file *file, struct kobject *kobj,
				 compat_bin_attribute *attr, char *buf, loff_t pos, size_t size)
{
	struct bastion_chip *chip = to_chip(kobj_to_dev(kobj));
	ssize_t ret;

	down_read(&chip->records_lock);
	ret = memory_read_from_buffer(buf, size, &pos, chip->certificates,
				      chip->certificates_len);
	up_read(&chip->records_lock);
	return ret;
}
static BIN_ATTR_RO(certificates, 0);

static struct attribute *bastion_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_model.attr,
	&dev_attr_firmware_version.attr,
	&dev_attr_security_version.attr,
	&dev_attr_boot_count.attr,
	&dev_attr_generation.attr,
	&dev_attr_release_timeout.attr,
	&dev_attr_relock.attr,
	&dev_attr_chip_id.attr,
	&dev_attr_grants.attr,
	&dev_attr_waiters.attr,
	NULL
};

static compat_bin_attribute_ptr bastion_bin_attrs[] = {
	&bin_attr_certificates,
	NULL
};

static const struct attribute_group bastion_group = {
	.attrs = bastion_attrs,
	.bin_attrs = bastion_bin_attrs,
};

/* measurements/mrN:sha384, as the kernel names TSM measurement registers; and where the log begins */

struct mr_attribute {
	struct device_attribute attr;
	u32 index;
};

static ssize_t mr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mr_attribute *mr = container_of(attr, struct mr_attribute, attr);
	struct bastion_chip *chip = to_chip(dev);
	u8 value[1][BASTION_DIGEST_SIZE];
	int ret;

	ret = bastion_chip_read_registers(chip, BASTION_TURN_SYSFS, BIT(mr->index), value);
	return ret ?: sysfs_emit(buf, "%*phN\n", BASTION_DIGEST_SIZE, value[0]);
}

#define MR(n) {									\
	.attr = { .attr = { .name = "mr" #n ":sha384", .mode = 0444 }, .show = mr_show },	\
	.index = n,								\
}

static struct mr_attribute mr_attributes[BASTION_MR_COUNT] = {
	MR(0), MR(1), MR(2), MR(3), MR(4), MR(5), MR(6), MR(7),
};

static ssize_t log_first_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_chip(dev)->log->first));
}
static DEVICE_ATTR_RO(log_first);

static struct attribute *mr_attrs[] = {
	&mr_attributes[0].attr.attr, &mr_attributes[1].attr.attr,
	&mr_attributes[2].attr.attr, &mr_attributes[3].attr.attr,
	&mr_attributes[4].attr.attr, &mr_attributes[5].attr.attr,
	&mr_attributes[6].attr.attr, &mr_attributes[7].attr.attr,
	&dev_attr_log_first.attr,
	NULL
};

static const struct attribute_group mr_group = {
	.name = "measurements",
	.attrs = mr_attrs,
};

/* statistics/ */

#define STATISTIC(field)							\
static ssize_t field##_show(struct device *dev, struct device_attribute *attr, char *buf) \
{										\
	struct bastion_chip_statistics statistics = { };			\
	struct bastion_chip *chip = to_chip(dev);				\
	int ret = bastion_chip_get_ops(chip);					\
										\
	if (ret)								\
		return ret;							\
	chip->ops->statistics(chip, &statistics);				\
	bastion_chip_put_ops(chip);						\
	return sysfs_emit(buf, "%llu\n", statistics.field);			\
}										\
static DEVICE_ATTR_RO(field)

STATISTIC(commands);
STATISTIC(refusals);
STATISTIC(timeouts);
STATISTIC(violations);
STATISTIC(resets);

static struct attribute *statistics_attrs[] = {
	&dev_attr_commands.attr,
	&dev_attr_refusals.attr,
	&dev_attr_timeouts.attr,
	&dev_attr_violations.attr,
	&dev_attr_resets.attr,
	NULL
};

static const struct attribute_group statistics_group = {
	.name = "statistics",
	.attrs = statistics_attrs,
};

/* counters/N, to be held against what a sealed key says */

struct counter_attribute {
	struct device_attribute attr;
	u32 index;
};

static ssize_t counter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct counter_attribute *counter = container_of(attr, struct counter_attribute, attr);
	struct bastion_chip *chip = to_chip(dev);
	u64 value;
	int ret;

	ret = bastion_chip_get_ops(chip);
	if (ret)
		return ret;
	ret = chip->ops->counter ? chip->ops->counter(chip, counter->index, &value) : -EOPNOTSUPP;
	bastion_chip_put_ops(chip);
	return ret ?: sysfs_emit(buf, "%llu\n", value);
}

#define COUNTER(n) {								\
	.attr = { .attr = { .name = #n, .mode = 0400 }, .show = counter_show },	\
	.index = n,								\
}

static struct counter_attribute counter_attributes[] = {
	COUNTER(1), COUNTER(2), COUNTER(3), COUNTER(4),
	COUNTER(5), COUNTER(6), COUNTER(7), COUNTER(8),
	COUNTER(9), COUNTER(10), COUNTER(11), COUNTER(12),
	COUNTER(13), COUNTER(14), COUNTER(15), COUNTER(16),
};
static_assert(ARRAY_SIZE(counter_attributes) == BASTION_COUNTER_COUNT);

static struct attribute *counter_attrs[] = {
	&counter_attributes[0].attr.attr, &counter_attributes[1].attr.attr,
	&counter_attributes[2].attr.attr, &counter_attributes[3].attr.attr,
	&counter_attributes[4].attr.attr, &counter_attributes[5].attr.attr,
	&counter_attributes[6].attr.attr, &counter_attributes[7].attr.attr,
	&counter_attributes[8].attr.attr, &counter_attributes[9].attr.attr,
	&counter_attributes[10].attr.attr, &counter_attributes[11].attr.attr,
	&counter_attributes[12].attr.attr, &counter_attributes[13].attr.attr,
	&counter_attributes[14].attr.attr, &counter_attributes[15].attr.attr,
	NULL
};

static const struct attribute_group counter_group = {
	.name = "counters",
	.attrs = counter_attrs,
};

const struct attribute_group *bastion_sysfs_groups[] = {
	&bastion_group,
	&mr_group,
	&counter_group,
	&statistics_group,
	NULL
};
