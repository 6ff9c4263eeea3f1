// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "measuring.h"

/* Written when the module is loaded, before there is a chip; constant afterwards. */
static unsigned int measuring = BASTION_MEASURE_IMA;
static bool given;

/* In the order of the bits, as the text has them. */
static const char *const words[] = { "ima", "exec" };

static int parse_word(const char *word, size_t len, unsigned int *what)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == len && !strncmp(word, words[i], len)) {
			*what |= BIT(i);
			return 0;
		}
	}
	return -EINVAL;
}

static int parse(const char *text, unsigned int *what)
{
	size_t len;

	*what = 0;
	if (!strcmp(text, "none"))
		return 0;
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (parse_word(text, len, what))
			return -EINVAL;
		if (!text[len])
			return 0;
	}
}

static int set(const char *text, const struct kernel_param *param)
{
	unsigned int what;

	if (parse(text, &what)) {
		pr_err("measure=%s is not known; it may be: ima, exec, ima,exec, or none\n",
		       text);
		return -EINVAL;
	}
	measuring = what;
	given = true;
	return 0;
}

static int get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", bastion_measuring_text());
}

static const struct kernel_param_ops measure_ops = {
	.set = set,
	.get = get,
};

module_param_cb(measure, &measure_ops, NULL, 0444);
__MODULE_PARM_TYPE(measure, "charp");
MODULE_PARM_DESC(measure, "what to measure besides what is always measured: ima, exec, both with a comma, or none (default: ima, where the kernel has it)");

/**
 * bastion_measuring() - is something to be measured?
 * @what:	BASTION_MEASURE_*
 *
 * Context: any, once the parameters have been read.
 */
bool bastion_measuring(unsigned int what)
{
	return measuring & what;
}

/**
 * bastion_measuring_given() - did an operator say what is to be measured?
 *
 * What was asked for must work; what was not may be missing.
 */
bool bastion_measuring_given(void)
{
	return given;
}

/**
 * bastion_measuring_drop() - do without something that nobody asked for
 * @what:	BASTION_MEASURE_*
 *
 * Context: module init, before there is a chip, so that what is measured is what is in force.
 */
void bastion_measuring_drop(unsigned int what)
{
	measuring &= ~what;
}

/**
 * bastion_measuring_text() - what is in force, as it is measured
 *
 * Return: "none", or words as the parameter has them, in a fixed order.
 */
const char *bastion_measuring_text(void)
{
	static const char *const texts[] = { "none", "ima", "exec", "ima,exec" };

	return texts[measuring];
}
