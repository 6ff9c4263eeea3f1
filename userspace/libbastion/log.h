/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of the binary measurement lists with 48-byte template digests
 * (Documentation/measurements.rst). This parses; it vouches for nothing:
 * only a verifier that replays the log against a quote does.
 */
#ifndef LIBBASTION_LOG_H
#define LIBBASTION_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <bastion/chip.h>

/**
 * struct bastion_log_entry - one record; pointers go into the log
 * @index:	register
 * @digest:	SHA-384 template digest
 * @template:	"ima-ng", "ima-ngv2" or "ima-buf"
 * @algorithm:	of @value, NUL terminated, without the last colon
 * @value:	what d-ng or d-ngv2 holds
 * @value_len:	its length
 * @name:	n-ng, NUL terminated
 * @data:	buf, NULL unless the template is ima-buf
 * @data_len:	its length
 */
struct bastion_log_entry {
	uint32_t index;
	uint8_t digest[BASTION_DIGEST_SIZE];
	char template[16];
	char algorithm[16];
	const uint8_t *value;
	size_t value_len;
	const char *name;
	const uint8_t *data;
	size_t data_len;
};

/**
 * bastion_log_next - parse the record at the head of a log
 * @log:   records
 * @len:   bytes left
 * @entry: out
 *
 * Return: the record's length; 0 at the end; -EBADMSG if it does not parse.
 */
ssize_t bastion_log_next(const uint8_t *log, size_t len, struct bastion_log_entry *entry);

/**
 * bastion_log_prefix - how many bytes the first records take
 * @log:   records
 * @len:   bytes
 * @count: how many records
 *
 * The log may have grown since the quote that evidence must match.
 *
 * Return: the length, or -EBADMSG if one does not parse or there are fewer.
 */
ssize_t bastion_log_prefix(const uint8_t *log, size_t len, uint64_t count);

#endif
