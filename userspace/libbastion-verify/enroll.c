// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "enroll.h"
#include "json.h"

#define DER_SEQUENCE	0x30	/* what any certificate begins with */
#define CHAIN_BYTES_MAX	(BV_ENROLL_CHAIN_MAX * BV_EK_CERT_MAX)

static int decode(const json_t *json, const char *member, size_t max, struct bv_span *out,
		  struct bv_error *err)
{
	const json_t *value = json_object_get(json, member);
	uint8_t *bytes;
	int ret = -EINVAL;

	if (json_is_string(value) && json_string_length(value) <= 4 * (max + 2) / 3)
		ret = bv_unbase64url(json_string_value(value), json_string_length(value), &bytes,
				     &out->len);
	if (ret == -ENOMEM)
		return bv_fail_errno(err, ENOMEM, "decoding a request");
	if (ret)
		return bv_fail(err, "\"%s\" is not base64url of at most %zu bytes", member, max);
	out->data = bytes;
	return 0;
}

int bv_enroll_parse(const json_t *json, struct bv_enroll_request *request, struct bv_error *err)
{
	static const char *const known[] = {
		"type", "name", "model", "ek", "ak", "certificate", "chain", NULL
	};
	int ret = bv_json_only(json, known, "the request", err);

	memset(request, 0, sizeof(*request));
	if (!ret && json_object_get(json, "name"))
		ret = bv_machine_read_name(json, NULL, request->name, err);
	if (!ret)
		ret = bv_machine_read_model(json, request->model, err);
	if (!ret)
		ret = decode(json, "ek", BV_TPM_PUBLIC_MAX, &request->ek, err);
	if (!ret)
		ret = decode(json, "ak", BV_TPM_PUBLIC_MAX, &request->ak, err);
	if (!ret && json_object_get(json, "certificate"))
		ret = decode(json, "certificate", BV_EK_CERT_MAX, &request->certificate, err);
	if (!ret && json_object_get(json, "chain"))
		ret = decode(json, "chain", CHAIN_BYTES_MAX, &request->chain, err);
	if (ret)
		bv_enroll_exit(request);
	return ret;
}

void bv_enroll_exit(struct bv_enroll_request *request)
{
	free((void *)request->ek.data);
	free((void *)request->ak.data);
	free((void *)request->certificate.data);
	free((void *)request->chain.data);
	memset(request, 0, sizeof(*request));
}

/* "what: " before what is there already. */
static int say_of(struct bv_error *err, const char *what)
{
	char why[sizeof(err->text)];

	if (err) {
		strcpy(why, err->text);
		snprintf(err->text, sizeof(err->text), "%s: %.340s", what, why);
	}
	return -EBADMSG;
}

static int hash_key(EVP_PKEY *key, uint8_t digest[BASTION_DIGEST_SIZE], struct bv_error *err)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	int ret = 0;

	if (len <= 0 || bv_sha384(digest, &(struct bv_span){ der, len }, 1))
		ret = bv_fail_errno(err, EIO, "hashing a key");
	OPENSSL_free(der);
	return ret;
}

static int read_ek(const struct bv_enroll_request *request, struct bv_tpm_public *ek,
		   EVP_PKEY **key, struct bv_machine *machine, struct bv_error *err)
{
	/* Its digest is to be the chip's id. */
	int ret = bv_tpm_public_only(request->ek, ek, err);

	if (!ret && bv_sha384(machine->chip_id, &request->ek, 1))
		return bv_fail_errno(err, EIO, "hashing a key");
	if (!ret)
		ret = bv_tpm_public_endorses(ek, err);
	if (!ret) {
		*key = bv_tpm_public_key(ek, err);
		ret = *key ? 0 : -EBADMSG;
	}
	if (ret)
		return say_of(err, "endorsement key");
	machine->has_ek = true;
	return hash_key(*key, machine->ek, err);
}

static int read_ak(const struct bv_enroll_request *request, struct bv_machine *machine,
		   struct bv_error *err)
{
	struct bv_tpm_public ak;
	EVP_PKEY *key = NULL;
	int ret = bv_tpm_public_only(request->ak, &ak, err);

	if (!ret && bv_tpm_public_name(&ak, machine->ak, &machine->ak_len))
		return bv_fail_errno(err, EIO, "hashing a key");
	if (!ret)
		ret = bv_tpm_public_attests(&ak, err);
	if (!ret) {
		key = bv_tpm_public_key(&ak, err);
		ret = key ? 0 : -EBADMSG;
	}
	EVP_PKEY_free(key);
	return ret ? say_of(err, "attestation key") : 0;
}

/*
 * What a TPM keeps of the authorities between its certificate and a root. A root of its own
 * means nothing and is left out: roots are the operator's.
 */
static int read_chain(struct bv_span der, STACK_OF(X509) *to, struct bv_error *err)
{
	for (int count = 0; der.len && !bv_is_zero(der.data, der.len); count++) {
		const uint8_t *end = der.data;
		X509 *cert;

		if (count == BV_ENROLL_CHAIN_MAX)
			return bv_fail(err, "more than %d certificates", BV_ENROLL_CHAIN_MAX);
		cert = d2i_X509(NULL, &end, der.len);
		if (!cert)
			return bv_fail(err, "certificate %d is damaged", count + 1);
		der.len -= end - der.data;
		der.data = end;
		if (X509_self_signed(cert, 0) == 1) {
			X509_free(cert);
		} else if (!sk_X509_push(to, cert)) {
			X509_free(cert);
			return bv_fail_errno(err, ENOMEM, "reading certificates");
		}
	}
	return 0;
}

/* The TPM's make, as its manufacturer has it; the machine's word is for where nobody says. */
static void take_model(const struct bv_ek_finding *finding, struct bv_machine *machine)
{
	json_t *json;
	const char *name;

	if (!finding->names.given)
		return;
	json = bv_ek_finding_json(finding);
	name = json_string_value(json_object_get(json, "manufacturer_name"));
	snprintf(machine->model, sizeof(machine->model), "TPM 2.0 %s",
		 name && *name ? name : finding->names.manufacturer);
	json_decref(json);
}

static void take_skipped(const struct bv_ek_finding *finding, struct bv_machine *machine)
{
	const json_t *name;
	size_t i, len = 0;

	json_array_foreach(finding->found.skipped, i, name)
		if (len < sizeof(machine->skipped))
			len += snprintf(machine->skipped + len, sizeof(machine->skipped) - len, "%s%s",
					i ? ", " : "", json_string_value(name));
}

static int judge_found(const struct bv_ek_finding *finding, EVP_PKEY *ek,
		       struct bv_machine *machine, struct bv_error *err)
{
	if (!finding->found.ok)
		return bv_fail(err, "%s", finding->found.error.text);
	if (finding->kind != BV_EK_ENDORSEMENT)
		return bv_fail(err, "it is for a key that signs, not for an endorsement key");
	if (EVP_PKEY_eq(ek, X509_get0_pubkey(finding->cert)) != 1)
		return bv_fail(err, "it is another key's: of another TPM, or another of this one's");
	take_model(finding, machine);
	return 0;
}

/* A root may certify other things, too. */
static int judge_purpose(const struct bv_ek_finding *finding, struct bv_error *err)
{
	if (finding->purpose || finding->names.given)
		return 0;
	return bv_fail(err, "nothing in it says that the key is a TPM's, neither an extended key usage "
		       "nor a name of the TPM: allow the TPM by its id");
}

static int judge_certificate(const struct bv_enroll_request *request,
			     const struct bv_enroll_terms *terms, EVP_PKEY *ek,
			     struct bv_machine *machine, struct bv_error *err)
{
	struct bv_ek_anchors anchors = *terms->anchors;
	STACK_OF(X509) *chain = sk_X509_new_null(), *others = sk_X509_dup(anchors.others);
	struct bv_ek_finding finding = { 0 };
	int ret = chain && others ? 0 : bv_fail_errno(err, ENOMEM, "checking certificates");

	if (!ret && !request->certificate.len)
		ret = bv_fail(err, "there is none: give one, or allow the TPM by its id");
	else if (!ret && request->certificate.data[0] != DER_SEQUENCE)
		ret = bv_fail(err, "it is not in DER, as a request has it (openssl x509 -outform DER)");
	if (!ret)
		ret = read_chain(request->chain, chain, err);
	for (int i = 0; !ret && i < sk_X509_num(chain); i++)
		if (!sk_X509_push(others, sk_X509_value(chain, i)))
			ret = bv_fail_errno(err, ENOMEM, "checking certificates");
	anchors.others = others;
	if (!ret && bv_ek_judge(request->certificate, &anchors, terms->at, &finding))
		ret = bv_fail_errno(err, ENOMEM, "checking certificates");
	else if (!ret)
		ret = judge_found(&finding, ek, machine, err);
	if (!ret) {
		take_skipped(&finding, machine);
		ret = judge_purpose(&finding, err);
	}
	if (finding.found.verdict)
		bv_ek_finding_exit(&finding);
	sk_X509_free(others);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return ret ? say_of(err, "endorsement certificate") : 0;
}

/* A certificate or the operator must know the endorsement key; nothing known means nobody. */
static int judge_ek(const struct bv_enroll_request *request, const struct bv_enroll_terms *terms,
		    EVP_PKEY *ek, struct bv_machine *machine, struct bv_error *err)
{
	if (!terms->chip_id && !terms->anchors)
		return bv_fail(err, "nobody says which TPMs may be %s", machine->name);
	if (terms->chip_id && memcmp(terms->chip_id, machine->chip_id, BASTION_DIGEST_SIZE))
		return bv_fail(err, "%s is another TPM, whose id is allowed and not this one's",
			       machine->name);
	return terms->anchors ? judge_certificate(request, terms, ek, machine, err) : 0;
}

static int hash_secret(const uint8_t secret[BV_CREDENTIAL_SECRET], uint8_t digest[32])
{
	return EVP_Q_digest(NULL, "SHA256", NULL, secret, BV_CREDENTIAL_SECRET, digest, NULL) == 1 ?
	       0 : -EIO;
}

int bv_enroll_begin(const struct bv_enroll_request *request, const struct bv_enroll_terms *terms,
		    const uint8_t secret[BV_CREDENTIAL_SECRET], int64_t until,
		    struct bv_enroll_pending *pending, struct bv_credential *credential,
		    struct bv_error *err)
{
	struct bv_machine *machine = &pending->machine;
	struct bv_tpm_public ek;
	EVP_PKEY *key = NULL;
	int ret;

	memset(pending, 0, sizeof(*pending));
	strcpy(machine->name, terms->name);
	strcpy(machine->model, request->model);
	ret = read_ek(request, &ek, &key, machine, err);
	if (!ret)
		ret = read_ak(request, machine, err);
	if (!ret)
		ret = judge_ek(request, terms, key, machine, err);
	if (!ret)
		ret = bv_credential_make(&ek, (struct bv_span){ machine->ak, machine->ak_len }, secret,
					 credential, err);
	if (!ret && hash_secret(secret, pending->digest))
		ret = bv_fail_errno(err, EIO, "hashing a secret");
	pending->until = until;
	pending->open = !ret;
	EVP_PKEY_free(key);
	return ret;
}

json_t *bv_enroll_credential_json(const struct bv_enroll_pending *pending,
				  const struct bv_credential *credential)
{
	char *blob = bv_base64url((struct bv_span){ credential->blob, credential->blob_len });
	char *seed = bv_base64url((struct bv_span){ credential->seed, credential->seed_len });
	json_t *json = NULL;

	if (blob && seed)
		json = json_pack("{s:s, s:s, s:s, s:s}", "type", "credential", "name",
				 pending->machine.name, "credential", blob, "seed", seed);
	free(blob);
	free(seed);
	return json;
}

int bv_enroll_finish(struct bv_enroll_pending *pending, const json_t *answer, int64_t now,
		     struct bv_error *err)
{
	static const char *const known[] = { "type", "chip", "secret", NULL };
	uint8_t secret[BV_CREDENTIAL_SECRET], digest[32], chip_id[BASTION_DIGEST_SIZE];
	const bool open = pending->open;
	int ret;

	pending->open = false;
	if (!open)
		return bv_fail(err, "no secret is waited for: begin with a request");
	ret = bv_json_only(answer, known, "the answer", err);
	if (!ret)
		ret = bv_json_hex(answer, "chip", chip_id, sizeof(chip_id), sizeof(chip_id), NULL, err);
	if (!ret && memcmp(chip_id, pending->machine.chip_id, sizeof(chip_id)))
		ret = bv_fail(err, "the answer is another machine's: its \"chip\" is not the one that "
			      "asked");
	if (!ret)
		ret = bv_json_hex(answer, "secret", secret, sizeof(secret), sizeof(secret), NULL, err);
	if (!ret && now > pending->until)
		ret = bv_fail(err, "the secret came back too late: begin anew");
	if (!ret && hash_secret(secret, digest))
		ret = bv_fail_errno(err, EIO, "hashing a secret");
	if (!ret && CRYPTO_memcmp(digest, pending->digest, sizeof(digest)))
		ret = bv_fail(err, "another secret came back than the one for these two keys");
	explicit_bzero(secret, sizeof(secret));
	return ret;
}

json_t *bv_enroll_pending_json(const struct bv_enroll_pending *pending)
{
	char digest[2 * sizeof(pending->digest) + 1];

	bv_hex(digest, sizeof(digest), pending->digest, sizeof(pending->digest));
	return json_pack("{s:o, s:s, s:s, s:I}", "machine", bv_machine_json(&pending->machine),
			 "skipped", pending->machine.skipped, "digest", digest, "until",
			 (json_int_t)pending->until);
}

static int parse_machine(const json_t *json, struct bv_machine *machine, struct bv_error *err)
{
	char *text = json_dumps(json_object_get(json, "machine"), JSON_COMPACT);
	int ret;

	if (!text)
		return bv_fail(err, "there is no \"machine\"");
	ret = bv_machine_parse((struct bv_span){ (uint8_t *)text, strlen(text) }, NULL, machine, err);
	free(text);
	return ret;
}

int bv_enroll_pending_parse(const json_t *json, struct bv_enroll_pending *pending,
			    struct bv_error *err)
{
	static const char *const known[] = { "machine", "skipped", "digest", "until", NULL };
	int ret = bv_json_only(json, known, "the pending enrolment", err);
	const char *skipped;

	memset(pending, 0, sizeof(*pending));
	if (!ret)
		ret = parse_machine(json, &pending->machine, err);
	if (!ret)
		ret = bv_json_text(json, "skipped", BV_MACHINE_SKIPPED_MAX, &skipped, err);
	if (!ret)
		strcpy(pending->machine.skipped, skipped);
	if (!ret)
		ret = bv_json_hex(json, "digest", pending->digest, sizeof(pending->digest),
				  sizeof(pending->digest), NULL, err);
	if (!ret)
		ret = bv_json_number(json, "until", 0, INT64_MAX, &pending->until, err);
	pending->open = !ret;
	return ret;
}
