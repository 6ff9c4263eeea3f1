/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a policy says of measured files: where its reference values are, and what
 * it does not care for. The program loads the files, as it loads roots.
 */
#ifndef BV_REFERENCE_RULE_H
#define BV_REFERENCE_RULE_H

#include <jansson.h>

#include "error.h"
#include "reference-glob.h"
#include "reference.h"
#include "verdict.h"

/**
 * struct bv_rule - one member of a policy: "ima" or "executables"
 * @name:	of the member
 * @given:	whether the policy has it
 * @violations:	whether violations are fine
 * @files:	names, for the program to load
 * @file_count:	how many
 * @ignore:	what is not judged
 * @ignore_count: how many
 * @texts:	keeps the texts of @ignore
 * @references:	what was loaded with bv_rule_add()
 */
struct bv_rule {
	const char *name;
	bool given;
	bool violations;
	char **files;
	size_t file_count;
	struct bv_glob *ignore;
	size_t ignore_count;
	json_t *texts;
	struct bv_references *references;
};

/**
 * bv_rule_read() - read a member
 * @rule:	zeroed; bv_rule_exit() it whatever this returns
 * @name:	of the member; static
 * @json:	its value
 * @violations:	whether it may say something of violations
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_rule_read(struct bv_rule *rule, const char *name, const json_t *json, bool violations,
		 struct bv_error *err);

/** bv_rule_exit() - free what a rule has */
void bv_rule_exit(struct bv_rule *rule);

/** bv_rule_loaded() - whether every file that the rule names was added */
bool bv_rule_loaded(const struct bv_rule *rule);

/**
 * struct bv_judge - a rule at work
 * @rule:	the rule
 * @check:	name of the check
 * @index:	register of the entries
 * @verdict:	gets the checks
 * @entries:	judged so far
 * @ignored:	of these
 * @refused:	of these
 * @explained:	array of the checks that the first few refused ones got, to be shown again
 *		by bv_judge_resume(); NULL before that
 */
struct bv_judge {
	const struct bv_rule *rule;
	const char *check;
	uint32_t index;
	struct bv_verdict *verdict;
	uint64_t entries;
	uint64_t ignored;
	uint64_t refused;
	json_t *explained;
};

/**
 * struct bv_measured - a file that was measured
 * @number:	of the entry in its log
 * @violation:	whether it is one; then nothing else of it is to be believed
 * @event:	whether it is no file but an event that is known, and refused by nobody
 * @path:	as in the log
 * @algorithm:	of @digest
 * @digest:	of the file
 */
struct bv_measured {
	uint64_t number;
	bool violation;
	bool event;
	struct bv_span path;
	struct bv_span algorithm;
	struct bv_span digest;
};

/**
 * bv_judge_resume() - begin to judge, or go on where an earlier round stopped
 * @judge:	zero to begin with; @judge->explained is the caller's to json_decref()
 * @rule:	the rule
 * @check:	name of the check; static
 * @index:	register of the entries
 * @verdict:	gets the checks of what was refused before, and those to come
 */
void bv_judge_resume(struct bv_judge *judge, const struct bv_rule *rule, const char *check,
		     uint32_t index, struct bv_verdict *verdict);

/** bv_judge_entry() - judge one entry; the first few that are refused get a check */
void bv_judge_entry(struct bv_judge *judge, const struct bv_measured *measured);

/** bv_judge_end() - the check that says how many there were */
void bv_judge_end(struct bv_judge *judge);

#endif
