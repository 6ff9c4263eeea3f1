// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "tpm-public.h"

#define PEM_BEGIN	"-----BEGIN PUBLIC KEY-----"
#define DEFAULT_EXPONENT 65537	/* part 2, 12.2.3.5: what 0 stands for */

/* TPM_ALG_ID of schemes that have no parameter, or two. */
#define ALG_RSAES	0x0015
#define ALG_ECDAA	0x001a

/* TPM_ECC_CURVE: TCG Algorithm Registry, table 4. */
static const struct curve {
	uint16_t id;
	uint16_t size;
	const char *name;
} curves[] = {
	{ 0x0003, 32, SN_X9_62_prime256v1 },
	{ 0x0004, 48, SN_secp384r1 },
};

static const struct curve *find_curve(uint16_t id)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
		if (curves[i].id == id)
			return &curves[i];
	return NULL;
}

/* TPMT_SYM_DEF_OBJECT (part 2, 11.1.7): key bits and mode follow, unless it is none. */
static bool read_symmetric(struct bv_span *rest, struct bv_tpm_public *public)
{
	return bv_take_be16(rest, &public->symmetric) &&
	       (public->symmetric == BV_TPM_ALG_NULL ||
		(bv_take_be16(rest, &public->symmetric_bits) &&
		 bv_take_be16(rest, &public->symmetric_mode)));
}

/* TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_KDF_SCHEME (part 2, 11.2) */
static bool read_scheme(struct bv_span *rest, uint16_t *scheme, uint16_t *hash)
{
	uint16_t count;

	*hash = 0;
	if (!bv_take_be16(rest, scheme))
		return false;
	if (*scheme == BV_TPM_ALG_NULL || *scheme == ALG_RSAES)
		return true;
	return bv_take_be16(rest, hash) && (*scheme != ALG_ECDAA || bv_take_be16(rest, &count));
}

/* TPMS_RSA_PARMS (part 2, 12.2.3.5) and TPM2B_PUBLIC_KEY_RSA (11.2.4.5) */
static bool read_rsa(struct bv_span *rest, struct bv_tpm_public *public)
{
	if (!read_symmetric(rest, public) ||
	    !read_scheme(rest, &public->scheme, &public->scheme_hash) ||
	    !bv_take_be16(rest, &public->bits) || !bv_take_be32(rest, &public->exponent) ||
	    !bv_take_tpm2b(rest, BV_TPM_RSA_MAX, &public->modulus))
		return false;
	if (!public->exponent)
		public->exponent = DEFAULT_EXPONENT;
	return 8 * public->modulus.len == public->bits;
}

/* TPMS_ECC_PARMS (part 2, 12.2.3.6) and TPMS_ECC_POINT (11.2.5.2) */
static bool read_ecc(struct bv_span *rest, struct bv_tpm_public *public)
{
	uint16_t kdf, kdf_hash;

	return read_symmetric(rest, public) &&
	       read_scheme(rest, &public->scheme, &public->scheme_hash) &&
	       bv_take_be16(rest, &public->curve) && read_scheme(rest, &kdf, &kdf_hash) &&
	       bv_take_tpm2b(rest, BV_TPM_ECC_MAX, &public->x) &&
	       bv_take_tpm2b(rest, BV_TPM_ECC_MAX, &public->y);
}

int bv_tpm_public_parse(struct bv_span bytes, struct bv_tpm_public *public, struct bv_error *err)
{
	struct bv_span rest = bytes;
	uint16_t id, size;
	bool whole;
	int hash;

	memset(public, 0, sizeof(*public));
	if (bytes.len > BV_TPM_PUBLIC_MAX)
		return bv_fail(err, "the key has %zu bytes, at most %d are possible", bytes.len,
			       BV_TPM_PUBLIC_MAX);
	/* A TPM2B_PUBLIC begins with its size, and no key of a type's number of bytes exists. */
	if (bv_take_be16(&rest, &size) && size != rest.len)
		rest = bytes;
	public->encoded = rest;
	if (!bv_take_be16(&rest, &public->type) || !bv_take_be16(&rest, &id) ||
	    !bv_take_be32(&rest, &public->attributes) ||
	    !bv_take_tpm2b(&rest, BV_PCR_DIGEST_MAX, &public->policy))
		return bv_fail(err, "the key is neither PEM nor a TPM's public area");
	if (public->type != BV_TPM_ALG_RSA && public->type != BV_TPM_ALG_ECC)
		return bv_fail(err, "the key is of type 0x%04x, neither RSA nor ECC", public->type);
	hash = bv_tpm_hash(id, "the name of the key", err);
	if (hash < 0)
		return hash;
	public->name_hash = hash;
	whole = public->type == BV_TPM_ALG_RSA ? read_rsa(&rest, public) : read_ecc(&rest, public);
	if (!whole)
		return bv_fail(err, "the key is cut short, or one of its lengths is wrong");
	return rest.len ? bv_fail(err, "%zu bytes follow the key", rest.len) : 0;
}

int bv_tpm_public_only(struct bv_span bytes, struct bv_tpm_public *public, struct bv_error *err)
{
	int ret = bv_tpm_public_parse(bytes, public, err);

	if (!ret && public->encoded.len != bytes.len)
		ret = bv_fail(err, "the key has a size before it (TPM2B_PUBLIC, not TPMT_PUBLIC)");
	return ret;
}

/* Algorithm and digest (part 1, 16) */
static int make_name(enum bv_bank hash, struct bv_span of, uint8_t name[BV_TPM_NAME_MAX], size_t *len)
{
	const uint16_t id = bv_bank_tcg(hash);

	name[0] = id >> 8;
	name[1] = id;
	*len = 2 + bv_bank_size(hash);
	if (EVP_Q_digest(NULL, bv_bank_name(hash), NULL, of.data, of.len, name + 2, NULL))
		return 0;
	ERR_clear_error();
	return -EIO;
}

int bv_tpm_public_name(const struct bv_tpm_public *public, uint8_t name[BV_TPM_NAME_MAX],
		       size_t *len)
{
	return make_name(public->name_hash, public->encoded, name, len);
}

int bv_tpm_public_endorsement_name(const struct bv_tpm_public *public, uint8_t name[BV_TPM_NAME_MAX],
				   size_t *len)
{
	/* TPM_RH_ENDORSEMENT (part 2, 7.4) */
	uint8_t both[4 + BV_TPM_NAME_MAX] = { 0x40, 0x00, 0x00, 0x0b };
	int ret = bv_tpm_public_name(public, both + 4, len);

	return ret ?: make_name(public->name_hash, (struct bv_span){ both, 4 + *len }, name, len);
}

/* What a key's attributes must be. */
struct rule {
	uint32_t bit;
	bool wanted;
	const char *why;
};

/* The key is its TPM's alone (part 2, 8.3.3). */
#define RULES_OF_OWN \
	{ BV_TPM_FIXED_TPM, true, "may leave its TPM (not fixedTPM)" }, \
	{ BV_TPM_FIXED_PARENT, true, "may be moved (not fixedParent)" }, \
	{ BV_TPM_DATA_ORIGIN, true, "was not made by its TPM (not sensitiveDataOrigin)" }

static int check_rules(const struct bv_tpm_public *public, const struct rule *rules, size_t count,
		       struct bv_error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!(public->attributes & rules[i].bit) == rules[i].wanted)
			return bv_fail(err, "the key %s", rules[i].why);
	return 0;
}

int bv_tpm_public_attests(const struct bv_tpm_public *public, struct bv_error *err)
{
	static const struct rule rules[] = {
		{ BV_TPM_RESTRICTED, true, "is not restricted: it signs anything, "
		  "attestations that somebody made up too" },
		{ BV_TPM_SIGN, true, "is not for signing" },
		{ BV_TPM_DECRYPT, false, "decrypts, too" },
		RULES_OF_OWN,
	};

	if (check_rules(public, rules, sizeof(rules) / sizeof(*rules), err))
		return -EBADMSG;
	if (public->symmetric != BV_TPM_ALG_NULL || public->scheme == BV_TPM_ALG_NULL)
		return bv_fail(err, "the key has no scheme of its own, as a restricted key that signs has");
	return 0;
}

int bv_tpm_public_endorses(const struct bv_tpm_public *public, struct bv_error *err)
{
	static const struct rule rules[] = {
		{ BV_TPM_RESTRICTED, true, "is not restricted: it decrypts whatever it is given" },
		{ BV_TPM_DECRYPT, true, "does not decrypt" },
		{ BV_TPM_SIGN, false, "signs, too" },
		{ BV_TPM_WITH_POLICY, true, "is administered without a policy "
		  "(not adminWithPolicy)" },
		RULES_OF_OWN,
	};

	if (check_rules(public, rules, sizeof(rules) / sizeof(*rules), err))
		return -EBADMSG;
	if (!public->policy.len)
		return bv_fail(err, "the key has no policy, as all endorsement keys have");
	if (public->symmetric != BV_TPM_ALG_AES || public->symmetric_mode != BV_TPM_ALG_CFB ||
	    (public->symmetric_bits != 128 && public->symmetric_bits != 256))
		return bv_fail(err, "the key protects what is below it with something else than AES "
			       "in CFB mode");
	return 0;
}

static OSSL_PARAM *rsa_params(const struct bv_tpm_public *public, BIGNUM *n, BIGNUM *e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;

	if (build && n && e && BN_set_word(e, public->exponent) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	return params;
}

/* Coordinates may lack leading zeros (part 2, 11.2.5.1). */
static OSSL_PARAM *ecc_params(const struct bv_tpm_public *public, const struct curve *curve,
			      uint8_t point[1 + 2 * BV_TPM_ECC_MAX])
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	size_t size = curve->size;

	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1 + size - public->x.len, public->x.data, public->x.len);
	memcpy(point + 1 + 2 * size - public->y.len, public->y.data, public->y.len);
	if (build &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size))
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	return params;
}

/* The key, unless we do not verify with such a one. */
static EVP_PKEY *usable(EVP_PKEY *key, struct bv_error *err)
{
	if (!key || !bv_tpm_key_usable(key, err))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM *params, struct bv_error *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		bv_fail(err, "the key is none: OpenSSL does not take it");
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	ERR_clear_error();
	return usable(key, err);
}

EVP_PKEY *bv_tpm_public_key(const struct bv_tpm_public *public, struct bv_error *err)
{
	const struct curve *curve = find_curve(public->curve);
	uint8_t point[1 + 2 * BV_TPM_ECC_MAX] = { 0 };

	if (public->type == BV_TPM_ALG_RSA) {
		BIGNUM *n = BN_bin2bn(public->modulus.data, public->modulus.len, NULL);
		BIGNUM *e = BN_new();
		EVP_PKEY *key = from_params("RSA", rsa_params(public, n, e), err);

		BN_free(n);
		BN_free(e);
		return key;
	}
	if (!curve) {
		bv_fail(err, "the key is on curve 0x%04x, neither P-256 nor P-384", public->curve);
		return NULL;
	}
	if (public->x.len > curve->size || public->y.len > curve->size) {
		bv_fail(err, "the key's point has coordinates that are too long");
		return NULL;
	}
	return from_params("EC", ecc_params(public, curve, point), err);
}

bool bv_tpm_is_pem(struct bv_span bytes)
{
	return bytes.len >= strlen(PEM_BEGIN) &&
	       !memcmp(bytes.data, PEM_BEGIN, strlen(PEM_BEGIN));
}

/* The only PEM in the text; its bytes are to be OPENSSL_free()d. */
static uint8_t *read_pem(struct bv_span pem, long *len, struct bv_error *err)
{
	char *name = NULL, *header = NULL, *rest;
	BIO *bio = BIO_new_mem_buf(pem.data, pem.len);
	uint8_t *der = NULL;
	bool good;
	long left;

	if (!bio || !PEM_read_bio(bio, &name, &header, &der, len)) {
		bv_fail(err, "the key is damaged: it is no PUBLIC KEY in PEM");
		BIO_free(bio);
		return NULL;
	}
	good = !strcmp(name, PEM_STRING_PUBLIC) && !*header;
	left = BIO_get_mem_data(bio, &rest);
	for (long i = 0; i < left; i++)
		good = good && isspace((unsigned char)rest[i]);
	if (!good) {
		bv_fail(err, "something is before or after the key in its file");
		OPENSSL_free(der);
		der = NULL;
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	BIO_free(bio);
	return der;
}

EVP_PKEY *bv_tpm_pem_key(struct bv_span pem, struct bv_error *err)
{
	EVP_PKEY *key = NULL;
	const uint8_t *at;
	uint8_t *der;
	long len;

	if (pem.len > BV_TPM_PUBLIC_MAX) {
		bv_fail(err, "the key has %zu bytes, at most %d are possible", pem.len,
			BV_TPM_PUBLIC_MAX);
		return NULL;
	}
	der = read_pem(pem, &len, err);
	if (!der) {
		ERR_clear_error();
		return NULL;
	}
	at = der;
	key = d2i_PUBKEY(NULL, &at, len);
	if (!key || at != der + len) {
		bv_fail(err, "the key is damaged: OpenSSL does not take it");
		EVP_PKEY_free(key);
		key = NULL;
	}
	OPENSSL_free(der);
	ERR_clear_error();
	return usable(key, err);
}
