/* SPDX-License-Identifier: GPL-2.0 */
/* The log as its ASCII list shows it, and programs that nobody has measured. */
#ifndef SELFTESTS_G3_LOG_H
#define SELFTESTS_G3_LOG_H

#include <sys/stat.h>

#include "sealed.h"

#define LIST	"/sys/kernel/security/bastion/bastion0/ascii_runtime_measurements_sha384"
#define SYSFS	"/sys/class/bastion/bastion0/"

/* A line of the log. */
struct line {
	unsigned int index;
	char digest[97], template[16], field[128], name[4096], data[16400];
};

static inline FILE *open_log(void)
{
	return fopen(LIST, "r");
}

static inline int next_line(FILE *log, struct line *line)
{
	char text[24576];
	int n;

	if (!fgets(text, sizeof(text), log))
		return 0;
	line->data[0] = '\0';
	n = sscanf(text, "%u %96[0-9a-f] %15s %127s %4095s %16399s", &line->index, line->digest,
		   line->template, line->field, line->name, line->data);
	return n >= 5 ? n : -1;
}

/* How many lines there are for @name with @field, in register 4. */
static inline int count_lines(const char *field, const char *name)
{
	FILE *log = open_log();
	struct line line;
	int count = 0;

	while (next_line(log, &line) > 0)
		count += line.index == 4 && !strcmp(line.field, field) && !strcmp(line.name, name);
	fclose(log);
	return count;
}

/* Does register @index replay? */
static inline int replays(unsigned int index)
{
	uint8_t value[48] = { }, digest[48];
	char path[128], shown[97] = "", hex[97];
	FILE *log = open_log(), *file;
	struct line line;
	int i;

	while (next_line(log, &line) > 0) {
		if (line.index != index)
			continue;
		for (i = 0; i < 48; i++)
			sscanf(line.digest + 2 * i, "%2hhx", &digest[i]);
		ROUND_HASH(value, { value, sizeof(value) }, { digest, sizeof(digest) });
	}
	fclose(log);
	snprintf(path, sizeof(path), SYSFS "measurements/mr%u:sha384", index);
	file = fopen(path, "r");
	if (fscanf(file, "%96s", shown) != 1)
		shown[0] = '\0';
	fclose(file);
	sealed_hex(value, sizeof(value), hex);
	return !strcmp(hex, shown);
}

/* "sha256:..." of a file. */
static inline const char *digest_of(const char *path)
{
	static char field[80];
	uint8_t digest[32];
	unsigned int len;
	char text[4096];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	FILE *file = fopen(path, "r");
	size_t n;

	ROUND_MUST(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	while ((n = fread(text, 1, sizeof(text), file)))
		ROUND_MUST(EVP_DigestUpdate(ctx, text, n));
	ROUND_MUST(EVP_DigestFinal_ex(ctx, digest, &len));
	EVP_MD_CTX_free(ctx);
	fclose(file);
	strcpy(field, "sha256:");
	sealed_hex(digest, sizeof(digest), field + strlen(field));
	return field;
}

/* A copy of the releaser with @tail behind it, which changes nothing but its digest. */
static inline int copy(const char *from, const char *to, char tail)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	char text[4096];
	size_t n;

	if (!in || !out)
		return -1;
	while ((n = fread(text, 1, sizeof(text), in)))
		fwrite(text, 1, n, out);
	fputc(tail, out);
	fclose(in);
	fclose(out);
	return chmod(to, 0755);
}

/* Runs it for a key; 0 or an errno. */
static inline int run(const char *program, key_serial_t key)
{
	char serial[16];
	pid_t pid;

	snprintf(serial, sizeof(serial), "%d", key);
	pid = fork();
	if (!pid) {
		execl(program, program, serial, NULL);
		_exit(254);
	}
	return sealed_result(pid);
}

#endif
