// SPDX-License-Identifier: GPL-2.0
/*
 * A crowd whose keys the chip takes its time to open, and who comes while it waits: a grant,
 * somebody at request_key(2), another user, and SIGKILL. To be run with a chip that answers each UNSEAL late, so
 * late that all can ask meanwhile.
 *
 * The threads of one user wait for each other before they wait at the chip; so a crowd is of many
 * users where it is to be in the way there, and of one where it is to be in nobody's.
 *
 * usage: crowd COUNT
 *
 * Prints six results as TAP without a plan.
 */
#include <sys/mman.h>

#include "gate.h"

#define MANY		400
#define PATIENCE_MS	300000
#define AT_ONCE		8	/* may be with the chip (BASTION_GATED_COMMANDS) */
#define TOO_SLOW	1	/* the machine, for anything to show */
#define FIRST_UID	10000
#define TIMEOUT		"/sys/class/bastion/bastion0/release_timeout"

/* A key that is its owner's, to be released to him by its blob. */
struct owned {
	uid_t owner;
	uint8_t blob[BASTION_BLOB_MAX];
	int len;
};

static struct gate gate;
static pid_t crowd[MANY];
/* One for each who is in a crowd of many users. */
static struct owned keys[MANY];

/* Of all that the crowd has in common: how many have an answer. */
static unsigned int *answered;

/* For a child: asks as the key's owner, and says what comes of it. */
static int ask(void *arg)
{
	const struct owned *key = arg;
	key_serial_t released;

	if (sealed_be_user(key->owner))
		return errno;
	released = sealed_release_args(gate.fd, (struct bastion_release){
		.blob = (uintptr_t)key->blob, .blob_len = key->len, .type = BASTION_TYPE_USER,
		.keyring = KEY_SPEC_PROCESS_KEYRING, .timeout_ms = BASTION_WAIT_FOREVER });
	return released < 0 ? -released : 0;
}

static int ask_in_crowd(void *arg)
{
	int ret = ask(arg);

	__atomic_add_fetch(answered, 1, __ATOMIC_SEQ_CST);
	return ret;
}

static bool is_in(pid_t pid, const char *function)
{
	char path[64], stack[8192] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	stack[fread(stack, 1, sizeof(stack) - 1, file)] = '\0';
	fclose(file);
	return strstr(stack, function);
}

/*
 * A new crowd of @count, of as many users or of the one @user, all at the chip's door or answered:
 * 0 or -errno.
 */
static int gather(int count, struct owned *user)
{
	long long deadline;
	int ret = round_relock(gate.fd), there;

	if (ret)
		return ret;
	*answered = 0;
	for (int i = 0; i < count; i++)
		crowd[i] = sealed_start(ask_in_crowd, user ?: &keys[i]);
	ret = round_wait_waiters(count, PATIENCE_MS);
	if (!ret)
		ret = gate_attest(&gate);
	if (ret)
		return ret;
	deadline = sealed_now_ms() + PATIENCE_MS;
	do {
		there = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
		for (int i = 0; i < count; i++)
			there += is_in(crowd[i], "bastion_use_command");
		if (sealed_now_ms() > deadline)
			return -ETIMEDOUT;
	} while (there < count);
	return 0;
}

/*
 * Once @had of @count have an answer, with @before of them already when it began: did it not wait for
 * them? Where most had theirs at first, nobody can tell.
 */
static int waited_for_none(int before, int had, int count)
{
	if (had < count - AT_ONCE)
		return 0;
	return before < count / 2 ? -ETIME : TOO_SLOW;
}

/* The first status but 0 that one of them ended with. */
static int disperse(int count)
{
	int status, first = 0;

	for (int i = 0; i < count; i++) {
		waitpid(crowd[i], &status, 0);
		if (status && !first)
			first = status;
	}
	return first;
}

static int renew(int count)
{
	int ret = gather(count, NULL), before, had;

	if (ret)
		return ret;
	before = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	ret = gate_attest(&gate);
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	printf("# %d of %d had an answer when the next grant was accepted (%d)\n", had, count, ret);
	if (disperse(count) || ret)
		return -EIO;
	return waited_for_none(before, had, count);
}

static void kill_all(int count)
{
	for (int i = 0; i < count; i++)
		kill(crowd[i], SIGKILL);
	disperse(count);
}

static unsigned int commands(void)
{
	FILE *file = fopen("/sys/class/bastion/bastion0/statistics/commands", "r");
	unsigned int count = 0;

	if (!file || fscanf(file, "%u", &count) != 1)
		count = 0;
	if (file)
		fclose(file);
	return count;
}

/* Only those who have been answered, and those who were with the chip, have asked it. */
static int end(int count, struct owned *user)
{
	unsigned int begun = commands();
	int ret = gather(count, user), had, asked;

	if (ret)
		return ret;
	kill_all(count);
	/* Nobody is with the chip any more: how often was it asked, for those who were dead? */
	ret = round_relock(gate.fd);
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	asked = commands() - begun;
	printf("# %d of %d had an answer when they were killed, after %d commands\n", had, count, asked);
	if (ret)
		return ret;
	if (count - had < 6 * AT_ONCE)
		return TOO_SLOW;
	/* A round has some of its own. */
	return asked < had + 3 * AT_ONCE ? 0 : -EBADE;
}

/* At request_key(2) nobody can be killed. Root asks, whether the crowd is of others (no @user) or his. */
static int give_up(int count, struct owned *user)
{
	int ret = gather(count, user), timeout, before, had;
	key_serial_t released;

	if (ret)
		return ret;
	timeout = sealed_exchange_number(TIMEOUT, 1);
	before = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	released = request_key("user", gate.description, "", KEY_SPEC_PROCESS_KEYRING);
	ret = released < 0 ? -errno : 0;
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	printf("# %d of %d had an answer when request_key(2) had one (%d)\n", had, count, ret);
	sealed_exchange_number(TIMEOUT, timeout);
	kill_all(count);
	if (!ret)
		return before < count / 2 ? -EIO : TOO_SLOW;
	/* ENOKEY when the helper's answer was over before the kernel had seen the helper's end */
	if (ret != -EAGAIN && ret != -ENOKEY)
		return ret;
	return waited_for_none(before, had, count);
}

/* A crowd of one user's; another one asks when all are there. */
static int be_another(int count, struct owned *user)
{
	int ret = gather(count, user), before, had;

	if (ret)
		return ret;
	before = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	ret = sealed_in_child(NULL, ask, &keys[0]);
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	printf("# %d of %d had an answer when another user had one (%d)\n", had, count, ret);
	kill_all(count);
	return ret ? -ret : waited_for_none(before, had, count);
}

/* 0 or -errno */
static int make_key(struct owned *key, uid_t owner)
{
	key->owner = owner;
	key->len = gate_blob(&gate, owner, "types=user", key->blob);
	return key->len < 0 ? key->len : 0;
}

static int make_keys(int count)
{
	int ret = 0;

	for (int i = 0; i < count && !ret; i++)
		ret = make_key(&keys[i], FIRST_UID + i);
	return ret;
}

static void result(int number, int ret, const char *name)
{
	printf("%sok %d - %s%s\n", ret < 0 ? "not " : "", number, name,
	       ret == TOO_SLOW ? " # SKIP most had an answer before that, on this machine" : "");
	if (ret < 0)
		printf("# %s\n", strerror(-ret));
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0, ret;
	struct owned own;

	if (count < 1 || count > MANY)
		errx(2, "usage: crowd COUNT");
	answered = mmap(NULL, sizeof(*answered), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answered == MAP_FAILED)
		err(1, "preparing");
	setlinebuf(stdout);
	ret = gate_setup(&gate) ?: make_keys(count) ?: make_key(&own, 0);
	/* One that request_key(2) finds */
	if (!ret && gate_new(&gate, gate.name, "types=user") < 0)
		ret = -ENOKEY;
	if (ret)
		errx(1, "preparing: %s", strerror(-ret));
	result(1, renew(count), "a grant does not wait for all who ask for keys");
	result(2, end(count, NULL), "who is killed does not ask the chip any more");
	result(3, end(count, &own), "nor do threads of one user");
	result(4, give_up(count, NULL), "who asks by request_key(2) does not wait for all of them");
	result(5, give_up(count, &own), "nor for all who are the same user");
	result(6, be_another(count, &own), "nor does another user wait for those");
	return gate_teardown(&gate) != 0;
}
