/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults: ways in which this chip can be told to misbehave.
 *
 *	SPEC = NAME[,cmd=OPNAME][,count=N][,arg=N]
 */
#ifndef CHIP_FAULTS_H
#define CHIP_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bastion-chip/complain.h"

#define CHIP_FAULTS_MAX 16

enum chip_fault_kind {
	CHIP_FAULT_HANG,
	CHIP_FAULT_LATE,
	CHIP_FAULT_REORDER,
	CHIP_FAULT_SHORT,
	CHIP_FAULT_LONG,
	CHIP_FAULT_GARBAGE,
	CHIP_FAULT_BITFLIP,
	CHIP_FAULT_DROP_IRQ,
	CHIP_FAULT_DUP_IRQ,
	CHIP_FAULT_RESET,
	CHIP_FAULT_VANISH,
	CHIP_FAULT_WRONG_KEY,
	CHIP_FAULT_STALE_NONCE,
	CHIP_FAULT_ACCEPT_ANY_GRANT,
	CHIP_FAULT_IGNORE_GRANT,
	CHIP_FAULT_OLD_FIRMWARE,
	CHIP_FAULT_WRONG_SLOT,
	CHIP_FAULT_BAD_STATUS,
	CHIP_FAULT_SELFTEST_FAIL,
	CHIP_FAULT_OTHER_KIND,
	CHIP_FAULT_BUSY,
	CHIP_FAULT_KINDS,
};

/**
 * struct chip_fault - one that is set
 * @kind:	which
 * @opcode:	only with this command; 0 for every one
 * @left:	how often still; negative for ever
 * @arg:	what it means is the kind's; its default when none was given
 */
struct chip_fault {
	enum chip_fault_kind kind;
	uint32_t opcode;
	long left;
	uint64_t arg;
};

/** struct chip_faults - all that are set */
struct chip_faults {
	size_t count;
	struct chip_fault fault[CHIP_FAULTS_MAX];
};

/**
 * struct chip_fault_set - those that strike one command
 * @kinds:	a bit for every enum chip_fault_kind
 * @arg:	by kind
 */
struct chip_fault_set {
	uint32_t kinds;
	uint64_t arg[CHIP_FAULT_KINDS];
};

/**
 * chip_faults_add - set one more
 * @faults:	the list
 * @spec:	as above, or "none" to clear the list
 * @why:	the error in words
 *
 * Return: 0 or -1.
 */
int chip_faults_add(struct chip_faults *faults, const char *spec, struct complaint *why);

/** chip_faults_strike - which ones strike a command; counts them down */
void chip_faults_strike(struct chip_faults *faults, uint32_t opcode, struct chip_fault_set *set);

/** chip_fault_has - whether @kind is in the set */
static inline bool chip_fault_has(const struct chip_fault_set *set, enum chip_fault_kind kind)
{
	return set->kinds & (1u << kind);
}

/** chip_faults_lies - the CHIP_LIE_* that a set asks of the engine */
uint32_t chip_faults_lies(const struct chip_fault_set *set);

/** chip_fault_name - its name in a SPEC */
const char *chip_fault_name(enum chip_fault_kind kind);

/** chip_fault_help - what it does, for people */
const char *chip_fault_help(enum chip_fault_kind kind);

#endif
