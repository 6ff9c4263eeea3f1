// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>

#include "libbastion/json.h"

/* No fewer than there are: each but the first is behind a comma. Of what is no JSON, any number. */
static size_t count_values(const char *text, size_t len)
{
	bool quoted = false;
	size_t i, count = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted)
			i += text[i] == '\\';
		else
			count += text[i] == '{' || text[i] == '[' || text[i] == ',';
	}
	return count;
}

json_t *bastion_json_parse(const void *text, size_t len)
{
	json_t *json;

	if (count_values(text, len) > BASTION_JSON_VALUES)
		return NULL;
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}
