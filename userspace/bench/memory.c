// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's memory holds for the module itself, for keys and for log entries.
 * By the thousand, and divided: single ones do not show. A keyring of its own around
 * each key is measured first, and is not counted.
 */
#include "bench/gate.h"
#include "bench/kernel_memory.h"
#include "bench/rows.h"

#define MANY		2000
#define MANY_QUICK	500
#define EVENT_SIZE	32

struct subject {
	struct bench_gate gate;
	uint8_t blob[BASTION_BLOB_MAX];
	int blob_len;
	key_serial_t keyrings[MANY];
};

static int add_keyring(struct subject *subject, unsigned int i)
{
	char name[32];

	snprintf(name, sizeof(name), "bench-%u", i);
	subject->keyrings[i] = add_key("keyring", name, NULL, 0, KEY_SPEC_PROCESS_KEYRING);
	return subject->keyrings[i] < 0 ? -errno : 0;
}

static int add_logon(struct subject *subject, unsigned int i)
{
	static const char secret[32] = "thirty-two bytes, as released";

	return add_key("logon", "bench:memory", secret, sizeof(secret),
		       subject->keyrings[i]) < 0 ? -errno : 0;
}

static int add_sealed(struct subject *subject, unsigned int i)
{
	key_serial_t key = sealed_load(subject->gate.name, subject->blob, subject->blob_len,
				       subject->keyrings[i]);

	return key < 0 ? key : 0;
}

static int release(struct subject *subject, unsigned int i)
{
	key_serial_t key = sealed_release(subject->gate.fd, subject->gate.key,
					  BASTION_TYPE_LOGON, subject->keyrings[i]);

	return key < 0 ? key : 0;
}

static int log_event(struct subject *subject, unsigned int i)
{
	uint8_t data[EVENT_SIZE] = { i, i >> 8, 1 };
	struct bastion_extend args = {
		.size = sizeof(args),
		.index = 7,
		.name = "bench",
		.data = (uintptr_t)data,
		.data_len = sizeof(data),
	};

	return round_ioctl(subject->gate.fd, BASTION_IOC_EXTEND, &args);
}

static const struct {
	const char *role;
	const char *label;
	int (*make)(struct subject *subject, unsigned int i);
} things[] = {
	{ BENCH_ALSO, "a keyring", add_keyring },
	{ BENCH_ALSO, "a sealed key", add_sealed },
	{ BENCH_REFERENCE, "a logon key of 32 bytes", add_logon },
	{ BENCH_CANDIDATE, "the same, released", release },
	{ BENCH_ALSO, "a log entry of 32 bytes", log_event },
};

static int measure(const struct bench *bench, struct subject *subject)
{
	const unsigned int many = bench->quick ? MANY_QUICK : MANY;

	for (unsigned int t = 0; t < sizeof(things) / sizeof(things[0]); t++) {
		long long before = bench_kernel_memory();

		for (unsigned int i = 0; i < many; i++) {
			int ret = things[t].make(subject, i);

			if (ret)
				return bench_fail(bench, things[t].label, ret);
		}
		bench_emit_one(bench, things[t].role, things[t].label, BENCH_BYTES, 0,
			       (double)(bench_kernel_memory() - before) / many);
	}
	return 0;
}

static int module_size(const struct bench *bench)
{
	FILE *file = fopen("/sys/module/bastion/coresize", "re");
	long bytes = 0;

	if (!file || fscanf(file, "%ld", &bytes) != 1)
		return bench_fail(bench, "/sys/module/bastion/coresize", -EIO);
	fclose(file);
	bench_emit_one(bench, BENCH_ALSO, "the module", BENCH_BYTES, 0, bytes);
	return 0;
}

int bench_memory(const struct bench *bench)
{
	static struct subject subject;
	int ret = bench_gate_open(bench, &subject.gate);

	if (!ret)
		ret = module_size(bench);
	if (!ret)
		ret = bench_gate_key(bench, &subject.gate);
	if (!ret) {
		subject.blob_len = sealed_blob(subject.gate.key, subject.blob);
		ret = subject.blob_len < 0 ? subject.blob_len : measure(bench, &subject);
	}
	bench_gate_close(&subject.gate);
	return ret;
}
