// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "load.h"

#define ROOTS_MAX	(1 << 20)

/* Names in a policy are relative to its folder. */
static int read_beside(const char *policy_path, const char *name, size_t max, char path[PATH_MAX],
		       struct bv_span *out, struct bv_error *err)
{
	char folder[PATH_MAX];
	int len = snprintf(folder, sizeof(folder), "%s", policy_path);

	if (len < 0 || len >= PATH_MAX)
		return bv_fail(err, "the path is too long");
	if (name[0] == '/')
		len = snprintf(path, PATH_MAX, "%s", name);
	else
		len = snprintf(path, PATH_MAX, "%s/%s", dirname(folder), name);
	if (len < 0 || len >= PATH_MAX)
		return bv_fail(err, "the path is too long");
	return file_read(path, max, out, err);
}

static int add_root(struct bv_policy *policy, const char *policy_path, const char *name,
		    struct bv_error *err)
{
	struct bv_error why = { "" };
	char path[PATH_MAX];
	struct bv_span pem;
	int ret = read_beside(policy_path, name, ROOTS_MAX, path, &pem, err);

	if (ret)
		return ret;
	ret = bv_policy_add_roots(policy, pem, &why);
	if (ret)
		bv_fail(err, "%.150s: %.200s", path, why.text);
	free((void *)pem.data);
	return ret;
}

static int add_references(struct bv_policy *policy, const char *policy_path, struct bv_rule *rule,
			  struct bv_error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < rule->file_count; i++) {
		struct bv_error why = { "" };
		char path[PATH_MAX];
		struct bv_span text;

		ret = read_beside(policy_path, rule->files[i], BV_REFERENCE_MAX, path, &text, err);
		if (ret)
			return ret;
		ret = bv_policy_add_references(policy, rule, text, &why);
		if (ret)
			bv_fail(err, "%.150s: %.200s", path, why.text);
		free((void *)text.data);
	}
	return ret;
}

struct bv_policy *policy_load(const char *path, struct bv_error *err)
{
	struct bv_policy *policy;
	struct bv_span text;
	int ret = 0;

	if (file_read(path, BV_POLICY_MAX, &text, err))
		return NULL;
	policy = bv_policy_parse(text, err);
	free((void *)text.data);
	if (!policy)
		return NULL;
	for (size_t i = 0; !ret && i < policy->root_files.count; i++)
		ret = add_root(policy, path, policy->root_files.text[i], err);
	if (!ret)
		ret = add_references(policy, path, &policy->ima, err);
	if (!ret)
		ret = add_references(policy, path, &policy->executables, err);
	if (!ret)
		return policy;
	bv_policy_free(policy);
	return NULL;
}

int fresh_bytes(void *out, size_t len)
{
	return getentropy(out, len) ? -EIO : 0;
}

int judge(const struct bv_policy *policy, const struct bv_signer *signer,
	  const struct enrolled *enrolled, struct bv_span nonce, struct bv_span evidence,
	  const struct memory *memory, struct bv_result *result)
{
	const struct bv_appraisal in = {
		.policy = policy,
		.evidence = evidence,
		.nonce = nonce,
		.verifier = signer->verifier,
		.now = time(NULL),
		.find_machine = enrolled->find,
		.machines = enrolled->machines,
		.history = memory ? memory->history : NULL,
	};
	struct bv_verdict *verdict;
	struct bv_fresh fresh;
	int ret = fresh_bytes(&fresh, sizeof(fresh));

	if (ret)
		return ret;
	verdict = bv_appraise(&in);
	/* Before there is a grant that says so. */
	if (verdict && memory)
		verdict->facts.kept = memory->keep(memory, verdict);
	ret = bv_result_make(&in, verdict, signer, &fresh, result);
	explicit_bzero(&fresh, sizeof(fresh));
	return ret;
}
