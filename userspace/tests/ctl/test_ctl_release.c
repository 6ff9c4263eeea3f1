// SPDX-License-Identifier: GPL-2.0
/* A key among several chips: bastionctl and the helper find the one that has it, and report alike. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "tests/ctl/test.h"

#define ABSENT	1
#define CHIPS	4
#define FIRST	1000	/* what stands for the descriptor of /dev/bastion0 */

static const int *chips;	/* what each says: an errno, negative, or 0 */
static int reported;

static int open_chip(const char *path)
{
	unsigned int number;

	if (sscanf(path, "/dev/bastion%u", &number) != 1 || number >= CHIPS || chips[number] == ABSENT)
		return -ENOENT;
	return FIRST + number;
}

static int fake_open(const char *path, int flags, ...)
{
	int fd = open_chip(path);

	errno = -fd;
	return fd < 0 ? -1 : fd;
}

static int fake_ioctl(int fd, unsigned long request, void *args)
{
	errno = -chips[fd - FIRST];
	return errno ? -1 : 0;
}

static int fake_close(int fd)
{
	return 0;
}

/* The helper, of which all but main() is static. */
#define open fake_open
#define ioctl fake_ioctl
#define close fake_close
#define main helper_main
int helper_main(int argc, char **argv);
#include "request-key/main.c"
#undef open
#undef ioctl
#undef close
#undef main

int bastion_device_open(struct bastion_device *dev, const char *path, struct bastion_error *err)
{
	dev->fd = open_chip(path);
	return dev->fd < 0 ? bastion_error_set(err, BASTION_OP_OPEN, -dev->fd, "absent") : 0;
}

void bastion_device_close(struct bastion_device *dev)
{
}

int bastion_device_release(const struct bastion_device *dev, struct bastion_release *args,
			   struct bastion_error *err)
{
	int rc = chips[dev->fd - FIRST];

	return rc ? bastion_error_set(err, BASTION_OP_RELEASE, -rc, "chip %d", dev->fd - FIRST) : 0;
}

int ctl_open(const struct ctl *ctl, struct bastion_device *dev, struct bastion_error *err)
{
	return bastion_device_open(dev, ctl->device ? ctl->device : "/dev/bastion0", err);
}

int ctl_getopt(struct ctl *ctl, int argc, char **argv, const char *shorts,
	       const struct option *longs)
{
	return getopt_long(argc, argv, shorts, longs, NULL);
}

int report_error(const struct bastion_error *err)
{
	reported = -err->code;
	return 1;
}

int report_usage(const char *fmt, ...)
{
	return 2;
}

void report_json(json_t *json)
{
	json_decref(json);
}

static int with_helper(void)
{
	const struct bastion_release args = { .size = sizeof(args) };

	return release(&args);
}

static int with_bastionctl(const char *device)
{
	char *argv[] = { "release", "--keyring", "5", "7", NULL };
	struct ctl ctl = { .device = device, .json = true };

	optind = 0;
	reported = 0;
	ctl_release(&ctl, 4, argv);
	return reported;
}

static void several_chips(void **state)
{
	static const struct {
		int chips[CHIPS];
		int result;
	} rows[] = {
		{ { 0, ABSENT, ABSENT, ABSENT }, 0 },
		{ { -EBADMSG, 0, ABSENT, ABSENT }, 0 },
		{ { -ENODEV, 0, ABSENT, ABSENT }, 0 },
		{ { -ENODEV, -EBADMSG, ABSENT, 0 }, 0 },
		{ { -EBADMSG, -ENODEV, ABSENT, ABSENT }, -EBADMSG },
		{ { -ENODEV, -EBADMSG, ABSENT, ABSENT }, -EBADMSG },
		{ { -ENODEV, -EBADMSG, -ENODEV, -ENODEV }, -EBADMSG },
		{ { -ENODEV, -ENODEV, ABSENT, ABSENT }, -ENODEV },
		{ { -EBADMSG, -ENODEV, -EACCES, 0 }, -EACCES },
		{ { -EAGAIN, 0, ABSENT, ABSENT }, -EAGAIN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		chips = rows[i].chips;
		assert_int_equal(with_helper(), rows[i].result);
		assert_int_equal(with_bastionctl(NULL), rows[i].result);
	}
}

static void named_chip(void **state)
{
	static const int two[CHIPS] = { -ENODEV, 0, ABSENT, ABSENT };

	chips = two;
	assert_int_equal(with_bastionctl("/dev/bastion0"), -ENODEV);
	assert_int_equal(with_bastionctl("/dev/bastion1"), 0);
}

static void no_chip(void **state)
{
	static const int none[CHIPS] = { ABSENT, ABSENT, ABSENT, ABSENT };

	chips = none;
	assert_int_equal(with_helper(), -ENODEV);
	assert_int_equal(with_bastionctl(NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_chips),
		cmocka_unit_test(named_chip),
		cmocka_unit_test(no_chip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
