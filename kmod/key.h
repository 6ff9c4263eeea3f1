/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The key type "bastion": sealed keys in keyrings.
 */
#ifndef _BASTION_KEY_CORE_H
#define _BASTION_KEY_CORE_H

#include <linux/types.h>

struct key;

int bastion_key_type_init(void);
void bastion_key_type_exit(void);
int bastion_key_blob(struct key *key, u8 **blob, size_t *len);

#endif
