// SPDX-License-Identifier: GPL-2.0
/*
 * Observing the gate: read(2) and poll(2) on the device, uevents.
 */
#include <linux/netlink.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "device.h"
#include "kselftest_harness.h"

FIXTURE(events)
{
	int fd, actor;
};

FIXTURE_SETUP(events)
{
	self->fd = round_open();
	self->actor = round_open();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->actor);
}

FIXTURE_TEARDOWN(events)
{
	close(self->actor);
	close(self->fd);
}

/* Something happens: the generation grows. */
static int act(int fd)
{
	struct bastion_relock relock = { .size = sizeof(relock) };

	return call(fd, BASTION_IOC_RELOCK, &relock);
}

static short poll_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLHUP };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

TEST_F(events, a_first_read_returns_at_once)
{
	struct bastion_info info = { .size = sizeof(info) };
	struct bastion_event event;

	memset(&event, 0xff, sizeof(event));
	EXPECT_EQ(POLLIN, poll_now(self->fd));
	ASSERT_EQ(sizeof(event), read(self->fd, &event, sizeof(event)));
	ASSERT_EQ(0, call(self->fd, BASTION_IOC_INFO, &info));
	EXPECT_EQ(info.generation, event.generation);
	EXPECT_EQ(info.reason, event.reason);
	EXPECT_EQ(BASTION_STATE_LOCKED, event.state);
	EXPECT_EQ(0, event.grant_ends_ms);
	EXPECT_EQ(0, event.waiters);
	EXPECT_EQ(0, event.reserved);
	EXPECT_EQ(0, poll_now(self->fd));
}

static int poll_result(void *fd)
{
	struct pollfd p = { .fd = *(int *)fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

static int poll_own(void *unused)
{
	int fd = round_open();

	return poll_result(&fd);
}

/* Whoever opened it counts: who has been handed it may wait, and nobody else makes the queue longer. */
TEST_F(events, waiting_is_for_the_privileged)
{
	EXPECT_EQ(POLLERR, sealed_in_child(sealed_be_nobody, poll_own, NULL));
	EXPECT_EQ(POLLERR, sealed_in_child(sealed_drop_sys_admin, poll_own, NULL));
	EXPECT_EQ(POLLIN, sealed_in_child(sealed_be_nobody, poll_result, &self->fd));
}

TEST_F(events, nothing_new)
{
	struct bastion_event event;

	ASSERT_EQ(sizeof(event), read(self->fd, &event, sizeof(event)));
	set_nonblock(self->fd, 1);
	EXPECT_EQ(-1, read(self->fd, &event, sizeof(event)));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, poll_now(self->fd));
}

TEST_F(events, changes_between_two_reads_are_one)
{
	struct bastion_event before, after;

	ASSERT_EQ(sizeof(before), read(self->fd, &before, sizeof(before)));
	ASSERT_EQ(0, act(self->actor));
	ASSERT_EQ(0, act(self->actor));
	EXPECT_EQ(POLLIN, poll_now(self->fd));
	ASSERT_EQ(sizeof(after), read(self->fd, &after, sizeof(after)));
	EXPECT_LE(before.generation + 2, after.generation);
	EXPECT_EQ(0, poll_now(self->fd));
}

TEST_F(events, every_file_has_news_of_its_own)
{
	struct bastion_event event;

	ASSERT_EQ(sizeof(event), read(self->fd, &event, sizeof(event)));
	EXPECT_EQ(POLLIN, poll_now(self->actor));
	EXPECT_EQ(0, poll_now(self->fd));
}

TEST_F(events, buffer)
{
	struct bastion_event events[2];
	char *readonly = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, readonly);
	EXPECT_EQ(-1, read(self->fd, events, sizeof(events[0]) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->fd, events, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->fd, readonly, sizeof(events[0])));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, act(self->actor));
	EXPECT_EQ(sizeof(events[0]), read(self->fd, events, sizeof(events)));
}

/* A thread that reads once more. */
struct reader {
	int fd;
	pid_t tid;
	ssize_t got;
	int error;
	struct bastion_event event;
};

static void *read_event(void *data)
{
	struct reader *reader = data;

	reader->tid = gettid();
	reader->got = read(reader->fd, &reader->event, sizeof(reader->event));
	reader->error = errno;
	return NULL;
}

/*
 * Returns when the thread sleeps: it is the more urgent one on the only processor that both have,
 * so that nothing else lets its creator go on.
 */
static int start_reader(pthread_t *thread, struct reader *reader)
{
	struct sched_param urgent = { .sched_priority = 1 };
	pthread_attr_t attr;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &urgent);
	if (sched_setaffinity(0, sizeof(one), &one))
		return errno;
	return pthread_create(thread, &attr, read_event, reader);
}

/* The state of a thread as /proc has it, 'S' while it sleeps. */
static char state_of(pid_t tid)
{
	char path[64], text[512], *state;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')');
	return state && state[1] ? state[2] : '?';
}

TEST_F(events, a_blocked_read_wakes)
{
	struct reader reader = { .fd = self->fd };
	struct bastion_event event;
	pthread_t thread;

	ASSERT_EQ(sizeof(event), read(self->fd, &event, sizeof(event)));
	ASSERT_EQ(0, start_reader(&thread, &reader));
	ASSERT_EQ('S', state_of(reader.tid));
	ASSERT_EQ(0, act(self->actor));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(sizeof(event), reader.got);
	EXPECT_LT(event.generation, reader.event.generation);
}

static void on_signal(int signal)
{
}

TEST_F(events, a_blocked_read_ends_with_a_signal)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct reader reader = { .fd = self->fd };
	struct bastion_event event;
	pthread_t thread;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(sizeof(event), read(self->fd, &event, sizeof(event)));
	ASSERT_EQ(0, start_reader(&thread, &reader));
	ASSERT_EQ('S', state_of(reader.tid));
	ASSERT_EQ(0, pthread_kill(thread, SIGUSR1));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-1, reader.got);
	EXPECT_EQ(EINTR, reader.error);
}

TEST_F(events, no_other_way_in)
{
	char byte = 0;

	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(-1, lseek(self->fd, 1, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0));
}

TEST_HARNESS_MAIN
