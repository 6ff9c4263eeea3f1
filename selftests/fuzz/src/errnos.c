// SPDX-License-Identifier: GPL-2.0
/*
 * Which errors may be: those that include/uapi/linux/bastion.h, key-type.rst and
 * release.rst name. The key service has its own, for what never gets as far as us.
 */
#include <stdarg.h>

#include "fuzz.h"

#define ERRNOS(...) ((const int[]){ __VA_ARGS__, 0 })

/* For every ioctl. */
static const int always[] = { EINVAL, E2BIG, EFAULT, 0 };
/* And where the chip is not what it should be. */
static const int broken_chip[] = { ENODEV, EIO, ETIMEDOUT, EAGAIN, 0 };

#define NEED_GRANT	EAGAIN, EACCES, EKEYREJECTED, EKEYEXPIRED, EKEYREVOKED, EBADMSG, ENOKEY, \
			EDQUOT, ENOSPC, EOPNOTSUPP
#define KEY_SERVICE	EACCES, EPERM, ENOKEY, EKEYREVOKED, EKEYEXPIRED, EKEYREJECTED, EDQUOT, \
			ENOTDIR, EOPNOTSUPP, ENFILE, EDEADLK, ELOOP, EEXIST, ENOENT, EXDEV

static const struct {
	const char *name;
	const int *errnos;
} calls[] = {
	[FUZZ_INFO] = { "INFO", ERRNOS(0) },
	[FUZZ_ROUND_BEGIN] = { "ROUND_BEGIN", ERRNOS(EPERM, ENOKEY, EBUSY, ESTALE) },
	[FUZZ_QUOTE] = { "QUOTE", ERRNOS(EPERM, ESTALE) },
	[FUZZ_GRANT] = { "GRANT", ERRNOS(EPERM, ESTALE, EBADMSG, EKEYREJECTED) },
	[FUZZ_RELOCK] = { "RELOCK", ERRNOS(EPERM) },
	[FUZZ_VERIFIER_ADD] = { "VERIFIER_ADD", ERRNOS(EPERM, EEXIST, ENOSPC) },
	[FUZZ_VERIFIER_REMOVE] = { "VERIFIER_REMOVE", ERRNOS(EPERM, ENOKEY) },
	[FUZZ_VERIFIER_LIST] = { "VERIFIER_LIST", ERRNOS(EPERM) },
	[FUZZ_EXTEND] = { "EXTEND", ERRNOS(EPERM, ENOSPC) },
	[FUZZ_RELEASE] = { "RELEASE", ERRNOS(NEED_GRANT, ETIMEDOUT, ENOTDIR, EPERM, ESRCH) },
	[FUZZ_OTHER_IOCTL] = { "another ioctl", ERRNOS(ENOTTY, EBADF) },
	[FUZZ_ADD_KEY] = { "add_key", ERRNOS(NEED_GRANT, EPERM, EEXIST, ENOTDIR, ENODEV) },
	[FUZZ_UPDATE] = { "keyctl update", ERRNOS(NEED_GRANT, EPERM, EEXIST, ENODEV) },
	[FUZZ_KEYCTL] = { "keyctl", ERRNOS(KEY_SERVICE) },
	[FUZZ_SIGN] = { "keyctl pkey_sign", ERRNOS(NEED_GRANT, ETIMEDOUT, ESRCH, ENODEV) },
	[FUZZ_VERIFY] = { "keyctl pkey_verify", ERRNOS(NEED_GRANT) },
	[FUZZ_REQUEST] = { "request_key", ERRNOS(NEED_GRANT, ETIMEDOUT, EPERM, ENOTDIR, ENOENT) },
	[FUZZ_READ] = { "read", ERRNOS(EPERM, EAGAIN, EBADF, EISDIR) },
	/* A log that is trimmed while it is read says ESTALE. */
	[FUZZ_SYSFS] = { "sysfs", ERRNOS(EPERM, EACCES, EBADF, ENOENT, ESTALE) },
	[FUZZ_FILE] = { "file", ERRNOS(EPERM, EACCES, EBADF, ENODEV, ESPIPE, EAGAIN, ENOTTY) },
};

_Static_assert(sizeof(calls) / sizeof(calls[0]) == FUZZ_CALLS, "a row for every call");
_Static_assert(FUZZ_CALLS <= 32, "there is room to count them");

void fuzz_violation(struct fuzz *f, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Who thinks that it was chance may have a look at it again. */
	printf("VIOLATION seed %llu phase %u worker %u thread %u step %lu: %s: %s\n",
	       (unsigned long long)f->seed, f->phase, f->worker, f->thread, f->step,
	       f->what ? f->what : "-", text);
	fflush(stdout);
	__atomic_add_fetch(&f->shared->violations, 1, __ATOMIC_RELAXED);
}

static bool among(const int *errnos, int error)
{
	for (; *errnos; errnos++)
		if (*errnos == error)
			return true;
	return false;
}

void fuzz_result(struct fuzz *f, enum fuzz_call call, int error)
{
	__atomic_add_fetch(&f->shared->steps, 1, __ATOMIC_RELAXED);
	if (error < 0 || error >= FUZZ_ERRNOS) {
		fuzz_violation(f, "%s gives %d, which is no error", calls[call].name, error);
		return;
	}
	__atomic_add_fetch(&f->shared->calls[call][error], 1, __ATOMIC_RELAXED);
	if (!error || among(always, error) || among(calls[call].errnos, error) ||
	    (f->shared->hostile && among(broken_chip, error)) ||
	    (f->shared->is_tpm && call == FUZZ_SYSFS && error == EOPNOTSUPP))	/* counters */
		return;
	fuzz_violation(f, "%s gives %s, which it should not", calls[call].name,
		       strerrorname_np(error));
}

void fuzz_print_results(const struct fuzz_shared *shared)
{
	for (int call = 0; call < FUZZ_CALLS; call++) {
		printf("%-18s", calls[call].name);
		for (int error = 0; error < FUZZ_ERRNOS; error++) {
			if (!shared->calls[call][error])
				continue;
			printf(" %s %lu", error ? strerrorname_np(error) : "good",
			       shared->calls[call][error]);
		}
		printf("\n");
	}
}
