// SPDX-License-Identifier: GPL-2.0
/* Before and after a fault: the gate as a cell wants it, and what must hold then. */
#include "matrix.h"

/* From what may be busy for as long as a self-test takes. */
#define SETTLE_MS (10000 + 30000 * slowness)

static void must(int ret, const char *what)
{
	if (ret)
		errx(2, "%s: %s", what, strerrorname_np(-ret));
}

static bool settle(struct bench *b)
{
	return !wait_for(has_settled, b, SETTLE_MS);
}

static void drop(struct bench *b)
{
	if (b->gate.fd >= 0)
		close(b->gate.fd);
	b->gate.fd = -1;
}

/* Opens what was closed, or was never open: 0 or -errno. */
int reopen(struct bench *b)
{
	drop(b);
	b->gate.fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC);
	if (b->gate.fd < 0)
		return -errno;
	/* What waits for a grant shall not do so for long. */
	sealed_exchange_number("/sys/class/bastion/bastion0/release_timeout", 1);
	return 0;
}

/* A driver that was bound anew knows none. */
static int register_verifier(struct bench *b)
{
	int ret = round_verifier_add(b->gate.fd, &b->gate.verifier);

	return ret == -EEXIST ? 0 : ret;
}

void cycle(struct bench *b)
{
	chip_say("power-cycle");
	b->boots = chip_number("boot_count");
}

/* A chip that was just switched on, and a driver that has just found it. */
static void restart(struct bench *b)
{
	drop(b);
	if (driver_bound())
		must(driver_unbind(), "unbind");
	cycle(b);
	device_rescan();
	if (!driver_bound())
		must(driver_bind(), "bind");
	must(reopen(b), ROUND_DEVICE);
	must(register_verifier(b), "verifier add");
	b->stale = false;
}

/* Whatever was done: a healthy chip, bound, whose gate is locked or attested. */
void normalise(struct bench *b)
{
	enum state state;

	chip_say("fault none");
	b->fails = false;
	state = state_now(b);
	if (b->stale || state == GONE || state == ABSENT) {
		restart(b);
	} else if (state == FAILED || b->wedged) {
		cycle(b);
		if (!settle(b) || state_now(b) != LOCKED)
			restart(b);
	}
	b->wedged = false;
}

/* Open, with a key that was released and shall end with it. What is still so is good enough. */
static int open_gate(struct bench *b)
{
	long long now = sealed_now_ms();
	int ret;

	if (state_now(b) == ATTESTED && b->held > 0 && !sealed_dead(b->held) &&
	    now - b->granted_ms < GATE_LIFETIME * 1000 / 4)
		return 0;
	ret = op_attest(b);
	if (ret)
		return ret;
	b->granted_ms = now;
	b->held = sealed_release(b->gate.fd, b->held_sealed, BASTION_TYPE_LOGON, RING);
	return b->held < 0 ? b->held : 0;
}

/* As a cell wants it to be: 0 or -errno. */
int prepare(struct bench *b, enum state state)
{
	if (state == ATTESTED)
		return open_gate(b);
	b->held = 0;
	if (state == ABSENT) {
		/* So that it is found as it is after a power cycle. */
		drop(b);
		if (driver_bound())
			must(driver_unbind(), "unbind");
		chip_say("power-cycle");
		b->stale = true;
		return 0;
	}
	return state_now(b) == LOCKED ? 0 : round_relock(b->gate.fd);
}

int bench_open(struct bench *b)
{
	static const uint8_t secret[32] = { 0x5a };
	int ret;

	ret = gate_setup(&b->gate);
	if (ret)
		return ret;
	sealed_exchange_number("/sys/class/bastion/bastion0/release_timeout", 1);
	ret = op_attest(b);
	if (ret)
		return ret;
	b->secret = gate_new(&b->gate, b->gate.name, "types=logon,user");
	b->held_sealed = gate_new(&b->gate, "held", "");
	b->pair = gate_make(&b->gate, "ecdsa", "pair", "");
	b->user = add_key("user", "imported", secret, sizeof(secret), RING);
	if (b->secret < 0 || b->held_sealed < 0 || b->pair < 0 || b->user < 0)
		return -ENOKEY;
	ret = sealed_bytes(b->gate.fd, b->secret, b->bytes);
	if (ret < 0)
		return ret;
	b->len = sealed_blob(b->secret, b->blob);
	b->boots = chip_number("boot_count");
	return b->len < 0 ? b->len : 0;
}

/* What must hold */

static const char *error_name(int error)
{
	return error ? strerrorname_np(error) ?: "?" : "success";
}

void check_error(int got, int wanted, const char *when)
{
	if (got != wanted)
		complain("%s: %s, not %s", when, error_name(got), error_name(wanted));
}

static int begin(struct bench *b)
{
	struct round round;

	return -round_begin(&round, b->gate.fd, &b->gate.verifier);
}

static bool has_failed(struct bench *b)
{
	return state_now(b) == FAILED;
}

/*
 * Does the driver come to rest? A gate that is to fail may come with any count of boots until then,
 * when a chip lies at INFO: that the driver has noticed the last reset shows by the failure alone.
 */
static bool comes_to_rest(struct bench *b, enum state wanted)
{
	b->fails = wanted == FAILED;
	if (wanted == GONE)
		return !wait_for(is_gone, b, SETTLE_MS);
	return b->fails ? !wait_for(has_failed, b, SETTLE_MS) : settle(b);
}

/* The gate is as @wanted, and so is what depends on it. */
void check_state(struct bench *b, enum state wanted, const char *when)
{
	bool open = wanted == ATTESTED;
	enum state state;

	if (!comes_to_rest(b, wanted))
		complain("%s: the driver does not come to rest", when);
	state = state_now(b);
	if (state != (wanted == CAPPED ? LOCKED : wanted))
		complain("%s: the gate is %s, not %s", when, states[state], states[wanted]);
	/* The gate's end is the key's (G4), and nobody finds it any more. */
	if (b->held > 0 && !sealed_dead(b->held) != open)
		complain("%s: what was released is %s", when, open ? "dead" : "alive");
	if (!open && keyctl_search(RING, "logon", b->gate.description, 0) > 0)
		complain("%s: a released key is found", when);
	if (wanted == CAPPED)
		check_error(begin(b), ESHUTDOWN, "a round with a log that is capped");
}

/* Nothing half made is left of what failed. */
void check_nothing_made(struct bench *b)
{
	if (keyctl_search(RING, "bastion", b->name, 0) > 0)
		complain("what failed has made a key");
	if (keyctl_search(RING, "logon", b->gate.description, 0) > 0)
		complain("what failed has released a key");
}

/* What a cell before has released, and is alive while the gate stays open. */
void forget_released(struct bench *b)
{
	key_serial_t key = keyctl_search(RING, "logon", b->gate.description, 0);

	if (key > 0)
		keyctl_unlink(key, RING);
}

/* What happens next */

/* Its first half, which ends what is under way. */
void leave(struct bench *b, const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];
	bool stuck = !strcmp(operation->command->name, "SELF_TEST") && b->in_flight;
	bool helped = operation->run == op_request && b->in_flight;
	int ret = 0;

	switch (cell->aftermath) {
	case RECYCLE:
		cycle(b);
		break;
	case REMOVAL:
		ret = device_remove();
		break;
	case REBINDING:
		ret = driver_bound() ? driver_unbind() : 0;
		break;
	case SLEEP:
		ret = machine_sleep();
		/* What does not end in five seconds keeps the machine awake, and so does a helper. */
		if ((stuck && ret == -EBUSY) || (helped && ret == -EAGAIN))
			ret = 0;
		break;
	case UNPLUG:
		device_unplug();
		break;
	}
	if (ret)
		complain("%s: %s", aftermaths[cell->aftermath], error_name(-ret));
}

/* While there is no device: who had it open, and what was released, feel it. */
static void check_without(struct bench *b, const struct cell *cell)
{
	if (b->gate.fd >= 0)
		check_error(-round_state(b->gate.fd), ENODEV, "without a device");
	if (b->held > 0 && !sealed_dead(b->held))
		complain("without a device: what was released is alive");
	if (b->gate.fd >= 0)
		drop(b);
	if (!access(ROUND_DEVICE, F_OK))
		complain("without a device: there is " ROUND_DEVICE);
	if (cell->aftermath == REBINDING && device_has(b->bytes, 16, faults[cell->fault].slow))
		complain("a secret is in the chip's memory");
}

static bool can_open(struct bench *b)
{
	return !reopen(b);
}

/* Its second half. */
static void come_back(struct bench *b, const struct cell *cell)
{
	switch (cell->aftermath) {
	case REMOVAL:
		check_without(b, cell);
		device_rescan();
		reopen(b);
		break;
	case REBINDING:
		check_without(b, cell);
		driver_bind();
		reopen(b);
		break;
	case UNPLUG:
		check_without(b, cell);
		device_plug();
		if (wait_for(can_open, b, SETTLE_MS))
			complain("nothing is found when it is plugged in again");
		break;
	}
}

/* With what was measured before, a driver finds a chip that was used. */
static bool was_measured(const struct cell *cell, enum state state)
{
	const struct command *command = operations[cell->operation].command;
	enum effect effect = effect_on(&faults[cell->fault], command);

	if (state != ABSENT || operations[cell->operation].run == op_unbind)
		return true;
	return effect != RESET && effect != VANISHED &&
	       (command->pieces || !strcmp(command->name, "MR_EXTEND"));
}

/* Was it bound under a name that is not its own? */
static bool is_impostor(const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];

	return operation->run == op_probe && faults[cell->fault].effect == LIE &&
	       !strcmp(operation->command->name, "INFO");
}

/* How the gate is when it has happened. */
static enum state state_after(const struct cell *cell, enum state state)
{
	const struct fault *fault = &faults[cell->fault];

	switch (cell->aftermath) {
	case RECYCLE:
		if (state == GONE || state == ABSENT || state == CAPPED)
			return state;
		return is_impostor(cell) ? FAILED : LOCKED;
	case REMOVAL:
	case REBINDING:
		if (fault->dead || effect_on(fault, operations[cell->operation].command) == VANISHED)
			return ABSENT;
		if (fault->latched)
			return FAILED;
		return was_measured(cell, state) ? CAPPED : LOCKED;
	case SLEEP:
		return state == ATTESTED ? LOCKED : state;
	case UNPLUG:
		return LOCKED;
	default:
		return state;
	}
}

/* Is it asked of the chip, and not of the driver or the machine? */
static bool is_asked(const struct operation *operation)
{
	return operation->run != op_probe && operation->run != op_recovery &&
	       operation->run != op_unbind && operation->run != op_sleep;
}

/* An operation from the state that it wants, once all is well. */
static void check_works(struct bench *b, const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];
	bool impostor = is_impostor(cell) &&
			(cell->aftermath == RETRY || cell->aftermath == SLEEP);
	int ret;

	if (register_verifier(b))
		complain("no verifier can be added afterwards");
	if (operation->run == op_probe || operation->run == op_recovery) {
		check_error(-op_attest(b), impostor ? EKEYREJECTED : 0, "a round afterwards");
		return;
	}
	ret = prepare(b, operation->before);
	if (ret)
		complain("the gate does not become %s: %s", states[operation->before],
			 error_name(-ret));
	else
		check_error(run_in_child(b, operation), 0, "the same afterwards");
}

static void check_retry(struct bench *b, const struct cell *cell, enum state state)
{
	const struct operation *operation = &operations[cell->operation];
	bool again = is_asked(operation);

	switch (state) {
	case LOCKED:
		if (faults[cell->fault].dead) {
			check_error(begin(b), ETIMEDOUT, "a round with a chip that is dead");
			break;
		}
		if (operation->closed)
			check_error(run_in_child(b, operation), operation->closed, "while locked");
		if (!operation->unstruck)
			check_works(b, cell);
		break;
	case ATTESTED:
		if (again && !faults[cell->fault].dead)
			check_error(run_in_child(b, operation), 0, "once more");
		break;
	case FAILED:
		if (again && !faults[cell->fault].dead)
			check_error(run_in_child(b, operation), operation->failed, "while failed");
		check_error(begin(b), EIO, "a round while failed");
		round_relock(b->gate.fd);
		check_state(b, FAILED, "after a relock while failed");
		break;
	case GONE:
		if (again)
			check_error(run_in_child(b, operation), ENODEV, "without a chip");
		check_error(begin(b), ENODEV, "a round without a chip");
		break;
	case ABSENT:
		check_without(b, cell);
		b->stale = true;
		if (faults[cell->fault].dead) {
			check_error(-driver_bind(), ETIMEDOUT, "bind with a chip that is dead");
		} else if (effect_on(&faults[cell->fault], operation->command) == VANISHED) {
			check_error(-driver_bind(), ENODEV, "bind without a chip");
		} else {
			check_error(-driver_bind(), 0, "bind");
			reopen(b);
			check_state(b, was_measured(cell, ABSENT) ? CAPPED : LOCKED, "after bind");
		}
		break;
	case CAPPED:
		break;
	}
}

/* What is bound to a chip that was switched on again, maybe just before a driver capped its log. */
static enum state after_cycle(struct bench *b, const struct cell *cell)
{
	if (operations[cell->operation].run != op_unbind || !b->in_flight)
		return LOCKED;
	return b->late && begin(b) != ESHUTDOWN ? LOCKED : CAPPED;
}

/* After the operation, and what ended it: @state is how the gate was in between. */
void follow(struct bench *b, const struct cell *cell, enum state state)
{
	enum state after = state_after(cell, state);

	if (cell->aftermath == RETRY) {
		check_retry(b, cell, state);
		return;
	}
	come_back(b, cell);
	if (cell->aftermath != RECYCLE && cell->aftermath != SLEEP)
		b->stale = true;
	check_state(b, after, aftermaths[cell->aftermath]);
	if (cell->aftermath == RECYCLE && after == ABSENT) {
		check_without(b, cell);
		check_error(-driver_bind(), 0, "bind after a power cycle");
		after = reopen(b) ? ABSENT : after_cycle(b, cell);
		check_state(b, after, "after bind");
		b->stale = true;
	}
	if (after == FAILED)
		check_error(begin(b), EIO, "a round while failed");
	if (after == LOCKED && !(faults[cell->fault].dead && cell->aftermath == SLEEP))
		check_works(b, cell);
}
