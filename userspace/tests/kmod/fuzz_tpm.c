// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the kernel's reader of a TPM's responses. Byte 0 says to what, and how. */
#include <stdint.h>
#include <stdlib.h>

#include "../../../kmod/tpm_marshal.h"
#include "../../../kmod/tpm_public.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const u8 *at, size_t len, const u8 *buf, size_t size)
{
	if (len && (at < buf || len > size || (size_t)(at - buf) > size - len))
		abort();
}

static void judge_public(const u8 *public, size_t len)
{
	const u8 *x, *y;

	if (bastion_tpm_is_storage(public, len, &x, &y)) {
		inside(x, BASTION_TPM_COORDINATE_SIZE, public, len);
		inside(y, BASTION_TPM_COORDINATE_SIZE, public, len);
	}
	bastion_tpm_is_endorsement(public, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bastion_tpm_field fields[BASTION_TPM_FIELDS_MAX];
	enum bastion_tpm_command command;
	struct bastion_tpm_frame frame;
	bool session;
	size_t i;

	if (!size)
		return 0;
	command = (data[0] & 0x7f) % BASTION_TPM_COMMANDS;
	session = data[0] & 0x80;
	data++;
	size--;
	if (bastion_tpm_parse_frame(command, session, data, size, &frame))
		return 0;
	inside(frame.params, frame.params_len, data, size);
	inside(frame.auth.nonce, frame.auth.nonce_len, data, size);
	inside(frame.auth.hmac, frame.auth.hmac_len, data, size);
	if (bastion_tpm_parse_params(command, frame.params, frame.params_len, fields))
		return 0;
	for (i = 0; i < BASTION_TPM_FIELDS_MAX; i++)
		inside(fields[i].data, fields[i].len, data, size);
	if (command == BASTION_TPM_READ_PUBLIC)
		judge_public(fields[0].data, fields[0].len);
	return 0;
}
