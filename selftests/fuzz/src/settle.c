// SPDX-License-Identifier: GPL-2.0
/* What must hold, once everybody has been killed in the middle of whatever it was. */
#include "fuzz.h"

#define WAITERS_MS	120000

/* One event of the gate's, while all the others are at it. */
void fuzz_event(struct fuzz *f, int fd)
{
	static uint64_t generation;
	struct bastion_event event;

	if (read(fd, &event, sizeof(event)) != sizeof(event)) {
		if (errno != EAGAIN && !(f->shared->hostile && errno == ENODEV))
			fuzz_violation(f, "read: %s", strerrorname_np(errno));
		return;
	}
	if (event.generation < generation || event.state > BASTION_STATE_FAILED ||
	    event.reason > BASTION_REASON_REMOVED || event.reserved || event.waiters > 1000 ||
	    (event.state != BASTION_STATE_ATTESTED && event.grant_ends_ms))
		fuzz_violation(f, "event: generation %llu after %llu, state %u, reason %u, "
				  "%u waiters, a grant for %llu ms",
			       (unsigned long long)event.generation,
			       (unsigned long long)generation, event.state, event.reason,
			       event.waiters, (unsigned long long)event.grant_ends_ms);
	if (!f->shared->hostile && event.state != BASTION_STATE_LOCKED &&
	    event.state != BASTION_STATE_ATTESTED)
		fuzz_violation(f, "event: state %u with a good chip", event.state);
	generation = event.generation;
}

/* What each of them was given is dead: nobody has to hold it to see that. */
static void check_released(struct fuzz *f)
{
	unsigned int count = f->shared->released_count;

	for (unsigned int i = 0; i < count && i < FUZZ_RELEASED; i++) {
		int dead = sealed_dead(f->shared->released[i]);

		if (dead != ENOKEY && dead != EKEYREVOKED && dead != EKEYEXPIRED)
			fuzz_violation(f, "key %d outlived its grant (%d)",
				       f->shared->released[i], dead);
	}
}

/* In /proc/keys: instantiated, and neither revoked, dead, negative nor invalidated. */
static bool is_live(const char *line)
{
	char flags[16] = "";

	return sscanf(line, "%*x %15s", flags) == 1 && flags[0] == 'I' &&
	       !strpbrk(flags, "RDNi") && strstr(line, ": ") && strstr(line, " bastion:");
}

static int count_visible(void *arg)
{
	FILE *file = fopen("/proc/keys", "r");
	char line[512];
	int count = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (is_live(line)) {
			fputs(line, stdout);
			count++;
		}
	}
	fflush(stdout);
	return count;
}

static void check_visible(struct fuzz *f)
{
	int mine = count_visible(NULL);
	int nobodys = sealed_in_child(sealed_be_nobody, count_visible, NULL);

	if (mine || nobodys)
		fuzz_violation(f, "while locked, root sees %d released keys, nobody %d", mine,
			       nobodys);
}

/* Without a grant. */
static void check_release(struct fuzz *f, int fd)
{
	const struct fuzz_truth *truth = &f->shared->truth;
	key_serial_t key;

	key = sealed_release_blob(fd, truth->blob.bytes, truth->blob.len, BASTION_TYPE_USER,
				  KEY_SPEC_PROCESS_KEYRING);
	if (key >= 0)
		fuzz_violation(f, "a key was released while the gate was locked");
}

void fuzz_settle(struct fuzz *f)
{
	int fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC), ret;

	f->what = "afterwards";
	if (fd < 0) {
		fuzz_violation(f, ROUND_DEVICE ": %s", strerrorname_np(errno));
		return;
	}
	ret = round_relock(fd);
	fuzz_result(f, FUZZ_RELOCK, -ret);
	ret = round_state(fd);
	if (ret == BASTION_STATE_ATTESTED || (!f->shared->hostile && ret != BASTION_STATE_LOCKED))
		fuzz_violation(f, "after a relock the state is %d", ret);
	check_released(f);
	check_visible(f);
	check_release(f, fd);
	ret = round_wait_waiters(0, WAITERS_MS);
	if (ret && ret != -ENODEV)
		fuzz_violation(f, "somebody waits still: %s", strerrorname_np(-ret));
	f->shared->released_count = 0;
	close(fd);
}
