// SPDX-License-Identifier: GPL-2.0
/*
 * Reading IMA's binary list.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "ima_parse.h"

/* What is left of a record that may not be there to its end. */
struct cursor {
	const u8 *at;
	size_t left;
};

/* @len bytes off the front, or NULL. */
static const u8 *take(struct cursor *c, size_t len)
{
	const u8 *at = c->at;

	if (len > c->left)
		return NULL;
	c->at += len;
	c->left -= len;
	return at;
}

/* A number; IMA writes it in the machine's byte order. */
static bool take_u32(struct cursor *c, u32 *value)
{
	const u8 *at = take(c, sizeof(*value));

	if (at)
		memcpy(value, at, sizeof(*value));
	return at;
}

/* "ima": SHA-1 of the file, then its name with a length. */
static int take_old(struct cursor *c, struct bastion_ima_record *record)
{
	u32 name_len;

	record->data = c->at;
	if (!take(c, BASTION_IMA_SHA1_SIZE) || !take_u32(c, &name_len))
		return -EAGAIN;
	if (name_len > BASTION_IMA_TEMPLATE_MAX)
		return -EBADMSG;
	if (!take(c, name_len))
		return -EAGAIN;
	record->data_len = c->at - record->data;
	return 0;
}

static int take_data(struct cursor *c, struct bastion_ima_record *record)
{
	u32 len;

	if (!take_u32(c, &len))
		return -EAGAIN;
	if (len > BASTION_IMA_RECORD_MAX)
		return -EBADMSG;
	record->data = take(c, len);
	record->data_len = len;
	return record->data ? 0 : -EAGAIN;
}

/**
 * bastion_ima_parse - reads the first record of a piece of IMA's binary list
 * @buf:	the piece, which begins with a record
 * @len:	bytes at @buf
 * @record:	what was read; meaningless on failure
 *
 * Return: 0, -EAGAIN the record goes on behind @buf, -EBADMSG it is none, or longer
 * than BASTION_IMA_RECORD_MAX.
 */
int bastion_ima_parse(const u8 *buf, size_t len, struct bastion_ima_record *record)
{
	struct cursor c = { .at = buf, .left = len };
	const u8 *digest, *name;
	u32 pcr, name_len;
	int ret;

	if (!take_u32(&c, &pcr))
		return -EAGAIN;
	digest = take(&c, BASTION_IMA_SHA1_SIZE);
	if (!digest || !take_u32(&c, &name_len))
		return -EAGAIN;
	if (!name_len || name_len > BASTION_IMA_TEMPLATE_MAX)
		return -EBADMSG;
	name = take(&c, name_len);
	if (!name)
		return -EAGAIN;
	record->violation = !memchr_inv(digest, 0, BASTION_IMA_SHA1_SIZE);
	record->old = name_len == strlen("ima") && !memcmp(name, "ima", name_len);
	ret = record->old ? take_old(&c, record) : take_data(&c, record);
	record->len = c.at - buf;
	if (ret)
		return ret == -EAGAIN && len >= BASTION_IMA_RECORD_MAX ? -EBADMSG : ret;
	return record->len > BASTION_IMA_RECORD_MAX ? -EBADMSG : 0;
}
