// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "keys.h"
#include "load.h"
#include "machines.h"
#include "output.h"
#include "show.h"
#include "verifier.h"

struct arguments {
	const char *policy;
	const char *keys;
	const char *nonce_hex;
	const char *evidence;
	const char *grant;
	const char *token;
	const char *ear;
	const char *result;
	const char *audience;
	const char *policies;
	const char *machines;
	bool json;
	uint8_t nonce[BASTION_VERIFIER_NONCE_MAX];
	ssize_t nonce_len;
};

static const struct option options[] = {
	{ "policy", required_argument, NULL, 'p' },   { "keys", required_argument, NULL, 'k' },
	{ "nonce", required_argument, NULL, 'n' },    { "grant", required_argument, NULL, 'g' },
	{ "token", required_argument, NULL, 't' },    { "ear", required_argument, NULL, 'e' },
	{ "result", required_argument, NULL, 'r' },   { "json", no_argument, NULL, 'j' },
	{ "audience", required_argument, NULL, 'a' }, { "policies", required_argument, NULL, 'P' },
	{ "machines", required_argument, NULL, 'm' }, { 0 },
};

static int set_option(struct arguments *args, int c)
{
	const char **const texts[128] = {
		['p'] = &args->policy, ['k'] = &args->keys,   ['n'] = &args->nonce_hex,
		['g'] = &args->grant,  ['t'] = &args->token,  ['e'] = &args->ear,
		['r'] = &args->result, ['a'] = &args->audience, ['P'] = &args->policies, ['m'] = &args->machines,
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
	if (!args->policy || !args->keys || !args->nonce_hex || optind != argc - 1)
		return verifier_usage("verify needs --policy, --keys, --nonce and the evidence");
	args->evidence = argv[optind];
	args->nonce_len = bv_unhex(args->nonce, BASTION_VERIFIER_NONCE_MIN,
				   BASTION_VERIFIER_NONCE_MAX, args->nonce_hex);
	if (args->nonce_len < 0)
		return verifier_usage("--nonce is not %d to %d bytes of lower-case hex",
				      BASTION_VERIFIER_NONCE_MIN, BASTION_VERIFIER_NONCE_MAX);
	return VERIFIER_OK;
}

static int write_json(const char *path, const struct bv_result *result, struct bv_error *err)
{
	json_t *json = bv_result_json(result);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int ret = -1;

	if (text)
		ret = output_write(path, 0644,
				   (struct bv_span){ (uint8_t *)text, strlen(text) }, err);
	else
		bv_fail(err, "out of memory");
	free(text);
	json_decref(json);
	return ret;
}

static int write_files(const struct arguments *args, const struct bv_result *result)
{
	const struct bv_span ear = { (const uint8_t *)result->ear, strlen(result->ear) };
	const struct bv_span grant = { result->grant.bytes, result->grant.len };
	const struct bv_span policies = { result->grant.policies, result->grant.policies_len };
	struct bv_error err = { "" };
	int ret = 0;

	if (args->ear)
		ret = output_write(args->ear, 0644, ear, &err);
	if (!ret && args->result)
		ret = write_json(args->result, result, &err);
	if (!ret && args->grant && result->verdict->granted)
		ret = output_write(args->grant, 0644, grant, &err);
	if (!ret && args->token && result->verdict->granted)
		ret = output_write(args->token, 0644, BV_SPAN(result->grant.token), &err);
	if (!ret && args->policies && policies.len)
		ret = output_write(args->policies, 0644, policies, &err);
	return ret ? verifier_fail("%s", err.text) : VERIFIER_OK;
}

static int answer(const struct arguments *args, const struct bv_policy *policy,
		  const struct bv_signer *signer, const struct enrolled *enrolled,
		  struct bv_span evidence)
{
	const struct bv_span nonce = { args->nonce, args->nonce_len };
	struct bv_result result;
	int code = VERIFIER_OK;

	if (judge(policy, signer, enrolled, nonce, evidence, NULL, &result))
		return verifier_fail("no result could be made");
	if (args->json)
		code = show_json(bv_result_json(&result));
	else
		show_verdict(result.verdict);
	if (!code)
		code = write_files(args, &result);
	if (!code && !result.verdict->granted)
		code = VERIFIER_REFUSED;
	bv_result_exit(&result);
	return code;
}

int verifier_verify(int argc, char **argv)
{
	struct arguments args = { 0 };
	struct bv_signer signer = { 0 };
	struct bv_span evidence = { 0 };
	struct enrolled enrolled = { 0 };
	struct machines *machines = NULL;
	struct bv_policy *policy;
	struct bv_error err = { "" };
	int code = parse(argc, argv, &args);

	if (code)
		return code;
	if (args.machines) {
		machines = machines_open(args.machines, false, &err);
		if (!machines)
			return verifier_fail("%s", err.text);
		enrolled = (struct enrolled){ machines_find, machines };
	}
	policy = policy_load(args.policy, &err);
	if (!policy || keys_load(args.keys, &signer, &err) ||
	    file_read(args.evidence, BV_EVIDENCE_MAX, &evidence, &err)) {
		code = verifier_fail("%s", err.text);
	} else {
		if (args.audience)
			signer.audience = args.audience;
		code = answer(&args, policy, &signer, &enrolled, evidence);
	}
	free((void *)evidence.data);
	keys_drop(&signer);
	bv_policy_free(policy);
	machines_close(machines);
	return code;
}
