// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "libbastion/file.h"
#include "libbastion/name.h"

#define FIRST_OPERATOR_REGISTER '5'
#define LAST_OPERATOR_REGISTER	'7'

int ctl_extend(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	const char *index, *name;
	struct bastion_error err;
	struct bastion_device dev;
	uint8_t *data;
	size_t len;
	int rc;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	if (argc - optind != 3)
		return report_usage("extend INDEX NAME FILE|-");
	index = argv[optind];
	name = argv[optind + 1];
	if (index[0] < FIRST_OPERATOR_REGISTER || index[0] > LAST_OPERATOR_REGISTER || index[1])
		return report_usage("INDEX is 5, 6 or 7");
	if (!bastion_name_ok(name))
		return report_usage("NAME is [A-Za-z0-9._-]{1,63} without a leading dot");
	if (bastion_file_read(argv[optind + 2], BASTION_EVENT_DATA_MAX, &data, &len, &err))
		return report_error(&err);
	rc = ctl_open(ctl, &dev, &err);
	if (!rc) {
		rc = bastion_device_extend(&dev, index[0] - '0', name, data, len, &err);
		bastion_device_close(&dev);
	}
	free(data);
	return rc ? report_error(&err) : 0;
}

int ctl_relock(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	struct bastion_error err;
	struct bastion_device dev;
	int rc;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	if (optind != argc)
		return report_usage("relock takes no arguments");
	rc = ctl_open(ctl, &dev, &err);
	if (!rc) {
		rc = bastion_device_relock(&dev, &err);
		bastion_device_close(&dev);
	}
	return rc ? report_error(&err) : 0;
}
