/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/bastionN: one thin wrapper for each request of include/uapi/linux/bastion.h,
 * which says what each does and which errors it has.
 */
#ifndef LIBBASTION_DEVICE_H
#define LIBBASTION_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/chip.h>
#include <linux/bastion.h>

#include "libbastion/error.h"

#define BASTION_DEVICES_MAX 16	/* device numbers that are looked for */

/**
 * struct bastion_device - an open device
 * @fd:	  its descriptor, close-on-exec; a round belongs to it
 * @name: "bastionN", for sysfs and securityfs
 * @tcti: how user space reaches the TPM, if that is the chip; NULL: the kernel's resource manager
 */
struct bastion_device {
	int fd;
	char name[32];
	const char *tcti;
};

/**
 * bastion_device_open - open a device
 * @dev:  out; @tcti is NULL
 * @path: its node, or NULL for the /dev/bastionN of the lowest number
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int bastion_device_open(struct bastion_device *dev, const char *path, struct bastion_error *err);

/** bastion_device_close - close it, which ends its round */
void bastion_device_close(struct bastion_device *dev);

/** bastion_device_info - BASTION_IOC_INFO; 0 or a negative errno */
int bastion_device_info(const struct bastion_device *dev, struct bastion_info *info,
			struct bastion_error *err);

/** bastion_device_round_begin - BASTION_IOC_ROUND_BEGIN; 0 or a negative errno */
int bastion_device_round_begin(const struct bastion_device *dev,
			       const uint8_t verifier[BASTION_DIGEST_SIZE],
			       struct bastion_round_begin *round, struct bastion_error *err);

/**
 * bastion_device_quote - BASTION_IOC_QUOTE
 * @dev:       with a round
 * @nonce:     the verifier's
 * @nonce_len: 8 to 64
 * @quote:     out: counts and digests; the quote itself is in @buf
 * @buf:       room for the quote
 * @size:      at least bastion_info.quote_max; @quote->quote_size of it are valid
 * @err:       circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int bastion_device_quote(const struct bastion_device *dev, const uint8_t *nonce, size_t nonce_len,
			 struct bastion_quote *quote, uint8_t *buf, size_t size,
			 struct bastion_error *err);

/**
 * bastion_device_grant - BASTION_IOC_GRANT, ends the round
 * @dev:  with a round, after its quote
 * @args: all but @size filled in
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int bastion_device_grant(const struct bastion_device *dev, struct bastion_grant_args *args,
			 struct bastion_error *err);

/** bastion_device_relock - BASTION_IOC_RELOCK; 0 or a negative errno */
int bastion_device_relock(const struct bastion_device *dev, struct bastion_error *err);

/** bastion_device_verifier_add - BASTION_IOC_VERIFIER_ADD; 0 or a negative errno */
int bastion_device_verifier_add(const struct bastion_device *dev,
				const uint8_t point[BASTION_POINT_SIZE],
				uint8_t digest[BASTION_DIGEST_SIZE], struct bastion_error *err);

/** bastion_device_verifier_remove - BASTION_IOC_VERIFIER_REMOVE; 0 or a negative errno */
int bastion_device_verifier_remove(const struct bastion_device *dev,
				   const uint8_t digest[BASTION_DIGEST_SIZE],
				   struct bastion_error *err);

/** bastion_device_verifier_list - BASTION_IOC_VERIFIER_LIST; 0 or a negative errno */
int bastion_device_verifier_list(const struct bastion_device *dev,
				 struct bastion_verifier_list *list, struct bastion_error *err);

/** bastion_device_extend - BASTION_IOC_EXTEND; 0 or a negative errno */
int bastion_device_extend(const struct bastion_device *dev, uint32_t index, const char *name,
			  const uint8_t *data, size_t len, struct bastion_error *err);

/**
 * bastion_device_release - BASTION_IOC_RELEASE
 * @dev:  any
 * @args: all but @size filled in; @serial is the result
 * @err:  circumstances of a failure
 *
 * Blocks until there is a grant or the timeout has passed.
 *
 * Return: 0 or a negative errno.
 */
int bastion_device_release(const struct bastion_device *dev, struct bastion_release *args,
			   struct bastion_error *err);

/**
 * bastion_device_event - the next change of state, privileged
 * @dev:   any
 * @event: out
 * @err:   circumstances of a failure
 *
 * The first call returns at once; then it blocks, poll(2) says until when.
 *
 * Return: 0 or a negative errno; -EINTR if a signal came.
 */
int bastion_device_event(const struct bastion_device *dev, struct bastion_event *event,
			 struct bastion_error *err);

#endif
