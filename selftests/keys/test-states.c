// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation on a sealed key in every state of the gate, with what comes of it.
 *
 * usage: test-states [STATE...]		locked, attested and expired, unless given
 *
 * "in-flight" wants a chip that answers late, and "gone" leaves no chip behind: they are
 * for host-test-states.
 */
#include <time.h>

#include "gate.h"
#include "sign.h"

#define SYSFS	"/sys/class/bastion/bastion0/"
#define RING	KEY_SPEC_SESSION_KEYRING
#define SEND_MS	60000	/* until the chip has a command: two programs may be started before */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct bench - what the operations are tried on
 * @gate:	its own
 * @secret:	a sealed secret that may go anywhere
 * @pair:	a key pair, with a signature of its over 48 zeroes
 * @user:	a key that can be imported
 */
struct bench {
	struct gate gate;
	key_serial_t secret, pair, user;
	uint8_t signature[BASTION_SIGNATURE_SIZE];
	uint8_t blob[BASTION_BLOB_MAX];
	int len;
};

static const uint8_t digest[BASTION_DIGEST_SIZE];

/* Operations: 0 or -errno */

static int positive(int ret)
{
	return ret < 0 ? ret : 0;
}

static int op_new(struct bench *b)
{
	return positive(gate_new(&b->gate, sealed_name(), ""));
}

static int op_derive(struct bench *b)
{
	return positive(gate_new(&b->gate, sealed_name(), "derive=states"));
}

static int op_ecdsa(struct bench *b)
{
	return positive(gate_make(&b->gate, "ecdsa", sealed_name(), ""));
}

static int op_import(struct bench *b)
{
	char verb[32];

	snprintf(verb, sizeof(verb), "import %d", b->user);
	return positive(gate_make(&b->gate, verb, sealed_name(), ""));
}

static int op_rebind(struct bench *b)
{
	return sealed_rebind(b->secret, &b->gate.verifier, "prod", "");
}

static int release(struct bench *b, uint32_t type)
{
	return positive(sealed_release_args(b->gate.fd, (struct bastion_release){
		.key = b->secret, .type = type, .keyring = RING }));
}

static int op_logon(struct bench *b)
{
	return release(b, BASTION_TYPE_LOGON);
}

static int op_user(struct bench *b)
{
	return release(b, BASTION_TYPE_USER);
}

static int op_fscrypt(struct bench *b)
{
	return release(b, BASTION_TYPE_FSCRYPT);
}

static int op_nowait(struct bench *b)
{
	return positive(sealed_release(b->gate.fd, b->secret, BASTION_TYPE_LOGON, RING));
}

static int op_blob(struct bench *b)
{
	return positive(sealed_release_blob(b->gate.fd, b->blob, b->len, BASTION_TYPE_LOGON,
					    RING));
}

/* A keyring of its own, where no other answer is remembered. */
static int upcall(struct bench *b, const char *type, const char *callout)
{
	if (keyctl_join_session_keyring(NULL) < 0 ||
	    sealed_load(b->gate.name, b->blob, b->len, RING) < 0)
		return -EBADF;
	return request_key(type, b->gate.description, callout, RING) < 0 ? -errno : 0;
}

static int op_upcall_logon(struct bench *b)
{
	return upcall(b, "logon", "");
}

static int op_upcall_user(struct bench *b)
{
	return upcall(b, "user", "");
}

static int op_upcall_fscrypt(struct bench *b)
{
	return upcall(b, "fscrypt-provisioning", "");
}

static int op_upcall_nowait(struct bench *b)
{
	return upcall(b, "logon", "nowait");
}

static int op_sign(struct bench *b)
{
	return positive(sign_something(b->pair));
}

static int op_verify(struct bench *b)
{
	return sign_verify(b->pair, "enc=p1363", digest, sizeof(digest), b->signature,
			   sizeof(b->signature));
}

static int op_query(struct bench *b)
{
	struct keyctl_pkey_query query;

	return keyctl_pkey_query(b->pair, "enc=x962", &query) < 0 ? -errno : 0;
}

static int op_read(struct bench *b)
{
	uint8_t blob[BASTION_BLOB_MAX];

	return positive(sealed_blob(b->pair, blob));
}

static int op_load(struct bench *b)
{
	return positive(sealed_load(b->gate.name, b->blob, b->len, KEY_SPEC_PROCESS_KEYRING));
}

/* The table */

enum state { LOCKED, ATTESTED, EXPIRED, IN_FLIGHT, GONE, STATES };

static const char * const states[STATES] = {
	"locked", "attested", "expired", "in-flight", "gone",
};

/*
 * In flight: the command is with the chip when the gate is locked. What it makes is nobody's: a
 * new key is thrown away, and a secret that was to be bound anew is what it was. What is released is
 * dead before anybody has it, and nobody gets a signature.
 */
static const struct {
	const char *name;
	int (*op)(struct bench *b);
	int expected[STATES];
} table[] = {
	/*		locked		attested expired	in flight	gone */
	{ "new", op_new,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "derive", op_derive,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "ecdsa", op_ecdsa,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "import", op_import,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "rebind", op_rebind,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "release logon", op_logon,
			{ ETIMEDOUT,	0,	ETIMEDOUT,	EKEYREVOKED,	ENODEV } },
	{ "release user", op_user,
			{ ETIMEDOUT,	0,	ETIMEDOUT,	EKEYREVOKED,	ENODEV } },
	{ "release fscrypt", op_fscrypt,
			{ ETIMEDOUT,	0,	ETIMEDOUT,	EKEYREVOKED,	ENODEV } },
	{ "release without waiting", op_nowait,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "release from a blob", op_blob,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "request logon", op_upcall_logon,
			{ ETIMEDOUT,	0,	ETIMEDOUT,	EKEYREVOKED,	ENODEV } },
	{ "request user", op_upcall_user,
			{ ETIMEDOUT,	0,	ETIMEDOUT,	EKEYREVOKED,	ENODEV } },
	{ "request fscrypt", op_upcall_fscrypt,
			{ ETIMEDOUT,	0,	ETIMEDOUT,	EKEYREVOKED,	ENODEV } },
	{ "request without waiting", op_upcall_nowait,
			{ EAGAIN,	0,	EAGAIN,		EKEYREVOKED,	ENODEV } },
	{ "sign", op_sign,
			{ ETIMEDOUT,	0,	ETIMEDOUT,	EKEYREVOKED,	ENODEV } },
	{ "verify", op_verify,
			{ 0,		0,	0,		0,		0 } },
	{ "query", op_query,
			{ 0,		0,	0,		0,		0 } },
	{ "read", op_read,
			{ 0,		0,	0,		0,		0 } },
	{ "load", op_load,
			{ 0,		0,	0,		0,		0 } },
};

#define OPS	((int)ARRAY_SIZE(table))
#define NEEDS_CHIP(op)	(table[op].expected[GONE])

/* Getting there: 0 or -errno */

static int lock(struct bench *b)
{
	return round_relock(b->gate.fd);
}

static int attest(struct bench *b)
{
	return gate_attest_move(&b->gate, &b->gate.verifier, "prod");
}

static int expire(struct bench *b)
{
	int ret = round_open_gate(b->gate.fd, &b->gate.verifier, "prod", 1);

	return ret ? ret : round_wait_state(BASTION_STATE_LOCKED, 20000);
}

static int remove_chip(struct bench *b)
{
	/* Its driver ends all waits, and the device is no more. */
	return system("echo 1 >\"$(readlink -f " SYSFS "device)/remove\"") ? -EIO : 0;
}

static int (*const enter[STATES])(struct bench *b) = {
	lock, attest, expire, attest, remove_chip,
};

/* Each in a child: keyrings that an operation leaves behind are nobody else's. */

struct attempt {
	struct bench *bench;
	int op;
};

static int run(void *arg)
{
	struct attempt *attempt = arg;

	return -table[attempt->op].op(attempt->bench);
}

static long commands(void)
{
	FILE *file = fopen(SYSFS "statistics/commands", "r");
	long count = -1;

	if (!file || fscanf(file, "%ld", &count) != 1)
		count = -1;
	if (file)
		fclose(file);
	return count;
}

/*
 * Locks the gate while the command of @attempt is with the chip. That it is there can only be
 * seen by looking: sent commands are counted, and nobody is told. -1 when it never was.
 */
static int run_in_flight(struct attempt *attempt)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	long long end = sealed_now_ms() + SEND_MS;
	long before = commands();
	pid_t pid = sealed_start(run, attempt);
	bool seen = false;

	while (!seen && sealed_now_ms() < end) {
		nanosleep(&nap, NULL);
		seen = commands() > before;
	}
	if (round_relock(attempt->bench->gate.fd) || !seen) {
		sealed_result(pid);
		return -1;
	}
	return sealed_result(pid);
}

static const char *name_of(int error)
{
	if (error < 0)
		return "nothing";
	return error ? strerrorname_np(error) : "success";
}

static int try(struct bench *bench, enum state state, int op)
{
	static int count;
	struct attempt attempt = { bench, op };
	int expected = table[op].expected[state], got;

	got = state == IN_FLIGHT && NEEDS_CHIP(op) ? run_in_flight(&attempt) :
						     sealed_in_child(NULL, run, &attempt);
	printf("%sok %d - %s: %s: %s\n", got == expected ? "" : "not ", ++count, states[state],
	       table[op].name, name_of(expected));
	if (got != expected)
		printf("# got %s\n", name_of(got));
	fflush(stdout);
	return got != expected;
}

static int try_state(struct bench *bench, enum state state)
{
	int failed = 0, op, ret = enter[state](bench);

	for (op = 0; op < OPS; op++) {
		/* Each of them locked it. */
		if (!ret && state == IN_FLIGHT)
			ret = attest(bench);
		if (ret) {
			printf("Bail out! %s: %s\n", states[state], strerrorname_np(-ret));
			return 1;
		}
		failed |= try(bench, state, op);
	}
	return failed;
}

static int setup(struct bench *b)
{
	int ret = gate_setup(&b->gate);

	if (ret)
		return ret;
	b->secret = gate_new(&b->gate, b->gate.name, "types=logon,user,fscrypt");
	b->pair = gate_make(&b->gate, "ecdsa", sealed_name(), "");
	b->user = add_key("user", sealed_name(), digest, sizeof(digest), RING);
	if (b->secret < 0 || b->pair < 0 || b->user < 0)
		return -ENOKEY;
	b->len = sealed_blob(b->secret, b->blob);
	ret = sign_digest(b->pair, "enc=p1363", digest, sizeof(digest), b->signature,
			  sizeof(b->signature));
	/* What waits shall not do so for long. */
	sealed_exchange_number(SYSFS "release_timeout", 1);
	return ret < 0 ? ret : b->len < 0 ? b->len : 0;
}

static int find_state(const char *name)
{
	int state;

	for (state = 0; state < STATES; state++)
		if (!strcmp(name, states[state]))
			return state;
	errx(2, "there is no state %s", name);
}

int main(int argc, char **argv)
{
	static char *defaults[] = { "locked", "attested", "expired" };
	char **wanted = argc > 1 ? argv + 1 : defaults;
	int count = argc > 1 ? argc - 1 : (int)ARRAY_SIZE(defaults), failed = 0, i, ret;
	struct bench bench;

	printf("TAP version 13\n1..%d\n", count * OPS);
	ret = setup(&bench);
	if (ret) {
		printf("Bail out! nothing can be prepared: %s\n", strerrorname_np(-ret));
		return 1;
	}
	for (i = 0; i < count; i++)
		failed |= try_state(&bench, find_state(wanted[i]));
	if (!access(SYSFS "release_timeout", W_OK)) {
		sealed_exchange_number(SYSFS "release_timeout", 60);
		gate_teardown(&bench.gate);
	}
	return failed;
}
