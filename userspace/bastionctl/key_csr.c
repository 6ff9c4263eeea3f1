// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "bastionctl/key.h"
#include "bastionctl/key_pkcs10.h"
#include "bastionctl/report.h"
#include "libbastion/file.h"

enum { OPT_SUBJECT = 1, OPT_DNS, OPT_IP };

static ssize_t sign(void *arg, const uint8_t *digest, size_t len, uint8_t *sig,
		    struct bastion_error *err)
{
	const int32_t *serial = arg;

	return bastion_keys_sign(*serial, "enc=x962 hash=sha384", digest, len, sig, err);
}

static int add(const char **names, size_t *count, const char *option)
{
	if (*count == KEY_PKCS10_NAMES_MAX)
		return report_usage("%s may be given at most %d times", option,
				    KEY_PKCS10_NAMES_MAX);
	names[(*count)++] = optarg;
	return 0;
}

static int parse(struct ctl *ctl, int argc, char **argv, struct key_pkcs10 *request,
		 const char **path)
{
	static const struct option options[] = {
		{ "subject", required_argument, NULL, OPT_SUBJECT },
		{ "dns", required_argument, NULL, OPT_DNS },
		{ "ip", required_argument, NULL, OPT_IP },
		{ "output", required_argument, NULL, 'o' },
		CTL_OPTIONS
	};
	int c, code = 0;

	while (!code && (c = ctl_getopt(ctl, argc, argv, "o:", options)) != -1) {
		if (c == OPT_SUBJECT)
			request->subject = optarg;
		else if (c == OPT_DNS)
			code = add(request->dns, &request->dns_count, "--dns");
		else if (c == OPT_IP)
			code = add(request->ip, &request->ip_count, "--ip");
		else if (c == 'o')
			*path = optarg;
		else
			code = BASTION_CLASS_USAGE;
	}
	if (code)
		return code;
	if (argc - optind != 1 || !request->subject)
		return report_usage("key csr needs NAME and --subject");
	if (ctl->json && strcmp(*path, "-"))
		return report_usage("key csr prints one thing: --json has no -o");
	return 0;
}

int key_csr(struct ctl *ctl, int argc, char **argv)
{
	struct key_pkcs10 request = { .sign = sign };
	const char *path = "-";
	struct bastion_error err;
	int32_t serial;
	ssize_t len;
	char *pem;
	int code;

	code = parse(ctl, argc, argv, &request, &path);
	if (code)
		return code;
	bastion_keys_reach_user();
	serial = bastion_keys_find(argv[optind], &err);
	if (serial < 0 || key_point(argv[optind], request.point, &err))
		return report_error(&err);
	request.arg = &serial;
	len = key_pkcs10_build(&request, &pem, &err);
	if (len < 0)
		return report_error(&err);
	if (ctl->json)
		report_json(json_pack("{s:s}", "pem", pem));
	else if (bastion_file_output(path, pem, len, 0644, &err))
		code = report_error(&err);
	free(pem);
	return code;
}
