// SPDX-License-Identifier: GPL-2.0
/*
 * A gate that opens and closes is seen to: by readers of the device, in sysfs,
 * and by listeners to uevents.
 */
#include <linux/netlink.h>
#include <sys/socket.h>

#include "device.h"
#include "kselftest_harness.h"

FIXTURE(changes)
{
	int fd, uevents;
	struct round_verifier verifier;
};

FIXTURE_SETUP(changes)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval patience = { .tv_sec = 20 };

	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	self->uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	ASSERT_LE(0, self->uevents);
	ASSERT_EQ(0, bind(self->uevents, (struct sockaddr *)&address, sizeof(address)));
	setsockopt(self->uevents, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

FIXTURE_TEARDOWN(changes)
{
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	close(self->uevents);
	close(self->fd);
}

/* The value of @name in a uevent, or NULL. */
static const char *value_of(const char *event, size_t len, const char *name)
{
	const char *p;

	for (p = event; p < event + len; p += strlen(p) + 1)
		if (!strncmp(p, name, strlen(name)) && p[strlen(name)] == '=')
			return p + strlen(name) + 1;
	return NULL;
}

/* The next uevent of the chip into @event; its length, 0 when none comes. */
static size_t next_uevent(int uevents, char *event, size_t size)
{
	const char *subsystem;
	ssize_t n;

	while ((n = recv(uevents, event, size - 1, 0)) > 0) {
		event[n] = '\0';
		subsystem = value_of(event, n, "SUBSYSTEM");
		if (subsystem && !strcmp(subsystem, "bastion"))
			return n;
	}
	return 0;
}

TEST_F(changes, uevents)
{
	char event[4096];
	size_t len;

	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	len = next_uevent(self->uevents, event, sizeof(event));
	ASSERT_LT(0, len);
	EXPECT_STREQ("change", value_of(event, len, "ACTION"));
	EXPECT_STREQ("bastion0", value_of(event, len, "DEVNAME"));
	EXPECT_STREQ("attested", value_of(event, len, "BASTION_STATE"));
	EXPECT_STREQ("0", value_of(event, len, "BASTION_WAITERS"));
	EXPECT_EQ(BASTION_REASON_GRANT, atoi(value_of(event, len, "BASTION_REASON")));

	ASSERT_EQ(0, round_relock(self->fd));
	len = next_uevent(self->uevents, event, sizeof(event));
	ASSERT_LT(0, len);
	EXPECT_STREQ("locked", value_of(event, len, "BASTION_STATE"));
	EXPECT_EQ(BASTION_REASON_RELOCK, atoi(value_of(event, len, "BASTION_REASON")));
}

static int next_event(int fd, struct bastion_event *event)
{
	return read(fd, event, sizeof(*event)) == sizeof(*event) ? 0 : -1;
}

TEST_F(changes, events)
{
	struct bastion_event event;

	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	ASSERT_EQ(0, next_event(self->fd, &event));
	EXPECT_EQ(BASTION_STATE_ATTESTED, event.state);
	EXPECT_EQ(BASTION_REASON_GRANT, event.reason);
	EXPECT_LT(0, event.grant_ends_ms);
	EXPECT_GE(60000, event.grant_ends_ms);

	/* Nothing but time passes, and the gate closes: before this looks, on a slow machine. */
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 1));
	do {
		ASSERT_EQ(0, next_event(self->fd, &event));
		EXPECT_GE(1000, event.grant_ends_ms);
	} while (event.state == BASTION_STATE_ATTESTED);
	EXPECT_EQ(BASTION_STATE_LOCKED, event.state);
	EXPECT_EQ(BASTION_REASON_EXPIRED, event.reason);
	EXPECT_EQ(0, event.grant_ends_ms);
}

TEST_F(changes, verifier_list)
{
	struct bastion_verifier_list list = { .size = sizeof(list) };
	struct bastion_verifier_entry *entry = NULL;

	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	ASSERT_EQ(0, round_ioctl(self->fd, BASTION_IOC_VERIFIER_LIST, &list));
	for (unsigned int i = 0; i < list.count; i++)
		if (!memcmp(list.entries[i].digest, self->verifier.digest, 48))
			entry = &list.entries[i];
	ASSERT_NE(NULL, entry);
	EXPECT_EQ(1, entry->live);
	EXPECT_LT(0, entry->remaining_ms);
	EXPECT_GE(60000, entry->remaining_ms);
}

static void read_attribute(const char *name, char *text, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/bastion/bastion0/%s", name);
	fd = open(path, O_RDONLY);
	n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* sysfs wakes whoever polls the state. */
TEST_F(changes, sysfs)
{
	struct pollfd p = { .fd = open("/sys/class/bastion/bastion0/state", O_RDONLY),
			    .events = POLLPRI };
	char text[32];

	ASSERT_LE(0, p.fd);
	ASSERT_LT(0, read(p.fd, text, sizeof(text)));
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	EXPECT_EQ(1, poll(&p, 1, 20000));
	read_attribute("state", text, sizeof(text));
	EXPECT_STREQ("attested\n", text);
	read_attribute("grants", text, sizeof(text));
	EXPECT_STREQ("1\n", text);
	ASSERT_EQ(0, round_relock(self->fd));
	read_attribute("state", text, sizeof(text));
	EXPECT_STREQ("locked\n", text);
	read_attribute("grants", text, sizeof(text));
	EXPECT_STREQ("0\n", text);
	close(p.fd);
}

TEST_HARNESS_MAIN
