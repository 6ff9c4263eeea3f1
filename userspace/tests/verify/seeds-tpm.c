// SPDX-License-Identifier: GPL-2.0
/*
 * Writes what the parsers of TPM quotes accept into the folder that scripts/fuzz
 * begins with.
 *
 * usage: verify-tpm DIR
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testtpm.h"

static void save(const char *dir, const char *name, char kind, struct bv_span bytes)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%c", dir, name, kind);
	file = fopen(path, "w");
	if (!file || fputc(kind, file) == EOF ||
	    fwrite(bytes.data, 1, bytes.len, file) != bytes.len || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void save_all(const char *dir, const char *name, const struct tt_tpm *tpm)
{
	static struct tt_bytes all;

	save(dir, name, 'a', tt_span(&tpm->attest));
	save(dir, name, 's', tt_span(&tpm->signature));
	save(dir, name, 'k', tt_span(&tpm->public2b));
	save(dir, name, 'v', tt_span(&tpm->file));
	all.len = 0;
	tt_put_2b(&all, tpm->attest.data, tpm->attest.len);
	tt_put_2b(&all, tpm->signature.data, tpm->signature.len);
	tt_put_2b(&all, tpm->public.data, tpm->public.len);
	tt_put(&all, tpm->file.data, tpm->file.len);
	save(dir, name, 'q', tt_span(&all));
}

/* What a machine quotes, and its values. */
static void save_registers(const char *dir, struct tt_tpm *tpm)
{
	static struct tt_bytes all, text;
	char line[128], hex[65];

	tpm->selection = (struct bv_tpm_selection){ 1, { { BV_BANK_SHA256, 0x27ff } } };
	tt_quote(tpm);
	for (int i = 0; i < BV_PCR_COUNT; i++) {
		if (!(0x27ff & (1u << i)))
			continue;
		bv_hex(hex, sizeof(hex), tpm->values.value[BV_BANK_SHA256][i], 32);
		snprintf(line, sizeof(line), "sha256:%d = %s\n", i, hex);
		tt_put(&text, line, strlen(line));
	}
	tt_put_2b(&all, tpm->attest.data, tpm->attest.len);
	tt_put_2b(&all, tpm->signature.data, tpm->signature.len);
	tt_put_2b(&all, text.data, text.len);
	save(dir, "machine", 'r', tt_span(&all));
}

int main(int argc, char **argv)
{
	struct tt_tpm *rsa = tt_new(BV_TPM_ALG_RSAPSS, BV_BANK_SHA256, 0);
	struct tt_tpm *ecc = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA384, 4);

	if (argc != 2)
		return 2;
	save_all(argv[1], "rsa", rsa);
	save_all(argv[1], "ecc", ecc);
	save(argv[1], "pem", 'k', tt_span(&ecc->pem));
	save_registers(argv[1], ecc);
	tt_free(rsa);
	tt_free(ecc);
	return 0;
}
