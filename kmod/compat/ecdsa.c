// SPDX-License-Identifier: GPL-2.0
/*
 * ECDSA over P-384 (FIPS 186-5, 6.4.2): the kernel's where it was built with it,
 * else the textbook's over the kernel's own P-384 arithmetic.
 *
 * Everything here is public, so nothing needs to take constant time.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <crypto/ecc_curve.h>
#include <crypto/ecdh.h>
#include <crypto/internal/ecc.h>
#include <crypto/public_key.h>

#include "signature.h"

#define DIGITS		ECC_CURVE_NIST_P384_DIGITS
#define SCALAR_SIZE	(BASTION_SIGNATURE_SIZE / 2)

#if IS_ENABLED(CONFIG_CRYPTO_ECDSA) && IS_REACHABLE(CONFIG_ASYMMETRIC_PUBLIC_KEY_SUBTYPE)

static int ecdsa_verify(const u8 *key, const u8 *digest, const u8 *signature)
{
	u8 point[BASTION_POINT_SIZE], hash[BASTION_DIGEST_SIZE], der[BASTION_SIGNATURE_DER_MAX];
	struct public_key pkey = {
		.key = point,
		.keylen = sizeof(point),
		.algo = OID_id_ansip384r1,
		.id_type = "X509",
		.pkey_algo = "ecdsa-nist-p384",
	};
	struct public_key_signature sig = {
		.s = der,
		.s_size = bastion_signature_to_der(signature, der),
#ifdef COMPAT_HAVE_SIGNATURE_M
		.m = hash,
		.m_size = sizeof(hash),
#else
		.digest = hash,
		.digest_size = sizeof(hash),
#endif
		.pkey_algo = "ecdsa",
		.hash_algo = "sha384",
		.encoding = "x962",
	};

	memcpy(point, key, sizeof(point));
	memcpy(hash, digest, sizeof(hash));
	return public_key_verify_signature(&pkey, &sig);
}

#else

static int ecdsa_verify(const u8 *key, const u8 *digest, const u8 *signature)
{
	const struct ecc_curve *curve = ecc_get_curve(ECC_CURVE_NIST_P384);
	u64 qx[DIGITS], qy[DIGITS], x[DIGITS], y[DIGITS];
	u64 e[DIGITS], r[DIGITS], s[DIGITS];
	struct ecc_point q = ECC_POINT_INIT(qx, qy, DIGITS);
	struct ecc_point sum = ECC_POINT_INIT(x, y, DIGITS);

	vli_from_be64(qx, key + 1, DIGITS);
	vli_from_be64(qy, key + 1 + SCALAR_SIZE, DIGITS);
	if (key[0] != 0x04 || ecc_is_pubkey_valid_full(curve, &q))
		return -EINVAL;

	/* 1. The range of r and s was checked. 2, 3. The digest is as long as n. */
	vli_from_be64(e, digest, DIGITS);
	vli_from_be64(r, signature, DIGITS);
	vli_from_be64(s, signature + SCALAR_SIZE, DIGITS);

	/* 4. s = s^-1 mod n; 5. e = u = e s^-1, s = v = r s^-1 */
	vli_mod_inv(s, s, curve->n, DIGITS);
	vli_mod_mult_slow(e, e, s, curve->n, DIGITS);
	vli_mod_mult_slow(s, r, s, curve->n, DIGITS);

	/* 6. R = u G + v Q, whose x is 0 at infinity; 7. x mod n, p being below 2 n */
	ecc_point_mult_shamir(&sum, e, &curve->g, s, &q, curve);
	if (vli_cmp(x, curve->n, DIGITS) >= 0)
		vli_sub(x, x, curve->n, DIGITS);

	return vli_cmp(x, r, DIGITS) ? -EKEYREJECTED : 0;
}

#endif

static bool scalar_in_range(const u8 *value)
{
	const struct ecc_curve *curve = ecc_get_curve(ECC_CURVE_NIST_P384);
	u64 scalar[DIGITS];

	vli_from_be64(scalar, value, DIGITS);
	return !vli_is_zero(scalar, DIGITS) && vli_cmp(scalar, curve->n, DIGITS) < 0;
}

/**
 * compat_ecdsa_p384_verify - checks an ECDSA signature (FIPS 186-5, 6.4.2)
 * @key:	P-384 point, uncompressed
 * @digest:	SHA-384 of what was signed
 * @signature:	r || s, big endian, both 1 .. n - 1
 *
 * Return: 0, -EKEYREJECTED, -EINVAL for a key that is none, -ENOMEM or another
 * error of the kernel's crypto. May sleep.
 */
int compat_ecdsa_p384_verify(const u8 key[BASTION_POINT_SIZE],
			     const u8 digest[BASTION_DIGEST_SIZE],
			     const u8 signature[BASTION_SIGNATURE_SIZE])
{
	int ret;

	if (!scalar_in_range(signature) || !scalar_in_range(signature + SCALAR_SIZE))
		return -EKEYREJECTED;
	ret = ecdsa_verify(key, digest, signature);
	return ret == -EBADMSG ? -EKEYREJECTED : ret;
}
