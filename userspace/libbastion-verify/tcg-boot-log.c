// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "tcg-boot-log.h"

#define SPEC_ID_AGILE	"Spec ID Event03"
#define SPEC_ID_PREFIX	"Spec ID Event"
#define SIGNATURE_SIZE	16	/* of events without action, with its NUL */
#define UNKNOWN_MAX	128	/* bytes of a digest that we do not know */

static bool signed_as(const struct bv_boot_event *event, const char *signature)
{
	return event->type == BV_EV_NO_ACTION && event->data.len >= SIGNATURE_SIZE &&
	       !memcmp(event->data.data, signature, SIGNATURE_SIZE);
}

static const struct bv_boot_algorithm *find_algorithm(const struct bv_boot_reader *reader,
						      uint16_t id)
{
	for (uint32_t i = 0; i < reader->algorithm_count; i++)
		if (reader->algorithms[i].id == id)
			return &reader->algorithms[i];
	return NULL;
}

static int add_algorithm(struct bv_boot_reader *reader, uint16_t id, uint16_t size,
			 struct bv_error *err)
{
	int bank = bv_bank_by_tcg(id);

	if (find_algorithm(reader, id))
		return bv_fail(err, "boot log: its header names algorithm 0x%04x twice", id);
	if (bank < 0 ? !size || size > UNKNOWN_MAX : size != bv_bank_size(bank))
		return bv_fail(err, "boot log: its header says that algorithm 0x%04x has %u bytes", id,
			       size);
	if (bank >= 0)
		reader->banks |= 1u << bank;
	reader->algorithms[reader->algorithm_count++] = (struct bv_boot_algorithm){ id, size };
	return 0;
}

/* TCG_EfiSpecIDEvent: what the digests of all later events are. */
static int read_header(struct bv_boot_reader *reader, struct bv_span data, struct bv_error *err)
{
	struct bv_span ignored, vendor;
	uint16_t id, size;
	uint32_t count;

	/* Signature, platform class, version (three bytes), size of the platform's UINTN. */
	if (!bv_take(&data, SIGNATURE_SIZE + 4 + 3 + 1, &ignored) || !bv_take_le32(&data, &count))
		return bv_fail(err, "boot log: its header is cut short");
	if (!count || count > BV_BOOT_LOG_ALGORITHMS)
		return bv_fail(err, "boot log: its header names %u algorithms; 1 to %d are possible",
			       count, BV_BOOT_LOG_ALGORITHMS);
	for (uint32_t i = 0; i < count; i++) {
		int ret;

		if (!bv_take_le16(&data, &id) || !bv_take_le16(&data, &size))
			return bv_fail(err, "boot log: its header is cut short");
		ret = add_algorithm(reader, id, size, err);
		if (ret)
			return ret;
	}
	if (!bv_take(&data, 1, &vendor) || data.len != vendor.data[0])
		return bv_fail(err, "boot log: its header does not end where it says");
	return 0;
}

static int read_digest(struct bv_boot_reader *reader, uint32_t *seen, struct bv_boot_event *event,
		       struct bv_error *err)
{
	const struct bv_boot_algorithm *algorithm;
	struct bv_span digest;
	uint16_t id;
	int bank;

	if (!bv_take_le16(&reader->rest, &id))
		return bv_fail(err, "event %llu is cut short", (unsigned long long)event->number);
	algorithm = find_algorithm(reader, id);
	if (!algorithm)
		return bv_fail(err, "event %llu has a digest of algorithm 0x%04x, which the header "
			       "does not name", (unsigned long long)event->number, id);
	if (*seen & (1u << (algorithm - reader->algorithms)))
		return bv_fail(err, "event %llu has two digests of algorithm 0x%04x",
			       (unsigned long long)event->number, id);
	*seen |= 1u << (algorithm - reader->algorithms);
	if (!bv_take(&reader->rest, algorithm->size, &digest))
		return bv_fail(err, "event %llu is cut short", (unsigned long long)event->number);
	bank = bv_bank_by_tcg(id);
	if (bank >= 0)
		event->digest[bank] = digest;
	return 0;
}

/* A bank without a digest for some event could not be replayed. */
static int read_digests(struct bv_boot_reader *reader, struct bv_boot_event *event,
			struct bv_error *err)
{
	uint32_t count, seen = 0;
	int ret = 0;

	if (!reader->agile) {
		if (bv_take(&reader->rest, bv_bank_size(BV_BANK_SHA1),
			    &event->digest[BV_BANK_SHA1]))
			return 0;
		return bv_fail(err, "event %llu is cut short", (unsigned long long)event->number);
	}
	if (!bv_take_le32(&reader->rest, &count))
		return bv_fail(err, "event %llu is cut short", (unsigned long long)event->number);
	if (count != reader->algorithm_count)
		return bv_fail(err, "event %llu has %u digests; the header names %u algorithms",
			       (unsigned long long)event->number, count, reader->algorithm_count);
	for (uint32_t i = 0; !ret && i < count; i++)
		ret = read_digest(reader, &seen, event, err);
	return ret;
}

int bv_boot_log_next(struct bv_boot_reader *reader, struct bv_boot_event *event,
		     struct bv_error *err)
{
	unsigned long long number = reader->number;
	int ret;

	if (!reader->rest.len)
		return 0;
	memset(event, 0, sizeof(*event));
	event->number = reader->number;
	if (!bv_take_le32(&reader->rest, &event->pcr) || !bv_take_le32(&reader->rest, &event->type))
		return bv_fail(err, "event %llu is cut short", number);
	ret = read_digests(reader, event, err);
	if (ret)
		return ret;
	if (!bv_take_field(&reader->rest, BV_BOOT_LOG_MAX, &event->data))
		return bv_fail(err, "event %llu: its data is cut short", number);
	if (event->pcr >= BV_PCR_COUNT && event->type != BV_EV_NO_ACTION)
		return bv_fail(err, "event %llu names register %u; there are %d", number, event->pcr,
			       BV_PCR_COUNT);
	reader->number++;
	return 1;
}

int bv_boot_log_open(struct bv_span log, struct bv_boot_reader *reader, struct bv_error *err)
{
	struct bv_boot_reader start = { .rest = log, .banks = 1u << BV_BANK_SHA1 };
	struct bv_boot_event first;
	int ret;

	*reader = start;
	if (!log.len)
		return bv_fail(err, "boot log: it is empty");
	if (log.len > BV_BOOT_LOG_MAX)
		return bv_fail(err, "boot log: it has %zu bytes, at most %d are possible", log.len,
			       BV_BOOT_LOG_MAX);
	/* The first event has the old format in both: the readers of old must understand it. */
	ret = bv_boot_log_next(&start, &first, err);
	if (ret < 0)
		return ret;
	if (signed_as(&first, SPEC_ID_AGILE)) {
		reader->rest = start.rest;
		reader->number = 1;
		reader->agile = true;
		reader->banks = 0;
		return first.pcr ? bv_fail(err, "boot log: its header names register %u", first.pcr)
				 : read_header(reader, first.data, err);
	}
	if (first.type == BV_EV_NO_ACTION && first.data.len >= SIGNATURE_SIZE &&
	    !memcmp(first.data.data, SPEC_ID_PREFIX, strlen(SPEC_ID_PREFIX)) &&
	    !signed_as(&first, "Spec ID Event00") && !signed_as(&first, "Spec ID Event02"))
		return bv_fail(err, "boot log: its format is newer than this verifier");
	return 0;
}

/* The CPU or a hardware root of trust extended register 0 before the firmware did. */
static int set_locality(const struct bv_boot_event *event, struct bv_pcrs *pcrs, bool *known,
			struct bv_error *err)
{
	unsigned long long number = event->number;
	uint8_t locality;

	if (event->pcr || event->data.len != SIGNATURE_SIZE + 1)
		return bv_fail(err, "event %llu is no startup locality of register 0", number);
	locality = event->data.data[SIGNATURE_SIZE];
	if (locality != 0 && locality != 3 && locality != 4)
		return bv_fail(err, "event %llu: there is no startup from locality %u", number,
			       locality);
	if (*known || pcrs->used & 1)
		return bv_fail(err, "event %llu: a startup locality comes once, before anything "
			       "extends register 0", number);
	*known = true;
	for (int bank = 0; bank < BV_BANKS; bank++)
		pcrs->value[bank][0][bv_bank_size(bank) - 1] = locality;
	return 0;
}

static int apply(const struct bv_boot_event *event, struct bv_pcrs *pcrs,
		 struct bv_bank_hashers *hashers, bool *locality, struct bv_error *err)
{
	int ret = 0;

	if (signed_as(event, "StartupLocality"))
		return set_locality(event, pcrs, locality, err);
	if (event->type == BV_EV_NO_ACTION)
		return 0;
	for (int bank = 0; !ret && bank < BV_BANKS; bank++)
		if (pcrs->banks & (1u << bank))
			ret = bv_pcr_extend(pcrs, hashers, bank, event->pcr,
					    event->digest[bank].data);
	return ret ? bv_fail_errno(err, -ret, "replaying the boot log") : 0;
}

int bv_boot_log_replay(struct bv_span log, uint32_t banks, struct bv_pcrs *pcrs, uint64_t *count,
		       struct bv_error *err)
{
	struct bv_bank_hashers hashers;
	struct bv_boot_reader reader;
	struct bv_boot_event event;
	bool locality = false;
	int ret;

	memset(pcrs, 0, sizeof(*pcrs));
	*count = 0;
	ret = bv_boot_log_open(log, &reader, err);
	if (ret)
		return ret;
	pcrs->banks = banks & reader.banks;
	ret = bv_bank_hashers_init(&hashers, pcrs->banks);
	if (ret)
		bv_fail_errno(err, -ret, "replaying the boot log");
	while (!ret && (ret = bv_boot_log_next(&reader, &event, err)) == 1)
		ret = apply(&event, pcrs, &hashers, &locality, err);
	bv_bank_hashers_exit(&hashers);
	*count = reader.number;
	return ret;
}
