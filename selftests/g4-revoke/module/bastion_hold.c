// SPDX-License-Identifier: GPL-2.0
/*
 * Holds a key's semaphore for as long as it is loaded, as whoever reads the key does for as long as
 * the scheduler takes. For tests.
 */
#include <linux/key.h>
#include <linux/module.h>
#include <linux/rwsem.h>

static int serial;
module_param(serial, int, 0400);
MODULE_PARM_DESC(serial, "of the key, which who loads this may search");

static struct key *key;

static int __init hold_init(void)
{
	key_ref_t ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);

	if (IS_ERR(ref))
		return PTR_ERR(ref);
	key = key_ref_to_ptr(ref);
	/* Whoever unloads this lets it go. */
	down_read_non_owner(&key->sem);
	return 0;
}

static void __exit hold_exit(void)
{
	up_read_non_owner(&key->sem);
	key_put(key);
}

module_init(hold_init);
module_exit(hold_exit);

MODULE_DESCRIPTION("Holds the semaphore of a key, for tests");
MODULE_LICENSE("GPL");
