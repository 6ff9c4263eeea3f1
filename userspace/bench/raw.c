// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bastion/chip.h>

#include "bench/bench.h"
#include "bench/raw.h"

#define DEVICES		"/sys/bus/pci/devices"
#define MODALIAS	"pci:v00001AF4d00001110"
#define DOORBELL	0x0c
#define REGISTERS_SIZE	256
#define PATIENCE_NS	INT64_C(5000000000)

static bool is_undriven_chip(const char *device)
{
	char path[320], alias[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "/%s/driver", device);
	if (!access(path, F_OK))
		return false;
	snprintf(path, sizeof(path), DEVICES "/%s/modalias", device);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(alias, sizeof(alias), file))
		alias[0] = '\0';
	fclose(file);
	return !strncmp(alias, MODALIAS, strlen(MODALIAS));
}

static int enable(const char *device)
{
	char path[320];
	int fd, ret;

	snprintf(path, sizeof(path), DEVICES "/%s/enable", device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, "1", 1) == 1 ? 0 : -errno;
	close(fd);
	return ret;
}

static int map(const char *device, int bar, size_t size, volatile void **memory)
{
	char path[320];
	void *mapped;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/resource%d", device, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		return -errno;
	*memory = mapped;
	return 0;
}

static int open_device(struct bench_raw *raw, const char *device)
{
	volatile const struct bastion_mbox_header *header;
	volatile void *registers, *memory;
	int ret = enable(device);

	if (!ret)
		ret = map(device, 0, REGISTERS_SIZE, &registers);
	if (!ret)
		ret = map(device, 2, BASTION_MBOX_SIZE, &memory);
	if (ret)
		return ret;
	header = memory;
	if (le32toh(header->magic) != BASTION_MBOX_MAGIC)
		return -ENODEV;
	raw->doorbell = (volatile uint32_t *)((volatile char *)registers + DOORBELL);
	raw->ring = le32toh(header->doorbell_peer) << 16;
	raw->slot = (volatile void *)((volatile char *)memory + le32toh(header->slot_offset));
	raw->sequence = 0;
	return 0;
}

int bench_raw_open(struct bench_raw *raw)
{
	DIR *folder = opendir(DEVICES);
	struct dirent *entry;
	int ret = -ENODEV;

	if (!folder)
		return -errno;
	while (ret == -ENODEV && (entry = readdir(folder)))
		if (is_undriven_chip(entry->d_name))
			ret = open_device(raw, entry->d_name);
	closedir(folder);
	return ret;
}

int64_t bench_raw_mr_read(void *arg)
{
	struct bench_raw *raw = arg;
	volatile struct bastion_mbox_slot *slot = raw->slot;
	uint8_t value[BASTION_DIGEST_SIZE];
	int64_t begin = bench_now();

	*(volatile uint32_t *)slot->data = htole32(1 << 1);
	slot->sequence = htole32(++raw->sequence);
	slot->opcode = htole32(BASTION_CMD_MR_READ);
	slot->status = 0;
	slot->in_len = htole32(sizeof(struct bastion_cmd_mr_read));
	slot->out_len = 0;
	slot->reserved[0] = 0;
	slot->reserved[1] = 0;
	__atomic_store_n(&slot->state, htole32(BASTION_SLOT_SUBMITTED), __ATOMIC_SEQ_CST);
	*raw->doorbell = raw->ring;
	while (le32toh(__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE)) != BASTION_SLOT_DONE)
		if (bench_now() - begin > PATIENCE_NS)
			return -ETIMEDOUT;
	if (le32toh(slot->status) != BASTION_STATUS_OK || le32toh(slot->sequence) != raw->sequence ||
	    le32toh(slot->out_len) != sizeof(value))
		return -EIO;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = slot->data[i];
	__asm__ volatile("" : : "r" (value) : "memory");
	__atomic_store_n(&slot->state, htole32(BASTION_SLOT_FREE), __ATOMIC_RELEASE);
	return bench_now() - begin;
}
