// SPDX-License-Identifier: GPL-2.0
/*
 * Holds a key for as long as it is loaded, and its semaphore (lock=1), as whoever reads the key does for
 * as long as the scheduler takes. Says whether a key of type fscrypt-provisioning has a secret. For tests.
 */
#include <linux/key.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/string.h>

static int serial;
module_param(serial, int, 0400);
MODULE_PARM_DESC(serial, "of the key, which who loads this may search");

static bool lock = true;
module_param(lock, bool, 0400);
MODULE_PARM_DESC(lock, "hold the semaphore, too");

static struct key *key;

/* What there is after struct fscrypt_provisioning_key_payload's head: "Y" unless it is all zeros */
static int get_secret(char *buffer, const struct kernel_param *unused)
{
	const size_t head = 2 * sizeof(u32);
	const u8 *payload;
	bool any;

	down_read(&key->sem);
	payload = key->payload.data[0];
	any = payload && key->datalen > head &&
	      memchr_inv(payload + head, 0, key->datalen - head);
	up_read(&key->sem);
	return sprintf(buffer, "%c\n", any ? 'Y' : 'N');
}

static const struct kernel_param_ops secret_ops = { .get = get_secret };
module_param_cb(secret, &secret_ops, NULL, 0400);

static int __init hold_init(void)
{
	key_ref_t ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);

	if (IS_ERR(ref))
		return PTR_ERR(ref);
	key = key_ref_to_ptr(ref);
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
