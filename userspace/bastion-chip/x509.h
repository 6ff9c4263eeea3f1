/* SPDX-License-Identifier: GPL-2.0 */
/* Certificates of the foundry: root, model CA, chip (RFC 5280, by OpenSSL). */
#ifndef CHIP_X509_H
#define CHIP_X509_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bastion-chip/p384.h"

enum chip_x509_role {
	CHIP_X509_ROOT,		/* CA, signs model CAs */
	CHIP_X509_MODEL,	/* CA, signs chips */
	CHIP_X509_CHIP,		/* signs quotes */
};

/**
 * struct chip_x509_request - a certificate to be made
 * @role:	decides extensions and lifetime
 * @name:	common name
 * @serial_number: attribute of the subject; may be NULL
 * @key:	the subject's public key
 * @issuer:	NULL: the subject itself
 * @issuer_key:	signs
 */
struct chip_x509_request {
	enum chip_x509_role role;
	const char *name;
	const char *serial_number;
	EVP_PKEY *key;
	X509 *issuer;
	EVP_PKEY *issuer_key;
};

/** chip_x509_issue - Return: the certificate, or NULL. */
X509 *chip_x509_issue(const struct chip_x509_request *request);

/** chip_x509_public - an OpenSSL key from a point. Return: NULL when it is none. */
EVP_PKEY *chip_x509_public(const uint8_t point[BASTION_POINT_SIZE]);

/** chip_x509_name - copies the common name of the subject. Return: 0 or -1. */
int chip_x509_name(X509 *certificate, char *name, size_t size);

#endif
