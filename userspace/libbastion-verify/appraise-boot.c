// SPDX-License-Identifier: GPL-2.0
/* Register 0: what the platform started, component by component. */
#include <stdio.h>
#include <string.h>

#include "appraise.h"

#define COMPONENTS	4
#define HEX_SIZE	(2 * BASTION_DIGEST_SIZE + 1)

enum { FIRMWARE, KERNEL, INITRD, CMDLINE };

static const struct {
	const char *event;
	const char *check;
	const char *advice;
} components[COMPONENTS] = {
	[FIRMWARE] = { BASTION_BOOT_FIRMWARE, "boot-firmware",
		       "The chip runs firmware that the policy does not pin: update one of them." },
	[KERNEL] = { BASTION_BOOT_KERNEL, "boot-kernel",
		     "Boot a kernel that the policy knows, or make reference values of the new one "
		     "with \"bastion-verifier reference\"." },
	[INITRD] = { BASTION_BOOT_INITRD, "boot-initrd",
		     "Boot an initrd that the policy knows, or make reference values of the new one "
		     "with \"bastion-verifier reference\"." },
	[CMDLINE] = { BASTION_BOOT_CMDLINE, "boot-cmdline",
		      "Boot with the command line of the policy, or change it there." },
};

static bool is_component(const struct bv_log_entry *entry, int component)
{
	return bv_span_is(entry->name, components[component].event) &&
	       entry->buffer == (component == CMDLINE) && !strcmp(entry->algorithm, "sha384");
}

/* The log holds these and nothing else, in this order; one that is missing has no name. */
static int read_components(struct bv_span log, struct bv_log_entry found[COMPONENTS],
			   struct bv_error *err)
{
	struct bv_log_reader reader = bv_log_begin(log);
	struct bv_log_entry entry;
	int ret, component = FIRMWARE;

	while ((ret = bv_log_next(&reader, &entry, err)) == 1) {
		while (component < COMPONENTS && !is_component(&entry, component))
			component++;
		if (component == COMPONENTS)
			return bv_fail(err, "entry %llu of the boot log is unknown, or out of order",
				       (unsigned long long)entry.number);
		found[component++] = entry;
	}
	if (!ret && !found[FIRMWARE].name.data)
		return bv_fail(err, "the chip did not measure its firmware");
	return ret;
}

static bool is_digest(const struct bv_log_entry *entry, bool wanted, const uint8_t *digest)
{
	if (!wanted || !entry->name.data)
		return !wanted && !entry->name.data;
	return !memcmp(entry->digest.data, digest, BASTION_DIGEST_SIZE);
}

static bool matches(const struct bv_boot *boot, const struct bv_log_entry *entry, int component)
{
	switch (component) {
	case FIRMWARE:
		return !boot->has_firmware || is_digest(entry, true, boot->firmware);
	case KERNEL:
		return is_digest(entry, true, boot->kernel);
	case INITRD:
		return is_digest(entry, boot->has_initrd, boot->initrd);
	case CMDLINE:
		return entry->name.data && bv_span_is(entry->data, boot->cmdline);
	}
	return false;
}

/* The reference that fits best is the one whose differences help the operator. */
static const struct bv_boot *closest(const struct bv_policy *policy,
				     const struct bv_log_entry found[COMPONENTS])
{
	const struct bv_boot *best = NULL;
	int most = -1;

	for (size_t i = 0; i < policy->boot_count; i++) {
		int same = 0;

		for (int c = 0; c < COMPONENTS; c++)
			same += matches(&policy->boots[i], &found[c], c);
		if (same > most) {
			most = same;
			best = &policy->boots[i];
		}
	}
	return best;
}

static void expect_text(const struct bv_boot *boot, int component, char *out, size_t size)
{
	const uint8_t *digest = component == FIRMWARE ? boot->firmware :
				component == KERNEL ? boot->kernel : boot->initrd;
	char hex[HEX_SIZE];

	if (component == CMDLINE) {
		snprintf(out, size, "%s (reference %s)", boot->cmdline, boot->name);
		return;
	}
	if (component == FIRMWARE && !boot->has_firmware) {
		snprintf(out, size, "any: reference %s does not pin it", boot->name);
		return;
	}
	if (component == INITRD && !boot->has_initrd) {
		snprintf(out, size, "none (reference %s)", boot->name);
		return;
	}
	bv_hex(hex, sizeof(hex), digest, BASTION_DIGEST_SIZE);
	snprintf(out, size, "sha384:%s (reference %s)", hex, boot->name);
}

static void seen_text(const struct bv_log_entry *entry, int component, char *out, size_t size)
{
	char hex[HEX_SIZE];

	if (!entry->name.data) {
		snprintf(out, size, "nothing: it was not measured");
	} else if (component == CMDLINE) {
		size_t len = entry->data.len < size - 1 ? entry->data.len : size - 1;

		/* A NUL would hide what follows it. */
		for (size_t i = 0; i < len; i++)
			out[i] = entry->data.data[i] ? entry->data.data[i] : '?';
		out[len] = '\0';
	} else {
		bv_hex(hex, sizeof(hex), entry->digest.data, entry->digest.len);
		snprintf(out, size, "sha384:%s", hex);
	}
}

static void check_component(const struct bv_boot *boot, const struct bv_log_entry *entry,
			    int component, struct bv_verdict *verdict)
{
	bool ok = matches(boot, entry, component);
	char expected[BV_CMDLINE_MAX + 128], seen[BV_CMDLINE_MAX + 16];

	expect_text(boot, component, expected, sizeof(expected));
	seen_text(entry, component, seen, sizeof(seen));
	bv_verdict_add(verdict, &(struct bv_check){
		.name = components[component].check,
		.claim = component == FIRMWARE ? BV_HARDWARE : BV_EXECUTABLES,
		.tier = ok ? BV_AFFIRMING : BV_CONTRAINDICATED, .expected = expected, .seen = seen,
		.advice = components[component].advice, .entry = ok ? NULL : entry });
}

static void check_reference(const struct bv_policy *policy, struct bv_span log,
			    struct bv_verdict *verdict)
{
	struct bv_log_entry found[COMPONENTS] = { 0 };
	struct bv_error err = { "" };
	int ret = read_components(log, found, &err);
	const struct bv_boot *boot;

	if (!bv_verdict_add(verdict, &(struct bv_check){
		.name = "boot-components", .claim = BV_EXECUTABLES,
		.tier = ret ? BV_CONTRAINDICATED : BV_AFFIRMING,
		.expected = "firmware, kernel, initrd and cmdline, once each at most, in this order",
		.seen = ret ? err.text : "as expected",
		.advice = "The platform measured something that this verifier does not know." }))
		return;
	boot = closest(policy, found);
	if (!boot) {
		bv_verdict_add(verdict, &(struct bv_check){
			.name = "boot-reference", .claim = BV_EXECUTABLES, .tier = BV_WARNING,
			.expected = "reference values in the policy",
			.seen = "\"reference\" is missing or empty: nobody vouches for this kernel",
			.advice = "Make reference values with \"bastion-verifier reference\" and put "
				  "them into the policy." });
		return;
	}
	for (int i = 0; i < COMPONENTS; i++)
		check_component(boot, &found[i], i, verdict);
}

void bv_appraise_boot(const struct bv_appraisal *in, struct bv_span log,
		      struct bv_verdict *verdict)
{
	const uint8_t *quoted = verdict->facts.quote.registers[0];
	char expected[HEX_SIZE], hex[HEX_SIZE];
	struct bv_error err = { "" };
	struct bv_log_entry bad;
	struct bv_replay replay;
	int ret = bv_log_replay(log, BV_LOG_PLATFORM, &replay, &bad, &err);

	bv_hex(expected, sizeof(expected), quoted, BASTION_DIGEST_SIZE);
	bv_hex(hex, sizeof(hex), replay.registers[0], BASTION_DIGEST_SIZE);
	if (bv_verdict_add(verdict, &(struct bv_check){
		.name = "boot-log", .claim = BV_EXECUTABLES,
		.tier = !ret && !memcmp(replay.registers[0], quoted, BASTION_DIGEST_SIZE) ?
			BV_AFFIRMING : BV_CONTRAINDICATED,
		.expected = expected, .seen = ret ? err.text : hex, .entry = &bad,
		.advice = "The boot log is not what the chip measured: it was changed on its way." }))
		check_reference(in->policy, log, verdict);
}
