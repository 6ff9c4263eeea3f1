// SPDX-License-Identifier: GPL-2.0
#include "bastionctl/key_terms.h"
#include "bastionctl/report.h"

#define DEFAULT_SIZE "64"

int key_new(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, KEY_OPT_SIZE },
		{ "derive", required_argument, NULL, KEY_OPT_DERIVE },
		{ "ecdsa", no_argument, NULL, KEY_OPT_ECDSA },
		{ "owner", required_argument, NULL, KEY_OPT_OWNER },
		{ "keyring", required_argument, NULL, KEY_OPT_KEYRING },
		KEY_TERMS_OPTIONS
	};
	struct bastion_error err;
	struct key_terms terms;
	int code;

	code = key_terms_parse(ctl, argc, argv, options, &terms);
	if (code)
		return code;
	if (argc - optind != 1)
		return report_usage("key new needs one NAME");
	if (terms.ecdsa && (terms.size || terms.types || terms.derive))
		return report_usage("a key pair is never released: --ecdsa has no --size, --types "
				    "or --derive");
	terms.new.verb = terms.ecdsa ? BASTION_KEYS_ECDSA : BASTION_KEYS_NEW;
	if (!terms.ecdsa && !terms.size)
		terms.size = DEFAULT_SIZE;
	if (key_terms_fill(ctl, &terms, &err))
		return report_error(&err);
	return key_terms_create(ctl, &terms, argv[optind]);
}
