// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "libbastion/file.h"
#include "libbastion/pem.h"

void bastion_pem_spki(const uint8_t point[BASTION_POINT_SIZE], uint8_t der[BASTION_PEM_SPKI_SIZE])
{
	static const uint8_t prefix[] = BASTION_SPKI_PREFIX;

	memcpy(der, prefix, sizeof(prefix));
	memcpy(der + sizeof(prefix), point, BASTION_POINT_SIZE);
}

static EVP_PKEY *key_from_point(const uint8_t point[BASTION_POINT_SIZE])
{
	uint8_t der[BASTION_PEM_SPKI_SIZE];
	const unsigned char *at = der;

	bastion_pem_spki(point, der);
	return d2i_PUBKEY(NULL, &at, sizeof(der));
}

static int on_curve(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int ok = ctx && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static int no_password(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

/* The point, provided that the key is what the kernel takes. */
static int point_of(EVP_PKEY *key, uint8_t point[BASTION_POINT_SIZE])
{
	uint8_t encoded[2 * BASTION_POINT_SIZE];
	EVP_PKEY *again;
	char group[32];
	size_t len = 0;
	int ok;

	if (!EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, "secp384r1"))
		return -EBADMSG;
	EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
				       "uncompressed");
	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, encoded,
					    sizeof(encoded), &len) != 1 ||
	    len != BASTION_POINT_SIZE || encoded[0] != 0x04)
		return -EBADMSG;
	/* Explicit parameters could lie about the curve: judge the point on the named one. */
	again = key_from_point(encoded);
	ok = again && on_curve(again);
	EVP_PKEY_free(again);
	if (!ok)
		return -EBADMSG;
	memcpy(point, encoded, BASTION_POINT_SIZE);
	return 0;
}

int bastion_pem_parse(const uint8_t *pem, size_t len, uint8_t point[BASTION_POINT_SIZE],
		      struct bastion_error *err)
{
	EVP_PKEY *key = NULL;
	int rc = -EBADMSG;
	BIO *bio;

	if (len > BASTION_PEM_MAX)
		return bastion_error_set(err, BASTION_OP_FILE, EBADMSG, "too large for a key");
	bio = BIO_new_mem_buf(pem, len);
	if (!bio)
		return bastion_error_set(err, BASTION_OP_FILE, ENOMEM, "cannot parse the key");
	key = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
	if (key)
		rc = point_of(key, point);
	EVP_PKEY_free(key);
	BIO_free(bio);
	if (rc)
		return bastion_error_set(err, BASTION_OP_FILE, -rc,
					 "not a PEM public key on P-384 (-----BEGIN PUBLIC KEY-----)");
	return 0;
}

int bastion_pem_read(const char *path, int trust, uint8_t point[BASTION_POINT_SIZE],
		     struct bastion_error *err)
{
	struct bastion_error inner;
	uint8_t *pem;
	size_t len;
	int rc;

	rc = trust ? bastion_file_read_trusted(path, BASTION_PEM_MAX, &pem, &len, err) :
		     bastion_file_read(path, BASTION_PEM_MAX, &pem, &len, err);
	if (rc)
		return rc;
	rc = bastion_pem_parse(pem, len, point, &inner);
	if (rc)
		bastion_error_set(err, BASTION_OP_FILE, -rc, "%s: %s", path, inner.text);
	free(pem);
	return rc;
}

int bastion_pem_format(const uint8_t point[BASTION_POINT_SIZE], char **pem,
		       struct bastion_error *err)
{
	EVP_PKEY *key = key_from_point(point);
	BIO *bio = BIO_new(BIO_s_mem());
	int rc = -EBADMSG;
	char *text;
	long len;

	if (key && bio && PEM_write_bio_PUBKEY(bio, key) == 1) {
		len = BIO_get_mem_data(bio, &text);
		*pem = strndup(text, len);
		rc = *pem ? (int)len : -ENOMEM;
	}
	EVP_PKEY_free(key);
	BIO_free(bio);
	if (rc < 0)
		bastion_error_set(err, BASTION_OP_FILE, -rc, "cannot format the key");
	return rc;
}

int bastion_pem_digest(const uint8_t point[BASTION_POINT_SIZE], uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t der[BASTION_PEM_SPKI_SIZE];

	bastion_pem_spki(point, der);
	return EVP_Digest(der, sizeof(der), digest, NULL, EVP_sha384(), NULL) == 1 ? 0 : -EIO;
}
