// SPDX-License-Identifier: GPL-2.0
/* keygen, digest, challenge */
#include <getopt.h>
#include <stdio.h>

#include "keys.h"
#include "load.h"
#include "verifier.h"

static int print_hex(const void *bytes, size_t len)
{
	char hex[2 * BASTION_VERIFIER_NONCE_MAX + 1];

	bv_hex(hex, sizeof(hex), bytes, len);
	puts(hex);
	return VERIFIER_OK;
}

int verifier_keygen(int argc, char **argv)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'o' }, { 0 }
	};
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct bv_error err = { "" };
	const char *dir = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'o')
			return VERIFIER_USAGE;
		dir = optarg;
	}
	if (!dir || optind != argc)
		return verifier_usage("keygen needs --out DIR");
	if (keys_make(dir, digest, &err))
		return verifier_fail("%s", err.text);
	return print_hex(digest, sizeof(digest));
}

int verifier_digest(int argc, char **argv)
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct bv_error err = { "" };

	if (argc != 2)
		return verifier_usage("digest needs a file");
	if (keys_digest(argv[1], digest, &err))
		return verifier_fail("%s", err.text);
	return print_hex(digest, sizeof(digest));
}

int verifier_challenge(int argc, char **argv)
{
	uint8_t nonce[32];

	if (argc != 1)
		return verifier_usage("challenge takes no arguments");
	if (fresh_bytes(nonce, sizeof(nonce)))
		return verifier_fail("no random bytes");
	return print_hex(nonce, sizeof(nonce));
}
