/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rounds by hand, for tests: a verifier of our own, and grants that are made
 * from scratch so that any part of them can be wrong.
 *
 * Written from include/bastion/ and with OpenSSL alone; it shares no code with
 * the kernel or the verifier, and is thus a reading of its own of what they agree on.
 *
 *	struct round_verifier verifier;
 *	struct round round;
 *	struct round_grant grant;
 *
 *	fd = round_open();
 *	round_verifier_make(&verifier);
 *	round_verifier_add(fd, &verifier);
 *	round_begin(&round, fd, &verifier);		(all return 0 or -errno)
 *	round_quote(&round);
 *	round_fill(&round, &grant, "prod");		(all that a grant says, right)
 *	grant.fixed.lifetime = htole32(1);		(or wrong)
 *	round_sign(&round, &grant, verifier.key);
 *	round_submit(&round, &grant);
 *
 * All of it does for a TPM as well: registers come from sysfs then, and a grant brings
 * a policy signature for each policy that it releases.
 *
 * Whatever cannot fail but for a broken machine aborts.
 */
#ifndef SELFTESTS_LIB_ROUND_H
#define SELFTESTS_LIB_ROUND_H

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <bastion/quote.h>
#include <bastion/round.h>
#include <linux/bastion.h>

#define ROUND_DEVICE "/dev/bastion0"
#define ROUND_MASK 0x07		/* the registers that a grant names unless a test wants others */

/** struct round_verifier - a verifier of our own */
struct round_verifier {
	EVP_PKEY *key;
	uint8_t point[BASTION_POINT_SIZE];
	uint8_t digest[BASTION_DIGEST_SIZE];
};

/**
 * struct round - one round
 * @fd:		the open device that it belongs to
 * @verifier:	whose round
 * @begin:	what the kernel said at first
 * @quote:	and when it quoted
 * @bytes:	the quote
 * @registers:	all of them, as the quote has them
 */
struct round {
	int fd;
	const struct round_verifier *verifier;
	struct bastion_round_begin begin;
	struct bastion_quote quote;
	uint8_t bytes[BASTION_QUOTE_MAX];
	uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
};

/* More entries than a grant may have, so that one can have too many. */
#define ROUND_ENTRIES_MAX (BASTION_GRANT_ENTRIES_MAX + 1)

/**
 * struct round_grant - a grant in the making
 * @fixed:	its fixed part
 * @entries:	its entries
 * @count:	how many of them are put into @bytes
 * @token:	the token itself
 * @bytes:	the grant, from round_sign()
 * @len:	its length
 * @sealed:	the sealed token, from round_sign()
 * @signatures:	for a TPM, from round_sign()
 * @signature_count: of them; 0 for other chips
 * @seconds:	that they are good for; 0: as many as possible
 * @policies:	the sealed signatures, from round_sign()
 */
struct round_grant {
	struct bastion_grant fixed;
	struct bastion_grant_entry entries[ROUND_ENTRIES_MAX];
	size_t count;
	uint8_t token[BASTION_TOKEN_SIZE];
	uint8_t bytes[BASTION_GRANT_SIZE(ROUND_ENTRIES_MAX) + 64];
	size_t len;
	uint8_t sealed[BASTION_SEALED_TOKEN_SIZE];
	struct bastion_policy_signature signatures[ROUND_ENTRIES_MAX];
	size_t signature_count;
	uint32_t seconds;
	uint8_t policies[BASTION_SEALED_POLICIES_SIZE(ROUND_ENTRIES_MAX)];
};

/* Of an OpenSSL call that only a lack of memory could make fail. */
#define ROUND_MUST(call)						\
	do {								\
		if ((call) <= 0)					\
			errx(1, "%s:%d: %s failed", __FILE__, __LINE__, #call); \
	} while (0)

struct round_piece {
	const void *data;
	size_t len;
};

/* SHA-384 over pieces, up to one without data. */
static inline void round_hash(uint8_t digest[BASTION_DIGEST_SIZE], const struct round_piece *piece)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	ROUND_MUST(EVP_DigestInit_ex(ctx, EVP_sha384(), NULL));
	for (; piece->data; piece++)
		ROUND_MUST(EVP_DigestUpdate(ctx, piece->data, piece->len));
	ROUND_MUST(EVP_DigestFinal_ex(ctx, digest, NULL));
	EVP_MD_CTX_free(ctx);
}

#define ROUND_HASH(digest, ...) \
	round_hash(digest, (const struct round_piece[]){ __VA_ARGS__, { NULL, 0 } })

/* The device; loads the module when it has to. */
static inline int round_open(void)
{
	int fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC), error = errno;

	/* Where nothing can be run, as in a container whose first process has ended, it is not there. */
	if (fd < 0 && error == ENOENT && !system("modprobe bastion")) {
		fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC);
		error = errno;
	}
	return fd < 0 ? -error : fd;
}

static inline int round_ioctl(int fd, unsigned long request, void *args)
{
	return ioctl(fd, request, args) < 0 ? -errno : 0;
}

/* Verifiers */

static inline void round_point(EVP_PKEY *key, uint8_t point[BASTION_POINT_SIZE])
{
	size_t len = 0;

	ROUND_MUST(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
						   BASTION_POINT_SIZE, &len));
	ROUND_MUST(len == BASTION_POINT_SIZE);
}

static inline void round_verifier_make(struct round_verifier *verifier)
{
	static const uint8_t prefix[] = BASTION_SPKI_PREFIX;

	verifier->key = EVP_EC_gen("P-384");
	ROUND_MUST(verifier->key != NULL);
	round_point(verifier->key, verifier->point);
	ROUND_HASH(verifier->digest, { prefix, sizeof(prefix) },
		   { verifier->point, sizeof(verifier->point) });
}

static inline int round_verifier_add(int fd, const struct round_verifier *verifier)
{
	struct bastion_verifier_add args = { .size = sizeof(args) };
	int ret;

	memcpy(args.key, verifier->point, sizeof(args.key));
	ret = round_ioctl(fd, BASTION_IOC_VERIFIER_ADD, &args);
	if (!ret && memcmp(args.digest, verifier->digest, sizeof(args.digest)))
		errx(1, "the kernel has another digest of the verifier's key");
	return ret;
}

static inline int round_verifier_remove(int fd, const struct round_verifier *verifier)
{
	struct bastion_verifier_remove args = { .size = sizeof(args) };

	memcpy(args.digest, verifier->digest, sizeof(args.digest));
	return round_ioctl(fd, BASTION_IOC_VERIFIER_REMOVE, &args);
}

/* Rounds */

static inline int round_begin(struct round *round, int fd, const struct round_verifier *verifier)
{
	memset(round, 0, sizeof(*round));
	round->fd = fd;
	round->verifier = verifier;
	round->begin.size = sizeof(round->begin);
	memcpy(round->begin.verifier, verifier->digest, sizeof(round->begin.verifier));
	return round_ioctl(fd, BASTION_IOC_ROUND_BEGIN, &round->begin);
}

/* The quote is deterministic CBOR: the claim's label, an array of eight, 48 bytes each. */
static inline int round_find_registers(struct round *round)
{
	static const uint8_t label[] = { 0x3a, 0x00, 0x01, 0x11, 0x73, 0x88 };	/* -70004 */
	const uint8_t *at = memmem(round->bytes, round->quote.quote_size, label, sizeof(label));

	if (!at || at + sizeof(label) + BASTION_MR_COUNT * (2 + BASTION_DIGEST_SIZE) >
			   round->bytes + round->quote.quote_size)
		return -EBADMSG;
	at += sizeof(label);
	for (int i = 0; i < BASTION_MR_COUNT; i++, at += 2 + BASTION_DIGEST_SIZE)
		memcpy(round->registers[i], at + 2, BASTION_DIGEST_SIZE);
	return 0;
}

/* A TPM's are not in what is quoted. */
static inline void round_read_registers(struct round *round)
{
	char path[96], hex[2 * BASTION_DIGEST_SIZE + 1];

	for (int i = 0; i < BASTION_MR_COUNT; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/bastion/bastion0/measurements/mr%d:sha384",
			 i);
		file = fopen(path, "r");
		if (!file || !fgets(hex, sizeof(hex), file))
			err(1, "%s", path);
		fclose(file);
		for (int j = 0; j < BASTION_DIGEST_SIZE; j++)
			ROUND_MUST(sscanf(hex + 2 * j, "%2hhx", &round->registers[i][j]) == 1);
	}
}

static inline bool round_is_tpm(const struct round *round)
{
	return round->begin.chip_nonce_len == 32;
}

/* Has the chip quote, and looks at nothing. */
static inline int round_ask_quote(struct round *round)
{
	struct bastion_quote *quote = &round->quote;

	quote->size = sizeof(*quote);
	quote->nonce_len = 32;
	ROUND_MUST(RAND_bytes(quote->nonce, quote->nonce_len));
	quote->quote = (uintptr_t)round->bytes;
	quote->quote_size = sizeof(round->bytes);
	return round_ioctl(round->fd, BASTION_IOC_QUOTE, quote);
}

/* Also -EBADMSG, when the chip has quoted something that is no quote. */
static inline int round_quote(struct round *round)
{
	int ret = round_ask_quote(round);

	if (!ret && round_is_tpm(round))
		round_read_registers(round);
	else if (!ret)
		ret = round_find_registers(round);
	return ret;
}

/* Grants */

static inline void round_policy(const struct round *round, const char *label,
				uint8_t policy[BASTION_DIGEST_SIZE])
{
	uint8_t digest[BASTION_DIGEST_SIZE];

	ROUND_HASH(digest, { label, strlen(label) });
	ROUND_HASH(policy, { BASTION_POLICY_TAG, sizeof(BASTION_POLICY_TAG) },
		   { round->begin.chip_id, sizeof(round->begin.chip_id) },
		   { digest, sizeof(digest) });
}

/* Masks the registers of @mask in @grant, with the values that were quoted. */
static inline void round_mask(const struct round *round, struct round_grant *grant, uint32_t mask)
{
	struct round_piece pieces[3 + BASTION_MR_COUNT] = {
		{ BASTION_REGISTERS_TAG, sizeof(BASTION_REGISTERS_TAG) },
		{ &grant->fixed.register_mask, sizeof(grant->fixed.register_mask) },
	};
	int count = 2;

	grant->fixed.register_mask = htole32(mask);
	for (int i = 0; i < BASTION_MR_COUNT; i++)
		if (mask & (1u << i))
			pieces[count++] = (struct round_piece){ round->registers[i],
								BASTION_DIGEST_SIZE };
	round_hash(grant->fixed.register_digest, pieces);
}

/* One more entry, of @kind for the policy @label. */
static inline struct bastion_grant_entry *round_allow(const struct round *round,
						      struct round_grant *grant, uint32_t kind,
						      const char *label)
{
	struct bastion_grant_entry *entry = &grant->entries[grant->count++];

	round_policy(round, label, entry->policy);
	entry->kind = htole32(kind);
	grant->fixed.entry_count = htole32(grant->count);
	return entry;
}

/* One more entry: keys of @label may be moved to the policy @dest_label of @dest. */
static inline struct bastion_grant_entry *round_allow_rebind(const struct round *round,
							     struct round_grant *grant,
							     const char *label,
							     const struct round_verifier *dest,
							     const char *dest_label)
{
	struct bastion_grant_entry *entry = round_allow(round, grant, BASTION_GRANT_REBIND, label);

	memcpy(entry->dest_verifier, dest->digest, sizeof(entry->dest_verifier));
	round_policy(round, dest_label, entry->dest_policy);
	return entry;
}

/* A grant that is right: for a minute, registers 0 to 2, to make and release keys of @label. */
static inline void round_fill(const struct round *round, struct round_grant *grant,
			      const char *label)
{
	struct bastion_grant *fixed = &grant->fixed;

	memset(grant, 0, sizeof(*grant));
	ROUND_MUST(RAND_bytes(grant->token, sizeof(grant->token)));
	memcpy(fixed->magic, BASTION_GRANT_MAGIC, sizeof(fixed->magic));
	ROUND_HASH(fixed->qualifying_digest, { round->quote.qualifying_data, BASTION_DIGEST_SIZE });
	memcpy(fixed->kernel_nonce, round->begin.kernel_nonce, sizeof(fixed->kernel_nonce));
	memcpy(fixed->chip_nonce, round->begin.chip_nonce, sizeof(fixed->chip_nonce));
	memcpy(fixed->chip_id, round->begin.chip_id, sizeof(fixed->chip_id));
	fixed->boot_count = htole64(round->begin.boot_count);
	memcpy(fixed->verifier, round->verifier->digest, sizeof(fixed->verifier));
	ROUND_HASH(fixed->token_hash, { grant->token, sizeof(grant->token) });
	memcpy(fixed->log_aggregate, round->quote.log_aggregate, sizeof(fixed->log_aggregate));
	fixed->log_count = htole64(round->quote.log_count);
	fixed->lifetime = htole32(60);
	round_mask(round, grant, ROUND_MASK);
	round_allow(round, grant, BASTION_GRANT_CREATE, label);
	round_allow(round, grant, BASTION_GRANT_RELEASE, label);
}

static inline void round_hmac(const void *key, size_t key_len, const uint8_t *data, size_t len,
			      uint8_t mac[BASTION_DIGEST_SIZE])
{
	ROUND_MUST(HMAC(EVP_sha384(), key, key_len, data, len, mac, NULL) != NULL);
}

/* Z: the x coordinate of the point that both sides come to. */
static inline void round_agree(EVP_PKEY *ours, const uint8_t theirs[BASTION_POINT_SIZE],
			       uint8_t z[BASTION_DIGEST_SIZE])
{
	EVP_PKEY *peer = EVP_PKEY_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
	size_t len = BASTION_DIGEST_SIZE;

	ROUND_MUST(EVP_PKEY_copy_parameters(peer, ours));
	ROUND_MUST(EVP_PKEY_set1_encoded_public_key(peer, theirs, BASTION_POINT_SIZE));
	ROUND_MUST(EVP_PKEY_derive_init(ctx));
	ROUND_MUST(EVP_PKEY_derive_set_peer(ctx, peer));
	ROUND_MUST(EVP_PKEY_derive(ctx, z, &len));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
}

/* HKDF-SHA384 without a salt, one block: what is needed is shorter than that. */
static inline void round_token_keys(const uint8_t z[BASTION_DIGEST_SIZE], const char *tag,
				    const uint8_t ephemeral[BASTION_POINT_SIZE],
				    const uint8_t boot_key[BASTION_POINT_SIZE],
				    uint8_t okm[BASTION_DIGEST_SIZE])
{
	static const uint8_t no_salt[BASTION_DIGEST_SIZE];
	uint8_t info[64 + 2 * BASTION_POINT_SIZE];
	uint8_t prk[BASTION_DIGEST_SIZE], *at = info;

	at = mempcpy(at, tag, strlen(tag) + 1);
	at = mempcpy(at, ephemeral, BASTION_POINT_SIZE);
	at = mempcpy(at, boot_key, BASTION_POINT_SIZE);
	*at++ = 1;
	round_hmac(no_salt, sizeof(no_salt), z, BASTION_DIGEST_SIZE, prk);
	round_hmac(prk, sizeof(prk), info, at - info, okm);
}

/* Seals @text to the boot key, for the grant, with keys that come from @tag. */
static inline void round_seal(const struct round *round, const struct round_grant *grant,
			      const char *tag, const void *text, size_t len, uint8_t *sealed)
{
	uint8_t z[BASTION_DIGEST_SIZE], okm[BASTION_DIGEST_SIZE], aad[BASTION_DIGEST_SIZE];
	const uint8_t *boot_key = round->begin.boot_key;
	uint8_t *ciphertext = sealed + BASTION_POINT_SIZE;
	EVP_PKEY *ephemeral = EVP_EC_gen("P-384");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	round_point(ephemeral, sealed);
	round_agree(ephemeral, boot_key, z);
	round_token_keys(z, tag, sealed, boot_key, okm);
	ROUND_HASH(aad, { grant->bytes, grant->len });
	ROUND_MUST(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, okm, okm + 32));
	ROUND_MUST(EVP_EncryptUpdate(ctx, NULL, &n, aad, sizeof(aad)));
	ROUND_MUST(EVP_EncryptUpdate(ctx, ciphertext, &n, text, len));
	ROUND_MUST(EVP_EncryptFinal_ex(ctx, ciphertext + n, &n));
	ROUND_MUST(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, ciphertext + len));
	EVP_CIPHER_CTX_free(ctx);
	EVP_PKEY_free(ephemeral);
}

static inline void round_ecdsa(EVP_PKEY *key, const EVP_MD *md, const uint8_t *bytes, size_t len,
			       uint8_t signature[BASTION_SIGNATURE_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const uint8_t *at;
	uint8_t der[160];
	size_t der_len = sizeof(der);
	ECDSA_SIG *sig;

	ROUND_MUST(EVP_DigestSignInit(ctx, NULL, md, NULL, key));
	ROUND_MUST(EVP_DigestSign(ctx, der, &der_len, bytes, len));
	at = der;
	sig = d2i_ECDSA_SIG(NULL, &at, der_len);
	ROUND_MUST(sig != NULL);
	ROUND_MUST(BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 48));
	ROUND_MUST(BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 48, 48));
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
}

/* What TPM2_PolicySigned checks, as round.h of include/bastion has it. */
static inline void round_sign_policy(const struct round *round,
				     struct bastion_policy_signature *signature, EVP_PKEY *key)
{
	uint8_t bytes[32 + 4 + 32], *at;
	uint32_t expiration = htobe32(-le32toh(signature->seconds));

	at = mempcpy(bytes, round->begin.chip_nonce, 32);
	at = mempcpy(at, &expiration, sizeof(expiration));
	ROUND_MUST(EVP_Digest(signature->policy, sizeof(signature->policy), at, NULL,
			      EVP_sha256(), NULL));
	round_ecdsa(key, EVP_sha256(), bytes, sizeof(bytes), signature->signature);
}

/* One signature for each policy that is released, in order. */
static inline void round_sign_policies(const struct round *round, struct round_grant *grant,
				       EVP_PKEY *key)
{
	struct bastion_policy_signature *signature;

	grant->signature_count = 0;
	for (size_t i = 0; i < grant->count; i++) {
		bool known = le32toh(grant->entries[i].kind) != BASTION_GRANT_RELEASE;

		for (size_t j = 0; j < grant->signature_count; j++)
			known |= !memcmp(grant->signatures[j].policy, grant->entries[i].policy,
					 BASTION_DIGEST_SIZE);
		if (known)
			continue;
		signature = &grant->signatures[grant->signature_count++];
		memset(signature, 0, sizeof(*signature));
		memcpy(signature->policy, grant->entries[i].policy, BASTION_DIGEST_SIZE);
		signature->seconds = htole32(grant->seconds ? grant->seconds :
							      BASTION_POLICY_SECONDS_MAX);
		round_sign_policy(round, signature, key);
	}
}

/* Seals what goes beside the grant again, after something was tampered with. */
static inline void round_seal_again(const struct round *round, struct round_grant *grant)
{
	round_seal(round, grant, BASTION_TOKEN_INFO, grant->token, sizeof(grant->token),
		   grant->sealed);
	round_seal(round, grant, BASTION_POLICIES_INFO, grant->signatures,
		   grant->signature_count * sizeof(grant->signatures[0]), grant->policies);
}

/* Puts the grant together, signs it with @key, and seals what goes beside it. */
static inline void round_sign(const struct round *round, struct round_grant *grant, EVP_PKEY *key)
{
	uint8_t *at = grant->bytes;

	at = mempcpy(at, &grant->fixed, sizeof(grant->fixed));
	at = mempcpy(at, grant->entries, grant->count * sizeof(grant->entries[0]));
	round_ecdsa(key, EVP_sha384(), grant->bytes, at - grant->bytes, at);
	grant->len = at - grant->bytes + BASTION_SIGNATURE_SIZE;
	if (round_is_tpm(round))
		round_sign_policies(round, grant, key);
	round_seal_again(round, grant);
}

static inline int round_submit(const struct round *round, const struct round_grant *grant)
{
	struct bastion_grant_args args = {
		.size = sizeof(args),
		.grant = (uintptr_t)grant->bytes,
		.grant_len = grant->len,
		.token = (uintptr_t)grant->sealed,
		.token_len = sizeof(grant->sealed),
		.policies = (uintptr_t)grant->policies,
		.policies_len = grant->signature_count ?
				BASTION_SEALED_POLICIES_SIZE(grant->signature_count) : 0,
	};

	return round_ioctl(round->fd, BASTION_IOC_GRANT, &args);
}

/* Begins a round, quotes, and fills in the grant: what is left is to sign and submit. */
static inline int round_prepare(struct round *round, struct round_grant *grant, int fd,
				const struct round_verifier *verifier, const char *label)
{
	int ret = round_begin(round, fd, verifier);

	if (!ret)
		ret = round_quote(round);
	if (!ret)
		round_fill(round, grant, label);
	return ret;
}

/* A whole round, as it should be, for a grant that names the registers of @mask. */
static inline int round_open_gate_masked(int fd, const struct round_verifier *verifier,
					 const char *label, uint32_t lifetime, uint32_t mask)
{
	struct round_grant grant;
	struct round round;
	int ret = round_prepare(&round, &grant, fd, verifier, label);

	if (ret)
		return ret;
	grant.fixed.lifetime = htole32(lifetime);
	round_mask(&round, &grant, mask);
	round_sign(&round, &grant, verifier->key);
	return round_submit(&round, &grant);
}

static inline int round_open_gate(int fd, const struct round_verifier *verifier, const char *label,
				  uint32_t lifetime)
{
	return round_open_gate_masked(fd, verifier, label, lifetime, ROUND_MASK);
}

/* The gate */

static inline int round_relock(int fd)
{
	struct bastion_relock args = { .size = sizeof(args) };

	return round_ioctl(fd, BASTION_IOC_RELOCK, &args);
}

/* enum bastion_state, or -errno */
static inline int round_state(int fd)
{
	struct bastion_info info = { .size = sizeof(info) };
	int ret = round_ioctl(fd, BASTION_IOC_INFO, &info);

	return ret ? ret : (int)info.state;
}

/* Reads events until @enough says so: 0, or -ETIMEDOUT when none comes for @timeout_ms. */
static inline int round_wait(bool (*enough)(const struct bastion_event *event, uint32_t wanted),
			     uint32_t wanted, int timeout_ms)
{
	struct pollfd wait = { .fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC), .events = POLLIN };
	struct bastion_event event;
	int ret = wait.fd < 0 ? -errno : 0;

	while (!ret) {
		ret = poll(&wait, 1, timeout_ms);
		ret = ret > 0 ? 0 : ret ? -errno : -ETIMEDOUT;
		if (!ret && read(wait.fd, &event, sizeof(event)) != sizeof(event))
			ret = -errno;
		if (!ret && enough(&event, wanted))
			break;
	}
	if (wait.fd >= 0)
		close(wait.fd);
	return ret;
}

static inline bool round_has_state(const struct bastion_event *event, uint32_t wanted)
{
	return event->state == wanted;
}

static inline bool round_has_waiters(const struct bastion_event *event, uint32_t wanted)
{
	return event->waiters == wanted;
}

static inline int round_wait_state(enum bastion_state state, int timeout_ms)
{
	return round_wait(round_has_state, state, timeout_ms);
}

static inline int round_wait_waiters(uint32_t count, int timeout_ms)
{
	return round_wait(round_has_waiters, count, timeout_ms);
}

#endif
