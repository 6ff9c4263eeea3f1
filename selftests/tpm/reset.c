// SPDX-License-Identifier: GPL-2.0
/*
 * A TPM that is started anew under the module.
 *
 * usage: reset reset|round|used|other|resume|sleep FOLDER COMMAND
 *
 * COMMAND does that to the TPM, for "used" with something else in its PCR before the module looks, for
 * "other" with another storage key.
 */
#include "keep.h"

#define RING	KEY_SPEC_SESSION_KEYRING

static key_serial_t key, released;
static uint8_t secret[BASTION_SECRET_MAX];

/* An open gate, and a key that was released. */
static void begin(void)
{
	open_device(false);
	if (round_open_gate(gate.fd, &gate.verifier, "prod", 300))
		errx(1, "no grant");
	key = sealed_make("new 32", &gate.verifier, "prod", "k", "types=logon,user", RING);
	released = sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING);
	ok(released > 0 && sealed_bytes(gate.fd, key, secret) == 32, "a key is released");
}

static void start_anew(const char *command)
{
	is(system(command), 0, "the TPM is started anew");
}

/* Nothing but a new round opens the gate, and what was sealed is sealed to it still. */
static void new_round(void)
{
	uint8_t bytes[BASTION_SECRET_MAX] = { };

	is(sealed_dead(released), ENOKEY, "what was released is gone");
	is(sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING), -EAGAIN, "and nothing more is");
	is(round_open_gate(gate.fd, &gate.verifier, "prod", 300), 0, "until there is a new round");
	is(sealed_bytes(gate.fd, key, bytes), 32, "which releases what was sealed before");
	ok(!memcmp(bytes, secret, 32), "and it is the same");
	is(round_verifier_remove(gate.fd, &gate.verifier), 0, "its verifier goes");
}

/* It may be something of IMA's list, which comes at any time, that the TPM does not take: that fails it, too. */
static bool has_recovered(const struct bastion_event *event, uint32_t state)
{
	return event->state == state && (event->reason == BASTION_REASON_RESET ||
					 event->reason == BASTION_REASON_SELF_TEST ||
					 event->reason == BASTION_REASON_EXTEND);
}

static void wait_recovered(enum bastion_state state, const char *name)
{
	is(round_wait(has_recovered, state, 60000), 0, name);
}

/* When the gate has ended the grant by the time the release fails, it is told that. */
static void use_notices(void)
{
	int ret = sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING);

	is(ret == -EKEYREVOKED ? -EIO : ret, -EIO, "the next use of it notices");
}

static void reset(const char *command)
{
	begin();
	start_anew(command);
	use_notices();
	wait_recovered(BASTION_STATE_LOCKED, "the gate locks");
	new_round();
}

static void in_a_round(const char *command)
{
	struct round_grant grant;
	struct round round;

	begin();
	if (round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod"))
		errx(1, "no round");
	round_sign(&round, &grant, gate.verifier.key);
	start_anew(command);
	is(round_submit(&round, &grant), -ESTALE, "a grant is for the session that was");
	wait_recovered(BASTION_STATE_LOCKED, "the gate locks");
	new_round();
}

static void fail(const char *command, const char *name)
{
	begin();
	start_anew(command);
	use_notices();
	wait_recovered(BASTION_STATE_FAILED, name);
	is(sealed_dead(released), ENOKEY, "what was released is gone");
	is(round_open_gate(gate.fd, &gate.verifier, "prod", 300), -EIO, "and there are no rounds");
}

static void resume(const char *command)
{
	begin();
	start_anew(command);
	is(sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING), -EKEYREVOKED,
	   "no ticket is good any more");
	is(round_state(gate.fd), BASTION_STATE_LOCKED, "the gate locks");
	new_round();
}

/* The kernel's part of going to sleep, as far as freezing tasks; then the TPM's. */
static void sleep_and_resume(const char *command)
{
	begin();
	if (system("echo freezer >/sys/power/pm_test &&"
		   " echo 0 >/sys/module/suspend/parameters/pm_test_delay &&"
		   " echo freeze >/sys/power/state; echo none >/sys/power/pm_test"))
		errx(1, "this kernel cannot try to sleep");
	is(round_state(gate.fd), BASTION_STATE_LOCKED, "the gate locks before the system sleeps");
	start_anew(command);
	new_round();
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	folder = argv[2];
	if (!strcmp(argv[1], "reset"))
		reset(argv[3]);
	else if (!strcmp(argv[1], "round"))
		in_a_round(argv[3]);
	else if (!strcmp(argv[1], "used"))
		fail(argv[3], "the gate fails: the log comes too late");
	else if (!strcmp(argv[1], "other"))
		fail(argv[3], "the gate fails: what was sealed was sealed by another");
	else if (!strcmp(argv[1], "resume"))
		resume(argv[3]);
	else if (!strcmp(argv[1], "sleep"))
		sleep_and_resume(argv[3]);
	else
		return 2;
	return failed;
}
