// SPDX-License-Identifier: GPL-2.0
/* Endorsement certificates: recorded ones, and ones of a manufacturer that errs or lies. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "bastion-verifier/keys.h"
#include "libbastion-verify/chain.h"
#include "testcommand.h"
#include "testek.h"
#include "testvectors.h"

#define GCE		"ek-cert/gce/"

static bool judge(struct bv_span bytes, const struct bv_ek_anchors *anchors, int64_t at)
{
	struct bv_ek_finding finding;
	bool ok;

	assert_int_equal(bv_ek_judge(bytes, anchors, at, &finding), 0);
	ok = finding.found.ok;
	assert_int_equal(ok, !finding.found.error.text[0]);
	bv_ek_finding_exit(&finding);
	return ok;
}

static void refuses_bytes(struct bv_span bytes, const struct bv_ek_anchors *anchors, int64_t at,
			  const char *why)
{
	struct bv_ek_finding finding;
	json_t *json;

	assert_int_equal(bv_ek_judge(bytes, anchors, at, &finding), 0);
	assert_false(finding.found.ok);
	if (!strstr(finding.found.error.text, why))
		fail_msg("refused, but: %s", finding.found.error.text);
	json = bv_ek_finding_json(&finding);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_null(json_object_get(json, "chip_id"));
	json_decref(json);
	bv_ek_finding_exit(&finding);
}

static void refuses(const struct maker *maker, const struct wish *wish, const char *why)
{
	X509 *cert = te_make(maker, wish);
	struct bv_span bytes = te_der(cert);

	refuses_bytes(bytes, &maker->anchors, NOW, why);
	OPENSSL_free((void *)bytes.data);
	X509_free(cert);
}

/* Returns the outcome, which must be good, for the caller to forget. */
static struct bv_ek_finding accepts(const struct maker *maker, const struct wish *wish)
{
	X509 *cert = te_make(maker, wish);
	struct bv_span bytes = te_der(cert);
	struct bv_ek_finding finding;

	assert_int_equal(bv_ek_judge(bytes, &maker->anchors, NOW, &finding), 0);
	if (!finding.found.ok)
		fail_msg("refused: %s", finding.found.error.text);
	OPENSSL_free((void *)bytes.data);
	X509_free(cert);
	return finding;
}

static void test_good(void **state)
{
	struct bv_ek_finding finding = accepts(*state, &(struct wish){ 0 });
	const struct maker *maker = *state;
	uint8_t *spki = NULL, digest[48];
	char hex[2 * 48 + 1];
	json_t *json = bv_ek_finding_json(&finding);
	int len = i2d_PUBKEY(maker->ek, &spki);

	assert_true(EVP_Digest(spki, len, digest, NULL, EVP_sha384(), NULL));
	OPENSSL_free(spki);
	bv_hex(hex, sizeof(hex), digest, 48);
	assert_string_equal(json_string_value(json_object_get(json, "chip_id")), hex);
	assert_string_equal(json_string_value(json_object_get(json, "kind")), "endorsement-key");
	assert_string_equal(json_string_value(json_object_get(json, "manufacturer")), "id:474F4F47");
	assert_string_equal(json_string_value(json_object_get(json, "manufacturer_name")), "GOOG");
	assert_string_equal(json_string_value(json_object_get(json, "model")), "model 1");
	assert_string_equal(json_string_value(json_object_get(json, "version")), "id:00010002");
	json_decref(json);
	bv_ek_finding_exit(&finding);
	finding = accepts(*state, &(struct wish){ .usage = "critical,digitalSignature" });
	assert_int_equal(finding.kind, BV_EK_ATTESTATION);
	bv_ek_finding_exit(&finding);
	finding = accepts(*state, &(struct wish){ .subject = "" });
	bv_ek_finding_exit(&finding);
	finding = accepts(*state, &(struct wish){ .purpose = "", .no_names = true });
	assert_false(finding.names.given);
	assert_int_equal(json_array_size(finding.found.skipped), 2);
	bv_ek_finding_exit(&finding);
}

static void test_usage(void **state)
{
	refuses(*state, &(struct wish){ .usage = "" }, "no critical key usage");
	refuses(*state, &(struct wish){ .usage = "keyAgreement" }, "no critical key usage");
	refuses(*state, &(struct wish){ .usage = "critical,keyEncipherment" }, "key usage is 0x20");
	refuses(*state, &(struct wish){ .usage = "critical,keyAgreement,digitalSignature" },
		"key usage is 0x88");
	refuses(*state, &(struct wish){ .usage = "critical,keyCertSign" }, "key usage is 0x4");
	refuses(*state, &(struct wish){ .constraints = "critical,CA:TRUE" }, "is a CA's");
	refuses(*state, &(struct wish){ .purpose = "serverAuth" }, "does not name 2.23.133.8.1");
	refuses(*state, &(struct wish){ .purpose = "2.23.133.8.3" }, "does not name 2.23.133.8.1");
	refuses(*state, &(struct wish){ .unknown = "1.2.3.4" }, "unhandled critical extension");
}

static void test_names(void **state)
{
	struct bv_ek_finding finding;

	refuses(*state, &(struct wish){ .id = "" }, "does not name its TPM's manufacturer");
	refuses(*state, &(struct wish){ .model = "" }, "does not name its TPM's model");
	refuses(*state, &(struct wish){ .version = "" }, "does not name its TPM's version");
	refuses(*state, &(struct wish){ .id = "474F4F47" }, "not \"id:\" and eight");
	refuses(*state, &(struct wish){ .id = "id:474F4F4x" }, "not \"id:\" and eight");
	refuses(*state, &(struct wish){ .id = "id:474F4F471" }, "no text of 1 to 11");
	refuses(*state, &(struct wish){ .model = "a\x1b[2J" }, "model is no text");
	refuses(*state, &(struct wish){ .twice = true }, "manufacturer twice");
	refuses(*state, &(struct wish){ .extra = "1.2.3.4" }, "1.2.3.4 that must be understood");
	refuses(*state, &(struct wish){ .dns = "a.example" }, "kind 2 that must be understood");
	/* What need not be understood may be passed over. */
	finding = accepts(*state, &(struct wish){ .extra = "1.2.3.4", .dns = "a.example",
						  .not_critical = true });
	bv_ek_finding_exit(&finding);
	refuses(*state, &(struct wish){ .subject = "", .not_critical = true },
		"no subject, and no critical");
	refuses(*state, &(struct wish){ .subject = "", .no_names = true },
		"no subject, and no critical");
}

/* A good certificate, but for who signed it. */
static struct bv_span issued_by(const struct maker *maker, X509 *issuer)
{
	struct maker other = *maker;
	struct bv_span bytes;
	X509 *cert;

	other.authority = issuer;
	other.key = maker->ek;
	cert = te_make(&other, &(struct wish){ .subject = "another" });
	bytes = te_der(cert);
	X509_free(cert);
	return bytes;
}

static void test_path(void **state)
{
	struct maker *maker = *state;
	struct bv_ek_anchors none;
	X509 *cert = te_make(maker, &(struct wish){ 0 });
	struct bv_span bytes = te_der(cert);

	assert_true(judge(bytes, &maker->anchors, NOW));
	refuses_bytes(bytes, &maker->anchors, NOW - 2 * YEAR, "not yet valid");
	refuses_bytes(bytes, &maker->anchors, NOW + 2 * YEAR, "expired");
	/* An authority is trusted as far as a root certifies it, and no further. */
	assert_int_equal(bv_ek_anchors_init(&none), 0);
	te_add_anchor(&none, maker->authority);
	refuses_bytes(bytes, &none, NOW, "unable to get local issuer");
	te_add_anchor(&none, cert);
	refuses_bytes(bytes, &none, NOW, "unable to get local issuer");
	bv_ek_anchors_exit(&none);
	OPENSSL_free((void *)bytes.data);
	/* Nor is a TPM an authority for others. */
	te_add_anchor(&maker->anchors, cert);
	bytes = issued_by(maker, cert);
	refuses_bytes(bytes, &maker->anchors, NOW, "invalid CA certificate");
	OPENSSL_free((void *)bytes.data);
	X509_free(cert);
	refuses(maker, &(struct wish){ .digest = "SHA1" }, "too weak");
	EVP_PKEY_free(maker->ek);
	maker->ek = EVP_RSA_gen(1024);
	refuses(maker, &(struct wish){ .usage = "critical,keyEncipherment" }, "too weak");
	EVP_PKEY_free(maker->ek);
	maker->ek = EVP_RSA_gen(2048);
	refuses(maker, &(struct wish){ 0 }, "key usage is 0x8");
	EVP_PKEY_free(maker->ek);
	maker->ek = EVP_EC_gen("P-521");
	refuses(maker, &(struct wish){ 0 }, "neither RSA nor on P-256");
}

static void test_anchors(void **state)
{
	struct maker *maker = *state;
	X509 *cert = te_begin(3, "self", NULL, maker->ek);
	struct bv_error err;
	struct bv_span bytes;

	/* A key that vouches for itself vouches for nothing. */
	te_end(cert, maker->ek, "SHA256");
	bytes = te_der(cert);
	assert_int_equal(bv_ek_anchors_add(&maker->anchors, bytes, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "self-signed"));
	bytes.len--;
	assert_int_equal(bv_ek_anchors_add(&maker->anchors, bytes, &err), -EBADMSG);
	assert_int_equal(bv_ek_anchors_add(&maker->anchors, (struct bv_span){ 0 }, &err), -EBADMSG);
	assert_int_equal(bv_ek_anchors_add(&maker->anchors, BV_SPAN("no certificate"), &err),
			 -EBADMSG);
	OPENSSL_free((void *)bytes.data);
	X509_free(cert);
}

static void test_bytes(void **state)
{
	const struct maker *maker = *state;
	X509 *cert = te_make(maker, &(struct wish){ 0 });
	struct bv_span bytes = te_der(cert);
	uint8_t *padded = calloc(1, bytes.len + 100);
	struct bv_ek_finding finding;

	memcpy(padded, bytes.data, bytes.len);
	assert_int_equal(bv_ek_judge((struct bv_span){ padded, bytes.len + 100 }, &maker->anchors, NOW,
				     &finding), 0);
	assert_true(finding.found.ok);
	assert_int_equal(finding.padding, 100);
	bv_ek_finding_exit(&finding);
	padded[bytes.len + 50] = 0xff;
	refuses_bytes((struct bv_span){ padded, bytes.len + 100 }, &maker->anchors, NOW,
		      "100 bytes that are not all zero follow");
	padded[bytes.len + 50] = 0;
	for (size_t i = 0; i < bytes.len + 100; i++)
		for (int bit = 0; bit < 8; bit++) {
			padded[i] ^= 1 << bit;
			if (judge((struct bv_span){ padded, bytes.len + 100 }, &maker->anchors, NOW))
				fail_msg("byte %zu, bit %d makes no difference", i, bit);
			padded[i] ^= 1 << bit;
		}
	for (size_t len = 0; len < bytes.len; len++) {
		uint8_t *copy = malloc(len + !len);

		memcpy(copy, padded, len);
		assert_false(judge((struct bv_span){ copy, len }, &maker->anchors, NOW));
		free(copy);
	}
	free(padded);
	OPENSSL_free((void *)bytes.data);
	X509_free(cert);
}

/* With one list more, which the caller has no use for afterwards. */
static void with_crl(struct maker *maker, struct bv_span crl, const char *why, size_t skipped)
{
	X509 *cert = te_make(maker, &(struct wish){ 0 });
	struct bv_span bytes = te_der(cert);
	struct bv_ek_finding finding;

	assert_int_equal(bv_ek_anchors_add(&maker->anchors, crl, NULL), 0);
	if (why) {
		refuses_bytes(bytes, &maker->anchors, NOW, why);
	} else {
		assert_int_equal(bv_ek_judge(bytes, &maker->anchors, NOW, &finding), 0);
		assert_true(finding.found.ok);
		assert_int_equal(json_array_size(finding.found.skipped), skipped);
		bv_ek_finding_exit(&finding);
	}
	OPENSSL_free((void *)bytes.data);
	OPENSSL_free((void *)crl.data);
	X509_free(cert);
}

static void pop_crl(struct maker *maker)
{
	X509_CRL_free(sk_X509_CRL_pop(maker->anchors.crls));
}

static void test_revoked(void **state)
{
	struct maker *maker = *state;
	AUTHORITY_KEYID *keyid = AUTHORITY_KEYID_new();
	EVP_PKEY *other = EVP_EC_gen("P-256");

	/* Nobody has a list of the root's: that is not checked, and said. */
	with_crl(maker, te_crl(maker->authority, maker->key, 99, NOW + 1000), NULL, 1);
	/* With both, all is. */
	with_crl(maker, te_crl(maker->root, maker->root_key, 99, NOW + 1000), NULL, 0);
	pop_crl(maker);
	with_crl(maker, te_crl(maker->root, maker->root_key, 2, NOW + 1000), "revoked", 0);
	pop_crl(maker);
	pop_crl(maker);
	with_crl(maker, te_crl(maker->authority, maker->key, 100, NOW + 1000), "revoked", 0);
	pop_crl(maker);
	with_crl(maker, te_crl(maker->authority, maker->key, 99, NOW - 10), "CRL has expired", 0);
	pop_crl(maker);
	with_crl(maker, te_crl(maker->authority, other, 99, NOW + 1000), "CRL signature", 0);
	pop_crl(maker);
	/* A list of that name which OpenSSL has no use for is not the same as none. */
	keyid->serial = ASN1_INTEGER_new();
	ASN1_INTEGER_set(keyid->serial, 12345);
	with_crl(maker, te_crl_of(maker->authority, maker->key, 100, NOW + 1000, keyid),
		 "unable to get certificate CRL", 0);
	AUTHORITY_KEYID_free(keyid);
	EVP_PKEY_free(other);
}

/* Those of the folder, as "--roots" would find them. */
static void load_gce(struct bv_ek_anchors *anchors)
{
	static const char *const names[] = {
		"gcp_ek_ak_ca_root.crt", "gcp_ek_ak_ca_intermediate_v3.crt", "tpm_ek_root_1.cer",
		"tpm_ek_intermediate_2.crt",
	};
	struct bv_span bytes[4];

	/* First all of them, since each may be missing and end the test. */
	for (size_t i = 0; i < 4; i++) {
		char path[128];

		snprintf(path, sizeof(path), GCE "%s", names[i]);
		bytes[i] = tv_load(path);
	}
	assert_int_equal(bv_ek_anchors_init(anchors), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(bv_ek_anchors_add(anchors, bytes[i], NULL), 0);
		free((void *)bytes[i].data);
	}
}

static void test_gce(void **state)
{
	static const struct {
		const char *name;
		enum bv_ek_kind kind;
	} certs[] = {
		{ "pca_tpm_ecc_enc_cert.pem", BV_EK_ENDORSEMENT },
		{ "pca_tpm_rsa_enc_cert.pem", BV_EK_ENDORSEMENT },
		{ "pca_tpm_ecc_sign_cert.pem", BV_EK_ATTESTATION },
	};
	struct bv_ek_anchors anchors;

	load_gce(&anchors);
	for (size_t i = 0; i < 3; i++) {
		struct bv_ek_finding finding;
		struct bv_span bytes;
		char path[128];

		snprintf(path, sizeof(path), GCE "%s", certs[i].name);
		bytes = tv_load(path);
		assert_int_equal(bv_ek_judge(bytes, &anchors, NOW, &finding), 0);
		if (!finding.found.ok)
			fail_msg("%s: %s", certs[i].name, finding.found.error.text);
		assert_int_equal(finding.kind, certs[i].kind);
		bv_ek_finding_exit(&finding);
		refuses_bytes(bytes, &anchors, NOW - 2 * YEAR, "not yet valid");
		refuses_bytes(bytes, &anchors, NOW + 40 * YEAR, "expired");
		free((void *)bytes.data);
	}
	bv_ek_anchors_exit(&anchors);
}

/* Names of their TPM are in the certificates of the other authority, which is not here. */
static void test_gce_names(void **state)
{
	struct bv_span bytes = tv_load(GCE "uca_tpm_ecc_enc_cert.pem");
	struct bv_ek_anchors anchors;
	struct bv_ek_finding finding;
	struct bv_ek_names names;

	load_gce(&anchors);
	assert_int_equal(bv_ek_judge(bytes, &anchors, NOW, &finding), 0);
	assert_false(finding.found.ok);
	assert_non_null(strstr(finding.found.error.text, "unable to get local issuer"));
	assert_int_equal(bv_ek_names_read(finding.cert, &names, NULL), 0);
	assert_true(names.given);
	assert_string_equal(names.manufacturer, "id:474F4F47");
	assert_string_equal(names.model, "vTPM");
	assert_string_equal(names.version, "id:20160511");
	bv_ek_finding_exit(&finding);
	bv_ek_anchors_exit(&anchors);
	free((void *)bytes.data);
}

/* One byte of the certificate, and of the text that it is in. */
static void test_gce_bytes(void **state)
{
	struct bv_span text = tv_load(GCE "pca_tpm_ecc_enc_cert.pem"), bytes;
	struct bv_ek_anchors anchors;
	struct bv_ek_finding finding;
	uint8_t *byte;

	load_gce(&anchors);
	assert_int_equal(bv_ek_judge(text, &anchors, NOW, &finding), 0);
	bytes = te_der(finding.cert);
	bv_ek_finding_exit(&finding);
	for (size_t i = 0; i < bytes.len; i++) {
		byte = (uint8_t *)bytes.data + i;
		*byte ^= 1 << i % 8;
		assert_false(judge(bytes, &anchors, NOW));
		*byte ^= 1 << i % 8;
	}
	assert_true(judge(bytes, &anchors, NOW));
	for (size_t i = 0; i < text.len; i++) {
		byte = (uint8_t *)text.data + i;
		*byte ^= 1;
		assert_false(judge(text, &anchors, NOW));
		*byte ^= 1;
	}
	assert_true(judge(text, &anchors, NOW));
	OPENSSL_free((void *)bytes.data);
	free((void *)text.data);
	bv_ek_anchors_exit(&anchors);
}

static int setup_command(void **state)
{
	return te_setup(state) || tm_setup(NULL);
}

static int teardown_command(void **state)
{
	return te_teardown(state) || tm_teardown(NULL);
}

#define RUN(...)	TM_RUN(verifier_inspect_ek_cert, "ek-cert", tm_path("cert"), ##__VA_ARGS__)

static void write_cert(const char *name, X509 *cert)
{
	struct bv_span bytes = te_der(cert);

	tm_write(name, bytes);
	OPENSSL_free((void *)bytes.data);
}

static void test_command(void **state)
{
	struct maker *maker = *state;
	X509 *cert = te_make(maker, &(struct wish){ 0 });
	const char *roots = strdup(tm_path("roots"));
	json_t *json;

	assert_int_equal(mkdir(roots, 0700), 0);
	write_cert("cert", cert);
	write_cert("roots/root.der", maker->root);
	write_cert("roots/authority.cer", maker->authority);
	assert_int_equal(RUN("--roots", roots, "--at", "2024-01-01T00:00:00Z", "--json"), VERIFIER_OK);
	json = tm_json();
	assert_true(json_is_true(json_object_get(json, "ok")));
	assert_int_equal(json_integer_value(json_object_get(json, "at")), NOW);
	json_decref(json);
	assert_int_equal(RUN("--roots", roots, "--at", "1704067200"), VERIFIER_OK);
	assert_int_equal(RUN("--roots", roots, "--at", "2020-01-01T00:00:00Z"), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "not yet valid"));
	assert_int_equal(RUN("--roots", roots, "--at", "2024-02-31T00:00:00Z"), VERIFIER_USAGE);
	assert_int_equal(RUN("--roots", roots, "--at", "2024-01-01"), VERIFIER_USAGE);
	assert_int_equal(RUN("--roots", roots, "--at", ""), VERIFIER_USAGE);
	assert_int_equal(RUN(), VERIFIER_USAGE);
	assert_int_equal(RUN("--roots", tm_path("cert")), VERIFIER_REFUSED);
	/* What is there and cannot be read is not passed over. */
	tm_write_text("roots/list.crl", "no list");
	assert_int_equal(RUN("--roots", roots, "--at", "1704067200"), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "list.crl"));
	X509_free(cert);
	free((void *)roots);
}

/* What somebody sent, or the operator has by mistake. */
#define ENCRYPTED(label) "-----BEGIN " label "-----\nProc-Type: 4,ENCRYPTED\n" \
	"DEK-Info: AES-256-CBC,00000000000000000000000000000000\n\nAAAAAAAAAAAAAAAAAAAAAA==\n" \
	"-----END " label "-----\n"

static bool reads_certificate(void)
{
	const struct bv_ek_anchors none = { 0 };
	struct bv_ek_finding finding;

	return bv_ek_judge((struct bv_span){ (const uint8_t *)ENCRYPTED("CERTIFICATE"),
					     strlen(ENCRYPTED("CERTIFICATE")) }, &none, NOW, &finding) ||
	       finding.found.ok;
}

static bool reads_root(void)
{
	return bv_roots_add(NULL, (struct bv_span){ (const uint8_t *)ENCRYPTED("CERTIFICATE"),
						    strlen(ENCRYPTED("CERTIFICATE")) }, NULL) >= 0;
}

static bool reads_key(void)
{
	uint8_t digest[BASTION_DIGEST_SIZE];

	return !keys_digest(tm_path("key"), digest, NULL);
}

/* Without a terminal, and with a standard input on which nothing ever comes. */
static void asks_nobody(bool (*reads)(void))
{
	/* Of the signals that OpenSSL does not catch while it asks. */
	struct sigevent end = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	const struct itimerspec late = { .it_value.tv_sec = 5 };
	int ends[2], status;
	timer_t timer;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		setsid();
		dup2(ends[0], STDIN_FILENO);
		assert_int_equal(timer_create(CLOCK_MONOTONIC, &end, &timer), 0);
		timer_settime(timer, 0, &late, NULL);
		_exit(reads());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_passphrase(void **state)
{
	tm_write_text("key", ENCRYPTED("PUBLIC KEY"));
	asks_nobody(reads_certificate);
	asks_nobody(reads_root);
	asks_nobody(reads_key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, te_setup, te_teardown),
		cmocka_unit_test_setup_teardown(test_usage, te_setup, te_teardown),
		cmocka_unit_test_setup_teardown(test_names, te_setup, te_teardown),
		cmocka_unit_test_setup_teardown(test_path, te_setup, te_teardown),
		cmocka_unit_test_setup_teardown(test_anchors, te_setup, te_teardown),
		cmocka_unit_test_setup_teardown(test_bytes, te_setup, te_teardown),
		cmocka_unit_test_setup_teardown(test_revoked, te_setup, te_teardown),
		cmocka_unit_test(test_gce),
		cmocka_unit_test(test_gce_names),
		cmocka_unit_test(test_gce_bytes),
		cmocka_unit_test_setup_teardown(test_command, setup_command, teardown_command),
		cmocka_unit_test_setup_teardown(test_passphrase, tm_setup, tm_teardown),
	};

	return cmocka_run_group_tests_name("verify: endorsement certificates", tests, NULL, NULL);
}
