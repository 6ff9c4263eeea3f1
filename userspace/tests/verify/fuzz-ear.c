// SPDX-License-Identifier: GPL-2.0
/* Tokens; and, as no fuzzer signs, claims sets by themselves. */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/ear.h"
#include "libbastion-verify/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *token = strndup((const char *)data, size);
	json_t *key = json_pack("{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "x",
				"usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8", "y",
				"IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4");
	json_t *claims = bv_json_parse((struct bv_span){ data, size }, BV_EAR_MAX, BV_JSON_FEW, "claims",
				       NULL);
	struct bv_error err;

	if (claims)
		bv_ear_check(claims, &err);
	json_decref(claims);
	json_decref(bv_ear_verify(token, key, -1, &err));
	json_decref(key);
	free(token);
	return 0;
}
