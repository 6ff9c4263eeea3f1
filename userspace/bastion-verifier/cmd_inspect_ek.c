// SPDX-License-Identifier: GPL-2.0
/* A manufacturer's certificate for a TPM. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "anchors.h"
#include "files.h"
#include "show.h"
#include "verifier.h"

struct arguments {
	const char *file;
	const char *roots;
	int64_t at;
	bool json;
};

/* Seconds since 1970, or RFC 3339 in UTC without fractions. */
static int parse_time(const char *text, int64_t *at)
{
	struct tm tm = { 0 };
	char again[32], *end;

	if (*text && strlen(text) <= 12 && strspn(text, "0123456789") == strlen(text)) {
		*at = strtoll(text, NULL, 10);
		return VERIFIER_OK;
	}
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end || strlen(text) >= sizeof(again))
		return verifier_usage("--at is seconds since 1970, or as in 2026-01-31T12:00:00Z");
	/* timegm() takes the 31st of June for the 1st of July. */
	*at = timegm(&tm);
	strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return strcmp(text, again) ? verifier_usage("--at: there is no %s", text) : VERIFIER_OK;
}

static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "roots", required_argument, NULL, 'r' },
		{ "at", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c, code = VERIFIER_OK;

	args->at = time(NULL);
	while (!code && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			args->roots = optarg;
		else if (c == 'a')
			code = parse_time(optarg, &args->at);
		else if (c == 'j')
			args->json = true;
		else
			code = VERIFIER_USAGE;
	}
	if (code)
		return code;
	if (optind != argc - 1 || !args->roots)
		return verifier_usage("inspect ek-cert FILE --roots DIR");
	args->file = argv[optind];
	return VERIFIER_OK;
}

/* The members that have a text, one a line. */
static void show(json_t *json)
{
	const json_t *value;
	const char *name;

	json_object_foreach(json, name, value)
		if (json_is_string(value) && strcmp(name, "error"))
			printf("%-17s %s\n", name, json_string_value(value));
	show_names("not checked", json_object_get(json, "skipped"));
}

static int inspect(const struct arguments *args, struct bv_span bytes,
		   const struct bv_ek_anchors *anchors)
{
	struct bv_ek_finding finding;
	json_t *json = NULL;
	int code;

	if (!bv_ek_judge(bytes, anchors, args->at, &finding))
		json = bv_ek_finding_json(&finding);
	code = show_finding(json, args->file, args->json, show);
	bv_ek_finding_exit(&finding);
	return code;
}

int verifier_inspect_ek_cert(int argc, char **argv)
{
	struct bv_ek_anchors anchors = { 0 };
	struct arguments args = { 0 };
	struct bv_error err = { "" };
	struct bv_span bytes = { 0 };
	int code = parse(argc, argv, &args);

	if (!code && anchors_load(args.roots, &anchors, &err))
		code = verifier_fail("%s", err.text);
	if (!code && file_read(args.file, BV_EK_CERT_MAX, &bytes, &err))
		code = verifier_fail("%s", err.text);
	if (!code)
		code = inspect(&args, bytes, &anchors);
	bv_ek_anchors_exit(&anchors);
	free((void *)bytes.data);
	return code;
}
