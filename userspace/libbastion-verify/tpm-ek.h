/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endorsement certificates: a manufacturer's word that a key is in a TPM of its make
 * (TCG EK Credential Profile for TPM Family 2.0, 2.5, section 3; RFC 5280).
 */
#ifndef BV_TPM_EK_H
#define BV_TPM_EK_H

#include <jansson.h>
#include <openssl/x509.h>

#include "finding.h"

#define BV_EK_CERT_MAX		16384	/* bytes of a certificate, with what pads it */
#define BV_EK_FILE_MAX		(1 << 20)	/* of a file of certificates or lists */
#define BV_EK_TEXT_MAX		64	/* of a model or a version */

/**
 * struct bv_ek_anchors - what certificates are held against
 * @roots:	self-signed: what the operator trusts
 * @others:	of authorities in between: trusted as far as a root certifies them
 * @crls:	lists of what was revoked
 */
struct bv_ek_anchors {
	STACK_OF(X509) *roots;
	STACK_OF(X509) *others;
	STACK_OF(X509_CRL) *crls;
};

/** bv_ek_anchors_init() - none yet; bv_ek_anchors_exit() it whatever this returns; 0, -ENOMEM */
int bv_ek_anchors_init(struct bv_ek_anchors *anchors);

/** bv_ek_anchors_exit() - forget them */
void bv_ek_anchors_exit(struct bv_ek_anchors *anchors);

/**
 * bv_ek_anchors_add() - read a file
 * @anchors:	where its contents go
 * @bytes:	a certificate or a revocation list in DER, or any number of them in PEM
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG for a file with anything else, -ENOMEM.
 */
int bv_ek_anchors_add(struct bv_ek_anchors *anchors, struct bv_span bytes, struct bv_error *err);

/* What a certificate says that its key is for. */
enum bv_ek_kind {
	BV_EK_ENDORSEMENT,	/* decrypts only: what a TPM proves its make with */
	BV_EK_ATTESTATION,	/* signs only: not an endorsement key, though certified as if */
};

/**
 * struct bv_ek_names - from the directoryName of the alternative name (3.1.2)
 * @given:	there is such a name
 * @manufacturer: "id:" and eight hex digits, TCG Vendor ID Registry
 * @model:	printable
 * @version:	of the firmware; printable
 */
struct bv_ek_names {
	bool given;
	char manufacturer[3 + 8 + 1];
	char model[BV_EK_TEXT_MAX + 1];
	char version[BV_EK_TEXT_MAX + 1];
};

/** bv_ek_names_read() - read them; 0, or -EBADMSG when they are not as the profile wants */
int bv_ek_names_read(X509 *cert, struct bv_ek_names *names, struct bv_error *err);

/**
 * struct bv_ek_finding - what came of it
 * @found:	the checks; only when it is ok, the rest is true
 * @kind:	what the key is for
 * @purpose:	its extended key usage is there, and says that of an endorsement key
 * @cert:	the certificate
 * @padding:	zero bytes behind it, as in a TPM's NV memory
 * @at:		seconds since 1970 at which it was judged
 * @chip_id:	SHA-384 of the key's SubjectPublicKeyInfo
 * @names:	whose make it is
 */
struct bv_ek_finding {
	struct bv_finding found;
	enum bv_ek_kind kind;
	bool purpose;
	X509 *cert;
	size_t padding;
	int64_t at;
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	struct bv_ek_names names;
};

/**
 * bv_ek_judge() - check an endorsement certificate
 * @bytes:	untrusted: one certificate, in PEM, or in DER with zeros behind it or without
 * @anchors:	what the operator trusts
 * @at:		seconds since 1970
 * @finding:	the outcome; bv_ek_finding_exit() it whatever this returns
 *
 * Return: 0 when @finding is complete, whether or not it is ok; -ENOMEM.
 */
int bv_ek_judge(struct bv_span bytes, const struct bv_ek_anchors *anchors, int64_t at,
		struct bv_ek_finding *finding);

/** bv_ek_finding_exit() - give back what bv_ek_judge() took */
void bv_ek_finding_exit(struct bv_ek_finding *finding);

/** bv_ek_finding_json() - as in Documentation/verifier.rst; NULL without memory */
json_t *bv_ek_finding_json(const struct bv_ek_finding *finding);

#endif
