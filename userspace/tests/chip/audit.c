// SPDX-License-Identifier: GPL-2.0
/* The audit log is complete, or there is no more of the chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bastion-chip/audit.h"

static void log_power_on(const char *path)
{
	struct chip_audit audit;

	assert_int_equal(chip_audit_open(&audit, path), 0);
	chip_audit_event(&audit, "power-on", 1, NULL);
	chip_audit_close(&audit);
}

static void test_full(void **state)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		log_power_on("/dev/full");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

/* What was cut off does not take the next line with it. */
static void test_torn(void **state)
{
	char path[] = "/tmp/bastion-audit-XXXXXX", line[256];
	int fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0);
	log_power_on(path);
	assert_int_equal(lseek(fd, 0, SEEK_END) > 10, 1);
	assert_int_equal(write(fd, "{\"seq\":1,", 9), 9);
	close(fd);
	log_power_on(path);
	file = fopen(path, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "power-on"));
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "{\"seq\":1,\n");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "power-on"));
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full), cmocka_unit_test(test_torn),
	};

	return cmocka_run_group_tests_name("chip: audit log", tests, NULL, NULL);
}
