// SPDX-License-Identifier: GPL-2.0
/* Quotes of a TPM that does as a test says. */
#include <errno.h>

#include "libbastion/tpm_internal.h"
#include "tests/ctl/fake_tpm.h"
#include "tests/ctl/test.h"

#define PCR 13

static const uint8_t qualifying[BASTION_DIGEST_SIZE] = "what the kernel wants to have signed";

static int begin(void **state)
{
	unsigned int i;

	memset(&fake_tpm, 0, sizeof(fake_tpm));
	for (i = 0; i < FAKE_PCRS; i++)
		memset(fake_tpm.pcrs[i], i, sizeof(fake_tpm.pcrs[i]));
	return 0;
}

/* Whatever came of it, nothing is left behind. */
static int try_open(struct bastion_tpm **tpm, struct bastion_error *err)
{
	int rc = bastion_tpm_open("fake", 0, tpm, err);

	if (rc) {
		assert_int_equal(fake_tpm.loaded, 0);
		assert_int_equal(fake_tpm.opened, 0);
		assert_int_equal(err->op, BASTION_OP_TPM);
		assert_int_equal(err->code, -rc);
	}
	return rc;
}

static int try_quote(struct bastion_tpm_quote *quote, struct bastion_error *err)
{
	const uint8_t value[BASTION_TPM_PCR_SIZE] = { [0 ... 31] = PCR };
	struct bastion_tpm *tpm;
	int rc;

	assert_int_equal(try_open(&tpm, err), 0);
	assert_int_equal(fake_tpm.loaded, 1);
	rc = bastion_tpm_quote(tpm, qualifying, PCR, value, quote, err);
	bastion_tpm_close(tpm);
	assert_int_equal(fake_tpm.loaded, 0);
	assert_int_equal(fake_tpm.opened, 0);
	return rc;
}

static void quote_is_good(void **state)
{
	struct bastion_tpm_quote quote;
	struct bastion_error err;
	unsigned int i;

	assert_int_equal(try_quote(&quote, &err), 0);
	assert_int_equal(fake_tpm.quotes, 1);
	assert_int_equal(fake_tpm.qualifying.size, sizeof(qualifying));
	assert_memory_equal(fake_tpm.qualifying.buffer, qualifying, sizeof(qualifying));
	assert_int_equal(quote.pcrs, 0x27ff);
	for (i = 0; i < FAKE_PCRS; i++)
		if (quote.pcrs & 1u << i)
			assert_memory_equal(quote.values[i], fake_tpm.pcrs[i], 32);
	assert_memory_equal(quote.attest, "\xffTCG", 4);
	assert_memory_equal(quote.signature, "\x00\x18\x00\x0c", 4);
	assert_memory_equal(quote.key, "\x00\x23\x00\x0b", 4);
	assert_int_equal(quote.signature_len, 2 + 2 + 2 * (2 + 48));
}

/* The name of the key is enrolled: it may never change. */
static void key_is_as_it_always_was(void **state)
{
	static const uint8_t wanted[] =
		"\x00\x23\x00\x0b\x00\x05\x04\x72\x00\x00\x00\x10\x00\x18\x00\x0c\x00\x04\x00\x10"
		"\x00\x1a" "bastion attestation key v1" "\x00";
	struct bastion_tpm_quote quote;
	struct bastion_error err;

	assert_int_equal(try_quote(&quote, &err), 0);
	assert_int_equal(quote.key_len, sizeof(wanted));
	assert_memory_equal(quote.key, wanted, sizeof(wanted));
}

static void key_of_a_smaller_tpm(void **state)
{
	static const TSS2_RC cannot[] = {
		TPM2_RC_CURVE | TPM2_RC_P | TPM2_RC_2, TPM2_RC_HASH | TPM2_RC_P | TPM2_RC_2,
		TPM2_RC_SCHEME | TPM2_RC_P | TPM2_RC_2,
	};
	const TPMS_ECC_PARMS *parameters = &fake_tpm.template.parameters.eccDetail;
	struct bastion_tpm_quote quote;
	struct bastion_error err;
	size_t i;

	for (i = 0; i < sizeof(cannot) / sizeof(cannot[0]); i++) {
		begin(state);
		fake_tpm.create[0] = cannot[i];
		assert_int_equal(try_quote(&quote, &err), 0);
		assert_int_equal(fake_tpm.created, 2);
		assert_int_equal(parameters->curveID, TPM2_ECC_NIST_P256);
		assert_int_equal(parameters->scheme.details.ecdsa.hashAlg, TPM2_ALG_SHA256);
		fake_tpm.create[1] = cannot[i];
		assert_int_equal(try_open(&(struct bastion_tpm *){ NULL }, &err), -EOPNOTSUPP);
	}
}

/* Another key because of a passing trouble would be one that nobody has enrolled. */
static void errors(void **state)
{
	static const struct {
		TSS2_RC rc;
		int code;
	} cases[] = {
		{ TPM2_RC_BAD_AUTH | TPM2_RC_S | TPM2_RC_1, EKEYREJECTED },
		{ TPM2_RC_AUTH_FAIL | TPM2_RC_S | TPM2_RC_1, EKEYREJECTED },
		{ TPM2_RC_HIERARCHY | TPM2_RC_H | TPM2_RC_1, EKEYREJECTED },
		{ TPM2_RC_OBJECT_MEMORY, EAGAIN }, { TPM2_RC_LOCKOUT, EAGAIN },
		{ TPM2_RC_RETRY, EAGAIN }, { TPM2_RC_FAILURE, EIO },
		{ TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_2, EIO },
		{ TSS2_ESYS_RC_MEMORY, ENOMEM }, { TSS2_TCTI_RC_IO_ERROR, EIO },
	};
	struct bastion_tpm_quote quote;
	struct bastion_error err;
	struct bastion_tpm *tpm;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(state);
		fake_tpm.create[0] = cases[i].rc;
		assert_int_equal(try_open(&tpm, &err), -cases[i].code);
		assert_int_equal(fake_tpm.created, 1);
		fake_tpm.created = 1;
		fake_tpm.quote = cases[i].rc;
		assert_int_equal(try_quote(&quote, &err), -cases[i].code);
		fake_tpm.quote = 0;
		fake_tpm.created = 1;
		fake_tpm.read = cases[i].rc;
		assert_int_equal(try_quote(&quote, &err), -cases[i].code);
	}
	begin(state);
	fake_tpm.create[0] = TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_COMMAND_CODE;
	fake_tpm.create[1] = TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_COMMAND_CODE;
	assert_int_equal(try_open(&tpm, &err), -EOPNOTSUPP);
}

static void no_such_tpm(void **state)
{
	struct bastion_error err;
	struct bastion_tpm *tpm;

	assert_int_equal(bastion_tpm_open(NULL, 4711, &tpm, &err), -ENOENT);
	assert_string_equal(err.text, "cannot open /dev/tpmrm4711");
	assert_int_equal(bastion_tpm_open("other", 0, &tpm, &err), -EIO);
	assert_int_equal(fake_tpm.opened, 0);
	bastion_tpm_close(NULL);
}

/* IMA extends PCR 10 before and after some quotes: values and quote belong together anyway. */
static void registers_move(void **state)
{
	struct bastion_tpm_quote quote;
	struct bastion_error err;

	fake_tpm.moves = 3;
	assert_int_equal(try_quote(&quote, &err), 0);
	assert_int_equal(fake_tpm.quotes, 4);
	assert_memory_equal(quote.values[10], fake_tpm.pcrs[10], 32);
	begin(state);
	fake_tpm.moves = 1000000;
	assert_int_equal(try_quote(&quote, &err), -EBUSY);
	assert_true(fake_tpm.quotes <= 100);
}

static void later_register(void **state)
{
	struct bastion_tpm_quote quote;
	struct bastion_error err;

	fake_tpm.pcrs[PCR][31]++;
	assert_int_equal(try_quote(&quote, &err), -ESTALE);
}

static void lies(void **state)
{
	struct bastion_tpm_quote quote;
	struct bastion_error err;
	int lie;

	for (lie = FAKE_NO_VALUES; lie <= FAKE_GARBLED; lie++) {
		begin(state);
		fake_tpm.lie = lie;
		assert_int_equal(try_quote(&quote, &err), -EIO);
	}
}

static void no_such_register(void **state)
{
	const uint8_t value[BASTION_TPM_PCR_SIZE] = { 0 };
	struct bastion_tpm_quote quote;
	struct bastion_error err;
	struct bastion_tpm *tpm;

	assert_int_equal(try_open(&tpm, &err), 0);
	assert_int_equal(bastion_tpm_quote(tpm, qualifying, 24, value, &quote, &err), -EIO);
	bastion_tpm_close(tpm);
}

static void list_of_something_else(void **state)
{
	TPM2B_PUBLIC public = { 0 };
	const struct bastion_tpm_ek ek = { .public = &public };
	struct bastion_tpm_identity identity = { 0 };
	struct bastion_error err;
	struct bastion_tpm *tpm;

	assert_int_equal(try_open(&tpm, &err), 0);
	assert_int_equal(bastion_tpm_ek_certificates(tpm, &ek, &identity, &err), 0);
	assert_null(identity.certificate);
	fake_tpm.lie = FAKE_OTHER_CAPABILITY;
	assert_int_equal(bastion_tpm_ek_certificates(tpm, &ek, &identity, &err), -EIO);
	bastion_tpm_identity_free(&identity);
	bastion_tpm_close(tpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(quote_is_good, begin),
		cmocka_unit_test_setup(key_is_as_it_always_was, begin),
		cmocka_unit_test_setup(key_of_a_smaller_tpm, begin),
		cmocka_unit_test_setup(errors, begin),
		cmocka_unit_test_setup(no_such_tpm, begin),
		cmocka_unit_test_setup(registers_move, begin),
		cmocka_unit_test_setup(later_register, begin),
		cmocka_unit_test_setup(lies, begin),
		cmocka_unit_test_setup(no_such_register, begin),
		cmocka_unit_test_setup(list_of_something_else, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
