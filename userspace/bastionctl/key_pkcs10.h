/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Certification requests (PKCS #10, RFC 2986) for a key whose private half is
 * elsewhere: whoever has it signs when asked.
 */
#ifndef BASTIONCTL_KEY_PKCS10_H
#define BASTIONCTL_KEY_PKCS10_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <bastion/chip.h>

#include "libbastion/error.h"

#define KEY_PKCS10_NAMES_MAX 64

/**
 * struct key_pkcs10 - what is requested, and who signs it
 * @point:   the public key
 * @subject: "/TYPE=VALUE..." of at least one part; a backslash takes the next
 *	     character as it is
 * @dns:     subject alternative names, @dns_count of them
 * @ip:      likewise, addresses of either family
 * @sign:    ECDSA over a SHA-384 digest of @len bytes: returns the length of the
 *	     DER in @sig, which has room for 104 bytes, or a negative errno with @err
 * @arg:     for @sign
 */
struct key_pkcs10 {
	uint8_t point[BASTION_POINT_SIZE];
	const char *subject;
	const char *dns[KEY_PKCS10_NAMES_MAX];
	size_t dns_count;
	const char *ip[KEY_PKCS10_NAMES_MAX];
	size_t ip_count;
	ssize_t (*sign)(void *arg, const uint8_t *digest, size_t len, uint8_t *sig,
			struct bastion_error *err);
	void *arg;
};

/**
 * key_pkcs10_build - make a request and have it signed
 * @request: what for
 * @pem:     out: text that the caller frees
 * @err:     circumstances of a failure
 *
 * All but the signature is checked before @sign is called. The signature is
 * verified: nothing comes out that a certification authority would refuse for it.
 *
 * Return: the length of the text, or a negative errno; what @sign returned if
 * that failed.
 */
ssize_t key_pkcs10_build(const struct key_pkcs10 *request, char **pem, struct bastion_error *err);

#endif
