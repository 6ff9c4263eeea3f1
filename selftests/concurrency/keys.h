/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Released keys: how they end, and which of them live.
 */
#ifndef SELFTESTS_CONCURRENCY_KEYS_H
#define SELFTESTS_CONCURRENCY_KEYS_H

#include "sealed.h"

#define KEPT_MAX	16384

/*
 * A released key's end: each of those that there are, or none before the grant's. Who has it can
 * neither revoke it nor have it time out.
 */
static inline void let_die(key_serial_t key)
{
	char bytes[BASTION_SECRET_MAX];

	keyctl_read(key, bytes, sizeof(bytes));
	switch (rand() % 4) {
	case 0:
		keyctl_invalidate(key);
		break;
	case 1:
		keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
		break;
	case 2:
		keyctl_clear(KEY_SPEC_PROCESS_KEYRING);
		break;
	}
}

/* How many keys in @keyring live, or -1. */
static inline int count_live(key_serial_t keyring)
{
	static key_serial_t keys[KEPT_MAX];
	long len = keyctl_read(keyring, (char *)keys, sizeof(keys));
	int count = 0;

	if (len < 0 || len > (long)sizeof(keys))
		return -1;
	for (unsigned int i = 0; i < len / sizeof(keys[0]); i++)
		count += !sealed_dead(keys[i]);
	return count;
}

#endif
