// SPDX-License-Identifier: GPL-2.0
/*
 * A chip without memory for it: every allocation, and every copy from user space, fails once of
 * what binds a Bastionchip, and of the module's own beginning, which with a TPM is what looks for
 * it. Then there is no device, or one whose gate works; and all is well when there is memory
 * again. Whoever runs it takes the chip's power when it is asked to (chips.h), and has the driver
 * poll: 6.1 itself does not survive an interrupt that it cannot allocate.
 */
#include <sys/syscall.h>

#include "chip.h"
#include "chips.h"
#include "gate.h"
#include "nth.h"
#include "kselftest_harness.h"

#define DRIVER	CHIPS_PCI "drivers/bastion/"
/* More than there are before the module's own */
#define COUNTED	1000000

FIXTURE(bind)
{
	struct round_verifier verifier;
	char device[32];
	int nth, fd;
};

FIXTURE_SETUP(bind)
{
	self->nth = nth_open();
	if (self->nth < 0 || chip_is_tpm())
		return;
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, chips_find_device("bastion0", self->device));
	self->fd = open(DRIVER "bind", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, chips_drive("unbind", self->device));
}

/* The chip is bound for who comes next. */
FIXTURE_TEARDOWN(bind)
{
	if (self->nth < 0 || chip_is_tpm())
		return;
	if (access(ROUND_DEVICE, F_OK))
		EXPECT_EQ(0, chips_drive("bind", self->device));
	close(self->fd);
	close(self->nth);
}

/* A round as far as the quote, when what was missing is measured as well: 0 or -errno. */
static int try_round(const struct round_verifier *verifier)
{
	int ret = round_wait_state(BASTION_STATE_LOCKED, 1000 * CHIPS_PATIENCE), fd;
	struct round round;

	if (ret)
		return ret;
	fd = round_open();
	if (fd < 0)
		return fd;
	ret = round_verifier_add(fd, verifier) ?: round_begin(&round, fd, verifier) ?:
	      round_ask_quote(&round);
	close(fd);
	return ret;
}

/* And to its end, with a key that is made and released. */
static int try_gate(void)
{
	key_serial_t key, released = 0;
	struct gate gate;
	int ret;

	ret = gate_setup(&gate);
	if (ret)
		return ret;
	key = gate_new(&gate, gate.name, "types=logon");
	if (key > 0)
		released = sealed_release(gate.fd, key, BASTION_TYPE_LOGON,
					  KEY_SPEC_SESSION_KEYRING);
	ret = gate_teardown(&gate);
	return key < 0 ? -ENOKEY : released < 0 ? released : ret;
}

/* EBUSY is the kernel's answer when it cannot note whose a region is, EAGAIN its key agreement's. */
static bool probe_says_so(int ret)
{
	return nth_says_so(ret) || ret == -EBUSY || ret == -EAGAIN;
}

/* What failed at the @n-th allocation was the fault's doing, says so, and leaves no device. */
static void expect_told(struct __test_metadata *_metadata, unsigned int n, bool hit, int ret)
{
	EXPECT_TRUE(hit) TH_LOG("%s without a fault", strerror(-ret));
	EXPECT_TRUE(probe_says_so(ret)) TH_LOG("allocation %u: %s", n, strerror(-ret));
	EXPECT_NE(0, access(ROUND_DEVICE, F_OK)) TH_LOG("allocation %u: there is a device", n);
}

TEST_F_TIMEOUT(bind, fails, 1700)
{
	unsigned int n, failed = 0, done_without = 0;
	bool hit = true;
	int ret;

	if (self->nth < 0)
		SKIP(return, "this kernel injects no faults");
	if (chip_is_tpm())
		SKIP(return, "a TPM is bound by the kernel's own driver");
	for (n = 1; hit && n < NTH_MAX; n++) {
		/* What was measured before is in a register: else nothing attests. */
		ASSERT_EQ(0, chips_cycle_power(0));
		nth_arm(self->nth, n);
		ret = pwrite(self->fd, self->device, strlen(self->device), 0) < 0 ? -errno : 0;
		hit = nth_came(self->nth);
		if (ret) {
			failed++;
			expect_told(_metadata, n, hit, ret);
			ASSERT_EQ(0, chips_drive("bind", self->device))
				TH_LOG("after allocation %u", n);
		}
		ASSERT_EQ(0, access(ROUND_DEVICE, F_OK)) TH_LOG("after allocation %u", n);
		if (!ret) {
			EXPECT_EQ(0, hit ? try_round(&self->verifier) : try_gate())
				TH_LOG("allocation %u: no gate that works", n);
			done_without += hit;
		}
		ASSERT_EQ(0, chips_drive("unbind", self->device));
	}
	EXPECT_FALSE(hit) TH_LOG("it never ends");
	EXPECT_LT(0, failed);
	TH_LOG("%u allocations and copies failed, %u times with an error, %u without", n - 2, failed,
	       done_without);
}

FIXTURE(load)
{
	struct round_verifier verifier;
	int nth, module;
	bool tpm;
};

/* The module's file, opened; -errno. */
static int open_module(void)
{
	char path[PATH_MAX] = "";
	FILE *modinfo = popen("modinfo -n bastion", "r");
	int fd;

	if (!modinfo)
		return -errno;
	if (fscanf(modinfo, "%4095s", path) != 1)
		*path = '\0';
	pclose(modinfo);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int load(int module, const char *parameters)
{
	return syscall(SYS_finit_module, module, parameters, 0) ? -errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "bastion", O_NONBLOCK) ? -errno : 0;
}

/* How many allocations the kernel's loader has before the module begins, which refuses this PCR. */
static unsigned int count_before(int nth, int module)
{
	char text[16] = "";

	nth_arm(nth, COUNTED);
	ROUND_MUST(load(module, "pcr=1") == -EINVAL);
	ROUND_MUST(pread(nth, text, sizeof(text) - 1, 0) > 0);
	nth_came(nth);
	return COUNTED - atoi(text);
}

FIXTURE_SETUP(load)
{
	self->nth = nth_open();
	if (self->nth < 0)
		return;
	self->tpm = chip_is_tpm();
	round_verifier_make(&self->verifier);
	self->module = open_module();
	ASSERT_LE(0, self->module);
	ASSERT_EQ(0, unload());
}

FIXTURE_TEARDOWN(load)
{
	if (self->nth < 0)
		return;
	close(self->module);
	close(self->nth);
}

TEST_F_TIMEOUT(load, fails, 3000)
{
	unsigned int n, before, failed = 0, alone = 0, done_without = 0;
	bool hit = true;
	int ret;

	if (self->nth < 0)
		SKIP(return, "this kernel injects no faults");
	before = count_before(self->nth, self->module);
	for (n = 1; hit && n < NTH_MAX; n++) {
		if (!self->tpm)
			ASSERT_EQ(0, chips_cycle_power(0));
		nth_arm(self->nth, before + n);
		ret = load(self->module, "polling=1");
		hit = nth_came(self->nth);
		if (ret) {
			failed++;
			expect_told(_metadata, n, hit, ret);
			continue;
		}
		/* A module that has one chip less is loaded all the same. */
		if (access(ROUND_DEVICE, F_OK)) {
			EXPECT_TRUE(hit) TH_LOG("no chip without a fault");
			alone++;
		} else {
			/* A TPM's PCR has what the module before has measured. */
			ret = hit || self->tpm ? try_round(&self->verifier) : try_gate();
			EXPECT_EQ(self->tpm ? -ESHUTDOWN : 0, ret)
				TH_LOG("allocation %u: no gate that works", n);
			done_without += hit;
		}
		ASSERT_EQ(0, unload()) TH_LOG("after allocation %u", n);
	}
	EXPECT_FALSE(hit) TH_LOG("it never ends");
	EXPECT_LT(0, failed);
	TH_LOG("%u allocations and copies failed, %u times with an error, %u without a chip, %u with one",
	       n - 2, failed, alone, done_without);
}

TEST_HARNESS_MAIN
