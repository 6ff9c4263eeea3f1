// SPDX-License-Identifier: GPL-2.0
/*
 * A crowd whose keys the chip takes its time to open, and who comes while it waits: a grant,
 * somebody at request_key(2), another user, and SIGKILL. To be run with a chip that answers each UNSEAL late, so
 * late that all can ask meanwhile.
 *
 * usage: crowd COUNT
 *
 * Prints four results as TAP without a plan.
 */
#include <sys/mman.h>

#include "gate.h"

#define MANY		400
#define PATIENCE_MS	300000
#define AT_ONCE		8	/* may be with the chip (BASTION_GATED_COMMANDS) */
#define TOO_SLOW	1	/* the machine, for anything to show */
#define TIMEOUT		"/sys/class/bastion/bastion0/release_timeout"

static struct gate gate;
static pid_t crowd[MANY];

/* Of all that the crowd has in common: how many have an answer. */
static unsigned int *answered;

static int ask(key_serial_t key)
{
	key_serial_t released = sealed_release_args(gate.fd, (struct bastion_release){
		.key = key, .type = BASTION_TYPE_USER, .keyring = KEY_SPEC_PROCESS_KEYRING,
		.timeout_ms = BASTION_WAIT_FOREVER });

	__atomic_add_fetch(answered, 1, __ATOMIC_SEQ_CST);
	return released < 0 ? -released : 0;
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

/* A new crowd of @count, all at the chip's door or answered: 0 or -errno. */
static int gather(key_serial_t key, int count)
{
	long long deadline;
	int ret = round_relock(gate.fd), there;

	if (ret)
		return ret;
	*answered = 0;
	for (int i = 0; i < count; i++) {
		crowd[i] = fork();
		if (!crowd[i])
			_exit(ask(key));
	}
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

static int renew(key_serial_t key, int count)
{
	int ret = gather(key, count), before, had;

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

/* Each that has been answered, and those who were with the chip, have asked it: with @all, all have. */
static int end(key_serial_t key, int count, int all)
{
	unsigned int begun = commands();
	int ret = gather(key, count), had, asked;

	if (ret)
		return ret;
	kill_all(count);
	/* Nobody is with the chip any more: how often was it asked, for those who were dead? */
	ret = round_relock(gate.fd);
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	asked = commands() - begun;
	printf("# %d of %d had an answer when they were killed\n", had, count);
	printf("# %d commands instead of %d\n", asked, all);
	if (ret)
		return ret;
	if (count - had < 4 * AT_ONCE)
		return TOO_SLOW;
	return asked < all - (count - had) + 2 * AT_ONCE ? 0 : -EBADE;
}

/* At request_key(2) nobody can be killed. */
static int give_up(key_serial_t key, int count)
{
	int ret = gather(key, count), timeout, before, had;
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

static int ask_with_blob(void *arg)
{
	const struct bastion_release *args = arg;
	key_serial_t released = sealed_release_args(gate.fd, *args);

	return released < 0 ? -released : 0;
}

/* A crowd of one user's; another one asks when all are there. */
static int be_another(key_serial_t key, int count)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_release args = {
		.blob = (uintptr_t)blob, .type = BASTION_TYPE_USER,
		.keyring = KEY_SPEC_PROCESS_KEYRING, .timeout_ms = BASTION_WAIT_FOREVER,
	};
	int ret = gate_attest(&gate), before, had;

	if (!ret)
		ret = gate_new(&gate, "theirs", "types=user owner=65534");
	if (ret > 0)
		ret = sealed_blob(ret, blob);
	if (ret < 0)
		return ret;
	args.blob_len = ret;
	ret = gather(key, count);
	if (ret)
		return ret;
	before = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	ret = sealed_in_child(sealed_be_nobody, ask_with_blob, &args);
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	printf("# %d of %d had an answer when another user had one (%d)\n", had, count, ret);
	kill_all(count);
	return ret ? -ret : waited_for_none(before, had, count);
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
	int count = argc == 2 ? atoi(argv[1]) : 0, ret, all;
	unsigned int begun;
	key_serial_t key;

	if (count < 1 || count > MANY)
		errx(2, "usage: crowd COUNT");
	answered = mmap(NULL, sizeof(*answered), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setlinebuf(stdout);
	ret = gate_setup(&gate);
	key = ret ? ret : gate_new(&gate, gate.name, "types=user");
	if (answered == MAP_FAILED || key < 0)
		errx(1, "preparing: %s", strerror(-key));
	begun = commands();
	ret = renew(key, count);
	all = commands() - begun;
	result(1, ret, "a grant does not wait for all who ask for keys");
	result(2, end(key, count, all), "who is killed does not ask the chip any more");
	result(3, give_up(key, count), "who asks by request_key(2) does not wait for all of them");
	result(4, be_another(key, count), "nor does another user");
	return gate_teardown(&gate) != 0;
}
