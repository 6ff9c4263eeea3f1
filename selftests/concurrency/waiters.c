// SPDX-License-Identifier: GPL-2.0
/*
 * Many who wait in the ioctl, and one grant: until it comes none has a key, then all
 * have theirs, and it is the right one.
 *
 * usage: waiters COUNT
 *
 * Prints two results as TAP without a plan.
 */
#include <pthread.h>

#include "gate.h"

#define STACK_SIZE	(16 << 10)
/* KiB of one: its kernel stack, its keys and keyring; with KASAN, what checks them, too. */
#define COST		40
#define COST_KASAN	128
#define SECRET_SIZE	32
#define PATIENCE_MS	600000
#define PIDS		32768	/* as many as a kernel with CONFIG_BASE_SMALL has */

/**
 * struct crowd - what all its threads have in common
 * @secret:	what every one is to get
 * @asked:	how often they did, once they were answered
 * @given:	who have got it
 * @error:	of any that did not
 */
static struct crowd {
	struct gate gate;
	key_serial_t key;
	uint8_t secret[BASTION_SECRET_MAX];
	unsigned int asked, given;
	int error;
} crowd;

/* So many may be too many for the chip, all at once, and are told so: they ask again. */
static int get(void)
{
	uint8_t secret[BASTION_SECRET_MAX];
	key_serial_t key;

	do {
		key = sealed_release_args(crowd.gate.fd, (struct bastion_release){
			.key = crowd.key, .type = BASTION_TYPE_USER,
			.keyring = KEY_SPEC_THREAD_KEYRING, .timeout_ms = BASTION_WAIT_FOREVER });
		__atomic_add_fetch(&crowd.asked, 1, __ATOMIC_RELAXED);
	} while (key == -EAGAIN);
	if (key < 0)
		return key;
	if (keyctl_read(key, (char *)secret, sizeof(secret)) != SECRET_SIZE)
		return -EBADMSG;
	return memcmp(secret, crowd.secret, SECRET_SIZE) ? -EBADMSG : 0;
}

static void *wait_for_it(void *arg)
{
	int error = get();

	if (error)
		__atomic_store_n(&crowd.error, error, __ATOMIC_RELAXED);
	else
		__atomic_add_fetch(&crowd.given, 1, __ATOMIC_RELAXED);
	return NULL;
}

static unsigned long available_kib(void)
{
	unsigned long kib = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

static bool has_room(unsigned int count)
{
	bool kasan = !system("grep -q ' kasan_report$' /proc/kallsyms");

	return available_kib() / (kasan ? COST_KASAN : COST) > count;
}

static int prepare(void)
{
	int ret = gate_setup(&crowd.gate);

	if (ret)
		return ret;
	crowd.key = gate_new(&crowd.gate, crowd.gate.name, "types=user");
	if (crowd.key < 0)
		return crowd.key;
	ret = sealed_bytes(crowd.gate.fd, crowd.key, crowd.secret);
	if (ret != SECRET_SIZE)
		return ret < 0 ? ret : -EBADMSG;
	return round_relock(crowd.gate.fd);
}

static int gather(pthread_t *threads, unsigned int count)
{
	pthread_attr_t attr;
	int error = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (unsigned int i = 0; i < count && !error; i++)
		error = -pthread_create(&threads[i], &attr, wait_for_it, NULL);
	pthread_attr_destroy(&attr);
	return error ? error : round_wait_waiters(count, PATIENCE_MS);
}

/* As many may take longer than a grant lasts. */
static void join(pthread_t *threads, unsigned int count)
{
	struct timespec until;
	int ret;

	for (unsigned int i = 0; i < count;) {
		ret = gate_keep_open(&crowd.gate);
		if (ret)
			errx(1, "attesting again: %s", strerror(-ret));
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		i += !pthread_timedjoin_np(threads[i], NULL, &until);
	}
}

int main(int argc, char **argv)
{
	unsigned int count = argc == 2 ? atoi(argv[1]) : 0;
	pthread_t *threads = calloc(count, sizeof(*threads));
	unsigned long before;
	int ret;

	if (!count || !threads)
		errx(2, "usage: waiters COUNT");
	if (!has_room(count)) {
		printf("ok 1 - all wait # SKIP too little memory for %u\n", count);
		printf("ok 2 - one grant wakes all # SKIP too little memory for %u\n", count);
		return 0;
	}
	sealed_exchange_number("/proc/sys/kernel/threads-max", 6 * count + 1000);
	sealed_exchange_number("/proc/sys/kernel/pid_max", PIDS);
	sealed_exchange_number("/proc/sys/vm/max_map_count", 6 * count + 65530);
	ret = prepare();
	if (ret)
		errx(1, "preparing: %s", strerror(-ret));
	before = available_kib();
	ret = gather(threads, count);
	printf("# each takes %ld KiB\n", (long)(before - available_kib()) / (long)count);
	printf("%sok 1 - %u wait\n", ret || crowd.asked ? "not " : "", count);
	if (ret)
		errx(1, "gathering: %s, %d wait", strerror(-ret), sealed_waiters());
	ret = gate_attest(&crowd.gate);
	if (ret)
		errx(1, "attesting: %s", strerror(-ret));
	join(threads, count);
	printf("%sok 2 - one grant wakes all, and each has the key\n",
	       crowd.given != count || sealed_waiters() ? "not " : "");
	printf("# %u of %u after asking %u times, error %d\n", crowd.given, count, crowd.asked,
	       crowd.error);
	return gate_teardown(&crowd.gate) || crowd.given != count;
}
