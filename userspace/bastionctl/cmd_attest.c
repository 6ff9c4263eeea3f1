// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/attend.h"
#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/evidence.h"
#include "libbastion/round.h"

enum { OPT_ON_DEMAND = 1, OPT_RENEW, OPT_VERIFIER, OPT_SOCKET, OPT_EVIDENCE, OPT_TCTI };

struct request {
	const char *verifier;
	const char *socket;
	const char *evidence_out;
	const char *tcti;
	bool on_demand;
	bool renew;
};

static void print_round(const struct ctl *ctl, const struct bastion_round *round, bool accepted,
			const struct bastion_error *err)
{
	json_t *json;

	if (!ctl->json) {
		if (round->result.verdict)
			report_verdict(round->result.verdict);
		return;
	}
	json = json_pack("{s:b}", "accepted", accepted);
	if (round->result.verdict)
		json_object_set(json, "verdict", round->result.verdict);
	if (!accepted)
		json_object_set_new(json, "error", json_string(err->text));
	report_json(json);
}

static int attest_once(const struct ctl *ctl, const struct bastion_device *dev,
		       const struct request *request, struct bastion_round *round)
{
	struct bastion_error err, late;
	int code = 0, rc;

	rc = bastion_round_attest(dev, round, &err);
	/* Refused evidence is what one wants to look at. */
	if (request->evidence_out && round->evidence &&
	    bastion_evidence_write(request->evidence_out, round->evidence, &late))
		code = report_error(&late);
	print_round(ctl, round, rc == 0, &err);
	bastion_round_free(round);
	return rc ? report_error(&err) : code;
}

static int parse(struct ctl *ctl, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "verifier", required_argument, NULL, OPT_VERIFIER },
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "on-demand", no_argument, NULL, OPT_ON_DEMAND },
		{ "renew", no_argument, NULL, OPT_RENEW },
		{ "evidence-out", required_argument, NULL, OPT_EVIDENCE },
		{ "tcti", required_argument, NULL, OPT_TCTI },
		CTL_OPTIONS
	};
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c == OPT_VERIFIER)
			request->verifier = optarg;
		else if (c == OPT_SOCKET)
			request->socket = optarg;
		else if (c == OPT_ON_DEMAND)
			request->on_demand = true;
		else if (c == OPT_RENEW)
			request->renew = true;
		else if (c == OPT_EVIDENCE)
			request->evidence_out = optarg;
		else if (c == OPT_TCTI)
			request->tcti = optarg;
		else
			return BASTION_CLASS_USAGE;
	}
	if (optind != argc)
		return report_usage("attest takes options only");
	if (!request->socket)
		return report_usage("attest needs --socket PATH, where bastion-verifier serves");
	if (request->evidence_out && (request->on_demand || request->renew))
		return report_usage("--evidence-out is for a single round");
	return 0;
}

int ctl_attest(struct ctl *ctl, int argc, char **argv)
{
	struct bastion_round round = { 0 };
	struct request request = { 0 };
	struct bastion_error err;
	struct bastion_device dev;
	int code;

	code = parse(ctl, argc, argv, &request);
	if (code)
		return code;
	if (ctl_open(ctl, &dev, &err))
		return report_error(&err);
	dev.tcti = request.tcti;
	round.socket = request.socket;
	if (verifiers_choose(ctl, &dev, request.verifier, round.verifier, &err))
		code = report_error(&err);
	else if (request.on_demand || request.renew)
		code = attend(ctl, &dev, &round, request.on_demand, request.renew);
	else
		code = attest_once(ctl, &dev, &request, &round);
	bastion_device_close(&dev);
	return code;
}
