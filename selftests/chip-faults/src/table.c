// SPDX-License-Identifier: GPL-2.0
/* What happens to what: the documentation of how the driver takes a chip's faults. */
#include "matrix.h"

const char * const aftermaths[AFTERMATHS] = {
	"retry", "power cycle", "removal", "rebinding", "sleep", "unplug",
};

const char * const states[] = { "locked", "attested", "failed", "gone", "absent", "capped" };

/* As in kmod/native.c. Bits: the first of a header's magic, of a length, of a digest ... */
#define ID_BIT	(8 * offsetof(struct bastion_cmd_info, chip_id))

static const struct command
	INFO =		{ "INFO", 2000, .bit = ID_BIT },
	SELF_TEST =	{ "SELF_TEST", 10000 },
	CERT_CHAIN =	{ "CERT_CHAIN", 2000, .pieces = true },
	BOOT_LOG =	{ "BOOT_LOG", 2000, .pieces = true },
	MR_READ =	{ "MR_READ", 2000 },
	MR_EXTEND =	{ "MR_EXTEND", 2000, .unread = true },
	NONCE =		{ "NONCE", 2000 },
	QUOTE =		{ "QUOTE", 5000, .loose = true },
	GRANT =		{ "GRANT", 5000, .mute = true, .secret = true },
	RELOCK =	{ "RELOCK", 2000, .mute = true },
	SEAL =		{ "SEAL", 5000, .secret = true,
			  .bit = 8 * offsetof(struct bastion_blob_header, owner) },
	UNSEAL =	{ "UNSEAL", 5000, .secret = true, .blob = true },
	SIGN =		{ "SIGN", 5000, .secret = true, .blob = true },
	REBIND =	{ "REBIND", 5000, .secret = true, .blob = true,
			  .bit = 8 * (sizeof(struct bastion_blob_header) + BASTION_POINT_SIZE / 2) },
	COUNTER =	{ "COUNTER", 2000 };

const struct fault faults[] = {
	/* Answers that are right, and come by another way */
	{ "late",	"late,arg=300",		FINE },
	{ "reorder",	"reorder",		FINE },
	{ "drop-irq",	"drop-irq",		FINE },
	{ "dup-irq",	"dup-irq,arg=3",	FINE },
	{ "busy",	"busy",			FINE },
	/* None that counts: overdue is past the timeout, into a slot that is out of use then */
	{ "hang",	"hang",			SILENT },
	{ "dead",	"hang,arg=1",		SILENT, .dead = true },
	{ "overdue",	"late",			SILENT },
	{ "wrong-slot",	"wrong-slot",		SILENT },
	/* The answer is right, and comes when the driver is gone: its memory must not have it */
	{ "slow",	"late,arg=2000",	FINE, "UNSEAL", .slow = true },
	/* Against the protocol */
	{ "half",	"short",		BROKEN },
	{ "empty",	"short,arg=65536",	BROKEN },
	{ "long",	"long",			BROKEN },
	{ "bad-status",	"bad-status",		BROKEN },
	/* NO_GRANT, which these are never refused with */
	{ "foreign-status", "bad-status,arg=6",	BROKEN, "NONCE QUOTE GRANT" },
	/* Refusals, which are the chip's right; of a command that brings no blob some are not */
	{ "no-grant",	"bad-status,arg=6",	DISOWNED, "SEAL UNSEAL SIGN REBIND" },
	{ "denied",	"bad-status,arg=7",	REFUSED, "SEAL UNSEAL SIGN REBIND",
						.error = EKEYREJECTED },
	{ "bad-blob",	"bad-status,arg=11",	REFUSED, "SEAL UNSEAL SIGN REBIND",
						.error = EBADMSG, .of_blob = true },
	{ "wrong-chip",	"bad-status,arg=12",	REFUSED, "SEAL UNSEAL SIGN REBIND",
						.error = EBADMSG, .of_blob = true },
	{ "old-blob",	"bad-status,arg=16",	REFUSED, "SEAL UNSEAL SIGN REBIND",
						.error = EKEYREJECTED, .of_blob = true },
	{ "stale",	"bad-status,arg=9",	REFUSED, "QUOTE GRANT", .error = ESTALE },
	{ "bad-grant",	"bad-status,arg=10",	REFUSED, "GRANT", .error = EKEYREJECTED },
	{ "selftest-fail", "selftest-fail",	BROKEN, "SELF_TEST", .latched = true },
	/* Loss */
	{ "reset",	"reset",		RESET },
	{ "vanish",	"vanish",		VANISHED },
	/* Lies that the kernel may notice */
	{ "garbage",	"garbage",		LIE },
	{ "bitflip",	"bitflip",		LIE },
	{ "other-kind",	"other-kind",		LIE, "REBIND" },
	/* Lies that only a verifier can (host-test-verifier, userspace/tests/verify) */
	{ "wrong-key",	"wrong-key",		FINE, "QUOTE" },
	{ "old-firmware", "old-firmware",	FINE, "INFO QUOTE" },
	{ "stale-nonce", "stale-nonce",		FINE, "NONCE QUOTE GRANT" },
	/* A chip that lets anybody in: then the kernel is alone, and does not even ask it */
	{ "accept-any-grant", "accept-any-grant", FINE, "GRANT", .unstruck = true },
	{ "ignore-grant", "ignore-grant",	FINE, "SEAL UNSEAL SIGN REBIND",
						.unstruck = true },
};

const int fault_count = ARRAY_SIZE(faults);

/*
 * EIO, or EKEYREVOKED when the recovery of the chip has been quicker to end the grant: what
 * is expected is the first, and of gated operations the second is taken for it (main.c).
 */
#define ROW(name, run, command, before, closed, failed, ...) \
	{ name, run, &command, before, closed, failed, __VA_ARGS__ }
#define GATED		.gated = true
#define HOLDS_LOG	.holds_log = true
#define UNSTRUCK	.unstruck = true
#define FIRST(fault)	.first = fault ",count=1"

/* By effect: fine, silent, broken, reset, vanished; and a lie, which the rows say one by one */
#define THEN(...) .outcome = { __VA_ARGS__ }

/* A probe that fails leaves nothing; a chip that fails its self-test is kept, to be seen. */
#define NO_PROBE(...) THEN(OK(LOCKED), NO(ETIMEDOUT, ABSENT), NO(EIO, ABSENT), NO(EIO, ABSENT), \
			   NO(ENODEV, ABSENT), __VA_ARGS__)
/* The chip has come back, and is not what the log says: failed until its next reset. */
#define NO_RECOVERY(...) THEN(OK(LOCKED), OK(FAILED), OK(FAILED), OK(LOCKED), OK(GONE), __VA_ARGS__)
/* A measurement that nobody knows to have arrived. */
#define LOST(fine) THEN(OK(fine), NO(ETIMEDOUT, FAILED), NO(EIO, FAILED), NO(EIO, LOCKED), \
			NO(ENODEV, GONE), OK(fine))
/* What goes wrong under a grant ends all of them. */
#define ENDS(...) THEN(OK(ATTESTED), NO(ETIMEDOUT, LOCKED), NO(EIO, LOCKED), NO(EIO, LOCKED), \
		       NO(ENODEV, GONE), __VA_ARGS__, \
		       [DISOWNED] = NO(EKEYREVOKED, LOCKED), [REFUSED] = NO(0, ATTESTED))
/* Merely looking at something changes nothing. */
#define LOOKS(before) THEN(OK(before), NO(ETIMEDOUT, before), NO(EIO, before), NO(EIO, LOCKED), \
			   NO(ENODEV, GONE), OK(before))
/* A round that comes to nothing */
#define NO_ROUND(...) THEN(OK(ATTESTED), NO(ETIMEDOUT, LOCKED), NO(EIO, LOCKED), \
			   NO(EIO, LOCKED), NO(ENODEV, GONE), __VA_ARGS__, \
			   [REFUSED] = NO(0, LOCKED))
/* What the driver has the chip do on its way out, or has failed already: only a loss shows. */
#define ALIKE(error, state, reset, gone) \
	THEN(NO(error, state), NO(error, state), NO(error, state), NO(error, reset), \
	     NO(error, gone), NO(error, state))
#define OK(state)		{ 0, state }
#define NO(error, state)	{ error, state }

const struct operation operations[] = {
	/*   operation		function	command	   before   closed	failed */
	ROW("probe",		op_probe,	INFO,	   ABSENT,  0,		0,
	    NO_PROBE(OK(LOCKED))),
	ROW("probe",		op_probe,	SELF_TEST, ABSENT,  0,		0,
	    THEN(OK(LOCKED), OK(FAILED), OK(FAILED), OK(LOCKED), NO(ENODEV, ABSENT), OK(FAILED))),
	ROW("probe",		op_probe,	RELOCK,	   ABSENT,  0,		0,
	    NO_PROBE(OK(LOCKED))),
	ROW("probe",		op_probe,	MR_READ,   ABSENT,  0,		0,
	    NO_PROBE(OK(CAPPED))),
	ROW("probe",		op_probe,	MR_EXTEND, ABSENT,  0,		0,
	    NO_PROBE(OK(LOCKED))),
	ROW("probe",		op_probe,	CERT_CHAIN, ABSENT, 0,		0,
	    NO_PROBE(NO(EIO, ABSENT))),
	ROW("probe",		op_probe,	BOOT_LOG,  ABSENT,  0,		0,
	    NO_PROBE(NO(EIO, ABSENT))),
	ROW("recovery",		op_recovery,	SELF_TEST, LOCKED,  0,		0,
	    NO_RECOVERY(OK(FAILED)), HOLDS_LOG),
	ROW("recovery",		op_recovery,	INFO,	   ATTESTED, 0,		0,
	    NO_RECOVERY(OK(FAILED)), HOLDS_LOG),
	ROW("recovery",		op_recovery,	CERT_CHAIN, LOCKED, 0,		0,
	    NO_RECOVERY(OK(FAILED)), HOLDS_LOG),
	ROW("recovery",		op_recovery,	BOOT_LOG,  LOCKED,  0,		0,
	    NO_RECOVERY(OK(FAILED)), HOLDS_LOG),
	ROW("recovery",		op_recovery,	MR_EXTEND, LOCKED,  0,		0,
	    NO_RECOVERY(OK(LOCKED)), HOLDS_LOG),
	ROW("round",		op_attest,	NONCE,	   LOCKED,  0,		EIO,
	    NO_ROUND(NO(ESTALE, LOCKED))),
	ROW("round",		op_attest,	MR_READ,   LOCKED,  0,		EIO,
	    NO_ROUND(NO(EKEYREJECTED, LOCKED)), HOLDS_LOG),
	ROW("round",		op_attest,	QUOTE,	   LOCKED,  0,		EIO,
	    NO_ROUND(NO(EBADMSG, LOCKED)), HOLDS_LOG),
	ROW("round",		op_attest,	GRANT,	   LOCKED,  0,		EIO,
	    NO_ROUND(OK(ATTESTED))),
	ROW("refused grant",	op_attest,	RELOCK,	   LOCKED,  0,		EIO,
	    ALIKE(EIO, LOCKED, LOCKED, GONE), FIRST("bad-status,cmd=GRANT")),
	ROW("forged grant",	op_forged,	GRANT,	   LOCKED,  0,		EIO,
	    THEN(NO(EKEYREJECTED, LOCKED)), UNSTRUCK),
	ROW("relock",		op_relock,	RELOCK,	   ATTESTED, 0,		0,
	    THEN(OK(LOCKED), NO(ETIMEDOUT, LOCKED), NO(EIO, LOCKED), NO(EIO, LOCKED),
		 NO(ENODEV, GONE), OK(LOCKED))),
	ROW("verifier add",	op_verifier_add, RELOCK,   ATTESTED, 0,		EIO,
	    THEN(OK(LOCKED), NO(ETIMEDOUT, LOCKED), NO(EIO, LOCKED), NO(EIO, LOCKED),
		 NO(ENODEV, GONE), OK(LOCKED))),
	ROW("verifier add",	op_verifier_add, MR_EXTEND, ATTESTED, 0,	EIO,
	    LOST(LOCKED), HOLDS_LOG),
	ROW("verifier remove",	op_verifier_remove, RELOCK, ATTESTED, 0,	EIO,
	    THEN(OK(LOCKED), NO(ETIMEDOUT, LOCKED), NO(EIO, LOCKED), NO(EIO, LOCKED),
		 NO(ENODEV, GONE), OK(LOCKED))),
	ROW("verifier remove",	op_verifier_remove, MR_EXTEND, ATTESTED, 0,	EIO,
	    LOST(LOCKED), HOLDS_LOG),
	ROW("extend",		op_extend,	MR_EXTEND, ATTESTED, 0,		EIO,
	    LOST(ATTESTED), HOLDS_LOG),
	ROW("failure",		op_fail,	RELOCK,	   ATTESTED, 0,		EIO,
	    ALIKE(EIO, FAILED, LOCKED, GONE), FIRST("bad-status,cmd=MR_EXTEND")),
	/* The second try at MR_EXTEND caps the log. */
	ROW("unbind",		op_unbind,	RELOCK,	   ATTESTED, 0,		0,
	    ALIKE(0, ABSENT, ABSENT, ABSENT)),
	ROW("unbind",		op_unbind,	MR_EXTEND, ATTESTED, 0,		0,
	    ALIKE(0, ABSENT, ABSENT, ABSENT), HOLDS_LOG),
	ROW("sleep",		op_sleep,	RELOCK,	   ATTESTED, 0,		0,
	    ALIKE(0, LOCKED, LOCKED, GONE)),
	ROW("new",		op_new,		SEAL,	   ATTESTED, EAGAIN,	EIO,
	    ENDS(NO(EIO, LOCKED)), GATED),
	ROW("new",		op_new,		MR_EXTEND, ATTESTED, EAGAIN,	EIO,
	    LOST(ATTESTED), HOLDS_LOG),
	ROW("new, registers",	op_new_registers, MR_READ, ATTESTED, EAGAIN,	EIO,
	    LOOKS(ATTESTED)),
	ROW("derive",		op_derive,	SEAL,	   ATTESTED, EAGAIN,	EIO,
	    ENDS(NO(EIO, LOCKED)), GATED),
	ROW("ecdsa",		op_ecdsa,	SEAL,	   ATTESTED, EAGAIN,	EIO,
	    ENDS(NO(EIO, LOCKED)), GATED),
	ROW("import",		op_import,	SEAL,	   ATTESTED, EAGAIN,	EIO,
	    ENDS(NO(EIO, LOCKED)), GATED),
	ROW("rebind",		op_rebind,	REBIND,	   ATTESTED, EAGAIN,	EIO,
	    ENDS(NO(EIO, LOCKED)), GATED),
	ROW("rebind",		op_rebind,	MR_EXTEND, ATTESTED, EAGAIN,	EIO,
	    LOST(ATTESTED), HOLDS_LOG),
	ROW("release",		op_release,	UNSEAL,	   ATTESTED, EAGAIN,	EIO,
	    ENDS(OK(ATTESTED)), GATED),
	ROW("release, stranger", op_release_stranger, MR_EXTEND, ATTESTED, EAGAIN, EIO,
	    LOST(ATTESTED), HOLDS_LOG),
	ROW("request",		op_request,	UNSEAL,	   ATTESTED, EAGAIN,	EIO,
	    ENDS(OK(ATTESTED)), GATED),
	ROW("request, stranger", op_request_stranger, MR_EXTEND, ATTESTED, EAGAIN, EIO,
	    LOST(ATTESTED), HOLDS_LOG),
	ROW("sign",		op_sign,	SIGN,	   ATTESTED, ETIMEDOUT,	EIO,
	    ENDS(OK(ATTESTED)), GATED),
	ROW("sign, stranger",	op_sign_stranger, MR_EXTEND, ATTESTED, ETIMEDOUT, EIO,
	    LOST(ATTESTED), HOLDS_LOG),
	ROW("new, locked",	op_new,		SEAL,	   LOCKED,   EAGAIN,	EIO,
	    THEN(NO(EAGAIN, LOCKED)), UNSTRUCK),
	ROW("rebind, locked",	op_rebind,	REBIND,	   LOCKED,   EAGAIN,	EIO,
	    THEN(NO(EAGAIN, LOCKED)), UNSTRUCK),
	ROW("release, locked",	op_release,	UNSEAL,	   LOCKED,   EAGAIN,	EIO,
	    THEN(NO(EAGAIN, LOCKED)), UNSTRUCK),
	ROW("sign, locked",	op_sign,	SIGN,	   LOCKED,   ETIMEDOUT,	EIO,
	    THEN(NO(ETIMEDOUT, LOCKED)), UNSTRUCK),
	ROW("registers",	op_registers,	MR_READ,   ATTESTED, 0,		0,
	    LOOKS(ATTESTED)),
	ROW("counter",		op_counter,	COUNTER,   ATTESTED, 0,		0,
	    LOOKS(ATTESTED)),
};

const int operation_count = ARRAY_SIZE(operations);

/* What a fault means depends on what there is to spoil. */
enum effect effect_on(const struct fault *fault, const struct command *command)
{
	bool half = !strcmp(fault->name, "half"), empty = !strcmp(fault->name, "empty");

	if ((half || empty) && command->mute)
		return FINE;
	if (half && command->pieces)
		return FINE;
	if ((half || !strcmp(fault->name, "long")) && command->loose)
		return LIE;
	if (fault->effect == LIE && (command->mute || command->unread))
		return FINE;
	if (fault->of_blob && !command->blob)
		return BROKEN;
	return fault->effect;
}

/* What the operation ends with, if nothing else happens to it. */
struct outcome cell_outcome(const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];
	const struct fault *fault = &faults[cell->fault];
	enum effect effect = effect_on(fault, operation->command);
	struct outcome outcome = operation->outcome[effect];

	if (effect == REFUSED)
		outcome.error = fault->error;
	return outcome;
}

bool cell_exists(const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];
	const struct fault *fault = &faults[cell->fault];

	if (operation->unstruck != fault->unstruck)
		return false;
	if (fault->commands) {
		const char *at = strstr(fault->commands, operation->command->name);
		size_t len = strlen(operation->command->name);

		/* Whole words: SEAL is in UNSEAL. */
		while (at && ((at > fault->commands && at[-1] != ' ') || (at[len] && at[len] != ' ')))
			at = strstr(at + 1, operation->command->name);
		if (!at)
			return false;
	}
	if (fault->slow && cell->aftermath != REMOVAL && cell->aftermath != REBINDING)
		return false;
	/* A chip that was never asked is as it was: once is enough. */
	return !operation->unstruck || cell->aftermath == RETRY;
}

/*
 * Does what happens next happen while the command is under way? A driver that is still looking
 * at its device holds up everything else but the chip's own power; so does one that recovers,
 * for as long as that takes. And what a machine sends through its ports while it falls asleep, to
 * have something happen, may be lost.
 */
bool cell_in_flight(const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];

	if (faults[cell->fault].slow)
		return true;
	if (effect_on(&faults[cell->fault], operation->command) != SILENT ||
	    cell->aftermath == RETRY || operation->run == op_sleep)
		return false;
	return cell->aftermath == RECYCLE ||
	       (operation->run != op_probe && operation->run != op_recovery);
}

/* What the driver waits for the chip in a cell, in all: what it is worth avoiding. */
int cell_wait_ms(const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];
	int wait = operation->command->timeout_ms;

	if (effect_on(&faults[cell->fault], operation->command) != SILENT)
		return 0;
	if (cell_in_flight(cell) && cell->aftermath != SLEEP && !faults[cell->fault].dead &&
	    !operation->holds_log && (cell->aftermath == RECYCLE || !operation->command->secret))
		return 0;
	return faults[cell->fault].dead ? 3 * wait : wait;
}

const char *cell_name(const struct cell *cell)
{
	static char name[160];

	snprintf(name, sizeof(name), "%s: %s, %s, then %s", operations[cell->operation].name,
		 operations[cell->operation].command->name, faults[cell->fault].name,
		 aftermaths[cell->aftermath]);
	return name;
}
