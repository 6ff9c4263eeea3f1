// SPDX-License-Identifier: GPL-2.0
/*
 * Chip, driver, sleep and plug. The host has given this guest two virtio ports: "chip" is
 * the chip's control socket, "monitor" is QEMU's (scripts/vm --ports).
 */
#include <dirent.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "matrix.h"

#define SYSFS	"/sys/class/bastion/bastion0/"
#define PCI	"/sys/bus/pci/"
#define NAP_NS	1000000

/* A kernel that checks itself takes several times as long for everything. */
int slowness = 1;

/* A virtio port, and what was read of it beyond the last line. */
struct port {
	int fd;
	char text[16384];
	size_t len;
};

static struct port chip, monitor;
static char function[32];

void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
}

/* 0 or -errno */
static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The first line of a file, without its end: 0 or -errno. */
static int get(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	*text = '\0';
	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return len;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

int sysfs_text(const char *file, char *text, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s", file);
	return get(path, text, size);
}

static long boot_count(void)
{
	char text[32];

	return sysfs_text("boot_count", text, sizeof(text)) ? -1 : atol(text);
}

/* Ports */

static void open_port(struct port *port, const char *name)
{
	static const char folder[] = "/sys/class/virtio-ports";
	char path[300], text[64];
	DIR *dir = opendir(folder);
	struct dirent *entry;

	port->fd = -1;
	while (dir && port->fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s/name", folder, entry->d_name);
		if (entry->d_name[0] == '.' || get(path, text, sizeof(text)) || strcmp(text, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		port->fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	if (port->fd < 0)
		errx(2, "there is no port \"%s\": see scripts/vm --ports", name);
}

static void port_write(struct port *port, const char *line)
{
	if (write(port->fd, line, strlen(line)) < 0 || write(port->fd, "\n", 1) < 0)
		err(2, "%s", line);
}

/* The next line, without its end. */
static void port_read(struct port *port, char *line, size_t size)
{
	char *end;

	while (!(end = memchr(port->text, '\n', port->len))) {
		ssize_t got = read(port->fd, port->text + port->len,
				   sizeof(port->text) - port->len);

		if (got <= 0)
			errx(2, "the host does not answer");
		port->len += got;
	}
	*end++ = '\0';
	snprintf(line, size, "%s", port->text);
	port->len -= end - port->text;
	memmove(port->text, end, port->len);
}

void chip_say(const char *format, ...)
{
	char line[256], reply[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	port_write(&chip, line);
	port_read(&chip, reply, sizeof(reply));
	if (strcmp(reply, "ok"))
		errx(2, "the chip does not do \"%s\": %s", line, reply);
}

/* A number of the chip's own opinion of itself. */
long chip_number(const char *name)
{
	char reply[4096], field[64], *at;

	port_write(&chip, "status");
	port_read(&chip, reply, sizeof(reply));
	snprintf(field, sizeof(field), "\"%s\":", name);
	at = strstr(reply, field);
	if (!at)
		errx(2, "the chip does not say what its %s is: %s", name, reply);
	return atol(at + strlen(field));
}

/* A command for the monitor, and lines of it up to one with @until. */
static void monitor_say(const char *command, const char *until)
{
	char line[16384];

	port_write(&monitor, command);
	do {
		port_read(&monitor, line, sizeof(line));
		if (strstr(line, "\"error\""))
			errx(2, "%s: %s", command, line);
	} while (!strstr(line, until));
}

/* The driver */

static bool exists(const char *format)
{
	char path[128];

	snprintf(path, sizeof(path), format, function);
	return !access(path, F_OK);
}

bool driver_bound(void)
{
	return exists(PCI "drivers/bastion/%s");
}

int driver_bind(void)
{
	return put(PCI "drivers/bastion/bind", function);
}

int driver_unbind(void)
{
	return put(PCI "drivers/bastion/unbind", function);
}

static bool is_answered(const uint8_t *memory)
{
	for (int i = 0; i < BASTION_SLOT_COUNT; i++) {
		const struct bastion_mbox_slot *slot =
			(const void *)(memory + BASTION_SLOT_OFFSET + i * BASTION_SLOT_SIZE);

		if (le32toh(*(const volatile uint32_t *)&slot->state) == BASTION_SLOT_SUBMITTED)
			return false;
	}
	return true;
}

/*
 * Are these bytes in the memory that the chip shares, as root finds it without a driver? If
 * asked to, waits until the chip has answered whatever it is still at.
 */
bool device_has(const uint8_t *bytes, size_t len, bool wait)
{
	char path[128];
	uint8_t *memory;
	bool found;
	int fd;

	snprintf(path, sizeof(path), PCI "devices/%s/resource2", function);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(2, "%s", path);
	memory = mmap(NULL, BASTION_MBOX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(2, "%s", path);
	while (wait && !is_answered(memory))
		nap();
	found = memmem(memory, BASTION_MBOX_SIZE, bytes, len);
	munmap(memory, BASTION_MBOX_SIZE);
	close(fd);
	return found;
}

int device_remove(void)
{
	char path[128];

	snprintf(path, sizeof(path), PCI "devices/%s/remove", function);
	return put(path, "1");
}

/* Finds what was removed, and has drivers look at it. */
int device_rescan(void)
{
	return exists(PCI "devices/%s") ? 0 : put(PCI "rescan", "1");
}

void device_unplug(void)
{
	monitor_say("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"bastion0\"}}",
		    "DEVICE_DELETED");
	monitor_say("{\"execute\":\"chardev-remove\",\"arguments\":{\"id\":\"chip0\"}}",
		    "\"return\"");
}

/* Another, as far as anybody can see: a chip that is switched on. */
void device_plug(void)
{
	char line[512];

	snprintf(line, sizeof(line), "{\"execute\":\"chardev-add\",\"arguments\":{\"id\":\"chip0\","
		 "\"backend\":{\"type\":\"socket\",\"data\":{\"server\":false,\"addr\":{\"type\":"
		 "\"unix\",\"data\":{\"path\":\"%s\"}}}}}}", getenv("CHIP_SOCKET") ?: "");
	monitor_say(line, "\"return\"");
	monitor_say("{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"ivshmem-doorbell\","
		    "\"id\":\"bastion0\",\"vectors\":1,\"chardev\":\"chip0\",\"bus\":\"port0\"}}",
		    "\"return\"");
}

/* A sleep that comes back by itself takes a kernel with CONFIG_PM_DEBUG. */
bool machine_sleeps(void)
{
	return !access("/sys/power/pm_test", W_OK);
}

/* The level of the test that goes down to the platform's own part, and wakes up there. */
int machine_sleep(void)
{
	int ret;

	put("/sys/module/suspend/parameters/pm_test_delay", "0");
	ret = put("/sys/power/pm_test", "platform");
	return ret ? ret : put("/sys/power/state", "mem");
}

/* Waiting */

/* Looks every millisecond: 0 or -ETIMEDOUT. */
int wait_for(bool (*ready)(struct bench *b), struct bench *b, int timeout_ms)
{
	long long end = sealed_now_ms() + timeout_ms;

	while (!ready(b)) {
		if (sealed_now_ms() >= end)
			return -ETIMEDOUT;
		nap();
	}
	return 0;
}

bool is_gone(struct bench *b)
{
	struct pollfd look = { .fd = b->gate.fd };

	return b->gate.fd < 0 || (poll(&look, 1, 0) > 0 && look.revents & POLLHUP);
}

/*
 * Is the driver done with the chip's last reset? A gate that has failed may be one whose driver has
 * not noticed the reset yet, unless it is to fail.
 */
bool has_settled(struct bench *b)
{
	long boots = boot_count();
	char state[32];

	if (is_gone(b) || sysfs_text("state", state, sizeof(state)))
		return true;
	if (!strcmp(state, "failed"))
		return b->fails;
	return boots >= b->boots && strcmp(state, "selftest");
}

/* As the gate says, and as it behaves. */
enum state state_now(struct bench *b)
{
	char text[32];

	if (!driver_bound())
		return ABSENT;
	if (is_gone(b))
		return GONE;
	sysfs_text("state", text, sizeof(text));
	for (int i = LOCKED; i <= FAILED; i++)
		if (!strcmp(text, states[i]))
			return i;
	return GONE;
}

static bool driver_polls(void)
{
	char text[8];

	return !get("/sys/module/bastion/parameters/polling", text, sizeof(text)) && *text == 'Y';
}

void machine_open(void)
{
	char path[256], *name;
	ssize_t len = readlink(SYSFS "device", path, sizeof(path) - 1);

	if (len < 0)
		err(2, SYSFS "device");
	path[len] = '\0';
	name = strrchr(path, '/');
	snprintf(function, sizeof(function), "%.31s", name ? name + 1 : path);
	open_port(&chip, "chip");
	if (!system("grep -q ' kasan_report$' /proc/kallsyms"))
		slowness = 4;
	if (!driver_polls())
		return;
	open_port(&monitor, "monitor");
	monitor_say("{\"execute\":\"qmp_capabilities\"}", "\"return\"");
}
