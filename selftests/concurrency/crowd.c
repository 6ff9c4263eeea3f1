// SPDX-License-Identifier: GPL-2.0
/*
 * A crowd whose keys the chip takes its time to open, and who comes while it waits: a grant,
 * somebody at request_key(2), and SIGKILL. To be run with a chip that answers each UNSEAL late, so
 * late that all can ask meanwhile.
 *
 * usage: crowd COUNT
 *
 * Prints three results as TAP without a plan.
 */
#include <sys/mman.h>

#include "gate.h"

#define MANY		400
#define PATIENCE_MS	300000
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
			there += is_in(crowd[i], "bastion_gate_command");
		if (sealed_now_ms() > deadline)
			return -ETIMEDOUT;
	} while (there < count);
	return 0;
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
	int ret = gather(key, count), had;

	if (ret)
		return ret;
	ret = gate_attest(&gate);
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	printf("# %d of %d had an answer when the next grant was accepted (%d)\n", had, count, ret);
	if (disperse(count) || ret)
		return -EIO;
	return had < count / 2 ? 0 : -ETIME;
}

static void kill_all(int count)
{
	for (int i = 0; i < count; i++)
		kill(crowd[i], SIGKILL);
	disperse(count);
}

static int end(key_serial_t key, int count)
{
	int ret = gather(key, count), had;

	if (ret)
		return ret;
	kill_all(count);
	/* Nobody is with the chip any more: how often was it asked, for those who were dead? */
	ret = round_relock(gate.fd);
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	printf("# %d of %d had an answer when they were killed\n", had, count);
	return ret;
}

/* At request_key(2) nobody can be killed. */
static int give_up(key_serial_t key, int count)
{
	int ret = gather(key, count), timeout, had;
	key_serial_t released;

	if (ret)
		return ret;
	timeout = sealed_exchange_number(TIMEOUT, 1);
	released = request_key("user", gate.description, "", KEY_SPEC_PROCESS_KEYRING);
	ret = released < 0 ? -errno : 0;
	had = __atomic_load_n(answered, __ATOMIC_SEQ_CST);
	printf("# %d of %d had an answer when request_key(2) had one (%d)\n", had, count, ret);
	sealed_exchange_number(TIMEOUT, timeout);
	kill_all(count);
	/* ENOKEY when the helper's answer was over before the kernel had seen the helper's end */
	if (ret != -EAGAIN && ret != -ENOKEY)
		return ret ? ret : -EIO;
	return had < count / 2 ? 0 : -ETIME;
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

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0, ret;
	unsigned int before, renewing, ending;
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
	before = commands();
	ret = renew(key, count);
	renewing = commands() - before;
	printf("%sok 1 - a grant does not wait for all who ask for keys\n", ret ? "not " : "");
	printf("# %s\n", strerror(-ret));
	before = commands();
	ret = end(key, count);
	ending = commands() - before;
	/* Each that the first crowd asked was asked for one of it, and a few more were. */
	printf("%sok 2 - who is killed does not ask the chip any more\n",
	       ret || ending > renewing - count / 2 ? "not " : "");
	printf("# %s, %u commands instead of %u\n", strerror(-ret), ending, renewing);
	ret = give_up(key, count);
	printf("%sok 3 - who asks by request_key(2) does not wait for all of them\n", ret ? "not " : "");
	printf("# %s\n", strerror(-ret));
	return gate_teardown(&gate) != 0;
}
