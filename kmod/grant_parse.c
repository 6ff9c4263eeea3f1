// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a grant.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "grant_parse.h"

static bool all_zero(const u8 *bytes, size_t len)
{
	return !memchr_inv(bytes, 0, len);
}

static bool fixed_valid(const struct bastion_grant *g)
{
	u32 lifetime = le32_to_cpu(g->lifetime);
	u32 count = le32_to_cpu(g->entry_count);

	return !memcmp(g->magic, BASTION_GRANT_MAGIC, sizeof(g->magic)) &&
	       all_zero(g->channel_key, sizeof(g->channel_key)) &&
	       !(le32_to_cpu(g->register_mask) & ~BASTION_MASKABLE) &&
	       lifetime >= 1 && lifetime <= BASTION_GRANT_LIFETIME_MAX &&
	       !(le32_to_cpu(g->flags) & ~BASTION_GRANT_KEPT) &&
	       count >= 1 && count <= BASTION_GRANT_ENTRIES_MAX;
}

/* An executable of zeroes means "not measured" elsewhere, so nothing may ask for it. */
static bool executable_valid(const struct bastion_grant_entry *e)
{
	bool zero = all_zero(e->executable, sizeof(e->executable));

	switch (le32_to_cpu(e->flags)) {
	case 0:
		return zero;
	case BASTION_GRANT_EXECUTABLE:
		return !zero && le32_to_cpu(e->kind) == BASTION_GRANT_RELEASE;
	default:
		return false;
	}
}

/* Only a key that moves has somewhere to go. */
static bool destination_valid(const struct bastion_grant_entry *e)
{
	bool no_verifier = all_zero(e->dest_verifier, sizeof(e->dest_verifier));
	bool no_policy = all_zero(e->dest_policy, sizeof(e->dest_policy));

	if (le32_to_cpu(e->kind) == BASTION_GRANT_REBIND)
		return !no_verifier && !no_policy;
	return no_verifier && no_policy;
}

static bool entry_valid(const struct bastion_grant_entry *e)
{
	switch (le32_to_cpu(e->kind)) {
	case BASTION_GRANT_RELEASE:
	case BASTION_GRANT_CREATE:
	case BASTION_GRANT_REBIND:
		return executable_valid(e) && destination_valid(e);
	default:
		return false;
	}
}

static bool same_destination(const struct bastion_grant_entry *e,
			     const u8 verifier[BASTION_DIGEST_SIZE],
			     const u8 policy[BASTION_DIGEST_SIZE])
{
	return !memcmp(e->dest_verifier, verifier, sizeof(e->dest_verifier)) &&
	       !memcmp(e->dest_policy, policy, sizeof(e->dest_policy));
}

static bool same_entry(const struct bastion_grant_entry *a, const struct bastion_grant_entry *b)
{
	return a->kind == b->kind &&
	       !memcmp(a->policy, b->policy, sizeof(a->policy)) &&
	       !memcmp(a->executable, b->executable, sizeof(a->executable)) &&
	       same_destination(a, b->dest_verifier, b->dest_policy);
}

static bool entries_valid(const struct bastion_grant_entry *entries, u32 count)
{
	u32 i, j;

	for (i = 0; i < count; i++) {
		if (!entry_valid(&entries[i]))
			return false;
		for (j = 0; j < i; j++)
			if (same_entry(&entries[i], &entries[j]))
				return false;
	}
	return true;
}

/**
 * bastion_grant_parse - reads a grant
 * @buf:	the grant, aligned as memory from kmalloc() is; must outlive @view
 * @len:	bytes at @buf
 * @view:	what was read; meaningless on failure
 *
 * Nothing in it is to be believed before its signature has been verified over
 * the first @view->signed_len bytes of @buf.
 *
 * Return: 0, or -EBADMSG unless all of @buf is one well-formed grant: every
 * range, every zero, no entry twice, no kind that is not supported.
 */
int bastion_grant_parse(const u8 *buf, size_t len, struct bastion_grant_view *view)
{
	if (len < BASTION_GRANT_SIZE(1) || len > BASTION_GRANT_MAX)
		return -EBADMSG;
	memcpy(&view->fixed, buf, sizeof(view->fixed));
	if (!fixed_valid(&view->fixed))
		return -EBADMSG;

	view->count = le32_to_cpu(view->fixed.entry_count);
	if (len != BASTION_GRANT_SIZE(view->count))
		return -EBADMSG;
	view->entries = (const void *)(buf + sizeof(view->fixed));
	view->signed_len = len - BASTION_SIGNATURE_SIZE;
	view->signature = buf + view->signed_len;

	return entries_valid(view->entries, view->count) ? 0 : -EBADMSG;
}

/**
 * bastion_grant_find - looks for an entry that allows something
 * @entries:	of a grant that bastion_grant_parse() read
 * @count:	number of @entries
 * @kind:	BASTION_GRANT_RELEASE or BASTION_GRANT_CREATE
 * @policy:	policy reference
 * @executable:	the requester's, NULL when it was not measured
 *
 * Return: the first that does, or NULL. One that names an executable allows
 * that one alone.
 */
const struct bastion_grant_entry *
bastion_grant_find(const struct bastion_grant_entry *entries, u32 count, u32 kind,
		   const u8 policy[BASTION_DIGEST_SIZE], const u8 executable[BASTION_EXE_SIZE])
{
	const struct bastion_grant_entry *e;

	for (e = entries; e < entries + count; e++) {
		if (le32_to_cpu(e->kind) != kind ||
		    memcmp(e->policy, policy, sizeof(e->policy)))
			continue;
		if (!e->flags)
			return e;
		if (executable && !memcmp(e->executable, executable, sizeof(e->executable)))
			return e;
	}
	return NULL;
}

/**
 * bastion_grant_find_rebind - looks for an entry that allows a key to move
 * @entries:		of a grant that bastion_grant_parse() read
 * @count:		number of @entries
 * @policy:		the key's policy reference
 * @dest_verifier:	digest of the grant key that shall open it
 * @dest_policy:	its policy reference there
 *
 * Return: the entry that names all three, or NULL.
 */
const struct bastion_grant_entry *
bastion_grant_find_rebind(const struct bastion_grant_entry *entries, u32 count,
			  const u8 policy[BASTION_DIGEST_SIZE],
			  const u8 dest_verifier[BASTION_DIGEST_SIZE],
			  const u8 dest_policy[BASTION_DIGEST_SIZE])
{
	const struct bastion_grant_entry *e;

	for (e = entries; e < entries + count; e++)
		if (le32_to_cpu(e->kind) == BASTION_GRANT_REBIND &&
		    !memcmp(e->policy, policy, sizeof(e->policy)) &&
		    same_destination(e, dest_verifier, dest_policy))
			return e;
	return NULL;
}
