// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "chain.h"
#include "crypto.h"
#include "tpm-ek.h"
#include "tpm-signature.h"

#define DEPTH_MAX	8
#define AUTH_LEVEL	2	/* OpenSSL's for 112 bits: no SHA-1, no RSA-1024 */
#define KP_EK		"2.23.133.8.1"	/* tcg-kp-EKCertificate */
#define KP_AIK		"2.23.133.8.3"	/* tcg-kp-AIKCertificate */

/* Who makes the checks of one certificate. */
struct judge {
	struct bv_span bytes;
	const struct bv_ek_anchors *anchors;
	struct bv_ek_finding *finding;
	bool unchecked;		/* something in the path has no revocation list */
};

/* Encoded anew, it is what was read: nothing in it was passed over. */
static bool same_der(X509 *cert, struct bv_span der)
{
	uint8_t *again = NULL;
	int len = i2d_X509(cert, &again);
	bool same = len > 0 && (size_t)len == der.len && !memcmp(again, der.data, len);

	OPENSSL_free(again);
	return same;
}

static bool same_pem(X509 *cert, struct bv_span text)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool same = false;
	char *again;

	if (bio && PEM_write_bio_X509(bio, cert))
		same = BIO_get_mem_data(bio, &again) == (long)text.len &&
		       !memcmp(again, text.data, text.len);
	BIO_free(bio);
	return same;
}

static X509 *read_pem(struct bv_span text, struct bv_error *err)
{
	BIO *bio = BIO_new_mem_buf(text.data, text.len);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, bv_no_passphrase, NULL) : NULL;

	BIO_free(bio);
	if (cert && !same_pem(cert, text)) {
		X509_free(cert);
		cert = NULL;
	}
	if (!cert)
		bv_fail(err, "the file is not one certificate in PEM, as OpenSSL writes it");
	return cert;
}

/* Where a TPM keeps it there may be more room than it needs. */
static X509 *read_der(struct bv_span bytes, size_t *padding, struct bv_error *err)
{
	const uint8_t *end = bytes.data;
	X509 *cert = d2i_X509(NULL, &end, bytes.len);
	size_t len = end - bytes.data;

	if (!cert || !same_der(cert, (struct bv_span){ bytes.data, len })) {
		bv_fail(err, "the file is no certificate in DER");
	} else if (!bv_is_zero(end, bytes.len - len)) {
		bv_fail(err, "%zu bytes that are not all zero follow the certificate",
			bytes.len - len);
	} else {
		*padding = bytes.len - len;
		return cert;
	}
	X509_free(cert);
	return NULL;
}

static bool judge_certificate(struct judge *judge)
{
	struct bv_ek_finding *finding = judge->finding;
	struct bv_error err = { "" };

	if (judge->bytes.len > BV_EK_CERT_MAX)
		bv_fail(&err, "the file has %zu bytes, at most %d are possible", judge->bytes.len,
			BV_EK_CERT_MAX);
	else if (judge->bytes.len && judge->bytes.data[0] == '-')
		finding->cert = read_pem(judge->bytes, &err);
	else
		finding->cert = read_der(judge->bytes, &finding->padding, &err);
	ERR_clear_error();
	return bv_finding_check(&judge->finding->found, "certificate", finding->cert ? 0 : -EBADMSG,
				"one X.509 certificate and nothing else, but zeros after DER", &err,
				"read it anew from the TPM (tpm2_getekcertificate, tpm2_nvread)");
}

static bool has_crl(const struct bv_ek_anchors *anchors, X509 *cert)
{
	for (int i = 0; i < sk_X509_CRL_num(anchors->crls); i++)
		if (!X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(anchors->crls, i)),
				   X509_get_issuer_name(cert)))
			return true;
	return false;
}

/*
 * Called for each error. An authority of which the operator has no list is passed
 * over, and that is reported; a list that is there but does not fit is not.
 */
static int on_error(int ok, X509_STORE_CTX *ctx)
{
	struct judge *judge = X509_STORE_CTX_get_app_data(ctx);

	if (ok || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_UNABLE_TO_GET_CRL ||
	    has_crl(judge->anchors, X509_STORE_CTX_get_current_cert(ctx)))
		return ok;
	/* A root's own list says nothing of itself. */
	if (!X509_self_signed(X509_STORE_CTX_get_current_cert(ctx), 0))
		judge->unchecked = true;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static int check_path(STACK_OF(X509) *path, struct bv_error *err)
{
	if (X509_get_extension_flags(sk_X509_value(path, 0)) & EXFLAG_CA)
		return bv_fail(err, "the certificate is a CA's");
	/* 1 means basicConstraints; older ways to say CA have other values. */
	for (int i = 1; i < sk_X509_num(path); i++)
		if (X509_check_ca(sk_X509_value(path, i)) != 1)
			return bv_fail(err, "certificate %d of the path is no CA's", i);
	return 0;
}

static int verify(struct judge *judge, X509_STORE_CTX *ctx, struct bv_error *err)
{
	const struct bv_ek_anchors *anchors = judge->anchors;
	unsigned long flags = X509_V_FLAG_CHECK_SS_SIGNATURE;
	X509_VERIFY_PARAM *param;
	int code;

	if (!ctx || X509_STORE_CTX_init(ctx, NULL, judge->finding->cert, anchors->others) != 1)
		return bv_fail_errno(err, ENOMEM, "checking certificates");
	X509_STORE_CTX_set0_trusted_stack(ctx, anchors->roots);
	X509_STORE_CTX_set0_crls(ctx, anchors->crls);
	X509_STORE_CTX_set_app_data(ctx, judge);
	X509_STORE_CTX_set_verify_cb(ctx, on_error);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, judge->finding->at);
	X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	if (sk_X509_CRL_num(anchors->crls))
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	else
		judge->unchecked = true;
	X509_VERIFY_PARAM_set_flags(param, flags);
	if (X509_verify_cert(ctx) == 1)
		return check_path(X509_STORE_CTX_get0_chain(ctx), err);
	code = X509_STORE_CTX_get_error(ctx);
	return bv_fail(err, "the path to a root, certificate %d: %s",
		       X509_STORE_CTX_get_error_depth(ctx), X509_verify_cert_error_string(code));
}

static bool judge_path(struct judge *judge)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	struct bv_error err = { "" };
	int ret = verify(judge, ctx, &err);

	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	if (!ret && judge->unchecked)
		bv_finding_skip(&judge->finding->found, "revocation");
	return bv_finding_check(&judge->finding->found, "path", ret,
				"a path to a root, valid then, nothing of it revoked", &err,
				"get the manufacturer's root and the authorities between, and fresh lists");
}

static int check_key(struct bv_ek_finding *finding, struct bv_error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(finding->cert);
	uint8_t *der = NULL;
	int len, ret;

	if (!key)
		return bv_fail(err, "the certificate's key is none");
	ret = bv_tpm_key_usable(key, err);
	if (ret)
		return ret;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(finding->cert), &der);
	if (len <= 0 || bv_sha384(finding->chip_id, &(struct bv_span){ der, len }, 1))
		ret = bv_fail_errno(err, ENOMEM, "hashing the key");
	OPENSSL_free(der);
	return ret;
}

static bool judge_key(struct judge *judge)
{
	struct bv_error err = { "" };

	return bv_finding_check(&judge->finding->found, "key", check_key(judge->finding, &err),
				"RSA of 2048 to 4096 bits, P-256 or P-384", &err,
				"use the certificate of another of the TPM's keys");
}

/* 3.2: keyEncipherment for RSA, keyAgreement for ECC. Both at once is for neither. */
static int check_usage(struct bv_ek_finding *finding, struct bv_error *err)
{
	const uint32_t encrypts = EVP_PKEY_is_a(X509_get0_pubkey(finding->cert), "RSA") ?
				  KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
	int at = X509_get_ext_by_NID(finding->cert, NID_key_usage, -1);
	uint32_t usage = X509_get_key_usage(finding->cert);

	if (at < 0 || !X509_EXTENSION_get_critical(X509_get_ext(finding->cert, at)))
		return bv_fail(err, "the certificate has no critical key usage");
	if (usage == encrypts)
		finding->kind = BV_EK_ENDORSEMENT;
	else if (usage == KU_DIGITAL_SIGNATURE)
		finding->kind = BV_EK_ATTESTATION;
	else
		return bv_fail(err, "the certificate's key usage is 0x%x: neither an endorsement key's "
			       "nor an attestation key's", usage);
	return 0;
}

/* Where there is an extended key usage, it must name this one (3.2). */
static int check_purpose(struct bv_ek_finding *finding, struct bv_error *err)
{
	EXTENDED_KEY_USAGE *usages;
	bool found = false;
	int critical, ret = 0;

	usages = X509_get_ext_d2i(finding->cert, NID_ext_key_usage, &critical, NULL);
	if (!usages && critical == -1)
		return 0;
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		char oid[64];

		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
		finding->purpose = finding->purpose || !strcmp(oid, KP_EK);
		found = found || finding->purpose ||
			(finding->kind == BV_EK_ATTESTATION && !strcmp(oid, KP_AIK));
	}
	if (!found)
		ret = bv_fail(err, "the certificate's extended key usage does not name %s", KP_EK);
	EXTENDED_KEY_USAGE_free(usages);
	return ret;
}

static bool judge_usage(struct judge *judge)
{
	struct bv_error err = { "" };
	int ret = check_usage(judge->finding, &err);

	if (!ret)
		ret = check_purpose(judge->finding, &err);
	ERR_clear_error();
	return bv_finding_check(&judge->finding->found, "key-usage", ret,
				"that of an endorsement key, or of an attestation key", &err,
				"this certificate is for something else");
}

static bool judge_names(struct judge *judge)
{
	struct bv_error err = { "" };
	int ret = bv_ek_names_read(judge->finding->cert, &judge->finding->names, &err);

	if (!ret && !judge->finding->names.given) {
		bv_finding_skip(&judge->finding->found, "manufacturer");
		return true;
	}
	return bv_finding_check(&judge->finding->found, "manufacturer", ret,
				"manufacturer, model and version, once each", &err,
				"ask the TPM's manufacturer");
}

int bv_ek_judge(struct bv_span bytes, const struct bv_ek_anchors *anchors, int64_t at,
		struct bv_ek_finding *finding)
{
	static bool (*const steps[])(struct judge *judge) = {
		judge_certificate, judge_path, judge_key, judge_usage, judge_names,
	};
	struct judge judge = { .bytes = bytes, .anchors = anchors, .finding = finding };
	bool ok = true;

	memset(finding, 0, sizeof(*finding));
	finding->at = at;
	if (bv_finding_init(&finding->found))
		return -ENOMEM;
	for (size_t i = 0; ok && i < sizeof(steps) / sizeof(*steps); i++)
		ok = steps[i](&judge);
	return bv_finding_close(&finding->found, ok);
}

void bv_ek_finding_exit(struct bv_ek_finding *finding)
{
	bv_finding_exit(&finding->found);
	X509_free(finding->cert);
	memset(finding, 0, sizeof(*finding));
}

/* TCG Vendor ID Registry: four characters, some of them none. */
static void vendor_name(const char *hex, char name[4 + 1])
{
	memset(name, 0, 4 + 1);
	for (int i = 0; i < 4; i++) {
		unsigned int c = 0;

		sscanf(hex + 2 * i, "%2x", &c);
		if (c < 0x20 || c > 0x7e)
			return;
		name[i] = c;
	}
}

static void add_names(json_t *json, const struct bv_ek_names *names)
{
	char name[4 + 1];

	if (!names->given)
		return;
	vendor_name(names->manufacturer + 3, name);
	json_object_set_new(json, "manufacturer", json_string(names->manufacturer));
	json_object_set_new(json, "manufacturer_name", json_string(name));
	json_object_set_new(json, "model", json_string(names->model));
	json_object_set_new(json, "version", json_string(names->version));
}

static void add_certified(json_t *json, const struct bv_ek_finding *finding)
{
	char id[2 * BASTION_DIGEST_SIZE + 1];
	X509 *cert = finding->cert;

	bv_hex(id, sizeof(id), finding->chip_id, sizeof(finding->chip_id));
	json_object_set_new(json, "kind", json_string(finding->kind == BV_EK_ENDORSEMENT ?
						      "endorsement-key" : "attestation-key"));
	json_object_set_new(json, "chip_id", json_string(id));
	add_names(json, &finding->names);
	json_object_set_new(json, "subject", bv_cert_name_json(X509_get_subject_name(cert)));
	json_object_set_new(json, "issuer", bv_cert_name_json(X509_get_issuer_name(cert)));
	json_object_set_new(json, "not_before", bv_cert_time_json(X509_get0_notBefore(cert)));
	json_object_set_new(json, "not_after", bv_cert_time_json(X509_get0_notAfter(cert)));
	json_object_set_new(json, "padding", json_integer(finding->padding));
}

/* What a certificate says is repeated only when it is good. */
json_t *bv_ek_finding_json(const struct bv_ek_finding *finding)
{
	json_t *json = bv_finding_json(&finding->found);

	if (!json)
		return NULL;
	json_object_set_new(json, "at", json_integer(finding->at));
	if (finding->found.ok)
		add_certified(json, finding);
	return json;
}
