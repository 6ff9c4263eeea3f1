// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "crypto.h"
#include "grant.h"

static int add_entry(struct bv_grant *grant, struct bastion_grant *fixed,
		     const uint8_t reference[BASTION_DIGEST_SIZE],
		     struct bastion_grant_entry *entry)
{
	uint32_t count = le32toh(fixed->entry_count);

	if (count >= BASTION_GRANT_ENTRIES_MAX)
		return -EINVAL;
	memcpy(entry->policy, reference, sizeof(entry->policy));
	memcpy(grant->bytes + sizeof(*fixed) + count * sizeof(*entry), entry, sizeof(*entry));
	fixed->entry_count = htole32(count + 1);
	return 0;
}

static int add_release(struct bv_grant *grant, struct bastion_grant *fixed,
		       const struct bv_permit *permit, const uint8_t reference[BASTION_DIGEST_SIZE])
{
	struct bastion_grant_entry entry = { .kind = htole32(BASTION_GRANT_RELEASE) };

	if (permit->has_executable) {
		entry.flags = htole32(BASTION_GRANT_EXECUTABLE);
		memcpy(entry.executable, permit->executable, sizeof(entry.executable));
	}
	return add_entry(grant, fixed, reference, &entry);
}

/* Keys do not leave their chip, so both references are of this one. */
static int add_rebind(struct bv_grant *grant, struct bastion_grant *fixed,
		      const struct bv_destination *dest,
		      const uint8_t reference[BASTION_DIGEST_SIZE])
{
	struct bastion_grant_entry entry = { .kind = htole32(BASTION_GRANT_REBIND) };
	int ret = bv_policy_reference(fixed->chip_id, dest->label, entry.dest_policy);

	memcpy(entry.dest_verifier, dest->verifier, sizeof(entry.dest_verifier));
	return ret ? ret : add_entry(grant, fixed, reference, &entry);
}

static int add_entries(struct bv_grant *grant, struct bastion_grant *fixed,
		       const struct bv_policy *policy)
{
	struct bastion_grant_entry create = { .kind = htole32(BASTION_GRANT_CREATE) };
	uint8_t reference[BASTION_DIGEST_SIZE];
	int ret = 0;

	for (size_t i = 0; !ret && i < policy->permit_count; i++) {
		const struct bv_permit *permit = &policy->permits[i];

		ret = bv_policy_reference(fixed->chip_id, permit->label, reference);
		if (!ret && permit->release)
			ret = add_release(grant, fixed, permit, reference);
		if (!ret && permit->create)
			ret = add_entry(grant, fixed, reference, &create);
		for (size_t k = 0; !ret && k < permit->rebind_count; k++)
			ret = add_rebind(grant, fixed, &permit->rebinds[k], reference);
	}
	return ret;
}

static int fill(const struct bv_facts *facts, const struct bv_policy *policy,
		const uint8_t token[BASTION_TOKEN_SIZE], struct bastion_grant *fixed)
{
	const struct bv_span qualifying = BV_SPAN(facts->quote.qualifying);
	const struct bv_span secret = { token, BASTION_TOKEN_SIZE };
	int ret;

	memcpy(fixed->magic, BASTION_GRANT_MAGIC, sizeof(fixed->magic));
	memcpy(fixed->kernel_nonce, facts->round.kernel_nonce, sizeof(fixed->kernel_nonce));
	memcpy(fixed->chip_nonce, facts->quote.chip_nonce, sizeof(fixed->chip_nonce));
	memcpy(fixed->chip_id, facts->quote.chip_id, sizeof(fixed->chip_id));
	memcpy(fixed->verifier, facts->round.verifier, sizeof(fixed->verifier));
	memcpy(fixed->log_aggregate, facts->log_aggregate, sizeof(fixed->log_aggregate));
	fixed->boot_count = htole64(facts->quote.boot_count);
	fixed->log_count = htole64(facts->round.log_count);
	fixed->register_mask = htole32(policy->register_mask);
	fixed->lifetime = htole32(policy->lifetime);
	fixed->flags = htole32(facts->kept ? BASTION_GRANT_KEPT : 0);
	ret = bv_sha384(fixed->qualifying_digest, &qualifying, 1);
	if (!ret)
		ret = bv_sha384(fixed->token_hash, &secret, 1);
	if (!ret)
		ret = bv_register_digest(policy->register_mask, facts->quote.registers,
					 fixed->register_digest);
	return ret;
}

/* What TPM2_PolicySigned hashes (round.h; TPM 2.0 Library, part 3, 23.3): for this nonce alone. */
static int sign_policy(const uint8_t nonce[BV_TPM_NONCE_SIZE], EVP_PKEY *key,
		       struct bastion_policy_signature *signature)
{
	uint8_t message[BV_TPM_NONCE_SIZE + 4 + 32];
	const uint32_t expiration = htobe32(-le32toh(signature->seconds));

	memcpy(message, nonce, BV_TPM_NONCE_SIZE);
	memcpy(message + BV_TPM_NONCE_SIZE, &expiration, sizeof(expiration));
	if (!EVP_Q_digest(NULL, "SHA256", NULL, signature->policy, sizeof(signature->policy),
			  message + BV_TPM_NONCE_SIZE + sizeof(expiration), NULL))
		return -EIO;
	return bv_sign(key, "SHA256", signature->signature, BV_SPAN(message));
}

static bool has_signature(const struct bastion_policy_signature *signatures, size_t count,
			  const uint8_t policy[BASTION_DIGEST_SIZE])
{
	for (size_t i = 0; i < count; i++)
		if (!memcmp(signatures[i].policy, policy, BASTION_DIGEST_SIZE))
			return true;
	return false;
}

/* One for each policy that the grant releases, in the order in which it names them first. */
static int add_policies(const struct bv_facts *facts, uint32_t lifetime, EVP_PKEY *key,
			struct bv_grant *grant)
{
	struct bastion_policy_signature signatures[BASTION_GRANT_ENTRIES_MAX] = { 0 };
	const struct bastion_grant_entry *entry = (void *)(grant->bytes +
							   sizeof(struct bastion_grant));
	const uint8_t *end = grant->bytes + grant->len - BASTION_SIGNATURE_SIZE;
	size_t count = 0;
	int ret = 0;

	for (; !ret && (const uint8_t *)entry < end; entry++) {
		if (entry->kind != htole32(BASTION_GRANT_RELEASE) ||
		    has_signature(signatures, count, entry->policy))
			continue;
		memcpy(signatures[count].policy, entry->policy, sizeof(entry->policy));
		signatures[count].seconds = htole32(bv_policy_seconds(lifetime));
		ret = sign_policy(facts->quote.chip_nonce, key, &signatures[count++]);
	}
	if (!ret && count) {
		grant->policies_len = BASTION_SEALED_POLICIES_SIZE(count);
		ret = bv_policies_seal(signatures, count, facts->round.boot_key,
				       (struct bv_span){ grant->bytes, grant->len },
				       grant->policies);
	}
	/* Each releases a key to whoever has the kernel's place in front of the TPM. */
	explicit_bzero(signatures, sizeof(signatures));
	return ret;
}

int bv_grant_make(const struct bv_verdict *verdict, const struct bv_policy *policy, EVP_PKEY *key,
		  const uint8_t token[BASTION_TOKEN_SIZE], struct bv_grant *grant)
{
	struct bastion_grant fixed = { 0 };
	uint8_t point[BASTION_POINT_SIZE], digest[BASTION_DIGEST_SIZE];
	size_t body;
	int ret;

	memset(grant, 0, sizeof(*grant));
	if (!verdict->granted)
		return -EPERM;
	/* The round must have been for this key: another's grant would be refused. */
	ret = bv_key_point(key, point);
	if (!ret)
		ret = bv_point_digest(point, digest);
	if (!ret && memcmp(digest, verdict->facts.round.verifier, sizeof(digest)))
		ret = -EINVAL;
	if (!ret)
		ret = fill(&verdict->facts, policy, token, &fixed);
	if (!ret)
		ret = add_entries(grant, &fixed, policy);
	if (ret)
		return ret;
	memcpy(grant->bytes, &fixed, sizeof(fixed));
	grant->len = BASTION_GRANT_SIZE(le32toh(fixed.entry_count));
	body = grant->len - BASTION_SIGNATURE_SIZE;
	ret = bv_sign(key, "SHA384", grant->bytes + body, (struct bv_span){ grant->bytes, body });
	if (!ret)
		ret = bv_token_seal(token, verdict->facts.round.boot_key,
				    (struct bv_span){ grant->bytes, grant->len }, grant->token);
	if (!ret && verdict->facts.is_tpm)
		ret = add_policies(&verdict->facts, policy->lifetime, key, grant);
	if (ret)
		memset(grant, 0, sizeof(*grant));
	return ret;
}
