// SPDX-License-Identifier: GPL-2.0
/* A quote that a TPM made for somebody. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "libbastion-verify/tpm-quote.h"
#include "show.h"
#include "verifier.h"

struct arguments {
	const char *attest;
	const char *signature;
	const char *key;
	const char *pcrs;
	uint8_t qualifying[BV_TPM_DATA_MAX];
	size_t qualifying_len;	/* 0: not given */
	bool json;
};

static int parse_qualifying(const char *hex, struct arguments *args)
{
	ssize_t len = bv_unhex(args->qualifying, 1, sizeof(args->qualifying), hex);

	if (len < 0)
		return verifier_usage("--qualifying-data is 1 to %zu bytes of lower-case hex",
				      sizeof(args->qualifying));
	args->qualifying_len = len;
	return VERIFIER_OK;
}

static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "attest", required_argument, NULL, 'a' },
		{ "signature", required_argument, NULL, 's' },
		{ "key", required_argument, NULL, 'k' },
		{ "qualifying-data", required_argument, NULL, 'q' },
		{ "pcrs", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c, code = VERIFIER_OK;

	while (!code && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'a')
			args->attest = optarg;
		else if (c == 's')
			args->signature = optarg;
		else if (c == 'k')
			args->key = optarg;
		else if (c == 'q')
			code = parse_qualifying(optarg, args);
		else if (c == 'p')
			args->pcrs = optarg;
		else if (c == 'j')
			args->json = true;
		else
			code = VERIFIER_USAGE;
	}
	if (!code && (optind != argc || !args->attest || !args->signature || !args->key))
		code = verifier_usage("inspect tpm-quote wants --attest, --signature and --key, "
				      "and no more files");
	return code;
}

static int load(const char *path, size_t max, struct bv_span *bytes)
{
	struct bv_error err = { "" };

	if (!path || !file_read(path, max, bytes, &err))
		return VERIFIER_OK;
	return verifier_fail("%s", err.text);
}

static void show(json_t *json)
{
	printf("# signer: ");
	json_dumpf(json_object_get(json, "signer"), stdout, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	puts("");
	if (json_object_get(json, "clock")) {
		printf("# qualifying data: %s\n# firmware: %s\n# clock: ",
		       json_string_value(json_object_get(json, "qualifying_data")),
		       json_string_value(json_object_get(json, "firmware_version")));
		json_dumpf(json_object_get(json, "clock"), stdout, JSON_ENSURE_ASCII);
		puts("");
	}
	show_registers(json_object_get(json, "registers"));
	show_names("covered", json_object_get(json, "covered"));
	show_names("not covered, so not shown", json_object_get(json, "not_covered"));
	show_names("not checked", json_object_get(json, "skipped"));
}

static int inspect(const struct arguments *args, const struct bv_tpm_evidence *evidence)
{
	struct bv_tpm_finding finding;
	json_t *json = NULL;
	int code;

	if (!bv_tpm_quote_judge(evidence, &finding))
		json = bv_tpm_finding_json(&finding);
	code = show_finding(json, args->attest, args->json, show);
	bv_tpm_finding_exit(&finding);
	return code;
}

int verifier_inspect_tpm_quote(int argc, char **argv)
{
	struct bv_tpm_evidence evidence = { 0 };
	struct arguments args = { 0 };
	int code = parse(argc, argv, &args);

	if (!code)
		code = load(args.attest, BV_TPM_ATTEST_MAX, &evidence.attest);
	if (!code)
		code = load(args.signature, BV_TPM_SIGNATURE_MAX, &evidence.signature);
	if (!code)
		code = load(args.key, BV_TPM_PUBLIC_MAX, &evidence.key);
	if (!code)
		code = load(args.pcrs, BV_EXPECTED_MAX, &evidence.values);
	if (args.qualifying_len)
		evidence.qualifying = (struct bv_span){ args.qualifying, args.qualifying_len };
	if (!code)
		code = inspect(&args, &evidence);
	free((void *)evidence.attest.data);
	free((void *)evidence.signature.data);
	free((void *)evidence.key.data);
	free((void *)evidence.values.data);
	return code;
}
