// SPDX-License-Identifier: GPL-2.0
/* The device. */
#include <linux/err.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "calls.h"
#include "crypto_test.h"

static int crypto_test_open(struct inode *inode, struct file *file)
{
	struct bastion_boot_key *key = kzalloc(sizeof(*key), GFP_KERNEL);
	int ret;

	if (!key)
		return -ENOMEM;
	ret = bastion_boot_key_init(key);
	if (ret) {
		kfree(key);
		return ret;
	}
	file->private_data = key;
	return 0;
}

static int crypto_test_release(struct inode *inode, struct file *file)
{
	bastion_boot_key_exit(file->private_data);
	kfree(file->private_data);
	return 0;
}

static long make_call(struct bastion_boot_key *key, const struct crypto_test_call *arg, u8 *in)
{
	struct call c = {
		.number = arg->number,
		.in = in,
		.in_len = arg->in_len,
		.out_len = arg->out_len,
	};
	long ret;

	c.out = kmalloc(c.out_len, GFP_KERNEL);
	if (!c.out)
		return -ENOMEM;
	memset(c.out, 0xcc, c.out_len);
	ret = call_do(arg->op, key, &c);
	if (copy_to_user(u64_to_user_ptr(arg->out), c.out, c.out_len))
		ret = -EFAULT;
	kfree(c.out);
	return ret;
}

static long crypto_test_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct crypto_test_call arg;
	u8 *in;
	long ret;

	if (cmd != CRYPTO_TEST_CALL)
		return -ENOTTY;
	if (copy_from_user(&arg, (void __user *)user, sizeof(arg)))
		return -EFAULT;
	if (arg.in_len > CRYPTO_TEST_IN_MAX || arg.out_len > CRYPTO_TEST_OUT_MAX)
		return -E2BIG;
	in = memdup_user(u64_to_user_ptr(arg.in), arg.in_len);
	if (IS_ERR(in))
		return PTR_ERR(in);
	ret = make_call(file->private_data, &arg, in);
	kfree(in);
	return ret;
}

static const struct file_operations crypto_test_fops = {
	.owner = THIS_MODULE,
	.open = crypto_test_open,
	.release = crypto_test_release,
	.unlocked_ioctl = crypto_test_ioctl,
};

static struct miscdevice crypto_test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bastion_crypto_test",
	.fops = &crypto_test_fops,
	.mode = 0600,
};

static int __init crypto_test_init(void)
{
	int ret = bastion_crypto_init();

	if (ret)
		return ret;
	ret = misc_register(&crypto_test_device);
	if (ret)
		bastion_crypto_exit();
	return ret;
}

static void __exit crypto_test_exit(void)
{
	misc_deregister(&crypto_test_device);
	bastion_crypto_exit();
}

module_init(crypto_test_init);
module_exit(crypto_test_exit);
MODULE_DESCRIPTION("Lets user space call bastion's crypto, for tests alone");
MODULE_LICENSE("GPL");
