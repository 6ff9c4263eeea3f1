// SPDX-License-Identifier: GPL-2.0
/*
 * Replaying IMA's list, on one core: against evmctl, which people use for it, and the
 * digests alone that a replay cannot do without. The list is a made-up one, of files as
 * a distribution has them.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "bench/rows.h"
#include "libbastion-verify/ima-list.h"

#define ENTRIES		100000
#define QUICK_ENTRIES	10000
#define PCR		10
#define SHA1_SIZE	20
#define TEMPLATE	"ima-ng"
#define ALGORITHM	"sha256:"
#define RECORD_MAX	256
#define PATH_FORMAT	"/usr/lib/x86_64-linux-gnu/libexample-%06u.so.1.2.3"

/**
 * struct list - a list, as IMA shows it in binary_runtime_measurements
 * @bytes:	of it
 * @len:	how many
 * @entries:	how many of these
 * @hashes:	SHA-1, SHA-256
 * @ctx:	to compute them
 * @file:	where evmctl reads the list
 * @pcrs:	where it reads the registers
 * @value:	what register 10 has at its end, SHA-256
 */
struct list {
	uint8_t *bytes;
	size_t len;
	unsigned int entries;
	EVP_MD *hashes[2];
	EVP_MD_CTX *ctx;
	char file[32];
	char pcrs[32];
	uint8_t value[32];
};

static int digest(const struct list *list, int hash, const void *data, size_t len, uint8_t *out)
{
	return EVP_DigestInit_ex(list->ctx, list->hashes[hash], NULL) > 0 &&
	       EVP_DigestUpdate(list->ctx, data, len) > 0 &&
	       EVP_DigestFinal_ex(list->ctx, out, NULL) > 0 ? 0 : -EIO;
}

static uint8_t *put_u32(uint8_t *p, uint32_t value)
{
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
	return p + sizeof(value);
}

static uint8_t *put_field(uint8_t *p, const void *data, uint32_t len)
{
	return (uint8_t *)memcpy(put_u32(p, len), data, len) + len;
}

static int put_entry(struct list *list, unsigned int number)
{
	uint8_t data[RECORD_MAX], field[sizeof(ALGORITHM) + 32] = ALGORITHM, template[SHA1_SIZE];
	uint8_t *end = data, *at = list->bytes + list->len;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), PATH_FORMAT, number);
	ret = digest(list, 1, path, strlen(path), field + sizeof(ALGORITHM));
	end = put_field(end, field, sizeof(field));
	end = put_field(end, path, strlen(path) + 1);
	if (!ret)
		ret = digest(list, 0, data, end - data, template);
	at = put_u32(at, PCR);
	at = (uint8_t *)memcpy(at, template, sizeof(template)) + sizeof(template);
	at = put_field(at, TEMPLATE, strlen(TEMPLATE));
	at = put_field(at, data, end - data);
	list->len = at - list->bytes;
	return ret;
}

/* What no replay can do without: both digests of the template data, and the extend. */
static int64_t time_digests(void *arg)
{
	uint8_t value[64] = { 0 }, sha1[SHA1_SIZE];
	const struct list *list = arg;
	const size_t record = list->len / list->entries;
	int64_t begin = bench_cpu_now();

	for (unsigned int i = 0; i < list->entries; i++) {
		const uint8_t *data = list->bytes + i * record + 38;

		if (digest(list, 0, data, record - 38, sha1) ||
		    digest(list, 1, data, record - 38, value + 32) ||
		    digest(list, 1, value, sizeof(value), value))
			return -EIO;
	}
	if (memcmp(value, list->value, sizeof(list->value)))
		return -EBADMSG;
	return (bench_cpu_now() - begin) / list->entries;
}

static int replay(const struct list *list, struct bv_ima_replay *state)
{
	const struct bv_span span = { list->bytes, list->len };
	struct bv_error err;

	memset(state, 0, sizeof(*state));
	state->pcrs.banks = 1u << BV_BANK_SHA256;
	return bv_ima_replay(span, BV_IMA_DETECT, state, &err);
}

static int64_t time_replay(void *arg)
{
	const struct list *list = arg;
	int64_t begin = bench_cpu_now();
	struct bv_ima_replay state;
	int ret = replay(list, &state);

	if (ret || state.count != list->entries)
		return ret ?: -EBADMSG;
	return (bench_cpu_now() - begin) / list->entries;
}

static int64_t nanoseconds(const struct timeval *time)
{
	return (time->tv_sec * INT64_C(1000000) + time->tv_usec) * 1000;
}

/* Its processor time, starting it included: it waits for nobody either. */
static int64_t time_evmctl(void *arg)
{
	const struct list *list = arg;
	char *argv[] = { "evmctl", "ima_measurement", "--pcrs", (char *)list->pcrs,
			 (char *)list->file, NULL };
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int ret, status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	ret = -posix_spawnp(&pid, argv[0], &actions, NULL, argv, NULL);
	posix_spawn_file_actions_destroy(&actions);
	if (ret)
		return ret;
	if (wait4(pid, &status, 0, &usage) != pid || status)
		return -EBADMSG;
	return (nanoseconds(&usage.ru_utime) + nanoseconds(&usage.ru_stime)) / list->entries;
}

static int write_list(struct list *list)
{
	int fd = mkstemp(strcpy(list->file, "/tmp/bench-list.XXXXXX"));
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file || fwrite(list->bytes, 1, list->len, file) != list->len || fclose(file))
		return -EIO;
	/* "sha256,PATH", as evmctl's option wants it. */
	fd = mkstemp(strcpy(list->pcrs + strlen("sha256,"), "/tmp/bench-pcrs.XXXXXX"));
	memcpy(list->pcrs, "sha256,", strlen("sha256,"));
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		return -EIO;
	for (unsigned int i = 0; i < BV_PCR_COUNT; i++) {
		fprintf(file, "PCR-%02u:", i);
		for (size_t j = 0; j < sizeof(list->value); j++)
			fprintf(file, " %02X", i == PCR ? list->value[j] : 0);
		fprintf(file, "\n");
	}
	return fclose(file) ? -EIO : 0;
}

static void list_exit(struct list *list)
{
	if (list->file[0])
		unlink(list->file);
	if (list->pcrs[0])
		unlink(list->pcrs + strlen("sha256,"));
	EVP_MD_CTX_free(list->ctx);
	for (int i = 0; i < 2; i++)
		EVP_MD_free(list->hashes[i]);
	free(list->bytes);
}

static int list_init(struct list *list, unsigned int entries)
{
	struct bv_ima_replay state;
	int ret = 0;

	memset(list, 0, sizeof(*list));
	list->entries = entries;
	list->bytes = malloc((size_t)entries * RECORD_MAX);
	list->hashes[0] = EVP_MD_fetch(NULL, "SHA1", NULL);
	list->hashes[1] = EVP_MD_fetch(NULL, "SHA256", NULL);
	list->ctx = EVP_MD_CTX_new();
	if (!list->bytes || !list->ctx)
		return -ENOMEM;
	for (unsigned int i = 0; i < entries && !ret; i++)
		ret = put_entry(list, i);
	if (!ret)
		ret = replay(list, &state);
	if (ret)
		return ret;
	memcpy(list->value, state.pcrs.value[BV_BANK_SHA256][PCR], sizeof(list->value));
	return write_list(list);
}

int bench_replay(const struct bench *bench)
{
	struct list list;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "entries", BENCH_RATE, time_replay, &list },
		{ BENCH_REFERENCE, "evmctl ima_measurement", BENCH_RATE, time_evmctl, &list },
		{ BENCH_ALSO, "their digests alone", BENCH_RATE, time_digests, &list },
	};
	int ret = list_init(&list, bench->quick ? QUICK_ENTRIES : ENTRIES);

	bench_pin();
	if (ret)
		bench_fail(bench, "a list", ret);
	else
		ret = bench_measure(bench, tasks, 3, bench_runs(bench, 20));
	list_exit(&list);
	return ret;
}
