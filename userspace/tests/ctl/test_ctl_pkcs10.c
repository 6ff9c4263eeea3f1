// SPDX-License-Identifier: GPL-2.0
/* Certification requests, with a software key standing in for the chip. */
#include <errno.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "bastionctl/key_pkcs10.h"
#include "libbastion/pem.h"
#include "tests/ctl/test.h"

static EVP_PKEY *key, *other;
static int signatures;

static ssize_t sign(void *arg, const uint8_t *digest, size_t len, uint8_t *sig,
		    struct bastion_error *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(arg, NULL);
	size_t sig_len = 104;

	assert_int_equal(len, 48);
	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, sig, &sig_len, digest, len), 1);
	EVP_PKEY_CTX_free(ctx);
	signatures++;
	return sig_len;
}

static ssize_t cannot_sign(void *arg, const uint8_t *digest, size_t len, uint8_t *sig,
			   struct bastion_error *err)
{
	return bastion_error_set(err, BASTION_OP_SIGN, ETIMEDOUT, "no");
}

static int make_keys(void **state)
{
	key = EVP_EC_gen("P-384");
	other = EVP_EC_gen("P-384");
	return key && other ? 0 : -1;
}

static int free_keys(void **state)
{
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return 0;
}

static struct key_pkcs10 request_for(const char *subject)
{
	struct key_pkcs10 request = { .subject = subject, .sign = sign, .arg = key };
	unsigned char *der = NULL;

	assert_int_equal(i2d_PUBKEY(key, &der), BASTION_PEM_SPKI_SIZE);
	memcpy(request.point, der + BASTION_SPKI_PREFIX_SIZE, BASTION_POINT_SIZE);
	OPENSSL_free(der);
	return request;
}

static X509_REQ *build(const struct key_pkcs10 *request)
{
	struct bastion_error err;
	X509_REQ *req;
	ssize_t len;
	char *pem;
	BIO *bio;

	len = key_pkcs10_build(request, &pem, &err);
	assert_true(len > 0);
	assert_int_equal(len, strlen(pem));
	bio = BIO_new_mem_buf(pem, len);
	req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	assert_non_null(req);
	BIO_free(bio);
	free(pem);
	return req;
}

static int refused(const struct key_pkcs10 *request)
{
	struct bastion_error err = { 0 };
	char *pem;
	ssize_t rc = key_pkcs10_build(request, &pem, &err);

	assert_true(rc < 0);
	assert_int_equal(err.code, -rc);
	return rc;
}

static void a_request(void **state)
{
	struct key_pkcs10 request = request_for("/C=DE/O=A\\/B \\= C/CN=host");
	X509_REQ *req = build(&request);
	X509_NAME *subject = X509_REQ_get_subject_name(req);
	char part[32];

	assert_int_equal(X509_REQ_get_version(req), 0);
	assert_int_equal(X509_REQ_get_signature_nid(req), NID_ecdsa_with_SHA384);
	assert_int_equal(EVP_PKEY_eq(X509_REQ_get0_pubkey(req), key), 1);
	assert_int_equal(X509_REQ_verify(req, key), 1);
	assert_true(X509_REQ_verify(req, other) != 1);
	assert_int_equal(X509_NAME_entry_count(subject), 3);
	X509_NAME_get_text_by_NID(subject, NID_organizationName, part, sizeof(part));
	assert_string_equal(part, "A/B = C");
	X509_NAME_get_text_by_NID(subject, NID_commonName, part, sizeof(part));
	assert_string_equal(part, "host");
	assert_int_equal(X509_REQ_get_attr_count(req), 0);
	X509_REQ_free(req);
}

static void alternative_names(void **state)
{
	struct key_pkcs10 request = request_for("/CN=host");
	STACK_OF(X509_EXTENSION) *extensions;
	GENERAL_NAMES *names;
	X509_REQ *req;

	request.dns[request.dns_count++] = "host.example";
	request.dns[request.dns_count++] = "*.host.example";
	request.ip[request.ip_count++] = "192.0.2.1";
	request.ip[request.ip_count++] = "2001:db8::1";
	req = build(&request);
	extensions = X509_REQ_get_extensions(req);
	assert_int_equal(sk_X509_EXTENSION_num(extensions), 1);
	names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	assert_int_equal(sk_GENERAL_NAME_num(names), 4);
	assert_int_equal(sk_GENERAL_NAME_value(names, 1)->type, GEN_DNS);
	assert_string_equal((char *)sk_GENERAL_NAME_value(names, 1)->d.dNSName->data,
			    "*.host.example");
	assert_int_equal(sk_GENERAL_NAME_value(names, 2)->d.iPAddress->length, 4);
	assert_int_equal(sk_GENERAL_NAME_value(names, 3)->d.iPAddress->length, 16);
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(req);
}

/* Refused before anybody is asked to sign. */
static void bad_names(void **state)
{
	static const char *const subjects[] = {
		"", "/", "CN=host", "/CN", "/CN=", "/=host", "/CN=host/", "/CN=host//O=x",
		"/NOSUCHTYPE=x", "/C=toolong", "/CN=\xff\xfe",
	};
	static const char *const dns[] = { "", "a,DNS:b", "a b", "h\xc3\xb6st", "a\n" };
	static const char *const ip[] = { "", "1.2.3", "1.2.3.4.5", "host", "1.2.3.4/8", "::g" };
	struct key_pkcs10 request;
	char long_name[300];
	size_t i;

	signatures = 0;
	for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		request = request_for(subjects[i]);
		assert_int_equal(refused(&request), -EINVAL);
	}
	request = request_for("/CN=host");
	request.dns_count = 1;
	for (i = 0; i < sizeof(dns) / sizeof(dns[0]); i++) {
		request.dns[0] = dns[i];
		assert_int_equal(refused(&request), -EINVAL);
	}
	memset(long_name, 'a', sizeof(long_name));
	long_name[254] = '\0';
	request.dns[0] = long_name;
	assert_int_equal(refused(&request), -EINVAL);
	request.dns_count = 0;
	request.ip_count = 1;
	for (i = 0; i < sizeof(ip) / sizeof(ip[0]); i++) {
		request.ip[0] = ip[i];
		assert_int_equal(refused(&request), -EINVAL);
	}
	assert_int_equal(signatures, 0);
}

static void bad_signatures(void **state)
{
	struct key_pkcs10 request = request_for("/CN=host");

	request.arg = other;
	assert_int_equal(refused(&request), -EBADMSG);
	request.sign = cannot_sign;
	assert_int_equal(refused(&request), -ETIMEDOUT);
	request = request_for("/CN=host");
	request.point[50] ^= 1;
	assert_int_equal(refused(&request), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request), cmocka_unit_test(alternative_names),
		cmocka_unit_test(bad_names), cmocka_unit_test(bad_signatures),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
