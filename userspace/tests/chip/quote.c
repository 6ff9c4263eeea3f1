// SPDX-License-Identifier: GPL-2.0
/* The quote, taken apart by other hands: libcbor decodes, OpenSSL verifies. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <cbor.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <bastion/quote.h>

#include "bastion-chip/hash.h"
#include "tests/chip/rig.h"

static cbor_item_t *decode(const uint8_t *data, size_t len)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(data, len, &result);
	uint8_t *again;
	size_t size, again_len;

	if (!item)
		fail_msg("CBOR error %d at %zu of %zu", result.error.code, result.error.position,
			 len);
	assert_int_equal(result.read, len);
	/* Shortest heads, definite lengths: encoding it again gives the same bytes. */
	again_len = cbor_serialize_alloc(item, &again, &size);
	assert_int_equal(again_len, len);
	assert_memory_equal(again, data, len);
	free(again);
	return item;
}

static int64_t number(const cbor_item_t *item)
{
	return cbor_isa_negint(item) ? -1 - (int64_t)cbor_get_int(item) :
				       (int64_t)cbor_get_int(item);
}

static const cbor_item_t *claim(const cbor_item_t *map, int64_t label)
{
	for (size_t i = 0; i < cbor_map_size(map); i++)
		if (number(cbor_map_handle(map)[i].key) == label)
			return cbor_map_handle(map)[i].value;
	fail_msg("no claim %lld", (long long)label);
	return NULL;
}

static void expect_bytes(const cbor_item_t *item, const void *data, size_t len)
{
	assert_true(cbor_isa_bytestring(item));
	assert_int_equal(cbor_bytestring_length(item), len);
	assert_memory_equal(cbor_bytestring_handle(item), data, len);
}

static void expect_text(const cbor_item_t *item, const char *text)
{
	assert_true(cbor_isa_string(item));
	assert_int_equal(cbor_string_length(item), strlen(text));
	assert_memory_equal(cbor_string_handle(item), text, strlen(text));
}

static cbor_item_t *element(const cbor_item_t *array, size_t index)
{
	assert_true(cbor_isa_array(array) && index < cbor_array_size(array));
	return cbor_array_handle(array)[index];
}

/* RFC 8949, 4.2.1: keys in the bytewise order of their encodings. */
static void expect_sorted(const cbor_item_t *map)
{
	uint8_t before[16] = { 0 }, key[16];

	for (size_t i = 0; i < cbor_map_size(map); i++) {
		memset(key, 0, sizeof(key));
		assert_true(cbor_serialize(cbor_map_handle(map)[i].key, key, sizeof(key)));
		assert_true(memcmp(before, key, sizeof(key)) < 0);
		memcpy(before, key, sizeof(key));
	}
}

static void check_claims(struct rig *rig, const cbor_item_t *map)
{
	const uint8_t *id = rig->chip.identity.spki_digest;
	uint8_t ueid[33] = { 1 }, extensions[BASTION_DIGEST_SIZE];
	const cbor_item_t *registers = claim(map, BASTION_EAT_REGISTERS);

	memcpy(ueid + 1, id, 32);
	chip_sha384(extensions, { rig->chip.now.registers.value[5], 3 * BASTION_DIGEST_SIZE });
	assert_int_equal(cbor_map_size(map), 17);
	expect_sorted(map);
	expect_bytes(claim(map, BASTION_EAT_NONCE), rig->qualifying, sizeof(rig->qualifying));
	expect_bytes(claim(map, BASTION_EAT_UEID), ueid, sizeof(ueid));
	expect_bytes(claim(map, BASTION_EAT_HWMODEL), "bastionchip-1", 13);
	expect_text(element(claim(map, BASTION_EAT_HWVERSION), 0), "1");
	assert_int_equal(number(claim(map, BASTION_EAT_UPTIME)), 1);
	assert_int_equal(number(claim(map, BASTION_EAT_UPTIME_MS)), 1999);
	assert_int_equal(number(claim(map, BASTION_EAT_DBGSTAT)), BASTION_DBGSTAT_ENABLED);
	expect_text(claim(map, BASTION_EAT_PROFILE_CLAIM), BASTION_EAT_PROFILE);
	assert_int_equal(number(claim(map, BASTION_EAT_BOOTCOUNT)), 1);
	expect_text(claim(map, BASTION_EAT_SWNAME), "bastion-firmware");
	expect_text(element(claim(map, BASTION_EAT_SWVERSION), 0), "1.2.0");
	expect_bytes(claim(map, BASTION_EAT_CHIP_ID), id, BASTION_DIGEST_SIZE);
	expect_bytes(claim(map, BASTION_EAT_CHIP_NONCE), rig->chip.now.round.nonce, 48);
	assert_int_equal(number(claim(map, BASTION_EAT_SVN)), 3);
	assert_int_equal(cbor_array_size(registers), BASTION_MR_COUNT);
	for (size_t i = 0; i < BASTION_MR_COUNT; i++)
		expect_bytes(element(registers, i), rig->chip.now.registers.value[i], 48);
	expect_bytes(claim(map, BASTION_EAT_EXTENSIONS), extensions, sizeof(extensions));
	assert_int_equal(number(claim(map, BASTION_EAT_LIFECYCLE)), BASTION_LIFECYCLE_PRODUCTION);
}

static X509 *certificate(const cbor_item_t *chain, size_t index)
{
	const cbor_item_t *item = element(chain, index);
	const uint8_t *at = cbor_bytestring_handle(item);
	X509 *parsed = d2i_X509(NULL, &at, cbor_bytestring_length(item));

	assert_non_null(parsed);
	assert_ptr_equal(at, cbor_bytestring_handle(item) + cbor_bytestring_length(item));
	return parsed;
}

/* The leaf is signed by the model's CA, and its key is what the chip id hashes. */
static EVP_PKEY *check_chain(struct rig *rig, const cbor_item_t *chain)
{
	X509 *leaf = certificate(chain, 0), *model = certificate(chain, 1);
	uint8_t digest[BASTION_DIGEST_SIZE], *spki = NULL;
	EVP_PKEY *key = X509_get_pubkey(leaf);
	int len = i2d_PUBKEY(key, &spki);

	assert_int_equal(cbor_array_size(chain), 2);
	assert_int_equal(X509_verify(leaf, X509_get0_pubkey(model)), 1);
	assert_int_equal(X509_check_ca(leaf), 0);
	assert_int_equal(X509_check_ca(model), 1);
	chip_sha384(digest, { spki, len });
	assert_memory_equal(digest, rig->chip.identity.spki_digest, sizeof(digest));
	OPENSSL_free(spki);
	X509_free(leaf);
	X509_free(model);
	return key;
}

static int openssl_verifies(EVP_PKEY *key, const uint8_t digest[BASTION_DIGEST_SIZE],
			    const uint8_t raw[BASTION_SIGNATURE_SIZE])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	ECDSA_SIG *signature = ECDSA_SIG_new();
	uint8_t *der = NULL;
	int len, good;

	ECDSA_SIG_set0(signature, BN_bin2bn(raw, 48, NULL), BN_bin2bn(raw + 48, 48, NULL));
	len = i2d_ECDSA_SIG(signature, &der);
	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	good = EVP_PKEY_verify(context, der, len, digest, BASTION_DIGEST_SIZE);
	EVP_PKEY_CTX_free(context);
	ECDSA_SIG_free(signature);
	OPENSSL_free(der);
	return good;
}

/* Over the Sig_structure, put together here by hand. */
static int signature_good(const cbor_item_t *sign1, EVP_PKEY *key)
{
	static const uint8_t head[] = { 0x84, 0x6a, 'S', 'i', 'g', 'n', 'a',
					't',  'u',  'r', 'e', '1' };
	uint8_t message[16384], *at = message, digest[BASTION_DIGEST_SIZE];

	assert_int_equal(cbor_bytestring_length(element(sign1, 3)), BASTION_SIGNATURE_SIZE);
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	at += cbor_serialize(element(sign1, 0), at, 8192);
	*at++ = 0x40;
	at += cbor_serialize(element(sign1, 2), at, 4096);
	chip_sha384(digest, { message, at - message });
	return openssl_verifies(key, digest, cbor_bytestring_handle(element(sign1, 3)));
}

static int check_quote(struct rig *rig)
{
	/* libcbor 0.8 takes tag 18 for malformed: what it tags is decoded without it. */
	cbor_item_t *sign1 = decode(rig->out + 1, rig->out_len - 1), *protected, *payload;
	EVP_PKEY *key;
	int good;

	assert_true(rig->out_len <= BASTION_QUOTE_MAX);
	assert_int_equal(rig->out[0], 0xc0 | BASTION_COSE_SIGN1_TAG);
	assert_int_equal(cbor_array_size(sign1), 4);
	protected = decode(cbor_bytestring_handle(element(sign1, 0)),
			   cbor_bytestring_length(element(sign1, 0)));
	assert_int_equal(cbor_map_size(protected), 2);
	assert_int_equal(number(claim(protected, BASTION_COSE_ALG)), BASTION_COSE_ES384);
	assert_int_equal(cbor_map_size(element(sign1, 1)), 0);
	payload = decode(cbor_bytestring_handle(element(sign1, 2)),
			 cbor_bytestring_length(element(sign1, 2)));
	check_claims(rig, payload);
	key = check_chain(rig, claim(protected, BASTION_COSE_X5CHAIN));
	good = signature_good(sign1, key);
	EVP_PKEY_free(key);
	cbor_decref(&protected);
	cbor_decref(&payload);
	cbor_decref(&sign1);
	return good;
}

static void test_quote(void **state)
{
	struct rig *rig = *state;

	for (unsigned int i = 1; i < BASTION_MR_COUNT; i++)
		assert_int_equal(rig_extend(rig, i), BASTION_STATUS_OK);
	rig_advance(1999);
	for (int i = 0; i < 8; i++) {
		rig_round(rig);
		assert_int_equal(check_quote(rig), 1);
	}
	rig->chip.lies = CHIP_LIE_WRONG_KEY;
	rig_round(rig);
	assert_int_equal(check_quote(rig), 0);
}

/* Often enough for an r or s that begins with zeros. */
static void test_openssl_agrees(void **state)
{
	struct rig *rig = *state;
	uint8_t signature[BASTION_SIGNATURE_SIZE], digest[BASTION_DIGEST_SIZE];
	uint8_t spki[CHIP_SPKI_SIZE];
	const uint8_t *at = spki;
	EVP_PKEY *key;

	chip_spki(rig->verifier.point, spki);
	key = d2i_PUBKEY(NULL, &at, sizeof(spki));
	assert_non_null(key);
	for (int i = 0; i < 300; i++) {
		chip_random(digest, sizeof(digest));
		chip_key_sign(&rig->verifier, digest, sizeof(digest), signature);
		assert_int_equal(openssl_verifies(key, digest, signature), 1);
		assert_true(chip_signature_valid(rig->verifier.point, digest, signature));
		signature[i % BASTION_SIGNATURE_SIZE] ^= 1 << i % 8;
		assert_false(chip_signature_valid(rig->verifier.point, digest, signature));
	}
	memset(signature, 0, sizeof(signature));
	assert_false(chip_signature_valid(rig->verifier.point, digest, signature));
	memset(signature, 0xff, sizeof(signature));
	assert_false(chip_signature_valid(rig->verifier.point, digest, signature));
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_quote, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_openssl_agrees, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
