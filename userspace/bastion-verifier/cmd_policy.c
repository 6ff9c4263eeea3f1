// SPDX-License-Identifier: GPL-2.0
/* reference, policy */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "libbastion-verify/evidence.h"
#include "libbastion-verify/tpm-quote.h"
#include "load.h"
#include "policy_commands.h"
#include "show.h"
#include "verifier.h"

static int digest_hex(const char *path, char hex[2 * BASTION_DIGEST_SIZE + 1])
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct bv_error err = { "" };

	if (file_digest(path, digest, &err))
		return verifier_fail("%s", err.text);
	bv_hex(hex, 2 * BASTION_DIGEST_SIZE + 1, digest, sizeof(digest));
	return VERIFIER_OK;
}

struct reference {
	const char *kernel;
	const char *initrd;
	const char *cmdline;
	const char *name;
	const char *firmware;
	const char *evidence;
};

static int parse_reference(int argc, char **argv, struct reference *ref)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "cmdline", required_argument, NULL, 'c' },
		{ "name", required_argument, NULL, 'n' },
		{ "firmware", required_argument, NULL, 'f' },
		{ "evidence", required_argument, NULL, 'e' },
		{ 0 }
	};
	uint8_t digest[BASTION_DIGEST_SIZE];
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			ref->kernel = optarg;
			break;
		case 'i':
			ref->initrd = optarg;
			break;
		case 'c':
			ref->cmdline = optarg;
			break;
		case 'n':
			ref->name = optarg;
			break;
		case 'f':
			ref->firmware = optarg;
			break;
		case 'e':
			ref->evidence = optarg;
			break;
		default:
			return VERIFIER_USAGE;
		}
	}
	if (ref->evidence && (ref->kernel || ref->initrd || ref->cmdline || ref->firmware))
		return verifier_usage("--evidence is of a TPM: the other options are not for one");
	if ((!ref->evidence && (!ref->kernel || !ref->cmdline)) || optind != argc)
		return verifier_usage("reference needs --kernel FILE and --cmdline TEXT, or --evidence "
				      "FILE");
	if (ref->firmware && bv_unhex(digest, sizeof(digest), sizeof(digest), ref->firmware) < 0)
		return verifier_usage("--firmware is not 48 bytes of lower-case hex");
	return VERIFIER_OK;
}

/* What firmware and boot loader extended, as the machine's TPM signed it. */
static json_t *quoted_pcrs(const struct bv_evidence *evidence, struct bv_error *err)
{
	const uint32_t own = evidence->round.pcr, mask = BV_PLATFORM_MASK;
	const struct bv_tpm_evidence quote = {
		.attest = evidence->tpm_attest, .signature = evidence->tpm_signature,
		.key = evidence->tpm_key, .values = evidence->tpm_registers,
	};
	struct bv_tpm_finding finding = { 0 };
	json_t *pcrs = NULL;

	if (!evidence->tpm)
		bv_fail(err, "the evidence is not a TPM's: use --kernel, --initrd and --cmdline");
	else if (own <= BV_IMA_PCR)
		bv_fail(err, "the module extends PCR %u, which firmware, boot loader or IMA do", own);
	else if (bv_tpm_quote_judge(&quote, &finding))
		bv_fail(err, "out of memory");
	else if (!finding.found.ok)
		*err = finding.found.error;
	else if (mask & ~finding.registers.given[BV_BANK_SHA256])
		bv_fail(err, "the quote does not cover PCRs 0 to %d", BV_PLATFORM_PCRS - 1);
	else
		pcrs = bv_pcrs_bank_json(BV_BANK_SHA256, mask,
					 finding.registers.value[BV_BANK_SHA256]);
	bv_tpm_finding_exit(&finding);
	return pcrs;
}

static int reference_from(const struct reference *ref)
{
	struct bv_evidence evidence = { 0 };
	struct bv_error err = { "" };
	json_t *pcrs = NULL;
	struct bv_span text;

	if (file_read(ref->evidence, BV_EVIDENCE_MAX, &text, &err))
		return verifier_fail("%s", err.text);
	if (!bv_evidence_parse(text, &evidence, &err))
		pcrs = quoted_pcrs(&evidence, &err);
	free((void *)text.data);
	bv_evidence_exit(&evidence);
	if (!pcrs)
		return verifier_fail("%.200s: %s", ref->evidence, err.text);
	return show_json(json_pack("{s:[{s:s, s:o}]}", "tpm", "name", ref->name, "pcrs", pcrs));
}

int verifier_reference(int argc, char **argv)
{
	char kernel[2 * BASTION_DIGEST_SIZE + 1], initrd[2 * BASTION_DIGEST_SIZE + 1];
	struct reference ref = { .name = "default" };
	int code = parse_reference(argc, argv, &ref);

	if (code)
		return code;
	if (ref.evidence)
		return reference_from(&ref);
	if (digest_hex(ref.kernel, kernel) || (ref.initrd && digest_hex(ref.initrd, initrd)))
		return VERIFIER_REFUSED;
	return show_json(json_pack("{s:[{s:s, s:s, s:s*, s:s, s:s*}]}", "boot", "name", ref.name,
				   "kernel", kernel, "initrd", ref.initrd ? initrd : NULL,
				   "cmdline", ref.cmdline, "firmware", ref.firmware));
}

/* Does one of its references leave a PCR of firmware or boot loader open? */
static bool leaves_pcrs(const struct bv_policy *policy)
{
	for (size_t i = 0; i < policy->tpms.count; i++)
		if (policy->tpms.item[i].mask != BV_PLATFORM_MASK)
			return true;
	return false;
}

static bool leaves_firmware(const struct bv_policy *policy)
{
	for (size_t i = 0; i < policy->models.count; i++)
		if (!bv_policy_firmware(policy, policy->models.text[i]))
			return true;
	return false;
}

/* What a policy may leave out, and what that means. */
static json_t *gaps_json(const struct bv_policy *policy)
{
	/* Without roots there are TPMs alone. */
	const bool roots = policy->root_files.count;
	const struct {
		bool open;
		const char *meaning;
	} gaps[] = {
		{ !policy->permit_count, "no \"policies\": nothing is ever granted" },
		{ !policy->boot_count && !policy->tpms.count,
		  "no \"reference\": no better than warning" },
		{ roots && !policy->boot_count && policy->tpms.count,
		  "\"reference\" has no \"boot\": Bastionchips are no better than warning" },
		{ !roots, "no \"roots\": no chip but TPMs that were enrolled" },
		{ leaves_pcrs(policy), "\"reference\": an item of \"tpm\" does not name all PCRs from 0 to 9" },
		{ leaves_firmware(policy), "no \"firmware_min\", or none of a model: no better than warning" },
		{ roots && !policy->has_svn_min,
		  "no \"svn_min\": Bastionchips are no better than warning" },
		{ !policy->modules.given, "no \"modules\": any build of the module" },
		{ !policy->platforms.given, "no \"platforms\": any kernel, locked down or not" },
		{ !policy->parameters.given, "no \"parameters\": any parameters of the module" },
		{ !policy->chips.given, "no \"chips\": any genuine chip" },
		{ !policy->ima.given, "no \"ima\": no better than warning where IMA measures files" },
		{ policy->ima.violations, "\"ima\": violations are ignored" },
		{ !policy->executables.given, "no \"executables\": any program may ask for keys" },
		{ policy->allow_debug, "\"allow_debug\": emulators and opened chips are good enough" },
		{ policy->accept_warning, "\"accept_warning\": grants in spite of warnings" },
	};
	json_t *notes = json_array();

	for (size_t i = 0; i < sizeof(gaps) / sizeof(*gaps); i++)
		if (gaps[i].open)
			json_array_append_new(notes, json_string(gaps[i].meaning));
	return notes;
}

static json_t *permits_json(const struct bv_policy *policy)
{
	char exe[2 * BASTION_EXE_SIZE + 1], verifier[2 * BASTION_DIGEST_SIZE + 1];
	json_t *list = json_array();

	for (size_t i = 0; i < policy->permit_count; i++) {
		const struct bv_permit *permit = &policy->permits[i];

		if (permit->create)
			json_array_append_new(list, json_sprintf("%s: create", permit->label));
		bv_hex(exe, sizeof(exe), permit->executable, sizeof(permit->executable));
		if (permit->release)
			json_array_append_new(list, json_sprintf("%s: release%s%s", permit->label,
				permit->has_executable ? " to sha256:" : "",
				permit->has_executable ? exe : ""));
		for (size_t k = 0; k < permit->rebind_count; k++) {
			bv_hex(verifier, sizeof(verifier), permit->rebinds[k].verifier, BASTION_DIGEST_SIZE);
			json_array_append_new(list, json_sprintf("%s: rebind to %s of verifier %s",
				permit->label, permit->rebinds[k].label, verifier));
		}
	}
	return list;
}

static void show_lines(const char *before, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		printf("%s %s\n", before, json_string_value(line));
}

static int check(const char *path, bool json)
{
	char id[2 * BASTION_DIGEST_SIZE + 1];
	struct bv_error err = { "" };
	struct bv_policy *policy = policy_load(path, &err);
	json_t *shown;

	if (!policy)
		return verifier_fail("%s", err.text);
	bv_hex(id, sizeof(id), policy->id, sizeof(policy->id));
	shown = json_pack("{s:s, s:o, s:o}", "id", id, "allows", permits_json(policy), "notes",
			  gaps_json(policy));
	bv_policy_free(policy);
	if (json || !shown)
		return show_json(shown);
	printf("policy %s\n", id);
	show_lines("allows", json_object_get(shown, "allows"));
	show_lines("note:", json_object_get(shown, "notes"));
	json_decref(shown);
	return VERIFIER_OK;
}

static int policy_check(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return VERIFIER_USAGE;
		json = true;
	}
	if (optind != argc - 1)
		return verifier_usage("policy check FILE");
	return check(argv[optind], json);
}

int verifier_policy(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "check", policy_check },
		{ "learn", policy_learn },
		{ "diff", policy_diff },
		{ "simulate", policy_simulate },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return verifier_usage("policy check, learn, diff or simulate");
}
