// SPDX-License-Identifier: GPL-2.0
/* The runtime as QEMU sees it: the ivshmem protocol, power, resets, signals. */
#include <endian.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bastion-chip/control.h"
#include "bastion-chip/run.h"
#include "bastion-chip/socket.h"
#include "tests/chip/rig.h"

#define PATIENCE_MS 60000

/** struct bench - the runtime in a child, and what QEMU would hold */
struct bench {
	struct rig *rig;
	struct chip_run_options options;
	char socket[96];
	char control[96];
	char qmp[96];
	char audit[96];
	pid_t child;
	int client;
	int memory_fd;
	int bell;
	int interrupt;
	uint8_t *memory;
};

static void print_complaint(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void expect_complaint(const char *text)
{
	if (!strstr(text, "/nonexistent/vmlinuz"))
		print_complaint(text);
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	void *rig;

	rig_setup_untested(&rig);
	bench->rig = rig;
	/* The child is to hold the chip. */
	close(bench->rig->chip.dir);
	bench->rig->chip.dir = -1;
	snprintf(bench->socket, sizeof(bench->socket), "%s/socket", bench->rig->path);
	snprintf(bench->control, sizeof(bench->control), "%s/control", bench->rig->path);
	snprintf(bench->qmp, sizeof(bench->qmp), "%s/qmp", bench->rig->path);
	snprintf(bench->audit, sizeof(bench->audit), "%s/audit", bench->rig->path);
	bench->options = (struct chip_run_options){
		.chip = bench->rig->chip_path,
		.socket = bench->socket,
		.control = bench->control,
		.audit = bench->audit,
		.boot = { .cmdline = "quiet" },
		.interrupts = true,
		.complain = print_complaint,
	};
	bench->client = -1;
	*state = bench;
	return 0;
}

static int stop(struct bench *bench, int signal)
{
	int status;

	kill(bench->child, signal);
	assert_int_equal(waitpid(bench->child, &status, 0), bench->child);
	bench->child = 0;
	return status;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	void *rig = bench->rig;

	if (bench->child)
		stop(bench, SIGKILL);
	rig_teardown(&rig);
	free(bench);
	return 0;
}

static void start(struct bench *bench)
{
	unlink(bench->socket);
	bench->child = fork();
	if (!bench->child) {
		struct complaint why = { "" };
		int error = chip_run(&bench->options, &why);

		if (error)
			fprintf(stderr, "%s\n", why.text);
		_exit(error ? 1 : 0);
	}
	for (int ms = 0; access(bench->socket, F_OK); ms += 5) {
		assert_true(ms < PATIENCE_MS);
		poll(NULL, 0, 5);
	}
}

static int64_t receive(int client, int *fd)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	int64_t value;
	struct iovec part = { .iov_base = &value, .iov_len = sizeof(value) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
				  .msg_control = control.buffer,
				  .msg_controllen = sizeof(control.buffer) };
	struct cmsghdr *header;

	assert_int_equal(recvmsg(client, &message, MSG_WAITALL), sizeof(value));
	header = CMSG_FIRSTHDR(&message);
	*fd = -1;
	if (header)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return le64toh(value);
}

/* What QEMU 7.2 expects, in its order. */
static void power_on(struct bench *bench)
{
	int none;

	bench->client = chip_socket_connect(bench->socket, 0, NULL);
	assert_true(bench->client >= 0);
	assert_int_equal(receive(bench->client, &none), 0);
	assert_int_equal(receive(bench->client, &none), 1);
	assert_int_equal(receive(bench->client, &bench->memory_fd), -1);
	assert_int_equal(receive(bench->client, &bench->bell), 0);
	bench->interrupt = -1;
	if (bench->options.interrupts)
		assert_int_equal(receive(bench->client, &bench->interrupt), 1);
	bench->memory = mmap(NULL, BASTION_MBOX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     bench->memory_fd, 0);
	assert_ptr_not_equal(bench->memory, MAP_FAILED);
}

static void power_off(struct bench *bench)
{
	munmap(bench->memory, BASTION_MBOX_SIZE);
	close(bench->client);
	close(bench->memory_fd);
	close(bench->bell);
	if (bench->interrupt >= 0)
		close(bench->interrupt);
}

static const struct bastion_mbox_header *header_of(const struct bench *bench)
{
	return (const struct bastion_mbox_header *)bench->memory;
}

static struct bastion_mbox_slot *slot_of(const struct bench *bench)
{
	return (struct bastion_mbox_slot *)(bench->memory + BASTION_SLOT_OFFSET);
}

static void wait_for_interrupt(const struct bench *bench)
{
	struct pollfd interrupt = { .fd = bench->interrupt, .events = POLLIN };
	uint64_t count;

	assert_int_equal(poll(&interrupt, 1, PATIENCE_MS), 1);
	assert_int_equal(read(bench->interrupt, &count, sizeof(count)), sizeof(count));
}

static uint32_t command(struct bench *bench, uint32_t opcode)
{
	struct bastion_mbox_slot *slot = slot_of(bench);
	uint64_t one = 1;

	slot->opcode = htole32(opcode);
	slot->in_len = 0;
	__atomic_store_n(&slot->state, htole32(BASTION_SLOT_SUBMITTED), __ATOMIC_RELEASE);
	if (bench->interrupt >= 0) {
		assert_int_equal(write(bench->bell, &one, sizeof(one)), sizeof(one));
		wait_for_interrupt(bench);
	}
	for (int ms = 0; __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) !=
			 htole32(BASTION_SLOT_DONE); ms++) {
		assert_true(ms < PATIENCE_MS);
		poll(NULL, 0, 1);
	}
	return le32toh(slot->status);
}

static uint64_t boot_count(struct bench *bench)
{
	struct bastion_cmd_info info;

	assert_int_equal(command(bench, BASTION_CMD_INFO), BASTION_STATUS_OK);
	memcpy(&info, slot_of(bench)->data, sizeof(info));
	return le64toh(info.boot_count);
}

static void ask(struct bench *bench, const char *line, const char *want)
{
	char reply[CHIP_REPLY_MAX];
	struct complaint why = { "" };

	if (chip_control_ask(bench->control, line, reply, &why))
		fail_msg("%s: %s", line, why.text);
	if (!strstr(reply, want))
		fail_msg("%s: %s", line, reply);
}

static void test_power_cycles(void **state)
{
	struct bench *bench = *state;
	int status;

	start(bench);
	for (uint64_t boot = 2; boot < 5; boot++) {
		power_on(bench);
		assert_int_equal(le32toh(header_of(bench)->magic), BASTION_MBOX_MAGIC);
		assert_int_equal(command(bench, BASTION_CMD_NONCE), BASTION_STATUS_NOT_TESTED);
		assert_int_equal(boot_count(bench), boot);
		assert_int_equal(command(bench, BASTION_CMD_SELF_TEST), BASTION_STATUS_OK);
		assert_int_equal(command(bench, BASTION_CMD_NONCE), BASTION_STATUS_OK);
		power_off(bench);
	}
	status = stop(bench, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(access(bench->socket, F_OK), -1);
}

static void test_memory_cannot_shrink(void **state)
{
	struct bench *bench = *state;

	start(bench);
	power_on(bench);
	assert_int_equal(ftruncate(bench->memory_fd, 0), -1);
	assert_int_equal(boot_count(bench), 2);
	power_off(bench);
}

static void test_polling(void **state)
{
	struct bench *bench = *state;

	bench->options.interrupts = false;
	start(bench);
	power_on(bench);
	assert_int_equal(boot_count(bench), 2);
	power_off(bench);
}

static void test_control(void **state)
{
	struct bench *bench = *state;
	char reply[CHIP_REPLY_MAX];
	uint32_t generation;

	start(bench);
	ask(bench, "status", "\"powered\":false");
	power_on(bench);
	generation = header_of(bench)->reset_generation;
	assert_int_equal(command(bench, BASTION_CMD_SELF_TEST), BASTION_STATUS_OK);
	ask(bench, "status", "\"tested\":true");
	ask(bench, "reset", "ok");
	wait_for_interrupt(bench);
	assert_int_not_equal(header_of(bench)->reset_generation, generation);
	assert_int_equal(slot_of(bench)->state, BASTION_SLOT_FREE);
	assert_int_equal(command(bench, BASTION_CMD_NONCE), BASTION_STATUS_NOT_TESTED);
	assert_int_equal(boot_count(bench), 3);
	ask(bench, "fault bad-status,count=1", "ok");
	assert_int_equal(command(bench, BASTION_CMD_INFO), 0x7fffffff);
	assert_int_equal(chip_control_ask(bench->control, "fault foo", reply, NULL), -1);
	assert_int_equal(chip_control_ask(bench->control, "foo", reply, NULL), -1);
	ask(bench, "vanish", "ok");
	assert_int_equal(header_of(bench)->magic, 0xffffffff);
	ask(bench, "power-cycle", "ok");
	wait_for_interrupt(bench);
	assert_int_equal(boot_count(bench), 4);
	ask(bench, "audit", "\"ungranted\":0");
	power_off(bench);
}

/* A guest that reboots inside one QEMU; QEMU's greeting comes in two pieces. */
static void test_guest_reset(void **state)
{
	static const char greeting[] = "{\"QMP\": {\"version\": {}}}\r\n";
	static const char other[] = "{\"return\": {}}\r\n{\"event\": \"STOP\"}\r\n";
	static const char event[] = "{\"event\": \"RESET\", \"data\": {\"guest\": true}}\r\n";
	struct pollfd listening = { .events = POLLIN };
	struct bench *bench = *state;
	char hello[128] = "";
	uint32_t generation;
	int client;

	bench->options.qmp = bench->qmp;
	listening.fd = chip_socket_listen(bench->qmp, NULL);
	start(bench);
	power_on(bench);
	assert_int_equal(poll(&listening, 1, PATIENCE_MS), 1);
	client = accept(listening.fd, NULL, NULL);
	assert_int_equal(send(client, greeting, 9, 0), 9);
	assert_int_equal(send(client, greeting + 9, strlen(greeting) - 9, 0),
			 strlen(greeting) - 9);
	assert_true(recv(client, hello, sizeof(hello) - 1, 0) > 0);
	assert_non_null(strstr(hello, "qmp_capabilities"));
	generation = header_of(bench)->reset_generation;
	assert_int_equal(boot_count(bench), 2);
	assert_true(send(client, other, strlen(other), 0) > 0);
	assert_true(send(client, event, strlen(event), 0) > 0);
	wait_for_interrupt(bench);
	assert_int_not_equal(header_of(bench)->reset_generation, generation);
	assert_int_equal(boot_count(bench), 3);
	/* When QEMU closes it, it is tried again. */
	close(client);
	assert_int_equal(poll(&listening, 1, PATIENCE_MS), 1);
	client = accept(listening.fd, NULL, NULL);
	assert_true(send(client, event, strlen(event), 0) > 0);
	wait_for_interrupt(bench);
	assert_int_equal(boot_count(bench), 4);
	close(client);
	close(listening.fd);
	power_off(bench);
}

/* Killed at any moment, the chip counts on from where it was. */
static void test_killed(void **state)
{
	struct bench *bench = *state;
	uint64_t last = 1;

	for (int i = 0; i < 10; i++) {
		uint64_t now;

		start(bench);
		power_on(bench);
		now = boot_count(bench);
		assert_int_equal(command(bench, BASTION_CMD_SELF_TEST), BASTION_STATUS_OK);
		assert_true(now > last);
		last = now;
		if (i % 2)
			ask(bench, "reset", "ok");
		stop(bench, SIGKILL);
		power_off(bench);
	}
}

static void test_nothing_measured(void **state)
{
	struct bench *bench = *state;
	char byte;

	bench->options.boot.kernel = "/nonexistent/vmlinuz";
	bench->options.complain = expect_complaint;
	start(bench);
	bench->client = chip_socket_connect(bench->socket, 0, NULL);
	assert_int_equal(recv(bench->client, &byte, 1, 0), 0);
	close(bench->client);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	alarms++;
}

/* Not before who asks was interrupted, and had no byte yet. */
static void *answer_late(void *data)
{
	struct pollfd wait = { .fd = *(int *)data, .events = POLLIN };
	int fd;

	poll(&wait, 1, PATIENCE_MS);
	fd = accept(wait.fd, NULL, NULL);
	while (alarms < 50)
		usleep(1000);
	if (write(fd, "late\n", 5) < 0)
		abort();
	close(fd);
	return NULL;
}

static void test_interrupted_answer(void **state)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	const struct sigaction count = { .sa_handler = count_alarm };
	char folder[] = "/tmp/test-chip-XXXXXX", path[64], reply[CHIP_REPLY_MAX];
	struct complaint why = { "" };
	struct sigaction before;
	sigset_t alarm_set;
	pthread_t thread;
	int fd;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/control", folder);
	fd = chip_socket_listen(path, &why);
	assert_true(fd >= 0);
	/* All signals are for who asks. */
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_set, NULL);
	assert_int_equal(pthread_create(&thread, NULL, answer_late, &fd), 0);
	pthread_sigmask(SIG_UNBLOCK, &alarm_set, NULL);
	sigaction(SIGALRM, &count, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(chip_control_ask(path, "status", reply, &why), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_string_equal(reply, "late");
	pthread_join(thread, NULL);
	sigaction(SIGALRM, &before, NULL);
	close(fd);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_power_cycles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_cannot_shrink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_polling, setup, teardown),
		cmocka_unit_test_setup_teardown(test_control, setup, teardown),
		cmocka_unit_test(test_interrupted_answer),
		cmocka_unit_test_setup_teardown(test_guest_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_measured, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
