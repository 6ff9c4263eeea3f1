/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit log: one JSON line for every command and event, never a secret.
 *
 * It keeps a ledger of live grants of its own, from what goes in and what an
 * honest chip would answer, and does not look into the engine: what it says of a
 * SEAL, UNSEAL, SIGN or REBIND is a second opinion.
 */
#ifndef CHIP_AUDIT_H
#define CHIP_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <bastion/grant.h>

#include "bastion-chip/faults.h"

/** struct chip_audit_grant - a grant in the ledger */
struct chip_audit_grant {
	bool live;
	uint8_t verifier[BASTION_DIGEST_SIZE];
	uint8_t token_hash[BASTION_DIGEST_SIZE];
	uint32_t register_mask;
	uint64_t expires_ms;
	uint32_t entry_count;
	struct bastion_grant_entry entries[BASTION_GRANT_ENTRIES_MAX];
};

/**
 * struct chip_audit - the log and its ledger
 * @file:	may be NULL: then it only counts
 * @lines:	written so far
 * @commands:	seen
 * @released:	SEAL, UNSEAL, SIGN and REBIND answered with OK
 * @ungranted:	those of them that no live grant had an entry for
 */
struct chip_audit {
	FILE *file;
	uint64_t lines;
	uint64_t commands;
	uint64_t released;
	uint64_t ungranted;
	struct chip_audit_grant ledger[BASTION_CHIP_GRANTS];
};

/**
 * struct chip_audit_command - one command
 * @slot:	where it came from
 * @opcode:	as received
 * @in:		its input
 * @in_len:	bytes
 * @boot_count:	of the chip
 * @now_ms:	the chip's clock before it was executed; of a GRANT, after that
 * @status:	what the chip says, before a fault of the mailbox spoils the answer
 * @honest:	what an honest chip would have answered
 * @failed_tests: BASTION_TEST_*, for SELF_TEST
 * @faults:	those that struck
 */
struct chip_audit_command {
	unsigned int slot;
	uint32_t opcode;
	const uint8_t *in;
	size_t in_len;
	uint64_t boot_count;
	uint64_t now_ms;
	uint32_t status;
	uint32_t honest;
	uint32_t failed_tests;
	const struct chip_fault_set *faults;
};

/** chip_audit_open - append to @path, or only count when NULL. Return: 0 or a negative errno. */
int chip_audit_open(struct chip_audit *audit, const char *path);

/** chip_audit_close - and forget */
void chip_audit_close(struct chip_audit *audit);

/** chip_audit_command - log a command that was executed, before it is answered */
void chip_audit_command(struct chip_audit *audit, const struct chip_audit_command *command);

/**
 * chip_audit_event - log that something happened
 * @audit:	the log
 * @event:	"power-on", "power-off", "reset", "fault"
 * @boot_count:	of the chip
 * @detail:	why, or NULL
 */
void chip_audit_event(struct chip_audit *audit, const char *event, uint64_t boot_count,
		      const char *detail);

/** chip_audit_forget - the chip has lost its grants */
void chip_audit_forget(struct chip_audit *audit);

#endif
