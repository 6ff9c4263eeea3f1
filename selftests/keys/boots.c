// SPDX-License-Identifier: GPL-2.0
/*
 * What lasts from one boot to the next: counters, and keys that are derived.
 *
 * usage: boots first|second FOLDER
 *
 * Both print TAP. FOLDER keeps the verifier, blobs, and what the secrets were.
 */
#include "gate.h"
#include "sign.h"

#define DERIVED	"types=user derive=boots"
#define COUNTER	"counter=7"
#define RING	KEY_SPEC_SESSION_KEYRING

static const char *folder;
static int count, failed;

static void ok(bool good, const char *name)
{
	failed |= !good;
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, name);
}

static void keep(const char *name, const void *data, size_t len)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, len, file) != len || fclose(file))
		err(1, "%s", path);
}

static size_t recall(const char *name, void *data, size_t size)
{
	char path[256];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file)
		err(1, "%s", path);
	len = fread(data, 1, size, file);
	fclose(file);
	return len;
}

static uint64_t counter(void)
{
	FILE *file = fopen("/sys/class/bastion/bastion0/counters/7", "r");
	unsigned long long value = 0;

	if (!file || fscanf(file, "%llu", &value) != 1)
		errx(1, "there is no counter 7");
	fclose(file);
	return value;
}

static void keep_blob(const char *name, key_serial_t key)
{
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(key, blob);

	keep(name, blob, len < 0 ? 0 : len);
}

static void keep_verifier(const struct round_verifier *verifier)
{
	uint8_t der[512], *at = der;
	int len = i2d_PrivateKey(verifier->key, &at);

	ROUND_MUST(len);
	keep("verifier", der, len);
}

static void first(struct gate *gate)
{
	uint8_t secret[BASTION_SECRET_MAX];
	uint64_t value = counter();
	key_serial_t key;

	keep_verifier(&gate->verifier);
	keep("name", gate->name, sizeof(gate->name));
	key = gate_make(gate, "ecdsa", gate->name, COUNTER);
	ok(key > 0 && sign_something(key) > 0, "a key with a counter signs");
	ok(counter() == value, "which moves nothing");
	keep_blob("old", key);
	ok(!gate_attest_move(gate, &gate->verifier, "prod") &&
	   !sealed_rebind(key, &gate->verifier, "prod", ""), "it is moved");
	ok(counter() == value, "which moves nothing, either");
	ok(sign_something(key) > 0, "it signs again");
	ok(counter() == value + 1, "which has moved its counter");
	keep_blob("new", key);
	value++;
	keep("counter", &value, sizeof(value));
	key = gate_new(gate, "derived", DERIVED);
	ok(key > 0 && sealed_bytes(gate->fd, key, secret) == 32, "a key is derived");
	keep("secret", secret, 32);
}

static key_serial_t load(const struct gate *gate, const char *which)
{
	uint8_t blob[BASTION_BLOB_MAX];
	size_t len = recall(which, blob, sizeof(blob));
	key_serial_t ring = add_key("keyring", which, NULL, 0, RING);

	return ring < 0 ? -errno : sealed_load(gate->name, blob, len, ring);
}

static void second(struct gate *gate)
{
	uint8_t secret[BASTION_SECRET_MAX], before[32];
	key_serial_t old, new, key;
	uint64_t value;

	recall("counter", &value, sizeof(value));
	ok(counter() == value, "in the next boot the counter stands where it stood");
	old = load(gate, "old");
	new = load(gate, "new");
	ok(old > 0 && new > 0, "both blobs are loaded");
	ok(sign_something(old) == -EKEYREJECTED, "the old one signs no more");
	ok(sealed_rebind(old, &gate->verifier, "prod", "") == -EKEYREJECTED, "nor is it moved");
	ok(sign_something(new) > 0, "the new one signs");
	ok(counter() == value, "and the counter stands");
	key = gate_new(gate, "derived", DERIVED);
	ok(key > 0 && sealed_bytes(gate->fd, key, secret) == 32, "a key is derived");
	recall("secret", before, sizeof(before));
	ok(!memcmp(secret, before, 32), "and is what it was in another boot");
}

/* The verifier of the first boot, for the second. */
static void recall_verifier(struct round_verifier *verifier)
{
	static const uint8_t prefix[] = BASTION_SPKI_PREFIX;
	const uint8_t *at;
	uint8_t der[512];
	size_t len = recall("verifier", der, sizeof(der));

	at = der;
	verifier->key = d2i_AutoPrivateKey(NULL, &at, len);
	ROUND_MUST(verifier->key != NULL);
	round_point(verifier->key, verifier->point);
	ROUND_HASH(verifier->digest, { prefix, sizeof(prefix) },
		   { verifier->point, sizeof(verifier->point) });
}

int main(int argc, char **argv)
{
	struct gate gate;

	if (argc != 3)
		errx(2, "usage: boots first|second FOLDER");
	folder = argv[2];
	if (gate_setup(&gate))
		errx(1, "the gate does not open");
	if (!strcmp(argv[1], "first")) {
		first(&gate);
		return failed;
	}
	recall_verifier(&gate.verifier);
	recall("name", gate.name, sizeof(gate.name));
	if (round_verifier_add(gate.fd, &gate.verifier) ||
	    gate_attest_move(&gate, &gate.verifier, "prod"))
		errx(1, "the gate does not open for the first boot's verifier");
	second(&gate);
	return failed;
}
