/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fault matrix: every fault of the emulated chip, in every command that every
 * operation sends, with everything that can happen next.
 *
 *	table.c		faults, operations and what is expected: the documentation
 *	operations.c	the operations
 *	machine.c	chip, driver, sleep and plug, as a test moves them
 *	aftermath.c	what happens next, and what must hold then
 *	sample.c	so few cells that every two parts still meet
 *	main.c		one cell after the other
 */
#ifndef CHIP_FAULTS_MATRIX_H
#define CHIP_FAULTS_MATRIX_H

#include "gate.h"
#include "sign.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define RING		KEY_SPEC_SESSION_KEYRING
/* For what has no timeout of its own: a machine that is busy is no failure. */
#define SLACK_MS	(60000 * slowness)

/* What a fault comes to, in a certain command. */
enum effect {
	FINE,		/* the right answer, after all */
	SILENT,		/* no answer that counts */
	BROKEN,		/* an answer that breaks the protocol, or a refusal */
	RESET,		/* the chip loses its state */
	VANISHED,	/* and is gone */
	LIE,		/* an answer of the right form that is not true */
	DISOWNED,	/* it knows nothing of the grant */
	REFUSED,	/* it refuses, as it may: the fault says what that comes to */
	EFFECTS
};

/* How the gate is found. */
enum state {
	LOCKED,
	ATTESTED,
	FAILED,
	GONE,		/* bound, and its chip is not there */
	ABSENT,		/* nothing is bound */
	CAPPED,		/* locked, and nothing attests before a power cycle */
};

/* What happens next. While a command is not answered it happens to that very command. */
enum aftermath {
	RETRY,		/* the same again, without the fault */
	RECYCLE,	/* a power cycle of the chip alone */
	REMOVAL,	/* sysfs: remove and rescan */
	REBINDING,	/* sysfs: unbind and bind */
	SLEEP,		/* suspend and resume */
	UNPLUG,		/* and another plugged in; only for a driver that polls */
	AFTERMATHS
};

/**
 * struct command - a command of the chip
 * @name:	for fault specifications
 * @timeout_ms:	the driver's (kmod/native.c)
 * @mute:	its answer is nothing but a status
 * @pieces:	a shorter answer is one of several
 * @loose:	an answer may have any length, and nobody but a verifier reads it
 * @unread:	nobody reads what it answers, either
 * @secret:	it has to do with secrets, so a driver that goes waits for its answer
 * @blob:	it brings a sealed key, which it can be refused for
 * @bit:	of the answer, that bitflip flips: it must matter
 */
struct command {
	const char *name;
	int timeout_ms;
	bool mute, pieces, loose, unread, secret, blob;
	int bit;
};

/** struct outcome - what an operation ends with, and how the gate is then */
struct outcome {
	int error;
	enum state state;
};

struct bench;

/**
 * struct operation - a row of the matrix
 * @name:	of the operation
 * @run:	does it: 0 or -errno
 * @command:	the one that is struck
 * @before:	how the gate is before
 * @closed:	what it ends with when it is locked; 0: as if it were not
 * @failed:	and when it has failed
 * @first:	another fault, without which it does not send the command; or NULL
 * @gated:	by a grant, so that one that has ended meanwhile shows (EKEYREVOKED)
 * @holds_log:	while it is under way nothing can be measured, so removal waits for it
 * @unstruck:	the kernel refuses it by itself, and the command is not sent
 * @outcome:	by effect
 */
struct operation {
	const char *name;
	int (*run)(struct bench *b);
	const struct command *command;
	enum state before;
	int closed, failed;
	const char *first;
	bool gated, holds_log, unstruck;
	struct outcome outcome[EFFECTS];
};

/**
 * struct fault - a column
 * @name:	of the cell
 * @spec:	for the emulator, without the command
 * @effect:	on commands that have nothing to say about it
 * @commands:	names of those that it can strike, or NULL for all
 * @error:	what a refusal comes to
 * @of_blob:	it is refused for the sealed key that the command brings
 * @dead:	and the chip answers nothing from then on
 * @slow:	only to see what a driver leaves that goes in the meantime
 * @latched:	and the chip has failed until it is switched off
 * @unstruck:	only for operations that do not reach the chip
 */
struct fault {
	const char *name, *spec;
	enum effect effect;
	const char *commands;
	int error;
	bool of_blob, dead, slow, latched, unstruck;
};

extern const struct fault faults[];
extern const int fault_count;
extern const struct operation operations[];
extern const int operation_count;
extern const char * const aftermaths[AFTERMATHS];
extern const char * const states[];

/** struct cell - fault, operation and aftermath, by number */
struct cell {
	int fault, operation, aftermath;
};

enum effect effect_on(const struct fault *fault, const struct command *command);
bool cell_exists(const struct cell *cell);
struct outcome cell_outcome(const struct cell *cell);
const char *cell_name(const struct cell *cell);

bool cell_in_flight(const struct cell *cell);
int cell_wait_ms(const struct cell *cell);

/* sample.c */
int sample(struct cell *cells, int count, unsigned int seed);

/**
 * struct bench - what the operations are tried on
 * @gate:	its own
 * @secret, @pair, @user: a sealed secret, a key pair, a key that can be imported
 * @held:	released by itself before each cell that needs an open gate
 * @held_sealed: what it is released from
 * @name:	of a key that an operation makes
 * @polling:	the driver has no interrupts, and the device can be unplugged
 * @bytes:	what is sealed in @secret
 * @granted_ms:	when the gate was last opened
 * @blob, @len:	of @secret
 * @boots:	the chip's boot count, when somebody looked last
 * @fails:	the gate is to be failed: else one that is has not settled yet
 * @in_flight:	what happens next happens to a command that is not answered
 * @late:	unless that had timed out by then
 * @stale:	the driver was bound anew, or what it measured is of no use
 * @wedged:	slots of the chip are out of use
 */
struct bench {
	struct gate gate;
	key_serial_t secret, pair, user, held, held_sealed;
	char name[64];
	uint8_t bytes[BASTION_SECRET_MAX];
	uint8_t blob[BASTION_BLOB_MAX];
	int len;
	long boots;
	long long granted_ms;
	bool fails, in_flight, late, stale, wedged;
};

/* What is wrong with the cell, printed at its end; several lines are kept. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* operations.c */
int op_probe(struct bench *b);
int op_recovery(struct bench *b);
int op_attest(struct bench *b);
int op_forged(struct bench *b);
int op_relock(struct bench *b);
int op_verifier_add(struct bench *b);
int op_verifier_remove(struct bench *b);
int op_extend(struct bench *b);
int op_fail(struct bench *b);
int op_unbind(struct bench *b);
int op_sleep(struct bench *b);
int op_new(struct bench *b);
int op_new_registers(struct bench *b);
int op_derive(struct bench *b);
int op_ecdsa(struct bench *b);
int op_import(struct bench *b);
int op_rebind(struct bench *b);
int op_release(struct bench *b);
int op_release_stranger(struct bench *b);
int op_request(struct bench *b);
int op_request_stranger(struct bench *b);
int op_sign(struct bench *b);
int op_sign_stranger(struct bench *b);
int op_registers(struct bench *b);
int op_counter(struct bench *b);
int be_stranger(int argc, char **argv);

/* machine.c */
void machine_open(void);
void chip_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
long chip_number(const char *name);
int driver_bind(void);
int driver_unbind(void);
bool driver_bound(void);
bool device_has(const uint8_t *bytes, size_t len, bool wait);
int device_remove(void);
int device_rescan(void);
void device_unplug(void);
void device_plug(void);
bool machine_sleeps(void);
int machine_sleep(void);
int sysfs_text(const char *file, char *text, size_t size);
void nap(void);
int wait_for(bool (*ready)(struct bench *b), struct bench *b, int timeout_ms);
bool has_settled(struct bench *b);
bool is_gone(struct bench *b);
enum state state_now(struct bench *b);
extern int slowness;

/* aftermath.c */
int bench_open(struct bench *b);
int prepare(struct bench *b, enum state state);
void normalise(struct bench *b);
void cycle(struct bench *b);
int reopen(struct bench *b);
void check_error(int got, int wanted, const char *when);
void check_state(struct bench *b, enum state wanted, const char *when);
void check_nothing_made(struct bench *b);
void forget_released(struct bench *b);
void leave(struct bench *b, const struct cell *cell);
void follow(struct bench *b, const struct cell *cell, enum state state);

/* main.c */
int run_in_child(struct bench *b, const struct operation *operation);

#endif
