// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "json.h"

/*
 * Each value but the first of an object or array comes after a comma. Of what is no JSON the
 * count may be wrong, but not of what comes before that, which is all that is read of it.
 */
static size_t count_values(struct bv_span text)
{
	bool quoted = false;
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			i += c == '\\';
		else
			count += c == '{' || c == '[' || c == ',';
	}
	return count;
}

json_t *bv_json_parse(struct bv_span text, size_t max, size_t values, const char *what,
		      struct bv_error *err)
{
	json_error_t where;
	json_t *root;

	if (text.len > max) {
		bv_fail(err, "%s has %zu bytes, at most %zu are possible", what, text.len, max);
		return NULL;
	}
	if (count_values(text) > values) {
		bv_fail(err, "%s has more than %zu values", what, values);
		return NULL;
	}
	root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &where);
	if (!root) {
		bv_fail(err, "%s is not JSON: line %d, column %d: %s", what, where.line,
			where.column, where.text);
		return NULL;
	}
	if (!json_is_object(root)) {
		bv_fail(err, "%s is not a JSON object", what);
		json_decref(root);
		return NULL;
	}
	return root;
}

int bv_json_only(const json_t *object, const char *const known[], const char *what,
		 struct bv_error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], name))
			i++;
		if (!known[i])
			return bv_fail(err, "%s: unknown member \"%.64s\"", what, name);
	}
	return 0;
}

int bv_json_hex(const json_t *object, const char *name, uint8_t *out, size_t min, size_t max,
		size_t *len, struct bv_error *err)
{
	const char *text = json_string_value(json_object_get(object, name));
	ssize_t got = text ? bv_unhex(out, min, max, text) : -1;

	if (got < 0 && min == max)
		return bv_fail(err, "\"%s\" is not %zu bytes of lower-case hex", name, min);
	if (got < 0)
		return bv_fail(err, "\"%s\" is not %zu to %zu bytes of lower-case hex", name, min,
			       max);
	if (len)
		*len = got;
	return 0;
}

int bv_json_number(const json_t *object, const char *name, int64_t min, int64_t max,
		   int64_t *out, struct bv_error *err)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return bv_fail(err, "\"%s\" is not a number from %lld to %lld", name,
			       (long long)min, (long long)max);
	*out = json_integer_value(value);
	return 0;
}

int bv_json_text(const json_t *object, const char *name, size_t max, const char **out,
		 struct bv_error *err)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value) || json_string_length(value) > max)
		return bv_fail(err, "\"%s\" is not a text of at most %zu bytes", name, max);
	*out = json_string_value(value);
	return 0;
}
