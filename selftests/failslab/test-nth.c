// SPDX-License-Identifier: GPL-2.0
/*
 * Every ioctl, and what makes, moves and uses sealed keys, without memory: operations.h says how.
 */
#include "operations.h"

static long do_open(struct state *s)
{
	int fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long do_info(struct state *s)
{
	struct bastion_info info = { .size = sizeof(info) };

	return round_ioctl(s->gate.fd, BASTION_IOC_INFO, &info);
}

static long do_list(struct state *s)
{
	struct bastion_verifier_list list = { .size = sizeof(list) };

	return round_ioctl(s->gate.fd, BASTION_IOC_VERIFIER_LIST, &list);
}

static long do_begin(struct state *s)
{
	return round_begin(&s->round, s->gate.fd, &s->gate.verifier);
}

static long do_quote(struct state *s)
{
	struct bastion_quote *quote = &s->round.quote;

	*quote = (struct bastion_quote){
		.size = sizeof(*quote), .nonce_len = 32, .quote = (uintptr_t)s->round.bytes,
		.quote_size = sizeof(s->round.bytes),
	};
	return round_ioctl(s->gate.fd, BASTION_IOC_QUOTE, quote);
}

static long do_relock(struct state *s)
{
	return round_relock(s->gate.fd);
}

static long do_add_key(struct state *s)
{
	return errno_of(add_key("bastion", "nth", s->text, strlen(s->text), RING));
}

static long do_update(struct state *s)
{
	return errno_of(keyctl_update(s->sealed, s->text, strlen(s->text)));
}

static long do_read(struct state *s)
{
	long ret = errno_of(keyctl_read(s->sealed, s->buffer, sizeof(s->buffer)));

	return ret < 0 ? ret : 0;
}

static long do_query(struct state *s)
{
	struct keyctl_pkey_query result;

	return errno_of(keyctl_pkey_query(s->pair, "enc=x962", &result));
}

static long do_sign(struct state *s)
{
	long ret = errno_of(keyctl_pkey_sign(s->pair, "enc=x962", s->digest, sizeof(s->digest),
					     s->signature, sizeof(s->signature)));

	return ret < 0 ? ret : 0;
}

static long do_verify(struct state *s)
{
	return errno_of(keyctl_pkey_verify(s->pair, "enc=x962", s->digest, sizeof(s->digest),
					   s->signature, s->signature_len));
}

/* Preparations: 0 or -errno */

static int with_other(struct state *s)
{
	int ret = do_add(s);

	return ret == -EEXIST ? 0 : ret;
}

static int begun(struct state *s)
{
	return do_begin(s);
}

static int logon(struct state *s)
{
	return release_of(s, (struct bastion_release){ .key = s->sealed, .type = BASTION_TYPE_LOGON });
}

static int fscrypt(struct state *s)
{
	return release_of(s, (struct bastion_release){ .key = s->sealed,
						       .type = BASTION_TYPE_FSCRYPT });
}

static int blob(struct state *s)
{
	int len = sealed_blob(s->sealed, s->blob);

	if (len < 0)
		return len;
	return release_of(s, (struct bastion_release){
		.blob = (uintptr_t)s->blob, .blob_len = len, .type = BASTION_TYPE_LOGON });
}

static int payload(struct state *s, const char *verb, const char *options)
{
	sealed_text(verb, &s->gate.verifier, "prod", options, s->text);
	return attested(s);
}

static int secret(struct state *s)
{
	return payload(s, "new 64", "");
}

static int derived(struct state *s)
{
	return payload(s, "new 64", "derive=nth");
}

static int pair(struct state *s)
{
	return payload(s, "ecdsa", "registers=1");
}

static int import(struct state *s)
{
	key_serial_t key = add_key("user", "nth", "0123456789abcdef0123456789abcdef", 32, RING);
	char verb[32];

	snprintf(verb, sizeof(verb), "import %d", key);
	return key < 0 ? -errno : payload(s, verb, "");
}

static int load(struct state *s)
{
	key_serial_t key = gate_new(&s->gate, "nth", "");
	int len = key < 0 ? key : sealed_blob(key, s->blob);

	if (len < 0)
		return len;
	keyctl_unlink(key, RING);
	strcpy(s->text, "load ");
	sealed_hex(s->blob, len, s->text + strlen(s->text));
	return attested(s);
}

static int rebind(struct state *s)
{
	sealed_text("rebind", &s->gate.verifier, "prod", "", s->text);
	return gate_attest_move(&s->gate, &s->gate.verifier, "prod");
}

static int signature(struct state *s)
{
	s->signature_len = keyctl_pkey_sign(s->pair, "enc=x962", s->digest, sizeof(s->digest),
					    s->signature, sizeof(s->signature));
	return s->signature_len < 0 ? -errno : 0;
}

OPERATION(open, .operate = do_open);
OPERATION(info, .operate = do_info);
OPERATION(verifier_list, .operate = do_list);
OPERATION(verifier_add, without_other, do_add, .locks = true);
OPERATION(verifier_remove, with_other, do_remove, .locks = true);
OPERATION(round_begin, .operate = do_begin);
OPERATION(quote, begun, do_quote);
OPERATION(grant, quoted, do_grant, .locks = true);
OPERATION(relock, attested, do_relock, .locks = true);
OPERATION(extend, attested, do_extend);
OPERATION(release, logon, do_release, "logon");
OPERATION(release_fscrypt, fscrypt, do_release, "fscrypt-provisioning");
OPERATION(release_blob, blob, do_release, "logon");
OPERATION(make, secret, do_add_key, "bastion");
OPERATION(derive, derived, do_add_key, "bastion", .needs = CHIP_DERIVE);
OPERATION(make_pair, pair, do_add_key, "bastion", .needs = CHIP_KEY_PAIRS);
OPERATION(import, import, do_add_key, "bastion");
OPERATION(load, load, do_add_key, "bastion");
OPERATION(rebind, rebind, do_update, .needs = CHIP_REBIND);
OPERATION(read, .operate = do_read);
OPERATION(query, .operate = do_query, .needs = CHIP_KEY_PAIRS);
OPERATION(sign, attested, do_sign, .needs = CHIP_KEY_PAIRS);
OPERATION(verify, signature, do_verify, .needs = CHIP_KEY_PAIRS);

TEST_HARNESS_MAIN
