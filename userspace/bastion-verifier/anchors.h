/* SPDX-License-Identifier: GPL-2.0 */
/* A folder with what the operator trusts to certify TPMs. */
#ifndef VERIFIER_ANCHORS_H
#define VERIFIER_ANCHORS_H

#include "libbastion-verify/tpm-ek.h"

/**
 * anchors_load() - read certificates and revocation lists
 * @folder:	whose files are all read; names that begin with a dot are left out
 * @anchors:	what they have; bv_ek_anchors_exit() it whatever this returns
 * @err:	what was wrong
 *
 * Every file counts: a list that was passed over would bring back what it revokes.
 *
 * Return: 0, or a negative errno.
 */
int anchors_load(const char *folder, struct bv_ek_anchors *anchors, struct bv_error *err);

#endif
