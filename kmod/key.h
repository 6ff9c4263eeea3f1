/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The key type "bastion": sealed keys in keyrings.
 */
#ifndef _BASTION_KEY_CORE_H
#define _BASTION_KEY_CORE_H

#include <linux/cred.h>
#include <linux/key.h>
#include <linux/keyctl.h>
#include <linux/string.h>
#include <linux/types.h>

#include <bastion/blob.h>

#include "key_parse.h"

int bastion_key_type_init(void);
void bastion_key_type_exit(void);
int bastion_key_blob(struct key *key, u8 **blob, size_t *len);
struct key *bastion_key_find(const struct cred *cred, const char *name);

/* What the kernel's keys are called that secrets are released as: this, then the name. */
#define BASTION_RELEASED_PREFIX	"bastion:"

/** bastion_key_is_released() - is this, or might it be, a key with a secret of ours? */
static inline bool bastion_key_is_released(const struct key *key)
{
	return !strncmp(key->description, BASTION_RELEASED_PREFIX,
			strlen(BASTION_RELEASED_PREFIX));
}

/* key_make.c: chip work. All refuse at once what no grant allows. */
ssize_t bastion_key_make(const struct bastion_key_args *args, const char *name,
			 u8 blob[BASTION_BLOB_MAX]);
ssize_t bastion_key_rebind(const struct bastion_key_args *args, const u8 *old, size_t old_len,
			   u8 blob[BASTION_BLOB_MAX]);

/* key_sign.c: keyctl_pkey_query(3), keyctl_pkey_sign(3), keyctl_pkey_verify(3) */
int bastion_key_query(const struct kernel_pkey_params *params, struct kernel_pkey_query *info);
int bastion_key_sign(struct kernel_pkey_params *params, const void *in, void *out);
int bastion_key_verify(struct kernel_pkey_params *params, const void *in, const void *in2);

#endif
