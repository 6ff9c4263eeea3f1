/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of this folder share: results, and files in the folder that outlasts a boot.
 */
#ifndef SELFTESTS_TPM_KEEP_H
#define SELFTESTS_TPM_KEEP_H

#include <openssl/pem.h>

#include "gate.h"

static const char *folder;
static int count, failed;
static struct gate gate;

static inline void ok(bool good, const char *name)
{
	failed |= !good;
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, name);
	fflush(stdout);
}

static inline void is(long got, long wanted, const char *name)
{
	ok(got == wanted, name);
	if (got != wanted)
		printf("# %ld (%s), not %ld\n", got, got < 0 ? strerror(-got) : "", wanted);
}

static inline FILE *open_file(const char *name, const char *mode)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, mode);
	if (!file)
		err(1, "%s", path);
	return file;
}

static inline void keep(const char *name, const void *data, size_t len)
{
	FILE *file = open_file(name, "w");

	if (fwrite(data, 1, len, file) != len || fclose(file))
		err(1, "%s", name);
}

static inline size_t recall(const char *name, void *data, size_t size)
{
	FILE *file = open_file(name, "r");
	size_t len = fread(data, 1, size, file);

	fclose(file);
	return len;
}

static inline void keep_verifier(void)
{
	FILE *file = open_file("verifier.pem", "w");

	ROUND_MUST(PEM_write_PrivateKey(file, gate.verifier.key, NULL, NULL, 0, NULL, NULL));
	fclose(file);
}

static inline void recall_verifier(void)
{
	static const uint8_t prefix[] = BASTION_SPKI_PREFIX;
	FILE *file = open_file("verifier.pem", "r");
	struct round_verifier *verifier = &gate.verifier;

	verifier->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	ROUND_MUST(verifier->key != NULL);
	round_point(verifier->key, verifier->point);
	ROUND_HASH(verifier->digest, { prefix, sizeof(prefix) },
		   { verifier->point, sizeof(verifier->point) });
}

/* Into a keyring of the test's own; the gate stays as it is. */
static inline void open_device(bool known)
{
	int ret;

	gate.fd = round_open();
	if (gate.fd < 0 || keyctl_join_session_keyring(NULL) < 0)
		errx(1, "there is no chip");
	if (known)
		recall_verifier();
	else
		round_verifier_make(&gate.verifier);
	ret = round_verifier_add(gate.fd, &gate.verifier);
	/* It may be there from a run before, in this boot. */
	if (ret && !(known && ret == -EEXIST))
		errx(1, "the verifier is not taken");
}

#endif
