/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot key: an ephemeral P-384 key that the module makes at probe and
 * measures first. What opens the gate is encrypted to it.
 */
#ifndef _BASTION_BOOT_KEY_H
#define _BASTION_BOOT_KEY_H

#include <linux/types.h>

#include <bastion/round.h>

struct crypto_kpp;

/**
 * struct bastion_boot_key - a key that lives as long as its chip is bound
 * @point:	public half, uncompressed; constant after init
 * @tfm:	holds the private half, which nothing reads and which is wiped with it; NULL once it is
 */
struct bastion_boot_key {
	u8 point[BASTION_POINT_SIZE];
	struct crypto_kpp *tfm;
};

int bastion_boot_key_init(struct bastion_boot_key *k);
void bastion_boot_key_wipe(struct bastion_boot_key *k);
void bastion_boot_key_exit(struct bastion_boot_key *k);
int bastion_boot_key_open(struct bastion_boot_key *k, const u8 sealed[BASTION_SEALED_TOKEN_SIZE],
			  const u8 grant_digest[BASTION_DIGEST_SIZE],
			  u8 token[BASTION_TOKEN_SIZE]);
int bastion_boot_key_open_policies(struct bastion_boot_key *k, const u8 *sealed,
				   const u8 grant_digest[BASTION_DIGEST_SIZE],
				   struct bastion_policy_signature *signatures, size_t count);

#endif
