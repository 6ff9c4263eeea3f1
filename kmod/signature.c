// SPDX-License-Identifier: GPL-2.0
/*
 * P-384 signatures in DER.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "signature.h"

#define SCALAR_SIZE	(BASTION_SIGNATURE_SIZE / 2)
#define TAG_INTEGER	0x02
#define TAG_SEQUENCE	0x30

/* Writes a non-negative INTEGER as DER has it (X.690, 8.3 and 10.1): the fewest bytes. */
static size_t put_integer(const u8 *value, u8 *out)
{
	size_t len = SCALAR_SIZE;
	bool pad;

	while (len > 1 && !*value) {
		value++;
		len--;
	}
	pad = *value & 0x80;
	*out++ = TAG_INTEGER;
	*out++ = pad + len;
	if (pad)
		*out++ = 0;
	memcpy(out, value, len);
	return 2 + pad + len;
}

/**
 * bastion_signature_to_der - writes a signature as DER
 * @signature:	r || s, big endian
 * @der:	where it goes
 *
 * Return: its length in bytes.
 */
size_t bastion_signature_to_der(const u8 signature[BASTION_SIGNATURE_SIZE],
				u8 der[BASTION_SIGNATURE_DER_MAX])
{
	size_t len = 2;

	len += put_integer(signature, der + len);
	len += put_integer(signature + SCALAR_SIZE, der + len);
	der[0] = TAG_SEQUENCE;
	der[1] = len - 2;
	return len;
}

/* Reads a non-negative INTEGER of at most 48 bytes: how many bytes it takes, or 0. */
static size_t get_integer(const u8 *der, size_t len, u8 value[SCALAR_SIZE])
{
	size_t size;
	const u8 *p = der + 2;

	if (len < 3 || der[0] != TAG_INTEGER || !der[1] || der[1] > len - 2)
		return 0;
	size = der[1];
	/* The sign, and then the fewest bytes. */
	if (*p & 0x80)
		return 0;
	if (!*p && size > 1) {
		if (!(p[1] & 0x80))
			return 0;
		p++;
		size--;
	}
	if (size > SCALAR_SIZE)
		return 0;
	memset(value, 0, SCALAR_SIZE - size);
	memcpy(value + SCALAR_SIZE - size, p, size);
	return 2 + der[1];
}

/**
 * bastion_signature_from_der - reads a signature from DER
 * @der:	the signature, and perhaps more
 * @len:	bytes at @der
 * @signature:	r || s, big endian, each left-padded with zeros
 *
 * What comes after the signature is not looked at: kernels pass on as many bytes
 * as the longest signature has, whatever the caller of keyctl_pkey_verify(3) gave.
 *
 * Return: 0, or -EBADMSG for anything but DER of two non-negative numbers of at
 * most 48 bytes.
 */
int bastion_signature_from_der(const u8 *der, size_t len, u8 signature[BASTION_SIGNATURE_SIZE])
{
	size_t r, s;

	if (len < 2 || der[0] != TAG_SEQUENCE || der[1] > len - 2)
		return -EBADMSG;
	len = der[1];
	r = get_integer(der + 2, len, signature);
	if (!r)
		return -EBADMSG;
	s = get_integer(der + 2 + r, len - r, signature + SCALAR_SIZE);
	return s && r + s == len ? 0 : -EBADMSG;
}
