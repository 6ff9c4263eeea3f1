/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot log that PC firmware writes beside what it extends into a TPM (TCG PC
 * Client Platform Firmware Profile 1.05, section 10): with SHA-1 only, or
 * "crypto-agile" with a digest for each bank. Linux shows it as
 * /sys/kernel/security/tpm0/binary_bios_measurements.
 */
#ifndef BV_TCG_BOOT_LOG_H
#define BV_TCG_BOOT_LOG_H

#include "tcg-pcrs.h"

#define BV_BOOT_LOG_MAX		(16 << 20)	/* bytes of a log */
#define BV_BOOT_LOG_ALGORITHMS	16

#define BV_EV_NO_ACTION		3

/**
 * struct bv_boot_event - one event; spans point into the log
 * @number:	0 for the first of the log
 * @pcr:	below BV_PCR_COUNT, unless @type is BV_EV_NO_ACTION
 * @type:	event type
 * @digest:	by bank; no data where the log has no such bank
 * @data:	the event's data, that no digest needs to cover
 */
struct bv_boot_event {
	uint64_t number;
	uint32_t pcr;
	uint32_t type;
	struct bv_span digest[BV_BANKS];
	struct bv_span data;
};

/**
 * struct bv_boot_reader - where a reader is
 * @rest:	the next event and what follows it
 * @number:	of the next event
 * @agile:	whether each event has a digest for each of @algorithms
 * @algorithms:	TPM_ALG_ID and size, as the log's first event says
 * @algorithm_count: how many
 * @banks:	mask of those that we know
 */
struct bv_boot_reader {
	struct bv_span rest;
	uint64_t number;
	bool agile;
	struct bv_boot_algorithm {
		uint16_t id;
		uint16_t size;
	} algorithms[BV_BOOT_LOG_ALGORITHMS];
	uint32_t algorithm_count;
	uint32_t banks;
};

/**
 * bv_boot_log_open() - see which format a log has
 * @log:	untrusted
 * @reader:	to be used with bv_boot_log_next()
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG.
 */
int bv_boot_log_open(struct bv_span log, struct bv_boot_reader *reader, struct bv_error *err);

/**
 * bv_boot_log_next() - read one event
 * @reader:	where it is
 * @event:	the event
 * @err:	what was wrong, naming the event
 *
 * Return: 1, 0 at the end of the log, -EBADMSG.
 */
int bv_boot_log_next(struct bv_boot_reader *reader, struct bv_boot_event *event,
		     struct bv_error *err);

/**
 * bv_boot_log_replay() - replay a whole log
 * @log:	untrusted
 * @banks:	mask of the banks that are wanted
 * @pcrs:	the values, in those of the wanted banks that the log has
 * @count:	events
 * @err:	what was wrong
 *
 * Events without action extend nothing; a StartupLocality event says from which
 * value register 0 began (ibid., 10.4.5.3).
 *
 * Return: 0, -EBADMSG, -ENOMEM, -EIO.
 */
int bv_boot_log_replay(struct bv_span log, uint32_t banks, struct bv_pcrs *pcrs, uint64_t *count,
		       struct bv_error *err);

#endif
