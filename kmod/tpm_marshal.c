// SPDX-License-Identifier: GPL-2.0
/*
 * TPM 2.0 commands and responses as bytes.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "tpm_marshal.h"

/* Part 2, 6.9: tags */
#define ST_NO_SESSIONS	0x8001
#define ST_SESSIONS	0x8002

/* What a field is: a number of that many bytes, TPM2B with its length, all that is left. */
enum shape { END, NUMBER, SIZED, REST };

struct shape_of {
	enum shape shape;
	size_t max;
};

#define U8		{ NUMBER, 1 }
#define U16		{ NUMBER, 2 }
#define U32		{ NUMBER, 4 }
#define U64		{ NUMBER, 8 }
#define SIZED(most)	{ SIZED, most }
#define REST(most)	{ REST, most }

#define NONCE		SIZED(BASTION_TPM_DIGEST_MAX)
#define DIGEST		SIZED(BASTION_TPM_DIGEST_MAX)
#define NAME		SIZED(BASTION_TPM_NAME_MAX)
#define PUBLIC		SIZED(BASTION_TPM_PUBLIC_MAX)
#define PRIVATE		SIZED(1024)
#define SENSITIVE	SIZED(256)	/* may be encrypted, and is what it is then */
#define CREATION	SIZED(512)
/* A ticket, TPMT_TK_*, is three fields: tag, hierarchy, digest. */
#define CONTEXT		REST(BASTION_TPM_CONTEXT_MAX)
#define TIMEOUT		SIZED(16)

/**
 * struct row - one command (part 3)
 * @code:	TPM_CC
 * @name:	for messages
 * @handles:	that it takes
 * @loads:	it answers with a handle
 * @in:	parameters
 * @out:	of the response
 */
struct row {
	u32 code;
	const char *name;
	unsigned int handles;
	bool loads;
	struct shape_of in[BASTION_TPM_FIELDS_MAX];
	struct shape_of out[BASTION_TPM_FIELDS_MAX];
};

static const struct row rows[BASTION_TPM_COMMANDS] = {
	[BASTION_TPM_CREATE_PRIMARY] = {		/* 24.1 */
		.code = 0x131, .name = "CreatePrimary", .handles = 1, .loads = true,
		.in = { SENSITIVE, PUBLIC, SIZED(64), U32 },
		.out = { PUBLIC, CREATION, DIGEST, U16, U32, DIGEST, NAME },
	},
	[BASTION_TPM_CREATE] = {			/* 12.1 */
		.code = 0x153, .name = "Create", .handles = 1,
		.in = { SENSITIVE, PUBLIC, SIZED(64), U32 },
		.out = { PRIVATE, PUBLIC, CREATION, DIGEST, U16, U32, DIGEST },
	},
	[BASTION_TPM_LOAD] = {				/* 12.2 */
		.code = 0x157, .name = "Load", .handles = 1, .loads = true,
		.in = { PRIVATE, PUBLIC },
		.out = { NAME },
	},
	[BASTION_TPM_LOAD_EXTERNAL] = {			/* 12.3 */
		.code = 0x167, .name = "LoadExternal", .loads = true,
		.in = { SENSITIVE, PUBLIC, U32 },
		.out = { NAME },
	},
	[BASTION_TPM_READ_PUBLIC] = {			/* 12.4 */
		.code = 0x173, .name = "ReadPublic", .handles = 1,
		.out = { PUBLIC, NAME, NAME },
	},
	[BASTION_TPM_UNSEAL] = {			/* 12.7 */
		.code = 0x15e, .name = "Unseal", .handles = 1,
		.out = { SENSITIVE },
	},
	[BASTION_TPM_CONTEXT_SAVE] = {			/* 28.2 */
		.code = 0x162, .name = "ContextSave", .handles = 1,
		.out = { CONTEXT },
	},
	[BASTION_TPM_CONTEXT_LOAD] = {			/* 28.3 */
		.code = 0x161, .name = "ContextLoad", .loads = true,
		.in = { CONTEXT },
	},
	[BASTION_TPM_FLUSH_CONTEXT] = {			/* 28.4 */
		.code = 0x165, .name = "FlushContext",
		.in = { U32 },
	},
	[BASTION_TPM_START_AUTH_SESSION] = {		/* 11.1; symmetric is an algorithm, never NULL */
		.code = 0x176, .name = "StartAuthSession", .handles = 2, .loads = true,
		.in = { NONCE, SIZED(256), U8, U16, U16, U16, U16 },
		.out = { NONCE },
	},
	[BASTION_TPM_POLICY_SIGNED] = {			/* 23.3; the signature is ECDSA's */
		.code = BASTION_TPM_CC_POLICY_SIGNED, .name = "PolicySigned", .handles = 2,
		.in = { NONCE, DIGEST, DIGEST, U32, U16, U16, SIZED(48), SIZED(48) },
		.out = { TIMEOUT, U16, U32, DIGEST },
	},
	[BASTION_TPM_POLICY_TICKET] = {			/* 23.5 */
		.code = 0x172, .name = "PolicyTicket", .handles = 1,
		.in = { TIMEOUT, DIGEST, DIGEST, NAME, U16, U32, DIGEST },
	},
	[BASTION_TPM_GET_CAPABILITY] = {		/* 30.2 */
		.code = 0x17a, .name = "GetCapability",
		.in = { U32, U32, U32 },
		.out = { U8, U32, REST(1024) },
	},
	[BASTION_TPM_READ_CLOCK] = {			/* 29.1: time, clock, resets, restarts, safe */
		.code = 0x181, .name = "ReadClock",
		.out = { U64, U64, U32, U32, U8 },
	},
};

u32 bastion_tpm_code(enum bastion_tpm_command command)
{
	return rows[command].code;
}

const char *bastion_tpm_name(enum bastion_tpm_command command)
{
	return rows[command].name;
}

/* Writing */

void bastion_tpm_put(struct bastion_tpm_writer *w, const void *data, size_t len)
{
	if (w->full || len > w->size - w->len) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->data + w->len, data, len);
	w->len += len;
}

/**
 * bastion_tpm_put_number - a number, big endian
 * @w:		where to
 * @number:	the number
 * @size:	its bytes, at most 8
 */
void bastion_tpm_put_number(struct bastion_tpm_writer *w, u64 number, size_t size)
{
	u8 bytes[8];
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = number >> 8 * (size - 1 - i);
	bastion_tpm_put(w, bytes, size);
}

/* TPM2B (part 2, 10.4): a length, then the bytes. */
void bastion_tpm_put_sized(struct bastion_tpm_writer *w, const void *data, size_t len)
{
	if (len > 0xffff)
		w->full = true;
	bastion_tpm_put_number(w, len, 2);
	bastion_tpm_put(w, data, len);
}

/**
 * bastion_tpm_put_params - the parameters of a command
 * @w:		where to
 * @command:	which
 * @fields:	as many as the command has
 *
 * Return: 0; -EINVAL a number or some bytes are too long, or there is no room.
 */
int bastion_tpm_put_params(struct bastion_tpm_writer *w, enum bastion_tpm_command command,
			   const struct bastion_tpm_field *fields)
{
	const struct shape_of *in = rows[command].in;
	size_t i;

	for (i = 0; i < BASTION_TPM_FIELDS_MAX && in[i].shape != END; i++) {
		const struct bastion_tpm_field *field = &fields[i];

		if (in[i].shape == NUMBER) {
			if (in[i].max < 8 && field->number >> 8 * in[i].max)
				return -EINVAL;
			bastion_tpm_put_number(w, field->number, in[i].max);
			continue;
		}
		if (field->len > in[i].max)
			return -EINVAL;
		if (in[i].shape == SIZED)
			bastion_tpm_put_sized(w, field->data, field->len);
		else
			bastion_tpm_put(w, field->data, field->len);
	}
	return w->full ? -EINVAL : 0;
}

static void put_auth(struct bastion_tpm_writer *w, const struct bastion_tpm_auth *auth)
{
	bastion_tpm_put_number(w, 4 + 2 + auth->nonce_len + 1 + 2 + auth->hmac_len, 4);
	bastion_tpm_put_number(w, auth->session, 4);
	bastion_tpm_put_sized(w, auth->nonce, auth->nonce_len);
	bastion_tpm_put_number(w, auth->attributes, 1);
	bastion_tpm_put_sized(w, auth->hmac, auth->hmac_len);
}

/**
 * bastion_tpm_put_command - a whole command (part 1, 18)
 * @w:		where to; empty
 * @command:	which
 * @handles:	as many as it takes
 * @auth:	its only session, or NULL
 * @params:	from bastion_tpm_put_params()
 * @params_len:	bytes at @params
 *
 * Return: 0, or -EINVAL there is no room.
 */
int bastion_tpm_put_command(struct bastion_tpm_writer *w, enum bastion_tpm_command command,
			    const u32 *handles, const struct bastion_tpm_auth *auth,
			    const u8 *params, size_t params_len)
{
	const struct row *row = &rows[command];
	struct bastion_tpm_writer length = { .data = w->data + 2, .size = 4 };
	unsigned int i;

	bastion_tpm_put_number(w, auth ? ST_SESSIONS : ST_NO_SESSIONS, 2);
	bastion_tpm_put_number(w, 0, 4);
	bastion_tpm_put_number(w, row->code, 4);
	for (i = 0; i < row->handles; i++)
		bastion_tpm_put_number(w, handles[i], 4);
	if (auth)
		put_auth(w, auth);
	bastion_tpm_put(w, params, params_len);
	if (w->full)
		return -EINVAL;
	bastion_tpm_put_number(&length, w->len, 4);
	return 0;
}

/* Reading: every length is held against what is left. */

struct reader {
	const u8 *at;
	size_t left;
};

static bool get(struct reader *r, size_t len, const u8 **at)
{
	if (len > r->left)
		return false;
	*at = r->at;
	r->at += len;
	r->left -= len;
	return true;
}

static bool get_number(struct reader *r, size_t size, u64 *number)
{
	const u8 *at;
	size_t i;

	if (!get(r, size, &at))
		return false;
	*number = 0;
	for (i = 0; i < size; i++)
		*number = *number << 8 | at[i];
	return true;
}

static bool get_sized(struct reader *r, size_t max, const u8 **data, size_t *len)
{
	u64 number;

	if (!get_number(r, 2, &number) || number > max)
		return false;
	*len = number;
	return get(r, number, data);
}

static bool get_auth(struct reader *r, struct bastion_tpm_auth *auth)
{
	u64 attributes;

	if (!get_sized(r, BASTION_TPM_DIGEST_MAX, &auth->nonce, &auth->nonce_len) ||
	    !get_number(r, 1, &attributes) ||
	    !get_sized(r, BASTION_TPM_DIGEST_MAX, &auth->hmac, &auth->hmac_len))
		return false;
	auth->attributes = attributes;
	return !r->left;
}

/**
 * bastion_tpm_parse_frame - takes a response apart but for its parameters
 * @command:	what was asked
 * @session:	with a session
 * @buf:	the response; must outlive @frame
 * @len:	bytes at @buf
 * @frame:	what it says; meaningless on failure
 *
 * Return: 0; -EIO it is no response to that; as bastion_tpm_errno() what the TPM says.
 */
int bastion_tpm_parse_frame(enum bastion_tpm_command command, bool session, const u8 *buf,
			    size_t len, struct bastion_tpm_frame *frame)
{
	struct reader r = { .at = buf, .left = len };
	u64 tag, size, code, handle = 0, params = 0;

	memset(frame, 0, sizeof(*frame));
	if (len > BASTION_TPM_COMMAND_MAX || !get_number(&r, 2, &tag) ||
	    !get_number(&r, 4, &size) || !get_number(&r, 4, &code) || size != len)
		return -EIO;
	if (code)
		return bastion_tpm_errno(code);
	if (tag != (session ? ST_SESSIONS : ST_NO_SESSIONS))
		return -EIO;
	if (rows[command].loads && !get_number(&r, 4, &handle))
		return -EIO;
	frame->handle = handle;
	params = r.left;
	if (session && !get_number(&r, 4, &params))
		return -EIO;
	frame->params_len = params;
	if (params > r.left || !get(&r, params, &frame->params))
		return -EIO;
	if (session && !get_auth(&r, &frame->auth))
		return -EIO;
	return 0;
}

/**
 * bastion_tpm_parse_params - reads the parameters of a response, decrypted
 * @command:	what was asked
 * @params:	the parameters; must outlive @fields
 * @len:	bytes at @params
 * @fields:	what they are; meaningless on failure
 *
 * Return: 0, or -EIO unless all of them is what the command answers with.
 */
int bastion_tpm_parse_params(enum bastion_tpm_command command, const u8 *params, size_t len,
			     struct bastion_tpm_field fields[BASTION_TPM_FIELDS_MAX])
{
	const struct shape_of *out = rows[command].out;
	struct reader r = { .at = params, .left = len };
	bool good = true;
	size_t i;

	memset(fields, 0, BASTION_TPM_FIELDS_MAX * sizeof(*fields));
	for (i = 0; good && i < BASTION_TPM_FIELDS_MAX && out[i].shape != END; i++) {
		struct bastion_tpm_field *field = &fields[i];

		if (out[i].shape == NUMBER) {
			good = get_number(&r, out[i].max, &field->number);
		} else if (out[i].shape == SIZED) {
			good = get_sized(&r, out[i].max, &field->data, &field->len);
		} else {
			field->len = r.left;
			good = field->len <= out[i].max && get(&r, field->len, &field->data);
		}
	}
	return good && !r.left ? 0 : -EIO;
}

/* Response codes (part 2, 6.6) */

#define FORMAT_1	0x80	/* says which parameter, handle or session it is about */
#define FORMAT_1_MASK	0xbf
#define FORMAT_0_MASK	0xfff

static const struct {
	u32 code;
	int error;
} codes[] = {
	/* Nothing was done: there is no room, or no time, just now. */
	{ 0x901, -EAGAIN },		/* CONTEXT_GAP */
	{ 0x902, -EAGAIN },		/* OBJECT_MEMORY */
	{ 0x903, -EAGAIN },		/* SESSION_MEMORY */
	{ 0x904, -EAGAIN },		/* MEMORY */
	{ 0x905, -EAGAIN },		/* SESSION_HANDLES */
	{ 0x906, -EAGAIN },		/* OBJECT_HANDLES */
	{ 0x908, -EAGAIN },		/* YIELDED */
	{ 0x909, -EAGAIN },		/* CANCELED */
	{ 0x90a, -EAGAIN },		/* TESTING */
	{ 0x920, -EAGAIN },		/* NV_RATE */
	{ 0x921, -EAGAIN },		/* LOCKOUT */
	{ 0x922, -EAGAIN },		/* RETRY */
	{ 0x923, -EAGAIN },		/* NV_UNAVAILABLE */
	/* A session is not there any more. */
	{ 0x910, -ESTALE },		/* REFERENCE_H0 */
	{ 0x911, -ESTALE },		/* REFERENCE_H1 */
	{ 0x918, -ESTALE },		/* REFERENCE_S0 */
	{ 0x08f, -ESTALE },		/* NONCE */
	/* It refuses. */
	{ 0x12f, -EKEYREJECTED },	/* AUTH_UNAVAILABLE */
	{ 0x08e, -EKEYREJECTED },	/* AUTH_FAIL */
	{ 0x09b, -EKEYREJECTED },	/* SIGNATURE */
	{ 0x09d, -EKEYREJECTED },	/* POLICY_FAIL */
	{ 0x0a2, -EKEYREJECTED },	/* BAD_AUTH */
	{ 0x085, -EKEYREJECTED },	/* HIERARCHY */
	{ 0x0a0, -EKEYREVOKED },	/* TICKET */
	{ 0x0a3, -EKEYREVOKED },	/* EXPIRED */
	/*
	 * What it was given is not its own: whatever Load (part 3, 12.2) says of a private area
	 * that somebody made up, depending on how far it gets with it.
	 */
	{ 0x09a, -EBADMSG },		/* INSUFFICIENT */
	{ 0x095, -EBADMSG },		/* SIZE */
	{ 0x09f, -EBADMSG },		/* INTEGRITY */
	{ 0x084, -EBADMSG },		/* VALUE */
	{ 0x155, -EBADMSG },		/* SENSITIVE */
	{ 0x08a, -EBADMSG },		/* TYPE */
	{ 0x09c, -EBADMSG },		/* KEY */
	{ 0x087, -EBADMSG },		/* KEY_SIZE */
	{ 0x0a5, -EBADMSG },		/* BINDING */
	{ 0x092, -EBADMSG },		/* SCHEME */
	{ 0x08b, -ENOENT },		/* HANDLE */
};

/**
 * bastion_tpm_errno - what a response code means
 * @code:	TPM_RC
 *
 * Return: 0; -EAGAIN not now; -ESTALE a session or nonce is gone; -EKEYREJECTED
 * it refuses; -EKEYREVOKED a ticket is not good any more; -EBADMSG some object is
 * not its own; -ENOENT no such handle; else -EIO.
 */
int bastion_tpm_errno(u32 code)
{
	size_t i;

	if (!code)
		return 0;
	/* Another layer than the TPM itself speaks. */
	if (code & ~FORMAT_0_MASK)
		return -EIO;
	code &= code & FORMAT_1 ? FORMAT_1_MASK : FORMAT_0_MASK;
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == code)
			return codes[i].error;
	return -EIO;
}
