// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "bastionctl/key_pkcs10.h"
#include "libbastion/keys.h"
#include "libbastion/pem.h"

#define DNS_MAX 253

static int bad(struct bastion_error *err, const char *what, const char *text)
{
	return bastion_error_set(err, BASTION_OP_USAGE, EINVAL, "%s: %s", what, text);
}

static int broken(struct bastion_error *err)
{
	return bastion_error_set(err, BASTION_OP_ANY, ENOMEM, "cannot build the request");
}

/* "TYPE=VALUE" up to an unescaped slash, into @part; returns what is behind it. */
static const char *next_part(const char *text, char *part)
{
	while (*text && *text != '/') {
		if (*text == '\\' && text[1])
			text++;
		*part++ = *text++;
	}
	*part = '\0';
	return text;
}

static int add_part(X509_NAME *name, char *part)
{
	char *value = strchr(part, '=');

	if (!value || !value[1])
		return -EINVAL;
	*value++ = '\0';
	/* Knows types and how long their values may be. */
	return X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (unsigned char *)value, -1, -1,
					  0) == 1 ? 0 : -EINVAL;
}

static int add_subject(X509_REQ *req, const char *subject, struct bastion_error *err)
{
	char *part = malloc(strlen(subject) + 1);
	const char *at = subject;
	int rc = part ? -EINVAL : -ENOMEM;

	while (part && *at == '/') {
		at = next_part(at + 1, part);
		rc = add_part(X509_REQ_get_subject_name(req), part);
		if (rc)
			break;
	}
	free(part);
	if (rc == -ENOMEM)
		return broken(err);
	return rc || *at ? bad(err, "not a subject such as /O=Example/CN=host", subject) : 0;
}

static int dns_ok(const char *name)
{
	size_t len = strlen(name);

	return len && len <= DNS_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_") == len;
}

/* Built of parts, not of text that OpenSSL would parse: a comma cannot smuggle in another name. */
static int add_name(GENERAL_NAMES *names, int type, const char *text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = NULL;

	if (type == GEN_IPADD) {
		value = a2i_IPADDRESS(text);
	} else if (dns_ok(text)) {
		value = ASN1_IA5STRING_new();
		if (value && ASN1_STRING_set(value, text, -1) != 1) {
			ASN1_STRING_free(value);
			value = NULL;
		}
	}
	if (name && value) {
		GENERAL_NAME_set0_value(name, type, value);
		value = NULL;
		if (sk_GENERAL_NAME_push(names, name) > 0)
			return 0;
	}
	ASN1_STRING_free(value);
	GENERAL_NAME_free(name);
	return -EINVAL;
}

static int fill_names(GENERAL_NAMES *names, const struct key_pkcs10 *request,
		      struct bastion_error *err)
{
	size_t i;

	for (i = 0; i < request->dns_count; i++)
		if (add_name(names, GEN_DNS, request->dns[i]))
			return bad(err, "not a DNS name", request->dns[i]);
	for (i = 0; i < request->ip_count; i++)
		if (add_name(names, GEN_IPADD, request->ip[i]))
			return bad(err, "not an IP address", request->ip[i]);
	return 0;
}

static int add_names(X509_REQ *req, const struct key_pkcs10 *request, struct bastion_error *err)
{
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	GENERAL_NAMES *names;
	int rc;

	if (!request->dns_count && !request->ip_count)
		return 0;
	names = GENERAL_NAMES_new();
	rc = names ? fill_names(names, request, err) : broken(err);
	if (!rc && (X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0,
				    X509V3_ADD_DEFAULT) != 1 ||
		    X509_REQ_add_extensions(req, extensions) != 1))
		rc = broken(err);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	GENERAL_NAMES_free(names);
	return rc;
}

static int digest_of(X509_REQ *req, uint8_t *digest)
{
	unsigned char *tbs = NULL;
	int len = i2d_re_X509_REQ_tbs(req, &tbs);
	int ok = len > 0 && EVP_Digest(tbs, len, digest, NULL, EVP_sha384(), NULL) == 1;

	OPENSSL_free(tbs);
	return ok;
}

/* ecdsa-with-SHA384, without parameters (RFC 5758, 3.2) */
static int set_signature(X509_REQ *req, const uint8_t *sig, size_t len)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	int ok;

	ok = bits && algorithm && ASN1_STRING_set(bits, sig, len) == 1 &&
	     X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_ecdsa_with_SHA384), V_ASN1_UNDEF,
			     NULL) == 1 &&
	     X509_REQ_set1_signature_algo(req, algorithm) == 1;
	X509_ALGOR_free(algorithm);
	if (!ok) {
		ASN1_BIT_STRING_free(bits);
		return 0;
	}
	/* Whole bytes: else trailing zero bits would be dropped. */
	bits->flags = (bits->flags & ~0x07) | ASN1_STRING_FLAG_BITS_LEFT;
	X509_REQ_set0_signature(req, bits);
	return 1;
}

static int sign(X509_REQ *req, const struct key_pkcs10 *request, struct bastion_error *err)
{
	uint8_t digest[BASTION_DIGEST_SIZE], sig[BASTION_KEYS_SIGNATURE_MAX];
	ssize_t len;

	if (!digest_of(req, digest))
		return broken(err);
	len = request->sign(request->arg, digest, sizeof(digest), sig, err);
	if (len < 0)
		return len;
	if (!set_signature(req, sig, len))
		return broken(err);
	if (X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) != 1)
		return bastion_error_set(err, BASTION_OP_SIGN, EBADMSG,
					 "the signature that came back is not this key's");
	return 0;
}

static int fill(X509_REQ *req, const struct key_pkcs10 *request, struct bastion_error *err)
{
	uint8_t der[BASTION_PEM_SPKI_SIZE];
	const unsigned char *at = der;
	EVP_PKEY *key;
	int ok, rc;

	bastion_pem_spki(request->point, der);
	key = d2i_PUBKEY(NULL, &at, sizeof(der));
	if (!key)
		return bastion_error_set(err, BASTION_OP_FILE, EBADMSG,
					 "the public key is not a point of P-384");
	ok = X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 && X509_REQ_set_pubkey(req, key) == 1;
	EVP_PKEY_free(key);
	if (!ok)
		return broken(err);
	rc = add_subject(req, request->subject, err);
	if (!rc)
		rc = add_names(req, request, err);
	return rc ? rc : sign(req, request, err);
}

ssize_t key_pkcs10_build(const struct key_pkcs10 *request, char **pem, struct bastion_error *err)
{
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	ssize_t rc;
	char *text;
	long len;

	rc = req && bio ? fill(req, request, err) : broken(err);
	if (!rc) {
		if (PEM_write_bio_X509_REQ(bio, req) != 1) {
			rc = broken(err);
		} else {
			len = BIO_get_mem_data(bio, &text);
			*pem = strndup(text, len);
			rc = *pem ? len : broken(err);
		}
	}
	BIO_free(bio);
	X509_REQ_free(req);
	return rc;
}
