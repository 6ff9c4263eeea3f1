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

static int add_root(struct bv_policy *policy, const char *policy_path, const char *name,
		    struct bv_error *err)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct bv_error why = { "" };
	struct bv_span pem;
	int len, ret;

	len = snprintf(folder, sizeof(folder), "%s", policy_path);
	if (len < 0 || len >= PATH_MAX)
		return bv_fail(err, "the path is too long");
	if (name[0] == '/')
		len = snprintf(path, sizeof(path), "%s", name);
	else
		len = snprintf(path, sizeof(path), "%s/%s", dirname(folder), name);
	if (len < 0 || len >= PATH_MAX)
		return bv_fail(err, "the path is too long");
	ret = file_read(path, ROOTS_MAX, &pem, err);
	if (ret)
		return ret;
	ret = bv_policy_add_roots(policy, pem, &why);
	if (ret)
		bv_fail(err, "%.150s: %.200s", path, why.text);
	free((void *)pem.data);
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
	for (size_t i = 0; policy && !ret && i < policy->root_files.count; i++)
		ret = add_root(policy, path, policy->root_files.text[i], err);
	if (!ret)
		return policy;
	bv_policy_free(policy);
	return NULL;
}

int fresh_bytes(void *out, size_t len)
{
	return getentropy(out, len) ? -EIO : 0;
}

int judge(const struct bv_policy *policy, const struct bv_signer *signer, struct bv_span nonce,
	  struct bv_span evidence, struct bv_result *result)
{
	const struct bv_appraisal in = {
		.policy = policy,
		.evidence = evidence,
		.nonce = nonce,
		.verifier = signer->verifier,
		.now = time(NULL),
	};
	struct bv_fresh fresh;
	int ret = fresh_bytes(&fresh, sizeof(fresh));

	if (!ret)
		ret = bv_result_make(&in, signer, &fresh, result);
	explicit_bzero(&fresh, sizeof(fresh));
	return ret;
}
