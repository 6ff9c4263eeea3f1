// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bastionctl/key_terms.h"
#include "bastionctl/report.h"

/* One more than allowed, to notice what is too long. */
static uint8_t secret[BASTION_SECRET_MAX + 1];

/*
 * The only copy in this process is @secret. Those of the kernel's, in a pipe or
 * the page cache, and the file itself are not ours to wipe.
 */
static int read_secret(const char *path, size_t *len, struct bastion_error *err)
{
	static const struct rlimit no_core;
	int fd = STDIN_FILENO;
	ssize_t n = 1;

	/* Neither to swap nor to a core dump; without either it works all the same. */
	setrlimit(RLIMIT_CORE, &no_core);
	mlock(secret, sizeof(secret));
	if (strcmp(path, "-"))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return bastion_error_set(err, BASTION_OP_FILE, errno, "cannot open %s", path);
	while (n > 0 && *len < sizeof(secret)) {
		do {
			n = read(fd, secret + *len, sizeof(secret) - *len);
		} while (n < 0 && errno == EINTR);
		*len += n > 0 ? n : 0;
	}
	if (n < 0)
		bastion_error_set(err, BASTION_OP_FILE, errno, "cannot read %s", path);
	if (fd != STDIN_FILENO)
		close(fd);
	return n < 0 ? -EIO : 0;
}

/* A key of type user with the secret, for as long as the kernel needs to import it. */
static int32_t lend(const char *path, struct bastion_error *err)
{
	int32_t serial = -EIO;
	size_t len = 0;

	if (!read_secret(path, &len, err))
		serial = bastion_keys_lend(secret, len, err);
	explicit_bzero(secret, sizeof(secret));
	return serial;
}

int key_import(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, KEY_OPT_FILE },
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
	if (argc - optind != (terms.file ? 1 : 2))
		return report_usage("key import needs NAME and a key of type user, or NAME and --file");
	terms.new.verb = BASTION_KEYS_IMPORT;
	if (key_terms_fill(ctl, &terms, &err))
		return report_error(&err);
	bastion_keys_reach_user();
	terms.new.source = terms.file ? lend(terms.file, &err) :
					bastion_keys_find_user(argv[optind + 1], &err);
	if (terms.new.source < 0)
		return report_error(&err);
	code = key_terms_create(ctl, &terms, argv[optind]);
	if (terms.file)
		keyctl_invalidate(terms.new.source);
	return code;
}
