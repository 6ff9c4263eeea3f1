// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions that are salted to the storage key (TPM 2.0 Library, part 1, 19 and 21): what is
 * sealed and unsealed crosses the bus encrypted, and nobody on it can change a command.
 */
#include <crypto/aes.h>
#include <crypto/algapi.h>
#include <crypto/kpp.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "crypto.h"
#include "tpm_internal.h"

#define POINT_SIZE	(2 * BASTION_TPM_COORDINATE_SIZE)
#define CFB_KEY_SIZE	AES_KEYSIZE_128
#define DIGEST_BITS	(8 * BASTION_TPM_DIGEST_SIZE)

#define PART(data, size)	{ .iov_base = (void *)(data), .iov_len = (size) }

/* KDFa (part 1, 11.4.10.2), one block of SHA-256; @label with its NUL. */
static int kdfa(const u8 *key, const char *label, const u8 *u, const u8 *v,
		u8 out[BASTION_TPM_DIGEST_SIZE])
{
	__be32 counter = cpu_to_be32(1), bits = cpu_to_be32(DIGEST_BITS);
	const struct kvec parts[] = {
		PART(&counter, sizeof(counter)), PART(label, strlen(label) + 1),
		PART(u, BASTION_TPM_NONCE_SIZE), PART(v, BASTION_TPM_NONCE_SIZE),
		PART(&bits, sizeof(bits)),
	};

	return bastion_hmac_sha256(key, BASTION_TPM_DIGEST_SIZE, parts, ARRAY_SIZE(parts), out);
}

/* KDFe (part 1, 11.4.10.3), one block of SHA-256, of the secret of a salt. */
static int kdfe(const u8 *z, const u8 *ours, const u8 *theirs, u8 out[BASTION_TPM_DIGEST_SIZE])
{
	static const char label[] = "SECRET";
	__be32 counter = cpu_to_be32(1);
	const struct kvec parts[] = {
		PART(&counter, sizeof(counter)), PART(z, BASTION_TPM_COORDINATE_SIZE),
		PART(label, sizeof(label)), PART(ours, BASTION_TPM_COORDINATE_SIZE),
		PART(theirs, BASTION_TPM_COORDINATE_SIZE),
	};

	return bastion_hash(BASTION_SHA256, parts, ARRAY_SIZE(parts), out);
}

/* Off the stack, since it goes through scatterlists. */
struct salt {
	u8 point[POINT_SIZE];
	u8 peer[POINT_SIZE];
	u8 z[BASTION_TPM_COORDINATE_SIZE];
	u8 secret[BASTION_TPM_DIGEST_SIZE];
};

/* A secret that only the TPM can compute from our point (part 1, C.6.1). */
static int make_salt(const struct bastion_tpm *t, struct salt *salt)
{
	struct crypto_kpp *tfm = bastion_ecdh_alloc("ecdh-nist-p256");
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	memcpy(salt->peer, t->storage_point, POINT_SIZE);
	ret = bastion_ecdh(tfm, NULL, POINT_SIZE, salt->point, POINT_SIZE);
	if (!ret)
		ret = bastion_ecdh(tfm, salt->peer, POINT_SIZE, salt->z, sizeof(salt->z));
	if (!ret)
		ret = kdfe(salt->z, salt->point, salt->peer, salt->secret);
	crypto_free_kpp(tfm);
	return ret;
}

static int start(struct bastion_tpm *t, u8 type, u32 storage, const struct salt *salt,
		 struct bastion_tpm_session *session)
{
	u8 nonce[BASTION_TPM_NONCE_SIZE], point[2 * (2 + BASTION_TPM_COORDINATE_SIZE)];
	struct bastion_tpm_writer w = { .data = point, .size = sizeof(point) };
	struct bastion_tpm_field in[] = {
		{ .data = nonce, .len = sizeof(nonce) }, { },
		{ .number = type },
		{ .number = BASTION_TPM_ALG_AES }, { .number = 8 * CFB_KEY_SIZE },
		{ .number = BASTION_TPM_ALG_CFB }, { .number = BASTION_TPM_ALG_SHA256 },
	};
	struct bastion_tpm_call call = {
		.command = BASTION_TPM_START_AUTH_SESSION,
		.handles = { storage, BASTION_TPM_RH_NULL }, .in = in,
	};
	int ret;

	get_random_bytes(nonce, sizeof(nonce));
	if (salt) {
		bastion_tpm_put_sized(&w, salt->point, BASTION_TPM_COORDINATE_SIZE);
		bastion_tpm_put_sized(&w, salt->point + BASTION_TPM_COORDINATE_SIZE,
				      BASTION_TPM_COORDINATE_SIZE);
		in[1] = (struct bastion_tpm_field){ .data = point, .len = w.len };
	}
	ret = bastion_tpm_call(t, &call);
	if (ret)
		return ret;
	session->handle = call.handle;
	if (call.out[0].len != sizeof(session->nonce)) {
		bastion_tpm_flush(t, call.handle);
		return -EIO;
	}
	memcpy(session->nonce, call.out[0].data, sizeof(session->nonce));
	if (salt)
		ret = kdfa(salt->secret, "ATH", session->nonce, nonce, session->key);
	if (ret)
		bastion_tpm_flush(t, session->handle);
	return ret;
}

/**
 * bastion_tpm_session_start() - a fresh session
 * @t:		the TPM, entered
 * @type:	BASTION_TPM_SE_*
 * @storage:	the loaded storage key, to salt it; BASTION_TPM_RH_NULL: it is not salted,
 *		and cannot be used in a call
 * @session:	filled in; to be flushed, and wiped
 *
 * Return: 0, as bastion_tpm_call(), or an error of the kernel's crypto.
 */
int bastion_tpm_session_start(struct bastion_tpm *t, u8 type, u32 storage,
			      struct bastion_tpm_session *session)
{
	struct salt *salt;
	int ret;

	if (storage == BASTION_TPM_RH_NULL)
		return start(t, type, storage, NULL, session);
	salt = kmalloc(sizeof(*salt), GFP_KERNEL);
	if (!salt)
		return -ENOMEM;
	ret = make_salt(t, salt);
	if (!ret)
		ret = start(t, type, storage, salt, session);
	kfree_sensitive(salt);
	return ret;
}

/* AES-128-CFB in place (part 1, 21.3): key and IV come from the nonces. */
static int crypt(const struct bastion_tpm_session *session, const u8 *newer, const u8 *older,
		 u8 *data, size_t len, bool encrypt)
{
	u8 key[BASTION_TPM_DIGEST_SIZE], stream[AES_BLOCK_SIZE], *iv = key + CFB_KEY_SIZE;
	compat_aes_key aes;
	size_t n, i;
	int ret;

	BUILD_BUG_ON(sizeof(key) != CFB_KEY_SIZE + AES_BLOCK_SIZE);
	ret = kdfa(session->key, "CFB", newer, older, key);
	if (!ret)
		ret = compat_aes_prepare(&aes, key, CFB_KEY_SIZE);
	for (; !ret && len; data += n, len -= n) {
		n = min_t(size_t, len, AES_BLOCK_SIZE);
		aes_encrypt(&aes, stream, iv);
		for (i = 0; i < n; i++) {
			u8 before = data[i];

			data[i] ^= stream[i];
			/* The ciphertext goes on. */
			iv[i] = encrypt ? data[i] : before;
		}
	}
	memzero_explicit(&aes, sizeof(aes));
	memzero_explicit(key, sizeof(key));
	memzero_explicit(stream, sizeof(stream));
	return ret;
}

/* Of the first parameter, a TPM2B: where its bytes begin, and how many there are. */
static int first_sized(u8 *params, size_t len, u8 **data, size_t *size)
{
	if (len < 2)
		return -EIO;
	*size = get_unaligned_be16(params);
	*data = params + 2;
	return *size > len - 2 ? -EIO : 0;
}

/* Part 1, 19.6: what both sides know of a command or an answer, under the session's key */
static int authenticate(const struct bastion_tpm_call *call, const u8 *digest, const u8 *newer,
			const u8 *older, u8 attributes, u8 hmac[BASTION_TPM_DIGEST_SIZE])
{
	const struct kvec parts[] = {
		PART(digest, BASTION_TPM_DIGEST_SIZE), PART(newer, BASTION_TPM_NONCE_SIZE),
		PART(older, BASTION_TPM_NONCE_SIZE), PART(&attributes, sizeof(attributes)),
	};

	return bastion_hmac_sha256(call->session->key, sizeof(call->session->key), parts,
				   ARRAY_SIZE(parts), hmac);
}

/**
 * bastion_tpm_session_sign() - authorise a command with its session
 * @call:	the command
 * @params:	its parameters; the first one is encrypted there, if the attributes say so
 * @len:	bytes at @params
 * @nonce:	nonceCaller, made here
 * @hmac:	out
 *
 * Return: 0 or an error of the kernel's crypto.
 */
int bastion_tpm_session_sign(struct bastion_tpm_call *call, u8 *params, size_t len,
			     u8 nonce[BASTION_TPM_NONCE_SIZE], u8 hmac[BASTION_TPM_DIGEST_SIZE])
{
	__be32 code = cpu_to_be32(bastion_tpm_code(call->command));
	const struct kvec parts[] = {
		PART(&code, sizeof(code)), PART(call->name, BASTION_TPM_NAME_SIZE),
		PART(params, len),
	};
	u8 digest[BASTION_TPM_DIGEST_SIZE], *data;
	size_t size;
	int ret = 0;

	get_random_bytes(nonce, BASTION_TPM_NONCE_SIZE);
	if (call->attributes & BASTION_TPM_SA_DECRYPT) {
		ret = first_sized(params, len, &data, &size);
		if (!ret)
			ret = crypt(call->session, nonce, call->session->nonce, data, size, true);
	}
	if (!ret)
		ret = bastion_hash(BASTION_SHA256, parts, ARRAY_SIZE(parts), digest);
	if (!ret)
		ret = authenticate(call, digest, nonce, call->session->nonce, call->attributes,
				   hmac);
	return ret;
}

/**
 * bastion_tpm_session_check() - is an answer the TPM's own?
 * @call:	the command
 * @frame:	the answer
 * @params:	@frame's, writable: the first one is decrypted there
 * @nonce:	nonceCaller of the command
 *
 * Return: 0, -EIO it is not, or an error of the kernel's crypto.
 */
int bastion_tpm_session_check(struct bastion_tpm_call *call, struct bastion_tpm_frame *frame,
			      u8 *params, const u8 nonce[BASTION_TPM_NONCE_SIZE])
{
	__be32 code = cpu_to_be32(bastion_tpm_code(call->command)), success = 0;
	const struct kvec parts[] = {
		PART(&success, sizeof(success)), PART(&code, sizeof(code)),
		PART(params, frame->params_len),
	};
	u8 digest[BASTION_TPM_DIGEST_SIZE], hmac[BASTION_TPM_DIGEST_SIZE], *data;
	struct bastion_tpm_session *session = call->session;
	size_t size;
	int ret;

	if (frame->auth.nonce_len != BASTION_TPM_NONCE_SIZE ||
	    frame->auth.hmac_len != sizeof(hmac))
		return -EIO;
	ret = bastion_hash(BASTION_SHA256, parts, ARRAY_SIZE(parts), digest);
	if (!ret)
		ret = authenticate(call, digest, frame->auth.nonce, nonce, frame->auth.attributes,
				   hmac);
	if (ret)
		return ret;
	if (crypto_memneq(hmac, frame->auth.hmac, sizeof(hmac)))
		return -EIO;
	memcpy(session->nonce, frame->auth.nonce, sizeof(session->nonce));
	if (!(call->attributes & BASTION_TPM_SA_ENCRYPT))
		return 0;
	ret = first_sized(params, frame->params_len, &data, &size);
	return ret ?: crypt(session, session->nonce, nonce, data, size, false);
}
