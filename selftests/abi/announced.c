// SPDX-License-Identifier: GPL-2.0
/*
 * Who acts on a chip's uevent before the driver does anything else: by its priority, on the
 * one processor that both have.
 *
 * usage: announced COMMAND...
 *
 * Runs COMMAND, which has bastion0 appear, and looks for it at once. Prints for each way to find it
 * "NAME found", or the error: ENOENT, or ENODEV.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <keyutils.h>

#define LOG	"/sys/kernel/security/bastion/bastion0/ascii_runtime_measurements"

static int listen_to_kernel(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval patience = { .tv_sec = 60 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(2, "uevents");
	return fd;
}

/* Its first string is ACTION@DEVPATH. */
static void wait_for_chip(int fd)
{
	char message[8192];
	ssize_t len;

	do {
		len = recv(fd, message, sizeof(message) - 1, 0);
		if (len < 0)
			err(2, "no uevent");
		message[len] = 0;
	} while (strncmp(message, "add@", 4) || !strstr(message, "/bastion/bastion0"));
}

static void say(const char *name, int error)
{
	printf("%s %s\n", name, error ? strerrorname_np(error) : "found");
}

static void look(void)
{
	char payload[160];

	say("device", open("/dev/bastion0", O_RDWR | O_CLOEXEC) < 0 ? errno : 0);
	say("log", open(LOG, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
	/* A verifier that nobody knows: but first there must be a chip. */
	snprintf(payload, sizeof(payload), "new 32 verifier=%096d policy=p", 0);
	add_key("bastion", "announced", payload, strlen(payload), KEY_SPEC_PROCESS_KEYRING);
	say("chip", errno == ENOKEY ? 0 : errno);
}

int main(int argc, char **argv)
{
	const struct sched_param first = { .sched_priority = 1 };
	int fd, status;
	cpu_set_t one;
	pid_t child;

	if (argc < 2)
		errx(2, "usage: announced COMMAND...");
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		err(2, "sched_setaffinity");
	fd = listen_to_kernel();
	child = fork();
	if (!child) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || sched_setscheduler(0, SCHED_FIFO, &first))
		err(2, "sched_setscheduler");
	wait_for_chip(fd);
	look();
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
