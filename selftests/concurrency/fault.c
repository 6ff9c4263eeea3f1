// SPDX-License-Identifier: GPL-2.0
/*
 * An ioctl whose caller's memory is not there yet, and has to be brought by somebody else who takes
 * his time (userfaultfd(2)). Meanwhile the chip must be able to go.
 *
 * usage: fault QUOTE|GRANT|EXTEND
 *
 * Prints a result as TAP without a plan. The chip is unbound then.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/mman.h>

#include "gate.h"

#define PATIENCE_MS	60000
#define CHIP		"/sys/class/bastion/bastion0"

static char address[64];

static int unbind(void *arg)
{
	return -sealed_write("/sys/bus/pci/drivers/bastion/unbind", address);
}

/** struct hole - a page that comes when somebody brings it */
struct hole {
	int fd;
	void *page;
	size_t size;
};

static int dig(struct hole *hole)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg;

	hole->size = sysconf(_SC_PAGESIZE);
	hole->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	hole->page = mmap(NULL, hole->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
	if (hole->fd < 0 || hole->page == MAP_FAILED || ioctl(hole->fd, UFFDIO_API, &api))
		return -errno;
	reg = (struct uffdio_register){
		.range = { (uintptr_t)hole->page, hole->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	return ioctl(hole->fd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

static int fill(struct hole *hole)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)hole->page, hole->size } };

	return ioctl(hole->fd, UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
}

static bool ends(pid_t pid, int timeout_ms)
{
	long long deadline = sealed_now_ms() + timeout_ms;
	siginfo_t info = { 0 };

	while (!waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid) {
		if (sealed_now_ms() > deadline)
			return false;
		usleep(10000);
	}
	return true;
}

/** struct call - what somebody asks for whose memory is not there */
struct call {
	const char *name;
	struct gate *gate;
	struct hole *hole;
};

static void *ask(void *arg)
{
	struct call *call = arg;
	struct bastion_extend extend = { .size = sizeof(extend), .index = 7, .name = "selftest",
		.data = (uintptr_t)call->hole->page, .data_len = 8 };
	struct bastion_grant_args grant = { .size = sizeof(grant),
		.token = (uintptr_t)call->hole->page, .token_len = BASTION_SEALED_TOKEN_SIZE,
		.grant = (uintptr_t)call->hole->page, .grant_len = 500 };
	struct bastion_quote quote = { .size = sizeof(quote), .nonce = { 1 }, .nonce_len = 32,
		.quote = (uintptr_t)call->hole->page, .quote_size = BASTION_QUOTE_MAX };
	int ret;

	if (*call->name == 'Q')
		ret = round_ioctl(call->gate->fd, BASTION_IOC_QUOTE, &quote);
	else if (*call->name == 'G')
		ret = round_ioctl(call->gate->fd, BASTION_IOC_GRANT, &grant);
	else
		ret = round_ioctl(call->gate->fd, BASTION_IOC_EXTEND, &extend);
	return (void *)(intptr_t)-ret;
}

static int try(const char *name)
{
	struct hole hole;
	struct round round;
	struct gate gate;
	struct call call = { name, &gate, &hole };
	struct pollfd faults = { .events = POLLIN };
	pthread_t thread;
	bool went;
	void *result;
	pid_t pid;
	int ret;

	ret = gate_setup(&gate);
	if (!ret)
		ret = round_begin(&round, gate.fd, &gate.verifier);
	if (!ret)
		ret = dig(&hole);
	if (ret || pthread_create(&thread, NULL, ask, &call))
		errx(1, "%s: preparing: %s", name, strerror(-ret));
	faults.fd = hole.fd;
	if (poll(&faults, 1, PATIENCE_MS) != 1)
		errx(1, "%s: it does not touch the memory", name);
	pid = sealed_start(unbind, NULL);
	went = ends(pid, PATIENCE_MS);
	ret = fill(&hole);
	pthread_join(thread, &result);
	printf("# %s: %s, %s\n", name, strerror(-ret), strerror((intptr_t)result));
	if (sealed_result(pid))
		errx(1, "%s: unbinding", name);
	return went ? 0 : -EBUSY;
}

int main(int argc, char **argv)
{
	char path[256];
	ssize_t len = readlink(CHIP "/device", path, sizeof(path) - 1);

	if (argc != 2 || len < 0)
		errx(2, "usage: fault QUOTE|GRANT|EXTEND");
	path[len] = '\0';
	snprintf(address, sizeof(address), "%s", strrchr(path, '/') + 1);
	printf("%sok 1 - %s: the chip can go while its caller's memory is fetched\n",
	       try(argv[1]) ? "not " : "", argv[1]);
	return 0;
}
