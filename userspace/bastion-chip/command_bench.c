// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastion-chip/blob.h"
#include "bastion-chip/command_line.h"
#include "bastion-chip/hash.h"
#include "bastion-chip/loop.h"
#include "bastion-chip/p384.h"

#define SIGNATURES 501
#define WARM_UP 20

static const char help[] =
	"usage: bastion-chip bench [--json]\n\n"
	"Times, in this process, a P-384 signature alone, and one by a sealed key, which\n"
	"is opened for it as SIGN does: median and quartiles.\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/** struct bench - what is measured: a key, and a blob that holds it */
struct bench {
	struct chip_key key;
	uint8_t seed[CHIP_SEED_SIZE];
	struct bastion_blob_header header;
	uint8_t blob[BASTION_BLOB_P384_SIZE];
};

static bool prepare(struct bench *bench)
{
	struct chip_content content;
	bool good;

	memset(bench, 0, sizeof(*bench));
	chip_random(bench->seed, sizeof(bench->seed));
	chip_key_generate(content.secret);
	good = chip_key_load(&bench->key, content.secret);
	if (good) {
		memcpy(content.point, bench->key.point, sizeof(content.point));
		bench->header.kind = htole16(BASTION_KIND_P384);
		bench->header.secret_len = htole32(BASTION_SCALAR_SIZE);
		chip_blob_seal(bench->seed, &bench->header, &content, bench->blob);
	}
	explicit_bzero(&content, sizeof(content));
	return good;
}

static bool sign_loaded(struct bench *bench, const uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t signature[BASTION_SIGNATURE_SIZE];

	chip_key_sign(&bench->key, digest, BASTION_DIGEST_SIZE, signature);
	return true;
}

/* As SIGN does it: the blob is opened every time. */
static bool sign_sealed(struct bench *bench, const uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t signature[BASTION_SIGNATURE_SIZE];
	struct chip_content content;
	struct chip_key key;
	bool good;

	good = chip_blob_open(bench->seed, &bench->header, bench->blob, &content) &&
	       chip_key_load(&key, content.secret);
	explicit_bzero(&content, sizeof(content));
	if (!good)
		return false;
	chip_key_sign(&key, digest, BASTION_DIGEST_SIZE, signature);
	chip_key_wipe(&key);
	return true;
}

static bool measure(struct bench *bench, bool (*sign)(struct bench *bench, const uint8_t *digest),
		    uint64_t times[SIGNATURES])
{
	uint8_t digest[BASTION_DIGEST_SIZE];

	chip_random(digest, sizeof(digest));
	for (int i = -WARM_UP; i < SIGNATURES; i++) {
		uint64_t begin = chip_loop_now();

		if (!sign(bench, digest))
			return false;
		if (i >= 0)
			times[i] = chip_loop_now() - begin;
	}
	qsort(times, SIGNATURES, sizeof(times[0]), compare);
	return true;
}

static double us(const uint64_t *times, unsigned int percent)
{
	return times[(SIGNATURES - 1) * percent / 100] / 1000.0;
}

static void print(bool json, const uint64_t *loaded, const uint64_t *sealed)
{
	printf(json ? "{\"signature_us\": {\"median\": %.1f, \"p25\": %.1f, \"p75\": %.1f, "
		      "\"runs\": %d}, " :
		      "P-384 signature:           median %.1f us, quartiles %.1f to %.1f us, %d runs\n",
	       us(loaded, 50), us(loaded, 25), us(loaded, 75), SIGNATURES);
	printf(json ? "\"sealed_signature_us\": {\"median\": %.1f, \"p25\": %.1f, "
		      "\"p75\": %.1f, \"runs\": %d}}\n" :
		      "the same, from its blob:   median %.1f us, quartiles %.1f to %.1f us, %d runs\n",
	       us(sealed, 50), us(sealed, 25), us(sealed, 75), SIGNATURES);
}

int command_bench(int argc, char **argv)
{
	uint64_t loaded[SIGNATURES], sealed[SIGNATURES];
	struct bench bench;
	bool json = false, good;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (option != 'j')
			return EXIT_USAGE;
		json = true;
	}
	if (!prepare(&bench)) {
		print_error("cannot make a key");
		return EXIT_REFUSED;
	}
	good = measure(&bench, sign_loaded, loaded) && measure(&bench, sign_sealed, sealed);
	chip_key_wipe(&bench.key);
	if (!good) {
		print_error("cannot open a blob that was just sealed");
		return EXIT_REFUSED;
	}
	print(json, loaded, sealed);
	return 0;
}
