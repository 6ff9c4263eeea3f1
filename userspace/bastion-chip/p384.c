// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include <gmp.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>

#include <bastion/round.h>

#include "bastion-chip/hash.h"
#include "bastion-chip/p384.h"

_Static_assert(CHIP_SPKI_SIZE == BASTION_SPKI_PREFIX_SIZE + BASTION_POINT_SIZE, "SPKI prefix");

static void nettle_random(void *ctx, size_t len, uint8_t *out)
{
	chip_random(out, len);
}

/* The number's limbs, that gmp would leave in freed memory, are overwritten. */
static void number_wipe(mpz_t number)
{
	size_t limbs = mpz_size(number);

	if (limbs)
		explicit_bzero(mpz_limbs_modify(number, limbs), limbs * sizeof(mp_limb_t));
	mpz_clear(number);
}

static void scalar_wipe(struct ecc_scalar *scalar)
{
	size_t bits = ecc_bit_size(scalar->ecc);

	explicit_bzero(scalar->p, (bits + GMP_NUMB_BITS - 1) / GMP_NUMB_BITS * sizeof(mp_limb_t));
	ecc_scalar_clear(scalar);
}

static void number_get(mpz_t number, const uint8_t *bytes, size_t len)
{
	mpz_import(number, len, 1, 1, 1, 0, bytes);
}

static void number_put(const mpz_t number, uint8_t *bytes, size_t len)
{
	size_t have = (mpz_sizeinbase(number, 2) + 7) / 8;

	memset(bytes, 0, len);
	mpz_export(bytes + len - have, NULL, 1, 1, 1, 0, number);
}

void chip_key_generate(uint8_t secret[CHIP_SCALAR_SIZE])
{
	struct ecc_scalar scalar;
	struct ecc_point point;
	mpz_t number;

	ecc_scalar_init(&scalar, nettle_get_secp_384r1());
	ecc_point_init(&point, nettle_get_secp_384r1());
	mpz_init(number);
	ecdsa_generate_keypair(&point, &scalar, NULL, nettle_random);
	ecc_scalar_get(&scalar, number);
	number_put(number, secret, CHIP_SCALAR_SIZE);
	number_wipe(number);
	ecc_point_clear(&point);
	scalar_wipe(&scalar);
}

bool chip_key_load(struct chip_key *key, const uint8_t secret[CHIP_SCALAR_SIZE])
{
	struct ecc_point public;
	mpz_t number, y;
	bool good;

	ecc_scalar_init(&key->secret, nettle_get_secp_384r1());
	mpz_init(number);
	number_get(number, secret, CHIP_SCALAR_SIZE);
	good = ecc_scalar_set(&key->secret, number);
	number_wipe(number);
	if (!good) {
		scalar_wipe(&key->secret);
		return false;
	}
	ecc_point_init(&public, nettle_get_secp_384r1());
	mpz_inits(number, y, NULL);
	ecc_point_mul_g(&public, &key->secret);
	ecc_point_get(&public, number, y);
	key->point[0] = 0x04;
	number_put(number, key->point + 1, 48);
	number_put(y, key->point + 49, 48);
	chip_spki_digest(key->point, key->spki_digest);
	mpz_clears(number, y, NULL);
	ecc_point_clear(&public);
	return true;
}

void chip_key_wipe(struct chip_key *key)
{
	scalar_wipe(&key->secret);
	memset(key, 0, sizeof(*key));
}

void chip_key_sign(const struct chip_key *key, const uint8_t *digest, size_t len,
		   uint8_t signature[BASTION_SIGNATURE_SIZE])
{
	struct dsa_signature number;

	dsa_signature_init(&number);
	ecdsa_sign(&key->secret, NULL, nettle_random, len, digest, &number);
	number_put(number.r, signature, BASTION_SIGNATURE_SIZE / 2);
	number_put(number.s, signature + BASTION_SIGNATURE_SIZE / 2, BASTION_SIGNATURE_SIZE / 2);
	dsa_signature_clear(&number);
}

bool chip_signature_valid(const uint8_t point[BASTION_POINT_SIZE],
			  const uint8_t digest[BASTION_DIGEST_SIZE],
			  const uint8_t signature[BASTION_SIGNATURE_SIZE])
{
	struct dsa_signature number;
	struct ecc_point public;
	bool good;
	mpz_t x, y;

	if (point[0] != 0x04)
		return false;
	ecc_point_init(&public, nettle_get_secp_384r1());
	dsa_signature_init(&number);
	mpz_inits(x, y, NULL);
	number_get(x, point + 1, 48);
	number_get(y, point + 49, 48);
	number_get(number.r, signature, BASTION_SIGNATURE_SIZE / 2);
	number_get(number.s, signature + BASTION_SIGNATURE_SIZE / 2, BASTION_SIGNATURE_SIZE / 2);
	good = ecc_point_set(&public, x, y) &&
	       ecdsa_verify(&public, BASTION_DIGEST_SIZE, digest, &number);
	mpz_clears(x, y, NULL);
	dsa_signature_clear(&number);
	ecc_point_clear(&public);
	return good;
}

void chip_spki(const uint8_t point[BASTION_POINT_SIZE], uint8_t spki[CHIP_SPKI_SIZE])
{
	static const uint8_t prefix[] = BASTION_SPKI_PREFIX;

	memcpy(spki, prefix, sizeof(prefix));
	memcpy(spki + sizeof(prefix), point, BASTION_POINT_SIZE);
}

void chip_spki_digest(const uint8_t point[BASTION_POINT_SIZE],
		      uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t spki[CHIP_SPKI_SIZE];

	chip_spki(point, spki);
	chip_sha384(digest, { spki, sizeof(spki) });
}
