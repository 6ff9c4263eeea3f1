// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/obj_mac.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "tpm-signature.h"

const char *bv_tpm_scheme_name(uint16_t scheme)
{
	switch (scheme) {
	case BV_TPM_ALG_RSASSA:
		return "rsassa";
	case BV_TPM_ALG_RSAPSS:
		return "rsapss";
	case BV_TPM_ALG_ECDSA:
		return "ecdsa";
	}
	return "none";
}

int bv_tpm_signature_parse(struct bv_span bytes, struct bv_tpm_signature *signature,
			   struct bv_error *err)
{
	struct bv_span rest = bytes;
	uint16_t id = 0;
	bool whole;
	int hash;

	memset(signature, 0, sizeof(*signature));
	if (!bv_take_be16(&rest, &signature->scheme) || !bv_take_be16(&rest, &id))
		return bv_fail(err, "the signature is cut short");
	if (signature->scheme != BV_TPM_ALG_RSASSA && signature->scheme != BV_TPM_ALG_RSAPSS &&
	    signature->scheme != BV_TPM_ALG_ECDSA)
		return bv_fail(err, "the signature's scheme is 0x%04x; RSASSA, RSAPSS and ECDSA are "
			       "known", signature->scheme);
	hash = bv_tpm_hash(id, "the signature", err);
	if (hash < 0)
		return hash;
	signature->hash = hash;
	if (signature->scheme == BV_TPM_ALG_ECDSA)
		whole = bv_take_tpm2b(&rest, BV_TPM_ECC_MAX, &signature->r) &&
			bv_take_tpm2b(&rest, BV_TPM_ECC_MAX, &signature->s);
	else
		whole = bv_take_tpm2b(&rest, BV_TPM_RSA_MAX, &signature->rsa);
	if (!whole)
		return bv_fail(err, "the signature is cut short, or one of its lengths is wrong");
	return rest.len ? bv_fail(err, "%zu bytes follow the signature", rest.len) : 0;
}

static int check_rsa(EVP_PKEY *key, struct bv_error *err)
{
	int bits = EVP_PKEY_get_bits(key);
	BIGNUM *e = NULL;
	bool weak;

	if (bits < 2048 || bits > 8 * BV_TPM_RSA_MAX || bits % 8)
		return bv_fail(err, "the key is RSA with %d bits; 2048 to %d are accepted", bits,
			       8 * BV_TPM_RSA_MAX);
	weak = !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) || !BN_is_odd(e) ||
	       BN_num_bits(e) < 17;
	BN_free(e);
	return weak ? bv_fail(err, "the key is RSA with a public exponent below 65537") : 0;
}

int bv_tpm_key_usable(EVP_PKEY *key, struct bv_error *err)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(key, "RSA"))
		return check_rsa(key, err);
	if (EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) &&
	    (!strcmp(group, SN_X9_62_prime256v1) || !strcmp(group, SN_secp384r1)))
		return 0;
	ERR_clear_error();
	return bv_fail(err, "the key is neither RSA nor on P-256 or P-384");
}

static bool run(const struct bv_tpm_signature *signature, EVP_PKEY *key, EVP_MD_CTX *ctx,
		struct bv_span message, struct bv_span sig)
{
	EVP_PKEY_CTX *params;

	if (EVP_DigestVerifyInit_ex(ctx, &params, bv_bank_name(signature->hash), NULL, NULL, key,
				    NULL) != 1)
		return false;
	/* TPMs differ in the length of the salt (part 1, B.7). */
	if (signature->scheme == BV_TPM_ALG_RSAPSS &&
	    (EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING) != 1 ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_AUTO) != 1))
		return false;
	return EVP_DigestVerify(ctx, sig.data, sig.len, message.data, message.len) == 1;
}

int bv_tpm_signature_verify(const struct bv_tpm_signature *signature, EVP_PKEY *key,
			    struct bv_span message, struct bv_error *err)
{
	bool ecdsa = signature->scheme == BV_TPM_ALG_ECDSA, good;
	struct bv_span sig = signature->rsa;
	uint8_t *der = NULL;
	EVP_MD_CTX *ctx;
	int len;

	if (ecdsa != (bool)EVP_PKEY_is_a(key, "EC")) {
		bv_fail(err, "the signature is %s, the key of another kind",
			bv_tpm_scheme_name(signature->scheme));
		return -EKEYREJECTED;
	}
	if (ecdsa) {
		len = bv_ecdsa_der(signature->r, signature->s, &der);
		if (len <= 0)
			return bv_fail_errno(err, ENOMEM, "checking a signature");
		sig = (struct bv_span){ der, len };
	}
	ctx = EVP_MD_CTX_new();
	good = ctx && run(signature, key, ctx, message, sig);
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	ERR_clear_error();
	if (good)
		return 0;
	bv_fail(err, "the signature is not this key's over this attestation");
	return -EKEYREJECTED;
}
