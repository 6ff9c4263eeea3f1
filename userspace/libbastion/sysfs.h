/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel says of a device in sysfs and securityfs. */
#ifndef LIBBASTION_SYSFS_H
#define LIBBASTION_SYSFS_H

#include <stddef.h>
#include <stdint.h>

#include "libbastion/device.h"

/* Whole evidence is one message of 8 MiB at most, base64 included. */
#define BASTION_SYSFS_LOG_MAX (5u << 20)

/**
 * bastion_sysfs_read - one attribute of /sys/class/bastion/bastionN
 * @dev:  which device
 * @attr: attribute, "statistics/quotes" for example
 * @buf:  out: its value without the newline, NUL terminated
 * @size: room there
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int bastion_sysfs_read(const struct bastion_device *dev, const char *attr, char *buf, size_t size,
		       struct bastion_error *err);

/**
 * bastion_sysfs_statistics - every attribute of the folder "statistics"
 * @dev:  which device
 * @each: called with name and value; a nonzero return ends it
 * @arg:  for @each
 * @err:  circumstances of a failure
 *
 * Return: 0, what @each returned, or a negative errno.
 */
int bastion_sysfs_statistics(const struct bastion_device *dev,
			     int (*each)(const char *name, const char *value, void *arg), void *arg,
			     struct bastion_error *err);

/* The two binary lists of /sys/kernel/security/bastion/bastionN */
#define BASTION_SYSFS_BOOT_LOG	  "binary_boot_measurements"
#define BASTION_SYSFS_RUNTIME_LOG "binary_runtime_measurements_sha384"

/**
 * bastion_sysfs_log - read a log
 * @dev:  which device
 * @file: BASTION_SYSFS_BOOT_LOG or BASTION_SYSFS_RUNTIME_LOG
 * @data: out: the records; the caller frees them
 * @len:  out: how many bytes
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno; -EFBIG beyond BASTION_SYSFS_LOG_MAX.
 */
int bastion_sysfs_log(const struct bastion_device *dev, const char *file, uint8_t **data,
		      size_t *len, struct bastion_error *err);

/**
 * bastion_sysfs_runtime_log - read the module's log, which may have been trimmed
 * @dev:   which device
 * @data:  out: the records; the caller frees them
 * @len:   out: how many bytes
 * @first: out: number of the first one
 * @err:   circumstances of a failure
 *
 * Return: as bastion_sysfs_log(); -ESTALE if it was trimmed whenever it was read.
 */
int bastion_sysfs_runtime_log(const struct bastion_device *dev, uint8_t **data, size_t *len,
			      uint64_t *first, struct bastion_error *err);

/**
 * bastion_sysfs_tcg_log - read the log of what firmware and boot loader measured
 * @tpm:  number of the TPM
 * @data: out: as the TCG's PC Client Platform Firmware Profile has it; NULL where the kernel
 *	  was given none; the caller frees it
 * @len:  out: how many bytes
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno; -EFBIG beyond BASTION_SYSFS_LOG_MAX.
 */
int bastion_sysfs_tcg_log(uint32_t tpm, uint8_t **data, size_t *len, struct bastion_error *err);

/**
 * bastion_sysfs_ima - read IMA's list, if the chip signs what it comes to
 * @dev:  which device
 * @kind: of its chip: BASTION_CHIP_*. A TPM always does (PCR 10), others where the module mirrors it
 * @skip: bytes at its beginning that are left out, and take no memory
 * @data: out: the binary list; NULL without one, or when register 3 is empty; the caller frees it
 * @len:  out: how many bytes
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno; -EFBIG beyond BASTION_SYSFS_LOG_MAX.
 */
int bastion_sysfs_ima(const struct bastion_device *dev, uint32_t kind, uint64_t skip,
		      uint8_t **data, size_t *len, struct bastion_error *err);

#endif
