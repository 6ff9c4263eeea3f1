/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The chip itself: its state, and the commands upon it. Knows nothing of shared
 * memory, sockets or time but what it is given.
 */
#ifndef CHIP_ENGINE_H
#define CHIP_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bastion-chip/bootlog.h"
#include "bastion-chip/complain.h"
#include "bastion-chip/grants.h"
#include "bastion-chip/p384.h"
#include "bastion-chip/registers.h"
#include "bastion-chip/store.h"

/* Ways in which a chip can be made to lie: faults, for tests. */
#define CHIP_LIE_WRONG_KEY	(1 << 0)	/* QUOTE is signed by another key */
#define CHIP_LIE_STALE_NONCE	(1 << 1)	/* nonces repeat and are never used up */
#define CHIP_LIE_ANY_GRANT	(1 << 2)	/* GRANT takes what it should refuse */
#define CHIP_LIE_NO_GRANT	(1 << 3)	/* what needs a grant asks for none */
#define CHIP_LIE_OLD_FIRMWARE	(1 << 4)	/* INFO and QUOTE name an old version */
#define CHIP_LIE_SELF_TEST	(1 << 5)	/* SELF_TEST fails */
#define CHIP_LIE_KIND		(1 << 6)	/* REBIND makes bytes of a key pair */

#define CHIP_OLD_FIRMWARE	"0.9.0"
#define CHIP_OLD_SVN		0

/** struct chip_volatile - what a power cycle takes away */
struct chip_volatile {
	bool tested;
	bool failed;
	uint32_t failed_tests;
	uint64_t power_on_ms;
	struct chip_registers registers;
	struct chip_bootlog boot_log;
	struct chip_round round;
	struct chip_grants grants;
};

/**
 * struct chip - one chip
 * @dir:	its directory, locked
 * @clock_ms:	CLOCK_BOOTTIME, or a test's clock
 * @fuses:	as burnt in
 * @identity:	the key that signs quotes
 * @chain:	DER certificates, leaf first
 * @firmware_digest: as measured at power on
 * @memory:	as on disk: this boot's number, counters
 * @storage_bad: the non-volatile state is unreadable, or could not be written
 * @firmware_bad: the firmware is unreadable, or not the one in the fuses
 * @lies:	CHIP_LIE_*, for the next command
 * @lie_bits:	what a lying SELF_TEST says has failed
 * @honest:	what an honest chip would have answered to the last command
 * @now:	volatile state
 */
struct chip {
	int dir;
	uint64_t (*clock_ms)(void);
	struct chip_fuses fuses;
	struct chip_key identity;
	uint8_t chain[BASTION_CERT_CHAIN_MAX];
	size_t chain_len;
	uint8_t firmware_digest[BASTION_DIGEST_SIZE];
	struct chip_memory memory;
	bool storage_bad;
	bool firmware_bad;
	uint32_t lies;
	uint32_t lie_bits;
	uint32_t honest;
	struct chip_volatile now;
};

/** struct chip_io - a command's input and where its output goes */
struct chip_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_size;
	size_t out_len;
};

/**
 * chip_open - take a chip's directory into use; it is not powered on yet
 * @chip:	to be released with chip_close() when this succeeds
 * @path:	the directory
 * @why:	the error in words
 *
 * Return: 0 or -1.
 */
int chip_open(struct chip *chip, const char *path, struct complaint *why);

/** chip_close - forget all secrets and release the directory */
void chip_close(struct chip *chip);

/**
 * chip_power_on - a power cycle, up to and with the platform's measurements
 * @chip:	opened
 * @boot:	what the platform starts; may be NULL
 * @why:	the error in words
 *
 * The boot counter is on disk before this returns. A damaged state file is no
 * error here: the self-test reports it, and nothing works.
 *
 * Return: 0, or -1 when the platform could not measure.
 */
int chip_power_on(struct chip *chip, const struct chip_boot *boot, struct complaint *why);

/** chip_power_off - volatile state is gone */
void chip_power_off(struct chip *chip);

/**
 * chip_execute - one command
 * @chip:	powered on
 * @opcode:	BASTION_CMD_*, or anything
 * @io:		the output is valid only with BASTION_STATUS_OK
 *
 * Return: BASTION_STATUS_*.
 */
uint32_t chip_execute(struct chip *chip, uint32_t opcode, struct chip_io *io);

/** chip_command_name - an opcode's name, or NULL */
const char *chip_command_name(uint32_t opcode);

/** chip_command_number - the opcode of a name, or 0 */
uint32_t chip_command_number(const char *name);

/** chip_status_name - a status's name, or NULL */
const char *chip_status_name(uint32_t status);

/** chip_clock_boottime - CLOCK_BOOTTIME in milliseconds */
uint64_t chip_clock_boottime(void);

#endif
