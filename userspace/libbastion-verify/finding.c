// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "finding.h"

int bv_finding_init(struct bv_finding *finding)
{
	memset(finding, 0, sizeof(*finding));
	finding->verdict = bv_verdict_new();
	finding->skipped = json_array();
	return finding->verdict && finding->skipped ? 0 : -ENOMEM;
}

void bv_finding_exit(struct bv_finding *finding)
{
	bv_verdict_free(finding->verdict);
	json_decref(finding->skipped);
	memset(finding, 0, sizeof(*finding));
}

bool bv_finding_check(struct bv_finding *finding, const char *name, int refused,
		      const char *expected, const struct bv_error *why, const char *advice)
{
	const struct bv_check check = {
		.name = name,
		.claim = BV_HARDWARE,
		.tier = refused ? BV_CONTRAINDICATED : BV_AFFIRMING,
		.expected = expected,
		.seen = refused ? why->text : expected,
		.advice = advice,
	};

	if (refused)
		finding->error = *why;
	return bv_verdict_add(finding->verdict, &check);
}

void bv_finding_skip(struct bv_finding *finding, const char *name)
{
	if (json_array_append_new(finding->skipped, json_string(name)))
		finding->verdict->broken = true;
}

int bv_finding_close(struct bv_finding *finding, bool ok)
{
	finding->ok = ok && !finding->verdict->broken;
	return finding->verdict->broken ? -ENOMEM : 0;
}

json_t *bv_finding_json(const struct bv_finding *finding)
{
	return json_pack("{s:b, s:O, s:O, s:o}", "ok", finding->ok, "checks",
			 finding->verdict->checks, "skipped", finding->skipped, "error",
			 finding->ok ? json_null() : json_string(finding->error.text));
}
