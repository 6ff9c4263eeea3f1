// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, for some time: rounds, relocks, verifiers that come and go, keys that
 * are made, released by both doors, used, and that die in each way there is; every file that
 * is there to be read; and a second chip, which is unbound and bound all the while. Then the
 * first is unbound as well, in the middle of it. With a TPM there is no second, and none is unbound.
 *
 * usage: storm SECONDS
 *
 * Prints TAP without a plan: RESULTS of them. Whatever a worker is told that its row does not
 * list is a failure.
 */
#include <dirent.h>
#include <ftw.h>
#include <sys/mman.h>

#include "chip.h"
#include "gate.h"
#include "sign.h"

#define CLASS		"/sys/class/bastion"
#define DRIVER		"/sys/bus/pci/drivers/bastion"
#define FIRST_UID	72000
#define PATIENCE_S	120	/* until all have noticed that it is over: longer than a command may take */
#define SLOW_S		600	/* until each has had its turn */
#define ERRORS_MAX	16
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/**
 * struct storm - shared by all workers
 * @phase:	0: go on; 1: the first chip goes; 2: stop
 * @blobs:	sealed keys: uid 0's, and each user's
 * @pair:	a key pair's
 * @spare:	a verifier that comes and goes
 * @tally:	what each kind of worker has seen
 */
struct storm {
	int phase;
	struct gate gate;
	struct { uint8_t bytes[BASTION_BLOB_MAX]; int len; } blobs[3], pair;
	struct round_verifier spare;
	char first[32], second[32];
	struct tally {
		unsigned int done, refused, wrong;
		int error;
	} tally[32];
};

static struct storm *storm;

static int phase(void)
{
	return __atomic_load_n(&storm->phase, __ATOMIC_ACQUIRE);
}

/* Up to @ms, so that nothing goes in step. */
static void pause_up_to(unsigned int ms)
{
	usleep(rand() % (1000 * ms));
}

/* Workers. Each does one thing once: 0 or -errno. */

static int attest(void)
{
	/* Of a TPM's grant a few seconds are lost. */
	return round_open_gate(storm->gate.fd, &storm->gate.verifier, "prod",
			       BY_CHIP(2, 10) + rand() % 5);
}

static int relock(void)
{
	pause_up_to(3000);
	return round_relock(storm->gate.fd);
}

static int change_verifiers(void)
{
	int ret;

	pause_up_to(8000);
	ret = round_verifier_add(storm->gate.fd, &storm->spare);
	return ret ? ret : round_verifier_remove(storm->gate.fd, &storm->spare);
}

static int extend(void)
{
	struct bastion_extend args = { .size = sizeof(args), .index = 5, .name = "storm",
				       .data = (uintptr_t)"event", .data_len = 5 };

	pause_up_to(1000);
	return round_ioctl(storm->gate.fd, BASTION_IOC_EXTEND, &args);
}

/* A released key's end: each of those that there are, or none before the grant's. */
static void let_die(key_serial_t key)
{
	char bytes[BASTION_SECRET_MAX];

	keyctl_read(key, bytes, sizeof(bytes));
	switch (rand() % 6) {
	case 0:
		keyctl_revoke(key);
		break;
	case 1:
		keyctl_invalidate(key);
		break;
	case 2:
		keyctl_set_timeout(key, 1);
		break;
	case 3:
		keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
		break;
	case 4:
		keyctl_clear(KEY_SPEC_PROCESS_KEYRING);
		break;
	}
}

static int release(void)
{
	bool wait = rand() % 2;
	key_serial_t key = sealed_release_args(storm->gate.fd, (struct bastion_release){
		.blob = (uintptr_t)storm->blobs[0].bytes, .blob_len = storm->blobs[0].len,
		.type = rand() % 2 ? BASTION_TYPE_LOGON : BASTION_TYPE_USER,
		.keyring = KEY_SPEC_PROCESS_KEYRING,
		.flags = wait ? 0 : BASTION_RELEASE_NOWAIT, .timeout_ms = wait ? 300 : 0 });

	if (key < 0)
		return key;
	let_die(key);
	return 0;
}

/* By the other door, in a process of its own, whose session keyring dies with it. */
static int request_as(void *arg)
{
	int which = *(int *)arg;
	uid_t uid = FIRST_UID + which - 1;
	key_serial_t key;

	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ||
	    keyctl_join_session_keyring(NULL) < 0)
		return 255;
	key = sealed_load(storm->gate.name, storm->blobs[which].bytes, storm->blobs[which].len,
			  KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return -key;
	if (rand() % 4 == 0)
		keyctl_set_timeout(key, 1);
	key = request_key("logon", storm->gate.description, rand() % 2 ? "nowait" : "",
			  KEY_SPEC_SESSION_KEYRING);
	return key < 0 ? errno : 0;
}

static int request(void)
{
	int which = 1 + rand() % 2, ret;

	ret = sealed_in_child(NULL, request_as, &which);
	/* A child that died has been told nothing that is in a row. */
	return ret < 0 ? -ECHILD : -ret;
}

static int make(void)
{
	key_serial_t key = gate_make(&storm->gate, "new 32", sealed_name(), "types=user");

	if (key < 0)
		return key;
	if (rand() % 2)
		keyctl_revoke(key);
	else
		keyctl_unlink(key, KEY_SPEC_SESSION_KEYRING);
	return 0;
}

static int sign(void)
{
	key_serial_t key = sealed_load(storm->gate.name, storm->pair.bytes, storm->pair.len,
				       KEY_SPEC_PROCESS_KEYRING);
	int ret = key < 0 ? key : sign_something(key);

	keyctl_clear(KEY_SPEC_PROCESS_KEYRING);
	return ret < 0 ? ret : 0;
}

static int read_events(void)
{
	struct bastion_event event;
	struct pollfd wait = { .fd = round_open(), .events = POLLIN };
	int ret = wait.fd < 0 ? wait.fd : 0;

	for (int i = 0; i < 20 && !ret; i++)
		if (poll(&wait, 1, 200) > 0)
			ret = read(wait.fd, &event, sizeof(event)) < 0 ? -errno : 0;
	if (wait.fd >= 0)
		close(wait.fd);
	return ret;
}

static int read_error;

/* What is there: a device's files come and go. */
static int read_file(const char *path, const struct stat *stat, int type, struct FTW *where)
{
	char bytes[4096];
	ssize_t n = 0;
	int fd;

	/* An uevent's file is for writing as well; one for writing only cannot be read. */
	if (type != FTW_F || !(stat->st_mode & 0444))
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		read_error = errno == ENOENT ? read_error : -errno;
		return 0;
	}
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		;
	if (n < 0)
		read_error = -errno;
	close(fd);
	return 0;
}

static int read_files(void)
{
	static const char * const parents[] = { CLASS, "/sys/kernel/security" };
	char path[300];

	read_error = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(parents); i++) {
		struct dirent *entry;
		DIR *dir = opendir(parents[i]);

		while (dir && (entry = readdir(dir))) {
			if (strncmp(entry->d_name, "bastion", 7))
				continue;
			/* The slash follows a link, and FTW_PHYS none that comes after it. */
			snprintf(path, sizeof(path), "%s/%s/", parents[i], entry->d_name);
			nftw(path, read_file, 16, FTW_PHYS);
		}
		if (dir)
			closedir(dir);
	}
	read_file("/proc/keys", &(struct stat){ .st_mode = 0444 }, FTW_F, NULL);
	return read_error;
}

static int write_driver(const char *file, const char *device)
{
	char path[64];

	snprintf(path, sizeof(path), DRIVER "/%s", file);
	return sealed_write(path, device);
}

static int rebind(void)
{
	int ret = write_driver("unbind", storm->second);

	pause_up_to(100);
	if (!ret)
		ret = write_driver("bind", storm->second);
	pause_up_to(600);
	return ret;
}

/* Of the chip that comes and goes, whatever it is called by now. */
static int use_second(void)
{
	struct bastion_info info = { .size = sizeof(info) };
	struct bastion_round_begin begin = { .size = sizeof(begin) };
	struct dirent *entry;
	char path[300] = "";
	DIR *dir = opendir(CLASS);
	int fd, ret;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "bastion", 7) && strcmp(entry->d_name, "bastion0"))
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
	if (dir)
		closedir(dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	memcpy(begin.verifier, storm->spare.digest, sizeof(begin.verifier));
	do {
		ret = round_verifier_add(fd, &storm->spare);
		if (!ret)
			ret = round_ioctl(fd, BASTION_IOC_ROUND_BEGIN, &begin);
		if (!ret || ret == -EEXIST || ret == -EBUSY)
			ret = round_relock(fd);
		if (!ret)
			ret = round_ioctl(fd, BASTION_IOC_INFO, &info);
		if (!ret)
			ret = round_verifier_remove(fd, &storm->spare);
	} while (!ret && !phase());
	close(fd);
	return ret;
}

/**
 * struct worker - a row: what is done, by how many, and what they may be told
 * @needed:	at least one of them must have succeeded
 */
static const struct worker {
	const char *name;
	int (*once)(void);
	int count;
	bool needed;
	int errors[ERRORS_MAX];
} workers[] = {
	{ "attest", attest, 2, true,
	  { EBUSY, ESTALE, EAGAIN, ENOKEY, EKEYREJECTED } },
	{ "relock", relock, 1, true, { } },
	{ "verifiers", change_verifiers, 1, true, { } },
	{ "extend", extend, 1, true, { ENOSPC } },
	{ "release", release, 4, true,
	  { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED } },
	{ "request", request, 4, true,
	  { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED, ENOKEY } },
	{ "make", make, 1, true, { EAGAIN, EKEYREVOKED, EKEYEXPIRED } },
	{ "sign", sign, 1, true, { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED } },
	{ "events", read_events, 1, true, { } },
	{ "files", read_files, 2, true, { ENODEV } },
	{ "rebind", rebind, 1, true, { } },
	{ "second", use_second, 2, false, { ENODEV, ENOENT, EEXIST, ENOKEY, EBUSY, ESTALE, EAGAIN, EIO,
	    ESHUTDOWN } },
};

/* A TPM signs nothing, and has no second one beside it. */
static bool is_wanted(const struct worker *worker)
{
	return !chip_is_tpm() ||
	       (worker->once != sign && worker->once != rebind && worker->once != use_second);
}

/*
 * Once the first chip goes, nothing is to be had of it. To the other, which is all that a helper of
 * request_key(2) finds then, what it has sealed is no blob of its own.
 */
static bool may_be_told(const struct worker *worker, int error)
{
	static const int gone[] = { ENODEV, ENOENT, ESHUTDOWN, ENOKEY, EBADMSG };

	for (unsigned int i = 0; phase() && i < ARRAY_SIZE(gone); i++)
		if (error == gone[i])
			return true;
	for (int i = 0; i < ERRORS_MAX && worker->errors[i]; i++)
		if (worker->errors[i] == error)
			return true;
	return false;
}

static void work(const struct worker *worker)
{
	struct tally *tally = &storm->tally[worker - workers];

	srand(getpid());
	keyctl_join_session_keyring(NULL);
	while (phase() < 2) {
		int ret = worker->once();

		if (!ret) {
			__atomic_add_fetch(&tally->done, 1, __ATOMIC_RELAXED);
		} else if (may_be_told(worker, -ret)) {
			__atomic_add_fetch(&tally->refused, 1, __ATOMIC_RELAXED);
			/* Whoever is refused does not keep others from their turn. */
			pause_up_to(50);
		} else {
			__atomic_add_fetch(&tally->wrong, 1, __ATOMIC_RELAXED);
			__atomic_store_n(&tally->error, -ret, __ATOMIC_RELAXED);
		}
	}
	_exit(0);
}

static int result(bool ok, const char *name)
{
	static int number;

	number++;
	printf("%sok %d - %s\n", ok ? "" : "not ", number, name);
	return !ok;
}

static int make_blob(const char *verb, const char *options, uint8_t *blob)
{
	key_serial_t key = gate_make(&storm->gate, verb, storm->gate.name, options);
	int len = key < 0 ? key : sealed_blob(key, blob);

	keyctl_unlink(key, KEY_SPEC_SESSION_KEYRING);
	return len;
}

/* "0000:00:05.0" of the chip that is called @name. */
static void find_device(const char *name, char device[32])
{
	char path[64], link[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), CLASS "/%s/device", name);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		err(1, "%s", path);
	link[len] = '\0';
	snprintf(device, 32, "%.31s", strrchr(link, '/') + 1);
}

static void prepare(void)
{
	char options[48];
	int ret;

	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (storm == MAP_FAILED)
		err(1, "memory");
	ret = gate_setup(&storm->gate);
	if (ret)
		errx(1, "the gate: %s", strerror(-ret));
	round_verifier_make(&storm->spare);
	for (int i = 0; i < 3; i++) {
		snprintf(options, sizeof(options), "types=logon,user owner=%d",
			 i ? FIRST_UID + i - 1 : 0);
		storm->blobs[i].len = make_blob("new 32", options, storm->blobs[i].bytes);
	}
	storm->pair.len = BY_CHIP(make_blob("ecdsa", "", storm->pair.bytes), 0);
	if (storm->blobs[0].len < 0 || storm->blobs[1].len < 0 || storm->blobs[2].len < 0 ||
	    storm->pair.len < 0)
		errx(1, "no keys");
	if (!chip_is_tpm()) {
		find_device("bastion0", storm->first);
		find_device("bastion1", storm->second);
	}
	/* Who waits must see the end; keys that are dead go at once. */
	sealed_exchange_number("/sys/class/bastion/bastion0/release_timeout", 2);
	sealed_exchange_number("/proc/sys/kernel/keys/gc_delay", 1);
}

/* Keys that were released and live: those that the list shows without a word of their end. */
static int count_released(void)
{
	char line[512], flags[16];
	FILE *file = fopen("/proc/keys", "r");
	int count = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, " bastion:") && sscanf(line, "%*x %15s", flags) == 1)
			count += !strchr(flags, 'R') && !strchr(flags, 'i') &&
				 !strstr(line, " expd ") && !strchr(flags, 'N');
	if (file)
		fclose(file);
	return count;
}

/* For so long, and on until each worker that must has done something: the machine may be slow. */
static void rage(int seconds)
{
	bool all = false;

	for (int i = 0; i < seconds + SLOW_S && (i < seconds || !all); i++) {
		sleep(1);
		all = true;
		for (unsigned int j = 0; j < ARRAY_SIZE(workers); j++)
			all &= !workers[j].needed || !is_wanted(&workers[j]) ||
			       __atomic_load_n(&storm->tally[j].done, __ATOMIC_RELAXED);
	}
}

static pid_t pids[64];
static int started;

static void start(void)
{
	fflush(stdout);
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		for (int j = 0; is_wanted(&workers[i]) && j < workers[i].count; j++) {
			pids[started] = fork();
			if (!pids[started])
				work(&workers[i]);
			started++;
		}
	}
}

/* Whether all end by themselves, in time. */
static bool stop(void)
{
	bool all = true;
	int status;

	__atomic_store_n(&storm->phase, 2, __ATOMIC_RELEASE);
	alarm(PATIENCE_S);
	for (int i = 0; i < started; i++)
		all &= waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status);
	alarm(0);
	started = 0;
	return all;
}

/* What the rows say, against what was seen. In a short time not all get as far as to succeed. */
static bool told_right(bool all)
{
	bool right = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		const struct tally *tally = &storm->tally[i];

		printf("# %-10s %u done, %u refused, %u wrong: %s\n", workers[i].name, tally->done,
		       tally->refused, tally->wrong, tally->wrong ? strerror(tally->error) : "none");
		right &= !tally->wrong && (tally->done || !all || !workers[i].needed ||
					   !is_wanted(&workers[i]));
	}
	return right;
}

static bool is_locked(void)
{
	return !round_relock(storm->gate.fd) && !round_wait_waiters(0, 20000) &&
	       round_state(storm->gate.fd) == BASTION_STATE_LOCKED;
}

static bool opens_again(void)
{
	uint8_t bytes[BASTION_SECRET_MAX];

	return !gate_attest(&storm->gate) &&
	       sealed_bytes(storm->gate.fd, gate_new(&storm->gate, sealed_name(), "types=user"),
			    bytes) == 32;
}

/* The chip goes in the middle of it, while a grant may be live and many wait. */
static bool goes_away(void)
{
	bool gone;

	memset(storm->tally, 0, sizeof(storm->tally));
	__atomic_store_n(&storm->phase, 0, __ATOMIC_RELEASE);
	start();
	usleep(2000000);
	__atomic_store_n(&storm->phase, 1, __ATOMIC_RELEASE);
	gone = !write_driver("unbind", storm->first);
	usleep(500000);
	return stop() && gone && round_state(storm->gate.fd) == -ENODEV;
}

int main(int argc, char **argv)
{
	int seconds = argc == 2 ? atoi(argv[1]) : 0, failed = 0;

	if (seconds < 1)
		errx(2, "usage: storm SECONDS");
	prepare();
	start();
	rage(seconds);
	failed += result(stop(), "all end when they are told to");
	failed += result(told_right(true), "all were told what they may be");
	failed += result(is_locked(), "the gate locks, and nobody waits");
	failed += result(!count_released(), "what was released is dead");
	failed += result(opens_again(), "the gate opens again, and keys are made and released");
	if (chip_is_tpm())
		return failed;
	failed += result(goes_away(), "a chip may go in the middle of it, and all end");
	failed += result(told_right(false), "and are told that it is gone, and nothing else");
	failed += result(!count_released(), "and with it, what was released");
	failed += result(!write_driver("bind", storm->first), "and comes back");
	return failed;
}
