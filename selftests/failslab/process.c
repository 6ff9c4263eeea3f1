// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that only certain processes can try: a helper of request_key(2), which answers a
 * request, and a program that nobody has measured yet. As in operations.h each allocation
 * and each copy fails once.
 *
 * usage: process release KEY		by /sbin/request-key: BASTION_IOC_RELEASE
 *	  process instantiate KEY	likewise: keyctl_instantiate(3)
 *	  process unmeasured SERIAL	release of a sealed key
 *	  process unsigned SERIAL	signature by a sealed key pair
 *
 * Goes on with the allocation that PROCESS_STATE names, and writes into it with which one to go on
 * and how many had an error, and what was wrong. A request can be answered only once, and a grant
 * does not last for ever: to be called until none is left, which is number 0.
 */
#include "../failslab/process.h"
#include "gate.h"
#include "nth.h"
#include "sign.h"

#define SECONDS	60

static struct process_state state;
static int device, nth;
static char text[1024];
static long text_len;

static int tell(const char *what, long ret)
{
	snprintf(state.wrong, sizeof(state.wrong), "allocation %u: %s (%s)", state.next, what,
		 strerror(-ret));
	return 1;
}

/* The request's: whether somebody has answered it. */
static bool is_answered(void)
{
	char byte;

	return keyctl_read(KEY_SPEC_REQKEY_AUTH_KEY, &byte, 1) < 0;
}

static long release_for_requester(key_serial_t key)
{
	struct bastion_release args = { .size = sizeof(args), .flags = BASTION_RELEASE_UPCALL };

	return round_ioctl(device, BASTION_IOC_RELEASE, &args);
}

static long instantiate(key_serial_t key)
{
	return keyctl_instantiate(key, text, text_len, 0) < 0 ? -errno : 0;
}

/* Until the request is answered, which ends the authority to do so. */
static int answer(key_serial_t key, long (*operate)(key_serial_t key))
{
	bool hit = true, answered = false;
	long ret;

	if (keyctl_assume_authority(key) < 0)
		return tell("no authority", -errno);
	text_len = keyctl_read(KEY_SPEC_REQKEY_AUTH_KEY, text, sizeof(text));
	for (; !answered && state.next < NTH_MAX; state.next++) {
		nth_arm(nth, state.next);
		ret = operate(key);
		hit = nth_came(nth);
		answered = is_answered();
		state.errors += ret < 0;
		if (ret < 0 && !nth_says_so(ret))
			return tell("says something else", ret);
		/* The ioctl's answer is copied last. */
		if (answered != !ret && ret != -EFAULT)
			return tell(answered ? "answers and fails" : "does not answer", ret);
	}
	if (!hit)
		state.next = 0;
	return 0;
}

static long release(key_serial_t key)
{
	return sealed_release(device, key, BASTION_TYPE_LOGON, KEY_SPEC_SESSION_KEYRING);
}

static long sign(key_serial_t key)
{
	long ret = sign_something(key);

	return ret < 0 ? ret : 0;
}

/* Another path is another program. */
static int move(const char *from, char *to)
{
	snprintf(to, 64, PROCESS_DIR "/%u", state.next);
	return rename(from, to) ? tell("cannot be renamed", -errno) : 0;
}

static int try_unmeasured(key_serial_t key, const char *self, long (*operate)(key_serial_t key))
{
	long long deadline = sealed_now_ms() + SECONDS * 1000;
	char path[64];
	long ret;
	bool hit;

	for (snprintf(path, sizeof(path), "%s", self); sealed_now_ms() < deadline; state.next++) {
		char from[64];

		strcpy(from, path);
		if (move(from, path))
			return 1;
		nth_arm(nth, state.next);
		ret = operate(key);
		hit = nth_came(nth);
		state.errors += ret < 0;
		if (ret < 0 && !nth_says_so(ret))
			return tell("says something else", ret);
		if (ret > 0)
			keyctl_unlink(ret, KEY_SPEC_SESSION_KEYRING);
		if (!hit) {
			state.next = 0;
			return ret < 0 ? tell("fails without a fault", ret) : 0;
		}
	}
	return 0;
}

static int try(char **argv)
{
	key_serial_t key = atoi(argv[2]);

	nth = nth_open();
	device = round_open();
	if (nth < 0 || device < 0)
		return tell("nothing to try", nth < 0 ? nth : device);
	if (!strcmp(argv[1], "release"))
		return answer(key, release_for_requester);
	if (!strcmp(argv[1], "instantiate"))
		return answer(key, instantiate);
	return try_unmeasured(key, argv[0], *argv[1] == 'u' && argv[1][2] == 'm' ? release : sign);
}

int main(int argc, char **argv)
{
	int ret;

	if (argc != 3 || process_read(&state))
		errx(2, "usage: process release|instantiate|unmeasured|unsigned KEY");
	ret = try(argv);
	return process_write(&state) || ret;
}
