// SPDX-License-Identifier: GPL-2.0
/*
 * A grant that has the kernel trim its log, without memory: it trims less then, and what is left
 * is the log all the same (failslab/operations.h). In a guest of its own, as kept.c.
 */
#include "../failslab/operations.h"

#define TRIM_ABOVE	"/sys/module/bastion/parameters/trim_above"
#define LOG_FIRST	"/sys/class/bastion/bastion0/measurements/log_first"
#define ASCII		"/sys/kernel/security/bastion/bastion0/ascii_runtime_measurements"

static long number(const char *path)
{
	FILE *file = fopen(path, "r");
	long value = -1;

	if (file && fscanf(file, "%ld", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

/* Entries that are left: a line each. */
static long entries(void)
{
	FILE *file = fopen(ASCII, "r");
	long count = 0;
	int c;

	while (file && (c = fgetc(file)) != EOF)
		count += c == '\n';
	if (file)
		fclose(file);
	return count;
}

/* A round, and its grant, signed, by a verifier that keeps what was quoted. */
static int quoted_kept(struct state *s)
{
	int ret = quoted(s);

	if (ret)
		return ret;
	s->grant.fixed.flags = htole32(BASTION_GRANT_KEPT);
	round_sign(&s->round, &s->grant, s->gate.verifier.key);
	return 0;
}

/* There are three more entries than the last grant left, which all went. */
static int quoted_with_more(struct state *s)
{
	int ret = sealed_write(TRIM_ABOVE, "0");

	if (!ret)
		ret = quoted_kept(s);
	if (!ret)
		ret = do_grant(s);
	for (int i = 0; i < 3 && !ret; i++)
		ret = do_extend(s);
	if (!ret)
		ret = entries() == 3 ? quoted_kept(s) : -EBADMSG;
	return ret;
}

/*
 * What was trimmed and what is left are what was quoted; after an error nothing was trimmed, but
 * for that of the answer, which is copied last.
 */
static int is_complete(struct state *s, long ret)
{
	long first = number(LOG_FIRST), left = entries();

	if (first < 0 || first + left != (long)le64toh(s->grant.fixed.log_count))
		return -EBADMSG;
	return ret && ret != -EFAULT && left != 3 ? -ENODATA : 0;
}

OPERATION(trim, quoted_with_more, do_grant, .locks = true, .check = is_complete);

TEST_HARNESS_MAIN
