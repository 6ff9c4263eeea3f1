// SPDX-License-Identifier: GPL-2.0
/* What a chip signed, for people. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files.h"
#include "libbastion-verify/chain.h"
#include "libbastion-verify/evidence.h"
#include "show.h"
#include "verifier.h"

struct arguments {
	const char *file;
	const char *roots;
	bool evidence;
	bool json;
};

/* What could be found out, in the order in which it is. */
struct inspection {
	struct bv_envelope envelope;
	struct bv_quote quote;
	struct bv_error error;		/* why the signature or the chain is no good */
	bool signature;
	bool chain;			/* meaningful only with roots */
};

static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "roots", required_argument, NULL, 'r' },
		{ "evidence", no_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			args->roots = optarg;
		else if (c == 'e')
			args->evidence = true;
		else if (c == 'j')
			args->json = true;
		else
			return VERIFIER_USAGE;
	}
	if (optind != argc - 2 || strcmp(argv[optind], "quote"))
		return verifier_usage("inspect quote, boot-log, ima-log, log, tpm-quote or ek-cert");
	args->file = argv[optind + 1];
	return VERIFIER_OK;
}

static json_t *bytes_json(const void *bytes, size_t len)
{
	char hex[2 * BASTION_POINT_SIZE + 1];

	bv_hex(hex, sizeof(hex), bytes, len);
	return json_string(hex);
}

static json_t *certificates_json(const struct bv_envelope *envelope)
{
	json_t *list = json_array();

	for (size_t i = 0; i < envelope->cert_count; i++) {
		X509 *cert = bv_envelope_cert(envelope, i, NULL);

		if (!cert)
			continue;
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o}", "subject",
			bv_cert_name_json(X509_get_subject_name(cert)), "issuer",
			bv_cert_name_json(X509_get_issuer_name(cert)), "not_before",
			bv_cert_time_json(X509_get0_notBefore(cert)), "not_after",
			bv_cert_time_json(X509_get0_notAfter(cert))));
		X509_free(cert);
	}
	return list;
}

static json_t *claims_json(const struct bv_quote *quote)
{
	json_t *registers = json_array();

	for (int i = 0; i < BASTION_MR_COUNT; i++)
		json_array_append_new(registers, bytes_json(quote->registers[i],
							    BASTION_DIGEST_SIZE));
	return json_pack("{s:o, s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:o, s:o, s:o}", "chip_id",
			 bytes_json(quote->chip_id, sizeof(quote->chip_id)), "model", quote->model,
			 "hardware_version", quote->hwversion, "firmware", quote->firmware, "svn",
			 (json_int_t)quote->svn, "debug", quote->dbgstat == BASTION_DBGSTAT_ENABLED,
			 "lifecycle", (json_int_t)quote->lifecycle, "boot_count",
			 (json_int_t)quote->boot_count, "uptime_ms", (json_int_t)quote->uptime_ms,
			 "qualifying_data", bytes_json(quote->qualifying, sizeof(quote->qualifying)),
			 "chip_nonce", bytes_json(quote->chip_nonce, sizeof(quote->chip_nonce)),
			 "registers", registers);
}

/* Claims appear only when the signature covers them. */
static json_t *inspection_json(const struct inspection *seen, bool roots)
{
	json_t *json = json_pack("{s:o, s:b}", "certificates", certificates_json(&seen->envelope),
				 "signature_ok", seen->signature);

	if (json && roots && seen->signature)
		json_object_set_new(json, "certificates_ok", json_boolean(seen->chain));
	if (json && seen->signature)
		json_object_set_new(json, "claims", claims_json(&seen->quote));
	if (json && seen->error.text[0])
		json_object_set_new(json, "error", json_string(seen->error.text));
	return json;
}

static void show_member(const char *name, const json_t *value)
{
	const json_t *item;
	size_t i;

	if (json_is_string(value))
		printf("  %-17s %s\n", name, json_string_value(value));
	else if (json_is_integer(value))
		printf("  %-17s %lld\n", name, (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		printf("  %-17s %s\n", name, json_is_true(value) ? "yes" : "no");
	json_array_foreach(value, i, item)
		printf("  mr%-15zu %s\n", i, json_string_value(item));
}

static void show(const json_t *json, bool roots)
{
	json_t *cert, *claims = json_object_get(json, "claims"), *value;
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(json, "certificates"), i, cert) {
		printf("certificate %zu\n", i);
		json_object_foreach(cert, name, value)
			show_member(name, value);
	}
	printf("signature: %s\n", json_is_true(json_object_get(json, "signature_ok")) ? "good" : "BAD");
	if (!claims)
		return;
	puts("claims");
	json_object_foreach(claims, name, value)
		show_member(name, value);
	if (!roots)
		puts("certificates: not checked, no --roots");
	else
		printf("certificates: %s\n",
		       json_is_true(json_object_get(json, "certificates_ok")) ? "good" : "BAD");
}

static int load_roots(const char *path, STACK_OF(X509) **roots)
{
	struct bv_error err = { "" };
	struct bv_span pem;
	int ret;

	*roots = sk_X509_new_null();
	if (!*roots)
		return verifier_fail("out of memory");
	if (file_read(path, 1 << 20, &pem, &err))
		return verifier_fail("%s", err.text);
	ret = bv_roots_add(*roots, pem, &err);
	free((void *)pem.data);
	return ret < 0 ? verifier_fail("%s: %s", path, err.text) : VERIFIER_OK;
}

static int inspect(const struct arguments *args, struct bv_span bytes, STACK_OF(X509) *roots)
{
	struct inspection seen = { 0 };
	json_t *json;
	bool good;

	if (bv_envelope_parse(bytes, &seen.envelope, &seen.error))
		return verifier_fail("%s: no quote: %s", args->file, seen.error.text);
	seen.signature = !bv_quote_verify(&seen.envelope, &seen.quote, &seen.error);
	if (seen.signature && roots)
		seen.chain = !bv_chain_verify(&seen.envelope, &seen.quote, roots, time(NULL),
					      &seen.error);
	good = seen.signature && (!roots || seen.chain);
	json = inspection_json(&seen, roots);
	if (!json)
		return verifier_fail("out of memory");
	if (args->json) {
		if (show_json(json))
			return VERIFIER_REFUSED;
	} else {
		show(json, roots);
		json_decref(json);
	}
	return good ? VERIFIER_OK : verifier_fail("%s: %s", args->file, seen.error.text);
}

/* A quote begins with its CBOR tag, evidence is JSON text: no byte is both. */
static bool is_evidence(const struct arguments *args, struct bv_span bytes)
{
	return args->evidence || (bytes.len && bytes.data[0] < 0x80);
}

int verifier_inspect(int argc, char **argv)
{
	struct arguments args = { 0 };
	struct bv_evidence evidence = { 0 };
	STACK_OF(X509) *roots = NULL;
	struct bv_error err = { "" };
	struct bv_span bytes = { 0 };
	int code;

	if (argc > 1 && verifier_inspects_log(argv[1]))
		return verifier_inspect_log(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "tpm-quote"))
		return verifier_inspect_tpm_quote(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "ek-cert"))
		return verifier_inspect_ek_cert(argc - 1, argv + 1);
	code = parse(argc, argv, &args);
	if (code)
		return code;
	if (args.roots)
		code = load_roots(args.roots, &roots);
	if (!code && file_read(args.file, BV_EVIDENCE_MAX, &bytes, &err))
		code = verifier_fail("%s", err.text);
	if (!code && is_evidence(&args, bytes)) {
		if (bv_evidence_parse(bytes, &evidence, &err) ||
		    (evidence.tpm && bv_fail(&err, "this evidence is a TPM's: see inspect tpm-quote")))
			code = verifier_fail("%s: %s", args.file, err.text);
		else
			code = inspect(&args, evidence.quote, roots);
	} else if (!code) {
		code = inspect(&args, bytes, roots);
	}
	bv_evidence_exit(&evidence);
	sk_X509_pop_free(roots, X509_free);
	free((void *)bytes.data);
	return code;
}
