// SPDX-License-Identifier: GPL-2.0
/*
 * Reading what user space adds or updates a key of type bastion with.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <bastion/grant.h>

#include "key_parse.h"

#define OWNER_MAX	0xfffffffeu	/* (uid_t)-1 is nobody's */
#define SERIAL_MAX	0x7fffffffu	/* of key_serial_t */
#define EXE_PREFIX	"sha256:"
#define TYPES_DEFAULT	(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT)

/* Part of the buffer. Nothing in it is NUL terminated. */
struct word {
	const char *at;
	size_t len;
};

static bool word_is(struct word w, const char *text)
{
	return w.len == strlen(text) && !memcmp(w.at, text, w.len);
}

/*
 * Takes what comes before the next @separator off the front of @rest, and the
 * separator; what is left without one is the last word, and then rest->at is
 * NULL. An empty word is for the caller to refuse.
 */
static struct word split(struct word *rest, char separator)
{
	const char *end = memchr(rest->at, separator, rest->len);
	struct word w = *rest;

	if (!end) {
		*rest = (struct word){};
		return w;
	}
	w.len = end - w.at;
	rest->at = end + 1;
	rest->len -= w.len + 1;
	return w;
}

/* The digits of one number in @base, 1 .. 10 of them, no leading zero in decimal. */
static int parse_digits(struct word w, int base, u32 max, u32 *out)
{
	u64 value = 0;
	size_t i;
	int digit;

	if (!w.len || w.len > 10 || (base == 10 && w.len > 1 && w.at[0] == '0'))
		return -EINVAL;
	for (i = 0; i < w.len; i++) {
		digit = hex_to_bin(w.at[i]);
		if (digit < 0 || digit >= base)
			return -EINVAL;
		value = value * base + digit;
	}
	if (value > max)
		return -EINVAL;
	*out = value;
	return 0;
}

static int parse_bytes(struct word w, u8 *out, size_t size)
{
	if (w.len != 2 * size || hex2bin(out, w.at, size))
		return -EINVAL;
	return 0;
}

static int parse_verifier(struct word w, struct bastion_key_args *args)
{
	return parse_bytes(w, args->verifier, sizeof(args->verifier));
}

static bool label_char(char c)
{
	return isascii(c) && (islower(c) || isdigit(c) || c == '.' || c == '_' || c == '-');
}

static int parse_label(struct word w, char label[BASTION_POLICY_LABEL_MAX + 1])
{
	size_t i;

	if (!w.len || w.len > BASTION_POLICY_LABEL_MAX)
		return -EINVAL;
	for (i = 0; i < w.len; i++)
		if (!label_char(w.at[i]))
			return -EINVAL;
	memcpy(label, w.at, w.len);
	label[w.len] = '\0';
	return 0;
}

static int parse_policy(struct word w, struct bastion_key_args *args)
{
	return parse_label(w, args->policy);
}

static int parse_derive(struct word w, struct bastion_key_args *args)
{
	return parse_label(w, args->label);
}

static int parse_owner(struct word w, struct bastion_key_args *args)
{
	args->has_owner = true;
	return parse_digits(w, 10, OWNER_MAX, &args->owner);
}

static u32 type_bit(struct word w)
{
	if (word_is(w, "logon"))
		return BASTION_TYPE_LOGON;
	if (word_is(w, "fscrypt"))
		return BASTION_TYPE_FSCRYPT;
	if (word_is(w, "user"))
		return BASTION_TYPE_USER;
	return 0;
}

static int parse_types(struct word w, struct bastion_key_args *args)
{
	u32 bit, types = 0;

	while (w.at) {
		bit = type_bit(split(&w, ','));
		if (!bit || (types & bit))
			return -EINVAL;
		types |= bit;
	}
	args->types = types;
	return 0;
}

static int parse_exe(struct word w, struct bastion_key_args *args)
{
	const size_t skip = strlen(EXE_PREFIX);

	if (w.len < skip || memcmp(w.at, EXE_PREFIX, skip))
		return -EINVAL;
	w.at += skip;
	w.len -= skip;
	if (parse_bytes(w, args->executable, sizeof(args->executable)))
		return -EINVAL;
	/* Zeroes mean "not measured" elsewhere, so nothing may ask for them. */
	if (!memchr_inv(args->executable, 0, sizeof(args->executable)))
		return -EINVAL;
	args->has_executable = true;
	return 0;
}

static int parse_registers(struct word w, struct bastion_key_args *args)
{
	int base = 10;

	if (w.len > 2 && !memcmp(w.at, "0x", 2)) {
		base = 16;
		w.at += 2;
		w.len -= 2;
	}
	if (parse_digits(w, base, BASTION_MASKABLE, &args->register_mask))
		return -EINVAL;
	return args->register_mask & ~BASTION_MASKABLE ? -EINVAL : 0;
}

static int parse_counter(struct word w, struct bastion_key_args *args)
{
	if (parse_digits(w, 10, BASTION_COUNTER_COUNT, &args->counter))
		return -EINVAL;
	return args->counter ? 0 : -EINVAL;
}

/* Sets of verbs */
#define NEW	(1u << BASTION_KEY_NEW)
#define ECDSA	(1u << BASTION_KEY_ECDSA)
#define IMPORT	(1u << BASTION_KEY_IMPORT)
#define REBIND	(1u << BASTION_KEY_REBIND)
#define MAKING	(NEW | ECDSA | IMPORT)

static const struct {
	const char *name;
	int (*parse)(struct word w, struct bastion_key_args *args);
	u32 verbs;	/* that know it */
	u32 required;	/* that want it */
} options[] = {
	{ "verifier", parse_verifier, MAKING | REBIND, MAKING | REBIND },
	{ "policy", parse_policy, MAKING | REBIND, MAKING | REBIND },
	{ "owner", parse_owner, MAKING, 0 },
	{ "types", parse_types, NEW | IMPORT | REBIND, 0 },
	{ "exe", parse_exe, MAKING | REBIND, 0 },
	{ "registers", parse_registers, MAKING | REBIND, 0 },
	{ "counter", parse_counter, MAKING | REBIND, 0 },
	{ "derive", parse_derive, NEW, 0 },
};

/* One name=value; @seen has a bit for each option that was there before. */
static int parse_option(struct word w, u32 *seen, struct bastion_key_args *args)
{
	struct word name = split(&w, '=');
	size_t i;

	if (!w.at || !w.len)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (!word_is(name, options[i].name))
			continue;
		if ((*seen & (1u << i)) || !(options[i].verbs & (1u << args->verb)))
			return -EINVAL;
		*seen |= 1u << i;
		return options[i].parse(w, args);
	}
	return -EINVAL;
}

static int parse_options(struct word rest, struct bastion_key_args *args)
{
	u32 seen = 0;
	size_t i;

	while (rest.at)
		if (parse_option(split(&rest, ' '), &seen, args))
			return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if ((options[i].required & (1u << args->verb)) && !(seen & (1u << i)))
			return -EINVAL;
	return 0;
}

/* What stands between a verb and its options is taken off the front of @rest. */

static int parse_length(struct word *rest, struct bastion_key_args *args)
{
	if (parse_digits(split(rest, ' '), 10, BASTION_SECRET_MAX, &args->secret_len))
		return -EINVAL;
	return args->secret_len < BASTION_SECRET_MIN ? -EINVAL : 0;
}

static int parse_serial(struct word *rest, struct bastion_key_args *args)
{
	u32 serial;

	if (parse_digits(split(rest, ' '), 10, SERIAL_MAX, &serial) || !serial)
		return -EINVAL;
	args->serial = serial;
	return 0;
}

static int parse_hex(struct word *rest, struct bastion_key_args *args)
{
	size_t i;

	if (!rest->len || rest->len % 2 || rest->len > 2 * BASTION_BLOB_MAX)
		return -EINVAL;
	for (i = 0; i < rest->len; i++)
		if (hex_to_bin(rest->at[i]) < 0)
			return -EINVAL;
	args->hex = rest->at;
	args->hex_len = rest->len;
	*rest = (struct word){};
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(struct word *rest, struct bastion_key_args *args);	/* NULL: only options */
	u32 types;	/* unless given */
} verbs[] = {
	[BASTION_KEY_NEW] = { "new", parse_length, TYPES_DEFAULT },
	[BASTION_KEY_ECDSA] = { "ecdsa", NULL, 0 },
	[BASTION_KEY_IMPORT] = { "import", parse_serial, TYPES_DEFAULT },
	[BASTION_KEY_LOAD] = { "load", parse_hex, 0 },
	[BASTION_KEY_REBIND] = { "rebind", NULL, 0 },
};

static int parse_verb(struct word w, struct bastion_key_args *args)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!word_is(w, verbs[i].name))
			continue;
		args->verb = i;
		args->types = verbs[i].types;
		return 0;
	}
	return -EINVAL;
}

/**
 * bastion_key_parse - reads the payload that a bastion key is added or updated with
 * @buf:	the text, not NUL terminated; must outlive @args
 * @len:	bytes at @buf
 * @args:	what was asked for; meaningless on failure
 *
 * Return: 0, or -EINVAL unless all of @buf is as this header describes.
 */
int bastion_key_parse(const char *buf, size_t len, struct bastion_key_args *args)
{
	struct word rest = { .at = buf, .len = len };

	memset(args, 0, sizeof(*args));
	if (!len)
		return -EINVAL;
	if (buf[len - 1] == '\n')
		rest.len--;
	if (parse_verb(split(&rest, ' '), args) || !rest.at)
		return -EINVAL;
	if (verbs[args->verb].parse && verbs[args->verb].parse(&rest, args))
		return -EINVAL;
	return parse_options(rest, args);
}
