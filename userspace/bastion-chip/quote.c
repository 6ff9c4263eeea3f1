// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include <bastion/quote.h>

#include "bastion-chip/cbor.h"
#include "bastion-chip/hash.h"
#include "bastion-chip/quote.h"

#define CERTIFICATES_MAX 8

/* Length of the DER SEQUENCE at @der, header included; 0 when it is none (X.690, 8.1). */
static size_t sequence_len(const uint8_t *der, size_t len)
{
	size_t octets, value = 0;

	if (len < 2 || der[0] != 0x30)
		return 0;
	if (der[1] < 0x80)
		return 2u + der[1] <= len ? 2u + der[1] : 0;
	octets = der[1] & 0x7f;
	if (octets < 1 || octets > 2 || len < 2 + octets)
		return 0;
	for (size_t i = 0; i < octets; i++)
		value = value << 8 | der[2 + i];
	return 2 + octets + value <= len ? 2 + octets + value : 0;
}

static size_t certificate_count(const uint8_t *chain, size_t len)
{
	size_t count = 0, one;

	for (; len; chain += one, len -= one) {
		one = sequence_len(chain, len);
		if (!one || ++count > CERTIFICATES_MAX)
			return 0;
	}
	return count;
}

static void put_protected(struct chip_cbor *cbor, const uint8_t *chain, size_t len, size_t count)
{
	size_t one;

	chip_cbor_map(cbor, 2);
	chip_cbor_int(cbor, BASTION_COSE_ALG);
	chip_cbor_int(cbor, BASTION_COSE_ES384);
	chip_cbor_int(cbor, BASTION_COSE_X5CHAIN);
	chip_cbor_array(cbor, count);
	for (; len; chain += one, len -= one) {
		one = sequence_len(chain, len);
		chip_cbor_bytes(cbor, chain, one);
	}
}

/* RFC 9711's claims, in the order of their encoded keys. */
static void put_standard_claims(struct chip_cbor *cbor, const struct chip_quote *quote)
{
	char hardware_version[16];
	uint8_t ueid[33] = { 0x01 };

	memcpy(ueid + 1, quote->chip_id, sizeof(ueid) - 1);
	snprintf(hardware_version, sizeof(hardware_version), "%u", quote->hardware_version);
	chip_cbor_int(cbor, BASTION_EAT_NONCE);
	chip_cbor_bytes(cbor, quote->qualifying_data, BASTION_DIGEST_SIZE);
	chip_cbor_int(cbor, BASTION_EAT_UEID);
	chip_cbor_bytes(cbor, ueid, sizeof(ueid));
	chip_cbor_int(cbor, BASTION_EAT_HWMODEL);
	chip_cbor_bytes(cbor, quote->model, strlen(quote->model));
	chip_cbor_int(cbor, BASTION_EAT_HWVERSION);
	chip_cbor_array(cbor, 1);
	chip_cbor_text(cbor, hardware_version);
	chip_cbor_int(cbor, BASTION_EAT_UPTIME);
	chip_cbor_uint(cbor, quote->uptime_ms / 1000);
	chip_cbor_int(cbor, BASTION_EAT_DBGSTAT);
	chip_cbor_uint(cbor, BASTION_DBGSTAT_ENABLED);
	chip_cbor_int(cbor, BASTION_EAT_PROFILE_CLAIM);
	chip_cbor_text(cbor, BASTION_EAT_PROFILE);
	chip_cbor_int(cbor, BASTION_EAT_BOOTCOUNT);
	chip_cbor_uint(cbor, quote->boot_count);
	chip_cbor_int(cbor, BASTION_EAT_SWNAME);
	chip_cbor_text(cbor, "bastion-firmware");
	chip_cbor_int(cbor, BASTION_EAT_SWVERSION);
	chip_cbor_array(cbor, 1);
	chip_cbor_text(cbor, quote->firmware);
}

static void put_own_claims(struct chip_cbor *cbor, const struct chip_quote *quote)
{
	const struct chip_registers *registers = quote->registers;
	uint8_t extensions[BASTION_DIGEST_SIZE];

	chip_sha384(extensions, { registers->value[5], 3 * BASTION_DIGEST_SIZE });
	chip_cbor_int(cbor, BASTION_EAT_CHIP_ID);
	chip_cbor_bytes(cbor, quote->chip_id, BASTION_DIGEST_SIZE);
	chip_cbor_int(cbor, BASTION_EAT_CHIP_NONCE);
	chip_cbor_bytes(cbor, quote->chip_nonce, BASTION_CHIP_NONCE_SIZE);
	chip_cbor_int(cbor, BASTION_EAT_SVN);
	chip_cbor_uint(cbor, quote->svn);
	chip_cbor_int(cbor, BASTION_EAT_REGISTERS);
	chip_cbor_array(cbor, BASTION_MR_COUNT);
	for (unsigned int i = 0; i < BASTION_MR_COUNT; i++)
		chip_cbor_bytes(cbor, registers->value[i], BASTION_DIGEST_SIZE);
	chip_cbor_int(cbor, BASTION_EAT_EXTENSIONS);
	chip_cbor_bytes(cbor, extensions, sizeof(extensions));
	chip_cbor_int(cbor, BASTION_EAT_LIFECYCLE);
	chip_cbor_uint(cbor, quote->lifecycle);
	chip_cbor_int(cbor, BASTION_EAT_UPTIME_MS);
	chip_cbor_uint(cbor, quote->uptime_ms);
}

/* RFC 9052, 4.4: the Sig_structure that a COSE_Sign1 signs. */
static void signed_digest(const struct chip_cbor *protected, const struct chip_cbor *payload,
			  uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t buffer[BASTION_QUOTE_MAX + BASTION_CERT_CHAIN_MAX];
	struct chip_cbor cbor = { .data = buffer, .size = sizeof(buffer) };

	chip_cbor_array(&cbor, 4);
	chip_cbor_text(&cbor, "Signature1");
	chip_cbor_bytes(&cbor, protected->data, protected->len);
	chip_cbor_bytes(&cbor, NULL, 0);
	chip_cbor_bytes(&cbor, payload->data, payload->len);
	chip_sha384(digest, { cbor.data, cbor.len });
}

size_t chip_quote_sign(const struct chip_quote *quote, const struct chip_key *key,
		       const uint8_t *chain, size_t chain_len, uint8_t *out, size_t size)
{
	uint8_t protected_data[BASTION_CERT_CHAIN_MAX], payload_data[2048];
	struct chip_cbor protected = { .data = protected_data, .size = sizeof(protected_data) };
	struct chip_cbor payload = { .data = payload_data, .size = sizeof(payload_data) };
	struct chip_cbor cose = { .data = out, .size = size };
	uint8_t digest[BASTION_DIGEST_SIZE], signature[BASTION_SIGNATURE_SIZE];
	size_t count = certificate_count(chain, chain_len);

	if (!count)
		return 0;
	put_protected(&protected, chain, chain_len, count);
	chip_cbor_map(&payload, 17);
	put_standard_claims(&payload, quote);
	put_own_claims(&payload, quote);
	if (protected.overflow || payload.overflow)
		return 0;
	signed_digest(&protected, &payload, digest);
	chip_key_sign(key, digest, sizeof(digest), signature);

	chip_cbor_tag(&cose, BASTION_COSE_SIGN1_TAG);
	chip_cbor_array(&cose, 4);
	chip_cbor_bytes(&cose, protected.data, protected.len);
	chip_cbor_map(&cose, 0);
	chip_cbor_bytes(&cose, payload.data, payload.len);
	chip_cbor_bytes(&cose, signature, sizeof(signature));
	return cose.overflow ? 0 : cose.len;
}
