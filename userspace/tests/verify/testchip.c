// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "testchip.h"

/* The tests' own readings, so that a mistake in the library is not made twice. */

static void sha384(const void *bytes, size_t len, uint8_t *out)
{
	assert(EVP_Digest(bytes, len, out, NULL, EVP_sha384(), NULL));
}

static void point_of(EVP_PKEY *key, uint8_t point[BASTION_POINT_SIZE])
{
	size_t len;

	assert(EVP_PKEY_get_octet_string_param(key, "pub", point, BASTION_POINT_SIZE, &len));
	assert(len == BASTION_POINT_SIZE);
}

static void spki_digest(EVP_PKEY *key, uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	assert(len > 0);
	sha384(der, len, digest);
	OPENSSL_free(der);
}

static void add_ext(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert(ext && X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

static void add_serial(X509_NAME *subject, EVP_PKEY *key)
{
	uint8_t id[BASTION_DIGEST_SIZE];
	char serial[65];

	spki_digest(key, id);
	for (int i = 0; i < 32; i++)
		snprintf(serial + 2 * i, 3, "%02x", id[i]);
	X509_NAME_add_entry_by_txt(subject, "serialNumber", MBSTRING_ASC, (const uint8_t *)serial, -1,
				   -1, 0);
}

X509 *tc_cert(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, bool ca,
	      long from, long to)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	if (!ca)
		add_serial(subject, key);
	X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : subject);
	ASN1_TIME_set(X509_getm_notBefore(cert), TC_NOW + from);
	ASN1_TIME_set(X509_getm_notAfter(cert), TC_NOW + to);
	X509_set_pubkey(cert, key);
	add_ext(cert, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_ext(cert, NID_key_usage, ca ? "critical,keyCertSign" : "critical,digitalSignature");
	assert(X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha384()));
	return cert;
}

void tc_put(struct tc_buffer *out, const void *bytes, size_t len)
{
	assert(out->len + len <= sizeof(out->data));
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

void tc_head(struct tc_buffer *out, unsigned int major, uint64_t value)
{
	int size = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 :
		   value < 0x100000000 ? 4 : 8;
	uint8_t byte = major << 5 | (size == 0 ? value : size == 1 ? 24 : size == 2 ? 25 :
				     size == 4 ? 26 : 27);

	tc_put(out, &byte, 1);
	while (size--) {
		byte = value >> (8 * size);
		tc_put(out, &byte, 1);
	}
}

void tc_bytes(struct tc_buffer *out, const void *bytes, size_t len)
{
	tc_head(out, 2, len);
	tc_put(out, bytes, len);
}

static void label(struct tc_buffer *out, int64_t value)
{
	if (value < 0)
		tc_head(out, 1, -1 - value);
	else
		tc_head(out, 0, value);
}

static void text(struct tc_buffer *out, const char *chars)
{
	tc_head(out, 3, strlen(chars));
	tc_put(out, chars, strlen(chars));
}

static void claim_uint(struct tc_buffer *out, int64_t key, uint64_t value)
{
	label(out, key);
	tc_head(out, 0, value);
}

static void claim_bytes(struct tc_buffer *out, int64_t key, const void *bytes, size_t len)
{
	label(out, key);
	tc_bytes(out, bytes, len);
}

static void claim_version(struct tc_buffer *out, int64_t key, const char *version)
{
	label(out, key);
	tc_head(out, 4, 1);
	text(out, version);
}

/* field(x): the length as u32, then x. */
static void field(struct tc_buffer *out, const void *bytes, uint32_t len)
{
	uint8_t head[4] = { len, len >> 8, len >> 16, len >> 24 };

	tc_put(out, head, 4);
	tc_put(out, bytes, len);
}

void tc_qualifying(const struct tc *tc, uint8_t out[BASTION_DIGEST_SIZE])
{
	const struct bv_round *round = &tc->round;
	struct tc_buffer bytes = { .len = 0 };
	uint8_t count[8];

	for (int i = 0; i < 8; i++)
		count[i] = round->log_count >> (8 * i);
	tc_put(&bytes, "bastion quote v1", 17);
	field(&bytes, round->verifier_nonce, round->verifier_nonce_len);
	field(&bytes, round->verifier, 48);
	field(&bytes, round->kernel_nonce, 32);
	field(&bytes, round->chip_nonce, round->chip_nonce_len);
	field(&bytes, round->boot_key, 97);
	field(&bytes, count, 8);
	sha384(bytes.data, bytes.len, out);
}

void tc_payload(const struct tc *tc, struct tc_buffer *out)
{
	const struct tc_claims *claims = &tc->claims;
	uint8_t nonce[48], ueid[33] = { 1 }, extensions[48];

	out->len = 0;
	tc_qualifying(tc, nonce);
	memcpy(ueid + 1, claims->chip_id, 32);
	sha384(claims->registers[5], 3 * 48, extensions);
	tc_head(out, 5, 17);
	claim_bytes(out, 10, nonce, 48);
	claim_bytes(out, 256, ueid, 33);
	claim_bytes(out, 259, claims->model, strlen(claims->model));
	claim_version(out, 260, "1");
	claim_uint(out, 261, claims->uptime_ms / 1000);
	claim_uint(out, 263, claims->dbgstat);
	label(out, 265);
	text(out, "tag:bastion.example,2026:quote/1");
	claim_uint(out, 267, claims->boot_count);
	label(out, 270);
	text(out, "bastion-firmware");
	claim_version(out, 271, claims->firmware);
	claim_bytes(out, -70001, claims->chip_id, 48);
	claim_bytes(out, -70002, claims->chip_nonce, 48);
	claim_uint(out, -70003, claims->svn);
	label(out, -70004);
	tc_head(out, 4, 8);
	for (int i = 0; i < 8; i++)
		tc_bytes(out, claims->registers[i], 48);
	claim_bytes(out, -70005, extensions, 48);
	claim_uint(out, -70006, claims->lifecycle);
	claim_uint(out, -70007, claims->uptime_ms);
}

static void put_cert(struct tc_buffer *out, X509 *cert)
{
	uint8_t *der = NULL;
	int len = i2d_X509(cert, &der);

	assert(len > 0);
	tc_bytes(out, der, len);
	OPENSSL_free(der);
}

void tc_protected(const struct tc *tc, struct tc_buffer *out)
{
	out->len = 0;
	tc_head(out, 5, 2);
	label(out, 1);
	label(out, -35);
	label(out, 33);
	tc_head(out, 4, 2);
	put_cert(out, tc->leaf);
	put_cert(out, tc->ca);
}

static void sign_raw(EVP_PKEY *key, const struct tc_buffer *message, uint8_t out[96])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[128];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig;

	assert(EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key) == 1);
	assert(EVP_DigestSign(ctx, der, &len, message->data, message->len) == 1);
	EVP_MD_CTX_free(ctx);
	sig = d2i_ECDSA_SIG(NULL, &at, len);
	assert(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 48) == 48 &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 48, 48) == 48);
	ECDSA_SIG_free(sig);
}

void tc_sign(const struct tc *tc, const struct tc_buffer *protected_header,
	     const struct tc_buffer *payload, struct tc_buffer *out)
{
	struct tc_buffer *structure = calloc(1, sizeof(*structure));
	uint8_t signature[96];

	tc_head(structure, 4, 4);
	text(structure, "Signature1");
	tc_bytes(structure, protected_header->data, protected_header->len);
	tc_bytes(structure, "", 0);
	tc_bytes(structure, payload->data, payload->len);
	sign_raw(tc->sign_key, structure, signature);
	free(structure);
	out->len = 0;
	tc_head(out, 6, 18);
	tc_head(out, 4, 4);
	tc_bytes(out, protected_header->data, protected_header->len);
	tc_head(out, 5, 0);
	tc_bytes(out, payload->data, payload->len);
	tc_bytes(out, signature, 96);
}

void tc_quote(struct tc *tc, struct tc_buffer *out)
{
	struct tc_buffer *parts = calloc(2, sizeof(*parts));

	tc_protected(tc, &parts[0]);
	tc_payload(tc, &parts[1]);
	tc_sign(tc, &parts[0], &parts[1], out);
	free(parts);
}

static void record(struct tc *tc, struct tc_log *log, uint32_t index, const char *template,
		   const struct tc_buffer *fields)
{
	uint8_t both[96], head[4] = { index };

	memcpy(both, tc->claims.registers[index], 48);
	sha384(fields->data, fields->len, both + 48);
	tc_put(&log->bytes, head, 4);
	tc_put(&log->bytes, both + 48, 48);
	field(&log->bytes, template, strlen(template));
	field(&log->bytes, fields->data, fields->len);
	sha384(both, 96, tc->claims.registers[index]);
	log->count++;
}

void tc_event(struct tc *tc, struct tc_log *log, uint32_t index, const char *name,
	      const void *data, size_t len)
{
	struct tc_buffer *fields = calloc(1, sizeof(*fields));
	uint8_t digest[8 + 48] = "sha384:";

	sha384(data, len, digest + 8);
	digest[8] ^= tc->forge;
	field(fields, digest, sizeof(digest));
	field(fields, name, strlen(name) + 1);
	field(fields, data, len);
	record(tc, log, index, "ima-buf", fields);
	free(fields);
}

void tc_typed_file(struct tc *tc, struct tc_log *log, uint32_t index, const char *template,
		   const char *prefix, const char *name, size_t size, uint8_t fill)
{
	struct tc_buffer *fields = calloc(1, sizeof(*fields));
	size_t start = strlen(prefix) + 1;
	uint8_t digest[16 + 64];

	memcpy(digest, prefix, start);
	memset(digest + start, fill, size);
	field(fields, digest, start + size);
	field(fields, name, strlen(name) + 1);
	record(tc, log, index, template, fields);
	free(fields);
}

void tc_file(struct tc *tc, struct tc_log *log, uint32_t index, const char *name, size_t size,
	     uint8_t fill)
{
	tc_typed_file(tc, log, index, "ima-ng", size == 48 ? "sha384:" : "sha256:", name, size, fill);
}

void tc_reset_logs(struct tc *tc)
{
	memset(&tc->boot_log, 0, sizeof(tc->boot_log));
	memset(&tc->log, 0, sizeof(tc->log));
	tc->log_skip = 0;
	tc->round.log_from = 0;
	tc->round.ima_from = 0;
	memset(tc->claims.registers, 0, sizeof(tc->claims.registers));
}

void tc_boot(struct tc *tc, const char *cmdline)
{
	tc_file(tc, &tc->boot_log, 0, "firmware", 48, 0xf0);
	tc_file(tc, &tc->boot_log, 0, "kernel", 48, 0xf1);
	tc_file(tc, &tc->boot_log, 0, "initrd", 48, 0xf2);
	tc_event(tc, &tc->boot_log, 0, "cmdline", cmdline, strlen(cmdline));
}

void tc_module(struct tc *tc)
{
	uint8_t point[BASTION_POINT_SIZE];

	tc_event(tc, &tc->log, 1, "boot_key", tc->round.boot_key, BASTION_POINT_SIZE);
	tc_event(tc, &tc->log, 1, "module", "version=1 build=" TC_BUILD, 17 + strlen(TC_BUILD) - 1);
	tc_event(tc, &tc->log, 1, "platform", "kernel=6.12", 11);
	tc_event(tc, &tc->log, 2, "parameters", "polling=0 measure=none", 22);
	point_of(tc->grant_key, point);
	tc_event(tc, &tc->log, 2, "verifier_add", point, sizeof(point));
}

static json_t *hex_json(const void *bytes, size_t len)
{
	char hex[512];

	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", ((const uint8_t *)bytes)[i]);
	return json_string(hex);
}

static json_t *repeated(uint8_t byte)
{
	uint8_t bytes[48];

	memset(bytes, byte, sizeof(bytes));
	return hex_json(bytes, sizeof(bytes));
}

struct tc *tc_new(void)
{
	struct tc *tc = calloc(1, sizeof(*tc));
	EVP_PKEY **keys[] = {
		&tc->root_key, &tc->ca_key, &tc->chip_key, &tc->boot_key, &tc->grant_key, &tc->ear_key
	};

	for (size_t i = 0; i < 6; i++)
		assert((*keys[i] = EVP_EC_gen("P-384")));
	tc->sign_key = tc->chip_key;
	tc_reissue(tc, 1000);
	tc->claims = (struct tc_claims){
		.model = TC_MODEL, .firmware = "1.2.0", .svn = 2, .dbgstat = 1,
		.lifecycle = BASTION_LIFECYCLE_PRODUCTION, .boot_count = 9, .uptime_ms = 12345,
	};
	spki_digest(tc->chip_key, tc->claims.chip_id);
	spki_digest(tc->grant_key, tc->verifier);
	memset(tc->claims.chip_nonce, 0xc4, sizeof(tc->claims.chip_nonce));
	memset(tc->round.chip_nonce, 0xc4, sizeof(tc->round.chip_nonce));
	tc->round.chip_nonce_len = sizeof(tc->round.chip_nonce);
	memset(tc->round.kernel_nonce, 0x4e, sizeof(tc->round.kernel_nonce));
	memset(tc->round.verifier_nonce, 0x55, 32);
	tc->round.verifier_nonce_len = 32;
	memcpy(tc->round.verifier, tc->verifier, sizeof(tc->verifier));
	point_of(tc->boot_key, tc->round.boot_key);
	tc_boot(tc, TC_CMDLINE);
	tc_module(tc);
	tc->policy = json_pack("{s:[s], s:[s], s:s, s:i, s:{s:[{s:s, s:o, s:o, s:o, s:s}]}, s:i,"
			       " s:{s:{s:b, s:b}, s:{s:b, s:s}}}",
			       "roots", "root.pem", "models", TC_MODEL, "firmware_min", "1.2.0",
			       "svn_min", 2, "reference", "boot", "name", "good", "firmware",
			       repeated(0xf0), "kernel", repeated(0xf1), "initrd", repeated(0xf2),
			       "cmdline", TC_CMDLINE, "lifetime", 300, "policies", "prod-db", "create", 1,
			       "release", 1, "web", "release", 1, "executable",
			       "sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
	assert(tc->policy);
	return tc;
}

void tc_free(struct tc *tc)
{
	EVP_PKEY_free(tc->root_key);
	EVP_PKEY_free(tc->ca_key);
	EVP_PKEY_free(tc->chip_key);
	EVP_PKEY_free(tc->boot_key);
	EVP_PKEY_free(tc->grant_key);
	EVP_PKEY_free(tc->ear_key);
	X509_free(tc->root);
	X509_free(tc->ca);
	X509_free(tc->leaf);
	bv_history_free(tc->history);
	json_decref(tc->policy);
	free(tc);
}

json_t *tc_cmw(const char *type, const void *bytes, size_t len)
{
	char *value = bv_base64url((struct bv_span){ bytes, len });
	json_t *json = json_pack("[s, s, i]", type, value, 4);

	free(value);
	return json;
}

static json_t *cmw_json(const char *type, json_t *value)
{
	char *dump = json_dumps(value, JSON_COMPACT);
	json_t *json = tc_cmw(type, dump, strlen(dump));

	free(dump);
	json_decref(value);
	return json;
}

json_t *tc_bundle(struct tc *tc, const struct tc_buffer *quote)
{
	const struct bv_round *round = &tc->round;
	json_t *ima = tc->ima.data ? tc_cmw("application/vnd.bastion.ima", tc->ima.data, tc->ima.len)
				   : NULL;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o*, s:o}", "__cmwc_t",
		"tag:bastion.example,2026:evidence/1", "quote",
		tc_cmw("application/eat+cwt", quote->data, quote->len), "round",
		cmw_json("application/vnd.bastion.round+json",
			 json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o*}", "verifier",
				   hex_json(round->verifier, 48), "kernel_nonce",
				   hex_json(round->kernel_nonce, 32), "chip_nonce",
				   hex_json(round->chip_nonce, round->chip_nonce_len), "boot_key",
				   hex_json(round->boot_key, 97), "verifier_nonce",
				   hex_json(round->verifier_nonce, round->verifier_nonce_len),
				   "log_count", (json_int_t)round->log_count,
				   "log_from", (json_int_t)round->log_from,
				   "ima_from", (json_int_t)round->ima_from,
				   "pcr", round->pcr ? json_integer(round->pcr) : NULL)),
		"boot_log", tc_cmw("application/vnd.bastion.log", tc->boot_log.bytes.data,
				   tc->boot_log.bytes.len),
		"log", tc_cmw("application/vnd.bastion.log", tc->log.bytes.data + tc->log_skip,
			      tc->log.bytes.len - tc->log_skip),
		"ima", ima,
		"platform", cmw_json("application/vnd.bastion.platform+json",
				     json_pack("{s:s}", "kernel", "6.12")));
}

char *tc_evidence(struct tc *tc)
{
	struct tc_buffer *quote = calloc(1, sizeof(*quote));
	json_t *json;
	char *dump;

	tc->round.log_count = tc->log.count;
	tc_quote(tc, quote);
	json = tc_bundle(tc, quote);
	dump = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	free(quote);
	return dump;
}

static void add_references(struct tc *tc, struct bv_policy *policy, struct bv_rule *rule)
{
	struct bv_span text = { (const uint8_t *)tc->references, 0 };
	struct bv_error err = { "" };

	if (!rule->given || !tc->references)
		return;
	text.len = strlen(tc->references);
	if (bv_policy_add_references(policy, rule, text, &err))
		fprintf(stderr, "# %s\n", err.text);
}

struct bv_policy *tc_policy(struct tc *tc)
{
	char *dump = json_dumps(tc->policy, JSON_COMPACT), *pem;
	struct bv_error err = { "" };
	struct bv_policy *policy = bv_policy_parse((struct bv_span){ (uint8_t *)dump, strlen(dump) },
						   &err);
	BIO *bio = BIO_new(BIO_s_mem());
	long len;

	assert(PEM_write_bio_X509(bio, tc->root));
	len = BIO_get_mem_data(bio, &pem);
	if (!policy)
		fprintf(stderr, "# %s\n", err.text);
	assert(policy && !bv_policy_add_roots(policy, (struct bv_span){ (uint8_t *)pem, len }, &err));
	add_references(tc, policy, &policy->ima);
	add_references(tc, policy, &policy->executables);
	BIO_free(bio);
	free(dump);
	return policy;
}

struct bv_verdict *tc_appraise(struct tc *tc, const char *evidence)
{
	char *own = evidence ? NULL : tc_evidence(tc);
	const char *bytes = evidence ? evidence : own;
	uint8_t nonce[32];
	struct bv_policy *policy = tc_policy(tc);
	const struct bv_appraisal in = {
		.policy = policy,
		.evidence = { (const uint8_t *)bytes, strlen(bytes) },
		.nonce = { nonce, 32 },
		.verifier = tc->verifier,
		.now = TC_NOW,
		.history = tc->history,
	};
	struct bv_verdict *verdict;

	memset(nonce, 0x55, sizeof(nonce));
	verdict = bv_appraise(&in);
	assert(verdict);
	bv_policy_free(policy);
	free(own);
	return verdict;
}

void tc_reuse(struct tc *tc)
{
	tc->log_skip = tc->log.bytes.len;
	tc->round.log_from = tc->log.count;
}

void tc_reissue(struct tc *tc, long seconds)
{
	X509_free(tc->root);
	X509_free(tc->ca);
	X509_free(tc->leaf);
	tc->root = tc_cert(tc->root_key, "Test Root", NULL, NULL, true, -seconds, seconds);
	tc->ca = tc_cert(tc->ca_key, TC_MODEL, tc->root, tc->root_key, true, -seconds,
			 seconds);
	tc->leaf = tc_cert(tc->chip_key, TC_MODEL, tc->ca, tc->ca_key, false, -seconds, seconds);
}

const json_t *tc_check(const struct bv_verdict *verdict, const char *name)
{
	const json_t *check;
	size_t i;

	json_array_foreach(verdict->checks, i, check)
		if (!strcmp(json_string_value(json_object_get(check, "name")), name))
			return check;
	return NULL;
}
