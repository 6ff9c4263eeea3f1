// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "testenroll.h"

void tw_init(struct tw *tw)
{
	void *maker;

	memset(tw, 0, sizeof(*tw));
	te_setup(&maker);
	tw->maker = maker;
	EVP_PKEY_up_ref(tw->maker->ek);
	tw->ek = tk_new(3, tw->maker->ek);
	tw->tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA384, 4);
}

void tw_exit(struct tw *tw)
{
	void *maker = tw->maker;

	tk_free(tw->ek);
	tt_free(tw->tpm);
	te_teardown(&maker);
}

static void add_bytes(json_t *json, const char *member, struct bv_span bytes)
{
	char *text = bv_base64url(bytes);

	json_object_set_new(json, member, json_string(text));
	free(text);
}

/* For OPENSSL_free() */
static struct bv_span in_pem(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct bv_span text;
	char *data;

	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	text.len = BIO_get_mem_data(bio, &data);
	text.data = OPENSSL_memdup(data, text.len);
	BIO_free(bio);
	return text;
}

json_t *tw_request(const struct tw *tw, const char *name)
{
	json_t *json = json_pack("{s:s, s:s, s:s}", "type", "enroll", "name", name, "model",
				 "TPM 2.0 IBM");
	X509 *cert = tw->cert ? tw->cert : te_make(tw->maker, &tw->wish);
	struct bv_span bytes = tw->pem ? in_pem(cert) : te_der(cert);

	add_bytes(json, "ek", tt_span(&tw->ek->public));
	add_bytes(json, "ak", tt_span(&tw->tpm->public));
	if (!tw->no_cert)
		add_bytes(json, "certificate", bytes);
	if (tw->chain.len)
		add_bytes(json, "chain", tw->chain);
	OPENSSL_free((void *)bytes.data);
	if (!tw->cert)
		X509_free(cert);
	return json;
}

json_t *tw_answer(const struct tw *tw, const uint8_t secret[BV_CREDENTIAL_SECRET])
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], hex[2 * BV_CREDENTIAL_SECRET + 1];

	tw_chip_id(tw, chip);
	bv_hex(hex, sizeof(hex), secret, BV_CREDENTIAL_SECRET);
	return json_pack("{s:s, s:s, s:s}", "type", "enroll-secret", "chip", chip, "secret", hex);
}

void tw_chip_id(const struct tw *tw, char hex[2 * BASTION_DIGEST_SIZE + 1])
{
	uint8_t id[BASTION_DIGEST_SIZE];

	assert_true(EVP_Q_digest(NULL, "SHA384", NULL, tw->ek->public.data, tw->ek->public.len, id,
				 NULL));
	bv_hex(hex, 2 * BASTION_DIGEST_SIZE + 1, id, sizeof(id));
}

static struct bv_span get_bytes(const json_t *json, const char *member)
{
	const char *text = json_string_value(json_object_get(json, member));
	uint8_t *bytes;
	size_t len;

	assert_non_null(text);
	assert_int_equal(bv_unbase64url(text, strlen(text), &bytes, &len), 0);
	return (struct bv_span){ bytes, len };
}

bool tw_activate(const struct tw *tw, const json_t *message, uint8_t secret[BV_CREDENTIAL_SECRET])
{
	struct bv_span blob = get_bytes(message, "credential"), seed = get_bytes(message, "seed");
	struct bv_tpm_public public;
	uint8_t name[BV_TPM_NAME_MAX];
	size_t len;
	bool good;

	assert_int_equal(bv_tpm_public_parse(tt_span(&tw->tpm->public), &public, NULL), 0);
	assert_int_equal(bv_tpm_public_name(&public, name, &len), 0);
	good = tk_activate(tw->ek, (struct bv_span){ name, len }, blob, seed, secret);
	free((void *)blob.data);
	free((void *)seed.data);
	return good;
}
