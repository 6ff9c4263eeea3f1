// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bastionctl/ctl.h"
#include "bastionctl/incoming.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/evidence.h"
#include "libbastion/hex.h"
#include "libbastion/round.h"

enum { OPT_VERIFIER = 1, OPT_NONCE, OPT_GRANT_FROM, OPT_TCTI };

struct request {
	const char *verifier;
	const char *nonce;
	const char *out;
	const char *grant_from;
	const char *tcti;
};

static int parse(struct ctl *ctl, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "verifier", required_argument, NULL, OPT_VERIFIER },
		{ "nonce", required_argument, NULL, OPT_NONCE },
		{ "output", required_argument, NULL, 'o' },
		{ "grant-from", required_argument, NULL, OPT_GRANT_FROM },
		{ "tcti", required_argument, NULL, OPT_TCTI },
		CTL_OPTIONS
	};
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "o:", options)) != -1) {
		if (c == OPT_VERIFIER)
			request->verifier = optarg;
		else if (c == OPT_NONCE)
			request->nonce = optarg;
		else if (c == OPT_GRANT_FROM)
			request->grant_from = optarg;
		else if (c == OPT_TCTI)
			request->tcti = optarg;
		else if (c == 'o')
			request->out = optarg;
		else
			return BASTION_CLASS_USAGE;
	}
	if (optind != argc || !request->verifier || !request->nonce)
		return report_usage("evidence needs --verifier and --nonce, and no other arguments");
	return 0;
}

static int await_grant(const struct ctl *ctl, const struct bastion_device *dev, const char *from,
		       int64_t deadline)
{
	struct bastion_result result;
	struct bastion_error err;
	int rc;

	fprintf(stderr, "The round is open for %u seconds; waiting for the result %s%s\n",
		BASTION_ROUND_SECONDS, strcmp(from, "-") ? "in " : "on the standard input",
		strcmp(from, "-") ? from : "");
	if (incoming_wait(from, deadline, &result, &err))
		return report_error(&err);
	rc = bastion_round_finish(dev, &result, &err);
	if (ctl->json)
		report_json(json_pack("{s:b, s:O}", "accepted", rc == 0, "verdict",
				      result.verdict));
	else
		report_verdict(result.verdict);
	bastion_result_free(&result);
	return rc ? report_error(&err) : 0;
}

int ctl_evidence(struct ctl *ctl, int argc, char **argv)
{
	struct bastion_challenge challenge = { 0 };
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct request request = { .out = "-" };
	struct bastion_error err;
	struct bastion_device dev;
	json_t *evidence;
	ssize_t nonce_len;
	int64_t deadline;
	int code;

	code = parse(ctl, argc, argv, &request);
	if (code)
		return code;
	nonce_len = bastion_hex_decode(request.nonce, strlen(request.nonce), challenge.nonce,
				       sizeof(challenge.nonce));
	if (nonce_len < BASTION_VERIFIER_NONCE_MIN)
		return report_usage("--nonce is 8 to 64 bytes of hex, from the verifier");
	if (verifiers_resolve(ctl, request.verifier, digest, &err) ||
	    (request.grant_from && incoming_check(request.grant_from, &err)) ||
	    ctl_open(ctl, &dev, &err))
		return report_error(&err);
	dev.tcti = request.tcti;
	challenge.nonce_len = nonce_len;
	deadline = incoming_deadline();
	if (bastion_round_evidence(&dev, digest, &challenge, &evidence, &err)) {
		bastion_device_close(&dev);
		return report_error(&err);
	}
	if (bastion_evidence_write(request.out, evidence, &err))
		code = report_error(&err);
	json_decref(evidence);
	/* What is said of the result must not follow the evidence to where that goes. */
	if (!strcmp(request.out, "-"))
		dup2(STDERR_FILENO, STDOUT_FILENO);
	if (!code && request.grant_from)
		code = await_grant(ctl, &dev, request.grant_from, deadline);
	bastion_device_close(&dev);
	return code;
}
