// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "libbastion/client.h"
#include "libbastion/evidence.h"
#include "libbastion/round.h"
#include "libbastion/sysfs.h"

/* Whatever the kernel says of its quotes, no chip's is longer. */
#define QUOTE_ROOM_MAX (1u << 20)

static int get_quote(const struct bastion_device *dev, const uint8_t *nonce, size_t nonce_len,
		     struct bastion_quote *quote, uint8_t **data, struct bastion_error *err)
{
	struct bastion_info info;
	int rc;

	rc = bastion_device_info(dev, &info, err);
	if (rc)
		return rc;
	if (!info.quote_max || info.quote_max > QUOTE_ROOM_MAX)
		return bastion_error_set(err, BASTION_OP_ROUND, EIO,
					 "the kernel's largest quote makes no sense");
	*data = malloc(info.quote_max);
	if (!*data)
		return bastion_error_set(err, BASTION_OP_ROUND, ENOMEM, "cannot get a quote");
	rc = bastion_device_quote(dev, nonce, nonce_len, quote, *data, info.quote_max, err);
	if (rc) {
		free(*data);
		*data = NULL;
	}
	return rc;
}

static int read_lists(const struct bastion_device *dev, const struct bastion_challenge *challenge,
		      struct bastion_evidence *in, struct bastion_error *err)
{
	uint8_t *boot_log = NULL, *log = NULL, *ima = NULL;
	int rc;

	rc = bastion_sysfs_log(dev, BASTION_SYSFS_BOOT_LOG, &boot_log, &in->boot_log_len, err);
	if (!rc)
		rc = bastion_sysfs_runtime_log(dev, &log, &in->log_len, &in->log_first, err);
	if (!rc)
		rc = bastion_sysfs_ima(dev, challenge->ima_offset, &ima, &in->ima_len, err);
	in->boot_log = boot_log;
	in->log = log;
	in->ima = ima;
	in->log_from = challenge->log_from;
	in->ima_from = challenge->ima_from;
	return rc;
}

/* The evidence of a round that was begun. */
static int collect(const struct bastion_device *dev, const struct bastion_round_begin *begin,
		   const struct bastion_challenge *challenge, json_t **evidence,
		   struct bastion_error *err)
{
	struct bastion_quote quote;
	struct bastion_evidence in = { .begin = begin, .quote = &quote };
	struct utsname facts;
	uint8_t *data = NULL;
	int rc;

	rc = get_quote(dev, challenge->nonce, challenge->nonce_len, &quote, &data, err);
	if (rc)
		return rc;
	rc = read_lists(dev, challenge, &in, err);
	if (!rc) {
		uname(&facts);
		in.quote_data = data;
		in.quote_len = quote.quote_size;
		in.release = facts.release;
		in.host = facts.nodename;
		rc = bastion_evidence_build(&in, evidence, err);
	}
	free((void *)in.ima);
	free((void *)in.log);
	free((void *)in.boot_log);
	free(data);
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

	if (!result->granted)
		return bastion_error_set(err, BASTION_OP_REFUSED, EKEYREJECTED,
					 "the verifier gives no grant: %.300s",
					 summary ? summary : "(no reason given)");
	return bastion_device_grant(dev, result->grant, result->grant_len, result->token,
				    sizeof(result->token), err);
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
	rc = bastion_client_connect(&client, round->socket, err);
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
