// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tpm-ek.h"

#define ANCHORS_MAX	1024	/* of each kind */

int bv_ek_anchors_init(struct bv_ek_anchors *anchors)
{
	anchors->roots = sk_X509_new_null();
	anchors->others = sk_X509_new_null();
	anchors->crls = sk_X509_CRL_new_null();
	return anchors->roots && anchors->others && anchors->crls ? 0 : -ENOMEM;
}

void bv_ek_anchors_exit(struct bv_ek_anchors *anchors)
{
	sk_X509_pop_free(anchors->roots, X509_free);
	sk_X509_pop_free(anchors->others, X509_free);
	sk_X509_CRL_pop_free(anchors->crls, X509_CRL_free);
	memset(anchors, 0, sizeof(*anchors));
}

/* Takes the certificate. */
static int add_cert(struct bv_ek_anchors *anchors, X509 *cert, struct bv_error *err)
{
	bool self = X509_self_signed(cert, 1) == 1;
	STACK_OF(X509) *to = self ? anchors->roots : anchors->others;
	int ret = 0;

	if (self && X509_check_ca(cert) != 1)
		ret = bv_fail(err, "a self-signed certificate that is no CA's");
	else if (sk_X509_num(to) >= ANCHORS_MAX)
		ret = bv_fail(err, "more than %d certificates", ANCHORS_MAX);
	else if (!sk_X509_push(to, cert))
		ret = bv_fail_errno(err, ENOMEM, "reading certificates");
	if (ret)
		X509_free(cert);
	return ret;
}

/* Takes the list. */
static int add_crl(struct bv_ek_anchors *anchors, X509_CRL *crl, struct bv_error *err)
{
	int ret = 0;

	if (sk_X509_CRL_num(anchors->crls) >= ANCHORS_MAX)
		ret = bv_fail(err, "more than %d revocation lists", ANCHORS_MAX);
	else if (!sk_X509_CRL_push(anchors->crls, crl))
		ret = bv_fail_errno(err, ENOMEM, "reading certificates");
	if (ret)
		X509_CRL_free(crl);
	return ret;
}

/* A certificate or a list, and nothing behind it. */
static int add_der(struct bv_ek_anchors *anchors, struct bv_span der, struct bv_error *err)
{
	const uint8_t *at = der.data, *end = der.data + der.len;
	X509 *cert = d2i_X509(NULL, &at, der.len);
	X509_CRL *crl;

	if (cert && at == end)
		return add_cert(anchors, cert, err);
	X509_free(cert);
	at = der.data;
	crl = d2i_X509_CRL(NULL, &at, der.len);
	if (crl && at == end)
		return add_crl(anchors, crl, err);
	X509_CRL_free(crl);
	return bv_fail(err, "neither a certificate nor a revocation list");
}

static int add_pem(struct bv_ek_anchors *anchors, struct bv_span pem, struct bv_error *err)
{
	BIO *bio = BIO_new_mem_buf(pem.data, pem.len);
	char *name = NULL, *header = NULL;
	uint8_t *der = NULL;
	int found = 0, ret = 0;
	long len;

	if (!bio)
		return bv_fail_errno(err, ENOMEM, "reading certificates");
	while (!ret && PEM_read_bio(bio, &name, &header, &der, &len)) {
		ret = add_der(anchors, (struct bv_span){ der, len }, err);
		found++;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	/* Anything but the plain end of the text is damage: do not trust half a file. */
	if (!ret && (!found || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
		ret = bv_fail(err, "a damaged certificate or revocation list");
	BIO_free(bio);
	return ret;
}

int bv_ek_anchors_add(struct bv_ek_anchors *anchors, struct bv_span bytes, struct bv_error *err)
{
	int ret;

	if (bytes.len > BV_EK_FILE_MAX)
		return bv_fail(err, "%zu bytes, at most %d are possible", bytes.len, BV_EK_FILE_MAX);
	if (!bytes.len)
		return bv_fail(err, "the file is empty");
	ERR_clear_error();
	/* DER begins with a SEQUENCE, which is the digit 0. */
	if (bytes.len > 1 && bytes.data[0] == 0x30 && bytes.data[1] >= 0x80)
		ret = add_der(anchors, bytes, err);
	else
		ret = add_pem(anchors, bytes, err);
	ERR_clear_error();
	return ret;
}
