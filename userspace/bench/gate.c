// SPDX-License-Identifier: GPL-2.0
#include "bench/gate.h"

#define LIFETIME 3600
#define SYSFS "/sys/class/bastion/bastion0"

int bench_gate_attest(const struct bench *bench, struct bench_gate *gate)
{
	int ret = round_open_gate(gate->fd, &gate->verifier, BENCH_POLICY, LIFETIME);

	return ret ? bench_fail(bench, "a round", ret) : 0;
}

int bench_gate_open(const struct bench *bench, struct bench_gate *gate)
{
	int ret;

	memset(gate, 0, sizeof(*gate));
	gate->fd = round_open();
	if (gate->fd < 0)
		return bench_fail(bench, ROUND_DEVICE, gate->fd);
	if (keyctl_join_session_keyring(NULL) < 0)
		return bench_fail(bench, "a session keyring", -errno);
	round_verifier_make(&gate->verifier);
	ret = round_verifier_add(gate->fd, &gate->verifier);
	if (ret)
		return bench_fail(bench, "adding a verifier", ret);
	return bench_gate_attest(bench, gate);
}

int bench_gate_key(const struct bench *bench, struct bench_gate *gate)
{
	snprintf(gate->name, sizeof(gate->name), "%s", sealed_name());
	gate->key = sealed_new(&gate->verifier, BENCH_POLICY, gate->name, "",
			       KEY_SPEC_SESSION_KEYRING);
	return gate->key < 0 ? bench_fail(bench, "making a key", gate->key) : 0;
}

int bench_gate_key_pair(const struct bench *bench, struct bench_gate *gate)
{
	char digest[2 * BASTION_DIGEST_SIZE + 1], payload[256];

	snprintf(gate->name, sizeof(gate->name), "%s", sealed_name());
	sealed_hex(gate->verifier.digest, sizeof(gate->verifier.digest), digest);
	snprintf(payload, sizeof(payload), "ecdsa verifier=%s policy=" BENCH_POLICY, digest);
	gate->key = sealed_add(gate->name, payload, KEY_SPEC_SESSION_KEYRING);
	return gate->key < 0 ? bench_fail(bench, "making a key pair", gate->key) : 0;
}

int64_t bench_gate_release(void *arg)
{
	struct bench_gate *gate = arg;
	int64_t begin = bench_now();
	key_serial_t key = sealed_release(gate->fd, gate->key, BASTION_TYPE_LOGON,
					  KEY_SPEC_SESSION_KEYRING);

	return key < 0 ? key : bench_now() - begin;
}

void bench_gate_close(struct bench_gate *gate)
{
	if (gate->verifier.key) {
		round_verifier_remove(gate->fd, &gate->verifier);
		EVP_PKEY_free(gate->verifier.key);
	}
	if (gate->fd >= 0)
		close(gate->fd);
}

/* Loads the module when it has to. */
static int open_attribute(const struct bench *bench, const char *path)
{
	int device = round_open(), fd = device;

	if (device >= 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		close(device);
	}
	return fd < 0 ? bench_fail(bench, path, fd) : fd;
}

int bench_register_open(const struct bench *bench)
{
	return open_attribute(bench, SYSFS "/measurements/mr1:sha384");
}

int bench_boot_count_open(const struct bench *bench)
{
	return open_attribute(bench, SYSFS "/boot_count");
}

int bench_attribute_read(int fd)
{
	char text[128];

	return pread(fd, text, sizeof(text), 0) < 0 ? -errno : 0;
}
