/* SPDX-License-Identifier: GPL-2.0 */
/* What must hold of everything that a parser accepts, for tests and fuzzers alike. */
#ifndef _KMOD_TESTS_INVARIANTS_H
#define _KMOD_TESTS_INVARIANTS_H

#include <string.h>

#include <bastion/grant.h>

#include "../../../kmod/key_parse.h"

static inline bool key_types_sane(const struct bastion_key_args *a)
{
	switch (a->verb) {
	case BASTION_KEY_NEW:
	case BASTION_KEY_IMPORT:
		return a->types && !(a->types & ~BASTION_TYPE_ALL);
	case BASTION_KEY_REBIND:
		return !(a->types & ~BASTION_TYPE_ALL);
	default:
		return !a->types;
	}
}

/* What is there exactly for the verb that it belongs to. */
static inline bool key_verb_sane(const struct bastion_key_args *a)
{
	bool length = a->secret_len >= BASTION_SECRET_MIN && a->secret_len <= BASTION_SECRET_MAX;

	return (a->verb == BASTION_KEY_NEW ? length : !a->secret_len) &&
	       (a->verb == BASTION_KEY_IMPORT ? a->serial > 0 : !a->serial) &&
	       (a->verb == BASTION_KEY_NEW || !a->label[0]) &&
	       (a->verb != BASTION_KEY_REBIND || !a->has_owner);
}

static inline bool key_options_sane(const struct bastion_key_args *a)
{
	size_t policy = strnlen(a->policy, sizeof(a->policy));

	return policy >= 1 && policy <= BASTION_POLICY_LABEL_MAX &&
	       strnlen(a->label, sizeof(a->label)) <= BASTION_POLICY_LABEL_MAX &&
	       a->owner != 0xffffffff && (a->has_owner || !a->owner) &&
	       !(a->register_mask & ~BASTION_MASKABLE) &&
	       a->counter <= BASTION_COUNTER_COUNT && !a->hex;
}

static inline bool key_args_sane(const struct bastion_key_args *a, const char *buf, size_t len)
{
	if (!key_types_sane(a) || !key_verb_sane(a))
		return false;
	if (a->verb != BASTION_KEY_LOAD)
		return a->verb <= BASTION_KEY_REBIND && key_options_sane(a);
	return a->hex > buf && a->hex_len && a->hex_len % 2 == 0 &&
	       a->hex_len <= 2 * BASTION_BLOB_MAX && a->hex + a->hex_len <= buf + len;
}

#endif
