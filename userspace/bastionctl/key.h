/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of "bastionctl key". */
#ifndef BASTIONCTL_KEY_H
#define BASTIONCTL_KEY_H

#include <stdint.h>
#include <sys/types.h>

#include "bastionctl/ctl.h"
#include "libbastion/blob.h"
#include "libbastion/keys.h"

#define KEY_DEFAULT_SIZE    "64"
#define KEY_DEFAULT_KEYRING "@u"

/** key_new - "key new", argv[0] being "new"; returns an exit code */
int key_new(struct ctl *ctl, int argc, char **argv);

/** key_show - "key show NAME|SERIAL|FILE"; returns an exit code */
int key_show(struct ctl *ctl, const char *what);

/** key_list - "key list"; returns an exit code */
int key_list(struct ctl *ctl);

/**
 * key_write - write a blob as hex text that only its owner may read
 * @path: where
 * @blob: the blob
 * @len:  its length
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int key_write(const char *path, const uint8_t *blob, size_t len, struct bastion_error *err);

#endif
