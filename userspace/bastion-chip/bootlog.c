// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <string.h>

#include <bastion/round.h>

#include "bastion-chip/bootlog.h"
#include "bastion-chip/hash.h"

#define HASH_NAME "sha384:"

static void put_u32(uint8_t **at, uint32_t value)
{
	value = htole32(value);
	memcpy(*at, &value, sizeof(value));
	*at += sizeof(value);
}

static void put_bytes(uint8_t **at, const void *data, size_t len)
{
	memcpy(*at, data, len);
	*at += len;
}

/* d-ng and n-ng, the fields that both templates begin with. */
static void put_fields(uint8_t **at, const char *name, const uint8_t digest[BASTION_DIGEST_SIZE])
{
	put_u32(at, sizeof(HASH_NAME) + BASTION_DIGEST_SIZE);
	put_bytes(at, HASH_NAME, sizeof(HASH_NAME));
	put_bytes(at, digest, BASTION_DIGEST_SIZE);
	put_u32(at, strlen(name) + 1);
	put_bytes(at, name, strlen(name) + 1);
}

static int append(struct chip_bootlog *log, struct chip_registers *registers, const char *template,
		  const uint8_t *data, size_t len)
{
	size_t record = 4 + BASTION_DIGEST_SIZE + 4 + strlen(template) + 4 + len;
	uint8_t digest[BASTION_DIGEST_SIZE];
	uint8_t *at = log->data + log->len;

	if (record > sizeof(log->data) - log->len)
		return -1;
	chip_sha384(digest, { data, len });
	put_u32(&at, CHIP_REGISTER_PLATFORM);
	put_bytes(&at, digest, sizeof(digest));
	put_u32(&at, strlen(template));
	put_bytes(&at, template, strlen(template));
	put_u32(&at, len);
	put_bytes(&at, data, len);
	log->len += record;
	chip_register_extend(registers, CHIP_REGISTER_PLATFORM, digest);
	return 0;
}

int chip_bootlog_digest(struct chip_bootlog *log, struct chip_registers *registers,
			const char *name, const uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t data[256], *at = data;

	put_fields(&at, name, digest);
	return append(log, registers, "ima-ng", data, at - data);
}

int chip_bootlog_buffer(struct chip_bootlog *log, struct chip_registers *registers,
			const char *name, const void *buffer, size_t len)
{
	uint8_t data[256 + CHIP_CMDLINE_MAX], *at = data;
	uint8_t digest[BASTION_DIGEST_SIZE];

	if (len > CHIP_CMDLINE_MAX)
		return -1;
	chip_sha384(digest, { buffer, len });
	put_fields(&at, name, digest);
	put_u32(&at, len);
	put_bytes(&at, buffer, len);
	return append(log, registers, "ima-buf", data, at - data);
}

static int measure_file(struct chip_bootlog *log, struct chip_registers *registers,
			const char *name, const char *path, struct complaint *why)
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	int error = chip_sha384_file(digest, path);

	if (error)
		return complain(why, "cannot measure the %s %s: %s", name, path, strerror(-error));
	if (chip_bootlog_digest(log, registers, name, digest))
		return complain(why, "the boot log is full");
	return 0;
}

int chip_bootlog_platform(struct chip_bootlog *log, struct chip_registers *registers,
			  const struct chip_boot *boot, struct complaint *why)
{
	if (boot->kernel && measure_file(log, registers, BASTION_BOOT_KERNEL, boot->kernel, why))
		return -1;
	if (boot->initrd && measure_file(log, registers, BASTION_BOOT_INITRD, boot->initrd, why))
		return -1;
	if (boot->cmdline && chip_bootlog_buffer(log, registers, BASTION_BOOT_CMDLINE,
						 boot->cmdline, strlen(boot->cmdline)))
		return complain(why, "the command line is longer than %d bytes", CHIP_CMDLINE_MAX);
	return 0;
}
