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

	if (!take(c, BASTION_IMA_SHA1_SIZE) || !take_u32(c, &name_len))
		return -EAGAIN;
	if (name_len > BASTION_IMA_TEMPLATE_MAX)
		return -EBADMSG;
	record->data_len = BASTION_IMA_SHA1_SIZE + sizeof(name_len) + name_len;
	return take(c, name_len) ? 0 : -EAGAIN;
}

/**
 * bastion_ima_parse - reads the beginning of a record of IMA's binary list
 * @buf:	a piece of the list, which begins with a record
 * @len:	bytes at @buf
 * @record:	what was read; meaningless on failure
 *
 * Return: 0; -EAGAIN the beginning goes on behind @buf, which has fewer than
 * BASTION_IMA_HEAD_MAX bytes; -EBADMSG it is none.
 */
int bastion_ima_parse(const u8 *buf, size_t len, struct bastion_ima_record *record)
{
	struct cursor c = { .at = buf, .left = len };
	const u8 *digest, *name;
	u32 pcr, name_len;

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
	if (!record->old && !take_u32(&c, &record->data_len))
		return -EAGAIN;
	record->head_len = c.at - buf;
	return record->old ? take_old(&c, record) : 0;
}
