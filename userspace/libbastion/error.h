/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What went wrong and during what. The library never prints: functions return
 * a negative errno and describe the circumstances here; the caller decides
 * what the user sees (explain.h has the words for each errno).
 */
#ifndef LIBBASTION_ERROR_H
#define LIBBASTION_ERROR_H

/* During what: the same errno means different things. */
enum bastion_op {
	BASTION_OP_ANY = 0,
	BASTION_OP_USAGE,	/* an argument of the caller's */
	BASTION_OP_FILE,	/* a file of the caller's */
	BASTION_OP_OPEN,	/* opening /dev/bastionN */
	BASTION_OP_DEVICE,	/* an ioctl or read with no errors of its own */
	BASTION_OP_LOG,		/* securityfs or sysfs */
	BASTION_OP_ROUND,	/* ROUND_BEGIN and QUOTE */
	BASTION_OP_GRANT,
	BASTION_OP_VERIFIER,	/* VERIFIER_ADD, _REMOVE, _LIST */
	BASTION_OP_EXTEND,
	BASTION_OP_RELEASE,
	BASTION_OP_KEY,		/* the key type bastion */
	BASTION_OP_PEER,	/* the verifier, over its socket */
	BASTION_OP_REFUSED,	/* the verifier appraised and said no */
	BASTION_OP_LOAD,	/* a blob into a keyring */
	BASTION_OP_IMPORT,	/* a secret from outside into a sealed key */
	BASTION_OP_REBIND,	/* a sealed key to another verifier or policy */
	BASTION_OP_SIGN,	/* with a key pair in the chip */
	BASTION_OP_TPM,		/* the TPM, asked by user space: quotes, enrolment */
};

/**
 * struct bastion_error - the circumstances of a failure
 * @code: errno, positive; 0 if nothing failed
 * @op:   during what
 * @text: one line of UTF-8 without a full stop; never a secret; may hold text of a
 *	  peer's, so print it with control characters replaced
 */
struct bastion_error {
	int code;
	enum bastion_op op;
	char text[512];
};

/**
 * bastion_error_set - describe a failure
 * @err:  may be NULL
 * @op:   during what
 * @code: errno, positive
 * @fmt:  as printf(3); where the text is not UTF-8, "?" for each byte that is not ASCII
 *
 * Return: -@code, so that it can be returned at once.
 */
int bastion_error_set(struct bastion_error *err, enum bastion_op op, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
