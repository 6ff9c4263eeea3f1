// SPDX-License-Identifier: GPL-2.0
/*
 * A TPM that does not answer as it should, or not in time.
 *
 * usage: faults FOLDER COMMAND	FOLDER is vtpm's; COMMAND has the TPM sleep and wake up
 *        faults unread FOLDER COMMAND	its PCR cannot be read afterwards
 *        faults unheard FOLDER COMMAND	what COMMAND begins has a handle that was ours
 *        faults storage FOLDER	with a module whose storage key was not found at the first try
 *        faults signals FOLDER	with a module whose TPM is waited for until a signal comes
 */
#include <signal.h>
#include <sys/time.h>

#include "keep.h"

#define RING		KEY_SPEC_SESSION_KEYRING
#define EVENTS		20
#define ROUNDS		10

/* TPM 2.0 Library, part 2, 6.5.2 and 6.6.3 */
#define PCR_EXTEND	0x182
#define PCR_READ	0x17e
#define POLICY_SIGNED	0x160
#define LOAD		0x157
#define CONTEXT_LOAD	0x161
#define FLUSH_CONTEXT	0x165
#define START_SESSION	0x176
#define RC_RETRY	0x922
#define RC_TESTING	0x90a

static key_serial_t key;

/* For the next @count @command */
static void fault(unsigned int command, const char *what, unsigned int count)
{
	FILE *file = open_file("faults", "w");

	fprintf(file, "%x %s %u\n", command, what, count);
	fclose(file);
}

/* Whether it has come to that */
static bool is_over(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/faults", folder);
	return access(path, F_OK) != 0;
}

static void no_fault(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/faults", folder);
	unlink(path);
}

static int extend(void)
{
	struct bastion_extend args = {
		.size = sizeof(args), .index = 5, .name = "fault", .data = (uintptr_t)"x", .data_len = 1,
	};

	return round_ioctl(gate.fd, BASTION_IOC_EXTEND, &args);
}

static int release(void)
{
	return sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING);
}

static int open_gate(void)
{
	return round_open_gate(gate.fd, &gate.verifier, "prod", 300);
}

static void busy(unsigned int code, const char *name)
{
	char what[32];

	snprintf(what, sizeof(what), "refuse=%x", code);
	/* For longer than the kernel itself tries. */
	fault(PCR_EXTEND, what, 1000);
	is(extend(), -EAGAIN, name);
	no_fault();
	is(round_state(gate.fd), BASTION_STATE_LOCKED, "and the gate does not fail");
	is(extend(), 0, "for it is measured later");
}

/* How long a grant may still last by a round's beginning and its signatures' seconds, in ms. */
static long long too_long_by(long long begin, unsigned int seconds)
{
	struct bastion_verifier_list list = { .size = sizeof(list) };

	if (round_ioctl(gate.fd, BASTION_IOC_VERIFIER_LIST, &list) || !list.entries[0].live)
		errx(1, "no grant is live");
	return sealed_now_ms() + (long long)list.entries[0].remaining_ms - begin - 1000 * seconds;
}

static void late(void)
{
	long long begin = sealed_now_ms(), too_long;
	struct round_grant grant;
	struct round round;

	is(round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod"), 0, "a round");
	grant.seconds = 60;
	round_sign(&round, &grant, gate.verifier.key);
	fault(POLICY_SIGNED, "late=4", 1);
	is(round_submit(&round, &grant), 0, "whose signatures the TPM takes a while to check");
	too_long = too_long_by(begin, grant.seconds);
	ok(too_long <= 0, "the grant ends with its tickets all the same");
	printf("# %lld ms too late\n", too_long);

	is(round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod"), 0, "another round");
	grant.seconds = 15;
	round_sign(&round, &grant, gate.verifier.key);
	fault(POLICY_SIGNED, "late=15", 1);
	is(round_submit(&round, &grant), -EKEYREJECTED, "that takes longer than its tickets last");
	is(round_state(gate.fd), BASTION_STATE_LOCKED, "opens nothing");
}

/* A TPM has room for three of each. */
static void lost(unsigned int command, const char *name)
{
	char text[80];
	int i, bad = 0;

	for (i = 0; i < 3; i++) {
		bad += open_gate() != 0;
		fault(command, "lost", 1);
		bad += release() != -EIO || !is_over();
	}
	snprintf(text, sizeof(text), "three answers to %s are lost", name);
	is(bad, 0, text);
	is(open_gate(), 0, "then the gate opens");
	ok(release() > 0, "and a key is released");
}

static unsigned long timeouts(void)
{
	FILE *file = fopen("/sys/class/bastion/bastion0/statistics/timeouts", "r");
	unsigned long number;

	if (!file || fscanf(file, "%lu", &number) != 1)
		errx(1, "the timeouts cannot be read");
	fclose(file);
	return number;
}

/* A response code that is an error of the kernel's as an int: -ETIME */
static void absurd(void)
{
	unsigned long before = timeouts();

	is(open_gate(), 0, "the gate is open");
	fault(LOAD, "refuse=ffffffc2", 1);
	is(release(), -EIO, "a response code that is none of a TPM's is an error");
	is(timeouts(), before, "and no timeout");
}

static void not_flushed(void)
{
	/* The session, the object and the storage key */
	fault(FLUSH_CONTEXT, "refuse=101", 3);
	ok(release() > 0, "a key is released though nothing can be flushed");
	ok(is_over(), "of what was loaded for it");
	ok(release() > 0, "and once it can be, too");
}

static void resume(const char *command)
{
	is(open_gate(), 0, "the gate is open");
	is(system(command), 0, "the TPM sleeps");
	fault(PCR_READ, "lost", 1);
	is(release(), -EKEYREVOKED, "no ticket is good any more");
	ok(is_over(), "and the PCR could not be read at first");
	is(round_state(gate.fd), BASTION_STATE_LOCKED, "the gate locks, and does not fail");
	is(open_gate(), 0, "and opens again");
	ok(release() > 0, "for a key to be released");
}

static bool is_closed(const struct bastion_event *event, uint32_t unused)
{
	return event->state != BASTION_STATE_ATTESTED;
}

/* Was it asleep, or was it reset? What cannot be said for long is the latter. */
static void unread(const char *command)
{
	key_serial_t released;

	if (open_gate())
		errx(1, "no grant");
	key = sealed_make("new 32", &gate.verifier, "prod", "k", "types=logon", RING);
	released = release();
	ok(released > 0, "a key is released");
	is(system(command), 0, "the TPM sleeps");
	fault(PCR_READ, "lost", 1000);
	ok(release() < 0, "nothing is released while nobody knows its PCR");
	is(round_wait(is_closed, 0, 60000), 0, "and the gate does not stay open");
	is(sealed_dead(released), ENOKEY, "for what was released before");
	no_fault();
}

/* The answer is lost, and not the command. */
static void unheard(const char *command)
{
	struct round_grant grant;
	struct round round;

	is(round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod"), 0, "a round begins");
	fault(FLUSH_CONTEXT, "lost", 1);
	round_relock(gate.fd);
	ok(is_over(), "its session is flushed, and nobody hears of it");
	is(system(command), 0, "another program begins one");
	is(open_gate(), 0, "the next round opens the gate");
}

/* The storage key that a key is released with is the one that it was made with. */
static void storage(void)
{
	is(open_gate(), 0, "the gate opens");
	key = sealed_make("new 32", &gate.verifier, "prod", "k", "types=logon", RING);
	ok(key > 0, "a key is made");
	ok(release() > 0, "and released");
	is(round_state(gate.fd), BASTION_STATE_ATTESTED, "and the gate stays open");
}

static void ignore(int number)
{
}

static void signals(void)
{
	const struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { };
	struct round_grant grant;
	struct round round;
	int i, bad = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < EVENTS; i++)
		bad += extend() != 0;
	is(bad, 0, "what is measured is measured whatever signals come");
	/* A quote has the TPM asked for one thing after the other: some signal has come by then. */
	for (i = bad = 0; i < ROUNDS; i++)
		bad += round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod") != 0;
	setitimer(ITIMER_REAL, &never, NULL);
	is(bad, 0, "and what is quoted is quoted");
	is(round_state(gate.fd), BASTION_STATE_LOCKED, "and the gate does not fail");
}

int main(int argc, char **argv)
{
	if (argc == 4) {
		folder = argv[2];
		open_device(false);
		if (!strcmp(argv[1], "unread"))
			unread(argv[3]);
		else if (!strcmp(argv[1], "unheard"))
			unheard(argv[3]);
		else
			return 2;
		return failed;
	}
	if (argc != 3)
		return 2;
	folder = argv[1];
	open_device(false);
	if (!strcmp(argv[1], "signals")) {
		signals();
		return failed;
	}
	if (!strcmp(argv[1], "storage")) {
		storage();
		return failed;
	}
	busy(RC_RETRY, "a busy TPM takes no event");
	busy(RC_TESTING, "nor does one that tests itself");
	late();
	if (open_gate())
		errx(1, "no grant");
	key = sealed_make("new 32", &gate.verifier, "prod", "k", "types=logon", RING);
	ok(release() > 0, "a key is released");
	lost(LOAD, "Load");
	lost(CONTEXT_LOAD, "ContextLoad");
	lost(START_SESSION, "StartAuthSession");
	absurd();
	if (open_gate())
		errx(1, "no grant");
	not_flushed();
	resume(argv[2]);
	is(round_relock(gate.fd), 0, "it is locked");
	return failed;
}
