// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "libbastion/blob.h"
#include "libbastion/keys.h"
#include "libbastion/release.h"

enum { OPT_BLOB = 1, OPT_TYPE, OPT_KEYRING, OPT_TIMEOUT, OPT_NOWAIT, OPT_FOREVER };

#define EXIT_CANNOT_EXEC 1

struct request {
	const char *name;
	const char *blob_path;
	const char *keyring;
	char **command;		/* NULL for none */
	struct bastion_release args;
	uint8_t blob[BASTION_BLOB_MAX];
};

static int parse_timeout(const char *text, uint32_t *ms)
{
	char *end;
	unsigned long seconds;

	errno = 0;
	seconds = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || !seconds ||
	    seconds >= BASTION_WAIT_FOREVER / 1000)
		return report_usage("--timeout is a number of seconds, 1 to 4294966");
	*ms = seconds * 1000;
	return 0;
}

static int parse_option(struct request *request, int c)
{
	switch (c) {
	case OPT_BLOB:
		request->blob_path = optarg;
		return 0;
	case OPT_KEYRING:
		request->keyring = optarg;
		return 0;
	case OPT_TYPE:
		request->args.type = bastion_blob_type(optarg);
		return request->args.type ? 0 : report_usage("--type is logon, user or fscrypt");
	case OPT_TIMEOUT:
		return parse_timeout(optarg, &request->args.timeout_ms);
	case OPT_NOWAIT:
		request->args.flags |= BASTION_RELEASE_NOWAIT;
		return 0;
	case OPT_FOREVER:
		request->args.timeout_ms = BASTION_WAIT_FOREVER;
		return 0;
	}
	return BASTION_CLASS_USAGE;
}

static int parse(struct ctl *ctl, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "blob", required_argument, NULL, OPT_BLOB },
		{ "type", required_argument, NULL, OPT_TYPE },
		{ "keyring", required_argument, NULL, OPT_KEYRING },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ "nowait", no_argument, NULL, OPT_NOWAIT },
		{ "forever", no_argument, NULL, OPT_FOREVER },
		CTL_OPTIONS
	};
	int c, code, i;

	/* getopt would move the command's arguments about. */
	for (i = 1; i < argc && !request->command; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		request->command = argv + i + 1;
		argc = i;
	}
	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != -1) {
		code = parse_option(request, c);
		if (code)
			return code;
	}
	if (request->command && !request->command[0])
		return report_usage("no command behind --");
	if (argc - optind > 1 || (argc == optind && !request->blob_path))
		return report_usage("release needs NAME, a serial, or --blob FILE");
	if (argc - optind == 1)
		request->name = argv[optind];
	return 0;
}

/* The key as a blob of the caller's, or one that is in its keyrings. */
static int choose_key(struct request *request, struct bastion_error *err)
{
	struct bastion_blob_info info;
	ssize_t len;
	int32_t serial;
	int rc;

	if (!request->blob_path) {
		bastion_keys_reach_user();
		serial = bastion_keys_find(request->name, err);
		if (serial < 0)
			return serial;
		request->args.key = serial;
		return 0;
	}
	len = bastion_blob_read(request->blob_path, request->blob, err);
	if (len < 0)
		return len;
	rc = bastion_blob_decode(request->blob, len, &info, err);
	if (rc)
		return rc;
	if (request->name && strcmp(request->name, info.name))
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL, "%s is the key %s, not %s",
					 request->blob_path, info.name, request->name);
	request->args.blob = (uintptr_t)request->blob;
	request->args.blob_len = len;
	return 0;
}

/*
 * A command gets a session keyring of its own, with the present one linked to
 * it, so that the key ends with the command. Only session keyrings survive
 * execve(2).
 */
static int choose_keyring(struct request *request, struct bastion_error *err)
{
	key_serial_t outer;

	if (request->keyring || !request->command)
		return bastion_keys_keyring(request->keyring ? request->keyring : "@s",
					    &request->args.keyring, err);
	request->args.keyring = KEY_SPEC_SESSION_KEYRING;
	outer = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
	if (keyctl_join_session_keyring(NULL) < 0)
		return bastion_error_set(err, BASTION_OP_KEY, errno, "cannot make a session keyring");
	if (outer > 0)
		keyctl_link(outer, KEY_SPEC_SESSION_KEYRING);
	return 0;
}

/* A blob or key of another chip's: the next device may be the right one. */
static int release_anywhere(const struct ctl *ctl, struct bastion_release *args,
			    struct bastion_error *err)
{
	struct bastion_error why;
	struct bastion_device dev;
	char node[32];
	int i, one, rc;

	rc = ctl_open(ctl, &dev, err);
	if (!rc) {
		rc = bastion_device_release(&dev, args, err);
		bastion_device_close(&dev);
	}
	for (i = 0; bastion_release_goes_on(rc) && !ctl->device && i < BASTION_DEVICES_MAX; i++) {
		snprintf(node, sizeof(node), "/dev/bastion%d", i);
		if (bastion_device_open(&dev, node, &why))
			continue;
		one = bastion_device_release(&dev, args, &why);
		bastion_device_close(&dev);
		if (!bastion_release_counts(rc, one))
			continue;
		rc = one;
		*err = why;
	}
	return rc;
}

int ctl_release(struct ctl *ctl, int argc, char **argv)
{
	struct request request = { .args = { .type = BASTION_TYPE_LOGON } };
	struct bastion_error err;
	int code;

	code = parse(ctl, argc, argv, &request);
	if (code)
		return code;
	if (choose_key(&request, &err) || choose_keyring(&request, &err) ||
	    release_anywhere(ctl, &request.args, &err))
		return report_error(&err);
	if (request.command) {
		execvp(request.command[0], request.command);
		bastion_error_set(&err, BASTION_OP_FILE, errno, "cannot run %s",
				  request.command[0]);
		report_error(&err);
		return EXIT_CANNOT_EXEC;
	}
	if (ctl->json)
		report_json(json_pack("{s:i}", "serial", request.args.serial));
	else
		printf("%d\n", request.args.serial);
	return 0;
}
