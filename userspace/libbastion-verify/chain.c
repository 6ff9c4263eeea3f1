// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "chain.h"
#include "crypto.h"

#define ROOTS_MAX	64
/* Of the chip id, in hex: a serialNumber has room for 64 characters (X.520, ub-serial-number). */
#define CHIP_ID_FRONT	32

static void subject(X509 *cert, char *out, int size)
{
	X509_NAME_oneline(X509_get_subject_name(cert), out, size);
}

static int check_cert(X509 *cert, bool leaf, struct bv_error *err)
{
	uint8_t point[BASTION_POINT_SIZE];
	EVP_PKEY *key = X509_get0_pubkey(cert);
	char name[128];

	subject(cert, name, sizeof(name));
	if (!key || bv_key_point(key, point))
		return bv_fail(err, "the key of certificate %s is not P-384", name);
	if (X509_get_signature_nid(cert) != NID_ecdsa_with_SHA384)
		return bv_fail(err, "certificate %s is not signed with ECDSA and SHA-384", name);
	/* 1 means basicConstraints; older ways to say CA have other values. */
	if (!leaf && X509_check_ca(cert) != 1)
		return bv_fail(err, "certificate %s is no CA (basicConstraints)", name);
	if (leaf && X509_check_ca(cert))
		return bv_fail(err, "the chip's certificate %s is a CA's", name);
	return 0;
}

static int check_path(STACK_OF(X509) *path, size_t sent, struct bv_error *err)
{
	int count = sk_X509_num(path);

	if ((size_t)count != sent + 1)
		return bv_fail(err, "the quote carries %zu certificates but the path has %d and a root: "
			       "send exactly the path, without the root", sent, count - 1);
	for (int i = 0; i < count; i++) {
		int ret = check_cert(sk_X509_value(path, i), i == 0, err);

		if (ret)
			return ret;
	}
	return 0;
}

/* One of this kind, and it says @expected. */
static bool names(X509 *cert, int nid, const char *expected)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	const ASN1_STRING *text;

	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return false;
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return bv_span_is((struct bv_span){ ASN1_STRING_get0_data(text), ASN1_STRING_length(text) },
			  expected);
}

/*
 * A root may certify other things, and more than one model: the certificate is to say what the quote
 * says, and the model's CA answers for that model only.
 */
static int check_names(STACK_OF(X509) *path, const struct bv_quote *quote, struct bv_error *err)
{
	X509 *leaf = sk_X509_value(path, 0);
	char serial[2 * CHIP_ID_FRONT + 1];

	bv_hex(serial, sizeof(serial), quote->chip_id, CHIP_ID_FRONT);
	if (!names(leaf, NID_commonName, quote->model))
		return bv_fail(err, "the chip's certificate is not for model %s, which the quote says: its "
			       "CN is another", quote->model);
	if (!names(leaf, NID_serialNumber, serial))
		return bv_fail(err, "the chip's certificate does not name the chip: its serialNumber is not "
			       "the front of the chip id");
	if (X509_get_key_usage(leaf) != X509v3_KU_DIGITAL_SIGNATURE)
		return bv_fail(err, "the key in the chip's certificate is not for signatures alone "
			       "(keyUsage)");
	/* The last is a root, which is pinned. */
	for (int i = 1; i < sk_X509_num(path) - 1; i++)
		if (!names(sk_X509_value(path, i), NID_commonName, quote->model))
			return bv_fail(err, "the CA that certified the chip is not that of model %s: its CN "
				       "is another", quote->model);
	return 0;
}

static int run(X509_STORE_CTX *ctx, X509 *leaf, STACK_OF(X509) *others, STACK_OF(X509) *roots,
	       const struct bv_quote *quote, int64_t now, struct bv_error *err)
{
	char name[128] = "?";
	X509_VERIFY_PARAM *param;
	STACK_OF(X509) *path;
	int code;

	if (X509_STORE_CTX_init(ctx, NULL, leaf, others) != 1)
		return bv_fail_errno(err, ENOMEM, "checking certificates");
	X509_STORE_CTX_set0_trusted_stack(ctx, roots);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, now);
	X509_VERIFY_PARAM_set_depth(param, BV_CERTS_MAX);
	/* The root's own signature is worth nothing, but a damaged root should be found. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CHECK_SS_SIGNATURE);
	if (X509_verify_cert(ctx) == 1) {
		path = X509_STORE_CTX_get0_chain(ctx);
		code = check_path(path, sk_X509_num(others) + 1, err);
		return code ? code : check_names(path, quote, err);
	}
	code = X509_STORE_CTX_get_error(ctx);
	if (X509_STORE_CTX_get_current_cert(ctx))
		subject(X509_STORE_CTX_get_current_cert(ctx), name, sizeof(name));
	return bv_fail(err, "certificate %s: %s", name, X509_verify_cert_error_string(code));
}

int bv_chain_verify(const struct bv_envelope *envelope, const struct bv_quote *quote,
		    STACK_OF(X509) *roots, int64_t now, struct bv_error *err)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *leaf = bv_envelope_cert(envelope, 0, err);
	int ret = leaf ? 0 : -EBADMSG;

	if (!ctx || !others)
		ret = bv_fail_errno(err, ENOMEM, "checking certificates");
	for (size_t i = 1; !ret && i < envelope->cert_count; i++) {
		X509 *cert = bv_envelope_cert(envelope, i, err);

		if (!cert) {
			ret = -EBADMSG;
		} else if (!sk_X509_push(others, cert)) {
			X509_free(cert);
			ret = bv_fail_errno(err, ENOMEM, "checking certificates");
		}
	}
	if (!ret && run(ctx, leaf, others, roots, quote, now, err))
		ret = -EKEYREJECTED;
	X509_STORE_CTX_free(ctx);
	sk_X509_pop_free(others, X509_free);
	X509_free(leaf);
	ERR_clear_error();
	return ret;
}

static int check_root(X509 *cert, struct bv_error *err)
{
	int ret = check_cert(cert, false, err);

	if (!ret && X509_self_signed(cert, 1) != 1) {
		char name[128];

		subject(cert, name, sizeof(name));
		return bv_fail(err, "certificate %s is not self-signed, so it is no root", name);
	}
	return ret;
}

int bv_roots_add(STACK_OF(X509) *roots, struct bv_span pem, struct bv_error *err)
{
	BIO *bio;
	X509 *cert;
	int added = 0, ret = 0;

	if (pem.len > INT_MAX)
		return bv_fail(err, "too long for certificates");
	bio = BIO_new_mem_buf(pem.data, pem.len);
	if (!bio)
		return bv_fail_errno(err, ENOMEM, "reading certificates");
	while (!ret && (cert = PEM_read_bio_X509(bio, NULL, bv_no_passphrase, NULL))) {
		ret = check_root(cert, err);
		if (!ret && sk_X509_num(roots) >= ROOTS_MAX)
			ret = bv_fail(err, "more than %d roots", ROOTS_MAX);
		if (!ret && !sk_X509_push(roots, cert))
			ret = bv_fail_errno(err, ENOMEM, "reading certificates");
		if (ret)
			X509_free(cert);
		else
			added++;
	}
	/* Anything but the plain end of the text is damage: do not trust half a file. */
	if (!ret && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		ret = bv_fail(err, "a damaged certificate");
	if (!ret && !added)
		ret = bv_fail(err, "no certificate");
	BIO_free(bio);
	ERR_clear_error();
	return ret ? ret : added;
}

json_t *bv_cert_time_json(const ASN1_TIME *when)
{
	char text[32];
	struct tm tm;

	if (!ASN1_TIME_to_tm(when, &tm))
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

json_t *bv_cert_name_json(const X509_NAME *name)
{
	char line[256], *shown;
	json_t *json;

	X509_NAME_oneline(name, line, sizeof(line));
	shown = bv_printable((struct bv_span){ (uint8_t *)line, strlen(line) });
	json = shown ? json_string(shown) : NULL;
	free(shown);
	return json;
}
