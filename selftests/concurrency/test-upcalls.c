// SPDX-License-Identifier: GPL-2.0
/*
 * The places at request_key(2), 4 for a uid and 64 in all, when more want one than there
 * are, all at the same moment: none too few is given away, none too many, and all come back.
 */
#include <sys/mman.h>

#include "gate.h"
#include "kselftest_harness.h"

#define PER_UID		4
#define ALL		64
#define FIRST_UID	71000
#define UIDS		20
#define ASKERS		6	/* of each uid */
#define MANY		(UIDS * ASKERS)
#define TURNS		3
#define TIMEOUT		"/sys/class/bastion/bastion0/release_timeout"
#define QUOTA		"/proc/sys/kernel/keys/maxbytes"

/** struct asker - what one process wants: a key of its uid's */
struct asker {
	uid_t uid;
	int start, answers;
	const char *name, *description;
	const uint8_t *blob;
	int len;
};

/** struct answer - what it was given: 0 or an errno */
struct answer {
	uid_t uid;
	int error;
};

/**
 * struct crowd - askers of one turn
 * @start:	closing it has all of them ask
 * @answers:	a pipe
 */
struct crowd {
	int start, answers, size;
	pid_t pids[MANY];
};

FIXTURE(upcalls)
{
	struct gate gate;
	uint8_t blobs[UIDS][BASTION_BLOB_MAX];
	int lens[UIDS], timeout, quota;
};

FIXTURE_SETUP(upcalls)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->timeout = sealed_exchange_number(TIMEOUT, 110);
	/* Dead keys count until they are collected, and it is not the quota that is to refuse. */
	self->quota = sealed_exchange_number(QUOTA, 1000000);
	for (int i = 0; i < UIDS; i++) {
		self->lens[i] = gate_blob(&self->gate, FIRST_UID + i, "", self->blobs[i]);
		ASSERT_LT(0, self->lens[i]);
	}
}

FIXTURE_TEARDOWN(upcalls)
{
	sealed_exchange_number(TIMEOUT, self->timeout);
	sealed_exchange_number(QUOTA, self->quota);
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* Ready, it waits for the start; then it asks, and says what came of it. */
static int ask(void *arg)
{
	const struct asker *asker = arg;
	struct answer answer = { .uid = asker->uid, .error = 254 };
	char byte;

	if (!sealed_be_user(asker->uid) && keyctl_join_session_keyring(NULL) >= 0 &&
	    sealed_load(asker->name, asker->blob, asker->len, KEY_SPEC_SESSION_KEYRING) > 0) {
		if (read(asker->start, &byte, 1) == 0)
			answer.error = request_key("logon", asker->description, "",
						   KEY_SPEC_SESSION_KEYRING) < 0 ? errno : 0;
	}
	return write(asker->answers, &answer, sizeof(answer)) != sizeof(answer);
}

/* @each askers of each of the first @uids, who all ask at once. 0 or -errno. */
static int start(FIXTURE_DATA(upcalls) *self, struct crowd *crowd, int uids, int each)
{
	int starting[2], answers[2];
	struct asker asker;

	if (pipe2(starting, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		return -errno;
	crowd->size = uids * each;
	for (int i = 0; i < crowd->size; i++) {
		int who = i % uids;

		asker = (struct asker){ FIRST_UID + who, starting[0], answers[1], self->gate.name,
					self->gate.description, self->blobs[who], self->lens[who] };
		crowd->pids[i] = fork();
		if (!crowd->pids[i]) {
			close(starting[1]);
			_exit(ask(&asker));
		}
	}
	close(starting[0]);
	close(answers[1]);
	crowd->answers = answers[0];
	return close(starting[1]) ? -errno : 0;
}

/*
 * The helper's answer is good for two seconds. If that is over before the kernel has seen the
 * helper's end, on a machine that is that busy, it says ENOKEY instead.
 */
static bool is_answer(int told, int error)
{
	return told == error || (error == EAGAIN && told == ENOKEY);
}

/* Reads @count answers: how many are not @error. Counts those of each uid. */
static int read_answers(struct crowd *crowd, int count, int error, int counts[UIDS])
{
	struct answer answer;
	int others = 0;

	while (count--) {
		if (read(crowd->answers, &answer, sizeof(answer)) != sizeof(answer))
			return -1;
		if (!is_answer(answer.error, error)) {
			fprintf(stderr, "# uid %u: %s\n", answer.uid, strerror(answer.error));
			others++;
		}
		counts[answer.uid - FIRST_UID]++;
	}
	return others;
}

static void end(struct crowd *crowd)
{
	for (int i = 0; i < crowd->size; i++)
		waitpid(crowd->pids[i], NULL, 0);
	close(crowd->answers);
}

TEST_F_TIMEOUT(upcalls, of_one_uid, 400)
{
	struct crowd crowd;

	for (int turn = 0; turn < TURNS; turn++) {
		int counts[UIDS] = { 0 };

		ASSERT_EQ(0, round_relock(self->gate.fd));
		ASSERT_EQ(0, start(self, &crowd, 1, 4 * PER_UID));
		/* Whoever is refused says so; the others wait, and say nothing. */
		ASSERT_EQ(0, read_answers(&crowd, 3 * PER_UID, EAGAIN, counts));
		ASSERT_EQ(0, round_wait_waiters(PER_UID, 60000));
		ASSERT_EQ(0, gate_attest(&self->gate));
		ASSERT_EQ(0, read_answers(&crowd, PER_UID, 0, counts));
		end(&crowd);
		EXPECT_EQ(0, sealed_waiters());
	}
}

TEST_F_TIMEOUT(upcalls, of_all, 600)
{
	struct crowd crowd;

	for (int turn = 0; turn < TURNS; turn++) {
		int refused[UIDS] = { 0 }, given[UIDS] = { 0 };

		ASSERT_EQ(0, round_relock(self->gate.fd));
		ASSERT_EQ(0, start(self, &crowd, UIDS, ASKERS));
		ASSERT_EQ(0, read_answers(&crowd, MANY - ALL, EAGAIN, refused));
		ASSERT_EQ(0, round_wait_waiters(ALL, 100000));
		ASSERT_EQ(0, gate_attest(&self->gate));
		ASSERT_EQ(0, read_answers(&crowd, ALL, 0, given));
		end(&crowd);
		EXPECT_EQ(0, sealed_waiters());
		for (int i = 0; i < UIDS; i++) {
			EXPECT_GE(PER_UID, given[i])
				TH_LOG("uid %d was given %d", FIRST_UID + i, given[i]);
		}
	}
}

/* What ends for another reason than a key gives its place back, too. */
TEST_F_TIMEOUT(upcalls, that_end_in_vain, 400)
{
	struct crowd crowd;
	int counts[UIDS] = { 0 };

	ASSERT_EQ(0, round_relock(self->gate.fd));
	ASSERT_EQ(0, start(self, &crowd, UIDS, ASKERS));
	ASSERT_EQ(0, read_answers(&crowd, MANY - ALL, EAGAIN, counts));
	ASSERT_EQ(0, round_wait_waiters(ALL, 100000));
	/* Without its verifier nobody waits on. */
	ASSERT_EQ(0, round_verifier_remove(self->gate.fd, &self->gate.verifier));
	ASSERT_EQ(0, read_answers(&crowd, ALL, ENOKEY, counts));
	end(&crowd);
	EXPECT_EQ(0, round_wait_waiters(0, 60000));
	ASSERT_EQ(0, round_verifier_add(self->gate.fd, &self->gate.verifier));
	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_EQ(0, start(self, &crowd, UIDS, 1));
	EXPECT_EQ(0, read_answers(&crowd, UIDS, 0, counts));
	end(&crowd);
}

TEST_HARNESS_MAIN
