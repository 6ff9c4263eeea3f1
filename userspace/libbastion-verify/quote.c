// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "cbor.h"
#include "crypto.h"
#include "quote.h"

#define CLAIMS		17
#define DBGSTAT_MAX	3	/* disabled permanently */

static int parse_chain(struct bv_cbor *cbor, struct bv_envelope *envelope)
{
	int ret = bv_cbor_array(cbor, "x5chain", 1, BV_CERTS_MAX, &envelope->cert_count);

	for (size_t i = 0; !ret && i < envelope->cert_count; i++)
		ret = bv_cbor_bytes(cbor, "a certificate in x5chain", 1, BASTION_CERT_CHAIN_MAX,
				    &envelope->certs[i]);
	return ret;
}

static int parse_protected(struct bv_span bytes, struct bv_envelope *envelope,
			   struct bv_error *err)
{
	struct bv_cbor cbor = { bytes.data, bytes.len, err };
	int ret;

	/* The numbers are checked in this order, so no key comes twice. */
	if ((ret = bv_cbor_map(&cbor, "the protected header", 2)) ||
	    (ret = bv_cbor_key(&cbor, "header alg", BASTION_COSE_ALG)) ||
	    (ret = bv_cbor_key(&cbor, "algorithm ES384", BASTION_COSE_ES384)) ||
	    (ret = bv_cbor_key(&cbor, "header x5chain", BASTION_COSE_X5CHAIN)) ||
	    (ret = parse_chain(&cbor, envelope)))
		return ret;
	return bv_cbor_end(&cbor, "the protected header");
}

int bv_envelope_parse(struct bv_span bytes, struct bv_envelope *envelope, struct bv_error *err)
{
	struct bv_cbor cbor = { bytes.data, bytes.len, err };
	struct bv_span headers;
	const uint8_t *start;
	size_t four;
	int ret;

	memset(envelope, 0, sizeof(*envelope));
	if (bytes.len > BASTION_QUOTE_MAX)
		return bv_fail(err, "the quote has %zu bytes, at most %d are possible", bytes.len,
			       BASTION_QUOTE_MAX);
	ret = bv_cbor_tag(&cbor, "COSE_Sign1", BASTION_COSE_SIGN1_TAG);
	if (!ret)
		ret = bv_cbor_array(&cbor, "COSE_Sign1", 4, 4, &four);
	if (ret)
		return ret;

	start = cbor.at;
	ret = bv_cbor_bytes(&cbor, "the protected header", 1, BASTION_QUOTE_MAX, &headers);
	if (ret)
		return ret;
	envelope->protected_item = (struct bv_span){ start, cbor.at - start };
	ret = parse_protected(headers, envelope, err);
	if (!ret)
		ret = bv_cbor_map(&cbor, "the unprotected header", 0);
	if (ret)
		return ret;

	start = cbor.at;
	ret = bv_cbor_bytes(&cbor, "the payload", 1, BASTION_QUOTE_MAX, &envelope->payload);
	if (ret)
		return ret;
	envelope->payload_item = (struct bv_span){ start, cbor.at - start };
	ret = bv_cbor_bytes(&cbor, "the signature", BASTION_SIGNATURE_SIZE, BASTION_SIGNATURE_SIZE,
			    &envelope->signature);
	return ret ? ret : bv_cbor_end(&cbor, "the COSE_Sign1");
}

X509 *bv_envelope_cert(const struct bv_envelope *envelope, size_t index, struct bv_error *err)
{
	const uint8_t *at = envelope->certs[index].data;
	const uint8_t *end = at + envelope->certs[index].len;
	X509 *cert = d2i_X509(NULL, &at, envelope->certs[index].len);

	ERR_clear_error();
	if (cert && at == end)
		return cert;
	X509_free(cert);
	bv_fail(err, "certificate %zu in the quote is not a DER certificate", index);
	return NULL;
}

/* Sig_structure, RFC 9052, 4.4: an array of 4 with the context string and no external data. */
static int check_signature(const struct bv_envelope *envelope, EVP_PKEY *key,
			   struct bv_error *err)
{
	static const uint8_t head[] = {
		0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1'
	};
	static const uint8_t no_aad[] = { 0x40 };
	const struct bv_span parts[] = {
		BV_SPAN(head), envelope->protected_item, BV_SPAN(no_aad), envelope->payload_item,
	};
	int ret = bv_verify(key, envelope->signature.data, parts, 4);

	if (ret == -EKEYREJECTED)
		bv_fail(err, "the quote's signature is not by the key in its first certificate");
	else if (ret)
		bv_fail_errno(err, -ret, "checking the quote's signature");
	return ret;
}

static int bytes_claim(struct bv_cbor *cbor, const char *what, int64_t label, uint8_t *out,
		       size_t size)
{
	struct bv_span bytes;
	int ret = bv_cbor_key(cbor, what, label);

	if (!ret)
		ret = bv_cbor_bytes(cbor, what, size, size, &bytes);
	if (!ret)
		memcpy(out, bytes.data, size);
	return ret;
}

static int uint_claim(struct bv_cbor *cbor, const char *what, int64_t label, uint64_t max,
		      uint64_t *value)
{
	int ret = bv_cbor_key(cbor, what, label);

	return ret ? ret : bv_cbor_uint(cbor, what, max, value);
}

/* hwversion and swversion are arrays, the version first (RFC 9711, 4.2.5 and 4.2.7). */
static int version_claim(struct bv_cbor *cbor, const char *what, int64_t label, char *out,
			 size_t size)
{
	struct bv_span text;
	size_t one;
	int ret;

	if ((ret = bv_cbor_key(cbor, what, label)) ||
	    (ret = bv_cbor_array(cbor, what, 1, 1, &one)) ||
	    (ret = bv_cbor_text(cbor, what, size - 1, &text)))
		return ret;
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return 0;
}

static int text_claim(struct bv_cbor *cbor, const char *what, int64_t label, const char *expected)
{
	struct bv_span text;
	int ret;

	if ((ret = bv_cbor_key(cbor, what, label)) ||
	    (ret = bv_cbor_text(cbor, what, strlen(expected), &text)))
		return ret;
	return bv_span_is(text, expected) ? 0 : bv_fail(cbor->err, "%s is not \"%s\"", what, expected);
}

static int model_claim(struct bv_cbor *cbor, struct bv_quote *quote)
{
	struct bv_span model;
	int ret;

	if ((ret = bv_cbor_key(cbor, "claim hwmodel", BASTION_EAT_HWMODEL)) ||
	    (ret = bv_cbor_bytes(cbor, "claim hwmodel", 1, sizeof(quote->model) - 1, &model)))
		return ret;
	if (!bv_is_printable(model))
		return bv_fail(cbor->err, "claim hwmodel is not printable ASCII");
	memcpy(quote->model, model.data, model.len);
	quote->model[model.len] = '\0';
	return 0;
}

static int registers_claim(struct bv_cbor *cbor, struct bv_quote *quote)
{
	size_t count;
	int ret;

	if ((ret = bv_cbor_key(cbor, "claim registers", BASTION_EAT_REGISTERS)) ||
	    (ret = bv_cbor_array(cbor, "claim registers", BASTION_MR_COUNT, BASTION_MR_COUNT,
				 &count)))
		return ret;
	for (int i = 0; i < BASTION_MR_COUNT; i++) {
		struct bv_span value;

		ret = bv_cbor_bytes(cbor, "a register", BASTION_DIGEST_SIZE, BASTION_DIGEST_SIZE,
				    &value);
		if (ret)
			return ret;
		memcpy(quote->registers[i], value.data, value.len);
	}
	return 0;
}

/* Claims that say the same thing twice must say the same thing. */
struct repeated {
	uint8_t ueid[33];
	uint8_t extensions[BASTION_DIGEST_SIZE];
	uint64_t uptime;
};

static int check_repeated(const struct bv_quote *quote, const struct repeated *repeated,
			  struct bv_error *err)
{
	uint8_t extensions[BASTION_DIGEST_SIZE];
	const struct bv_span operators = {
		quote->registers[5], 3 * BASTION_DIGEST_SIZE
	};
	int ret = bv_sha384(extensions, &operators, 1);

	if (ret)
		return bv_fail_errno(err, -ret, "hashing registers 5 to 7");
	if (repeated->ueid[0] != 0x01 || memcmp(repeated->ueid + 1, quote->chip_id, 32))
		return bv_fail(err, "claim ueid is not 01 and the chip id's first 32 bytes");
	if (repeated->uptime != quote->uptime_ms / 1000)
		return bv_fail(err, "claims uptime and uptime in milliseconds disagree");
	if (memcmp(extensions, repeated->extensions, sizeof(extensions)))
		return bv_fail(err, "claim extensions is not the digest of registers 5 to 7");
	return 0;
}

/* Deterministic order (RFC 8949, 4.2.1): that of the encoded keys, byte by byte. */
static int parse_claims(struct bv_span payload, struct bv_quote *quote, struct bv_error *err)
{
	struct bv_cbor cbor = { payload.data, payload.len, err };
	uint64_t dbgstat, svn, lifecycle;
	struct repeated repeated;
	int ret;

	if ((ret = bv_cbor_map(&cbor, "the claims", CLAIMS)) ||
	    (ret = bytes_claim(&cbor, "claim eat_nonce", BASTION_EAT_NONCE, quote->qualifying,
			       sizeof(quote->qualifying))) ||
	    (ret = bytes_claim(&cbor, "claim ueid", BASTION_EAT_UEID, repeated.ueid,
			       sizeof(repeated.ueid))) ||
	    (ret = model_claim(&cbor, quote)) ||
	    (ret = version_claim(&cbor, "claim hwversion", BASTION_EAT_HWVERSION, quote->hwversion,
				 sizeof(quote->hwversion))) ||
	    (ret = uint_claim(&cbor, "claim uptime", BASTION_EAT_UPTIME, UINT64_MAX,
			      &repeated.uptime)) ||
	    (ret = uint_claim(&cbor, "claim dbgstat", BASTION_EAT_DBGSTAT, DBGSTAT_MAX,
			      &dbgstat)) ||
	    (ret = text_claim(&cbor, "claim eat_profile", BASTION_EAT_PROFILE_CLAIM,
			      BASTION_EAT_PROFILE)) ||
	    (ret = uint_claim(&cbor, "claim bootcount", BASTION_EAT_BOOTCOUNT, UINT64_MAX,
			      &quote->boot_count)) ||
	    (ret = text_claim(&cbor, "claim swname", BASTION_EAT_SWNAME, "bastion-firmware")) ||
	    (ret = version_claim(&cbor, "claim swversion", BASTION_EAT_SWVERSION, quote->firmware,
				 sizeof(quote->firmware))) ||
	    (ret = bytes_claim(&cbor, "claim chip id", BASTION_EAT_CHIP_ID, quote->chip_id,
			       sizeof(quote->chip_id))) ||
	    (ret = bytes_claim(&cbor, "claim chip nonce", BASTION_EAT_CHIP_NONCE,
			       quote->chip_nonce, sizeof(quote->chip_nonce))) ||
	    (ret = uint_claim(&cbor, "claim svn", BASTION_EAT_SVN, UINT32_MAX, &svn)) ||
	    (ret = registers_claim(&cbor, quote)) ||
	    (ret = bytes_claim(&cbor, "claim extensions", BASTION_EAT_EXTENSIONS,
			       repeated.extensions, sizeof(repeated.extensions))) ||
	    (ret = uint_claim(&cbor, "claim lifecycle", BASTION_EAT_LIFECYCLE,
			      BASTION_LIFECYCLE_RMA, &lifecycle)) ||
	    (ret = uint_claim(&cbor, "claim uptime in milliseconds", BASTION_EAT_UPTIME_MS,
			      UINT64_MAX, &quote->uptime_ms)) ||
	    (ret = bv_cbor_end(&cbor, "the claims")))
		return ret;
	quote->dbgstat = dbgstat;
	quote->svn = svn;
	quote->lifecycle = lifecycle;
	return check_repeated(quote, &repeated, err);
}

int bv_quote_verify(const struct bv_envelope *envelope, struct bv_quote *quote,
		    struct bv_error *err)
{
	uint8_t point[BASTION_POINT_SIZE], digest[BASTION_DIGEST_SIZE];
	struct bv_quote claims = { 0 };
	EVP_PKEY *key;
	X509 *leaf = bv_envelope_cert(envelope, 0, err);
	int ret = -EINVAL;

	if (!leaf)
		return -EINVAL;
	key = X509_get0_pubkey(leaf);
	if (!key || bv_key_point(key, point))
		bv_fail(err, "the key in the quote's first certificate is not P-384");
	else
		ret = check_signature(envelope, key, err);
	X509_free(leaf);
	if (ret)
		return ret;

	ret = parse_claims(envelope->payload, &claims, err);
	if (ret)
		return ret;
	ret = bv_point_digest(point, digest);
	if (ret)
		return bv_fail_errno(err, -ret, "hashing the chip's key");
	if (memcmp(digest, claims.chip_id, sizeof(digest)))
		return bv_fail(err, "the chip id is not the digest of the key that signed");
	*quote = claims;
	return 0;
}
