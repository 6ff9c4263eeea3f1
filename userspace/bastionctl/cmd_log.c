// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "libbastion/hex.h"
#include "libbastion/log.h"
#include "libbastion/sysfs.h"

enum { OPT_BINARY = 1, OPT_REGISTER };

#define EVERY_REGISTER (-1)

struct request {
	bool binary;
	int wanted;
	json_t *array;	/* NULL for text */
};

/* As many digits as it takes: data may be 4096 bytes. */
static char *hex_of(const uint8_t *data, size_t len)
{
	char *hex = malloc(2 * len + 1);

	if (hex)
		bastion_hex_encode(data, len, hex);
	return hex;
}

/* What the module, or an operator, measured as text is given as such, too. */
static json_t *text_json(const struct bastion_log_entry *entry)
{
	size_t i;

	for (i = 0; i < entry->data_len; i++)
		if (entry->data[i] < ' ' || entry->data[i] > '~')
			return NULL;
	return json_stringn((const char *)entry->data, entry->data_len);
}

static json_t *entry_json(const struct bastion_log_entry *entry, uint64_t number)
{
	char *value = hex_of(entry->value, entry->value_len), *data = NULL;
	json_t *json;

	json = json_pack("{s:I, s:I, s:o, s:s, s:s, s:s?}", "number", (json_int_t)number,
			 "register", (json_int_t)entry->index, "digest",
			 report_hex(entry->digest, sizeof(entry->digest)), "template",
			 entry->template, "algorithm", entry->algorithm, "value", value);
	/* A path may be no UTF-8; then its bytes are given in hex. */
	if (json_object_set_new(json, "name", json_string(entry->name))) {
		data = hex_of((const uint8_t *)entry->name, strlen(entry->name));
		json_object_set_new(json, "name_hex", json_string(data));
		free(data);
		data = NULL;
	}
	if (entry->data) {
		data = hex_of(entry->data, entry->data_len);
		json_object_set_new(json, "data", json_string(data));
		json_object_set_new(json, "text", text_json(entry));
	}
	free(data);
	free(value);
	return json;
}

/* IMA's ASCII list */
static void print_entry(const struct bastion_log_entry *entry)
{
	char digest[2 * BASTION_DIGEST_SIZE + 1];
	char *value = hex_of(entry->value, entry->value_len);
	char *data = entry->data ? hex_of(entry->data, entry->data_len) : NULL;

	bastion_hex_encode(entry->digest, sizeof(entry->digest), digest);
	printf("%2u %s %s ", entry->index, digest, entry->template);
	report_text(stdout, entry->algorithm);
	printf(":%s ", value ? value : "");
	report_text(stdout, entry->name);
	if (data)
		printf(" %s", data);
	putchar('\n');
	free(data);
	free(value);
}

static int show(const struct request *request, const uint8_t *log, size_t len, uint64_t number,
		struct bastion_error *err)
{
	struct bastion_log_entry entry;
	ssize_t n;

	for (; (n = bastion_log_next(log, len, &entry)) > 0; log += n, len -= n, number++) {
		if (request->wanted != EVERY_REGISTER && entry.index != (unsigned)request->wanted)
			continue;
		if (request->binary)
			fwrite(log, 1, n, stdout);
		else if (request->array)
			json_array_append_new(request->array, entry_json(&entry, number));
		else
			print_entry(&entry);
	}
	return n < 0 ? bastion_error_set(err, BASTION_OP_LOG, -n, "cannot show the log") : 0;
}

/* The platform's log of register 0, then the module's of the others, as far as it is there. */
static int show_logs(const struct bastion_device *dev, const struct request *request,
		     struct bastion_error *err)
{
	uint64_t first;
	uint8_t *log;
	size_t len;
	int rc;

	rc = bastion_sysfs_log(dev, BASTION_SYSFS_BOOT_LOG, &log, &len, err);
	if (rc)
		return rc;
	rc = show(request, log, len, 0, err);
	free(log);
	if (!rc)
		rc = bastion_sysfs_runtime_log(dev, &log, &len, &first, err);
	if (rc)
		return rc;
	if (first)
		fprintf(stderr, "Of the module's log the first %llu entries were trimmed.\n",
			(unsigned long long)first);
	rc = show(request, log, len, first, err);
	free(log);
	return rc;
}

static int parse(struct ctl *ctl, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "binary", no_argument, NULL, OPT_BINARY },
		{ "register", required_argument, NULL, OPT_REGISTER },
		CTL_OPTIONS
	};
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c == OPT_BINARY) {
			request->binary = true;
		} else if (c == OPT_REGISTER) {
			if (optarg[0] < '0' || optarg[0] > '7' || optarg[1])
				return report_usage("--register is 0 to 7");
			request->wanted = optarg[0] - '0';
		} else {
			return BASTION_CLASS_USAGE;
		}
	}
	if (optind != argc)
		return report_usage("log takes options only");
	if (request->binary && ctl->json)
		return report_usage("--binary or --json, not both");
	return 0;
}

int ctl_log(struct ctl *ctl, int argc, char **argv)
{
	struct request request = { .wanted = EVERY_REGISTER };
	struct bastion_error err;
	struct bastion_device dev;
	int code, rc;

	code = parse(ctl, argc, argv, &request);
	if (code)
		return code;
	if (ctl_open(ctl, &dev, &err))
		return report_error(&err);
	if (ctl->json)
		request.array = json_array();
	rc = show_logs(&dev, &request, &err);
	bastion_device_close(&dev);
	if (rc)
		json_decref(request.array);
	else if (ctl->json)
		report_json(request.array);
	if (rc)
		return report_error(&err);
	return 0;
}
