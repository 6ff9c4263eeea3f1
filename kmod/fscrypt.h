/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's key type fscrypt-provisioning, which exports no symbol.
 */
#ifndef _BASTION_FSCRYPT_H
#define _BASTION_FSCRYPT_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include <uapi/linux/fscrypt.h>

struct key_type;

/**
 * struct bastion_fscrypt_head - what a payload of that type begins with
 * @type:	FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER
 * @reserved:	0
 */
struct bastion_fscrypt_head {
	u32 type;
	u32 reserved;
};
static_assert(sizeof(struct bastion_fscrypt_head) ==
	      sizeof(struct fscrypt_provisioning_key_payload));

int bastion_fscrypt_init(void);
void bastion_fscrypt_exit(void);
struct key_type *bastion_fscrypt_type(void);
void bastion_fscrypt_wipe(struct key *key);

#endif
