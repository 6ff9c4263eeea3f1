// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <time.h>

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "bastion-chip/x509.h"

#define SERIAL_SIZE 16
#define DAY 86400L

/**
 * struct role - what a role's certificates look like
 * @years:	of validity; 0 for no end (RFC 5280, 4.1.2.5)
 * @constraints: basicConstraints
 * @usage:	keyUsage
 */
static const struct role {
	int years;
	const char *constraints;
	const char *usage;
} roles[] = {
	[CHIP_X509_ROOT] = { 40, "critical,CA:TRUE,pathlen:1", "critical,keyCertSign,cRLSign" },
	[CHIP_X509_MODEL] = { 30, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign" },
	[CHIP_X509_CHIP] = { 0, "critical,CA:FALSE", "critical,digitalSignature" },
};

static int set_serial(X509 *certificate)
{
	uint8_t bytes[SERIAL_SIZE];
	ASN1_INTEGER *serial;
	BIGNUM *number;
	int good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	/* Positive, and never zero. */
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	serial = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
	good = serial && X509_set_serialNumber(certificate, serial);
	ASN1_INTEGER_free(serial);
	BN_free(number);
	return good;
}

static int set_name(X509 *certificate, const struct chip_x509_request *request)
{
	X509_NAME *name = X509_get_subject_name(certificate);

	if (!X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Bastionchip", -1,
					-1, 0) ||
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)request->name,
					-1, -1, 0))
		return 0;
	if (request->serial_number &&
	    !X509_NAME_add_entry_by_txt(name, "serialNumber", MBSTRING_ASC,
					(const uint8_t *)request->serial_number, -1, -1, 0))
		return 0;
	return X509_set_issuer_name(certificate, request->issuer ?
				    X509_get_subject_name(request->issuer) : name);
}

/* From yesterday, for the sake of clocks that are a little behind. */
static int set_validity(X509 *certificate, const struct role *role)
{
	ASN1_TIME *end = X509_getm_notAfter(certificate);

	if (!X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY))
		return 0;
	if (!role->years)
		return ASN1_TIME_set_string(end, "99991231235959Z");
	return X509_time_adj_ex(end, role->years * 365, 0, NULL) != NULL;
}

static int add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	int good;

	X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	good = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return good;
}

X509 *chip_x509_issue(const struct chip_x509_request *request)
{
	const struct role *role = &roles[request->role];
	X509 *certificate = X509_new();

	if (certificate && X509_set_version(certificate, X509_VERSION_3) &&
	    set_serial(certificate) && set_name(certificate, request) &&
	    set_validity(certificate, role) && X509_set_pubkey(certificate, request->key) &&
	    add_extension(certificate, request->issuer, NID_basic_constraints,
			  role->constraints) &&
	    add_extension(certificate, request->issuer, NID_key_usage, role->usage) &&
	    add_extension(certificate, request->issuer, NID_subject_key_identifier, "hash") &&
	    add_extension(certificate, request->issuer, NID_authority_key_identifier,
			  "keyid:always") &&
	    X509_sign(certificate, request->issuer_key, EVP_sha384()))
		return certificate;
	X509_free(certificate);
	return NULL;
}

EVP_PKEY *chip_x509_public(const uint8_t point[BASTION_POINT_SIZE])
{
	uint8_t spki[CHIP_SPKI_SIZE];
	const uint8_t *at = spki;

	chip_spki(point, spki);
	return d2i_PUBKEY(NULL, &at, sizeof(spki));
}

int chip_x509_name(X509 *certificate, char *name, size_t size)
{
	int len = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
					    name, size);

	return len > 0 && (size_t)len < size && strlen(name) == (size_t)len ? 0 : -1;
}
