// SPDX-License-Identifier: GPL-2.0
#include "mutate.h"
#include "test.h"

int mutate_exact(mutate_parse parse, const u8 *buf, size_t len)
{
	u8 *copy = malloc(len);
	int ret;

	assert_non_null(copy);
	memcpy(copy, buf, len);
	ret = parse(copy, len);
	free(copy);
	return ret;
}

void mutate_truncate(mutate_parse parse, const u8 *buf, size_t len)
{
	size_t i;

	assert_int_equal(mutate_exact(parse, buf, len), 0);
	for (i = 0; i < len; i++)
		assert_int_not_equal(mutate_exact(parse, buf, i), 0);
}

void mutate_extend(mutate_parse parse, const u8 *buf, size_t len, u8 surplus)
{
	u8 *longer = malloc(len + 1);

	assert_non_null(longer);
	memcpy(longer, buf, len);
	longer[len] = surplus;
	assert_int_not_equal(mutate_exact(parse, longer, len + 1), 0);
	free(longer);
}

size_t mutate_each_byte(mutate_parse parse, u8 *buf, size_t len, const bool *any)
{
	size_t accepted = 0;
	unsigned int flip;
	size_t i;

	for (i = 0; i < len; i++) {
		for (flip = 1; flip < 256; flip++) {
			int ret;

			buf[i] ^= flip;
			ret = mutate_exact(parse, buf, len);
			buf[i] ^= flip;
			if (any[i])
				assert_int_equal(ret, 0);
			else if (!ret)
				accepted++;
		}
	}
	return accepted;
}
