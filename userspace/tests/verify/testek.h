/* SPDX-License-Identifier: GPL-2.0 */
/* A manufacturer of TPMs that certifies them as a test wishes. */
#ifndef TESTEK_H
#define TESTEK_H

#include <openssl/x509v3.h>

#include "libbastion-verify/tpm-ek.h"

#define NOW		1704067200	/* 2024-01-01 */
#define YEAR		(365 * 24 * 3600L)

/* A manufacturer with a root and an authority below it. */
struct maker {
	EVP_PKEY *root_key;
	EVP_PKEY *key;
	EVP_PKEY *ek;
	X509 *root;
	X509 *authority;
	struct bv_ek_anchors anchors;
};

/* What is to be wrong with a certificate; zero for a good one. */
struct wish {
	const char *subject;	/* "" for none */
	const char *usage;	/* key usage, as in OpenSSL's configuration */
	const char *purpose;
	const char *constraints;
	const char *digest;
	const char *id, *model, *version;	/* "" for none */
	const char *extra;	/* OID of one more attribute */
	const char *dns;	/* one more alternative name */
	const char *unknown;	/* OID of a critical extension */
	bool twice;		/* the manufacturer */
	bool not_critical;	/* the alternative name */
	bool no_names;		/* no alternative name */
};

/* For cmocka: *state is a maker. */
int te_setup(void **state);
int te_teardown(void **state);

/** te_begin() - a certificate without extensions and signature; @issuer NULL: its own */
X509 *te_begin(long serial, const char *subject, const X509 *issuer, EVP_PKEY *key);

/** te_end() - sign it */
void te_end(X509 *cert, EVP_PKEY *key, const char *digest);

/** te_make() - a TPM's certificate */
X509 *te_make(const struct maker *maker, const struct wish *wish);

/** te_der() - its bytes, for OPENSSL_free() */
struct bv_span te_der(X509 *cert);

/** te_add_anchor() - as if it had been in the folder */
void te_add_anchor(struct bv_ek_anchors *anchors, X509 *cert);

/** te_crl() - a list that revokes a serial number, for OPENSSL_free() */
struct bv_span te_crl(const X509 *issuer, EVP_PKEY *key, long serial, int64_t until);

/** te_crl_of() - likewise, saying which key of the issuer's signed it */
struct bv_span te_crl_of(const X509 *issuer, EVP_PKEY *key, long serial, int64_t until,
			 const AUTHORITY_KEYID *keyid);

#endif
