// SPDX-License-Identifier: GPL-2.0
/* Files, keys in PEM, explanations, and when attest --on-demand runs a round. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "bastionctl/attend.h"
#include "bastionctl/incoming.h"
#include "bastionctl/report.h"
#include "libbastion/evidence.h"
#include "libbastion/explain.h"
#include "libbastion/file.h"
#include "libbastion/pem.h"
#include "tests/ctl/test.h"

static char folder[32];

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/bastion-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "f", "link" };
	char path[64];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static char *pem_of(const char *curve, int compressed)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *copy;
	long len;

	assert_non_null(key);
	if (compressed)
		EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed");
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &text);
	copy = strndup(text, len);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return copy;
}

static int parse(char *pem, uint8_t *point)
{
	struct bastion_error err;
	int rc = bastion_pem_parse((uint8_t *)pem, strlen(pem), point, &err);

	return rc;
}

static void pem_round_trip(void **state)
{
	uint8_t point[BASTION_POINT_SIZE], again[BASTION_POINT_SIZE], digest[BASTION_DIGEST_SIZE];
	char *pem = pem_of("P-384", 0), *formatted;
	struct bastion_error err;

	assert_int_equal(parse(pem, point), 0);
	assert_int_equal(point[0], 4);
	assert_true(bastion_pem_format(point, &formatted, &err) > 0);
	assert_string_equal(pem, formatted);
	assert_int_equal(parse(formatted, again), 0);
	assert_memory_equal(point, again, sizeof(point));
	assert_int_equal(bastion_pem_digest(point, digest), 0);
	free(formatted);
	free(pem);
	pem = pem_of("P-384", 1);
	assert_int_equal(parse(pem, point), 0);
	assert_int_equal(point[0], 4);
	free(pem);
}

static void pem_refuses(void **state)
{
	uint8_t point[BASTION_POINT_SIZE];
	char empty[] = "", junk[] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
	char *pem = pem_of("P-256", 0);

	assert_int_equal(parse(pem, point), -EBADMSG);
	free(pem);
	pem = pem_of("secp256k1", 0);
	assert_int_equal(parse(pem, point), -EBADMSG);
	free(pem);
	assert_int_equal(parse(empty, point), -EBADMSG);
	assert_int_equal(parse(junk, point), -EBADMSG);
}

static void files(void **state)
{
	struct bastion_error err;
	struct stat st;
	char path[64];
	json_t *evidence = json_object();
	uint8_t *data;
	mode_t mask;
	size_t len;

	snprintf(path, sizeof(path), "%s/f", folder);
	mask = umask(027);
	assert_int_equal(bastion_file_write(path, "ab", 2, 0644, &err), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* It says much of the machine. */
	assert_int_equal(bastion_evidence_write(path, evidence, &err), 0);
	json_decref(evidence);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(bastion_file_write(path, "abc", 3, 0600, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(bastion_file_read_trusted(path, 3, &data, &len, &err), 0);
	assert_int_equal(len, 3);
	assert_string_equal((char *)data, "abc");
	free(data);
	assert_int_equal(bastion_file_read(path, 2, &data, &len, &err), -EFBIG);
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(bastion_file_read_trusted(path, 3, &data, &len, &err), -EPERM);
	assert_int_equal(bastion_file_read_trusted(folder, 3, &data, &len, &err), -EPERM);
	assert_int_equal(bastion_file_read("/nonexistent", 3, &data, &len, &err), -ENOENT);
	assert_int_equal(bastion_file_write("/nonexistent/f", "", 0, 0600, &err), -ENOENT);
}

static void outputs(const char *path, int reader)
{
	struct bastion_error err;
	char got[8] = "";

	assert_int_equal(bastion_file_output(path, "abc", 3, 0600, &err), 0);
	assert_int_equal(read(reader, got, sizeof(got) - 1), 3);
	assert_string_equal(got, "abc");
}

static bool is(const char *path, mode_t type)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* What is no file stays what it is, and gets what is written. */
static void special(void **state)
{
	int reader, ends[2], saved = dup(STDOUT_FILENO);
	struct bastion_error err;
	char path[64], link[64];

	snprintf(path, sizeof(path), "%s/f", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(symlink(path, link), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	outputs(path, reader);
	assert_true(is(path, S_IFIFO));
	outputs(link, reader);
	assert_true(is(link, S_IFLNK));
	close(reader);
	/* A link to the standard output, which may be a file. */
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/dev/stdout", link), 0);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	outputs(link, ends[0]);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(unlink(path), 0);
	reader = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	dup2(reader, STDOUT_FILENO);
	assert_int_equal(write(STDOUT_FILENO, "first", 5), 5);
	assert_int_equal(bastion_file_output(link, "abc", 3, 0600, &err), 0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(lseek(reader, 0, SEEK_END), 8);
	close(reader);
	assert_true(is(link, S_IFLNK));
	assert_int_equal(bastion_file_output(folder, "abc", 3, 0600, &err), -EISDIR);
	/* Any other file is replaced. */
	assert_int_equal(bastion_file_output(path, "abc", 3, 0600, &err), 0);
	assert_true(is(path, S_IFREG));
}

/* In a folder like /tmp somebody else's FIFO gets nothing, and somebody else's link leads nowhere. */
static void strangers(void **state)
{
	struct bastion_error err;
	char path[64], link[64];
	int reader;

	snprintf(path, sizeof(path), "%s/f", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(symlink(path, link), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	if (chown(path, 65534, 65534) < 0)
		skip();
	/* Only there. */
	outputs(path, reader);
	assert_int_equal(chmod(folder, 01777), 0);
	outputs(link, reader);
	assert_int_equal(lchown(link, 65534, 65534), 0);
	assert_int_equal(bastion_file_output(link, "abc", 3, 0600, &err), 0);
	assert_true(is(link, S_IFREG));
	assert_int_equal(bastion_file_output(path, "abc", 3, 0600, &err), 0);
	assert_true(is(path, S_IFREG));
	close(reader);
}

/* What is complete and no result is said to be none, at once; what is no JSON may still become it. */
static void incoming(void **state)
{
	static const char bad[] = "{\"type\":\"result\"}", part[] = "{\"type\":";
	const int64_t end = incoming_deadline();
	struct bastion_result result;
	struct bastion_error err;
	char path[64];
	int ends[2], saved = dup(STDIN_FILENO);

	alarm(30);
	snprintf(path, sizeof(path), "%s/f", folder);
	assert_int_equal(bastion_file_write(path, bad, strlen(bad), 0600, &err), 0);
	assert_int_equal(incoming_wait(path, end, &result, &err), -EPROTO);
	assert_non_null(strstr(err.text, "verdict is missing"));
	assert_int_equal(bastion_file_write(path, part, strlen(part), 0600, &err), 0);
	assert_int_equal(incoming_wait(path, 0, &result, &err), -EPROTO);
	assert_non_null(strstr(err.text, "no JSON object"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(incoming_wait(path, 0, &result, &err), -ETIMEDOUT);
	/* Pasted: the other end stays open. */
	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	assert_int_equal(write(ends[1], bad, strlen(bad)), strlen(bad));
	assert_int_equal(incoming_wait("-", end, &result, &err), -EPROTO);
	assert_non_null(strstr(err.text, "verdict is missing"));
	assert_int_equal(write(ends[1], part, strlen(part)), strlen(part));
	close(ends[1]);
	assert_int_equal(incoming_wait("-", end, &result, &err), -EPROTO);
	assert_non_null(strstr(err.text, "no JSON object"));
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(ends[0]);
	alarm(0);
}

/* What is waited for comes on a medium that was carried away meanwhile. */
static void carried(void **state)
{
	static const char bad[] = "{\"type\":\"result\"}";
	char medium[64], away[64], path[80];
	struct bastion_result result;
	struct bastion_error err;
	pid_t pid;

	snprintf(medium, sizeof(medium), "%s/medium", folder);
	snprintf(away, sizeof(away), "%s/away", folder);
	snprintf(path, sizeof(path), "%s/f", medium);
	assert_int_equal(mkdir(medium, 0700), 0);
	pid = fork();
	if (!pid)
		_exit(rename(medium, away) || mkdir(medium, 0700) ||
		      bastion_file_write(path, bad, strlen(bad), 0600, &err));
	alarm(30);
	assert_int_equal(incoming_wait(path, incoming_deadline(), &result, &err), -EPROTO);
	alarm(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(unlink(path) || rmdir(medium) || rmdir(away), 0);
}

/* What comes from elsewhere cannot make a terminal obey, whichever encoding that has. */
static void shown(void **state)
{
	static const struct {
		const char *text, *seen;
	} texts[] = {
		{ "a \x1b[2J\x7f\n", "a ?[2J??" }, { "\xc2\x9b" "2J", "?2J" }, { "\x9b" "2J", "?2J" },
		{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xe2\x9b", "??" }, { "\xc2", "?" }, { "\xf0\x9f\x98z", "???z" }, { "\xc1\x9b", "??" },
		{ "\xe0\x82\x9b", "???" }, { "\xed\xa0\x9b", "???" }, { "\xf4\x9b\x9b\x9b", "????" },
		{ "\xff\x9b", "??" },
	};
	char got[64] = "";
	int ends[2], saved;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *seen;
		size_t len;
		FILE *to = open_memstream(&seen, &len);

		report_text(to, texts[i].text);
		fclose(to);
		assert_string_equal(seen, texts[i].seen);
		free(seen);
	}
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	report_json(json_pack("[s]", "\xc2\x9b"));
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_true(read(ends[0], got, sizeof(got) - 1) > 0);
	close(ends[0]);
	close(ends[1]);
	assert_non_null(strstr(got, "\"\\u009B\""));
}

/* Every error that the release ioctl documents has a row, and the classes are as documented. */
static void explanations(void **state)
{
	static const struct {
		enum bastion_op op;
		int code;
		enum bastion_class class;
	} rows[] = {
		{ BASTION_OP_RELEASE, EAGAIN, BASTION_CLASS_LOCKED },
		{ BASTION_OP_RELEASE, ETIMEDOUT, BASTION_CLASS_TIMEOUT },
		{ BASTION_OP_RELEASE, EACCES, BASTION_CLASS_REFUSED },
		{ BASTION_OP_RELEASE, EKEYREJECTED, BASTION_CLASS_REFUSED },
		{ BASTION_OP_RELEASE, EKEYEXPIRED, BASTION_CLASS_LOCKED },
		{ BASTION_OP_RELEASE, EKEYREVOKED, BASTION_CLASS_LOCKED },
		{ BASTION_OP_RELEASE, EBADMSG, BASTION_CLASS_FAILED },
		{ BASTION_OP_RELEASE, ENOKEY, BASTION_CLASS_FAILED },
		{ BASTION_OP_RELEASE, EDQUOT, BASTION_CLASS_FAILED },
		{ BASTION_OP_RELEASE, EOPNOTSUPP, BASTION_CLASS_FAILED },
		{ BASTION_OP_RELEASE, ENODEV, BASTION_CLASS_CHIP },
		{ BASTION_OP_RELEASE, EIO, BASTION_CLASS_CHIP },
		{ BASTION_OP_ROUND, ESHUTDOWN, BASTION_CLASS_FAILED },
		{ BASTION_OP_ROUND, EBUSY, BASTION_CLASS_FAILED },
		{ BASTION_OP_GRANT, EKEYREJECTED, BASTION_CLASS_REFUSED },
		{ BASTION_OP_REFUSED, EKEYREJECTED, BASTION_CLASS_REFUSED },
		{ BASTION_OP_PEER, EREMOTEIO, BASTION_CLASS_REFUSED },
		{ BASTION_OP_PEER, ECONNRESET, BASTION_CLASS_FAILED },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_non_null(bastion_explain(rows[i].op, rows[i].code));
		assert_int_equal(bastion_explain_class(rows[i].op, rows[i].code), rows[i].class);
	}
	/* A broken disk is not a broken chip. */
	assert_int_equal(bastion_explain_class(BASTION_OP_FILE, EIO), BASTION_CLASS_FAILED);
	assert_int_equal(bastion_explain_class(BASTION_OP_USAGE, EIO), BASTION_CLASS_USAGE);
	assert_int_equal(bastion_explain_class(BASTION_OP_ANY, EXDEV), BASTION_CLASS_FAILED);
	assert_null(bastion_explain(BASTION_OP_ANY, EXDEV));
}

static void on_demand(void **state)
{
	struct attend_state s = { .on_demand = true };
	struct bastion_verifier_entry idle = { 0 }, waiting = { .waiters = 1 };

	assert_int_equal(attend_decide(&s, &idle, 0), ATTEND_FOREVER);
	assert_int_equal(attend_decide(&s, &waiting, 0), 0);
	/* Refusals: 1, 2, 4 seconds, ..., 30. */
	attend_done(&s, 0, false);
	assert_int_equal(attend_decide(&s, &waiting, 0), 1000);
	assert_int_equal(attend_decide(&s, &waiting, 1000), 0);
	attend_done(&s, 1000, false);
	assert_int_equal(attend_decide(&s, &waiting, 1000), 2000);
	for (int i = 0; i < 10; i++)
		attend_done(&s, 0, false);
	assert_int_equal(attend_decide(&s, &waiting, 0), 30000);
	/* Success: at once again, but not in a tight loop. */
	attend_done(&s, 0, true);
	assert_int_equal(attend_decide(&s, &waiting, 0), 1000);
	assert_int_equal(attend_decide(&s, &idle, 0), ATTEND_FOREVER);
}

static void renewal(void **state)
{
	struct attend_state s = { .renew = true };
	struct bastion_verifier_entry none = { 0 };
	struct bastion_verifier_entry live = { .live = 1, .remaining_ms = 40000 };

	assert_int_equal(attend_decide(&s, &none, 0), 0);
	assert_int_equal(attend_decide(&s, &live, 0), 30000);
	live.remaining_ms = 10000;
	assert_int_equal(attend_decide(&s, &live, 0), 0);
	s = (struct attend_state){ .renew = true, .on_demand = true };
	assert_int_equal(attend_decide(&s, &none, 0), ATTEND_FOREVER);
	live.remaining_ms = 40000;
	assert_int_equal(attend_decide(&s, &live, 0), 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pem_round_trip), cmocka_unit_test(pem_refuses),
		cmocka_unit_test_setup_teardown(files, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(special, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(strangers, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(incoming, make_folder, remove_folder),
cmocka_unit_test_setup_teardown(carried, make_folder, remove_folder),
		cmocka_unit_test(shown),
		cmocka_unit_test(explanations),	  cmocka_unit_test(on_demand),
		cmocka_unit_test(renewal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
