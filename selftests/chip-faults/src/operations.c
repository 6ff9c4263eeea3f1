// SPDX-License-Identifier: GPL-2.0
/* The operations. Each returns 0 or -errno, and runs in a child. */
#include <limits.h>
#include <sys/stat.h>

#include "matrix.h"

#define STRANGER "/run/stranger"

static int positive(int ret)
{
	return ret < 0 ? ret : 0;
}

int op_probe(struct bench *b)
{
	return driver_bind();
}

/* What the driver does by itself when the chip was reset, as it just was. */
int op_recovery(struct bench *b)
{
	return wait_for(has_settled, b, SLACK_MS);
}

/* Is it a quote of this round, as far as one sees without a key? A verifier sees more. */
static int read_quote(struct round *round)
{
	static const uint8_t cose[] = { 0xd2, 0x84 }, signature[] = { 0x58, BASTION_SIGNATURE_SIZE };
	static const uint8_t label[] = { 0x3a, 0x00, 0x01, 0x11, 0x73, 0x88 };
	const ptrdiff_t registers = sizeof(label) + BASTION_MR_COUNT * (2 + BASTION_DIGEST_SIZE);
	const uint8_t *begin = round->bytes, *end = begin + round->quote.quote_size, *at;

	at = memmem(begin, end - begin, label, sizeof(label));
	if (!at || end - at < registers + (ptrdiff_t)sizeof(signature) + BASTION_SIGNATURE_SIZE ||
	    memcmp(begin, cose, sizeof(cose)) ||
	    memcmp(end - BASTION_SIGNATURE_SIZE - sizeof(signature), signature, sizeof(signature)) ||
	    !memmem(begin, end - begin, round->quote.qualifying_data, BASTION_DIGEST_SIZE))
		return -EBADMSG;
	round_find_registers(round);
	return 0;
}

static int quote(struct round *round)
{
	int ret = round_ask_quote(round);

	return ret ? ret : read_quote(round);
}

static int attest(struct bench *b, EVP_PKEY *signer)
{
	struct round_grant grant;
	struct round round;
	int ret;

	ret = round_begin(&round, b->gate.fd, &b->gate.verifier);
	if (!ret)
		ret = quote(&round);
	if (ret)
		return ret;
	round_fill(&round, &grant, "prod");
	grant.fixed.lifetime = htole32(GATE_LIFETIME);
	round_allow_rebind(&round, &grant, "prod", &b->gate.verifier, "prod");
	round_sign(&round, &grant, signer);
	return round_submit(&round, &grant);
}

int op_attest(struct bench *b)
{
	return attest(b, b->gate.verifier.key);
}

int op_forged(struct bench *b)
{
	struct round_verifier stranger;

	round_verifier_make(&stranger);
	return attest(b, stranger.key);
}

int op_relock(struct bench *b)
{
	return round_relock(b->gate.fd);
}

int op_verifier_add(struct bench *b)
{
	struct round_verifier another;
	int ret;

	round_verifier_make(&another);
	ret = round_verifier_add(b->gate.fd, &another);
	/* There is room for eight. */
	if (!ret)
		ret = round_verifier_remove(b->gate.fd, &another);
	return ret;
}

int op_verifier_remove(struct bench *b)
{
	int ret = round_verifier_remove(b->gate.fd, &b->gate.verifier);

	return ret ? ret : round_verifier_add(b->gate.fd, &b->gate.verifier);
}

int op_extend(struct bench *b)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 7, .name = "matrix", .data = (uintptr_t)"x",
		.data_len = 1,
	};

	return round_ioctl(b->gate.fd, BASTION_IOC_EXTEND, &extend);
}

static long commands_sent(void)
{
	char text[32];

	return sysfs_text("statistics/commands", text, sizeof(text)) ? LONG_MAX / 2 : atol(text);
}

/*
 * The gate fails, since a measurement does. Then the driver has the chip lock, by itself, and
 * nobody can begin a round before that has ended.
 */
int op_fail(struct bench *b)
{
	long long end = sealed_now_ms() + SLACK_MS;
	long commands = commands_sent();
	bool failed = state_now(b) == FAILED;
	int ret = op_extend(b);
	struct round round;

	if (failed || ret != -EIO)
		return ret;
	while (commands_sent() < commands + 2 && sealed_now_ms() < end)
		nap();
	round_begin(&round, b->gate.fd, &b->gate.verifier);
	return ret;
}

int op_unbind(struct bench *b)
{
	return driver_unbind();
}

int op_sleep(struct bench *b)
{
	return machine_sleep();
}

int op_new(struct bench *b)
{
	return positive(gate_new(&b->gate, b->name, ""));
}

int op_new_registers(struct bench *b)
{
	return positive(gate_new(&b->gate, b->name, "registers=1"));
}

int op_derive(struct bench *b)
{
	return positive(gate_new(&b->gate, b->name, "derive=matrix"));
}

int op_ecdsa(struct bench *b)
{
	return positive(gate_make(&b->gate, "ecdsa", b->name, ""));
}

int op_import(struct bench *b)
{
	char verb[32];

	snprintf(verb, sizeof(verb), "import %d", b->user);
	return positive(gate_make(&b->gate, verb, b->name, ""));
}

int op_rebind(struct bench *b)
{
	return sealed_rebind(b->pair, &b->gate.verifier, "prod", "");
}

int op_release(struct bench *b)
{
	return positive(sealed_release(b->gate.fd, b->secret, BASTION_TYPE_LOGON, RING));
}

/* By a program that nobody has measured yet, since there was none like it: it does @what. */
static int as_stranger(struct bench *b, const char *what, key_serial_t with)
{
	static int count;
	char command[256], fd[16], key[16], path[64];

	/* Each call is in a child: what counts is its pid. */
	snprintf(path, sizeof(path), STRANGER ".%d.%d", getpid(), count++);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), path);
	snprintf(fd, sizeof(fd), "%d", b->gate.fd);
	snprintf(key, sizeof(key), "%d", with);
	if (system(command) || fcntl(b->gate.fd, F_SETFD, 0))
		return -EBADF;
	execl(path, path, "stranger", what, key, fd, b->gate.description, NULL);
	return -EBADF;
}

int op_release_stranger(struct bench *b)
{
	return as_stranger(b, "release", b->secret);
}

int op_sign_stranger(struct bench *b)
{
	return as_stranger(b, "sign", b->pair);
}

/* What it is started for: an errno. */
int be_stranger(int argc, char **argv)
{
	int key, ret;

	if (argc != 6)
		return EBADF;
	unlink(argv[0]);
	key = atoi(argv[3]);
	if (!strcmp(argv[2], "sign"))
		ret = sign_something(key);
	else if (!strcmp(argv[2], "request"))
		ret = request_key("logon", argv[5], "nowait", RING) < 0 ? -errno : 0;
	else
		ret = sealed_release(atoi(argv[4]), key, BASTION_TYPE_LOGON, RING);
	return ret < 0 ? -ret : 0;
}

/* In a keyring of its own, where no other answer is remembered. */
static int load_alone(struct bench *b)
{
	if (keyctl_join_session_keyring(NULL) < 0)
		return -errno;
	return positive(sealed_load(b->gate.name, b->blob, b->len, RING));
}

int op_request(struct bench *b)
{
	if (load_alone(b))
		return -EBADF;
	return request_key("logon", b->gate.description, "nowait", RING) < 0 ? -errno : 0;
}

int op_request_stranger(struct bench *b)
{
	return load_alone(b) ? -EBADF : as_stranger(b, "request", 0);
}

int op_sign(struct bench *b)
{
	return positive(sign_something(b->pair));
}

static int read_attribute(const char *file)
{
	char text[256];

	return positive(sysfs_text(file, text, sizeof(text)));
}

int op_registers(struct bench *b)
{
	return read_attribute("measurements/mr1:sha384");
}

int op_counter(struct bench *b)
{
	return read_attribute("counters/1");
}
