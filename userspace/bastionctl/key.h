/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of "bastionctl key". */
#ifndef BASTIONCTL_KEY_H
#define BASTIONCTL_KEY_H

#include <stdint.h>
#include <sys/types.h>

#include <openssl/evp.h>

#include "bastionctl/ctl.h"
#include "libbastion/blob.h"
#include "libbastion/keys.h"

#define KEY_DEFAULT_KEYRING "@u"

/* Each is "key VERB", argv[0] being the verb, and returns an exit code. */
int key_new(struct ctl *ctl, int argc, char **argv);
int key_import(struct ctl *ctl, int argc, char **argv);
int key_rebind(struct ctl *ctl, int argc, char **argv);
int key_public(struct ctl *ctl, int argc, char **argv);
int key_csr(struct ctl *ctl, int argc, char **argv);
int key_sign(struct ctl *ctl, int argc, char **argv);
int key_show(struct ctl *ctl, int argc, char **argv);
int key_list(struct ctl *ctl, int argc, char **argv);

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

/**
 * key_save - the same for the blob of a key in a keyring
 * @serial: the key
 * @path:   where
 * @err:    circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int key_save(int32_t serial, const char *path, struct bastion_error *err);

/**
 * key_blob - the blob of a key of that name, or else of a file
 * @what: name, serial or path
 * @blob: out: room for BASTION_BLOB_MAX
 * @err:  circumstances of a failure
 *
 * Return: the blob's length, or a negative errno.
 */
ssize_t key_blob(const char *what, uint8_t *blob, struct bastion_error *err);

/**
 * key_point - the public key of a key pair, by name or file
 * @what:  name, serial or path
 * @point: out
 * @err:   circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int key_point(const char *what, uint8_t point[BASTION_POINT_SIZE], struct bastion_error *err);

/**
 * key_hash_file - hash a file's content
 * @path:   where; "-" is the standard input
 * @md:     with what
 * @digest: out: room for EVP_MAX_MD_SIZE
 * @err:    circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int key_hash_file(const char *path, const EVP_MD *md, uint8_t *digest, struct bastion_error *err);

/** key_report - print the serial and name of a key that was made */
void key_report(const struct ctl *ctl, int32_t serial, const char *name);

#endif
