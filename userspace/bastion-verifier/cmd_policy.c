// SPDX-License-Identifier: GPL-2.0
/* reference, policy */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libbastion-verify/crypto.h"
#include "load.h"
#include "show.h"
#include "verifier.h"

/* A kernel or an initrd is read piece by piece: it may be large. */
static int digest_file(const char *path, char hex[2 * BASTION_DIGEST_SIZE + 1])
{
	uint8_t buffer[16384], digest[BASTION_DIGEST_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ssize_t got = -1;
	bool ok;

	ok = fd >= 0 && ctx && EVP_DigestInit_ex(ctx, EVP_sha384(), NULL) == 1;
	while (ok && (got = read(fd, buffer, sizeof(buffer))) > 0)
		ok = EVP_DigestUpdate(ctx, buffer, got) == 1;
	ok = ok && !got && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
	if (!ok)
		verifier_fail("%s: %s", path, errno ? strerror(errno) : "cannot hash it");
	else
		bv_hex(hex, digest, sizeof(digest));
	EVP_MD_CTX_free(ctx);
	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

struct reference {
	const char *kernel;
	const char *initrd;
	const char *cmdline;
	const char *name;
	const char *firmware;
};

static int parse_reference(int argc, char **argv, struct reference *ref)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "cmdline", required_argument, NULL, 'c' },
		{ "name", required_argument, NULL, 'n' },
		{ "firmware", required_argument, NULL, 'f' },
		{ 0 }
	};
	uint8_t digest[BASTION_DIGEST_SIZE];
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			ref->kernel = optarg;
			break;
		case 'i':
			ref->initrd = optarg;
			break;
		case 'c':
			ref->cmdline = optarg;
			break;
		case 'n':
			ref->name = optarg;
			break;
		case 'f':
			ref->firmware = optarg;
			break;
		default:
			return VERIFIER_USAGE;
		}
	}
	if (!ref->kernel || !ref->cmdline || optind != argc)
		return verifier_usage("reference needs --kernel FILE and --cmdline TEXT");
	if (ref->firmware && bv_unhex(digest, sizeof(digest), sizeof(digest), ref->firmware) < 0)
		return verifier_usage("--firmware is not 48 bytes of lower-case hex");
	return VERIFIER_OK;
}

int verifier_reference(int argc, char **argv)
{
	char kernel[2 * BASTION_DIGEST_SIZE + 1], initrd[2 * BASTION_DIGEST_SIZE + 1];
	struct reference ref = { .name = "default" };
	int code = parse_reference(argc, argv, &ref);

	if (code)
		return code;
	if (digest_file(ref.kernel, kernel) || (ref.initrd && digest_file(ref.initrd, initrd)))
		return VERIFIER_REFUSED;
	return show_json(json_pack("{s:[{s:s, s:s, s:s*, s:s, s:s*}]}", "boot", "name", ref.name,
				   "kernel", kernel, "initrd", ref.initrd ? initrd : NULL,
				   "cmdline", ref.cmdline, "firmware", ref.firmware));
}

/* What a policy may leave out, and what that means. */
static void show_gaps(const struct bv_policy *policy)
{
	const struct {
		bool open;
		const char *meaning;
	} gaps[] = {
		{ !policy->permit_count, "no \"policies\": nothing is ever granted" },
		{ !policy->boot_count, "no \"reference\": no better than warning" },
		{ !policy->firmware_min, "no \"firmware_min\": no better than warning" },
		{ !policy->has_svn_min, "no \"svn_min\": no better than warning" },
		{ !policy->modules.given, "no \"modules\": any build of the module" },
		{ !policy->platforms.given, "no \"platforms\": any kernel, locked down or not" },
		{ !policy->parameters.given, "no \"parameters\": any parameters of the module" },
		{ !policy->chips.given, "no \"chips\": any genuine chip" },
		{ policy->allow_debug, "\"allow_debug\": emulators and opened chips are good enough" },
		{ policy->accept_warning, "\"accept_warning\": grants in spite of warnings" },
	};

	for (size_t i = 0; i < sizeof(gaps) / sizeof(*gaps); i++)
		if (gaps[i].open)
			printf("note: %s\n", gaps[i].meaning);
}

static void show_permits(const struct bv_policy *policy)
{
	char exe[2 * BASTION_EXE_SIZE + 1], verifier[2 * BASTION_DIGEST_SIZE + 1];

	for (size_t i = 0; i < policy->permit_count; i++) {
		const struct bv_permit *permit = &policy->permits[i];

		if (permit->create)
			printf("allows %s: create\n", permit->label);
		bv_hex(exe, permit->executable, sizeof(permit->executable));
		if (permit->release)
			printf("allows %s: release%s%s\n", permit->label,
			       permit->has_executable ? " to sha256:" : "",
			       permit->has_executable ? exe : "");
		for (size_t k = 0; k < permit->rebind_count; k++) {
			bv_hex(verifier, permit->rebinds[k].verifier, BASTION_DIGEST_SIZE);
			printf("allows %s: rebind to %s of verifier %s\n", permit->label,
			       permit->rebinds[k].label, verifier);
		}
	}
}

int verifier_policy(int argc, char **argv)
{
	char id[2 * BASTION_DIGEST_SIZE + 1];
	struct bv_error err = { "" };
	struct bv_policy *policy;

	if (argc != 3 || strcmp(argv[1], "check"))
		return verifier_usage("policy check FILE");
	policy = policy_load(argv[2], &err);
	if (!policy)
		return verifier_fail("%s", err.text);
	bv_hex(id, policy->id, sizeof(policy->id));
	printf("policy %s\n", id);
	show_permits(policy);
	show_gaps(policy);
	bv_policy_free(policy);
	return VERIFIER_OK;
}
