// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/foundry.h"
#include "bastion-chip/hash.h"
#include "bastion-chip/store.h"
#include "bastion-chip/x509.h"

#define HARDWARE_VERSION 1

/* Opens @path, made when it is not there, and refuses one that has any of @files in it. */
static int new_directory(const char *path, const char *const *files, struct complaint *why)
{
	int dir;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return complain(why, "%s: %s", path, strerror(errno));
	dir = chip_store_open(path, true, why);
	if (dir < 0)
		return -1;
	for (; *files; files++) {
		if (faccessat(dir, *files, F_OK, AT_SYMLINK_NOFOLLOW))
			continue;
		close(dir);
		return complain(why, "%s/%s exists and is not overwritten", path, *files);
	}
	return dir;
}

/* A memory BIO's contents become the file; what was in it is wiped with it. */
static int write_bio(int dir, const char *name, BIO *bio, unsigned int mode,
		     struct complaint *why)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	int error = chip_store_write(dir, name, data, len, mode);

	if (mode == 0600)
		explicit_bzero(data, len);
	return error ? complain(why, "%s: %s", name, strerror(-error)) : 0;
}

static int write_authority(int dir, const char *base, EVP_PKEY *key, X509 *certificate,
			   struct complaint *why)
{
	BIO *key_pem = BIO_new(BIO_s_mem()), *cert_pem = BIO_new(BIO_s_mem());
	int error = -1;
	char name[32];

	if (!key_pem || !cert_pem ||
	    !PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_bio_X509(cert_pem, certificate)) {
		complain(why, "cannot encode a key or certificate");
		goto free;
	}
	snprintf(name, sizeof(name), "%s.pem", base);
	error = write_bio(dir, name, cert_pem, 0644, why);
	/* Last: a directory that has a key is whole. */
	snprintf(name, sizeof(name), "%s.key", base);
	if (!error)
		error = write_bio(dir, name, key_pem, 0600, why);
free:
	BIO_free(key_pem);
	BIO_free(cert_pem);
	return error;
}

/* Loads BASE.key and BASE.pem of a directory. */
static int read_authority(const char *path, const char *base, EVP_PKEY **key, X509 **certificate,
			  struct complaint *why)
{
	char name[4096];
	BIO *bio;

	snprintf(name, sizeof(name), "%s/%s.key", path, base);
	bio = BIO_new_file(name, "r");
	*key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	if (!*key)
		return complain(why, "%.200s: no private key", name);
	snprintf(name, sizeof(name), "%s/%s.pem", path, base);
	bio = BIO_new_file(name, "r");
	*certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	if (*certificate && X509_check_private_key(*certificate, *key) == 1)
		return 0;
	EVP_PKEY_free(*key);
	X509_free(*certificate);
	return complain(why, "%.200s: no certificate of this key", name);
}

static bool name_good(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~')
			return false;
	return len >= 1 && len <= 31;
}

static bool version_good(const char *version)
{
	size_t len = strlen(version);

	return len >= 1 && len <= 31 && strspn(version, "0123456789.") == len &&
	       version[0] != '.' && version[len - 1] != '.' && !strstr(version, "..");
}

int chip_foundry_root(const char *out, const char *name, struct complaint *why)
{
	static const char *const files[] = { "root.key", "root.pem", NULL };
	struct chip_x509_request request = { .role = CHIP_X509_ROOT, .name = name };
	X509 *certificate = NULL;
	int dir, error = -1;

	if (!name_good(name))
		return complain(why, "a name has 1 to 31 printable ASCII characters");
	dir = new_directory(out, files, why);
	if (dir < 0)
		return -1;
	request.key = request.issuer_key = EVP_EC_gen("P-384");
	if (request.key)
		certificate = chip_x509_issue(&request);
	if (certificate)
		error = write_authority(dir, "root", request.key, certificate, why);
	else
		complain(why, "OpenSSL cannot make the root");
	X509_free(certificate);
	EVP_PKEY_free(request.key);
	close(dir);
	return error;
}

int chip_foundry_model(const char *root, const char *out, const char *model,
		       struct complaint *why)
{
	static const char *const files[] = { "model.key", "model.pem", NULL };
	struct chip_x509_request request = { .role = CHIP_X509_MODEL, .name = model };
	X509 *certificate = NULL;
	int dir, error = -1;

	if (!name_good(model))
		return complain(why, "a model has 1 to 31 printable ASCII characters");
	if (read_authority(root, "root", &request.issuer_key, &request.issuer, why))
		return -1;
	dir = new_directory(out, files, why);
	if (dir < 0)
		goto free_root;
	request.key = EVP_EC_gen("P-384");
	if (request.key)
		certificate = chip_x509_issue(&request);
	if (certificate)
		error = write_authority(dir, "model", request.key, certificate, why);
	else
		complain(why, "OpenSSL cannot make the model's CA");
	X509_free(certificate);
	EVP_PKEY_free(request.key);
	close(dir);
free_root:
	X509_free(request.issuer);
	EVP_PKEY_free(request.issuer_key);
	return error;
}

/* What a version of the firmware is made of: nothing but its name. */
static int write_firmware(int dir, struct chip_fuses *fuses, const char *version, uint32_t svn,
			  struct complaint *why)
{
	char image[128], name[CHIP_FIRMWARE_NAME_SIZE];
	int len, error;

	len = snprintf(image, sizeof(image), "bastion-firmware\nversion %s\nsvn %u\n", version,
		       svn);
	chip_firmware_name(version, svn, name);
	error = chip_store_write(dir, name, image, len, 0644);
	if (error)
		return complain(why, "%s: %s", name, strerror(-error));
	memset(fuses->firmware, 0, sizeof(fuses->firmware));
	memcpy(fuses->firmware, version, strlen(version));
	fuses->svn = htole32(svn);
	chip_sha384(fuses->firmware_digest, { image, len });
	return 0;
}

/* The leaf, named after the front of the chip id, and its issuer. */
static int write_chain(int dir, const char *model_name, X509 *model, EVP_PKEY *model_key,
		       const struct chip_key *identity, struct complaint *why)
{
	struct chip_x509_request request = {
		.role = CHIP_X509_CHIP,
		.name = model_name,
		.issuer = model,
		.issuer_key = model_key,
	};
	uint8_t chain[BASTION_CERT_CHAIN_MAX], *at = chain;
	int error = -1, leaf_len, model_len;
	X509 *leaf = NULL;
	char serial[65];

	chip_hex(identity->spki_digest, 32, serial);
	request.serial_number = serial;
	request.key = chip_x509_public(identity->point);
	if (request.key)
		leaf = chip_x509_issue(&request);
	leaf_len = leaf ? i2d_X509(leaf, NULL) : -1;
	model_len = i2d_X509(model, NULL);
	if (leaf_len > 0 && model_len > 0 && (size_t)leaf_len + model_len <= sizeof(chain)) {
		i2d_X509(leaf, &at);
		i2d_X509(model, &at);
		error = chip_store_write(dir, "certificates.der", chain, at - chain, 0644);
	}
	if (error)
		complain(why, "cannot make the chip's certificates");
	X509_free(leaf);
	EVP_PKEY_free(request.key);
	return error ? -1 : 0;
}

static int burn(int dir, const char *model_name, X509 *model, EVP_PKEY *model_key,
		const char *firmware, uint32_t svn, struct complaint *why)
{
	struct chip_fuses fuses = {
		.hardware_version = htole32(HARDWARE_VERSION),
		.lifecycle = htole32(BASTION_LIFECYCLE_PRODUCTION),
	};
	const struct chip_memory memory = { 0 };
	struct chip_key identity;
	int error = -1;

	memcpy(fuses.model, model_name, strlen(model_name));
	chip_random(fuses.seed, sizeof(fuses.seed));
	chip_key_generate(fuses.identity);
	if (!chip_key_load(&identity, fuses.identity))
		return complain(why, "cannot make an identity key");
	if (write_firmware(dir, &fuses, firmware, svn, why) ||
	    write_chain(dir, model_name, model, model_key, &identity, why))
		goto wipe;
	/* The fuses come last: a directory that has them is a chip. */
	error = chip_state_save(dir, &memory);
	if (!error)
		error = chip_fuses_save(dir, &fuses);
	if (error)
		error = complain(why, "cannot write the chip: %s", strerror(-error));
wipe:
	chip_key_wipe(&identity);
	explicit_bzero(&fuses, sizeof(fuses));
	return error;
}

int chip_foundry_chip(const char *model, const char *out, const char *firmware, uint32_t svn,
		      struct complaint *why)
{
	char image[CHIP_FIRMWARE_NAME_SIZE], name[32];
	const char *const files[] = { "fuses", "state", "certificates.der", image, NULL };
	EVP_PKEY *model_key;
	X509 *certificate;
	int dir, error = -1;

	if (!version_good(firmware))
		return complain(why, "%.40s: a firmware version is dotted numbers", firmware);
	if (read_authority(model, "model", &model_key, &certificate, why))
		return -1;
	if (chip_x509_name(certificate, name, sizeof(name)) || !name_good(name)) {
		complain(why, "%s: the model's certificate has no good name", model);
		goto free_model;
	}
	chip_firmware_name(firmware, svn, image);
	dir = new_directory(out, files, why);
	if (dir < 0)
		goto free_model;
	error = burn(dir, name, certificate, model_key, firmware, svn, why);
	close(dir);
free_model:
	X509_free(certificate);
	EVP_PKEY_free(model_key);
	return error;
}

int chip_foundry_update(const char *chip, const char *firmware, uint32_t svn,
			struct complaint *why)
{
	char before[CHIP_FIRMWARE_NAME_SIZE], after[CHIP_FIRMWARE_NAME_SIZE];
	struct chip_fuses fuses;
	int dir, error;

	if (!version_good(firmware))
		return complain(why, "%.40s: a firmware version is dotted numbers", firmware);
	dir = chip_store_open(chip, true, why);
	if (dir < 0)
		return -1;
	error = chip_fuses_load(dir, &fuses);
	if (error) {
		complain(why, "%s/fuses: %s", chip,
			 error == -EBADMSG ? "damaged" : strerror(-error));
		goto close_dir;
	}
	/* The old image stays until the fuses no longer ask for it. */
	chip_firmware_name((const char *)fuses.firmware, le32toh(fuses.svn), before);
	chip_firmware_name(firmware, svn, after);
	error = write_firmware(dir, &fuses, firmware, svn, why);
	if (!error) {
		error = chip_fuses_save(dir, &fuses);
		if (error)
			complain(why, "%s/fuses: %s", chip, strerror(-error));
	}
	if (!error && strcmp(before, after))
		unlinkat(dir, before, 0);
	explicit_bzero(&fuses, sizeof(fuses));
close_dir:
	close(dir);
	return error ? -1 : 0;
}
