/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier's keys: a folder with the grant key and the key for results. */
#ifndef VERIFIER_KEYS_H
#define VERIFIER_KEYS_H

#include "libbastion-verify/result.h"

#define KEYS_GRANT	"grant.key.pem"
#define KEYS_GRANT_PUB	"grant.pub.pem"
#define KEYS_EAR	"ear.key.pem"
#define KEYS_JWKS	"jwks.json"

/**
 * keys_make() - make both keys
 * @dir:	made if it is not there; none of the four files may be
 * @digest:	of the grant key
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno; then no file of ours is left.
 */
int keys_make(const char *dir, uint8_t digest[BASTION_DIGEST_SIZE], struct bv_error *err);

/**
 * keys_load() - read both keys
 * @dir:	from keys_make()
 * @signer:	on success: keys_drop() it
 * @err:	what was wrong
 *
 * Refuses keys that others may read, and one key for both purposes.
 *
 * Return: 0, or a negative errno.
 */
int keys_load(const char *dir, struct bv_signer *signer, struct bv_error *err);

/** keys_drop() - free what keys_load() allocated */
void keys_drop(struct bv_signer *signer);

/** keys_digest() - of a public key in a PEM file; 0, or a negative errno */
int keys_digest(const char *path, uint8_t digest[BASTION_DIGEST_SIZE], struct bv_error *err);

#endif
