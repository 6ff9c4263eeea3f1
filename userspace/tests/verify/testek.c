// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "testek.h"

static void add_ext(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(ext);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void add_text(X509_NAME *name, const char *oid, const char *text)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);

	if (*text)
		assert_int_equal(X509_NAME_add_entry_by_OBJ(name, obj, MBSTRING_UTF8,
							    (const uint8_t *)text, -1, -1, 0), 1);
	ASN1_OBJECT_free(obj);
}

static const char *either(const char *wanted, const char *usual)
{
	return wanted ? wanted : usual;
}

static void add_names(X509 *cert, const struct wish *wish)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *one = GENERAL_NAME_new();
	X509_NAME *name = X509_NAME_new();

	add_text(name, "2.23.133.2.1", either(wish->id, "id:474F4F47"));
	if (wish->twice)
		add_text(name, "2.23.133.2.1", "id:00000000");
	add_text(name, "2.23.133.2.2", either(wish->model, "model 1"));
	add_text(name, "2.23.133.2.3", either(wish->version, "id:00010002"));
	if (wish->extra)
		add_text(name, wish->extra, "more");
	one->type = GEN_DIRNAME;
	one->d.directoryName = name;
	sk_GENERAL_NAME_push(all, one);
	if (wish->dns) {
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		ASN1_STRING_set(text, wish->dns, -1);
		one = GENERAL_NAME_new();
		GENERAL_NAME_set0_value(one, GEN_DNS, text);
		sk_GENERAL_NAME_push(all, one);
	}
	assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, all, !wish->not_critical, 0),
			 1);
	GENERAL_NAMES_free(all);
}

static void add_unknown(X509 *cert, const char *oid)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05\x00", 2);
	ext = X509_EXTENSION_create_by_OBJ(NULL, obj, 1, value);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(obj);
}

X509 *te_begin(long serial, const char *subject, const X509 *issuer, EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	ASN1_TIME_set(X509_getm_notBefore(cert), NOW - YEAR);
	ASN1_TIME_set(X509_getm_notAfter(cert), NOW + YEAR);
	if (*subject)
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)subject, -1,
					   -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	return cert;
}

void te_end(X509 *cert, EVP_PKEY *key, const char *digest)
{
	assert_true(X509_sign(cert, key, EVP_get_digestbyname(digest)) > 0);
}

X509 *te_make(const struct maker *maker, const struct wish *wish)
{
	X509 *cert = te_begin(100, either(wish->subject, "a TPM"), maker->authority, maker->ek);

	add_ext(cert, NID_basic_constraints, either(wish->constraints, "critical,CA:FALSE"));
	if (*either(wish->usage, "critical,keyAgreement"))
		add_ext(cert, NID_key_usage, either(wish->usage, "critical,keyAgreement"));
	if (*either(wish->purpose, "2.23.133.8.1"))
		add_ext(cert, NID_ext_key_usage, either(wish->purpose, "2.23.133.8.1"));
	if (!wish->no_names)
		add_names(cert, wish);
	if (wish->unknown)
		add_unknown(cert, wish->unknown);
	te_end(cert, maker->key, either(wish->digest, "SHA256"));
	return cert;
}

struct bv_span te_der(X509 *cert)
{
	uint8_t *bytes = NULL;
	int len = i2d_X509(cert, &bytes);

	assert_true(len > 0);
	return (struct bv_span){ bytes, len };
}

void te_add_anchor(struct bv_ek_anchors *anchors, X509 *cert)
{
	struct bv_span bytes = te_der(cert);

	assert_int_equal(bv_ek_anchors_add(anchors, bytes, NULL), 0);
	OPENSSL_free((void *)bytes.data);
}

int te_setup(void **state)
{
	struct maker *maker = calloc(1, sizeof(*maker));

	maker->root_key = EVP_EC_gen("P-384");
	maker->key = EVP_EC_gen("P-256");
	maker->ek = EVP_EC_gen("P-256");
	maker->root = te_begin(1, "root", NULL, maker->root_key);
	add_ext(maker->root, NID_basic_constraints, "critical,CA:TRUE");
	te_end(maker->root, maker->root_key, "SHA384");
	maker->authority = te_begin(2, "authority", maker->root, maker->key);
	add_ext(maker->authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
	add_ext(maker->authority, NID_key_usage, "critical,keyCertSign,cRLSign");
	te_end(maker->authority, maker->root_key, "SHA384");
	assert_int_equal(bv_ek_anchors_init(&maker->anchors), 0);
	te_add_anchor(&maker->anchors, maker->root);
	te_add_anchor(&maker->anchors, maker->authority);
	*state = maker;
	return 0;
}

int te_teardown(void **state)
{
	struct maker *maker = *state;

	bv_ek_anchors_exit(&maker->anchors);
	X509_free(maker->root);
	X509_free(maker->authority);
	EVP_PKEY_free(maker->root_key);
	EVP_PKEY_free(maker->key);
	EVP_PKEY_free(maker->ek);
	free(maker);
	return 0;
}

struct bv_span te_crl_of(const X509 *issuer, EVP_PKEY *key, long serial, int64_t until,
				  const AUTHORITY_KEYID *keyid)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, NOW - 1000);
	uint8_t *bytes = NULL;
	int len;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer));
	X509_CRL_set1_lastUpdate(crl, when);
	ASN1_INTEGER_set(number, serial);
	X509_REVOKED_set_serialNumber(revoked, number);
	X509_REVOKED_set_revocationDate(revoked, when);
	X509_CRL_add0_revoked(crl, revoked);
	ASN1_TIME_set(when, until);
	X509_CRL_set1_nextUpdate(crl, when);
	if (keyid)
		X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, (void *)keyid, 0, 0);
	assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
	len = i2d_X509_CRL(crl, &bytes);
	assert_true(len > 0);
	ASN1_TIME_free(when);
	ASN1_INTEGER_free(number);
	X509_CRL_free(crl);
	return (struct bv_span){ bytes, len };
}

struct bv_span te_crl(const X509 *issuer, EVP_PKEY *key, long serial, int64_t until)
{
	return te_crl_of(issuer, key, serial, until, NULL);
}
