// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <string.h>

#include <nettle/memops.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/grants.h"
#include "bastion-chip/hash.h"
#include "bastion-chip/p384.h"

uint32_t chip_grant_parse(struct chip_grant_message *message, const uint8_t *in, size_t len)
{
	const size_t front = offsetof(struct bastion_cmd_grant, grant);
	const uint8_t *grant = in + front;
	size_t signed_len;

	if (len < front + BASTION_GRANT_SIZE(1) || len > front + BASTION_GRANT_MAX)
		return BASTION_STATUS_BAD_LENGTH;
	if (!chip_is_zero(in + BASTION_POINT_SIZE, front - BASTION_POINT_SIZE))
		return BASTION_STATUS_BAD_ARGUMENT;
	len -= front;
	memcpy(message->key, in, sizeof(message->key));
	memcpy(&message->fixed, grant, sizeof(message->fixed));
	if (memcmp(message->fixed.magic, BASTION_GRANT_MAGIC, sizeof(message->fixed.magic)))
		return BASTION_STATUS_BAD_GRANT;
	message->entry_count = le32toh(message->fixed.entry_count);
	if (message->entry_count < 1 || message->entry_count > BASTION_GRANT_ENTRIES_MAX ||
	    len != BASTION_GRANT_SIZE(message->entry_count))
		return BASTION_STATUS_BAD_GRANT;
	signed_len = len - BASTION_SIGNATURE_SIZE;
	memcpy(message->entries, grant + sizeof(message->fixed),
	       message->entry_count * sizeof(message->entries[0]));
	memcpy(message->signature, grant + signed_len, sizeof(message->signature));
	chip_sha384(message->digest, { grant, signed_len });
	return BASTION_STATUS_OK;
}

bool chip_grant_names_round(const struct chip_grant_message *message,
			    const struct chip_round *round)
{
	return round->live && round->quoted &&
	       memeql_sec(message->fixed.chip_nonce, round->nonce, sizeof(round->nonce));
}

static bool authentic(const struct chip_grant_message *message)
{
	uint8_t verifier[BASTION_DIGEST_SIZE];

	chip_spki_digest(message->key, verifier);
	return memeql_sec(verifier, message->fixed.verifier, sizeof(verifier)) &&
	       chip_signature_valid(message->key, message->digest, message->signature);
}

static bool entry_good(const struct bastion_grant_entry *entry)
{
	uint32_t kind = le32toh(entry->kind), flags = le32toh(entry->flags);
	bool flagged = flags & BASTION_GRANT_EXECUTABLE, rebind = kind == BASTION_GRANT_REBIND;

	if (!rebind && kind != BASTION_GRANT_RELEASE && kind != BASTION_GRANT_CREATE)
		return false;
	if (flags & ~BASTION_GRANT_EXECUTABLE || (flagged && kind != BASTION_GRANT_RELEASE))
		return false;
	/* Zero would be what an executable is that was not measured. */
	if (flagged == chip_is_zero(entry->executable, sizeof(entry->executable)))
		return false;
	return rebind != chip_is_zero(entry->dest_verifier, sizeof(entry->dest_verifier)) &&
	       rebind != chip_is_zero(entry->dest_policy, sizeof(entry->dest_policy));
}

static bool shape_good(const struct chip_grant_message *message)
{
	const struct bastion_grant *grant = &message->fixed;
	uint32_t lifetime = le32toh(grant->lifetime);

	if (le32toh(grant->flags) & ~BASTION_GRANT_KEPT ||
	    !chip_is_zero(grant->channel_key, sizeof(grant->channel_key)))
		return false;
	if (lifetime < 1 || lifetime > BASTION_GRANT_LIFETIME_MAX)
		return false;
	if (le32toh(grant->register_mask) & ~BASTION_MASKABLE)
		return false;
	for (uint32_t i = 0; i < message->entry_count; i++)
		if (!entry_good(&message->entries[i]))
			return false;
	return true;
}

/* The registers are as the verifier saw them in the quote, and have stayed so. */
static bool registers_good(const struct bastion_grant *grant, const struct chip_grant_facts *facts)
{
	uint8_t quoted[BASTION_DIGEST_SIZE], current[BASTION_DIGEST_SIZE];
	uint32_t mask = le32toh(grant->register_mask);

	chip_registers_digest(&facts->round->registers, mask, quoted);
	chip_registers_digest(facts->registers, mask, current);
	return memeql_sec(grant->register_digest, quoted, sizeof(quoted)) &&
	       memeql_sec(grant->register_digest, current, sizeof(current));
}

uint32_t chip_grant_judge(const struct chip_grant_message *message,
			  const struct chip_grant_facts *facts)
{
	const struct bastion_grant *grant = &message->fixed;
	uint8_t qualifying[BASTION_DIGEST_SIZE];

	if (!authentic(message))
		return BASTION_STATUS_BAD_SIGNATURE;
	if (!shape_good(message))
		return BASTION_STATUS_BAD_GRANT;
	chip_sha384(qualifying, { facts->round->qualifying_data, BASTION_DIGEST_SIZE });
	if (!memeql_sec(grant->qualifying_digest, qualifying, sizeof(qualifying)) ||
	    !memeql_sec(grant->chip_id, facts->chip_id, sizeof(grant->chip_id)) ||
	    le64toh(grant->boot_count) != facts->boot_count || !registers_good(grant, facts))
		return BASTION_STATUS_BAD_GRANT;
	return BASTION_STATUS_OK;
}

static struct chip_grant *place_for(struct chip_grants *grants,
				    const uint8_t verifier[BASTION_DIGEST_SIZE])
{
	struct chip_grant *empty = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(grants->slot); i++) {
		struct chip_grant *grant = &grants->slot[i];

		if (!grant->live)
			empty = grant;
		else if (!memcmp(grant->verifier, verifier, sizeof(grant->verifier)))
			return grant;
	}
	return empty;
}

uint32_t chip_grants_add(struct chip_grants *grants, const struct chip_grant_message *message,
			 uint64_t now_ms, bool forged)
{
	const struct bastion_grant *fixed = &message->fixed;
	struct chip_grant *grant;

	chip_grants_expire(grants, now_ms);
	grant = place_for(grants, fixed->verifier);
	if (!grant)
		return BASTION_STATUS_BUSY;
	*grant = (struct chip_grant){
		.live = true,
		.forged = forged,
		.register_mask = le32toh(fixed->register_mask),
		.expires_ms = now_ms + 1000ull * le32toh(fixed->lifetime),
		.entry_count = message->entry_count,
	};
	memcpy(grant->verifier, fixed->verifier, sizeof(grant->verifier));
	memcpy(grant->token_hash, fixed->token_hash, sizeof(grant->token_hash));
	memcpy(grant->entries, message->entries,
	       message->entry_count * sizeof(message->entries[0]));
	return BASTION_STATUS_OK;
}

void chip_grants_drop(struct chip_grants *grants)
{
	explicit_bzero(grants, sizeof(*grants));
}

void chip_grants_extended(struct chip_grants *grants, unsigned int index)
{
	for (size_t i = 0; i < ARRAY_SIZE(grants->slot); i++)
		if (grants->slot[i].register_mask & (1u << index))
			explicit_bzero(&grants->slot[i], sizeof(grants->slot[i]));
}

void chip_grants_expire(struct chip_grants *grants, uint64_t now_ms)
{
	for (size_t i = 0; i < ARRAY_SIZE(grants->slot); i++)
		if (grants->slot[i].live && now_ms >= grants->slot[i].expires_ms)
			explicit_bzero(&grants->slot[i], sizeof(grants->slot[i]));
}

unsigned int chip_grants_count(const struct chip_grants *grants)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(grants->slot); i++)
		count += grants->slot[i].live;
	return count;
}

uint32_t chip_grants_find(const struct chip_grants *grants,
			  const uint8_t token[BASTION_TOKEN_SIZE],
			  const uint8_t verifier[BASTION_DIGEST_SIZE],
			  const struct chip_grant **found)
{
	uint32_t status = BASTION_STATUS_NO_GRANT;
	uint8_t hash[BASTION_DIGEST_SIZE];

	chip_sha384(hash, { token, BASTION_TOKEN_SIZE });
	*found = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(grants->slot); i++) {
		const struct chip_grant *grant = &grants->slot[i];

		if (!grant->live || !memeql_sec(grant->token_hash, hash, sizeof(hash)))
			continue;
		if (!memcmp(grant->verifier, verifier, sizeof(grant->verifier))) {
			*found = grant;
			return BASTION_STATUS_OK;
		}
		status = BASTION_STATUS_DENIED;
	}
	return status;
}

static bool entry_names(const struct bastion_grant_entry *entry,
			const struct bastion_grant_entry *wish)
{
	return entry->kind == wish->kind &&
	       !memcmp(entry->policy, wish->policy, sizeof(entry->policy)) &&
	       !memcmp(entry->dest_verifier, wish->dest_verifier, sizeof(entry->dest_verifier)) &&
	       !memcmp(entry->dest_policy, wish->dest_policy, sizeof(entry->dest_policy));
}

bool chip_grant_allows(const struct chip_grant *grant, const struct bastion_grant_entry *wish)
{
	for (uint32_t i = 0; i < grant->entry_count; i++) {
		const struct bastion_grant_entry *entry = &grant->entries[i];

		if (!entry_names(entry, wish))
			continue;
		if (!(le32toh(entry->flags) & BASTION_GRANT_EXECUTABLE) ||
		    !memcmp(entry->executable, wish->executable, sizeof(entry->executable)))
			return true;
	}
	return false;
}
