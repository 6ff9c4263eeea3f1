// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "ima-list.h"
#include "simulate.h"

/* The registers that a chip would have; what is wrong with a log, its own check says. */
static void set_registers(const struct bv_simulation *in, struct bv_facts *facts)
{
	struct bv_ima_replay ima = {
		.pcrs.banks = 1u << (in->pcrs ? BV_BANK_SHA256 : BV_BANK_SHA384),
		.mirror = !in->pcrs,
	};
	struct bv_tpm_facts *tpm = &facts->tpm;
	struct bv_replay boot, own = { .tpm = in->pcrs };
	struct bv_log_entry bad;

	bv_log_replay(in->boot_log, BV_LOG_PLATFORM, &boot, &bad, NULL);
	bv_log_replay_more(in->log, BV_LOG_MODULE, &own, &bad, NULL);
	memcpy(facts->quote.registers, own.registers, sizeof(own.registers));
	memcpy(facts->quote.registers[0], boot.registers[0], BASTION_DIGEST_SIZE);
	facts->round.log_count = own.count;
	facts->is_tpm = in->pcrs;
	tpm->pcr = in->policy->pcr;
	memcpy(tpm->pcrs[tpm->pcr], own.pcr, BV_PCR_SIZE);
	if (!in->ima.data)
		return;
	/* Or a bad list would be as good as what comes before the bad entry. */
	if (bv_ima_replay(in->ima, BV_IMA_DETECT, &ima, NULL))
		memset(&ima.pcrs, 0xff, sizeof(ima.pcrs));
	memcpy(facts->quote.registers[BV_IMA_MIRROR],
	       ima.pcrs.value[BV_BANK_SHA384][BV_IMA_MIRROR], BASTION_DIGEST_SIZE);
	memcpy(tpm->pcrs[BV_IMA_PCR], ima.pcrs.value[BV_BANK_SHA256][BV_IMA_PCR], BV_PCR_SIZE);
}

/* What a round would have told: the boot key that was measured, and who asks. */
static void set_round(struct bv_span log, struct bv_facts *facts,
		      uint8_t verifier[BASTION_DIGEST_SIZE])
{
	struct bv_log_reader reader = bv_log_begin(log);
	struct bv_log_entry entry;
	bool key = false, found = false;

	while (bv_log_next(&reader, &entry, NULL) == 1) {
		if (!entry.buffer || entry.data.len != BASTION_POINT_SIZE)
			continue;
		if (!key && bv_span_is(entry.name, BASTION_EVENT_BOOT_KEY)) {
			memcpy(facts->round.boot_key, entry.data.data, BASTION_POINT_SIZE);
			key = true;
		}
		if (!found && bv_span_is(entry.name, BASTION_EVENT_VERIFIER_ADD))
			found = !bv_point_digest(entry.data.data, verifier);
	}
}

static void conclude(const struct bv_policy *policy, struct bv_verdict *verdict, bool *granted)
{
	const char *failing = bv_verdict_failing(verdict);
	enum bv_tier worst = BV_NONE;

	for (int i = 0; i < BV_CLAIMS; i++)
		if (verdict->worst[i] > worst)
			worst = verdict->worst[i];
	*granted = !verdict->broken && (worst == BV_AFFIRMING ||
					(worst == BV_WARNING && policy->accept_warning));
	/* Closed for the sake of its summary: without a quote it never grants. */
	bv_verdict_close(verdict, false);
	verdict->status = worst;
	snprintf(verdict->summary, BV_SUMMARY_SIZE,
		 "Would be %s%s%s; chip and round are not simulated.",
		 *granted ? "granted" : "refused", failing ? ", first failing check: " : "",
		 failing ? failing : "");
}

/* The logs lead to the same registers, whatever the chip is. What firmware extended does not. */
static void judge_pcrs(const struct bv_simulation *in, struct bv_verdict *verdict)
{
	struct bv_tpm_facts *tpm = &verdict->facts.tpm;

	for (int i = 0; i < BV_PLATFORM_PCRS; i++)
		memcpy(tpm->pcrs[i], in->pcrs->value[BV_BANK_SHA256][i], BV_PCR_SIZE);
	bv_appraise_tpm_boot(in->policy, in->tcg_log, verdict);
}

struct bv_verdict *bv_simulate(const struct bv_simulation *in, bool *granted)
{
	uint8_t verifier[BASTION_DIGEST_SIZE] = { 0 };
	struct bv_history *history = bv_history_new(verifier, BV_HISTORY_MAX);
	struct bv_verdict *verdict = bv_verdict_new();
	struct bv_appraisal appraisal = { .policy = in->policy, .verifier = verifier };

	*granted = false;
	if (!verdict || !history) {
		bv_verdict_free(verdict);
		bv_history_free(history);
		return NULL;
	}
	bv_history_set_tpm(history, in->pcrs);
	set_registers(in, &verdict->facts);
	set_round(in->log, &verdict->facts, verifier);
	if (in->verifier)
		appraisal.verifier = in->verifier;
	if (in->boot_log.data)
		bv_appraise_boot(&appraisal, in->boot_log, verdict);
	else if (in->pcrs)
		judge_pcrs(in, verdict);
	bv_appraise_log(&appraisal, in->log, history, verdict);
	bv_appraise_ima(&appraisal, in->ima, history, verdict);
	bv_history_free(history);
	bv_appraise_permits(in->policy, verdict);
	conclude(in->policy, verdict, granted);
	return verdict;
}

static size_t put_field(uint8_t *out, const void *bytes, uint32_t len)
{
	bv_put_le32(out, len);
	memcpy(out + 4, bytes, len);
	return 4 + len;
}

/* d-ng with SHA-384, n-ng, and with @cmdline buf. */
static size_t put_fields(uint8_t *out, const char *name, const uint8_t *digest,
			 const char *cmdline)
{
	uint8_t named[8 + BASTION_DIGEST_SIZE] = "sha384:";
	size_t len;

	memcpy(named + 8, digest, BASTION_DIGEST_SIZE);
	len = put_field(out, named, sizeof(named));
	len += put_field(out + len, name, strlen(name) + 1);
	return cmdline ? len + put_field(out + len, cmdline, strlen(cmdline)) : len;
}

static int put_entry(uint8_t *out, size_t *len, const char *name, const uint8_t *digest,
		     const char *cmdline)
{
	const char *template = cmdline ? "ima-buf" : "ima-ng";
	uint8_t own[BASTION_DIGEST_SIZE], *at = out + *len, *data;
	struct bv_span text = { (const uint8_t *)cmdline, cmdline ? strlen(cmdline) : 0 };
	struct bv_span covered;
	int ret = 0;

	if (cmdline) {
		ret = bv_sha384(own, &text, 1);
		digest = own;
	}
	bv_put_le32(at, 0);
	data = at + 4 + BASTION_DIGEST_SIZE;
	data += put_field(data, template, strlen(template)) + 4;
	covered = (struct bv_span){ data, put_fields(data, name, digest, cmdline) };
	bv_put_le32(data - 4, covered.len);
	*len = data + covered.len - out;
	return ret ? ret : bv_sha384(at + 4, &covered, 1);
}

static void put_same(uint8_t *out, size_t *len, struct bv_span record)
{
	memcpy(out + *len, record.data, record.len);
	*len += record.len;
}

int bv_next_boot_log(struct bv_span boot_log, const struct bv_next_boot *next,
		     struct bv_span *out, struct bv_error *err)
{
	const size_t more = 4096 + (next->cmdline ? strlen(next->cmdline) : 0);
	const struct {
		const char *name;
		const uint8_t *digest;
		const char *text;
	} changes[] = {
		{ BASTION_BOOT_KERNEL, next->kernel, NULL },
		{ BASTION_BOOT_INITRD, next->initrd, NULL },
		{ BASTION_BOOT_CMDLINE, NULL, next->cmdline },
	};
	struct bv_log_reader reader = bv_log_begin(boot_log);
	struct bv_log_entry entry;
	struct bv_span record[3] = { 0 };
	uint8_t *bytes = malloc(boot_log.len + more);
	size_t len = 0;
	int ret;

	if (!bytes)
		return bv_fail_errno(err, ENOMEM, "making a boot log");
	for (const uint8_t *start = reader.at; (ret = bv_log_next(&reader, &entry, err)) == 1;
	     start = reader.at) {
		struct bv_span whole = { start, reader.at - start };
		size_t i = 0;

		while (i < 3 && !bv_span_is(entry.name, changes[i].name))
			i++;
		if (i < 3)
			record[i] = whole;
		else
			put_same(bytes, &len, whole);
	}
	for (size_t i = 0; !ret && i < 3; i++) {
		if (changes[i].digest || changes[i].text)
			ret = put_entry(bytes, &len, changes[i].name, changes[i].digest,
					changes[i].text);
		else if (record[i].len)
			put_same(bytes, &len, record[i]);
	}
	if (ret) {
		free(bytes);
		return ret == -EBADMSG ? ret : bv_fail_errno(err, EIO, "making a boot log");
	}
	*out = (struct bv_span){ bytes, len };
	return 0;
}
