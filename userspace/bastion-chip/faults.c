// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bastion/chip.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/engine.h"
#include "bastion-chip/faults.h"

#define OP(name) (1ull << BASTION_CMD_##name)
#define OP_ANY (~0ull)

/* RANDOM and COUNTER are 64 and more: no narrow fault is about them. */
_Static_assert(BASTION_CMD_REBIND < 64, "opcodes that faults are about fit a mask");

/**
 * struct fault_kind - a row of the table
 * @name:	in a SPEC
 * @help:	what it does
 * @arg:	default of arg=
 * @opcodes:	the commands that it can strike
 * @lie:	CHIP_LIE_*, when it is the engine that misbehaves
 */
static const struct fault_kind {
	const char *name;
	const char *help;
	uint64_t arg;
	uint64_t opcodes;
	uint32_t lie;
} kinds[CHIP_FAULT_KINDS] = {
	[CHIP_FAULT_HANG] = { "hang", "never answers; arg=1: nor anything after it, no heartbeat",
			      0, OP_ANY, 0 },
	[CHIP_FAULT_LATE] = { "late", "answers arg milliseconds late (100)", 100, OP_ANY, 0 },
	[CHIP_FAULT_REORDER] = { "reorder", "answers after the next answer, or arg ms later (100)",
				 100, OP_ANY, 0 },
	[CHIP_FAULT_SHORT] = { "short", "drops arg bytes of the output (half of it)", 0, OP_ANY,
			       0 },
	[CHIP_FAULT_LONG] = { "long", "says there are arg more bytes (64), random where they fit",
			      64, OP_ANY, 0 },
	[CHIP_FAULT_GARBAGE] = { "garbage", "random output of the right length", 0, OP_ANY, 0 },
	[CHIP_FAULT_BITFLIP] = { "bitflip", "flips bit arg of the output (a random one)",
				 UINT64_MAX, OP_ANY, 0 },
	[CHIP_FAULT_DROP_IRQ] = { "drop-irq", "answers without an interrupt", 0, OP_ANY, 0 },
	[CHIP_FAULT_DUP_IRQ] = { "dup-irq", "arg more interrupts, a millisecond apart (1)", 1,
				 OP_ANY, 0 },
	[CHIP_FAULT_RESET] = { "reset", "resets itself when the command arrives; arg=1: executes it then", 0,
			       OP_ANY, 0 },
	[CHIP_FAULT_VANISH] = { "vanish", "shared memory reads all ones, nothing is answered", 0,
				OP_ANY, 0 },
	[CHIP_FAULT_WRONG_KEY] = { "wrong-key", "quotes are signed by another key", 0, OP(QUOTE),
				   CHIP_LIE_WRONG_KEY },
	[CHIP_FAULT_STALE_NONCE] = { "stale-nonce", "nonces repeat and are never used up", 0,
				     OP(NONCE) | OP(QUOTE) | OP(GRANT), CHIP_LIE_STALE_NONCE },
	[CHIP_FAULT_ACCEPT_ANY_GRANT] = { "accept-any-grant", "takes grants it should refuse", 0,
					  OP(GRANT), CHIP_LIE_ANY_GRANT },
	[CHIP_FAULT_IGNORE_GRANT] = { "ignore-grant", "uses sealed keys without a grant", 0,
				      OP(SEAL) | OP(UNSEAL) | OP(SIGN) | OP(REBIND),
				      CHIP_LIE_NO_GRANT },
	[CHIP_FAULT_OLD_FIRMWARE] = { "old-firmware", "says it runs 0.9.0, security version 0", 0,
				      OP(INFO) | OP(QUOTE), CHIP_LIE_OLD_FIRMWARE },
	[CHIP_FAULT_WRONG_SLOT] = { "wrong-slot", "answers with another slot's data and sequence",
				    0, OP_ANY, 0 },
	[CHIP_FAULT_BAD_STATUS] = { "bad-status", "answers with status arg (0x7fffffff)",
				    0x7fffffff, OP_ANY, 0 },
	[CHIP_FAULT_SELFTEST_FAIL] = { "selftest-fail", "fails its self-test, bits arg (firmware)",
				       BASTION_TEST_FIRMWARE, OP(SELF_TEST), CHIP_LIE_SELF_TEST },
	[CHIP_FAULT_OTHER_KIND] = { "other-kind", "makes bytes of a key pair, in a blob as long",
				    0, OP(REBIND), CHIP_LIE_KIND },
	[CHIP_FAULT_BUSY] = { "busy", "says that it is busy, and does not execute the command", 0,
			      OP_ANY, 0 },
};

static bool can_strike(enum chip_fault_kind kind, uint32_t opcode)
{
	uint64_t opcodes = kinds[kind].opcodes;

	return opcodes == OP_ANY || (opcode < 64 && opcodes & (1ull << opcode));
}

static int parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno || end == text || *end || *text == '-' ? -1 : 0;
}

static int parse_option(struct chip_fault *fault, char *option, struct complaint *why)
{
	char *value = strchr(option, '=');
	uint64_t number;

	if (!value)
		return complain(why, "%s: options are cmd=OPNAME, count=N and arg=N", option);
	*value++ = 0;
	if (!strcmp(option, "cmd")) {
		fault->opcode = chip_command_number(value);
		if (!fault->opcode)
			return complain(why, "%s: no such command", value);
		return 0;
	}
	if (parse_number(value, &number))
		return complain(why, "%s=%s: not a number", option, value);
	if (!strcmp(option, "count") && number >= 1 && number <= INT32_MAX)
		fault->left = number;
	else if (!strcmp(option, "arg"))
		fault->arg = number;
	else
		return complain(why, "%s: options are cmd=OPNAME, count=N (from 1) and arg=N",
				option);
	return 0;
}

static int parse(struct chip_fault *fault, char *spec, struct complaint *why)
{
	char *save, *word = strtok_r(spec, ",", &save);
	unsigned int kind;

	for (kind = 0; word && kind < CHIP_FAULT_KINDS; kind++)
		if (!strcmp(kinds[kind].name, word))
			break;
	if (!word || kind == CHIP_FAULT_KINDS)
		return complain(why, "%s: no such fault; bastion-chip run --help lists them",
				word ? word : "");
	*fault = (struct chip_fault){ .kind = kind, .left = -1, .arg = kinds[kind].arg };
	while ((word = strtok_r(NULL, ",", &save)))
		if (parse_option(fault, word, why))
			return -1;
	if (fault->opcode && !can_strike(kind, fault->opcode))
		return complain(why, "%s cannot strike this command", kinds[kind].name);
	return 0;
}

int chip_faults_add(struct chip_faults *faults, const char *spec, struct complaint *why)
{
	struct chip_fault fault;
	char *copy;
	int error;

	if (!strcmp(spec, "none")) {
		faults->count = 0;
		return 0;
	}
	if (faults->count == ARRAY_SIZE(faults->fault))
		return complain(why, "%d faults are set already: clear them with none",
				CHIP_FAULTS_MAX);
	copy = strdup(spec);
	if (!copy)
		return complain(why, "out of memory");
	error = parse(&fault, copy, why);
	free(copy);
	if (!error)
		faults->fault[faults->count++] = fault;
	return error;
}

static bool strikes(const struct chip_fault *fault, uint32_t opcode)
{
	return fault->opcode ? fault->opcode == opcode : can_strike(fault->kind, opcode);
}

void chip_faults_strike(struct chip_faults *faults, uint32_t opcode, struct chip_fault_set *set)
{
	size_t kept = 0;

	*set = (struct chip_fault_set){ 0 };
	for (size_t i = 0; i < faults->count; i++) {
		struct chip_fault *fault = &faults->fault[i];

		if (strikes(fault, opcode)) {
			set->kinds |= 1u << fault->kind;
			set->arg[fault->kind] = fault->arg;
			if (fault->left > 0 && --fault->left == 0)
				continue;
		}
		faults->fault[kept++] = *fault;
	}
	faults->count = kept;
}

uint32_t chip_faults_lies(const struct chip_fault_set *set)
{
	uint32_t lies = 0;

	for (unsigned int kind = 0; kind < CHIP_FAULT_KINDS; kind++)
		if (chip_fault_has(set, kind))
			lies |= kinds[kind].lie;
	return lies;
}

const char *chip_fault_name(enum chip_fault_kind kind)
{
	return kinds[kind].name;
}

const char *chip_fault_help(enum chip_fault_kind kind)
{
	return kinds[kind].help;
}
