// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "libbastion/client.h"
#include "libbastion/evidence.h"
#include "libbastion/round.h"
#include "libbastion/sysfs.h"
#include "libbastion/tpm.h"

/* Whatever the kernel says of its quotes, no chip's is longer. */
#define QUOTE_ROOM_MAX (1u << 20)

/* How often a round may begin again because something was measured meanwhile. */
#define TPM_ROUNDS 8

/**
 * struct answer - what kernel and chip say in a round
 * @quote: the kernel's answer
 * @data:  the quote; of a TPM: what it has to sign, and be
 * @info:  of the chip
 * @tpm:   what a TPM signed
 */
struct answer {
	struct bastion_quote quote;
	uint8_t *data;
	struct bastion_info info;
	struct bastion_tpm_quote tpm;
};

static int ask_kernel(const struct bastion_device *dev, const struct bastion_challenge *challenge,
		      struct answer *answer, struct bastion_error *err)
{
	return bastion_device_quote(dev, challenge->nonce, challenge->nonce_len, &answer->quote,
				    answer->data, answer->info.quote_max, err);
}

static int ask_tpm(struct bastion_tpm *tpm, struct answer *answer, struct bastion_error *err)
{
	if (answer->quote.quote_size != BASTION_DIGEST_SIZE + BASTION_TPM_PCR_SIZE)
		return bastion_error_set(err, BASTION_OP_ROUND, EIO,
					 "what the kernel wants quoted is of a wrong length");
	return bastion_tpm_quote(tpm, answer->data, answer->info.pcr,
				 answer->data + BASTION_DIGEST_SIZE, &answer->tpm, err);
}

/*
 * What is measured between the kernel's answer and the TPM's quote is covered by the one and
 * not by the other: the round is begun again. Whoever measures has had its turn by then.
 */
static int quote_with_tpm(const struct bastion_device *dev, struct bastion_round_begin *begin,
			  const struct bastion_challenge *challenge, struct answer *answer,
			  struct bastion_error *err)
{
	uint8_t verifier[BASTION_DIGEST_SIZE];
	struct bastion_tpm *tpm;
	int rc, tries;

	memcpy(verifier, begin->verifier, sizeof(verifier));
	rc = bastion_tpm_open(dev->tcti, answer->info.tpm, &tpm, err);
	if (rc)
		return rc;
	for (tries = 1; ; tries++) {
		rc = ask_kernel(dev, challenge, answer, err);
		if (rc)
			break;
		rc = ask_tpm(tpm, answer, err);
		if (rc != -ESTALE || tries == TPM_ROUNDS)
			break;
		rc = bastion_device_round_begin(dev, verifier, begin, err);
		if (rc)
			break;
	}
	bastion_tpm_close(tpm);
	return rc;
}

/* Allocates @answer->data. */
static int get_quote(const struct bastion_device *dev, struct bastion_round_begin *begin,
		     const struct bastion_challenge *challenge, struct answer *answer,
		     struct bastion_error *err)
{
	int rc;

	rc = bastion_device_info(dev, &answer->info, err);
	if (rc)
		return rc;
	if (!answer->info.quote_max || answer->info.quote_max > QUOTE_ROOM_MAX)
		return bastion_error_set(err, BASTION_OP_ROUND, EIO,
					 "the kernel's largest quote makes no sense");
	answer->data = malloc(answer->info.quote_max);
	if (!answer->data)
		return bastion_error_set(err, BASTION_OP_ROUND, ENOMEM, "cannot get a quote");
	if (answer->info.kind == BASTION_CHIP_TPM)
		return quote_with_tpm(dev, begin, challenge, answer, err);
	return ask_kernel(dev, challenge, answer, err);
}

/* What the platform measured before the kernel ran */
static int read_platform(const struct bastion_device *dev, const struct answer *answer,
			 struct bastion_evidence *in, struct bastion_error *err)
{
	uint8_t *log = NULL;
	int rc;

	if (answer->info.kind == BASTION_CHIP_TPM) {
		rc = bastion_sysfs_tcg_log(answer->info.tpm, &log, &in->tcg_log_len, err);
		in->tcg_log = log;
		return rc;
	}
	rc = bastion_sysfs_log(dev, BASTION_SYSFS_BOOT_LOG, &log, &in->boot_log_len, err);
	in->boot_log = log;
	return rc;
}

static int read_lists(const struct bastion_device *dev, uint32_t kind,
		      const struct bastion_challenge *challenge, struct bastion_evidence *in,
		      struct bastion_error *err)
{
	uint8_t *log = NULL, *ima = NULL;
	int rc;

	rc = bastion_sysfs_runtime_log(dev, &log, &in->log_len, &in->log_first, err);
	if (!rc)
		rc = bastion_sysfs_ima(dev, kind, challenge->ima_offset, &ima, &in->ima_len, err);
	in->log = log;
	in->ima = ima;
	in->log_from = challenge->log_from;
	in->ima_from = challenge->ima_from;
	return rc;
}

static void point_at_quote(const struct answer *answer, struct bastion_evidence *in)
{
	if (answer->info.kind == BASTION_CHIP_TPM) {
		in->tpm = &answer->tpm;
		in->pcr = answer->info.pcr;
	} else {
		in->quote_data = answer->data;
		in->quote_len = answer->quote.quote_size;
	}
}

/* The evidence of a round that was begun, and may be begun again. */
static int collect(const struct bastion_device *dev, struct bastion_round_begin *begin,
		   const struct bastion_challenge *challenge, json_t **evidence,
		   struct bastion_error *err)
{
	struct answer answer = { 0 };
	struct bastion_evidence in = { .begin = begin, .quote = &answer.quote };
	struct utsname facts;
	int rc;

	rc = get_quote(dev, begin, challenge, &answer, err);
	if (!rc)
		rc = read_platform(dev, &answer, &in, err);
	if (!rc)
		rc = read_lists(dev, answer.info.kind, challenge, &in, err);
	if (!rc) {
		uname(&facts);
		point_at_quote(&answer, &in);
		in.release = facts.release;
		in.host = facts.nodename;
		rc = bastion_evidence_build(&in, evidence, err);
	}
	free((void *)in.ima);
	free((void *)in.log);
	free((void *)in.tcg_log);
	free((void *)in.boot_log);
	free(answer.data);
	return rc;
}

int bastion_round_evidence(const struct bastion_device *dev,
			   const uint8_t verifier[BASTION_DIGEST_SIZE],
			   const struct bastion_challenge *challenge, json_t **evidence,
			   struct bastion_error *err)
{
	struct bastion_round_begin begin;
	int rc;

	rc = bastion_device_round_begin(dev, verifier, &begin, err);
	return rc ? rc : collect(dev, &begin, challenge, evidence, err);
}

int bastion_round_finish(const struct bastion_device *dev, const struct bastion_result *result,
			 struct bastion_error *err)
{
	const char *summary = json_string_value(json_object_get(result->verdict, "summary"));
	struct bastion_grant_args args = {
		.grant = (uintptr_t)result->grant,
		.grant_len = result->grant_len,
		.token = (uintptr_t)result->token,
		.token_len = sizeof(result->token),
		.policies = result->policies_len ? (uintptr_t)result->policies : 0,
		.policies_len = result->policies_len,
	};

	if (!result->granted)
		return bastion_error_set(err, BASTION_OP_REFUSED, EKEYREJECTED,
					 "the verifier gives no grant: %.300s",
					 summary ? summary : "(no reason given)");
	return bastion_device_grant(dev, &args, err);
}

int bastion_round_attest(const struct bastion_device *dev, struct bastion_round *round,
			 struct bastion_error *err)
{
	struct bastion_challenge challenge;
	struct bastion_round_begin begin;
	struct bastion_client client;
	int rc;

	round->evidence = NULL;
	memset(&round->result, 0, sizeof(round->result));
	rc = bastion_client_connect(&client, round->socket, BASTION_CLIENT_TIMEOUT_MS, err);
	if (rc)
		return rc;
	/* Before the challenge, which is about what the verifier has of this boot. */
	rc = bastion_device_round_begin(dev, round->verifier, &begin, err);
	if (!rc)
		rc = bastion_client_challenge(&client, begin.chip_id, begin.boot_key, &challenge,
					      err);
	if (!rc && memcmp(challenge.verifier, round->verifier, sizeof(round->verifier)))
		rc = bastion_error_set(err, BASTION_OP_PEER, ENOKEY, "%s belongs to somebody else",
				       round->socket);
	if (!rc)
		rc = collect(dev, &begin, &challenge, &round->evidence, err);
	if (!rc)
		rc = bastion_client_appraise(&client, round->evidence, &round->result, err);
	if (!rc)
		rc = bastion_round_finish(dev, &round->result, err);
	bastion_client_close(&client);
	return rc;
}

void bastion_round_free(struct bastion_round *round)
{
	json_decref(round->evidence);
	round->evidence = NULL;
	bastion_result_free(&round->result);
}
