// SPDX-License-Identifier: GPL-2.0
/* The kernel's DER of signatures, beside OpenSSL's. */
#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "../../../kmod/signature.h"
#include "mutate.h"
#include "test.h"

#define HALF	(BASTION_SIGNATURE_SIZE / 2)

static const u8 seeds[][2] = {
	{ 0x01, 0x02 }, { 0x7f, 0x80 }, { 0x80, 0xff }, { 0xff, 0x00 }, { 0x00, 0x00 },
};

/* r and s that begin with @lead and have @zeros zero bytes before it. */
static void sample(u8 signature[BASTION_SIGNATURE_SIZE], const u8 lead[2], size_t zeros)
{
	memset(signature, 0x5a, BASTION_SIGNATURE_SIZE);
	memset(signature, 0, zeros);
	memset(signature + HALF, 0, zeros);
	signature[zeros] = lead[0];
	signature[HALF + zeros] = lead[1];
}

static size_t openssl_der(const u8 signature[BASTION_SIGNATURE_SIZE], u8 *der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int len;

	ECDSA_SIG_set0(sig, BN_bin2bn(signature, HALF, NULL),
		       BN_bin2bn(signature + HALF, HALF, NULL));
	len = i2d_ECDSA_SIG(sig, &der);
	ECDSA_SIG_free(sig);
	return len;
}

static int parse(const u8 *der, size_t len)
{
	u8 signature[BASTION_SIGNATURE_SIZE];

	return bastion_signature_from_der(der, len, signature);
}

static void agrees_with_openssl(void **state)
{
	u8 signature[BASTION_SIGNATURE_SIZE], again[BASTION_SIGNATURE_SIZE];
	u8 der[BASTION_SIGNATURE_DER_MAX], want[2 * BASTION_SIGNATURE_DER_MAX];
	size_t i, zeros, len;

	for (i = 0; i < sizeof(seeds) / sizeof(*seeds); i++) {
		for (zeros = 0; zeros < HALF; zeros++) {
			sample(signature, seeds[i], zeros);
			len = bastion_signature_to_der(signature, der);
			assert_int_equal(len, openssl_der(signature, want));
			assert_memory_equal(der, want, len);
			assert_int_equal(bastion_signature_from_der(der, len, again), 0);
			assert_memory_equal(signature, again, sizeof(again));
		}
	}
}

static void refuses_what_is_cut(void **state)
{
	u8 signature[BASTION_SIGNATURE_SIZE], der[BASTION_SIGNATURE_DER_MAX + 8] = { 0 };
	size_t len, i;

	sample(signature, seeds[2], 0);
	len = bastion_signature_to_der(signature, der);
	assert_int_equal(len, BASTION_SIGNATURE_DER_MAX);
	for (i = 0; i < len; i++)
		assert_int_equal(mutate_exact(parse, der, i), -EBADMSG);
	/* What comes after it is nobody's business. */
	assert_int_equal(parse(der, sizeof(der)), 0);
}

static void refuses_other_spellings(void **state)
{
	static const struct {
		size_t len;
		u8 der[12];
	} bad[] = {
		{ 8, { 0x31, 6, 2, 1, 1, 2, 1, 1 } },		/* no sequence */
		{ 8, { 0x30, 6, 3, 1, 1, 2, 1, 1 } },		/* no integers */
		{ 8, { 0x30, 6, 2, 1, 1, 3, 1, 1 } },
		{ 8, { 0x30, 6, 2, 1, 0x81, 2, 1, 1 } },	/* below zero */
		{ 9, { 0x30, 7, 2, 2, 0, 1, 2, 1, 1 } },	/* a zero too many */
		{ 7, { 0x30, 5, 2, 0, 2, 1, 1 } },		/* nothing */
		{ 9, { 0x30, 7, 2, 1, 1, 2, 1, 1, 0 } },	/* more in the sequence */
		{ 8, { 0x30, 5, 2, 1, 1, 2, 1, 1 } },		/* less of it */
		{ 9, { 0x30, 0x81, 6, 2, 1, 1, 2, 1, 1 } },	/* a long length */
		{ 5, { 0x30, 3, 2, 1, 1 } },			/* one number */
		{ 2, { 0x30, 0 } },
	};
	u8 der[80] = { 0x30, 54, 2, 49, 1 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(mutate_exact(parse, bad[i].der, bad[i].len), -EBADMSG);
	/* 49 bytes that are no sign are a number too long. */
	der[53] = 2;
	der[54] = 1;
	der[55] = 1;
	assert_int_equal(parse(der, 56), -EBADMSG);
	der[4] = 0;
	der[5] = 0x80;
	assert_int_equal(parse(der, 56), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_openssl),
		cmocka_unit_test(refuses_what_is_cut),
		cmocka_unit_test(refuses_other_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
