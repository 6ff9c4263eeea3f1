// SPDX-License-Identifier: GPL-2.0
/* Secrets for one TPM with one key, and whoever else has them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testcredential.h"

static const uint8_t secret[BV_CREDENTIAL_SECRET] = "a secret of thirty-two bytes...";

static struct bv_tpm_public parse(const struct tk_ek *ek)
{
	struct bv_tpm_public public;
	struct bv_error err = { "" };

	if (bv_tpm_public_parse(tt_span(&ek->public), &public, &err))
		fail_msg("%s", err.text);
	return public;
}

/* A name of the algorithm; what it is the digest of does not matter here. */
static struct bv_span name_of(uint8_t name[2 + 32], uint8_t filling)
{
	name[0] = 0;
	name[1] = 0x0b;
	memset(name + 2, filling, 32);
	return (struct bv_span){ name, 2 + 32 };
}

static bool activates(const struct tk_ek *ek, struct bv_span name,
		      const struct bv_credential *credential)
{
	uint8_t got[BV_CREDENTIAL_SECRET] = { 0 };
	bool good = tk_activate(ek, name,
				(struct bv_span){ credential->blob, credential->blob_len },
				(struct bv_span){ credential->seed, credential->seed_len }, got);

	if (good)
		assert_memory_equal(got, secret, sizeof(secret));
	return good;
}

static void try_key(uint16_t curve)
{
	struct tk_ek *ek = tk_new(curve, NULL), *other = tk_new(curve, NULL);
	uint8_t bytes[2 + 32], more[2 + 32];
	struct bv_span name = name_of(bytes, 1);
	struct bv_tpm_public public = parse(ek);
	struct bv_credential credential, again;

	assert_int_equal(bv_tpm_public_endorses(&public, NULL), 0);
	assert_int_equal(bv_credential_make(&public, name, secret, &credential, NULL), 0);
	assert_true(activates(ek, name, &credential));
	assert_false(activates(other, name, &credential));
	assert_false(activates(ek, name_of(more, 2), &credential));
	/* Two of the same have nothing in common. */
	assert_int_equal(bv_credential_make(&public, name, secret, &again, NULL), 0);
	assert_memory_not_equal(again.blob, credential.blob, credential.blob_len);
	assert_memory_not_equal(again.seed, credential.seed, credential.seed_len);
	for (size_t i = 0; i < credential.blob_len; i++) {
		credential.blob[i] ^= 1;
		assert_false(activates(ek, name, &credential));
		credential.blob[i] ^= 1;
	}
	tk_free(ek);
	tk_free(other);
}

static void test_rsa(void **state)
{
	try_key(0);
}

static void test_p256(void **state)
{
	try_key(3);
}

static void test_p384(void **state)
{
	try_key(4);
}

/* With another digest and cipher than the template has. */
static void test_mixed(void **state)
{
	struct tk_ek *ek = tk_new(0, NULL);
	uint8_t bytes[2 + 32];
	struct bv_credential credential;
	struct bv_tpm_public public;

	ek->hash = BV_BANK_SHA512;
	ek->symmetric_bits = 256;
	tk_make_public(ek);
	public = parse(ek);
	assert_int_equal(bv_credential_make(&public, name_of(bytes, 1), secret, &credential, NULL), 0);
	assert_true(activates(ek, name_of(bytes, 1), &credential));
	tk_free(ek);
}

static void refuses(struct tk_ek *ek, const char *why)
{
	struct bv_tpm_public public;
	struct bv_error err = { "" };

	tk_make_public(ek);
	public = parse(ek);
	assert_int_equal(bv_tpm_public_endorses(&public, &err), -EBADMSG);
	if (!strstr(err.text, why))
		fail_msg("refused, but: %s", err.text);
	ek->attributes = TK_EK_ATTRIBUTES;
	ek->no_policy = false;
	ek->symmetric = BV_TPM_ALG_AES;
	ek->symmetric_bits = 128;
	ek->symmetric_mode = BV_TPM_ALG_CFB;
}

/* Each of them makes a key that says nothing of where it is. */
static void test_attributes(void **state)
{
	struct tk_ek *ek = tk_new(3, NULL);

	ek->attributes &= ~BV_TPM_RESTRICTED;
	refuses(ek, "is not restricted");
	ek->attributes &= ~BV_TPM_DECRYPT;
	refuses(ek, "does not decrypt");
	ek->attributes |= BV_TPM_SIGN;
	refuses(ek, "signs, too");
	ek->attributes &= ~BV_TPM_FIXED_TPM;
	refuses(ek, "not fixedTPM");
	ek->attributes &= ~BV_TPM_FIXED_PARENT;
	refuses(ek, "not fixedParent");
	ek->attributes &= ~BV_TPM_DATA_ORIGIN;
	refuses(ek, "not sensitiveDataOrigin");
	ek->attributes &= ~BV_TPM_WITH_POLICY;
	refuses(ek, "not adminWithPolicy");
	ek->no_policy = true;
	refuses(ek, "has no policy");
	ek->symmetric = BV_TPM_ALG_NULL;
	refuses(ek, "AES in CFB mode");
	ek->symmetric_bits = 192;
	refuses(ek, "AES in CFB mode");
	ek->symmetric_mode = 0x0040;
	refuses(ek, "AES in CFB mode");
	tk_free(ek);
}

/* A point that is on no curve has no key to encrypt to. */
static void test_no_key(void **state)
{
	struct tk_ek *ek = tk_new(3, NULL);
	uint8_t bytes[2 + 32];
	struct bv_credential credential;
	struct bv_tpm_public public;
	struct bv_error err = { "" };

	ek->public.data[ek->public.len - 1] ^= 1;
	public = parse(ek);
	assert_int_equal(bv_credential_make(&public, name_of(bytes, 1), secret, &credential, &err),
			 -EBADMSG);
	assert_non_null(strstr(err.text, "OpenSSL does not take it"));
	assert_int_equal(credential.blob_len, 0);
	tk_free(ek);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rsa),
		cmocka_unit_test(test_p256),
		cmocka_unit_test(test_p384),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_no_key),
	};

	return cmocka_run_group_tests_name("verify: credentials", tests, NULL, NULL);
}
