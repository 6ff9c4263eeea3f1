// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/bastionN: one table, one way in and out. What a row says is checked
 * before its function is called: privilege, size, the chip's presence.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "blob.h"
#include "cdev.h"
#include "chip.h"
#include "gate.h"
#include "measure.h"
#include "release.h"
#include "round.h"

/**
 * struct bastion_file - an open file; its address is a round's owner
 * @chip:	with a reference
 * @rounds:	it has opened a round, or tried to
 * @lock:	protects @seen
 * @seen:	the generation that read(2) returned last
 */
struct bastion_file {
	struct bastion_chip *chip;
	bool rounds;
	struct mutex lock;
	u64 seen;
};

union arguments {
	u32 size;
	struct bastion_info info;
	struct bastion_round_begin round_begin;
	struct bastion_quote quote;
	struct bastion_grant_args grant;
	struct bastion_relock relock;
	struct bastion_verifier_add verifier_add;
	struct bastion_verifier_remove verifier_remove;
	struct bastion_verifier_list verifier_list;
	struct bastion_extend extend;
	struct bastion_release release;
};

static int run_info(struct bastion_file *file, union arguments *args)
{
	struct bastion_chip *chip = file->chip;
	struct bastion_info *info = &args->info;
	struct bastion_event event;

	bastion_gate_snapshot(chip->gate, &event);
	memset(info, 0, sizeof(*info));
	info->abi = BASTION_ABI_VERSION;
	info->state = event.state;
	info->reason = event.reason;
	info->generation = event.generation;
	info->svn = READ_ONCE(chip->info.svn);
	info->registers = BASTION_MR_COUNT;
	info->blob_max = BASTION_BLOB_MAX;
	info->grant_max = BASTION_GRANT_MAX;
	info->quote_max = BASTION_QUOTE_MAX;
	info->kind = chip->info.kind;
	memcpy(info->model, chip->info.model, sizeof(info->model));
	memcpy(info->firmware, chip->info.firmware, sizeof(info->firmware));
	info->tpm = chip->info.tpm;
	info->pcr = chip->info.pcr;
	return 0;
}

static int run_round_begin(struct bastion_file *file, union arguments *args)
{
	struct bastion_round_begin *begin = &args->round_begin;

	if (begin->flags || begin->reserved ||
	    memchr_inv(begin->reserved2, 0, sizeof(begin->reserved2)))
		return -EINVAL;
	WRITE_ONCE(file->rounds, true);
	return bastion_round_begin(file->chip, file, begin);
}

static int run_quote(struct bastion_file *file, union arguments *args)
{
	struct bastion_quote *quote = &args->quote;
	ssize_t len;
	u8 *buf;

	if (quote->reserved || quote->nonce_len < BASTION_VERIFIER_NONCE_MIN ||
	    quote->nonce_len > BASTION_VERIFIER_NONCE_MAX ||
	    quote->quote_size < BASTION_QUOTE_MAX)
		return -EINVAL;
	buf = kmalloc(BASTION_QUOTE_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = bastion_chip_get_ops(file->chip);
	if (!len) {
		len = bastion_round_quote(file->chip, file, quote, buf, BASTION_QUOTE_MAX);
		bastion_chip_put_ops(file->chip);
	}
	if (len >= 0) {
		quote->quote_size = len;
		len = copy_to_user(u64_to_user_ptr(quote->quote), buf, len) ? -EFAULT : 0;
	}
	kfree(buf);
	return len;
}

/* The user's copies of what a verifier answered, to be freed. */
static int copy_answer(const struct bastion_grant_args *in, struct bastion_round_answer *answer)
{
	const void *copy;

	copy = memdup_user(u64_to_user_ptr(in->token), in->token_len);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	answer->token = copy;
	copy = memdup_user(u64_to_user_ptr(in->grant), in->grant_len);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	answer->grant = copy;
	answer->len = in->grant_len;
	if (!in->policies_len)
		return 0;
	copy = memdup_user(u64_to_user_ptr(in->policies), in->policies_len);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	answer->policies = copy;
	return 0;
}

static int take_grant(struct bastion_file *file, const struct bastion_grant_args *in)
{
	struct bastion_round_answer answer = {};
	int ret;

	if (in->reserved || in->reserved2)
		return -EINVAL;
	if (in->token_len != BASTION_SEALED_TOKEN_SIZE || in->grant_len > BASTION_GRANT_MAX ||
	    !in->grant_len || in->policies_len > BASTION_SEALED_POLICIES_MAX)
		return -EBADMSG;
	if (in->policies_len) {
		if (in->policies_len < BASTION_SEALED_POLICIES_SIZE(1))
			return -EBADMSG;
		answer.policy_count = (in->policies_len - BASTION_SEALED_POLICIES_SIZE(0)) /
				      sizeof(struct bastion_policy_signature);
		if (in->policies_len != BASTION_SEALED_POLICIES_SIZE(answer.policy_count))
			return -EBADMSG;
	}
	ret = copy_answer(in, &answer);
	if (!ret)
		ret = bastion_chip_get_ops(file->chip);
	if (!ret) {
		ret = bastion_round_grant(file->chip, file, &answer);
		bastion_chip_put_ops(file->chip);
	}
	kfree(answer.policies);
	kfree(answer.grant);
	kfree(answer.token);
	return ret;
}

/* One try a round, even with what cannot be read. */
static int run_grant(struct bastion_file *file, union arguments *args)
{
	int ret = take_grant(file, &args->grant);

	bastion_round_end(file->chip, file);
	return ret;
}

static int run_relock(struct bastion_file *file, union arguments *args)
{
	if (args->relock.flags)
		return -EINVAL;
	return bastion_gate_relock(file->chip->gate, BASTION_REASON_RELOCK);
}

static int run_verifier_add(struct bastion_file *file, union arguments *args)
{
	struct bastion_verifier_add *add = &args->verifier_add;

	if (add->flags || memchr_inv(add->reserved, 0, sizeof(add->reserved)))
		return -EINVAL;
	return bastion_verifier_add(file->chip, add->key, add->digest);
}

static int run_verifier_remove(struct bastion_file *file, union arguments *args)
{
	if (args->verifier_remove.flags)
		return -EINVAL;
	return bastion_verifier_remove(file->chip, args->verifier_remove.digest);
}

static int run_verifier_list(struct bastion_file *file, union arguments *args)
{
	memset(&args->verifier_list, 0, sizeof(args->verifier_list));
	bastion_verifier_list(file->chip, &args->verifier_list);
	return 0;
}

/* As a key's name, but its last byte need not be NUL. */
static bool event_name_valid(const char *name, size_t len)
{
	if (len < BASTION_NAME_SIZE)
		return bastion_name_valid(name, len);
	return bastion_name_valid(name, len - 1) && bastion_name_valid(name + len - 1, 1);
}

static int run_extend(struct bastion_file *file, union arguments *args)
{
	struct bastion_extend *extend = &args->extend;
	char name[BASTION_EVENT_NAME_MAX + 1];
	struct bastion_event event;
	void *data;
	int ret;

	memcpy(name, extend->name, BASTION_EVENT_NAME_MAX);
	name[BASTION_EVENT_NAME_MAX] = '\0';
	if (extend->reserved || extend->index < 5 || extend->index > 7 || !extend->data_len ||
	    extend->data_len > BASTION_EVENT_DATA_MAX || !event_name_valid(name, strlen(name)) ||
	    memchr_inv(extend->name + strlen(name), 0, BASTION_EVENT_NAME_MAX - strlen(name)))
		return -EINVAL;
	/* Nothing comes before the entries that a log must begin with. */
	bastion_gate_snapshot(file->chip->gate, &event);
	if (event.state != BASTION_STATE_LOCKED && event.state != BASTION_STATE_ATTESTED)
		return READ_ONCE(file->chip->gate->removed) ? -ENODEV : -EIO;
	data = memdup_user(u64_to_user_ptr(extend->data), extend->data_len);
	if (IS_ERR(data))
		return PTR_ERR(data);
	ret = bastion_chip_get_ops(file->chip);
	if (!ret) {
		ret = bastion_measure_data(file->chip, extend->index, name, data,
					   extend->data_len);
		bastion_chip_put_ops(file->chip);
	}
	kfree(data);
	return ret;
}

static int run_release(struct bastion_file *file, union arguments *args)
{
	return bastion_release(file->chip, &args->release);
}

/* Row flags */
#define PRIVILEGED	BIT(0)	/* CAP_SYS_ADMIN in the initial user namespace */
/*
 * The function wants the chip's ops held. Not one that touches more of its caller's memory: what
 * is there may have to be fetched first, by another process (FUSE, userfaultfd) or from the very
 * disk that waits for its key, and whoever removes the chip waits for all who hold its ops.
 */
#define CHIP		BIT(1)
/* What was released has not only ended, but lost its payload when it returns, unless it is in use. */
#define ENDS		BIT(2)

#define ROW(ioc, member, row_flags, function)					\
	[_IOC_NR(ioc) - _IOC_NR(BASTION_IOC_INFO)] = {				\
		.size = sizeof(((union arguments *)NULL)->member),		\
		.flags = row_flags,						\
		.run = function,						\
	}

static const struct command {
	size_t size;
	unsigned int flags;
	int (*run)(struct bastion_file *file, union arguments *args);
} commands[] = {
	ROW(BASTION_IOC_INFO, info, 0, run_info),
	ROW(BASTION_IOC_ROUND_BEGIN, round_begin, PRIVILEGED | CHIP, run_round_begin),
	ROW(BASTION_IOC_QUOTE, quote, PRIVILEGED, run_quote),
	ROW(BASTION_IOC_GRANT, grant, PRIVILEGED, run_grant),
	ROW(BASTION_IOC_RELOCK, relock, PRIVILEGED | CHIP | ENDS, run_relock),
	ROW(BASTION_IOC_VERIFIER_ADD, verifier_add, PRIVILEGED | CHIP | ENDS, run_verifier_add),
	ROW(BASTION_IOC_VERIFIER_REMOVE, verifier_remove, PRIVILEGED | CHIP | ENDS,
	    run_verifier_remove),
	ROW(BASTION_IOC_VERIFIER_LIST, verifier_list, PRIVILEGED, run_verifier_list),
	ROW(BASTION_IOC_EXTEND, extend, PRIVILEGED, run_extend),
	/* It waits: no ops while it does. */
	ROW(BASTION_IOC_RELEASE, release, 0, run_release),
};

static const struct command *find_command(unsigned int cmd)
{
	unsigned int row = _IOC_NR(cmd) - _IOC_NR(BASTION_IOC_INFO);

	if (_IOC_TYPE(cmd) != BASTION_IOC_MAGIC || _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE) ||
	    row >= ARRAY_SIZE(commands))
		return NULL;
	return &commands[array_index_nospec(row, ARRAY_SIZE(commands))];
}

static int run(struct bastion_file *file, const struct command *command, union arguments *args)
{
	int ret;

	/* Without a chip every command says so; INFO about one that is gone, too. */
	ret = bastion_chip_get_ops(file->chip);
	if (ret)
		return ret;
	if (command->flags & CHIP)
		ret = command->run(file, args);
	bastion_chip_put_ops(file->chip);
	if (!(command->flags & CHIP))
		ret = command->run(file, args);
	if (command->flags & ENDS)
		bastion_grants_settle();
	return ret;
}

static long bastion_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	const struct command *command = find_command(cmd);
	void __user *user = (void __user *)arg;
	union arguments *args;
	u32 size;
	int ret;

	if (!command)
		return -ENOTTY;
	if (command->flags & PRIVILEGED && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	/* The number carries the size that the caller was built with. */
	if (size != _IOC_SIZE(cmd) || size < sizeof(u32))
		return -EINVAL;

	args = kzalloc(sizeof(*args), GFP_KERNEL_ACCOUNT);
	if (!args)
		return -ENOMEM;
	ret = copy_struct_from_user(args, command->size, user, size);
	if (!ret)
		ret = run(filp->private_data, command, args);
	args->size = size;
	if (!ret && copy_to_user(user, args, min_t(size_t, size, command->size)))
		ret = -EFAULT;
	kfree(args);
	return ret;
}

static int bastion_open(struct inode *inode, struct file *filp)
{
	struct bastion_chip *chip = container_of(inode->i_cdev, struct bastion_chip, cdev);
	struct bastion_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return -ENOMEM;
	get_device(&chip->dev);
	file->chip = chip;
	mutex_init(&file->lock);
	filp->private_data = file;
	return nonseekable_open(inode, filp);
}

static int bastion_close(struct inode *inode, struct file *filp)
{
	struct bastion_file *file = filp->private_data;

	/* Others hold that lock for as long as the chip takes, and anybody may close. */
	if (file->rounds)
		bastion_round_end(file->chip, file);
	bastion_chip_put(file->chip);
	kfree(file);
	return 0;
}

static bool has_news(struct bastion_file *file)
{
	return READ_ONCE(file->chip->gate->generation) != READ_ONCE(file->seen);
}

static ssize_t bastion_read(struct file *filp, char __user *buf, size_t size, loff_t *pos)
{
	struct bastion_file *file = filp->private_data;
	struct bastion_gate *gate = file->chip->gate;
	struct bastion_event event;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (size < sizeof(event))
		return -EINVAL;
	if (!has_news(file) && READ_ONCE(gate->removed))
		return -ENODEV;
	if (!has_news(file) && filp->f_flags & O_NONBLOCK)
		return -EAGAIN;
	ret = wait_event_interruptible(gate->eventq,
				       has_news(file) || READ_ONCE(gate->removed));
	if (ret)
		return ret;
	mutex_lock(&file->lock);
	WRITE_ONCE(file->seen, bastion_gate_snapshot(gate, &event));
	mutex_unlock(&file->lock);
	return copy_to_user(buf, &event, sizeof(event)) ? -EFAULT : sizeof(event);
}

static __poll_t bastion_poll(struct file *filp, poll_table *wait)
{
	struct bastion_file *file = filp->private_data;
	__poll_t mask = 0;

	/*
	 * As read(2). Those who wait are woken under the gate's lock, for as long as there are more of
	 * them; and one open file can be waited for any number of times.
	 */
	if (!file_ns_capable(filp, &init_user_ns, CAP_SYS_ADMIN))
		return EPOLLERR;
	poll_wait(filp, &file->chip->gate->eventq, wait);
	if (has_news(file))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(file->chip->gate->removed))
		mask |= EPOLLHUP;
	return mask;
}

const struct file_operations bastion_cdev_fops = {
	.owner = THIS_MODULE,
	.open = bastion_open,
	.release = bastion_close,
	.read = bastion_read,
	.poll = bastion_poll,
	.unlocked_ioctl = bastion_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
