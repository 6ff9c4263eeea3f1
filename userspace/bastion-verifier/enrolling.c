// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "enrolling.h"
#include "expected.h"
#include "libbastion-verify/appraise.h"
#include "libbastion-verify/json.h"
#include "load.h"
#include "machines.h"

/* On record, unless the folder is not to be trusted: then nothing is written there. */
static void record_refusal(const char *folder, const struct bv_machine *machine, const char *why)
{
	struct bv_error err = { "" };
	struct machines *machines = machines_open(folder, true, &err);

	if (machines)
		machines_refused(machines, machine, why);
	else
		fprintf(stderr, "bastion-verifier: %s\n", err.text);
	machines_close(machines);
}

static int begin(const struct enrolling_terms *terms, const struct bv_enroll_request *request,
		 int64_t until, struct bv_enroll_pending *pending, json_t **answer,
		 struct bv_error *err)
{
	struct bv_enroll_terms inner = {
		.name = terms->name, .chip_id = terms->chip_id, .at = time(NULL),
	};
	uint8_t secret[BV_CREDENTIAL_SECRET];
	struct bv_ek_anchors anchors = { 0 };
	struct bv_credential credential;
	int ret = 0;

	if (terms->roots) {
		ret = anchors_load(terms->roots, &anchors, err);
		inner.anchors = &anchors;
	}
	if (!ret && fresh_bytes(secret, sizeof(secret)))
		ret = bv_fail_errno(err, EIO, "making a secret");
	if (!ret)
		ret = bv_enroll_begin(request, &inner, secret, until, pending, &credential, err);
	if (!ret) {
		*answer = bv_enroll_credential_json(pending, &credential);
		if (!*answer)
			ret = bv_fail_errno(err, ENOMEM, "writing a message");
	}
	explicit_bzero(secret, sizeof(secret));
	bv_ek_anchors_exit(&anchors);
	return ret;
}

/* Nothing is waited for, and it is on record why. */
static int refuse(const char *machines, struct bv_enroll_pending *pending, const char *name, int ret,
		  const struct bv_error *err)
{
	pending->open = false;
	snprintf(pending->machine.name, sizeof(pending->machine.name), "%s", name);
	record_refusal(machines, &pending->machine, err->text);
	return ret;
}

int enrolling_begin(const struct enrolling_terms *terms, const json_t *json, int64_t until,
		    struct bv_enroll_pending *pending, json_t **answer, struct bv_error *err)
{
	struct bv_enroll_request request;
	int ret;

	memset(pending, 0, sizeof(*pending));
	ret = bv_enroll_parse(json, &request, err);
	if (!ret) {
		ret = begin(terms, &request, until, pending, answer, err);
		bv_enroll_exit(&request);
	}
	return ret ? refuse(terms->machines, pending, terms->name, ret, err) : 0;
}

static int check_revoked(const struct bv_policy *policy, const struct bv_machine *machine,
			 struct bv_error *err)
{
	if (bv_policy_revokes(policy, machine->chip_id))
		return bv_fail(err, "the policy's \"revoked_chips\" has this chip");
	return 0;
}

int enrolling_ask(const struct enrolling *enrolling, const struct bv_policy *policy,
		  const json_t *json, int64_t until, struct bv_enroll_pending *pending,
		  struct expected *expected, json_t **answer, struct bv_error *err)
{
	struct enrolling_terms terms = { .machines = enrolling->machines };
	struct bv_enroll_request request;
	int ret;

	memset(pending, 0, sizeof(*pending));
	ret = bv_enroll_parse(json, &request, err);
	if (ret)
		return refuse(terms.machines, pending, "", ret, err);
	terms.name = request.name;
	ret = expected_find(enrolling->expected, request.name, expected, err);
	if (!ret && expected->certified && !enrolling->roots)
		ret = bv_fail(err, "%s has to be certified, and the verifier has no --roots",
			      request.name);
	terms.chip_id = expected->certified ? NULL : expected->chip_id;
	terms.roots = expected->certified ? enrolling->roots : NULL;
	if (!ret)
		ret = begin(&terms, &request, until, pending, answer, err);
	if (!ret) {
		ret = check_revoked(policy, &pending->machine, err);
		if (ret)
			json_decref(*answer);
	}
	if (ret)
		refuse(terms.machines, pending, request.name, ret, err);
	bv_enroll_exit(&request);
	return ret;
}

int enrolling_check(const char *folder, struct bv_error *err)
{
	struct machines *machines = machines_open(folder, true, err);

	machines_close(machines);
	return machines ? 0 : -EBADMSG;
}

int enrolling_add(const char *folder, const struct bv_machine *machine,
		  enum machines_order order, struct bv_error *err)
{
	struct machines *machines = machines_open(folder, true, err);
	int ret;

	if (!machines)
		return -EBADMSG;
	ret = machines_add(machines, machine, order, err);
	if (ret)
		machines_refused(machines, machine, err->text);
	machines_close(machines);
	return ret;
}

int enrolling_finish(const char *machines, struct bv_enroll_pending *pending, const json_t *json,
		     int64_t now, enum machines_order order, struct bv_error *err)
{
	int ret = bv_enroll_finish(pending, json, now, err);

	if (!ret)
		return enrolling_add(machines, &pending->machine, order, err);
	record_refusal(machines, &pending->machine, err->text);
	return ret;
}

/* What it was begun under has to be so still. */
static int check_again(const struct enrolling *enrolling, const struct bv_policy *policy,
		       const struct bv_machine *machine, const struct expected *expected,
		       struct bv_error *err)
{
	struct expected now;
	int ret = expected_find(enrolling->expected, machine->name, &now, err);

	if (!ret && (now.certified != expected->certified ||
		     (!now.certified &&
		      memcmp(now.chip_id, expected->chip_id, sizeof(now.chip_id)))))
		ret = bv_fail(err, "who may be %s has changed meanwhile: ask again", machine->name);
	return ret ? ret : check_revoked(policy, machine, err);
}

int enrolling_answer(const struct enrolling *enrolling, const struct bv_policy *policy,
		     struct bv_enroll_pending *pending, const struct expected *expected,
		     const json_t *json, int64_t now, struct bv_error *err)
{
	int ret = pending->open ? check_again(enrolling, policy, &pending->machine, expected, err) : 0;

	if (!ret)
		return enrolling_finish(enrolling->machines, pending, json, now, MACHINES_UNATTENDED,
					err);
	pending->open = false;
	record_refusal(enrolling->machines, &pending->machine, err->text);
	return ret;
}

/* Which chip signed for this verifier and nonce; whether it is in good state is for a policy. */
static int judge_quote(const struct enrolling_quote *quote, const json_t *evidence,
		       struct bv_machine *machine, struct bv_error *err)
{
	char *text = json_dumps(evidence, JSON_COMPACT);
	const struct bv_appraisal in = {
		.policy = quote->policy,
		.evidence = { (uint8_t *)text, text ? strlen(text) : 0 },
		.nonce = quote->nonce,
		.verifier = quote->verifier,
		.now = time(NULL),
	};
	struct bv_verdict *verdict = text ? bv_appraise(&in) : NULL;
	const struct bv_facts *facts = verdict ? &verdict->facts : NULL;
	int ret = 0;

	if (!verdict) {
		ret = bv_fail_errno(err, ENOMEM, "judging evidence");
	} else if (facts->is_tpm) {
		ret = bv_fail(err, "a TPM's quote does not say which TPM it is: enroll it with a "
			      "request");
	} else if (!facts->authentic) {
		ret = bv_fail(err, "the evidence does not prove which chip it is of: %s failed",
			      bv_verdict_failing(verdict));
	} else {
		machine->kind = BV_MACHINE_NATIVE;
		memcpy(machine->chip_id, facts->quote.chip_id, sizeof(machine->chip_id));
		snprintf(machine->model, sizeof(machine->model), "%s", facts->quote.model);
	}
	bv_verdict_free(verdict);
	free(text);
	return ret;
}

static int check_chip(const struct enrolling_terms *terms, const struct bv_policy *policy,
		      const struct bv_machine *machine, struct bv_error *err)
{
	int ret = check_revoked(policy, machine, err);

	if (ret)
		return ret;
	if (terms->chip_id && memcmp(terms->chip_id, machine->chip_id, sizeof(machine->chip_id)))
		return bv_fail(err, "%s is another chip, whose id is allowed and not this one's",
			       terms->name);
	return 0;
}

int enrolling_native(const struct enrolling_terms *terms, const struct enrolling_quote *quote,
		     const json_t *evidence, struct bv_machine *machine, struct bv_error *err)
{
	int ret;

	memset(machine, 0, sizeof(*machine));
	snprintf(machine->name, sizeof(machine->name), "%s", terms->name);
	ret = judge_quote(quote, evidence, machine, err);
	if (!ret)
		ret = check_chip(terms, quote->policy, machine, err);
	if (!ret)
		return enrolling_add(terms->machines, machine, MACHINES_UNATTENDED, err);
	record_refusal(terms->machines, machine, err->text);
	return ret;
}

int enrolling_ask_native(const struct enrolling *enrolling, const struct enrolling_quote *quote,
			 const json_t *request, struct bv_machine *machine, struct bv_error *err)
{
	static const char *const known[] = { "type", "name", "evidence", NULL };
	struct enrolling_terms terms = { .machines = enrolling->machines };
	struct expected expected;
	int ret;

	memset(machine, 0, sizeof(*machine));
	ret = bv_json_only(request, known, "the request", err);
	if (!ret)
		ret = bv_json_text(request, "name", BV_MACHINE_NAME_MAX, &terms.name, err);
	if (!ret && !bv_machine_name_ok(terms.name))
		ret = bv_fail(err, "\"name\" is no name of a machine: [A-Za-z0-9._-] are possible");
	if (ret) {
		record_refusal(terms.machines, machine, err->text);
		return ret;
	}
	snprintf(machine->name, sizeof(machine->name), "%s", terms.name);
	ret = expected_find(enrolling->expected, terms.name, &expected, err);
	if (ret) {
		record_refusal(terms.machines, machine, err->text);
		return ret;
	}
	terms.chip_id = expected.certified ? NULL : expected.chip_id;
	return enrolling_native(&terms, quote, json_object_get(request, "evidence"), machine, err);
}
