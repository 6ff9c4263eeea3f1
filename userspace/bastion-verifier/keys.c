// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "files.h"
#include "keys.h"
#include "libbastion-verify/crypto.h"
#include "verifier.h"

#define KEY_MAX		16384

static int in_dir(const char *dir, const char *name, char path[PATH_MAX], struct bv_error *err)
{
	int len = snprintf(path, PATH_MAX, "%s/%s", dir, name);

	return len > 0 && len < PATH_MAX ? 0 : bv_fail(err, "%.200s: the path is too long", dir);
}

static int store(const char *dir, const char *name, unsigned int mode, struct bv_span bytes,
		 struct bv_error *err)
{
	char path[PATH_MAX];
	int ret = in_dir(dir, name, path, err);

	return ret ? ret : file_create(path, mode, bytes, err);
}

static int store_pem(const char *dir, const char *name, EVP_PKEY *key, bool secret,
		     struct bv_error *err)
{
	/* Memory that OpenSSL wipes when it lets go of it. */
	BIO *bio = BIO_new(BIO_s_secmem());
	struct bv_span pem;
	char *data;
	long len;
	int ok;

	if (!bio)
		return bv_fail_errno(err, ENOMEM, "writing a key");
	ok = secret ? PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
		    : PEM_write_bio_PUBKEY(bio, key);
	len = BIO_get_mem_data(bio, &data);
	pem = (struct bv_span){ (uint8_t *)data, len };
	ok = ok == 1 ? store(dir, name, secret ? 0600 : 0644, pem, err)
		     : bv_fail_errno(err, EIO, "writing a key");
	BIO_free(bio);
	return ok;
}

static int store_jwks(const char *dir, EVP_PKEY *key, struct bv_error *err)
{
	json_t *jwk = bv_ear_jwk(key, false);
	json_t *set = jwk ? json_pack("{s:[o]}", "keys", jwk) : NULL;
	char *text = set ? json_dumps(set, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
	int ret = -ENOMEM;

	if (text)
		ret = store(dir, KEYS_JWKS, 0644,
			    (struct bv_span){ (uint8_t *)text, strlen(text) }, err);
	else
		bv_fail_errno(err, ENOMEM, "writing the key set");
	free(text);
	json_decref(set);
	return ret;
}

static void remove_files(const char *dir, int count)
{
	static const char *const names[] = { KEYS_GRANT, KEYS_GRANT_PUB, KEYS_EAR, KEYS_JWKS };
	struct bv_error ignored;
	char path[PATH_MAX];

	for (int i = 0; i < count; i++)
		if (!in_dir(dir, names[i], path, &ignored))
			unlink(path);
}

static int digest_of(EVP_PKEY *key, uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t point[BASTION_POINT_SIZE];
	int ret = bv_key_point(key, point);

	return ret ? ret : bv_point_digest(point, digest);
}

int keys_make(const char *dir, uint8_t digest[BASTION_DIGEST_SIZE], struct bv_error *err)
{
	EVP_PKEY *grant = EVP_EC_gen("P-384"), *ear = EVP_EC_gen("P-384");
	int ret = 0, made = 0;

	if (!grant || !ear || digest_of(grant, digest))
		ret = bv_fail_errno(err, EIO, "making keys");
	if (!ret && mkdir(dir, 0700) && errno != EEXIST) {
		bv_fail(err, "%.200s: %s", dir, strerror(errno));
		ret = -EIO;
	}
	/* Each is new, so what we made can be taken away again, and nothing else is. */
	if (!ret && !(ret = store_pem(dir, KEYS_GRANT, grant, true, err)))
		made++;
	if (!ret && !(ret = store_pem(dir, KEYS_GRANT_PUB, grant, false, err)))
		made++;
	if (!ret && !(ret = store_pem(dir, KEYS_EAR, ear, true, err)))
		made++;
	if (!ret)
		ret = store_jwks(dir, ear, err);
	if (ret)
		remove_files(dir, made);
	EVP_PKEY_free(grant);
	EVP_PKEY_free(ear);
	return ret;
}

static EVP_PKEY *load_key(const char *dir, const char *name, struct bv_error *err)
{
	struct bv_span pem = { 0 };
	EVP_PKEY *key = NULL;
	char path[PATH_MAX];
	BIO *bio;

	if (in_dir(dir, name, path, err) || file_read_secret(path, KEY_MAX, &pem, err))
		return NULL;
	bio = BIO_new_mem_buf(pem.data, pem.len);
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, bv_no_passphrase, NULL);
	if (!key)
		bv_fail(err, "%.200s: no private key in PEM without a passphrase", path);
	BIO_free(bio);
	file_forget(&pem);
	ERR_clear_error();
	return key;
}

int keys_load(const char *dir, struct bv_signer *signer, struct bv_error *err)
{
	uint8_t other[BASTION_DIGEST_SIZE];
	EVP_PKEY *ear;
	int ret = 0;

	memset(signer, 0, sizeof(*signer));
	signer->build = VERIFIER_BUILD;
	signer->audience = VERIFIER_AUDIENCE;
	signer->grant_key = load_key(dir, KEYS_GRANT, err);
	ear = signer->grant_key ? load_key(dir, KEYS_EAR, err) : NULL;
	if (!ear)
		ret = -EBADMSG;
	else if (digest_of(signer->grant_key, signer->verifier) || digest_of(ear, other))
		ret = bv_fail(err, "%.200s: the keys are not P-384", dir);
	else if (!memcmp(other, signer->verifier, sizeof(other)))
		ret = bv_fail(err, "%.200s: grants and results must be signed with different keys",
			      dir);
	if (!ret) {
		signer->ear_jwk = bv_ear_jwk(ear, true);
		if (!signer->ear_jwk)
			ret = bv_fail_errno(err, ENOMEM, "reading the keys");
	}
	EVP_PKEY_free(ear);
	if (ret)
		keys_drop(signer);
	return ret;
}

void keys_drop(struct bv_signer *signer)
{
	EVP_PKEY_free(signer->grant_key);
	json_decref(signer->ear_jwk);
	memset(signer, 0, sizeof(*signer));
}

int keys_digest(const char *path, uint8_t digest[BASTION_DIGEST_SIZE], struct bv_error *err)
{
	struct bv_span pem;
	EVP_PKEY *key = NULL;
	BIO *bio;
	int ret = file_read(path, KEY_MAX, &pem, err);

	if (ret)
		return ret;
	bio = BIO_new_mem_buf(pem.data, pem.len);
	if (bio)
		key = PEM_read_bio_PUBKEY(bio, NULL, bv_no_passphrase, NULL);
	if (!key || digest_of(key, digest))
		ret = bv_fail(err, "%.200s: no P-384 public key in PEM", path);
	EVP_PKEY_free(key);
	BIO_free(bio);
	free((void *)pem.data);
	ERR_clear_error();
	return ret;
}
