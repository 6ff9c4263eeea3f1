// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bastion/round.h>

#include "libbastion/base64url.h"
#include "libbastion/evidence.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"
#include "libbastion/log.h"

#define COLLECTION_TYPE	    "tag:bastion.example,2026:evidence/1"
#define LOG_TYPE	    "application/vnd.bastion.log"
#define IMA_TYPE	    "application/vnd.bastion.ima"
#define TPM_TYPE	    "application/vnd.bastion.tpm."
#define TCG_TYPE	    "application/vnd.bastion.tcg.log"
#define INDICATOR_EVIDENCE  4	/* CMW: bit 2 */
#define HEX_SIZE(bytes)	    (2 * (bytes) + 1)

/* A CMW record: media type, value, indicator. */
static json_t *record(const char *type, const void *data, size_t len)
{
	char *value = bastion_base64url_encode(data, len);
	json_t *array;

	if (!value)
		return NULL;
	array = json_pack("[s, s, i]", type, value, INDICATOR_EVIDENCE);
	free(value);
	return array;
}

static json_t *record_json(const char *type, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_t *array = text ? record(type, text, strlen(text)) : NULL;

	free(text);
	json_decref(object);
	return array;
}

/* A verifier that knows nothing of starts need not be told of those that are 0. */
static int add_start(json_t *facts, const char *name, uint64_t from)
{
	return from ? json_object_set_new(facts, name, json_integer(from)) : 0;
}

static json_t *round_facts(const struct bastion_evidence *in, uint64_t log_from)
{
	const struct bastion_round_begin *begin = in->begin;
	char verifier[HEX_SIZE(sizeof(begin->verifier))];
	char kernel_nonce[HEX_SIZE(sizeof(begin->kernel_nonce))];
	char chip_nonce[HEX_SIZE(sizeof(begin->chip_nonce))];
	char boot_key[HEX_SIZE(sizeof(begin->boot_key))];
	char verifier_nonce[HEX_SIZE(sizeof(in->quote->nonce))];
	json_t *facts;

	bastion_hex_encode(begin->verifier, sizeof(begin->verifier), verifier);
	bastion_hex_encode(begin->kernel_nonce, sizeof(begin->kernel_nonce), kernel_nonce);
	bastion_hex_encode(begin->chip_nonce, begin->chip_nonce_len, chip_nonce);
	bastion_hex_encode(begin->boot_key, sizeof(begin->boot_key), boot_key);
	bastion_hex_encode(in->quote->nonce, in->quote->nonce_len, verifier_nonce);
	facts = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "verifier", verifier, "kernel_nonce",
			  kernel_nonce, "chip_nonce", chip_nonce, "boot_key", boot_key,
			  "verifier_nonce", verifier_nonce, "log_count",
			  (json_int_t)in->quote->log_count);
	if (!facts || (!add_start(facts, "log_from", log_from) &&
		       !add_start(facts, "ima_from", in->ima_from) &&
		       (!in->tpm || !json_object_set_new(facts, "pcr", json_integer(in->pcr)))))
		return facts;
	json_decref(facts);
	return NULL;
}

/* What is not UTF-8 jansson refuses: then the fact is left out. */
static json_t *platform_facts(const struct bastion_evidence *in)
{
	json_t *facts = json_object();

	json_object_set_new(facts, "kernel", json_string(in->release));
	json_object_set_new(facts, "host", json_string(in->host));
	return facts;
}

/* Where in the log the entries are that have to be sent. */
static int find_entries(const struct bastion_evidence *in, uint64_t *from, ssize_t *start,
			ssize_t *end)
{
	uint64_t first = in->log_first, count = in->quote->log_count;

	if (first > count)
		return -EBADMSG;
	*from = in->log_from >= first && in->log_from <= count ? in->log_from : first;
	*start = bastion_log_prefix(in->log, in->log_len, *from - first);
	*end = bastion_log_prefix(in->log, in->log_len, count - first);
	return *start < 0 || *end < 0 ? -EBADMSG : 0;
}

static int add(json_t *evidence, const char *name, const char *type, const void *data, size_t len)
{
	return json_object_set_new(evidence, name, record(type, data, len));
}

static int add_chip(json_t *evidence, const struct bastion_evidence *in)
{
	return add(evidence, "quote", "application/eat+cwt", in->quote_data, in->quote_len) ||
	       add(evidence, "boot_log", LOG_TYPE, in->boot_log, in->boot_log_len);
}

/* One line for each register that was quoted */
static size_t register_lines(const struct bastion_tpm_quote *quote, char *text, size_t size)
{
	char hex[HEX_SIZE(BASTION_TPM_PCR_SIZE)];
	size_t len = 0;
	int i;

	for (i = 0; i < BASTION_TPM_PCRS; i++) {
		if (!(quote->pcrs & 1u << i))
			continue;
		bastion_hex_encode(quote->values[i], BASTION_TPM_PCR_SIZE, hex);
		len += snprintf(text + len, size - len, "sha256:%d = %s\n", i, hex);
	}
	return len;
}

static int add_tpm(json_t *evidence, const struct bastion_evidence *in)
{
	char lines[BASTION_TPM_PCRS * (HEX_SIZE(BASTION_TPM_PCR_SIZE) + sizeof("sha256:00 = "))];
	const struct bastion_tpm_quote *quote = in->tpm;

	return add(evidence, "tpm_attest", TPM_TYPE "attest", quote->attest, quote->attest_len) ||
	       add(evidence, "tpm_signature", TPM_TYPE "signature", quote->signature,
		   quote->signature_len) ||
	       add(evidence, "tpm_key", TPM_TYPE "public", quote->key, quote->key_len) ||
	       add(evidence, "tpm_registers", TPM_TYPE "registers+text", lines,
		   register_lines(quote, lines, sizeof(lines))) ||
	       (in->tcg_log && add(evidence, "tcg_log", TCG_TYPE, in->tcg_log, in->tcg_log_len));
}

int bastion_evidence_build(const struct bastion_evidence *in, json_t **out,
			   struct bastion_error *err)
{
	ssize_t start, end;
	uint64_t from;

	if (in->begin->chip_nonce_len > sizeof(in->begin->chip_nonce) ||
	    in->quote->nonce_len > sizeof(in->quote->nonce))
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL, "a nonce is too long");
	if (find_entries(in, &from, &start, &end))
		return bastion_error_set(err, BASTION_OP_LOG, EBADMSG,
					 "the log does not hold the %llu entries of the quote",
					 (unsigned long long)in->quote->log_count);
	*out = json_pack("{s:s, s:o, s:o, s:o}",
			 "__cmwc_t", COLLECTION_TYPE,
			 "round", record_json("application/vnd.bastion.round+json", round_facts(in, from)),
			 "log", record(LOG_TYPE, in->log + start, end - start),
			 "platform", record_json("application/vnd.bastion.platform+json",
						 platform_facts(in)));
	if (*out && !(in->tpm ? add_tpm(*out, in) : add_chip(*out, in)) &&
	    (!in->ima || !add(*out, "ima", IMA_TYPE, in->ima, in->ima_len)))
		return 0;
	json_decref(*out);
	*out = NULL;
	return bastion_error_set(err, BASTION_OP_ANY, ENOMEM, "cannot build the evidence");
}

int bastion_evidence_write(const char *path, json_t *evidence, struct bastion_error *err)
{
	char *text = json_dumps(evidence, JSON_INDENT(2));
	int rc;

	if (!text)
		return bastion_error_set(err, BASTION_OP_FILE, ENOMEM, "cannot write %s", path);
	rc = bastion_file_output(path, text, strlen(text), 0600, err);
	free(text);
	return rc;
}
