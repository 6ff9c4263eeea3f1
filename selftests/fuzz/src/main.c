// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <pthread.h>
#include <sys/mman.h>

#include "chip.h"
#include "fuzz.h"

#define THREADS_MAX	2
#define PHASE_MIN_MS	2000
#define PHASE_MAX_MS	6000
/* To die in: the longest that a chip may keep a command, several times. */
#define DEATH_MS	120000
/* For a chip that was reset to be itself again. */
#define PEACE_MS	120000
#define TRUTH		"truth"
#define PARAMETERS	"/sys/module/bastion/parameters/"
#define TIMEOUT		"/sys/class/bastion/bastion0/release_timeout"

/* Who takes part. */
static const struct worker {
	int (*become)(void);
	unsigned int threads;
} workers[] = {
	{ NULL, 2 },
	{ NULL, 1 },
	{ sealed_be_nobody, 2 },
	{ sealed_drop_sys_admin, 1 },
	{ sealed_be_container_root, 1 },
};

#define WORKERS	(sizeof(workers) / sizeof(workers[0]))
_Static_assert(WORKERS == FUZZ_WORKERS, "keys are remembered of each");

static const struct operation {
	const char *name;
	void (*run)(struct fuzz *f);
	unsigned int weight;
	bool privileged;
} operations[] = {
	{ "ioctl", fuzz_ioctl, 40, false },
	{ "round", fuzz_round, 6, true },
	{ "add", fuzz_add_key, 16, false },
	{ "update", fuzz_update_key, 4, false },
	{ "keyctl", fuzz_keyctl, 10, false },
	{ "sign", fuzz_sign, 4, false },
	{ "request", fuzz_request_key, 2, false },
	{ "file", fuzz_file, 12, false },
};

#define AGENT		1	/* of the workers */
#define AGENT_DOES	1	/* rounds, or new keys */
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/**
 * struct options - of the command line
 * @seed:	of everything
 * @seconds:	how long; 0 with @commands
 * @first:	phase to begin with
 * @hostile:	the chip misbehaves meanwhile
 * @single:	one thread, root's
 * @trace:	say each step
 */
struct options {
	uint64_t seed;
	unsigned int seconds;
	unsigned int first;
	bool hostile;
	bool single;
	bool trace;
};

static struct round_verifier verifiers[FUZZ_VERIFIERS];

/* The same for the same four numbers, and little else. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	struct fuzz_random random = { .state = a ^ b * 0xd1342543de82ef95ull };

	return fuzz_next(&random);
}

static const struct operation *some_operation(struct fuzz *f)
{
	uint32_t all = 0, at;

	for (size_t i = 0; i < OPERATIONS; i++)
		all += operations[i].weight;
	at = fuzz_below(&f->random, all);
	for (size_t i = 0; i < OPERATIONS; i++) {
		if (at < operations[i].weight)
			return &operations[i];
		at -= operations[i].weight;
	}
	return operations;
}

static void step(struct fuzz *f)
{
	const struct operation *operation;
	uint64_t thread = mix(mix(f->seed, f->phase), f->worker * THREADS_MAX + f->thread);

	f->random.state = mix(thread, ++f->step);
	operation = some_operation(f);
	/* One who mostly attests, and does nothing that would end a grant. */
	if (f->worker == AGENT)
		operation = &operations[AGENT_DOES + fuzz_below(&f->random, 2)];
	if (operation->privileged && !f->privileged)
		operation = operations;
	f->what = operation->name;
	if (f->trace) {
		printf("phase %u worker %u thread %u step %lu: %s\n", f->phase, f->worker,
		       f->thread, f->step, f->what);
		fflush(stdout);
	}
	operation->run(f);
}

static void *thread_main(void *arg)
{
	struct fuzz *f = arg;

	f->fds[0] = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC);
	f->fds[1] = open(ROUND_DEVICE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	f->fds[2] = open("/dev/null", O_RDWR | O_CLOEXEC);
	f->fds[3] = -1;
	for (unsigned int i = 0; i < FUZZ_ARENAS; i++)
		fuzz_arena_init(&f->arenas[i]);
	if (f->fds[0] < 0 || f->fds[1] < 0 || f->fds[2] < 0)
		err(1, "open");
	for (;;)
		step(f);
	return NULL;
}

/* Ends when it is killed, and with its parent at the latest. */
static void worker_main(const struct fuzz *common, unsigned int number)
{
	const struct worker *worker = &workers[number];
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((worker->become && worker->become()) || keyctl_join_session_keyring(NULL) < 0 ||
	    keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING) < 0)
		err(1, "worker %u", number);
	/* Credentials that change take this away. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = 0; i < worker->threads; i++) {
		struct fuzz *f = malloc(sizeof(*f));

		*f = *common;
		f->worker = number;
		f->thread = i;
		f->privileged = !worker->become;
		if (common->trace || i + 1 == worker->threads)
			thread_main(f);
		else if (pthread_create(&thread, NULL, thread_main, f))
			errx(1, "no thread");
	}
}

static void write_number(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

/* Strikes off everybody but @keep, which may be NULL: 0 or -errno. */
static int remove_verifiers(int fd, const struct round_verifier *keep)
{
	struct bastion_verifier_list list = { .size = sizeof(list) };
	struct bastion_verifier_remove args = { .size = sizeof(args) };
	int ret = round_ioctl(fd, BASTION_IOC_VERIFIER_LIST, &list);

	for (uint32_t i = 0; !ret && i < list.count; i++) {
		memcpy(args.digest, list.entries[i].digest, sizeof(args.digest));
		if (!keep || memcmp(args.digest, keep->digest, sizeof(args.digest)))
			ret = round_ioctl(fd, BASTION_IOC_VERIFIER_REMOVE, &args);
	}
	return ret;
}

/* A gate as phases begin with: one verifier, who has stored the log, so that it is trimmed. */
static int begin_well(int fd)
{
	int ret = remove_verifiers(fd, verifiers);

	if (!ret)
		ret = round_verifier_add(fd, verifiers);
	if (ret && ret != -EEXIST)
		return ret;
	return fuzz_attest(fd, verifiers, 60);
}

/* Makes the key whose secret is known, or looks whether it still is what it was: 0 or -errno. */
static int tell_truth(int fd, struct fuzz_truth *truth)
{
	uint8_t secret[BASTION_SECRET_MAX];
	int len;

	if (!truth->serial) {
		truth->serial = sealed_new(verifiers, FUZZ_LABEL, TRUTH, "types=user,logon",
					   KEY_SPEC_SESSION_KEYRING);
		if (truth->serial < 0)
			return truth->serial;
		truth->blob.len = sealed_blob(truth->serial, truth->blob.bytes);
	}
	/* Where request_key(2) finds it, unless somebody unlinks it. */
	if (keyctl_link(truth->serial, KEY_SPEC_USER_KEYRING) < 0)
		return -errno;
	len = sealed_bytes(fd, truth->serial, secret);
	if (len < 0)
		return len;
	if (!truth->len) {
		memcpy(truth->secret, secret, len);
		truth->len = len;
	}
	return len != truth->len || memcmp(secret, truth->secret, len) ? -EBADMSG : 0;
}

/* Locked, and of this boot of the chip's, which it says before it is locked; 0 is any. */
static bool has_recovered(const struct bastion_event *event, uint32_t boot_count)
{
	FILE *file = fopen("/sys/class/bastion/bastion0/boot_count", "r");
	uint32_t now = 0;

	if (file && fscanf(file, "%u", &now) != 1)
		now = 0;
	if (file)
		fclose(file);
	return event->state == BASTION_STATE_LOCKED && (!boot_count || now == boot_count);
}

/* With a chip that is well: everything works, or else it is a violation. */
static void in_peace(struct fuzz *f, int fd, uint32_t boot_count)
{
	bool hostile = f->shared->hostile;
	int ret = round_wait(has_recovered, boot_count, PEACE_MS);

	f->shared->hostile = false;
	f->what = "in peace";
	if (!ret)
		ret = begin_well(fd);
	if (!ret)
		ret = tell_truth(fd, &f->shared->truth);
	if (!ret)
		ret = round_relock(fd);
	if (ret)
		fuzz_violation(f, "%s, state %d", strerrorname_np(-ret), round_state(fd));
	f->shared->hostile = hostile;
}

static void kill_workers(struct fuzz *f, const pid_t *pids, unsigned int count)
{
	long long deadline = sealed_now_ms() + DEATH_MS;

	for (unsigned int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (unsigned int i = 0; i < count; i++) {
		int status = 0;
		pid_t pid;

		while (!(pid = waitpid(pids[i], &status, WNOHANG)) && sealed_now_ms() < deadline)
			poll(NULL, 0, 10);
		if (!pid)
			fuzz_violation(f, "worker %u does not die", i);
		else if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			fuzz_violation(f, "worker %u died by itself: %#x", i, status);
	}
}

static void run_phase(struct fuzz *f, const struct options *options, int fd, unsigned int ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	long long end = sealed_now_ms() + ms, left;
	unsigned int count = options->single ? 1 : WORKERS;
	pid_t pids[WORKERS];

	f->what = "phase";
	/* They went with the keyrings of who was killed. */
	memset(f->shared->sealed, 0, sizeof(f->shared->sealed));
	for (unsigned int i = 0; i < count; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			worker_main(f, i);
			_exit(1);
		}
		if (pids[i] < 0)
			err(1, "fork");
	}
	while ((left = end - sealed_now_ms()) > 0)
		if (poll(&wait, 1, left) > 0)
			fuzz_event(f, fd);
	kill_workers(f, pids, count);
	fuzz_settle(f);
	f->phase++;
}

static unsigned int phase_ms(const struct fuzz *f)
{
	return PHASE_MIN_MS + mix(f->seed, f->phase) % (PHASE_MAX_MS - PHASE_MIN_MS);
}

static void run_for(struct fuzz *f, const struct options *options, int fd)
{
	long long end = sealed_now_ms() + 1000ll * options->seconds;

	while (sealed_now_ms() < end && !f->shared->violations) {
		in_peace(f, fd, 0);
		run_phase(f, options, fd, phase_ms(f));
	}
	in_peace(f, fd, 0);
}

/* The host says when the chip is well, and when it is not. */
static void run_commands(struct fuzz *f, const struct options *options, int fd)
{
	unsigned int before;
	char line[32];

	while (fgets(line, sizeof(line), stdin)) {
		before = f->shared->violations;
		if (!strncmp(line, "peace ", 6))
			in_peace(f, fd, atoi(line + 6));
		else if (!strcmp(line, "phase\n"))
			run_phase(f, options, fd, phase_ms(f));
		else
			break;
		printf("done %u\n", f->shared->violations - before);
		fflush(stdout);
	}
}

static int begin(struct fuzz *f, const struct options *options)
{
	int fd = round_open();

	if (fd < 0)
		errx(1, ROUND_DEVICE ": %s", strerrorname_np(-fd));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	write_number(PARAMETERS "trim_above", "0");
	write_number(TIMEOUT, "1");
	if (sealed_install_helper())
		errx(1, "the request-key helper cannot be installed");
	if (keyctl_join_session_keyring(NULL) < 0)
		err(1, "no session keyring");
	for (unsigned int i = 0; i < FUZZ_VERIFIERS; i++)
		round_verifier_make(&verifiers[i]);
	*f = (struct fuzz){ .seed = options->seed, .phase = options->first,
			    .verifiers = verifiers, .privileged = true, .trace = options->trace };
	f->shared = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f->shared == MAP_FAILED)
		err(1, "mmap");
	f->shared->hostile = options->hostile;
	f->shared->is_tpm = chip_is_tpm();
	return fd;
}

static int end(struct fuzz *f, int fd)
{
	const struct fuzz_shared *shared = f->shared;
	int ret = remove_verifiers(fd, NULL);

	f->what = "end";
	if (ret)
		fuzz_violation(f, "%s", strerrorname_np(-ret));
	keyctl_unlink(shared->truth.serial, KEY_SPEC_USER_KEYRING);
	write_number(TIMEOUT, "60");
	fuzz_print_results(shared);
	printf("%lu steps, %lu released, %lu of them true, %u phases, %u violations\n",
	       shared->steps, shared->releases, shared->true_releases, f->phase,
	       shared->violations);
	return shared->violations ? 1 : 0;
}

static void usage(void)
{
	fputs("usage: fuzz --seed N (--seconds N | --hostile) [--phase N] [--single] [--trace]\n\n"
	      "  --seconds N  with a chip that is well\n"
	      "  --hostile    with one that is not; the lines \"phase\", \"peace N\" (the chip\n"
	      "               is well, and in its boot N) and \"end\" on standard input say what is next\n"
	      "  --phase N    begins with this one: what happens in it is the same\n"
	      "  --single     one thread\n"
	      "  --trace      says what it is about to do\n", stderr);
	exit(2);
}

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },  { "seconds", required_argument, NULL, 'n' },
		{ "phase", required_argument, NULL, 'p' }, { "hostile", no_argument, NULL, 'h' },
		{ "single", no_argument, NULL, '1' },	   { "trace", no_argument, NULL, 't' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			options->seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options->seconds = atoi(optarg);
			break;
		case 'p':
			options->first = atoi(optarg);
			break;
		case 'h':
			options->hostile = true;
			break;
		case '1':
			options->single = true;
			break;
		case 't':
			options->trace = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || !options->seconds == !options->hostile)
		usage();
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct fuzz *f = calloc(1, sizeof(*f));
	int fd;

	parse(argc, argv, &options);
	printf("seed %llu\n", (unsigned long long)options.seed);
	fflush(stdout);
	fd = begin(f, &options);
	if (options.hostile)
		run_commands(f, &options, fd);
	else
		run_for(f, &options, fd);
	return end(f, fd);
}
