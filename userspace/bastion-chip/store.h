/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chip's directory: what silicon would have in fuses and flash.
 *
 *	fuses			struct chip_fuses, mode 0600, written by the foundry
 *	firmware-V-SVN.img	the firmware whose digest the fuses name
 *	certificates.der	the chain, leaf first, without the root
 *	state			struct chip_state, the runtime's
 *
 * Files are replaced by writing, syncing and renaming, so that a process killed
 * at any moment leaves the old or the new one. Both binary files end with the
 * SHA-384 of all before it: a damaged one is noticed, never used.
 */
#ifndef CHIP_STORE_H
#define CHIP_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/chip.h>

#include "bastion-chip/complain.h"
#include "bastion-chip/p384.h"

#define CHIP_FUSES_MAGIC	"BSTNFUSE"
#define CHIP_STATE_MAGIC	"BSTNSTAT"
#define CHIP_FUSES_VERSION	1
#define CHIP_STATE_VERSION	2	/* 1 had no counters */
#define CHIP_SEED_SIZE		48

/**
 * struct chip_fuses - what the foundry burns in, little endian
 * @identity:		private scalar of the identity key
 * @seed:		from which the sealing keys derive
 * @firmware_digest:	SHA-384 of the only firmware that this chip runs
 * @checksum:		SHA-384 of all before it
 */
struct chip_fuses {
	uint8_t magic[8];
	__le32 version;
	__le32 hardware_version;
	uint8_t identity[CHIP_SCALAR_SIZE];
	uint8_t seed[CHIP_SEED_SIZE];
	uint8_t firmware_digest[BASTION_DIGEST_SIZE];
	uint8_t model[32];
	uint8_t firmware[32];
	__le32 svn;
	__le32 lifecycle;
	uint8_t checksum[BASTION_DIGEST_SIZE];
};

/**
 * struct chip_state - what the chip itself remembers, little endian
 * @boot_count:		power cycles since manufacture
 * @counter:		number 1 first
 * @checksum:		SHA-384 of all before it
 */
struct chip_state {
	uint8_t magic[8];
	__le32 version;
	__le32 reserved;
	__le64 boot_count;
	__le64 counter[BASTION_COUNTER_COUNT];
	uint8_t checksum[BASTION_DIGEST_SIZE];
};

/** struct chip_state_1 - the same of version 1, as chips have it that never had a counter */
struct chip_state_1 {
	uint8_t magic[8];
	__le32 version;
	__le32 reserved;
	__le64 boot_count;
	uint8_t checksum[BASTION_DIGEST_SIZE];
};

/**
 * struct chip_memory - the same in memory
 * @boot_count:		this boot's number
 * @counter:		number 1 first
 */
struct chip_memory {
	uint64_t boot_count;
	uint64_t counter[BASTION_COUNTER_COUNT];
};

/**
 * chip_store_open - open a chip's directory
 * @path:	the directory
 * @lock:	hold it alone: one process is the chip, or updates it
 * @why:	the error in words
 *
 * Return: a file descriptor, or -1.
 */
int chip_store_open(const char *path, bool lock, struct complaint *why);

/** chip_store_write - replace file @name by @len bytes, durably. Return: 0 or a negative errno. */
int chip_store_write(int dir, const char *name, const void *data, size_t len, unsigned int mode);

/** chip_store_read - at most @size bytes of @name. Return: length, -EFBIG or another errno. */
int chip_store_read(int dir, const char *name, void *data, size_t size);

/** chip_fuses_load - Return: 0, -EBADMSG for a damaged file, or another negative errno. */
int chip_fuses_load(int dir, struct chip_fuses *fuses);

/** chip_fuses_save - fills in magic, version and checksum. Return: 0 or a negative errno. */
int chip_fuses_save(int dir, struct chip_fuses *fuses);

/**
 * chip_state_load - read what the chip remembers
 * @dir:	its directory
 * @memory:	zero unless this succeeds
 *
 * Return: 0, -EBADMSG for a damaged file, or another negative errno.
 */
int chip_state_load(int dir, struct chip_memory *memory);

/** chip_state_save - durably, as a whole. Return: 0 or a negative errno. */
int chip_state_save(int dir, const struct chip_memory *memory);

/**
 * chip_firmware_name - the file that holds a version of the firmware
 * @version:	dotted numbers
 * @svn:	security version number
 * @name:	the file's name
 */
#define CHIP_FIRMWARE_NAME_SIZE 64
void chip_firmware_name(const char *version, uint32_t svn, char name[CHIP_FIRMWARE_NAME_SIZE]);

/** chip_firmware_measure - SHA-384 of the firmware on the chip. Return: 0 or a negative errno. */
int chip_firmware_measure(int dir, const struct chip_fuses *fuses,
			  uint8_t digest[BASTION_DIGEST_SIZE]);

#endif
