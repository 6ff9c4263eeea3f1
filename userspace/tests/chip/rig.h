/* SPDX-License-Identifier: GPL-2.0 */
/* A chip on a bench: made for one test, with a clock that the test moves. */
#ifndef CHIP_TEST_RIG_H
#define CHIP_TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bastion/blob.h>
#include <bastion/grant.h>

#include "bastion-chip/engine.h"

#define OUT_SIZE 16352

/**
 * struct rig - the bench
 * @path:	temporary directory: root, model, chip
 * @chip:	opened, powered on and tested
 * @verifier:	grant key
 * @out:	output of the last command
 * @out_len:	bytes of it
 */
struct rig {
	char path[64];
	char chip_path[80];
	struct chip chip;
	struct chip_key verifier;
	uint8_t token[BASTION_TOKEN_SIZE];
	uint8_t policy[BASTION_DIGEST_SIZE];
	uint8_t qualifying[BASTION_DIGEST_SIZE];
	uint8_t out[OUT_SIZE];
	size_t out_len;
};

/** struct draft - a GRANT command that a test can bend before it is signed */
struct draft {
	struct chip_key *key;
	uint8_t point[BASTION_POINT_SIZE];
	uint8_t reserved[3];
	struct bastion_grant grant;
	struct bastion_grant_entry entries[BASTION_GRANT_ENTRIES_MAX + 1];
	unsigned int entries_sent;
	int spoil_signature;
	size_t length_change;
};

/** struct unseal - an UNSEAL command */
struct unseal {
	struct bastion_cmd_unseal fixed;
	uint8_t blob[BASTION_BLOB_MAX + 8];
	size_t blob_len;
};

/** struct sign - a SIGN command */
struct sign {
	struct bastion_cmd_sign fixed;
	uint8_t blob[BASTION_BLOB_MAX + 8];
	size_t blob_len;
};

/** struct rebind - a REBIND command */
struct rebind {
	struct bastion_cmd_rebind fixed;
	struct bastion_blob_header want;
	uint8_t blob[BASTION_BLOB_MAX + 8];
	size_t blob_len;
};

/** struct party - another verifier, with its token and its policy */
struct party {
	struct chip_key verifier;
	uint8_t token[BASTION_TOKEN_SIZE];
	uint8_t policy[BASTION_DIGEST_SIZE];
};

/* cmocka's fixtures */
int rig_setup(void **state);
int rig_setup_untested(void **state);
int rig_teardown(void **state);

/* The rig's clock. */
void rig_advance(uint64_t ms);

/* One command; its output is in the rig. */
uint32_t rig_command(struct rig *rig, uint32_t opcode, const void *in, size_t len);

/* NONCE and QUOTE. */
void rig_round(struct rig *rig);

/* A grant that is right in every respect, for @rig->policy: RELEASE and CREATE. */
void rig_draft(struct rig *rig, struct draft *draft);
uint32_t rig_grant(struct rig *rig, const struct draft *draft);

/* The command that rig_grant() sends, as it then is. Returns its length. */
#define RIG_GRANT_SIZE \
	(sizeof(struct bastion_cmd_grant) + \
	 BASTION_GRANT_SIZE(BASTION_GRANT_ENTRIES_MAX + 1) + 8)
size_t rig_grant_command(const struct draft *draft, uint8_t in[RIG_GRANT_SIZE]);

/* Both, with a round of their own: must succeed. */
void rig_open_gate(struct rig *rig);

/* The same, and with an entry REBIND from the rig's policy to the party's. */
void rig_open_rebind(struct rig *rig, const struct party *to);

/* A grant with one entry, for the rig's policy unless the test bends it. */
void rig_grant_entry(struct rig *rig, const struct bastion_grant_entry *entry);

/* From now on the rig's verifier is the party's, and the other way round. */
void rig_party(struct party *party);
void rig_swap(struct rig *rig, struct party *party);

/* A header that is right in every respect: a SECRET of 32 bytes, or another kind. */
void rig_header(struct rig *rig, struct bastion_blob_header *header);
void rig_header_kind(struct rig *rig, struct bastion_blob_header *header, uint16_t kind);
uint32_t rig_seal(struct rig *rig, const struct bastion_blob_header *header, const void *secret,
		  size_t len);

/* An UNSEAL that is right for the blob in the rig's output. */
void rig_unseal_prepare(struct rig *rig, struct unseal *unseal);
uint32_t rig_unseal(struct rig *rig, const struct unseal *unseal);

/* A SIGN that is right for it, and a REBIND to the rig's own verifier and policy. */
void rig_sign_prepare(struct rig *rig, struct sign *sign);
uint32_t rig_sign(struct rig *rig, const struct sign *sign);
void rig_rebind_prepare(struct rig *rig, struct rebind *rebind);
uint32_t rig_rebind(struct rig *rig, const struct rebind *rebind);

/* The value of a counter; must succeed. */
uint64_t rig_counter(struct rig *rig, uint32_t index);

/* A power cycle and a self-test: the rig's grants are gone. */
void rig_power_cycle(struct rig *rig);

uint32_t rig_extend(struct rig *rig, uint32_t index);

#endif
