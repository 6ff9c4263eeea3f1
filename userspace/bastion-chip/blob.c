// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <string.h>

#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <bastion/grant.h>

#include "bastion-chip/blob.h"
#include "bastion-chip/bytes.h"
#include "bastion-chip/hash.h"

#define KEY_SIZE 32
#define IV_SIZE GCM_IV_SIZE

static bool name_good(const uint8_t name[BASTION_NAME_SIZE])
{
	size_t len = strnlen((const char *)name, BASTION_NAME_SIZE);

	if (len < 1 || len >= BASTION_NAME_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = name[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_' || c == '-'))
			return false;
	}
	return chip_is_zero(name + len, BASTION_NAME_SIZE - len);
}

/* Bytes of the blob that are in the clear: what the associated data is. */
static size_t clear_len(const struct bastion_blob_header *header)
{
	bool pair = le16toh(header->kind) == BASTION_KIND_P384;

	return sizeof(*header) + (pair ? BASTION_POINT_SIZE : 0);
}

static size_t cipher_len(const struct bastion_blob_header *header)
{
	return le16toh(header->kind) == BASTION_KIND_DERIVED ? 0 : le32toh(header->secret_len);
}

size_t chip_blob_size(const struct bastion_blob_header *header)
{
	uint32_t len = le32toh(header->secret_len);

	switch (le16toh(header->kind)) {
	case BASTION_KIND_SECRET:
	case BASTION_KIND_DERIVED:
		if (len < BASTION_SECRET_MIN || len > BASTION_SECRET_MAX)
			return 0;
		break;
	case BASTION_KIND_P384:
		if (len != BASTION_SCALAR_SIZE)
			return 0;
		break;
	default:
		return 0;
	}
	return clear_len(header) + cipher_len(header) + BASTION_TAG_SIZE;
}

static bool kind_good(const struct bastion_blob_header *header)
{
	uint32_t types = le32toh(header->types), flags = le32toh(header->flags);
	uint16_t kind = le16toh(header->kind);

	if (!chip_blob_size(header))
		return false;
	if (flags & ~(BASTION_BLOB_EXECUTABLE | BASTION_BLOB_IMPORTED) ||
	    (flags & BASTION_BLOB_IMPORTED && kind != BASTION_KIND_SECRET))
		return false;
	if (types & ~BASTION_TYPE_ALL || !types != (kind == BASTION_KIND_P384))
		return false;
	/* What is derived stays the same when the firmware is updated. */
	return kind != BASTION_KIND_DERIVED || !header->min_svn;
}

bool chip_blob_header_good(const struct bastion_blob_header *header)
{
	uint32_t mask = le32toh(header->register_mask), index = le32toh(header->counter_index);
	bool flagged = le32toh(header->flags) & BASTION_BLOB_EXECUTABLE;

	if (memcmp(header->magic, BASTION_BLOB_MAGIC, sizeof(header->magic)) ||
	    le16toh(header->version) != BASTION_BLOB_VERSION)
		return false;
	if (!kind_good(header) || !name_good(header->name))
		return false;
	if (mask & ~BASTION_MASKABLE ||
	    (!mask && !chip_is_zero(header->register_digest, sizeof(header->register_digest))))
		return false;
	/* Zero would be what an executable is that was not measured. */
	if (flagged == chip_is_zero(header->executable, sizeof(header->executable)))
		return false;
	if (index > BASTION_COUNTER_COUNT || (!index && header->counter_value))
		return false;
	return !header->reserved && !header->reserved2;
}

static void hkdf_sha384(const uint8_t *ikm, size_t ikm_len, const uint8_t *salt, size_t salt_len,
			const uint8_t *info, size_t info_len, uint8_t *out, size_t len)
{
	nettle_hash_digest_func *digest = (nettle_hash_digest_func *)hmac_sha384_digest;
	nettle_hash_update_func *update = (nettle_hash_update_func *)hmac_sha384_update;
	uint8_t prk[BASTION_DIGEST_SIZE];
	struct hmac_sha384_ctx hmac;

	hmac_sha384_set_key(&hmac, salt_len, salt);
	hkdf_extract(&hmac, update, digest, sizeof(prk), ikm_len, ikm, prk);
	hmac_sha384_set_key(&hmac, sizeof(prk), prk);
	hkdf_expand(&hmac, update, digest, sizeof(prk), info_len, info, len, out);
	explicit_bzero(prk, sizeof(prk));
	explicit_bzero(&hmac, sizeof(hmac));
}

/* The blob's own key and IV are in place, what @blob has in the clear is authenticated. */
static void aead_begin(struct gcm_aes256_ctx *gcm, const uint8_t seed[CHIP_SEED_SIZE],
		       const struct bastion_blob_header *header, const uint8_t *blob)
{
	uint8_t material[KEY_SIZE + IV_SIZE];

	hkdf_sha384(seed, CHIP_SEED_SIZE, header->salt, sizeof(header->salt),
		    (const uint8_t *)BASTION_BLOB_INFO, sizeof(BASTION_BLOB_INFO), material,
		    sizeof(material));
	gcm_aes256_set_key(gcm, material);
	gcm_aes256_set_iv(gcm, IV_SIZE, material + KEY_SIZE);
	gcm_aes256_update(gcm, clear_len(header), blob);
	explicit_bzero(material, sizeof(material));
}

/* @len bytes for a purpose, which @purpose_len counts with its NUL, and this header. */
static void derive(const uint8_t seed[CHIP_SEED_SIZE], const struct bastion_blob_header *header,
		   const char *purpose, size_t purpose_len, uint8_t *out, size_t len)
{
	uint8_t info[sizeof(BASTION_DERIVED_TAG_INFO) + sizeof(*header)];

	memcpy(info, purpose, purpose_len);
	memcpy(info + purpose_len, header, sizeof(*header));
	hkdf_sha384(seed, CHIP_SEED_SIZE, header->salt, sizeof(header->salt), info,
		    purpose_len + sizeof(*header), out, len);
}

static void derived_tag(const uint8_t seed[CHIP_SEED_SIZE],
			const struct bastion_blob_header *header, uint8_t tag[BASTION_TAG_SIZE])
{
	derive(seed, header, BASTION_DERIVED_TAG_INFO, sizeof(BASTION_DERIVED_TAG_INFO), tag,
	       BASTION_TAG_SIZE);
}

size_t chip_blob_seal(const uint8_t seed[CHIP_SEED_SIZE], struct bastion_blob_header *header,
		      const struct chip_content *content, uint8_t *blob)
{
	size_t clear = clear_len(header), len = cipher_len(header);
	struct gcm_aes256_ctx gcm;

	if (le16toh(header->kind) == BASTION_KIND_DERIVED) {
		memcpy(blob, header, sizeof(*header));
		derived_tag(seed, header, blob + sizeof(*header));
		return BASTION_BLOB_DERIVED_SIZE;
	}
	chip_random(header->salt, sizeof(header->salt));
	memcpy(blob, header, sizeof(*header));
	memcpy(blob + sizeof(*header), content->point, clear - sizeof(*header));
	aead_begin(&gcm, seed, header, blob);
	gcm_aes256_encrypt(&gcm, len, blob + clear, content->secret);
	gcm_aes256_digest(&gcm, BASTION_TAG_SIZE, blob + clear + len);
	explicit_bzero(&gcm, sizeof(gcm));
	return clear + len + BASTION_TAG_SIZE;
}

static bool open_derived(const uint8_t seed[CHIP_SEED_SIZE],
			 const struct bastion_blob_header *header, const uint8_t *blob,
			 struct chip_content *content)
{
	uint8_t tag[BASTION_TAG_SIZE];
	bool good;

	derived_tag(seed, header, tag);
	good = memeql_sec(tag, blob + sizeof(*header), sizeof(tag));
	if (good)
		derive(seed, header, BASTION_DERIVED_INFO, sizeof(BASTION_DERIVED_INFO),
		       content->secret, le32toh(header->secret_len));
	explicit_bzero(tag, sizeof(tag));
	return good;
}

bool chip_blob_open(const uint8_t seed[CHIP_SEED_SIZE], const struct bastion_blob_header *header,
		    const uint8_t *blob, struct chip_content *content)
{
	size_t clear = clear_len(header), len = cipher_len(header);
	uint8_t tag[BASTION_TAG_SIZE];
	struct gcm_aes256_ctx gcm;
	bool good;

	memset(content, 0, sizeof(*content));
	if (le16toh(header->kind) == BASTION_KIND_DERIVED)
		return open_derived(seed, header, blob, content);
	aead_begin(&gcm, seed, header, blob);
	gcm_aes256_decrypt(&gcm, len, content->secret, blob + clear);
	gcm_aes256_digest(&gcm, sizeof(tag), tag);
	explicit_bzero(&gcm, sizeof(gcm));
	good = memeql_sec(tag, blob + clear + len, sizeof(tag));
	if (good)
		memcpy(content->point, blob + sizeof(*header), clear - sizeof(*header));
	else
		explicit_bzero(content, sizeof(*content));
	return good;
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, test case 14: all zero input. */
static bool gcm_test(void)
{
	static const uint8_t want[16 + BASTION_TAG_SIZE] = {
		0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e, 0x07, 0x4e, 0xc5,
		0xd3, 0xba, 0xf3, 0x9d, 0x18, 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99,
		0x6b, 0xf0, 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19,
	};
	static const uint8_t zero[KEY_SIZE];
	uint8_t got[sizeof(want)];
	struct gcm_aes256_ctx gcm;

	gcm_aes256_set_key(&gcm, zero);
	gcm_aes256_set_iv(&gcm, IV_SIZE, zero);
	gcm_aes256_encrypt(&gcm, 16, got, zero);
	gcm_aes256_digest(&gcm, BASTION_TAG_SIZE, got + 16);
	return !memcmp(got, want, sizeof(want));
}

/* RFC 5869's first test case, with SHA-384 for its hash. */
static bool hkdf_test(void)
{
	static const uint8_t want[] = {
		0x9b, 0x50, 0x97, 0xa8, 0x60, 0x38, 0xb8, 0x05, 0x30, 0x90, 0x76,
		0xa4, 0x4b, 0x3a, 0x9f, 0x38, 0x06, 0x3e, 0x25, 0xb5, 0x16, 0xdc,
		0xbf, 0x36, 0x9f, 0x39, 0x4c, 0xfa, 0xb4, 0x36, 0x85, 0xf7, 0x48,
		0xb6, 0x45, 0x77, 0x63, 0xe4, 0xf0, 0x20, 0x4f, 0xc5,
	};
	uint8_t ikm[22], salt[13], info[10], got[sizeof(want)];

	memset(ikm, 0x0b, sizeof(ikm));
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = i;
	for (size_t i = 0; i < sizeof(info); i++)
		info[i] = 0xf0 + i;
	hkdf_sha384(ikm, sizeof(ikm), salt, sizeof(salt), info, sizeof(info), got, sizeof(got));
	return !memcmp(got, want, sizeof(want));
}

bool chip_aead_test(void)
{
	return gcm_test() && hkdf_test();
}
