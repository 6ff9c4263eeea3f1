// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bastionctl/verifiers.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"
#include "libbastion/name.h"
#include "libbastion/pem.h"

#define FOLDER "verifiers.d"
#define SUFFIX ".pem"

/* The file for a name, in @path of PATH_MAX. */
static void path_of(const struct ctl *ctl, const char *name, char *path)
{
	snprintf(path, PATH_MAX, "%s/" FOLDER "/%s" SUFFIX, ctl->config_dir, name);
}

int verifiers_read(const struct ctl *ctl, const char *name, struct verifier *out,
		   struct bastion_error *err)
{
	char path[PATH_MAX];
	int rc;

	if (!bastion_name_ok(name))
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL,
					 "a verifier's name is [A-Za-z0-9._-]{1,63} without a "
					 "leading dot: %s", name);
	path_of(ctl, name, path);
	rc = bastion_pem_read(path, 1, out->point, err);
	if (rc)
		return rc;
	memcpy(out->name, name, strlen(name) + 1);
	if (bastion_pem_digest(out->point, out->digest))
		return bastion_error_set(err, BASTION_OP_FILE, EIO, "cannot hash the key of %s",
					 name);
	return 0;
}

static int make_folder(const char *path, struct bastion_error *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return bastion_error_set(err, BASTION_OP_FILE, errno, "cannot make %s", path);
	return 0;
}

int verifiers_store(const struct ctl *ctl, const struct verifier *verifier,
		    struct bastion_error *err)
{
	char path[PATH_MAX], *pem;
	int len, rc;

	snprintf(path, sizeof(path), "%s/" FOLDER, ctl->config_dir);
	rc = make_folder(ctl->config_dir, err);
	if (!rc)
		rc = make_folder(path, err);
	if (rc)
		return rc;
	len = bastion_pem_format(verifier->point, &pem, err);
	if (len < 0)
		return len;
	path_of(ctl, verifier->name, path);
	rc = bastion_file_write(path, pem, len, 0644, err);
	free(pem);
	return rc;
}

/* "NAME.pem" to NAME; other files are nobody's business. */
static int name_of_file(const char *file, char *name)
{
	size_t len = strlen(file);

	if (len <= strlen(SUFFIX) || len - strlen(SUFFIX) > 63 ||
	    strcmp(file + len - strlen(SUFFIX), SUFFIX))
		return -ENOENT;
	len -= strlen(SUFFIX);
	memcpy(name, file, len);
	name[len] = '\0';
	return bastion_name_ok(name) ? 0 : -ENOENT;
}

int verifiers_each(const struct ctl *ctl,
		   int (*each)(const struct verifier *verifier, const struct bastion_error *failed,
			       void *arg),
		   void *arg, struct bastion_error *err)
{
	struct bastion_error failed;
	struct dirent **entries;
	struct verifier found;
	char path[PATH_MAX];
	int count, i, rc = 0;

	snprintf(path, sizeof(path), "%s/" FOLDER, ctl->config_dir);
	count = scandir(path, &entries, NULL, alphasort);
	if (count < 0)
		return errno == ENOENT ? 0 : bastion_error_set(err, BASTION_OP_FILE, errno,
							       "cannot list %s", path);
	for (i = 0; i < count; i++) {
		if (!rc && !name_of_file(entries[i]->d_name, found.name)) {
			char name[sizeof(found.name)];

			strcpy(name, found.name);
			if (verifiers_read(ctl, name, &found, &failed))
				rc = each(NULL, &failed, arg);
			else
				rc = each(&found, NULL, arg);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

struct removal {
	const struct ctl *ctl;
	const uint8_t *digest;
	unsigned int *removed;
	struct bastion_error *err;
	int rc;
};

static int remove_one(const struct verifier *verifier, const struct bastion_error *failed,
		      void *arg)
{
	struct removal *removal = arg;
	struct bastion_error here;
	char path[PATH_MAX];

	if (verifier) {
		if (memcmp(verifier->digest, removal->digest, BASTION_DIGEST_SIZE))
			return 0;
		path_of(removal->ctl, verifier->name, path);
		if (!bastion_file_remove(path, &here)) {
			(*removal->removed)++;
			return 0;
		}
		failed = &here;
	}
	if (!removal->rc) {
		*removal->err = *failed;
		removal->rc = -failed->code;
	}
	return 0;
}

int verifiers_remove(const struct ctl *ctl, const uint8_t digest[BASTION_DIGEST_SIZE],
		     unsigned int *removed, struct bastion_error *err)
{
	struct removal removal = { ctl, digest, removed, err, 0 };
	int rc;

	*removed = 0;
	rc = verifiers_each(ctl, remove_one, &removal, err);
	return rc ? rc : removal.rc;
}

int verifiers_resolve(const struct ctl *ctl, const char *text,
		      uint8_t digest[BASTION_DIGEST_SIZE], struct bastion_error *err)
{
	struct verifier found;
	int rc;

	if (!bastion_hex_decode_exact(text, digest, BASTION_DIGEST_SIZE))
		return 0;
	rc = verifiers_read(ctl, text, &found, err);
	if (!rc)
		memcpy(digest, found.digest, BASTION_DIGEST_SIZE);
	return rc;
}

struct search {
	const uint8_t *digest;
	char *name;
};

static int compare(const struct verifier *verifier, const struct bastion_error *failed, void *arg)
{
	struct search *search = arg;

	if (!verifier || memcmp(verifier->digest, search->digest, BASTION_DIGEST_SIZE))
		return 0;
	strcpy(search->name, verifier->name);
	return 1;
}

void verifiers_name(const struct ctl *ctl, const uint8_t digest[BASTION_DIGEST_SIZE], char *name)
{
	struct search search = { digest, name };

	name[0] = '\0';
	verifiers_each(ctl, compare, &search, NULL);
}

int verifiers_choose(const struct ctl *ctl, const struct bastion_device *dev, const char *text,
		     uint8_t digest[BASTION_DIGEST_SIZE], struct bastion_error *err)
{
	struct bastion_verifier_list list;
	int rc;

	if (text)
		return verifiers_resolve(ctl, text, digest, err);
	rc = bastion_device_verifier_list(dev, &list, err);
	if (rc)
		return rc;
	if (list.count != 1)
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL,
					 "%u verifiers are registered: name one with --verifier",
					 list.count);
	memcpy(digest, list.entries[0].digest, BASTION_DIGEST_SIZE);
	return 0;
}
