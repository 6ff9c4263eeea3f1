// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's key type fscrypt-provisioning, which exports no symbol. A key of it
 * can be made by name all the same, and knows its type.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/lockdep.h>
#include <linux/random.h>

#include "fscrypt.h"

#define RAW_SIZE	16	/* the least that the type takes */

/* Keeps the type; NULL where the kernel has no fscrypt. */
static struct key *specimen;

/**
 * bastion_fscrypt_type() - the key type fscrypt-provisioning
 *
 * Return: the type, or NULL where the kernel has none.
 */
struct key_type *bastion_fscrypt_type(void)
{
	return specimen ? specimen->type : NULL;
}

/**
 * bastion_fscrypt_wipe() - overwrite the secret of a key of that type
 * @key:	the key, its semaphore held for writing
 *
 * The type has no revoke(): a payload stays until nobody has the key, and whoever has it can see to
 * that. fscrypt reads it without a lock: it refuses one of no kind, and whoever has looked at that
 * already gets some of the secret, or what nobody knows. Zeros would be a key that everybody has.
 */
void bastion_fscrypt_wipe(struct key *key)
{
	struct bastion_fscrypt_head *head = key->payload.data[0];

	lockdep_assert_held_write(&key->sem);
	if (!key_is_positive(key) || !head || key->datalen <= sizeof(*head))
		return;
	WRITE_ONCE(head->type, 0);
	smp_wmb();	/* whoever sees another secret sees that it is of no kind */
	get_random_bytes(head + 1, key->datalen - sizeof(*head));
}

int bastion_fscrypt_init(void)
{
	static const struct {
		struct bastion_fscrypt_head head;
		u8 raw[RAW_SIZE];
	} payload = { .head.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER };
	struct key *ring;
	key_ref_t ref;

	ring = keyring_alloc(".bastion", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
			     KEY_POS_WRITE, KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	ref = key_create_or_update(make_key_ref(ring, true), "fscrypt-provisioning", "specimen",
				   &payload, sizeof(payload), 0, KEY_ALLOC_NOT_IN_QUOTA);
	key_put(ring);
	if (!IS_ERR(ref))
		specimen = key_ref_to_ptr(ref);
	else if (PTR_ERR(ref) != -ENODEV)
		return PTR_ERR(ref);
	return 0;
}

void bastion_fscrypt_exit(void)
{
	key_put(specimen);
}
