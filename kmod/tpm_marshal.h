/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TPM 2.0 commands and responses as bytes (TPM 2.0 Library, part 3, revision 1.59),
 * of exactly those that bastion sends. A table says what each consists of.
 *
 * Pure: bytes in, bytes out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_TPM_MARSHAL_H
#define _BASTION_TPM_MARSHAL_H

#include <linux/types.h>

#define BASTION_TPM_COMMAND_MAX		4096	/* of either; the kernel's TPM driver has one page */
#define BASTION_TPM_DIGEST_MAX		64	/* SHA-512 */
#define BASTION_TPM_NAME_MAX		(2 + BASTION_TPM_DIGEST_MAX)
#define BASTION_TPM_PUBLIC_MAX		640	/* of an RSA-4096 key, and some */
#define BASTION_TPM_CONTEXT_MAX		3584	/* leaves room for a header */
#define BASTION_TPM_FIELDS_MAX		8

/* Part 2, 6.3 */
#define BASTION_TPM_ALG_SHA1		0x0004
#define BASTION_TPM_ALG_AES		0x0006
#define BASTION_TPM_ALG_KEYEDHASH	0x0008
#define BASTION_TPM_ALG_SHA256		0x000b
#define BASTION_TPM_ALG_NULL		0x0010
#define BASTION_TPM_ALG_ECDSA		0x0018
#define BASTION_TPM_ALG_ECC		0x0023
#define BASTION_TPM_ALG_CFB		0x0043

/* Part 2, 6.4 */
#define BASTION_TPM_CURVE_P256		0x0003
#define BASTION_TPM_CURVE_P384		0x0004

/* Part 2, 7.4: permanent handles */
#define BASTION_TPM_RH_OWNER		0x40000001
#define BASTION_TPM_RH_NULL		0x40000007
#define BASTION_TPM_RS_PW		0x40000009
#define BASTION_TPM_RH_ENDORSEMENT	0x4000000b

/* Part 2, 7.2: where the handles of sessions and objects that are loaded begin */
#define BASTION_TPM_LOADED_SESSIONS	0x02000000
#define BASTION_TPM_TRANSIENT		0x80000000

/* Part 2, 6.11 and 8.4: sessions */
#define BASTION_TPM_SE_HMAC		0x00
#define BASTION_TPM_SE_POLICY		0x01
#define BASTION_TPM_SA_CONTINUE		0x01
#define BASTION_TPM_SA_DECRYPT		0x20
#define BASTION_TPM_SA_ENCRYPT		0x40

/* Part 2, 6.12 and 6.13: capabilities */
#define BASTION_TPM_CAP_HANDLES		1
#define BASTION_TPM_CAP_PROPERTIES	6
#define BASTION_TPM_CAP_CURVES		8
#define BASTION_TPM_PT_MANUFACTURER	0x105
#define BASTION_TPM_PT_FIRMWARE_1	0x10b
#define BASTION_TPM_PT_FIRMWARE_2	0x10c

#define BASTION_TPM_CC_POLICY_SIGNED	0x160	/* part of a policy's digest */

enum bastion_tpm_command {
	BASTION_TPM_CREATE_PRIMARY,
	BASTION_TPM_CREATE,
	BASTION_TPM_LOAD,
	BASTION_TPM_LOAD_EXTERNAL,
	BASTION_TPM_READ_PUBLIC,
	BASTION_TPM_UNSEAL,
	BASTION_TPM_CONTEXT_SAVE,
	BASTION_TPM_CONTEXT_LOAD,
	BASTION_TPM_FLUSH_CONTEXT,
	BASTION_TPM_START_AUTH_SESSION,
	BASTION_TPM_POLICY_SIGNED,
	BASTION_TPM_POLICY_TICKET,
	BASTION_TPM_GET_CAPABILITY,
	BASTION_TPM_READ_CLOCK,
	BASTION_TPM_COMMANDS
};

/**
 * struct bastion_tpm_field - a number or some bytes, as the command's table has it
 * @number:	numbers
 * @data:	bytes; of a response: inside it
 * @len:	bytes at @data
 */
struct bastion_tpm_field {
	u64 number;
	const u8 *data;
	size_t len;
};

/**
 * struct bastion_tpm_auth - one entry of the authorisation area (part 1, 18)
 * @session:	handle; not in a response
 * @nonce:	nonceCaller, or nonceTPM
 * @nonce_len:	bytes
 * @attributes:	BASTION_TPM_SA_*
 * @hmac:	or a password
 * @hmac_len:	bytes
 */
struct bastion_tpm_auth {
	u32 session;
	const u8 *nonce;
	size_t nonce_len;
	u8 attributes;
	const u8 *hmac;
	size_t hmac_len;
};

/**
 * struct bastion_tpm_frame - a response taken apart but for its parameters
 * @handle:	what was loaded; 0 for commands that load nothing
 * @params:	the parameters, in the response
 * @params_len:	bytes at @params
 * @auth:	what came with them, when there was a session
 */
struct bastion_tpm_frame {
	u32 handle;
	const u8 *params;
	size_t params_len;
	struct bastion_tpm_auth auth;
};

/**
 * struct bastion_tpm_writer - bytes in the making
 * @data:	where they go
 * @size:	room there
 * @len:	bytes so far
 * @full:	there was no room for something, and what is there is of no use
 */
struct bastion_tpm_writer {
	u8 *data;
	size_t size;
	size_t len;
	bool full;
};

void bastion_tpm_put(struct bastion_tpm_writer *w, const void *data, size_t len);
void bastion_tpm_put_number(struct bastion_tpm_writer *w, u64 number, size_t size);
void bastion_tpm_put_sized(struct bastion_tpm_writer *w, const void *data, size_t len);

u32 bastion_tpm_code(enum bastion_tpm_command command);
const char *bastion_tpm_name(enum bastion_tpm_command command);
int bastion_tpm_put_params(struct bastion_tpm_writer *w, enum bastion_tpm_command command,
			   const struct bastion_tpm_field *fields);
int bastion_tpm_put_command(struct bastion_tpm_writer *w, enum bastion_tpm_command command,
			    const u32 *handles, const struct bastion_tpm_auth *auth,
			    const u8 *params, size_t params_len);

int bastion_tpm_parse_frame(enum bastion_tpm_command command, bool session, const u8 *buf,
			    size_t len, struct bastion_tpm_frame *frame);
int bastion_tpm_parse_params(enum bastion_tpm_command command, const u8 *params, size_t len,
			     struct bastion_tpm_field fields[BASTION_TPM_FIELDS_MAX]);
int bastion_tpm_errno(u32 code);

#endif
