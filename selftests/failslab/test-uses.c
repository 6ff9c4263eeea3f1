// SPDX-License-Identifier: GPL-2.0
/*
 * What is done with keys that are there, waiting for a grant, renewing one, and what is only read,
 * without memory: operations.h says how.
 */
#include <linux/fscrypt.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "operations.h"

#define LISTS	"/sys/kernel/security/bastion/bastion0/"
#define SYSFS	"/sys/class/bastion/bastion0/"
#define IMAGE	"/tmp/selftest-nth.img"
#define MOUNT	"/tmp/selftest-nth"

/* Keys that are there */

static int there_as(struct state *s, uint32_t type)
{
	int ret = release_of(s, (struct bastion_release){ .key = s->sealed, .type = type });

	if (ret)
		return ret;
	s->made = do_release(s);
	return s->made < 0 ? s->made : 0;
}

static int logon_there(struct state *s)
{
	return there_as(s, BASTION_TYPE_LOGON);
}

static int user_there(struct state *s)
{
	return there_as(s, BASTION_TYPE_USER);
}

static int user(struct state *s)
{
	return release_of(s, (struct bastion_release){ .key = s->sealed, .type = BASTION_TYPE_USER });
}

static long do_find(struct state *s)
{
	long key = errno_of(request_key("logon", s->gate.description, NULL, RING));

	return key < 0 || key == s->made ? key : -EBADMSG;
}

static long do_search(struct state *s)
{
	long key = errno_of(keyctl_search(RING, "logon", s->gate.description, s->nest));

	return key < 0 || key == s->made ? key : -EBADMSG;
}

static long do_search_sealed(struct state *s)
{
	long key = errno_of(keyctl_search(RING, "bastion", s->gate.name, s->nest));

	return key < 0 ? key : key == s->sealed ? 0 : -EBADMSG;
}

static long do_describe(struct state *s)
{
	long ret = errno_of(keyctl_describe(s->made, s->buffer, sizeof(s->buffer)));

	return ret < 0 ? ret : 0;
}

static long do_describe_sealed(struct state *s)
{
	long ret = errno_of(keyctl_describe(s->sealed, s->buffer, sizeof(s->buffer)));

	return ret < 0 ? ret : 0;
}

static long do_read_user(struct state *s)
{
	long ret = errno_of(keyctl_read(s->made, s->buffer, sizeof(s->buffer)));

	return ret < 0 ? ret : ret == 32 ? 0 : -EBADMSG;
}

/* One that may be done away with */
static int sealed_there(struct state *s)
{
	s->made = gate_new(&s->gate, "nth", "");
	return s->made < 0 ? s->made : 0;
}

static long do_revoke(struct state *s)
{
	return errno_of(keyctl_revoke(s->made));
}

static long do_invalidate(struct state *s)
{
	return errno_of(keyctl_invalidate(s->made));
}

/* Whoever is told that it is not gone has it. */
static int gone(struct state *s, long ret)
{
	int dead = sealed_dead(s->made);

	keyctl_unlink(s->made, RING);
	return !ret == !!dead ? 0 : -EBADMSG;
}

/* An empty keyring for what is found or made; the last one goes with what it has. */
static int nest(struct state *s)
{
	s->nest = add_key("keyring", "nest", NULL, 0, RING);
	return s->nest < 0 ? -errno : 0;
}

static int nest_beside_logon(struct state *s)
{
	int ret = nest(s);

	return ret ? ret : logon_there(s);
}

/*
 * Without a key, its helper makes it. A refusal would be remembered in the keyring: that is another
 * each time.
 */
static int nest_alone(struct state *s)
{
	int ret = nest(s);

	return ret ? ret : attested(s);
}

static long do_request(struct state *s)
{
	return errno_of(request_key("logon", s->gate.description, "", s->nest));
}

/* The kernel's own users of what was released */

static long do_encrypt(struct state *s)
{
	snprintf(s->text, sizeof(s->text), "new user:%s 32", s->gate.description);
	return errno_of(add_key("encrypted", "nth", s->text, strlen(s->text), RING));
}

static int mounted(struct state *s)
{
	if (s->nest)
		return s->nest;
	if (system("modprobe -aq loop ext4; truncate -s 16M " IMAGE " &&"
		   " mkfs.ext4 -q -O encrypt " IMAGE " && mkdir -p " MOUNT " &&"
		   " mount -o loop " IMAGE " " MOUNT))
		return -ENODEV;
	s->nest = open(MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->nest < 0)
		return -errno;
	/* It stays for the open file, and goes with it. */
	return umount2(MOUNT, MNT_DETACH) || rmdir(MOUNT) || unlink(IMAGE) ? -errno : s->nest;
}

/* The file system has it no more, if it ever had. */
static int provisioned(struct state *s)
{
	struct fscrypt_remove_key_arg arg = {
		.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER };
	int dir = mounted(s);

	if (dir < 0)
		return dir;
	memcpy(arg.key_spec.u.identifier, s->digest, FSCRYPT_KEY_IDENTIFIER_SIZE);
	if (ioctl(dir, FS_IOC_REMOVE_ENCRYPTION_KEY, &arg) && errno != ENOKEY)
		return -errno;
	return there_as(s, BASTION_TYPE_FSCRYPT);
}

static long do_provision(struct state *s)
{
	struct fscrypt_add_key_arg arg = { .key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
					   .key_id = s->made };
	long ret = errno_of(ioctl(s->nest, FS_IOC_ADD_ENCRYPTION_KEY, &arg));

	memcpy(s->digest, arg.key_spec.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
	return ret;
}

/* Waiting */

static int relocked(struct state *s, uint32_t timeout_ms)
{
	int ret = release_of(s, (struct bastion_release){ .key = s->sealed,
							  .type = BASTION_TYPE_LOGON });

	s->release.flags = 0;
	s->release.timeout_ms = timeout_ms;
	return ret ? ret : round_relock(s->gate.fd);
}

static int waiting(struct state *s)
{
	return relocked(s, 20);
}

static int nobody_waits(struct state *s, long ret)
{
	return sealed_waiters() ? -EBUSY : 0;
}

/** struct granter - a thread that brings the grant once somebody waits, or is told to end */
static struct granter {
	struct state *state;
	pthread_t thread;
	int device, end[2], ret;
} granter;

static void *bring(void *arg)
{
	struct pollfd wait[] = { { .fd = granter.device, .events = POLLIN },
				 { .fd = granter.end[0], .events = POLLIN } };
	struct bastion_event event;

	while (poll(wait, 2, -1) > 0 && !wait[1].revents) {
		if (read(granter.device, &event, sizeof(event)) != sizeof(event))
			break;
		if (event.waiters) {
			granter.ret = round_submit(&granter.state->round, &granter.state->grant);
			break;
		}
	}
	return NULL;
}

static int granted_soon(struct state *s)
{
	int ret = relocked(s, 60000) ?: quoted(s);

	if (ret)
		return ret;
	granter = (struct granter){ .state = s, .device = round_open() };
	if (granter.device < 0 || pipe2(granter.end, O_CLOEXEC))
		return -errno;
	s->gate.attested_ms = sealed_now_ms();
	return -pthread_create(&granter.thread, NULL, bring, NULL);
}

/* Whoever had waited had it, and the gate is open. */
static int granted(struct state *s, long ret)
{
	close(granter.end[1]);
	pthread_join(granter.thread, NULL);
	close(granter.end[0]);
	close(granter.device);
	if (granter.ret || sealed_waiters())
		return granter.ret ? granter.ret : -EBUSY;
	return ret > 0 && round_state(s->gate.fd) != BASTION_STATE_ATTESTED ? -EBADMSG : 0;
}

/* Renewing */

static int quoted_beside_logon(struct state *s)
{
	return logon_there(s) ?: quoted(s);
}

/* The key lives as long as there is a grant, the new one or else the old. */
static int carried(struct state *s, long ret)
{
	int state = round_state(s->gate.fd), dead = sealed_dead(s->made);

	keyctl_unlink(s->made, RING);
	if (!ret && state != BASTION_STATE_ATTESTED)
		return -EBADMSG;
	return (state == BASTION_STATE_ATTESTED) == !dead ? 0 : -EKEYREVOKED;
}

/* Reading */

/* What was read is all, or the first part of it. */
static long read_all(struct state *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (have < sizeof(s->buffer) &&
	       (n = read(fd, s->buffer + have, sizeof(s->buffer) - have)) > 0)
		have += n;
	s->signature_len = have;
	n = errno_of(n);
	close(fd);
	return n < 0 ? n : 0;
}

static char whole[sizeof(((struct state *)0)->buffer)];
static size_t whole_len;

static int read_before(struct state *s, const char *path)
{
	int ret = attested(s);

	if (!ret)
		ret = read_all(s, path);
	whole_len = s->signature_len;
	memcpy(whole, s->buffer, whole_len);
	return ret ? ret : whole_len ? 0 : -ENODATA;
}

static int is_whole(struct state *s, long ret)
{
	if (memcmp(whole, s->buffer, s->signature_len))
		return -EBADMSG;
	return ret || (size_t)s->signature_len == whole_len ? 0 : -ENODATA;
}

#define READING(name, path, ...)					\
static int before_##name(struct state *s)				\
{									\
	return read_before(s, path);					\
}									\
									\
static long do_##name(struct state *s)					\
{									\
	s->signature_len = 0;						\
	return read_all(s, path);					\
}									\
									\
OPERATION(name, before_##name, do_##name, .check = is_whole, ##__VA_ARGS__)

READING(read_ascii, LISTS "ascii_runtime_measurements_sha256");
READING(read_binary, LISTS "binary_runtime_measurements_sha384");
READING(read_boot, LISTS "binary_boot_measurements", .needs = CHIP_BOOT_LOG);
READING(read_register, SYSFS "measurements/mr1:sha384");
READING(read_state, SYSFS "state");

static long do_list_keys(struct state *s)
{
	return read_all(s, "/proc/keys");
}

static long do_event(struct state *s)
{
	struct bastion_event event = { 0 };
	int fd = round_open(), ret;

	if (fd < 0)
		return fd;
	ret = read(fd, &event, sizeof(event)) < 0 ? -errno : 0;
	close(fd);
	return ret || event.state == BASTION_STATE_ATTESTED ? ret : -EBADMSG;
}

OPERATION(request_found, logon_there, do_find);
OPERATION(request_upcall, nest_alone, do_request, "logon");
OPERATION(release_user, user, do_release, "user");
OPERATION(read_user, user_there, do_read_user);
OPERATION(describe, logon_there, do_describe);
OPERATION(describe_sealed, attested, do_describe_sealed);
OPERATION(search, nest_beside_logon, do_search);
OPERATION(search_sealed, nest_alone, do_search_sealed);
/* That is not for who has it. */
OPERATION(revoke, logon_there, do_revoke, .check = gone, .none = true, .ends = EACCES);
OPERATION(invalidate, logon_there, do_invalidate, .check = gone, .none = true);
OPERATION(revoke_sealed, sealed_there, do_revoke, .check = gone, .none = true);
OPERATION(invalidate_sealed, sealed_there, do_invalidate, .check = gone, .none = true);
OPERATION(encrypt, user_there, do_encrypt, "encrypted");
OPERATION(provision, provisioned, do_provision);
OPERATION(wait_in_vain, waiting, do_release, "logon", .locks = true, .ends = ETIMEDOUT,
	  .check = nobody_waits);
OPERATION(wait_for_grant, granted_soon, do_release, "logon", .locks = true, .check = granted);
OPERATION(renew, quoted_beside_logon, do_grant, .locks = true, .check = carried);
OPERATION(list_keys, logon_there, do_list_keys);
OPERATION(read_event, attested, do_event);

TEST_HARNESS_MAIN
