// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "by_hand.h"
#include "files.h"
#include "keys.h"
#include "libbastion-verify/evidence.h"
#include "load.h"
#include "output.h"
#include "show.h"
#include "verifier.h"

struct arguments {
	const char *machines;
	const char *from;
	const char *request;
	const char *response;
	const char *name;
	const char *roots;
	const char *chip;
	const char *credential;
	const char *valid;
	const char *evidence;
	const char *policy;
	const char *keys;
	const char *nonce;
	bool again;
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	int64_t seconds;
};

static int set_option(struct arguments *args, int c)
{
	const char **const texts[128] = {
		['m'] = &args->machines,   ['f'] = &args->from,  ['q'] = &args->request,
		['p'] = &args->response,   ['n'] = &args->name,  ['r'] = &args->roots,
		['c'] = &args->credential, ['C'] = &args->chip,  ['v'] = &args->valid,
		['e'] = &args->evidence,   ['P'] = &args->policy, ['k'] = &args->keys,
		['N'] = &args->nonce,
	};

	if (c == 'a')
		args->again = true;
	else if (c > 0 && c < 128 && texts[c])
		*texts[c] = optarg;
	else
		return VERIFIER_USAGE;
	return VERIFIER_OK;
}

static int parse_options(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "machines", required_argument, NULL, 'm' },
		{ "from", required_argument, NULL, 'f' },
		{ "request", required_argument, NULL, 'q' },
		{ "response", required_argument, NULL, 'p' },
		{ "name", required_argument, NULL, 'n' },
		{ "roots", required_argument, NULL, 'r' },
		{ "chip", required_argument, NULL, 'C' },
		{ "credential", required_argument, NULL, 'c' },
		{ "valid", required_argument, NULL, 'v' },
		{ "evidence", required_argument, NULL, 'e' },
		{ "policy", required_argument, NULL, 'P' },
		{ "keys", required_argument, NULL, 'k' },
		{ "nonce", required_argument, NULL, 'N' },
		{ "again", no_argument, NULL, 'a' },
		{ 0 }
	};
	int c, code = VERIFIER_OK;

	while (!code && (c = getopt_long(argc, argv, "", options, NULL)) != -1)
		code = set_option(args, c);
	return code;
}

/* Options of one of the ways are none of the others'. */
static int check(const struct arguments *args)
{
	if (!args->machines ||
	    !!args->from + !!args->request + !!args->response + !!args->evidence != 1)
		return verifier_usage("enroll needs --machines, and one of --request, --response, "
				      "--evidence and --from");
	if (args->request && (!args->name || (!args->roots && !args->chip)))
		return verifier_usage("enroll --request needs --name, and --roots or --chip: who may be "
				      "that machine?");
	if (args->evidence && (!args->name || !args->policy || !args->keys || !args->nonce))
		return verifier_usage("enroll --evidence needs --name, --policy, --keys and --nonce");
	if (!args->request && (args->roots || args->credential || args->valid))
		return verifier_usage("--roots, --credential and --valid are for --request");
	if (!args->evidence && (args->policy || args->keys || args->nonce))
		return verifier_usage("--policy, --keys and --nonce are for --evidence");
	if (args->chip && !args->request && !args->evidence)
		return verifier_usage("--chip is for --request and --evidence");
	if (args->response && args->name)
		return verifier_usage("the name was given with the request");
	if ((args->request || args->evidence) && args->again)
		return verifier_usage("--again is for --response and --from");
	if ((args->request || args->evidence) && !bv_machine_name_ok(args->name))
		return verifier_usage("--name: [A-Za-z0-9._-] are possible, 1 to %d of them",
				      BV_MACHINE_NAME_MAX);
	return VERIFIER_OK;
}

static int parse(int argc, char **argv, struct arguments *args)
{
	int code = parse_options(argc, argv, args);
	char *end = NULL;

	if (!code && optind != argc)
		code = verifier_usage("what is '%s'?", argv[optind]);
	if (!code)
		code = check(args);
	if (code)
		return code;
	if (args->chip && bv_unhex(args->chip_id, sizeof(args->chip_id), sizeof(args->chip_id),
				   args->chip) < 0)
		return verifier_usage("--chip is not 48 bytes of lower-case hex");
	args->seconds = args->valid ? strtoll(args->valid, &end, 10) : ENROLLING_MS / 1000;
	if (args->valid && (*end || args->seconds < 1 || args->seconds > BY_HAND_SECONDS_MAX))
		return verifier_usage("--valid is 1 to %d seconds", BY_HAND_SECONDS_MAX);
	return VERIFIER_OK;
}

static int request(const struct arguments *args)
{
	const struct enrolling_terms terms = {
		.machines = args->machines, .name = args->name, .roots = args->roots,
		.chip_id = args->chip ? args->chip_id : NULL,
	};
	struct bv_error err = { "" };
	json_t *answer;
	char *text;
	int ret;

	if (by_hand_request(&terms, args->request, args->seconds, &answer, &err))
		return verifier_fail("%s", err.text);
	if (!args->credential)
		return show_json(answer);
	text = json_dumps(answer, JSON_INDENT(2));
	json_decref(answer);
	if (!text)
		return verifier_fail("out of memory");
	ret = output_write(args->credential, 0644, (struct bv_span){ (uint8_t *)text, strlen(text) },
			   &err);
	free(text);
	return ret ? verifier_fail("%s", err.text) : VERIFIER_OK;
}

static int tell(const struct bv_machine *machine)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	bv_hex(chip, sizeof(chip), machine->chip_id, sizeof(machine->chip_id));
	printf("enrolled: %s, chip %s\n", machine->name, chip);
	return VERIFIER_OK;
}

static int respond(const struct arguments *args)
{
	struct bv_machine machine;
	struct bv_error err = { "" };

	if (by_hand_response(args->machines, args->response, args->again, &machine, &err))
		return verifier_fail("%s", err.text);
	return tell(&machine);
}

/* A Bastionchip's, for a nonce that "challenge" gave. */
static int judge_evidence(const struct arguments *args)
{
	const struct enrolling_terms terms = {
		.machines = args->machines, .name = args->name,
		.chip_id = args->chip ? args->chip_id : NULL,
	};
	uint8_t nonce[BASTION_VERIFIER_NONCE_MAX];
	struct bv_signer signer = { 0 };
	struct enrolling_quote quote = { 0 };
	struct bv_error err = { "" };
	struct bv_machine machine;
	ssize_t nonce_len = bv_unhex(nonce, BASTION_VERIFIER_NONCE_MIN, sizeof(nonce), args->nonce);
	struct bv_policy *policy;
	json_t *json = NULL;
	int code;

	if (nonce_len < 0)
		return verifier_usage("--nonce is not 8 to 64 bytes of lower-case hex");
	policy = policy_load(args->policy, &err);
	if (policy && !keys_load(args->keys, &signer, &err))
		json = by_hand_read(args->evidence, BV_EVIDENCE_MAX, "the evidence", &err);
	quote.policy = policy;
	quote.verifier = signer.verifier;
	quote.nonce = (struct bv_span){ nonce, nonce_len };
	if (!json || enrolling_check(args->machines, &err) ||
	    enrolling_native(&terms, &quote, json, &machine, &err))
		code = verifier_fail("%s", err.text);
	else
		code = tell(&machine);
	json_decref(json);
	keys_drop(&signer);
	bv_policy_free(policy);
	return code;
}

/* What the operator vouches for, without any proof. */
static int believe(const struct arguments *args)
{
	struct bv_error err = { "" }, why = { "" };
	struct bv_machine machine;
	struct bv_span text;
	int ret;

	if (file_read(args->from, BV_MACHINE_MAX, &text, &err))
		return verifier_fail("%s", err.text);
	ret = bv_machine_parse(text, args->name, &machine, &why);
	free((void *)text.data);
	if (ret)
		return verifier_fail("%s: %s", args->from, why.text);
	if (enrolling_add(args->machines, &machine,
			  args->again ? MACHINES_AGAIN : MACHINES_BY_HAND, &err))
		return verifier_fail("%s", err.text);
	return tell(&machine);
}

int verifier_enroll(int argc, char **argv)
{
	struct arguments args = { 0 };
	int code = parse(argc, argv, &args);

	if (code)
		return code;
	if (args.request)
		return request(&args);
	if (args.evidence)
		return judge_evidence(&args);
	return args.response ? respond(&args) : believe(&args);
}
