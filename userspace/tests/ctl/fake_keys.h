/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's key service for commands under test: it does nothing but write
 * down what it is asked for. The program that links it has no other.
 */
#ifndef TESTS_CTL_FAKE_KEYS_H
#define TESTS_CTL_FAKE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/blob.h>

#define FAKE_KEY  500	/* what request_key(2) finds */
#define FAKE_MADE 600	/* what add_key(2) makes first; then one more each time */

/**
 * struct fake_keys - what it is to do, and what it was asked for
 * @blob:     what keys hold, in hex when read
 * @blob_len: its length
 * @fail:     errno of the next call that @fail_at names, as in @log
 * @fail_at:  the word that its line begins with
 * @watched:  a file: lines of @log say "saved" once it is there
 * @log:      a line for each call that changes or uses something
 * @secret:   what a key of type user was added with
 * @secret_len: its length
 */
struct fake_keys {
	uint8_t blob[BASTION_BLOB_MAX];
	size_t blob_len;
	int fail;
	const char *fail_at;
	const char *watched;
	char log[4096];
	uint8_t secret[BASTION_SECRET_MAX];
	size_t secret_len;
};

extern struct fake_keys fake_keys;

#endif
