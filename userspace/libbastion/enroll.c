// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/base64url.h"
#include "libbastion/enroll.h"
#include "libbastion/hex.h"

static int add(json_t *json, const char *member, const void *data, size_t len)
{
	char *text = bastion_base64url_encode(data, len);
	int rc = text ? json_object_set_new(json, member, json_string(text)) : -1;

	free(text);
	return rc;
}

json_t *bastion_enroll_request(const struct bastion_tpm_identity *identity, const char *name)
{
	json_t *json = json_pack("{s:s, s:s}", "type", "enroll", "model", identity->model);

	if (json && !(name && json_object_set_new(json, "name", json_string(name))) &&
	    !add(json, "ek", identity->ek, identity->ek_len) &&
	    !add(json, "ak", identity->ak, identity->ak_len) &&
	    !(identity->certificate &&
	      add(json, "certificate", identity->certificate, identity->certificate_len)) &&
	    !(identity->chain && add(json, "chain", identity->chain, identity->chain_len)))
		return json;
	json_decref(json);
	return NULL;
}

static int read_part(const json_t *message, const char *member, uint8_t *out, size_t *len,
		     struct bastion_error *err)
{
	const json_t *value = json_object_get(message, member);
	ssize_t got = -EINVAL;

	if (json_is_string(value))
		got = bastion_base64url_decode(json_string_value(value), json_string_length(value),
					       out, BASTION_TPM_CREDENTIAL_MAX);
	if (got < 0)
		return bastion_error_set(err, BASTION_OP_PEER, EPROTO,
					 "the verifier's \"%s\" is not base64url of at most %u bytes",
					 member, BASTION_TPM_CREDENTIAL_MAX);
	*len = got;
	return 0;
}

int bastion_enroll_credential_parse(const json_t *message,
				    struct bastion_enroll_credential *credential,
				    struct bastion_error *err)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	int rc;

	if (!type || strcmp(type, "credential"))
		return bastion_error_set(err, BASTION_OP_PEER, EPROTO,
					 "this is not a verifier's answer to a request");
	rc = read_part(message, "credential", credential->credential, &credential->credential_len,
		       err);
	return rc ? rc : read_part(message, "seed", credential->seed, &credential->seed_len, err);
}

json_t *bastion_enroll_answer(const uint8_t chip_id[BASTION_DIGEST_SIZE],
			      const uint8_t secret[BASTION_TPM_SECRET])
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], hex[2 * BASTION_TPM_SECRET + 1];
	json_t *json;

	bastion_hex_encode(chip_id, BASTION_DIGEST_SIZE, chip);
	bastion_hex_encode(secret, BASTION_TPM_SECRET, hex);
	json = json_pack("{s:s, s:s, s:s}", "type", "enroll-secret", "chip", chip, "secret", hex);
	explicit_bzero(hex, sizeof(hex));
	return json;
}
