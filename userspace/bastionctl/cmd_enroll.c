// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/client.h"
#include "libbastion/enroll.h"
#include "libbastion/evidence.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"
#include "libbastion/json.h"
#include "libbastion/round.h"
#include "libbastion/sysfs.h"

enum {
	OPT_SOCKET = 1, OPT_NAME, OPT_VERIFIER, OPT_REQUEST, OPT_CREDENTIAL, OPT_RESPONSE,
	OPT_CERTIFICATE, OPT_TCTI,
};

#define MESSAGE_MAX (256u << 10)

struct request {
	const char *socket;
	const char *name;
	const char *verifier;
	const char *request;
	const char *credential;
	const char *response;
	const char *certificate;
	const char *tcti;
	char host[256];
};

static int parse(struct ctl *ctl, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "name", required_argument, NULL, OPT_NAME },
		{ "verifier", required_argument, NULL, OPT_VERIFIER },
		{ "request", required_argument, NULL, OPT_REQUEST },
		{ "credential", required_argument, NULL, OPT_CREDENTIAL },
		{ "response", required_argument, NULL, OPT_RESPONSE },
		{ "certificate", required_argument, NULL, OPT_CERTIFICATE },
		{ "tcti", required_argument, NULL, OPT_TCTI },
		CTL_OPTIONS
	};
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != -1) {
		switch (c) {
		case OPT_SOCKET:
			request->socket = optarg;
			break;
		case OPT_NAME:
			request->name = optarg;
			break;
		case OPT_VERIFIER:
			request->verifier = optarg;
			break;
		case OPT_REQUEST:
			request->request = optarg;
			break;
		case OPT_CREDENTIAL:
			request->credential = optarg;
			break;
		case OPT_RESPONSE:
			request->response = optarg;
			break;
		case OPT_CERTIFICATE:
			request->certificate = optarg;
			break;
		case OPT_TCTI:
			request->tcti = optarg;
			break;
		default:
			return BASTION_CLASS_USAGE;
		}
	}
	if (optind != argc)
		return report_usage("enroll takes options only");
	if (!request->credential != !request->response)
		return report_usage("--credential and --response belong together");
	if (!!request->socket + !!request->request + !!request->credential != 1)
		return report_usage("enroll needs one of --socket, --request, and --credential with "
				    "--response");
	if (!request->name && !gethostname(request->host, sizeof(request->host) - 1))
		request->name = request->host;
	return 0;
}

/* A certificate that the manufacturer gives elsewhere than in the TPM. */
static int take_certificate(const char *path, struct bastion_tpm_identity *identity,
			    struct bastion_error *err)
{
	free(identity->certificate);
	identity->certificate = NULL;
	return bastion_file_read(path, BASTION_TPM_CERTIFICATE_MAX, &identity->certificate,
				 &identity->certificate_len, err);
}

/* The kernel must have the same endorsement key, or no grant would ever fit. */
static int compare_chip(const struct bastion_device *dev, const struct bastion_tpm_identity *identity,
			struct bastion_error *err)
{
	char seen[2 * BASTION_DIGEST_SIZE + 2];
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	int rc = bastion_sysfs_read(dev, "chip_id", seen, sizeof(seen), err);

	if (rc)
		return rc;
	if (bastion_hex_decode_exact(seen, chip_id, sizeof(chip_id)) ||
	    memcmp(chip_id, identity->chip_id, sizeof(chip_id)))
		return bastion_error_set(err, BASTION_OP_TPM, ENOKEY,
					 "the TPM's endorsement key is not the one that the kernel "
					 "found when the module was loaded");
	return 0;
}

/* The TPM: of the device, or the one that was asked for. */
static int identify(const struct bastion_device *dev, const struct bastion_info *info,
		    const struct request *request, struct bastion_tpm **tpm,
		    struct bastion_tpm_identity *identity, struct bastion_error *err)
{
	int rc = bastion_tpm_open(request->tcti, info ? info->tpm : 0, tpm, err);

	if (rc)
		return rc;
	rc = bastion_tpm_identify(*tpm, identity, err);
	if (!rc && info)
		rc = compare_chip(dev, identity, err);
	if (!rc && request->certificate)
		rc = take_certificate(request->certificate, identity, err);
	return rc;
}

static int answer_credential(struct bastion_tpm *tpm, const struct bastion_tpm_identity *identity,
			     const json_t *message, json_t **answer, struct bastion_error *err)
{
	struct bastion_enroll_credential credential;
	uint8_t secret[BASTION_TPM_SECRET];
	int rc;

	rc = bastion_enroll_credential_parse(message, &credential, err);
	if (!rc)
		rc = bastion_tpm_activate(tpm, credential.credential, credential.credential_len,
					  credential.seed, credential.seed_len, secret, err);
	if (rc)
		return rc;
	*answer = bastion_enroll_answer(identity->chip_id, secret);
	explicit_bzero(secret, sizeof(secret));
	return *answer ? 0 : bastion_error_set(err, BASTION_OP_ANY, ENOMEM, "cannot write the answer");
}

static void print_enrolled(const struct ctl *ctl, json_t *answer)
{
	const char *name = json_string_value(json_object_get(answer, "name"));
	const char *chip = json_string_value(json_object_get(answer, "chip"));

	if (ctl->json) {
		report_json(json_incref(answer));
		return;
	}
	fputs("enrolled as ", stdout);
	report_text(stdout, name ? name : "?");
	fputs(", chip ", stdout);
	report_text(stdout, chip ? chip : "?");
	putchar('\n');
}

static int talk_tpm(const struct ctl *ctl, struct bastion_tpm *tpm,
		    const struct bastion_tpm_identity *identity, const struct request *request,
		    struct bastion_error *err)
{
	struct bastion_client client;
	json_t *message, *answer;
	int rc;

	rc = bastion_client_connect(&client, request->socket, BASTION_CLIENT_TIMEOUT_MS, err);
	if (rc)
		return rc;
	rc = bastion_client_ask(&client, bastion_enroll_request(identity, request->name), "credential",
				&message, err);
	if (!rc) {
		rc = answer_credential(tpm, identity, message, &answer, err);
		json_decref(message);
	}
	if (!rc)
		rc = bastion_client_ask(&client, answer, "enrolled", &message, err);
	if (!rc) {
		print_enrolled(ctl, message);
		json_decref(message);
	}
	bastion_client_close(&client);
	return rc;
}

static int read_message(const char *path, json_t **message, struct bastion_error *err)
{
	uint8_t *text;
	size_t len;
	int rc;

	rc = bastion_file_read(path, MESSAGE_MAX, &text, &len, err);
	if (rc)
		return rc;
	*message = bastion_json_parse(text, len);
	free(text);
	return *message ? 0 : bastion_error_set(err, BASTION_OP_FILE, EBADMSG,
					       "%s is no JSON object, or too large", path);
}

/* Files that somebody carries. */
static int carry(struct bastion_tpm *tpm, const struct bastion_tpm_identity *identity,
		 const struct request *request, struct bastion_error *err)
{
	const char *to = request->request ? request->request : request->response;
	json_t *message, *out = NULL;
	int rc = 0;

	if (request->request) {
		out = bastion_enroll_request(identity, request->name);
		if (!out)
			return bastion_error_set(err, BASTION_OP_ANY, ENOMEM, "cannot write %s", to);
	} else {
		rc = read_message(request->credential, &message, err);
		if (rc)
			return rc;
		rc = answer_credential(tpm, identity, message, &out, err);
		json_decref(message);
	}
	if (!rc)
		rc = bastion_evidence_write(to, out, err);
	json_decref(out);
	return rc;
}

static int enroll_tpm(const struct ctl *ctl, const struct bastion_device *dev,
		      const struct bastion_info *info, const struct request *request,
		      struct bastion_error *err)
{
	struct bastion_tpm_identity identity = { 0 };
	struct bastion_tpm *tpm = NULL;
	int rc;

	rc = identify(dev, info, request, &tpm, &identity, err);
	if (!rc && request->socket)
		rc = talk_tpm(ctl, tpm, &identity, request, err);
	else if (!rc)
		rc = carry(tpm, &identity, request, err);
	bastion_tpm_identity_free(&identity);
	bastion_tpm_close(tpm);
	return rc;
}

/* A Bastionchip proves with a quote which one it is. */
static int enroll_native(const struct ctl *ctl, const struct bastion_device *dev,
			 const struct request *request, struct bastion_error *err)
{
	struct bastion_challenge challenge;
	uint8_t verifier[BASTION_DIGEST_SIZE];
	struct bastion_client client;
	json_t *evidence, *answer;
	int rc;

	if (!request->socket)
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL,
					 "a Bastionchip needs no request: carry its evidence "
					 "(bastionctl evidence)");
	rc = verifiers_choose(ctl, dev, request->verifier, verifier, err);
	if (rc)
		return rc;
	rc = bastion_client_connect(&client, request->socket, BASTION_CLIENT_TIMEOUT_MS, err);
	if (rc)
		return rc;
	rc = bastion_client_challenge(&client, NULL, NULL, &challenge, err);
	if (!rc)
		rc = bastion_round_evidence(dev, verifier, &challenge, &evidence, err);
	if (!rc)
		rc = bastion_client_ask(&client, json_pack("{s:s, s:s, s:o}", "type", "enroll", "name",
							   request->name, "evidence", evidence),
					"enrolled", &answer, err);
	if (!rc) {
		print_enrolled(ctl, answer);
		json_decref(answer);
	}
	bastion_client_close(&client);
	return rc;
}

int ctl_enroll(struct ctl *ctl, int argc, char **argv)
{
	struct request request = { 0 };
	struct bastion_device dev;
	struct bastion_info info;
	struct bastion_error err;
	int code, rc;

	code = parse(ctl, argc, argv, &request);
	if (code)
		return code;
	/* A TPM that is named need not be the kernel's chip, yet. */
	if (request.tcti)
		return enroll_tpm(ctl, NULL, NULL, &request, &err) ? report_error(&err) : 0;
	if (ctl_open(ctl, &dev, &err))
		return report_error(&err);
	rc = bastion_device_info(&dev, &info, &err);
	if (!rc && info.kind == BASTION_CHIP_TPM)
		rc = enroll_tpm(ctl, &dev, &info, &request, &err);
	else if (!rc)
		rc = enroll_native(ctl, &dev, &request, &err);
	bastion_device_close(&dev);
	return rc ? report_error(&err) : 0;
}
