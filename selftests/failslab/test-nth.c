// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation, and every copy from and to user space, of each operation
 * fails once: the first, then the second, until the operation gets by with as
 * many as it needs. Each time it says so with a clean error, or does without; the
 * gate does not take another state for it; nothing half made is left; and the
 * same works right afterwards. What leaks is found when the module is unloaded.
 *
 * Needs a kernel with fault injection (make check-debug); skipped without.
 */
#include "chip.h"
#include "gate.h"
#include "sign.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_SESSION_KEYRING
#define DEBUGFS	"/sys/kernel/debug/"
/* More than any operation takes: what goes on for longer never ends. */
#define NTH_MAX	2000

/** struct state - what operations work on, and leave */
struct state {
	struct gate gate;
	struct round_verifier other;
	struct round round;
	struct round_grant grant;
	struct bastion_release release;
	key_serial_t sealed, pair, made;
	uint8_t blob[BASTION_BLOB_MAX], digest[BASTION_DIGEST_SIZE], signature[SIGN_DER_MAX];
	int signature_len;
	char text[16 + 2 * BASTION_BLOB_MAX], buffer[16384];
};

/* Operations: a system call each, and hardly more. 0 or what it made, or -errno. */

static long errno_of(long ret)
{
	return ret < 0 ? -errno : ret;
}

static long do_open(struct state *s)
{
	int fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long do_info(struct state *s)
{
	struct bastion_info info = { .size = sizeof(info) };

	return round_ioctl(s->gate.fd, BASTION_IOC_INFO, &info);
}

static long do_list(struct state *s)
{
	struct bastion_verifier_list list = { .size = sizeof(list) };

	return round_ioctl(s->gate.fd, BASTION_IOC_VERIFIER_LIST, &list);
}

static long do_add(struct state *s)
{
	struct bastion_verifier_add args = { .size = sizeof(args) };

	memcpy(args.key, s->other.point, sizeof(args.key));
	return round_ioctl(s->gate.fd, BASTION_IOC_VERIFIER_ADD, &args);
}

static long do_remove(struct state *s)
{
	return round_verifier_remove(s->gate.fd, &s->other);
}

static long do_begin(struct state *s)
{
	return round_begin(&s->round, s->gate.fd, &s->gate.verifier);
}

static long do_quote(struct state *s)
{
	struct bastion_quote *quote = &s->round.quote;

	*quote = (struct bastion_quote){
		.size = sizeof(*quote), .nonce_len = 32, .quote = (uintptr_t)s->round.bytes,
		.quote_size = sizeof(s->round.bytes),
	};
	return round_ioctl(s->gate.fd, BASTION_IOC_QUOTE, quote);
}

static long do_grant(struct state *s)
{
	return round_submit(&s->round, &s->grant);
}

static long do_relock(struct state *s)
{
	return round_relock(s->gate.fd);
}

static long do_extend(struct state *s)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 7, .name = "nth", .data = (uintptr_t)"x",
		.data_len = 1,
	};

	return round_ioctl(s->gate.fd, BASTION_IOC_EXTEND, &extend);
}

static long do_release(struct state *s)
{
	int ret = round_ioctl(s->gate.fd, BASTION_IOC_RELEASE, &s->release);

	return ret ? ret : s->release.serial;
}

static long do_add_key(struct state *s)
{
	return errno_of(add_key("bastion", "nth", s->text, strlen(s->text), RING));
}

static long do_update(struct state *s)
{
	return errno_of(keyctl_update(s->sealed, s->text, strlen(s->text)));
}

static long do_read(struct state *s)
{
	long ret = errno_of(keyctl_read(s->sealed, s->buffer, sizeof(s->buffer)));

	return ret < 0 ? ret : 0;
}

static long do_query(struct state *s)
{
	struct keyctl_pkey_query result;

	return errno_of(keyctl_pkey_query(s->pair, "enc=x962", &result));
}

static long do_sign(struct state *s)
{
	long ret = errno_of(keyctl_pkey_sign(s->pair, "enc=x962", s->digest, sizeof(s->digest),
					     s->signature, sizeof(s->signature)));

	return ret < 0 ? ret : 0;
}

static long do_verify(struct state *s)
{
	return errno_of(keyctl_pkey_verify(s->pair, "enc=x962", s->digest, sizeof(s->digest),
					   s->signature, s->signature_len));
}

/* Preparations: 0 or -errno */

static int attested(struct state *s)
{
	int ret = gate_keep_open(&s->gate);

	return ret == -EAGAIN ? gate_attest(&s->gate) : ret;
}

static int with_other(struct state *s)
{
	int ret = do_add(s);

	return ret == -EEXIST ? 0 : ret;
}

static int without_other(struct state *s)
{
	int ret = do_remove(s);

	return ret == -ENOKEY ? 0 : ret;
}

static int begun(struct state *s)
{
	return do_begin(s);
}

static int quoted(struct state *s)
{
	int ret = round_prepare(&s->round, &s->grant, s->gate.fd, &s->gate.verifier, "prod");

	if (!ret)
		round_sign(&s->round, &s->grant, s->gate.verifier.key);
	return ret;
}

static int release_of(struct state *s, struct bastion_release args)
{
	args.size = sizeof(args);
	args.keyring = RING;
	args.flags = BASTION_RELEASE_NOWAIT;
	s->release = args;
	return attested(s);
}

static int logon(struct state *s)
{
	return release_of(s, (struct bastion_release){ .key = s->sealed, .type = BASTION_TYPE_LOGON });
}

static int fscrypt(struct state *s)
{
	return release_of(s, (struct bastion_release){ .key = s->sealed,
						       .type = BASTION_TYPE_FSCRYPT });
}

static int blob(struct state *s)
{
	int len = sealed_blob(s->sealed, s->blob);

	if (len < 0)
		return len;
	return release_of(s, (struct bastion_release){
		.blob = (uintptr_t)s->blob, .blob_len = len, .type = BASTION_TYPE_LOGON });
}

static int payload(struct state *s, const char *verb, const char *options)
{
	sealed_text(verb, &s->gate.verifier, "prod", options, s->text);
	return attested(s);
}

static int secret(struct state *s)
{
	return payload(s, "new 64", "");
}

static int derived(struct state *s)
{
	return payload(s, "new 64", "derive=nth");
}

static int pair(struct state *s)
{
	return payload(s, "ecdsa", "registers=1");
}

static int import(struct state *s)
{
	key_serial_t key = add_key("user", "nth", "0123456789abcdef0123456789abcdef", 32, RING);
	char verb[32];

	snprintf(verb, sizeof(verb), "import %d", key);
	return key < 0 ? -errno : payload(s, verb, "");
}

static int load(struct state *s)
{
	key_serial_t key = gate_new(&s->gate, "nth", "");
	int len = key < 0 ? key : sealed_blob(key, s->blob);

	if (len < 0)
		return len;
	keyctl_unlink(key, RING);
	strcpy(s->text, "load ");
	sealed_hex(s->blob, len, s->text + strlen(s->text));
	return attested(s);
}

static int rebind(struct state *s)
{
	sealed_text("rebind", &s->gate.verifier, "prod", "", s->text);
	return gate_attest_move(&s->gate, &s->gate.verifier, "prod");
}

static int signature(struct state *s)
{
	s->signature_len = keyctl_pkey_sign(s->pair, "enc=x962", s->digest, sizeof(s->digest),
					    s->signature, sizeof(s->signature));
	return s->signature_len < 0 ? -errno : 0;
}

/* Counting */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

/* What is injected is no complaint of the kernel's, and sleeping allocations count. */
static void set_up_injection(void)
{
	static const char *const faults[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	char path[128];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/verbose", faults[i]);
		write_file(path, "0");
		snprintf(path, sizeof(path), DEBUGFS "%s/ignore-gfp-wait", faults[i]);
		write_file(path, "N");
	}
}

/* Arms the @n-th from now on; reading it is what may fail, too, and then it was still to come. */
static void arm(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	ROUND_MUST(pwrite(fd, text, len, 0) == len);
}

static bool came(int fd)
{
	char text[16] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	/* Writing, which disarms it, uses it up otherwise. */
	if (pwrite(fd, "0", 1, 0) != 1)
		ROUND_MUST(pwrite(fd, "0", 1, 0) == 1);
	return len > 0 && !atoi(text);
}

FIXTURE(nth)
{
	struct state s;
	int fd;
	bool ready;
};

/**
 * @made: type of the key that it makes; @locks: the gate may be locked afterwards, or failed;
 * @needs: of the chip
 */
FIXTURE_VARIANT(nth)
{
	int (*prepare)(struct state *s);
	long (*operate)(struct state *s);
	const char *made;
	bool locks;
	enum chip_can needs;
};

#define OPERATION(name, ...)	FIXTURE_VARIANT_ADD(nth, name) { __VA_ARGS__ }
OPERATION(open, .operate = do_open);
OPERATION(info, .operate = do_info);
OPERATION(verifier_list, .operate = do_list);
OPERATION(verifier_add, without_other, do_add, .locks = true);
OPERATION(verifier_remove, with_other, do_remove, .locks = true);
OPERATION(round_begin, .operate = do_begin);
OPERATION(quote, begun, do_quote);
OPERATION(grant, quoted, do_grant, .locks = true);
OPERATION(relock, attested, do_relock, .locks = true);
OPERATION(extend, attested, do_extend);
OPERATION(release, logon, do_release, "logon");
OPERATION(release_fscrypt, fscrypt, do_release, "fscrypt-provisioning");
OPERATION(release_blob, blob, do_release, "logon");
OPERATION(make, secret, do_add_key, "bastion");
OPERATION(derive, derived, do_add_key, "bastion", .needs = CHIP_DERIVE);
OPERATION(make_pair, pair, do_add_key, "bastion", .needs = CHIP_KEY_PAIRS);
OPERATION(import, import, do_add_key, "bastion");
OPERATION(load, load, do_add_key, "bastion");
OPERATION(rebind, rebind, do_update, .needs = CHIP_REBIND);
OPERATION(read, .operate = do_read);
OPERATION(query, .operate = do_query, .needs = CHIP_KEY_PAIRS);
OPERATION(sign, attested, do_sign, .needs = CHIP_KEY_PAIRS);
OPERATION(verify, signature, do_verify, .needs = CHIP_KEY_PAIRS);

FIXTURE_SETUP(nth)
{
	struct state *s = &self->s;

	/* Skipped by the test: this harness runs it whatever happens here. */
	self->fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	self->ready = self->fd >= 0 && !access(DEBUGFS "failslab", F_OK);
	if (!self->ready)
		return;
	set_up_injection();
	round_verifier_make(&s->other);
	ASSERT_EQ(0, gate_setup(&s->gate));
	s->sealed = gate_new(&s->gate, s->gate.name, "");
	ASSERT_LT(0, s->sealed);
	if (chip_is_tpm())
		return;
	s->pair = sealed_make("ecdsa", &s->gate.verifier, "prod", sealed_name(), "", RING);
	ASSERT_LT(0, s->pair);
}

FIXTURE_TEARDOWN(nth)
{
	if (!self->ready)
		return;
	EXPECT_EQ(0, without_other(&self->s));
	EXPECT_EQ(0, gate_teardown(&self->s.gate));
}

/*
 * The key that a failed operation has left all the same, or -ENOKEY. An ioctl's
 * answer is the last thing to be copied: when that fails, all else is done.
 */
static long left(struct state *s, const char *type, long error)
{
	bool sealed = !strcmp(type, "bastion");
	long key = errno_of(keyctl_search(RING, type, sealed ? "nth" : s->gate.description, 0));

	if (key > 0 && !sealed && error == -EFAULT)
		return errno_of(keyctl_unlink(key, RING)) ?: -ENOKEY;
	return key;
}

TEST_F_TIMEOUT(nth, fails, 900)
{
	struct state *s = &self->s;
	unsigned int n, failed = 0;
	bool hit = true;
	long ret = 0;

	if (!self->ready)
		SKIP(return, "this kernel injects no faults");
	CHIP_NEEDS(variant->needs);
	for (n = 1; hit && n < NTH_MAX; n++) {
		if (!variant->locks)
			ASSERT_EQ(0, gate_keep_open(&s->gate)) TH_LOG("before allocation %u", n);
		if (variant->prepare)
			ASSERT_EQ(0, variant->prepare(s)) TH_LOG("before allocation %u", n);
		arm(self->fd, n);
		ret = variant->operate(s);
		hit = came(self->fd);
		failed += ret < 0;
		if (ret < 0)
			EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT)
				TH_LOG("allocation %u: %s", n, strerror(-ret));
		if (ret < 0 && variant->made)
			EXPECT_EQ(-ENOKEY, left(s, variant->made, ret))
				TH_LOG("allocation %u: a key is left", n);
		if (ret > 0)
			keyctl_unlink(ret, RING);
		if (!variant->locks)
			EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(s->gate.fd))
				TH_LOG("allocation %u changed the gate", n);
		ASSERT_NE(BASTION_STATE_FAILED, round_state(s->gate.fd))
			TH_LOG("allocation %u", n);
	}
	EXPECT_LE(0, ret) TH_LOG("without a fault: %s", strerror(-ret));
	EXPECT_LT(n, NTH_MAX);
	EXPECT_LT(0, failed);
	TH_LOG("%u allocations and copies failed, %u times with an error", n - 2, failed);
}

TEST_HARNESS_MAIN
