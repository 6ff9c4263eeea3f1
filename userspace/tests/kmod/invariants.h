/* SPDX-License-Identifier: GPL-2.0 */
/* What must hold of everything that a parser accepts, for tests and fuzzers alike. */
#ifndef _KMOD_TESTS_INVARIANTS_H
#define _KMOD_TESTS_INVARIANTS_H

#include <string.h>

#include <bastion/grant.h>

#include "../../../kmod/key_parse.h"

static inline bool key_new_sane(const struct bastion_key_args *a)
{
	size_t label = strnlen(a->policy, sizeof(a->policy));

	return a->secret_len >= BASTION_SECRET_MIN && a->secret_len <= BASTION_SECRET_MAX &&
	       label >= 1 && label <= BASTION_POLICY_LABEL_MAX &&
	       a->owner != 0xffffffff && (a->has_owner || !a->owner) &&
	       a->types && !(a->types & ~BASTION_TYPE_ALL) &&
	       !(a->register_mask & ~BASTION_MASKABLE) && !a->hex;
}

static inline bool key_args_sane(const struct bastion_key_args *a, const char *buf, size_t len)
{
	if (a->verb == BASTION_KEY_NEW)
		return key_new_sane(a);
	return a->verb == BASTION_KEY_LOAD && a->hex > buf && a->hex_len && a->hex_len % 2 == 0 &&
	       a->hex_len <= 2 * BASTION_BLOB_MAX && a->hex + a->hex_len <= buf + len;
}

#endif
