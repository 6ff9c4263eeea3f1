// SPDX-License-Identifier: GPL-2.0
/* policy learn: reference values from the logs of a machine that is known to be good. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "libbastion-verify/json.h"
#include "libbastion-verify/reference-learn.h"
#include "libbastion-verify/reference.h"
#include "policy_commands.h"
#include "show.h"
#include "verifier.h"

#define LIST_MAX	(256 << 20)
#define NAME_MAX_BYTES	64

struct arguments {
	const char *log;
	const char *ima;
	const char *name;
	const char *add;
};

static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "log", required_argument, NULL, 'l' },
		{ "ima", required_argument, NULL, 'i' },
		{ "name", required_argument, NULL, 'n' },
		{ "add", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'l')
			args->log = optarg;
		else if (c == 'i')
			args->ima = optarg;
		else if (c == 'n')
			args->name = optarg;
		else if (c == 'a')
			args->add = optarg;
		else if (c != 'j')	/* there is no other form */
			return VERIFIER_USAGE;
	}
	if (optind != argc || !args->name || (!args->log && !args->ima))
		return verifier_usage("policy learn needs --name and --log, --ima or both");
	if (!*args->name || strlen(args->name) > NAME_MAX_BYTES)
		return verifier_usage("--name has 1 to %d characters", NAME_MAX_BYTES);
	return VERIFIER_OK;
}

static int learn_file(struct bv_learned *learned, const char *path,
		      int (*learn)(struct bv_learned *learned, struct bv_span log,
				   struct bv_error *err))
{
	struct bv_error err = { "" };
	struct bv_span bytes;
	int ret;

	if (!path)
		return VERIFIER_OK;
	if (file_read(path, LIST_MAX, &bytes, &err))
		return verifier_fail("%s", err.text);
	ret = learn(learned, bytes, &err);
	free((void *)bytes.data);
	return ret ? verifier_fail("%s: %s", path, err.text) : VERIFIER_OK;
}

/* The file that a generation is added to, which has to be one, or an empty one. */
static json_t *load_base(const char *path, struct bv_error *err)
{
	struct bv_references *references;
	json_t *base = NULL;
	struct bv_span text;

	if (!path)
		return json_pack("{s:[]}", "generations");
	if (file_read(path, BV_REFERENCE_MAX, &text, err))
		return NULL;
	references = bv_references_new();
	if (!references)
		bv_fail(err, "out of memory");
	else if (!bv_references_add(references, text, err))
		base = bv_json_parse(text, BV_REFERENCE_MAX, BV_REFERENCE_VALUES, path, err);
	bv_references_free(references);
	free((void *)text.data);
	return base;
}

static bool has_generation(const json_t *base, const char *name)
{
	const json_t *generation;
	size_t i;

	json_array_foreach(json_object_get(base, "generations"), i, generation)
		if (!strcmp(json_string_value(json_object_get(generation, "name")), name))
			return true;
	return false;
}

static int print(const struct arguments *args, const struct bv_learned *learned)
{
	struct bv_error err = { "out of memory" };
	json_t *base = load_base(args->add, &err);

	if (!base)
		return verifier_fail("%s", err.text);
	if (has_generation(base, args->name)) {
		json_decref(base);
		return verifier_fail("%s has a generation %s already", args->add, args->name);
	}
	if (json_array_append_new(json_object_get(base, "generations"),
				  bv_learned_generation(learned, args->name))) {
		json_decref(base);
		return verifier_fail("--name is not UTF-8, or there is no memory");
	}
	if (learned->violations)
		fprintf(stderr, "note: nothing to learn from %llu violations\n",
			(unsigned long long)learned->violations);
	if (learned->skipped)
		fprintf(stderr, "note: left out %llu entries: they have no digest or that of nothing "
			"(a user's file system), or a path that is not UTF-8 or has *, ? or a control "
			"character in it\n",
			(unsigned long long)learned->skipped);
	return show_json(base);
}

int policy_learn(int argc, char **argv)
{
	struct arguments args = { 0 };
	struct bv_learned learned;
	int code = parse(argc, argv, &args);

	if (code)
		return code;
	if (bv_learned_init(&learned))
		return verifier_fail("out of memory");
	code = learn_file(&learned, args.log, bv_learn_log);
	if (!code)
		code = learn_file(&learned, args.ima, bv_learn_ima);
	if (!code)
		code = print(&args, &learned);
	bv_learned_exit(&learned);
	return code;
}
