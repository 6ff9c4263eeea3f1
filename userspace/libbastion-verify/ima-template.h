/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IMA's templates: which fields an entry has (the kernel's
 * Documentation/security/IMA-templates.rst), and how the ASCII list spells them.
 */
#ifndef BV_IMA_TEMPLATE_H
#define BV_IMA_TEMPLATE_H

#include "bytes.h"
#include "error.h"

#define BV_IMA_FIELDS_MAX	16
#define BV_IMA_NAME_MAX		255	/* of the old template "ima" */

enum bv_ima_kind {
	BV_IMA_OPAQUE,		/* of a template that we do not know */
	BV_IMA_DIGEST,		/* bytes */
	BV_IMA_DIGEST_NAMED,	/* algorithm, ':', NUL, bytes; or type, ':' before that */
	BV_IMA_TEXT,		/* with a NUL at the end */
	BV_IMA_BYTES,
	BV_IMA_UINT16,
	BV_IMA_UINT32,
};

enum bv_ima_role {
	BV_IMA_OTHER,		/* is not judged */
	BV_IMA_FILE_DIGEST,
	BV_IMA_FILE_NAME,
	BV_IMA_BUFFER,
};

/**
 * struct bv_ima_field - what is known of a field
 * @id:		as in a template's format
 * @kind:	how it is written
 * @role:	what it says of what was measured
 */
struct bv_ima_field {
	const char *id;
	enum bv_ima_kind kind;
	enum bv_ima_role role;
};

/**
 * struct bv_ima_template - what is known of a template
 * @old:	the template "ima": no lengths, the name filled up with zeros
 * @usual:	the first field is the digest of what was measured, the second its name, and no
 *		other is a digest or a name of that
 * @count:	fields; 0 when the template is not known
 * @fields:	in order
 */
struct bv_ima_template {
	bool old;
	bool usual;
	size_t count;
	const struct bv_ima_field *fields[BV_IMA_FIELDS_MAX];
};

/**
 * bv_ima_template_find() - what the name of a template stands for
 * @name:	"ima-ng", ..., or a format such as "d-ng|n-ng|sig"
 * @found:	the template; with no fields if the name is not known
 */
void bv_ima_template_find(struct bv_span name, struct bv_ima_template *found);

/**
 * bv_ima_split() - the fields of an entry
 * @found:	its template, known or not
 * @data:	template data
 * @fields:	BV_IMA_FIELDS_MAX of them: what is in each
 * @count:	how many
 *
 * Return: 0, -EBADMSG when the data is not what the template says.
 */
int bv_ima_split(const struct bv_ima_template *found, struct bv_span data,
		 struct bv_span *fields, size_t *count);

/**
 * bv_ima_rebuild() - template data from a line of the ASCII list
 * @found:	a template that is known
 * @text:	the line from the first field on, without newline
 * @out:	at least @text.len + 512 bytes
 * @len:	how many were written
 *
 * Return: 0, -EBADMSG.
 */
int bv_ima_rebuild(const struct bv_ima_template *found, struct bv_span text, uint8_t *out,
		   size_t *len);

#endif
