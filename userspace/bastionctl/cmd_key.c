// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "bastionctl/key.h"
#include "bastionctl/report.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"

enum { OPT_KEYRING = 1 };

static int key_load(struct ctl *ctl, int argc, char **argv);
static int key_store(struct ctl *ctl, int argc, char **argv);

#define HELP_TERMS \
	"--verifier NAME      whose grants open it\n" \
	"--policy LABEL       which of its policies\n" \
	"--exe FILE|sha256:HEX  the only program that it goes to\n" \
	"--registers LIST     registers that must keep their present values, such as 0,1\n"
#define HELP_TYPES \
	"--types LIST         of logon, fscrypt, user; by default logon,fscrypt\n"
#define HELP_COUNTER \
	"--counter N          the chip's counter, 1 to 16, that can make old blobs of it void\n"
#define HELP_OWNER \
	"--owner UID          whom it goes to; by default the caller\n" \
	"--keyring @u|@s|SERIAL  where it goes; @u by default\n"

static const struct ctl_command verbs[] = {
	{ "key new", "NAME --verifier V --policy P [[--size N] [--derive LABEL] | --ecdsa] [options]",
	  "have the chip make a key; needs a live grant of kind create",
	  "--size N             a secret of N bytes, 32 to 1024; 64 by default\n"
	  "--derive LABEL       not at random but from the chip's seed, LABEL, and all that the\n"
	  "                     header says: made again with the same options it is the same secret\n"
	  "--ecdsa              a key pair on P-384 that stays in the chip, for key sign and key csr\n"
	  HELP_TERMS HELP_TYPES HELP_COUNTER HELP_OWNER
	  "-o, --output FILE    also save it\n",
	  key_new },
	{ "key import", "NAME SERIAL|%user:DESCRIPTION|--file FILE|- --verifier V --policy P [options]",
	  "seal a secret that there is; needs a live grant of kind create",
	  "SERIAL, %user:...    a key of type user; it stays: keyctl invalidate it\n"
	  "--file FILE|-        the bytes of a file or of the standard input, 32 to 1024, as they are;\n"
	  "                     the file stays, and can be on the disk even when it is removed\n"
	  HELP_TERMS HELP_TYPES HELP_COUNTER HELP_OWNER
	  "-o, --output FILE    also save it\n",
	  key_import },
	{ "key rebind", "NAME --verifier V --policy P [-o FILE] [options]",
	  "move a key to another verifier or policy; needs a live grant of kind rebind",
	  "The grant is one of the verifier that the key has now. NAME keeps its serial. What is\n"
	  "not given stays as it is, and can only get tighter.\n"
	  HELP_TERMS
	  "--types LIST         fewer of logon, fscrypt, user\n"
	  HELP_COUNTER
	  "-o, --output FILE    save the new blob, on the disk before anybody can use it; needed if\n"
	  "                     the key has a counter\n"
	  "If the key had a counter, its old blob is void once the new one has been used. If not, the\n"
	  "old blob stays valid for ever.\n",
	  key_rebind },
	{ "key public", "NAME|FILE [--der] [-o FILE]",
	  "print the public key of a key pair; works while the gate is locked",
	  "--der                SubjectPublicKeyInfo in DER instead of PEM\n"
	  "-o, --output FILE    where it goes; the standard output by default\n"
	  "Only the chip can tell whether a blob is genuine: key csr asks it.\n",
	  key_public },
	{ "key csr", "NAME --subject /CN=... [--dns NAME]... [--ip ADDRESS]... [-o FILE]",
	  "make a certification request (PKCS #10) for a key pair; needs a grant",
	  "--subject /O=.../CN=...  a backslash takes the next character as it is\n"
	  "--dns NAME           a subject alternative name; may be repeated\n"
	  "--ip ADDRESS         likewise\n"
	  "-o, --output FILE    where it goes; the standard output by default\n",
	  key_csr },
	{ "key sign", "NAME FILE|- [--hash H] [--raw] [-o FILE]",
	  "sign a file with a key pair; waits for a grant",
	  "--hash H             sha256, sha384 (default) or sha512\n"
	  "--raw                r || s instead of DER\n"
	  "-o, --output FILE    where it goes; the standard output by default\n"
	  "To verify: openssl dgst -sha384 -verify PUBLIC -signature SIGNATURE FILE\n",
	  key_sign },
	{ "key load", "NAME FILE [--keyring K]",
	  "put a saved key into the keyring; works while the gate is locked",
	  "--keyring @u|@s|SERIAL  where it goes; @u by default\n",
	  key_load },
	{ "key save", "NAME FILE", "write a key's blob as hex, mode 0600", "", key_store },
	{ "key show", "NAME|FILE", "print what the header of a key or file says",
	  "Only the chip can tell whether it is authentic.\n", key_show },
	{ "key list", "", "print serial, kind and name of the keys that can be seen", "", key_list },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

int key_write(const char *path, const uint8_t *blob, size_t len, struct bastion_error *err)
{
	char hex[BASTION_KEYS_HEX_MAX + 1];

	bastion_hex_encode(blob, len, hex);
	hex[2 * len] = '\n';
	return bastion_file_output(path, hex, 2 * len + 1, 0600, err);
}

int key_save(int32_t serial, const char *path, struct bastion_error *err)
{
	uint8_t blob[BASTION_BLOB_MAX];
	ssize_t len = bastion_keys_read(serial, blob, err);

	return len < 0 ? len : key_write(path, blob, len, err);
}

void key_report(const struct ctl *ctl, int32_t serial, const char *name)
{
	if (ctl->json)
		report_json(json_pack("{s:i, s:s}", "serial", serial, "name", name));
	else
		printf("%d\n", serial);
}

static int load(struct ctl *ctl, const char *name, const char *path, const char *keyring)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_blob_info info;
	struct bastion_error err;
	int32_t ring, serial;
	ssize_t len;

	if (bastion_keys_keyring(keyring, &ring, &err))
		return report_error(&err);
	len = bastion_blob_read(path, blob, &err);
	if (len < 0 || bastion_blob_decode(blob, len, &info, &err))
		return report_error(&err);
	if (strcmp(name, info.name))
		return report_usage("%s is the key %s, and keeps that name", path, info.name);
	serial = bastion_keys_load(name, blob, len, ring, &err);
	if (serial < 0)
		return report_error(&err);
	key_report(ctl, serial, name);
	return 0;
}

static int key_load(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "keyring", required_argument, NULL, OPT_KEYRING },
		CTL_OPTIONS
	};
	const char *keyring = KEY_DEFAULT_KEYRING;
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c != OPT_KEYRING)
			return BASTION_CLASS_USAGE;
		keyring = optarg;
	}
	if (argc - optind != 2)
		return report_usage("key load needs NAME and FILE");
	return load(ctl, argv[optind], argv[optind + 1], keyring);
}

static int key_store(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	struct bastion_error err;
	int32_t serial;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	if (argc - optind != 2)
		return report_usage("key save needs NAME and FILE");
	bastion_keys_reach_user();
	serial = bastion_keys_find(argv[optind], &err);
	if (serial < 0 || key_save(serial, argv[optind + 1], &err))
		return report_error(&err);
	return 0;
}

int ctl_key(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	const char *verb;
	size_t i;

	if (ctl_getopt(ctl, argc, argv, "+", options) != -1)
		return BASTION_CLASS_USAGE;
	verb = optind < argc ? argv[optind] : "";
	for (i = 0; i < VERBS; i++) {
		if (strcmp(verb, verbs[i].name + strlen("key ")))
			continue;
		ctl->command = &verbs[i];
		argc -= optind;
		argv += optind;
		optind = 0;	/* glibc: begin anew */
		return verbs[i].run(ctl, argc, argv);
	}
	return report_usage("key new | import | rebind | public | csr | sign | load | save | show | "
			    "list");
}
