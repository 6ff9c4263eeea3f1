// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, for some time: rounds, relocks, verifiers that come and go, keys that
 * are made, released by both doors, used, and that die in each way there is; users who ask,
 * some of them in namespaces of their own, and may do nothing else; every file that
 * is there to be read; and a second chip, which is unbound and bound, removed and found, and loses
 * its power all the while. Then the first loses its power, and at last is unbound as well, in the
 * middle of it. With a TPM there is no second, and none of that is done to the first.
 *
 * usage: storm SECONDS
 *
 * Whoever runs it takes the chips' power when it is asked to (chips.h).
 *
 * Prints TAP without a plan. Whatever a worker is told that its row does not list is a failure.
 */
#include <sys/mman.h>

#include "become.h"
#include "chip.h"
#include "chips.h"
#include "files.h"
#include "gate.h"
#include "keys.h"
#include "sign.h"

#define FIRST_UID	72000
#define PATIENCE_S	120	/* until all have noticed that it is over: longer than a command may take */
#define SLOW_S		600	/* until each has had its turn */
#define ERRORS_MAX	16
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* What happens to the first chip */
enum stage { NOTHING, LOSES_POWER, GOES };

/**
 * struct storm - shared by all workers
 * @stage:	what happens
 * @stop:	it is over
 * @blobs:	sealed keys: uid 0's, and each user's
 * @pair:	a key pair's
 * @spare:	a verifier that comes and goes
 * @kept:	a keyring that outlives whoever put a released key of uid 0's there; a user's keyring does
 * @kept_count:	how many have: of uid 0, and of all users
 * @files:	how many were read, of each place
 * @tally:	what each kind of worker has seen; @error is the first that was wrong
 */
struct storm {
	enum stage stage;
	bool stop, calm;
	struct gate gate;
	struct { uint8_t bytes[BASTION_BLOB_MAX]; int len; } blobs[3], pair;
	struct round_verifier spare;
	char first[32], second[32];
	key_serial_t kept;
	unsigned int kept_count[2], files[FILES_PLACES];
	struct tally {
		unsigned int done, refused, wrong;
		int error;
	} tally[32];
};

static struct storm *storm;

static enum stage stage(void)
{
	return __atomic_load_n(&storm->stage, __ATOMIC_ACQUIRE);
}

static bool is_over(void)
{
	return __atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE);
}

/* Up to @ms, so that nothing goes in step. */
static void pause_up_to(unsigned int ms)
{
	usleep(rand() % (1000 * ms));
}

/* Before the second chip is disturbed: who uses it on a slow machine needs longer for that, in the end. */
static void leave_second(unsigned int ms)
{
	pause_up_to(__atomic_load_n(&storm->calm, __ATOMIC_RELAXED) ? 10 * ms : ms);
}

/* Workers. Each does one thing once: 0 or -errno. */

static int attest(void)
{
	/* Of a TPM's grant a few seconds are lost. */
	return round_open_gate(storm->gate.fd, &storm->gate.verifier, "prod",
			       BY_CHIP(2, 10) + rand() % 5);
}

/* Mostly with a grant, which a slow chip takes long to get to, else in the middle of a round. */
static void await_grant(void)
{
	if (rand() % 4)
		round_wait_state(BASTION_STATE_ATTESTED, 20000);
}

static int relock(void)
{
	await_grant();
	pause_up_to(3000);
	return round_relock(storm->gate.fd);
}

static int change_verifiers(void)
{
	int ret;

	await_grant();
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

/* It must end with its grant, and not only with whoever has it. */
static void keep(key_serial_t key, key_serial_t keyring)
{
	if (keyring && rand() % 2 && !keyctl_link(key, keyring))
		__atomic_add_fetch(&storm->kept_count[keyring != storm->kept], 1, __ATOMIC_RELAXED);
}

static key_serial_t release_blob(int fd, int which)
{
	bool wait = rand() % 2;

	return sealed_release_args(fd, (struct bastion_release){
		.blob = (uintptr_t)storm->blobs[which].bytes, .blob_len = storm->blobs[which].len,
		.type = rand() % 2 ? BASTION_TYPE_LOGON : BASTION_TYPE_USER,
		.keyring = KEY_SPEC_PROCESS_KEYRING,
		.flags = wait ? 0 : BASTION_RELEASE_NOWAIT, .timeout_ms = wait ? 300 : 0 });
}

/* Where what this worker was given outlives it; 0: nowhere */
static key_serial_t keeps;

static int release(void)
{
	key_serial_t key = release_blob(storm->gate.fd, 0);

	if (key < 0)
		return key;
	keep(key, keeps);
	let_die(key);
	return 0;
}

/* As a user, who may ask, and administer nothing, with a file of its own or with root's. */
static int ask(void)
{
	int fd = round_open(), ret;

	/* devtmpfs takes everybody's permissions from a node before it takes the node. */
	if (fd < 0)
		return fd == -EACCES ? -ENOENT : fd;
	ret = round_relock(fd);
	if (ret == -EPERM)
		ret = round_relock(storm->gate.fd);
	if (ret == -EPERM) {
		ret = release_blob(fd, 1);
		if (ret > 0) {
			keep(ret, keeps);
			let_die(ret);
		}
		ret = ret < 0 ? ret : 0;
	} else if (!ret) {
		ret = -EBADE;
	}
	close(fd);
	return ret;
}

/* By the other door, in a process of its own, whose session keyring dies with it. */
static int request_as(void *arg)
{
	int which = *(int *)arg;
	uid_t uid = FIRST_UID + which - 1;
	key_serial_t key;

	if (sealed_be_user(uid) || keyctl_join_session_keyring(NULL) < 0)
		return 255;
	key = sealed_load(storm->gate.name, storm->blobs[which].bytes, storm->blobs[which].len,
			  KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return -key;
	if (rand() % 4 == 0)
		keyctl_set_timeout(key, 1);
	key = request_key("logon", storm->gate.description, rand() % 2 ? "nowait" : "",
			  KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return errno;
	keep(key, KEY_SPEC_USER_KEYRING);
	return 0;
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

static int read_files(void)
{
	int ret = files_read(storm->files);

	return ret == -ENODATA && stage() == GOES ? 0 : ret;
}

static int rebind(void)
{
	int ret = chips_drive("unbind", storm->second);

	pause_up_to(100);
	if (!ret)
		ret = chips_drive("bind", storm->second);
	leave_second(600);
	return ret;
}

static int replug(void)
{
	int ret, found;

	leave_second(2000);
	ret = chips_remove(storm->second);
	pause_up_to(200);
	found = chips_rescan();
	return ret ? ret : found;
}

static int power(void)
{
	leave_second(4000);
	return chips_cycle_power(1);
}

static int use_second(void)
{
	struct bastion_info info = { .size = sizeof(info) };
	struct bastion_round_begin begin = { .size = sizeof(begin) };
	char path[64];
	int fd, ret = chips_find_other(path);

	if (ret)
		return ret;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	memcpy(begin.verifier, storm->spare.digest, sizeof(begin.verifier));
	ret = round_verifier_add(fd, &storm->spare);
	if (!ret)
		ret = round_ioctl(fd, BASTION_IOC_ROUND_BEGIN, &begin);
	if (!ret || ret == -EEXIST || ret == -EBUSY)
		ret = round_relock(fd);
	if (!ret)
		ret = round_ioctl(fd, BASTION_IOC_INFO, &info);
	if (!ret)
		ret = round_verifier_remove(fd, &storm->spare);
	close(fd);
	return ret;
}

/* Who asks. Each 0, or -1. */

static int be_user(void)
{
	return become_user(FIRST_UID);
}

static int be_root_of_namespace(void)
{
	return be_user() ? -1 : become_in_namespace(0);
}

static int be_container(void)
{
	return be_root_of_namespace() ? -1 : become_contained();
}

/**
 * struct worker - a row: what is done, by whom, by how many, and what they may be told
 * @become:	who they are, if not root
 * @needed:	at least one of them must have succeeded
 */
static const struct worker {
	const char *name;
	int (*once)(void);
	int (*become)(void);
	int count;
	bool needed;
	int errors[ERRORS_MAX];
} workers[] = {
	{ "attest", attest, NULL, 2, true,
	  { EBUSY, ESTALE, EAGAIN, ENOKEY, EKEYREJECTED } },
	{ "relock", relock, NULL, 1, true, { } },
	{ "verifiers", change_verifiers, NULL, 1, true, { } },
	{ "extend", extend, NULL, 1, true, { ENOSPC } },
	{ "release", release, NULL, 4, true,
	  { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED } },
	{ "request", request, NULL, 4, true,
	  { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED, ENOKEY } },
	{ "make", make, NULL, 1, true, { EAGAIN, EKEYREVOKED, EKEYEXPIRED } },
	{ "sign", sign, NULL, 1, true, { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED } },
	{ "events", read_events, NULL, 1, true, { } },
	{ "user", ask, be_user, 1, true, { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED } },
	{ "namespace", ask, be_root_of_namespace, 1, true,
	  { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED } },
	{ "container", ask, be_container, 1, true,
	  { EAGAIN, ETIMEDOUT, EKEYREVOKED, EKEYEXPIRED } },
	{ "files", read_files, NULL, 2, true, { } },
	{ "rebind", rebind, NULL, 1, true, { ENODEV, EBUSY, EIO, ETIMEDOUT } },
	{ "replug", replug, NULL, 1, true, { } },
	{ "power", power, NULL, 1, true, { } },
	{ "second", use_second, NULL, 2, true,
	  { ENODEV, ENOENT, ENXIO, EEXIST, ENOKEY, EBUSY, ESTALE, EAGAIN, EIO, ESHUTDOWN } },
};

/* A TPM signs nothing, and has no second one beside it. */
static bool is_wanted(const struct worker *worker)
{
	return !chip_is_tpm() ||
	       (worker->once != sign && worker->once != rebind && worker->once != replug &&
		worker->once != power && worker->once != use_second);
}

/*
 * What all may be told besides. A chip that has lost its power has failed until it is what it was
 * again, and a verifier that was added may not be removed. Once the first chip goes, nothing is to
 * be had of it. To the other, which is all that a helper of request_key(2) finds then, what it has
 * sealed is no blob of its own.
 */
static const int also[][8] = {
	[LOSES_POWER] = { EIO, ESTALE, EEXIST },
	[GOES] = { ENODEV, ENOENT, ENXIO, ESHUTDOWN, ENOKEY, EBADMSG },
};

static bool may_be_told(const struct worker *worker, int error)
{
	const int *stages = also[stage()];

	for (unsigned int i = 0; i < ARRAY_SIZE(also[0]) && stages[i]; i++)
		if (stages[i] == error)
			return true;
	for (int i = 0; i < ERRORS_MAX && worker->errors[i]; i++)
		if (worker->errors[i] == error)
			return true;
	return false;
}

static void work(const struct worker *worker)
{
	struct tally *tally = &storm->tally[worker - workers];
	int none = 0;

	srand(getpid());
	if (worker->become && worker->become())
		err(1, "%s", worker->name);
	/* A user's in a namespace of its own is another, which nobody finds afterwards. */
	keeps = !worker->become ? storm->kept : worker->become == be_user ? KEY_SPEC_USER_KEYRING : 0;
	keyctl_join_session_keyring(NULL);
	while (!is_over()) {
		int ret = worker->once();

		if (!ret) {
			__atomic_add_fetch(&tally->done, 1, __ATOMIC_RELAXED);
		} else if (may_be_told(worker, -ret)) {
			__atomic_add_fetch(&tally->refused, 1, __ATOMIC_RELAXED);
			/* Whoever is refused does not keep others from their turn. */
			pause_up_to(50);
		} else {
			__atomic_add_fetch(&tally->wrong, 1, __ATOMIC_RELAXED);
			__atomic_compare_exchange_n(&tally->error, &none, -ret, false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
			none = 0;
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
	if (!chip_is_tpm() && (chips_find_device("bastion0", storm->first) ||
			       chips_find_device("bastion1", storm->second)))
		errx(1, "no two chips");
	storm->kept = add_key("keyring", "storm", NULL, 0, KEY_SPEC_SESSION_KEYRING);
	if (storm->kept < 0 || keyctl_setperm(storm->kept, KEY_POS_ALL | KEY_USR_ALL))
		err(1, "a keyring");
	/* It is not the quota that is to refuse. */
	sealed_exchange_number("/proc/sys/kernel/keys/maxkeys", 20000);
	sealed_exchange_number("/proc/sys/kernel/keys/maxbytes", 10000000);
	/* Who waits must see the end; keys that are dead go at once. */
	sealed_exchange_number("/sys/class/bastion/bastion0/release_timeout", 2);
	sealed_exchange_number("/proc/sys/kernel/keys/gc_delay", 1);
}

static int users_live(void *arg)
{
	return become_user(*(uid_t *)arg) || count_live(KEY_SPEC_USER_KEYRING);
}

/* Of all that were kept, by whoever has ended. There must be some once there was time enough. */
static bool all_dead(bool in_time)
{
	unsigned int *kept = storm->kept_count;
	bool some = !in_time || (kept[0] && kept[1]);

	printf("# %u and %u released keys were kept\n", kept[0], kept[1]);
	for (uid_t uid = FIRST_UID; uid < FIRST_UID + 2; uid++)
		if (sealed_in_child(NULL, users_live, &uid))
			return false;
	kept[0] = kept[1] = 0;
	return some && !count_live(storm->kept);
}

/* Has each worker that is wanted had an answer, or rather success, where it is needed? */
static bool all_have(bool succeeded)
{
	bool all = true, any;

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		const struct tally *tally = &storm->tally[i];

		any = __atomic_load_n(&tally->done, __ATOMIC_RELAXED);
		if (succeeded)
			any |= !workers[i].needed;
		else
			any |= __atomic_load_n(&tally->refused, __ATOMIC_RELAXED) ||
			       __atomic_load_n(&tally->wrong, __ATOMIC_RELAXED);
		all &= any || !is_wanted(&workers[i]);
	}
	return all;
}

/* For so long, and on, less wildly, until each worker that must has done something. */
static void rage(int seconds)
{
	bool all = false;

	for (int i = 0; i < seconds + SLOW_S && (i < seconds || !all); i++) {
		sleep(1);
		__atomic_store_n(&storm->calm, i + 1 >= seconds, __ATOMIC_RELAXED);
		all = storm->kept_count[0] && storm->kept_count[1] && all_have(true);
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

	__atomic_store_n(&storm->stop, true, __ATOMIC_RELEASE);
	alarm(PATIENCE_S);
	for (int i = 0; i < started; i++)
		all &= waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status);
	alarm(0);
	started = 0;
	return all;
}

static void print_rows(bool wrong)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		const struct tally *tally = &storm->tally[i];

		if (!tally->wrong != wrong)
			printf("# %-10s %u done, %u refused, %u wrong: %s\n", workers[i].name,
			       tally->done, tally->refused, tally->wrong,
			       wrong ? strerror(tally->error) : "none");
	}
}

/*
 * What the rows say, against what was seen, as a result, with those that were wrong right behind
 * it. In a short time not all get as far as to succeed.
 */
static int told_right(bool all, const char *name)
{
	bool right = true;
	int failed;

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++)
		right &= !storm->tally[i].wrong && (storm->tally[i].done || !all ||
						    !workers[i].needed || !is_wanted(&workers[i]));
	failed = result(right, name);
	print_rows(true);
	print_rows(false);
	return failed;
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

static bool all_files_read(void)
{
	const unsigned int *files = storm->files;

	printf("# %u attributes, %u files of securityfs, %u parameters were read\n",
	       files[FILES_OF_CLASS], files[FILES_OF_SECURITYFS], files[FILES_OF_PARAMETERS]);
	return files[FILES_OF_CLASS] && files[FILES_OF_SECURITYFS] && files[FILES_OF_PARAMETERS];
}

/* Two seconds after each that is wanted has had an answer: false when that takes too long. */
static bool all_have_begun(void)
{
	int tenths = 0;

	while (!all_have(false) && tenths++ < 10 * SLOW_S)
		usleep(100000);
	usleep(2000000);
	return tenths <= 10 * SLOW_S;
}

/* Something happens to the first chip when all are at it, a grant may be live, and many wait. */
static bool goes_on(enum stage what, int (*happen)(void))
{
	bool happened = false;

	memset(storm->tally, 0, sizeof(storm->tally));
	__atomic_store_n(&storm->stop, false, __ATOMIC_RELEASE);
	__atomic_store_n(&storm->calm, false, __ATOMIC_RELAXED);
	start();
	if (all_have_begun()) {
		__atomic_store_n(&storm->stage, what, __ATOMIC_RELEASE);
		happened = !happen();
		usleep(500000);
	}
	return stop() && happened;
}

static int lose_power(void)
{
	return chips_cycle_power(0);
}

static int go(void)
{
	return chips_drive("unbind", storm->first);
}

/* Once the chip is what it was, and nobody's verifier is left. */
static bool recovers(void)
{
	int ret = round_wait_state(BASTION_STATE_LOCKED, 1000 * PATIENCE_S);

	if (!ret)
		ret = round_verifier_remove(storm->gate.fd, &storm->spare);
	return (!ret || ret == -ENOKEY) && opens_again();
}

int main(int argc, char **argv)
{
	int seconds = argc == 2 ? atoi(argv[1]) : 0, failed = 0;

	if (seconds < 1)
		errx(2, "usage: storm SECONDS");
	prepare();
	start();
	/* The rest is for what happens then. */
	rage(seconds - seconds / 5);
	failed += result(stop(), "all end when they are told to");
	failed += told_right(true, "all were told what they may be");
	failed += result(all_files_read(), "every file was read");
	failed += result(is_locked(), "the gate locks, and nobody waits");
	failed += result(all_dead(true), "what was released is dead");
	failed += result(opens_again(), "the gate opens again, and keys are made and released");
	if (chip_is_tpm())
		return failed;
	failed += result(!chips_await_other(storm->second), "the second chip is there");
	failed += result(goes_on(LOSES_POWER, lose_power),
			 "a chip may lose its power in the middle of it, and all end");
	failed += told_right(false, "and are told that it has failed, and nothing else");
	failed += result(recovers(), "and it recovers");
	failed += result(is_locked() && all_dead(false), "without what was released before");
	failed += result(goes_on(GOES, go) && round_state(storm->gate.fd) == -ENODEV,
			 "a chip may go in the middle of it, and all end");
	failed += told_right(false, "and are told that it is gone, and nothing else");
	failed += result(all_dead(false), "and with it, what was released");
	failed += result(!chips_drive("bind", storm->first), "and comes back");
	return failed;
}
