// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libbastion/device.h"

/* Whatever the node is called, sysfs knows which device it is. */
static int find_name(struct bastion_device *dev, const char *path, struct bastion_error *err)
{
	char link[64], target[256];
	const char *base;
	struct stat st;
	ssize_t n;

	if (fstat(dev->fd, &st) < 0)
		return bastion_error_set(err, BASTION_OP_OPEN, errno, "cannot examine %s", path);
	if (!S_ISCHR(st.st_mode))
		return bastion_error_set(err, BASTION_OP_OPEN, ENOTTY, "%s is not a device", path);
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	n = readlink(link, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		base = strrchr(target, '/');
	} else {
		base = strrchr(path, '/');
	}
	base = base ? base + 1 : path;
	if (snprintf(dev->name, sizeof(dev->name), "%s", base) >= (int)sizeof(dev->name) ||
	    strncmp(dev->name, "bastion", strlen("bastion")))
		return bastion_error_set(err, BASTION_OP_OPEN, ENOTTY,
					 "%s is not a device of bastion's", path);
	return 0;
}

static int open_path(struct bastion_device *dev, const char *path, struct bastion_error *err)
{
	int rc;

	dev->tcti = NULL;
	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return bastion_error_set(err, BASTION_OP_OPEN, errno, "cannot open %s", path);
	rc = find_name(dev, path, err);
	if (rc)
		bastion_device_close(dev);
	return rc;
}

int bastion_device_open(struct bastion_device *dev, const char *path, struct bastion_error *err)
{
	char node[32];
	int i;

	if (path)
		return open_path(dev, path, err);
	for (i = 0; i < BASTION_DEVICES_MAX; i++) {
		snprintf(node, sizeof(node), "/dev/bastion%d", i);
		if (access(node, F_OK) == 0)
			return open_path(dev, node, err);
	}
	return bastion_error_set(err, BASTION_OP_OPEN, ENOENT, "found no /dev/bastionN");
}

void bastion_device_close(struct bastion_device *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

static int request(const struct bastion_device *dev, unsigned long number, void *args,
		   enum bastion_op op, const char *what, struct bastion_error *err)
{
	if (ioctl(dev->fd, number, args) < 0)
		return bastion_error_set(err, op, errno, "cannot %s", what);
	return 0;
}

int bastion_device_info(const struct bastion_device *dev, struct bastion_info *info,
			struct bastion_error *err)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return request(dev, BASTION_IOC_INFO, info, BASTION_OP_DEVICE, "ask the device", err);
}

int bastion_device_round_begin(const struct bastion_device *dev,
			       const uint8_t verifier[BASTION_DIGEST_SIZE],
			       struct bastion_round_begin *round, struct bastion_error *err)
{
	int rc;

	memset(round, 0, sizeof(*round));
	round->size = sizeof(*round);
	memcpy(round->verifier, verifier, sizeof(round->verifier));
	rc = request(dev, BASTION_IOC_ROUND_BEGIN, round, BASTION_OP_ROUND, "begin a round", err);
	if (!rc && round->chip_nonce_len > sizeof(round->chip_nonce))
		rc = bastion_error_set(err, BASTION_OP_ROUND, EIO, "the chip's nonce is too long");
	return rc;
}

int bastion_device_quote(const struct bastion_device *dev, const uint8_t *nonce, size_t nonce_len,
			 struct bastion_quote *quote, uint8_t *buf, size_t size,
			 struct bastion_error *err)
{
	int rc;

	if (nonce_len > sizeof(quote->nonce))
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL, "the nonce is too long");
	memset(quote, 0, sizeof(*quote));
	quote->size = sizeof(*quote);
	quote->nonce_len = nonce_len;
	memcpy(quote->nonce, nonce, nonce_len);
	quote->quote = (uintptr_t)buf;
	quote->quote_size = size;
	rc = request(dev, BASTION_IOC_QUOTE, quote, BASTION_OP_ROUND, "get a quote", err);
	if (!rc && quote->quote_size > size)
		rc = bastion_error_set(err, BASTION_OP_ROUND, EIO, "the quote is too long");
	return rc;
}

int bastion_device_grant(const struct bastion_device *dev, struct bastion_grant_args *args,
			 struct bastion_error *err)
{
	args->size = sizeof(*args);
	return request(dev, BASTION_IOC_GRANT, args, BASTION_OP_GRANT, "pass the grant", err);
}

int bastion_device_relock(const struct bastion_device *dev, struct bastion_error *err)
{
	struct bastion_relock args = { .size = sizeof(args) };

	return request(dev, BASTION_IOC_RELOCK, &args, BASTION_OP_DEVICE, "lock the gate", err);
}

int bastion_device_verifier_add(const struct bastion_device *dev,
				const uint8_t point[BASTION_POINT_SIZE],
				uint8_t digest[BASTION_DIGEST_SIZE], struct bastion_error *err)
{
	struct bastion_verifier_add args = { .size = sizeof(args) };
	int rc;

	memcpy(args.key, point, sizeof(args.key));
	rc = request(dev, BASTION_IOC_VERIFIER_ADD, &args, BASTION_OP_VERIFIER, "add the verifier",
		     err);
	if (!rc)
		memcpy(digest, args.digest, sizeof(args.digest));
	return rc;
}

int bastion_device_verifier_remove(const struct bastion_device *dev,
				   const uint8_t digest[BASTION_DIGEST_SIZE],
				   struct bastion_error *err)
{
	struct bastion_verifier_remove args = { .size = sizeof(args) };

	memcpy(args.digest, digest, sizeof(args.digest));
	return request(dev, BASTION_IOC_VERIFIER_REMOVE, &args, BASTION_OP_VERIFIER,
		       "remove the verifier", err);
}

int bastion_device_verifier_list(const struct bastion_device *dev,
				 struct bastion_verifier_list *list, struct bastion_error *err)
{
	int rc;

	memset(list, 0, sizeof(*list));
	list->size = sizeof(*list);
	rc = request(dev, BASTION_IOC_VERIFIER_LIST, list, BASTION_OP_VERIFIER,
		     "list the verifiers", err);
	if (!rc && list->count > BASTION_VERIFIERS_MAX)
		list->count = BASTION_VERIFIERS_MAX;
	return rc;
}

int bastion_device_extend(const struct bastion_device *dev, uint32_t index, const char *name,
			  const uint8_t *data, size_t len, struct bastion_error *err)
{
	struct bastion_extend args = {
		.size = sizeof(args),
		.index = index,
		.data = (uintptr_t)data,
		.data_len = len,
	};

	if (strlen(name) > sizeof(args.name) || len > BASTION_EVENT_DATA_MAX)
		return bastion_error_set(err, BASTION_OP_EXTEND, EINVAL, "cannot extend register %u",
					 index);
	memcpy(args.name, name, strlen(name));
	return request(dev, BASTION_IOC_EXTEND, &args, BASTION_OP_EXTEND, "extend the register",
		       err);
}

int bastion_device_release(const struct bastion_device *dev, struct bastion_release *args,
			   struct bastion_error *err)
{
	args->size = sizeof(*args);
	return request(dev, BASTION_IOC_RELEASE, args, BASTION_OP_RELEASE, "release the key", err);
}

int bastion_device_event(const struct bastion_device *dev, struct bastion_event *event,
			 struct bastion_error *err)
{
	ssize_t n = read(dev->fd, event, sizeof(*event));

	if (n < 0)
		return bastion_error_set(err, BASTION_OP_DEVICE, errno, "cannot read events of %s",
					 dev->name);
	if (n != sizeof(*event))
		return bastion_error_set(err, BASTION_OP_DEVICE, EIO, "short event of %s",
					 dev->name);
	return 0;
}
