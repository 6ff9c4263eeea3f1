// SPDX-License-Identifier: GPL-2.0
/* Files of verifiers' names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "bastionctl/verifiers.h"
#include "libbastion/pem.h"
#include "tests/ctl/test.h"

static char folder[32];
static const struct ctl ctl = { .config_dir = folder };
static bool read_only;

/* In place of the C library's, for a folder that refuses. */
int unlink(const char *path)
{
	if (!read_only)
		return unlinkat(AT_FDCWD, path, 0);
	errno = EROFS;
	return -1;
}

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/bastion-verifiers-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* A name of the first key, and two of the second, which is returned. */
static struct verifier store(void)
{
	struct verifier verifier = { .name = "b" };
	struct bastion_error err;

	for (int i = 0; i < 2; i++) {
		EVP_PKEY *key = EVP_EC_gen("P-384");
		size_t len;

		assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", verifier.point,
						BASTION_POINT_SIZE, &len), 1);
		EVP_PKEY_free(key);
		assert_int_equal(verifiers_store(&ctl, &verifier, &err), 0);
		strcpy(verifier.name, i ? "c" : "a");
	}
	assert_int_equal(verifiers_store(&ctl, &verifier, &err), 0);
	assert_int_equal(bastion_pem_digest(verifier.point, verifier.digest), 0);
	return verifier;
}

static bool is_there(const char *name)
{
	struct verifier verifier;
	struct bastion_error err;

	return !verifiers_read(&ctl, name, &verifier, &err);
}

static void removes_all_names(void **state)
{
	struct verifier verifier = store();
	struct bastion_error err;
	unsigned int removed;

	assert_int_equal(verifiers_remove(&ctl, verifier.digest, &removed, &err), 0);
	assert_int_equal(removed, 2);
	assert_true(is_there("b"));
	assert_false(is_there("a"));
	assert_false(is_there("c"));
	assert_int_equal(verifiers_remove(&ctl, verifier.digest, &removed, &err), 0);
	assert_int_equal(removed, 0);
}

static void says_what_stays(void **state)
{
	struct verifier verifier = store();
	struct bastion_error err = { 0 };
	unsigned int removed;
	char path[64];
	FILE *file;

	read_only = true;
	assert_int_equal(verifiers_remove(&ctl, verifier.digest, &removed, &err), -EROFS);
	assert_int_equal(removed, 0);
	assert_non_null(strstr(err.text, "cannot remove "));
	assert_true(is_there("c"));
	read_only = false;
	/* What cannot be read may be this verifier's, and is no reason to keep the others. */
	snprintf(path, sizeof(path), "%s/verifiers.d/aa.pem", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_true(verifiers_remove(&ctl, verifier.digest, &removed, &err) < 0);
	assert_non_null(strstr(err.text, "aa.pem"));
	assert_int_equal(removed, 2);
	assert_false(is_there("c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(removes_all_names, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(says_what_stays, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
