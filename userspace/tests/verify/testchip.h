/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chip, a machine and a verifier for tests: certificates by OpenSSL, quotes by
 * an encoder of the test's own, so that library and test read the formats
 * independently. Every field may be changed before the evidence is made.
 */
#ifndef TESTCHIP_H
#define TESTCHIP_H

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <bastion/quote.h>
#include <bastion/round.h>

#include "libbastion-verify/result.h"

#define TC_NOW		1800000000	/* the time in all tests */
#define TC_CMDLINE	"console=ttyS0 lockdown=integrity"
#define TC_BUILD	"0123456789abcdef"

struct tc_buffer {
	uint8_t data[32768];
	size_t len;
};

/* A log, and the registers that it gives. */
struct tc_log {
	struct tc_buffer bytes;
	uint64_t count;
};

struct tc_claims {
	const char *model;
	const char *firmware;
	uint64_t svn;
	uint64_t dbgstat;
	uint64_t lifecycle;
	uint64_t boot_count;
	uint64_t uptime_ms;
	uint8_t chip_nonce[BASTION_CHIP_NONCE_SIZE];
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
};

struct tc {
	EVP_PKEY *root_key, *ca_key, *chip_key, *boot_key, *grant_key, *ear_key;
	EVP_PKEY *sign_key;		/* the quote's; chip_key unless a test says otherwise */
	X509 *root, *ca, *leaf;
	struct tc_claims claims;
	struct tc_log boot_log, log;
	size_t log_skip;		/* bytes that are not sent: what comes before round.log_from */
	struct bv_span ima;		/* IMA's list; none without data */
	struct bv_history *history;	/* of the verifier; NULL: it has no memory */
	const char *references;		/* the file that "ima" and "executables" name */
	bool forge;			/* tc_event() lies about the digest of its data */
	struct bv_round round;
	uint8_t verifier[BASTION_DIGEST_SIZE];
	json_t *policy;			/* tests change it */
};

/** tc_new() - a machine that a verifier with tc.policy grants everything */
struct tc *tc_new(void);
void tc_free(struct tc *tc);

#define TC_MODEL "bastionchip-1"

/** tc_cert() - a certificate; @issuer NULL: self-signed; of no CA: of the chip that has @key */
X509 *tc_cert(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, bool ca,
	      long from, long to);

/** tc_head() - the head of a CBOR item, shortest form */
void tc_head(struct tc_buffer *out, unsigned int major, uint64_t value);
void tc_put(struct tc_buffer *out, const void *bytes, size_t len);
void tc_bytes(struct tc_buffer *out, const void *bytes, size_t len);

/** tc_payload(), tc_protected() - the parts of a quote, from the claims and certificates */
void tc_payload(const struct tc *tc, struct tc_buffer *out);
void tc_protected(const struct tc *tc, struct tc_buffer *out);
/** tc_sign() - a COSE_Sign1 over any parts */
void tc_sign(const struct tc *tc, const struct tc_buffer *protected_header,
	     const struct tc_buffer *payload, struct tc_buffer *out);

/** tc_event() - append an ima-buf entry, and extend the claims' register */
void tc_event(struct tc *tc, struct tc_log *log, uint32_t index, const char *name,
	      const void *data, size_t len);
/** tc_file() - append an ima-ng entry with a digest of @size bytes, all @fill */
void tc_file(struct tc *tc, struct tc_log *log, uint32_t index, const char *name, size_t size,
	     uint8_t fill);
/** tc_typed_file() - likewise, with a template and a prefix of the digest's field of one's own */
void tc_typed_file(struct tc *tc, struct tc_log *log, uint32_t index, const char *template,
		   const char *prefix, const char *name, size_t size, uint8_t fill);
/** tc_reset_logs() - empty both logs and zero the registers */
void tc_reset_logs(struct tc *tc);
/** tc_boot() - the platform's log, with a command line */
void tc_boot(struct tc *tc, const char *cmdline);
/** tc_module() - the module's first entries */
void tc_module(struct tc *tc);

/** tc_quote() - the quote for the present claims and round */
void tc_quote(struct tc *tc, struct tc_buffer *out);
/** tc_qualifying() - what the quote of this round is asked for */
void tc_qualifying(const struct tc *tc, uint8_t out[BASTION_DIGEST_SIZE]);
/** tc_cmw() - a record of a bundle */
json_t *tc_cmw(const char *type, const void *bytes, size_t len);
/** tc_bundle() - evidence around any quote */
json_t *tc_bundle(struct tc *tc, const struct tc_buffer *quote);
/** tc_evidence() - the evidence text of tc_quote(); freed by the caller */
char *tc_evidence(struct tc *tc);

/** tc_policy() - the policy, with the root */
struct bv_policy *tc_policy(struct tc *tc);
/** tc_appraise() - a verdict on @evidence, or on tc_evidence() when it is NULL */
struct bv_verdict *tc_appraise(struct tc *tc, const char *evidence);

/** tc_reuse() - what is in the log by now was sent: evidence begins after it */
void tc_reuse(struct tc *tc);
/** tc_reissue() - new certificates for the keys, valid this long before and after TC_NOW */
void tc_reissue(struct tc *tc, long seconds);

/** tc_check() - a check of a verdict by name; NULL without one */
const json_t *tc_check(const struct bv_verdict *verdict, const char *name);

#endif
