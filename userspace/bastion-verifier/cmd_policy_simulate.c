// SPDX-License-Identifier: GPL-2.0
/* policy simulate: what a policy would say of logs, those of the next boot for example. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "libbastion-verify/evidence.h"
#include "libbastion-verify/simulate.h"
#include "load.h"
#include "policy_commands.h"
#include "show.h"
#include "verifier.h"

#define LOG_MAX		(256 << 20)

struct arguments {
	const char *policy;
	const char *evidence;
	const char *log;
	const char *boot_log;
	const char *ima;
	const char *verifier;
	const char *kernel;
	const char *initrd;
	const char *cmdline;
	bool json;
};

static const struct option options[] = {
	{ "policy", required_argument, NULL, 'p' },   { "evidence", required_argument, NULL, 'e' },
	{ "log", required_argument, NULL, 'l' },      { "boot-log", required_argument, NULL, 'b' },
	{ "ima", required_argument, NULL, 'i' },      { "verifier", required_argument, NULL, 'v' },
	{ "kernel", required_argument, NULL, 'k' },   { "initrd", required_argument, NULL, 'r' },
	{ "cmdline", required_argument, NULL, 'c' },  { "json", no_argument, NULL, 'j' },
	{ 0 }
};

static int set_option(struct arguments *args, int c)
{
	const char **const texts[128] = {
		['p'] = &args->policy,	 ['e'] = &args->evidence, ['l'] = &args->log,
		['b'] = &args->boot_log, ['i'] = &args->ima,	  ['v'] = &args->verifier,
		['k'] = &args->kernel,	 ['r'] = &args->initrd,	  ['c'] = &args->cmdline,
	};

	if (c == 'j')
		args->json = true;
	else if (c > 0 && c < 128 && texts[c])
		*texts[c] = optarg;
	else
		return VERIFIER_USAGE;
	return VERIFIER_OK;
}

static int parse(int argc, char **argv, struct arguments *args)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (set_option(args, c))
			return VERIFIER_USAGE;
	if (optind != argc || !args->policy || !args->log == !args->evidence)
		return verifier_usage("policy simulate needs --policy, and --log or --evidence");
	if (args->evidence && (args->boot_log || args->ima))
		return verifier_usage("--evidence has all logs: --boot-log and --ima are for --log");
	if ((args->kernel || args->initrd || args->cmdline) && !args->boot_log && !args->evidence)
		return verifier_usage("--kernel, --initrd and --cmdline change the log of --boot-log");
	if (args->cmdline && strlen(args->cmdline) > BV_CMDLINE_MAX)
		return verifier_usage("--cmdline has more than %d bytes", BV_CMDLINE_MAX);
	return VERIFIER_OK;
}

static int load_logs(const struct arguments *args, struct bv_evidence *logs,
		     struct bv_error *err)
{
	struct bv_span text;
	int ret;

	if (args->evidence) {
		ret = file_read(args->evidence, BV_EVIDENCE_MAX, &text, err);
		if (ret)
			return ret;
		ret = bv_evidence_parse(text, logs, err);
		free((void *)text.data);
		return ret;
	}
	ret = file_read(args->log, LOG_MAX, &logs->log, err);
	if (!ret && args->boot_log)
		ret = file_read(args->boot_log, LOG_MAX, &logs->boot_log, err);
	if (!ret && args->ima)
		ret = file_read(args->ima, LOG_MAX, &logs->ima, err);
	return ret;
}

static int change_boot(const struct arguments *args, struct bv_evidence *logs,
		       struct bv_error *err)
{
	uint8_t kernel[BASTION_DIGEST_SIZE], initrd[BASTION_DIGEST_SIZE];
	const struct bv_next_boot next = {
		.kernel = args->kernel ? kernel : NULL, .initrd = args->initrd ? initrd : NULL,
		.cmdline = args->cmdline,
	};
	struct bv_span changed;
	int ret = 0;

	if (!args->kernel && !args->initrd && !args->cmdline)
		return 0;
	if (args->kernel)
		ret = file_digest(args->kernel, kernel, err);
	if (!ret && args->initrd)
		ret = file_digest(args->initrd, initrd, err);
	if (!ret)
		ret = bv_next_boot_log(logs->boot_log, &next, &changed, err);
	if (ret)
		return ret;
	free((void *)logs->boot_log.data);
	logs->boot_log = changed;
	return 0;
}

/* A TPM's instead, which nobody can tell before the machine has booted. */
static int read_pcrs(const struct arguments *args, const struct bv_evidence *logs,
		     struct bv_expected *pcrs, struct bv_error *err)
{
	if (!logs->tpm)
		return 0;
	if (args->kernel || args->initrd || args->cmdline)
		return bv_fail(err, "what a TPM's PCRs will be cannot be told from files: boot, and see");
	return bv_expected_parse(logs->tpm_registers, pcrs, err);
}

static int print(const struct arguments *args, const struct bv_verdict *verdict, bool granted)
{
	json_t *json;

	if (!args->json) {
		show_verdict(verdict);
		return VERIFIER_OK;
	}
	json = bv_verdict_json(verdict);
	/* As if, and said so: the verdict itself grants nothing. */
	if (json && (json_object_set_new(json, "simulated", json_true()) ||
		     json_object_set_new(json, "granted", json_boolean(granted)))) {
		json_decref(json);
		json = NULL;
	}
	return show_json(json);
}

static int simulate(const struct arguments *args, const struct bv_policy *policy,
		    const struct bv_evidence *logs, const struct bv_expected *pcrs)
{
	uint8_t verifier[BASTION_DIGEST_SIZE];
	const struct bv_simulation in = {
		.policy = policy, .boot_log = logs->boot_log, .log = logs->log, .ima = logs->ima,
		.pcrs = logs->tpm ? pcrs : NULL, .tcg_log = logs->tcg_log,
		.verifier = args->verifier ? verifier : NULL,
	};
	struct bv_verdict *verdict;
	bool granted;
	int code;

	if (args->verifier &&
	    bv_unhex(verifier, sizeof(verifier), sizeof(verifier), args->verifier) < 0)
		return verifier_usage("--verifier is not 48 bytes of lower-case hex");
	verdict = bv_simulate(&in, &granted);
	if (!verdict)
		return verifier_fail("out of memory");
	code = print(args, verdict, granted);
	bv_verdict_free(verdict);
	return code ? code : granted ? VERIFIER_OK : VERIFIER_REFUSED;
}

int policy_simulate(int argc, char **argv)
{
	struct arguments args = { 0 };
	struct bv_evidence logs = { 0 };
	struct bv_expected pcrs = { 0 };
	struct bv_error err = { "" };
	struct bv_policy *policy = NULL;
	int code = parse(argc, argv, &args);

	if (code)
		return code;
	if (load_logs(&args, &logs, &err) || read_pcrs(&args, &logs, &pcrs, &err) ||
	    change_boot(&args, &logs, &err) ||
	    !(policy = policy_load(args.policy, &err)))
		code = verifier_fail("%s", err.text);
	else
		code = simulate(&args, policy, &logs, &pcrs);
	bv_policy_free(policy);
	bv_evidence_exit(&logs);
	return code;
}
