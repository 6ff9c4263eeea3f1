/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of verifiers. The kernel knows digests only; a name is a file
 * verifiers.d/NAME.pem in the configuration folder, which holds the grant key.
 */
#ifndef BASTIONCTL_VERIFIERS_H
#define BASTIONCTL_VERIFIERS_H

#include <stdint.h>

#include <bastion/chip.h>

#include "bastionctl/ctl.h"

/**
 * struct verifier - one that has a name
 * @name:   its name
 * @point:  its grant key
 * @digest: what the kernel calls it
 */
struct verifier {
	char name[64];
	uint8_t point[BASTION_POINT_SIZE];
	uint8_t digest[BASTION_DIGEST_SIZE];
};

/**
 * verifiers_read - read what is kept under a name
 * @ctl:  for the folder
 * @name: checked
 * @out:  the verifier
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int verifiers_read(const struct ctl *ctl, const char *name, struct verifier *out,
		   struct bastion_error *err);

/** verifiers_store - keep @verifier under its name; 0 or a negative errno */
int verifiers_store(const struct ctl *ctl, const struct verifier *verifier,
		    struct bastion_error *err);

/**
 * verifiers_remove - remove every name of a digest
 * @ctl:     for the folder
 * @digest:  of the verifier
 * @removed: out: how many names it had, whatever this returns
 * @err:     circumstances of the first failure, which does not keep the other names
 *
 * Return: 0 or a negative errno; also for a file that cannot be read, as it might be of
 * this verifier.
 */
int verifiers_remove(const struct ctl *ctl, const uint8_t digest[BASTION_DIGEST_SIZE],
		     unsigned int *removed, struct bastion_error *err);

/**
 * verifiers_each - every name, in alphabetical order
 * @ctl:  for the folder; that there is none is no error
 * @each: called with each; @failed is set instead of @verifier for a file that
 *	  cannot be read; a nonzero return ends it
 * @arg:  for @each
 * @err:  circumstances of a failure
 *
 * Return: 0, what @each returned, or a negative errno.
 */
int verifiers_each(const struct ctl *ctl,
		   int (*each)(const struct verifier *verifier, const struct bastion_error *failed,
			       void *arg),
		   void *arg, struct bastion_error *err);

/**
 * verifiers_resolve - the digest that a name or 96 hex digits stand for
 * @ctl:    for the folder
 * @text:   name or digest
 * @digest: out
 * @err:    circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int verifiers_resolve(const struct ctl *ctl, const char *text,
		      uint8_t digest[BASTION_DIGEST_SIZE], struct bastion_error *err);

/**
 * verifiers_choose - likewise, or the only verifier that is registered
 * @ctl:    for the folder
 * @dev:    where it is registered
 * @text:   name or digest, or NULL
 * @digest: out
 * @err:    circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int verifiers_choose(const struct ctl *ctl, const struct bastion_device *dev, const char *text,
		     uint8_t digest[BASTION_DIGEST_SIZE], struct bastion_error *err);

/** verifiers_name - the name of a digest, in @name of 64; "" if it has none */
void verifiers_name(const struct ctl *ctl, const uint8_t digest[BASTION_DIGEST_SIZE], char *name);

#endif
