// SPDX-License-Identifier: GPL-2.0
/*
 * Holds a key for as long as it is loaded, and its semaphore (lock=1), as whoever reads the key does for
 * as long as the scheduler takes. Says what has become of the secret of a key of type
 * fscrypt-provisioning. For tests.
 */
#include <linux/key.h>
#include <linux/key-type.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/string.h>

static int serial;
module_param(serial, int, 0400);
MODULE_PARM_DESC(serial, "of the key, which who loads this may view");

static bool lock = true;
module_param(lock, bool, 0400);
MODULE_PARM_DESC(lock, "hold the semaphore, too");

static struct key *key;

/* struct fscrypt_provisioning_key_payload's head, and what follows, when this was loaded */
#define HEAD	(2 * sizeof(u32))
static u8 first[256];
static size_t first_len;

static void remember(void)
{
	const u8 *payload = key->payload.data[0];

	if (strcmp(key->type->name, "fscrypt-provisioning") || !payload)
		return;
	first_len = min_t(size_t, key->datalen, sizeof(first));
	memcpy(first, payload, first_len);
}

/* "same", or else "no kind" or "kind", and "zeros" or "others" for what it is now */
static int get_secret(char *buffer, const struct kernel_param *unused)
{
	const u8 *payload;
	int ret;

	down_read(&key->sem);
	payload = key->payload.data[0];
	if (!payload || first_len <= HEAD)
		ret = -ENODATA;
	else if (!memcmp(payload + HEAD, first + HEAD, first_len - HEAD))
		ret = sprintf(buffer, "same\n");
	else
		ret = sprintf(buffer, "%s, %s\n", memchr_inv(payload, 0, HEAD) ? "kind" : "no kind",
			      memchr_inv(payload + HEAD, 0, first_len - HEAD) ? "others" : "zeros");
	up_read(&key->sem);
	return ret;
}

static const struct kernel_param_ops secret_ops = { .get = get_secret };
module_param_cb(secret, &secret_ops, NULL, 0400);

static int __init hold_init(void)
{
	key_ref_t ref = lookup_user_key(serial, 0, KEY_NEED_VIEW);

	if (IS_ERR(ref))
		return PTR_ERR(ref);
	key = key_ref_to_ptr(ref);
	remember();
	/* Whoever unloads this lets it go. */
	if (lock)
		down_read_non_owner(&key->sem);
	return 0;
}

static void __exit hold_exit(void)
{
	if (lock)
		up_read_non_owner(&key->sem);
	key_put(key);
}

module_init(hold_init);
module_exit(hold_exit);

MODULE_DESCRIPTION("Holds a key, for tests");
MODULE_LICENSE("GPL");
