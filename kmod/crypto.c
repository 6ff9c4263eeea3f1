// SPDX-License-Identifier: GPL-2.0
/*
 * Hashes, key derivation, signatures and the derivations of round.h.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <crypto/aead.h>
#include <crypto/ecc_curve.h>
#include <crypto/ecdh.h>
#include <crypto/hash.h>
#include <crypto/internal/ecc.h>
#include <crypto/kpp.h>
#include <crypto/sha2.h>

#include "crypto.h"

#define POINT_DIGITS	ECC_CURVE_NIST_P384_DIGITS
#define FILE_CHUNK	(64 * 1024)

/*
 * A mask: neither. Private keys and what they open have no business in an
 * accelerator that nobody measured.
 */
#define SOFTWARE	(CRYPTO_ALG_ASYNC | CRYPTO_ALG_KERN_DRIVER_ONLY)

#define HMAC		"hmac(sha384)"
#define GCM		"gcm(aes)"

static const struct {
	const char *name;
	unsigned int size;
} hashes[BASTION_HASH_COUNT] = {
	[BASTION_SHA1] = { "sha1", 20 },
	[BASTION_SHA256] = { "sha256", 32 },
	[BASTION_SHA384] = { "sha384", 48 },
};

/* Keyless, so any number of callers may use them at once. */
static struct crypto_shash *tfms[BASTION_HASH_COUNT];

/*
 * Nobody uses these: they have the kernel make of its modules, now, what it would make on demand. To
 * make it takes a process, modprobe, which is better not waited for with the chip's ops held. That
 * comes again only if a faster SHA-384 turns up later.
 */
static struct crypto_shash *kept_hmac;
static struct crypto_aead *kept_gcm;

/**
 * bastion_crypto_exit - frees what bastion_crypto_init() allocated
 */
void bastion_crypto_exit(void)
{
	int i;

	for (i = 0; i < BASTION_HASH_COUNT; i++) {
		crypto_free_shash(tfms[i]);
		tfms[i] = NULL;
	}
	crypto_free_shash(kept_hmac);
	kept_hmac = NULL;
	crypto_free_aead(kept_gcm);
	kept_gcm = NULL;
}

static int keep_templates(void)
{
	struct crypto_shash *shash;
	struct crypto_aead *aead;

	shash = crypto_alloc_shash(HMAC, 0, 0);
	if (IS_ERR(shash)) {
		pr_err("%s is not available: %pe\n", HMAC, shash);
		return PTR_ERR(shash);
	}
	kept_hmac = shash;
	aead = crypto_alloc_aead(GCM, 0, SOFTWARE);
	if (IS_ERR(aead)) {
		pr_err("%s is not available: %pe\n", GCM, aead);
		return PTR_ERR(aead);
	}
	kept_gcm = aead;
	return 0;
}

/**
 * bastion_crypto_init - allocates the hashes, and has the kernel make what else is needed, once
 *
 * Return: 0, -ENOENT when this kernel lacks one of them, -ENOMEM.
 */
int bastion_crypto_init(void)
{
	struct crypto_shash *tfm;
	int i, ret;

	for (i = 0; i < BASTION_HASH_COUNT; i++) {
		tfm = crypto_alloc_shash(hashes[i].name, 0, 0);
		if (!IS_ERR(tfm) && crypto_shash_digestsize(tfm) != hashes[i].size) {
			crypto_free_shash(tfm);
			tfm = ERR_PTR(-EINVAL);
		}
		if (IS_ERR(tfm)) {
			pr_err("%s is not available: %pe\n", hashes[i].name, tfm);
			bastion_crypto_exit();
			return PTR_ERR(tfm);
		}
		tfms[i] = tfm;
	}
	ret = keep_templates();
	if (ret)
		bastion_crypto_exit();
	return ret;
}

/**
 * bastion_hash_size - the length of a digest
 * @h:		the hash
 *
 * Return: bytes.
 */
unsigned int bastion_hash_size(enum bastion_hash h)
{
	return hashes[h].size;
}

static int update_parts(struct shash_desc *desc, const struct kvec *parts, unsigned int count)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++)
		ret = crypto_shash_update(desc, parts[i].iov_base, parts[i].iov_len);
	return ret;
}

/**
 * bastion_hash - hashes the concatenation of some parts (FIPS 180-4)
 * @h:		the hash
 * @parts:	what to hash, in order
 * @count:	number of @parts
 * @out:	bastion_hash_size(@h) bytes
 *
 * Any context that may sleep.
 *
 * Return: 0 or an error of the kernel's crypto.
 */
int bastion_hash(enum bastion_hash h, const struct kvec *parts, unsigned int count, u8 *out)
{
	SHASH_DESC_ON_STACK(desc, tfms[h]);
	int ret;

	desc->tfm = tfms[h];
	ret = crypto_shash_init(desc);
	if (!ret)
		ret = update_parts(desc, parts, count);
	if (!ret)
		ret = crypto_shash_final(desc, out);
	shash_desc_zero(desc);
	return ret;
}

/**
 * bastion_hash_alloc - for a hash of what is not all there at once
 * @h:		the hash
 *
 * For crypto_shash_init(), _update() and _final(), any number of times; not of secrets.
 *
 * Return: to be freed with kfree(); NULL there is no memory.
 */
struct shash_desc *bastion_hash_alloc(enum bastion_hash h)
{
	struct shash_desc *desc;

	desc = kzalloc(sizeof(*desc) + crypto_shash_descsize(tfms[h]), GFP_KERNEL);
	if (desc)
		desc->tfm = tfms[h];
	return desc;
}

/* Reads exactly @size bytes and then the end, whatever the file does meanwhile. */
static int hash_contents(struct file *file, loff_t size, struct shash_desc *desc, u8 *chunk)
{
	loff_t pos = 0;
	ssize_t got;
	int ret;

	for (;;) {
		if (fatal_signal_pending(current))
			return -EINTR;
		got = kernel_read(file, chunk, FILE_CHUNK, &pos);
		if (got < 0)
			return got;
		if (pos > size || (!got && pos != size))
			return -EAGAIN;
		if (!got)
			return 0;
		ret = crypto_shash_update(desc, chunk, got);
		if (ret)
			return ret;
		cond_resched();
	}
}

static int hash_readable(struct file *file, loff_t max, u8 out[BASTION_EXE_SIZE])
{
	SHASH_DESC_ON_STACK(desc, tfms[BASTION_SHA256]);
	loff_t size = i_size_read(file_inode(file));
	u8 *chunk;
	int ret;

	if (size > max)
		return -EFBIG;
	chunk = kvmalloc(FILE_CHUNK, GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;
	desc->tfm = tfms[BASTION_SHA256];
	ret = crypto_shash_init(desc);
	if (!ret)
		ret = hash_contents(file, size, desc, chunk);
	if (!ret)
		ret = crypto_shash_final(desc, out);
	shash_desc_zero(desc);
	kvfree(chunk);
	return ret;
}

/*
 * A program may be executable for those who may not read it. The kernel reads
 * it all the same, with its own credentials: only the digest leaves.
 */
static struct file *reopen(struct file *file)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	struct file *readable;

	if (!cred)
		return ERR_PTR(-ENOMEM);
	readable = dentry_open(&file->f_path, O_RDONLY | O_LARGEFILE, cred);
	put_cred(cred);
	return readable;
}

/**
 * bastion_hash_file - SHA-256 of a regular file, all of it, read anew
 * @file:	open for execution or for reading
 * @max:	bytes, or LLONG_MAX
 * @out:	the digest
 *
 * May sleep for as long as the file is large; a fatal signal ends it.
 *
 * Return: 0; -EISDIR or -EINVAL not a regular file; -EFBIG longer; -EAGAIN its size changed
 * meanwhile; -EINTR a fatal signal; -ENOMEM; an error of the file system.
 */
int bastion_hash_file(struct file *file, loff_t max, u8 out[BASTION_EXE_SIZE])
{
	struct inode *inode = file_inode(file);
	struct file *readable;
	int ret;

	if (!S_ISREG(inode->i_mode))
		return S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL;
	if (file->f_mode & FMODE_READ)
		return hash_readable(file, max, out);

	readable = reopen(file);
	if (IS_ERR(readable))
		return PTR_ERR(readable);
	ret = hash_readable(readable, max, out);
	fput(readable);
	return ret;
}

/* HMAC-SHA384 (FIPS 198-1) over some parts; the key in @tfm must not change meanwhile. */
static int hmac(struct crypto_shash *tfm, const u8 *key, size_t key_len,
		const struct kvec *parts, unsigned int count, u8 out[BASTION_DIGEST_SIZE])
{
	SHASH_DESC_ON_STACK(desc, tfm);
	int ret;

	ret = crypto_shash_setkey(tfm, key, key_len);
	if (ret)
		return ret;
	desc->tfm = tfm;
	ret = crypto_shash_init(desc);
	if (!ret)
		ret = update_parts(desc, parts, count);
	if (!ret)
		ret = crypto_shash_final(desc, out);
	shash_desc_zero(desc);
	return ret;
}

/* RFC 5869, 2.3: T(n) = HMAC(PRK, T(n-1) || info || n) */
static int hkdf_expand(struct crypto_shash *tfm, const u8 prk[BASTION_DIGEST_SIZE],
		       const struct kvec *info, unsigned int count, u8 *out, size_t out_len)
{
	u8 block[BASTION_DIGEST_SIZE], n = 0;
	struct kvec *parts;
	size_t len;
	int ret = 0;

	parts = kmalloc_array(count + 2, sizeof(*parts), GFP_KERNEL);
	if (!parts)
		return -ENOMEM;
	parts[0] = (struct kvec){ .iov_base = block, .iov_len = 0 };
	memcpy(parts + 1, info, count * sizeof(*parts));
	parts[count + 1] = (struct kvec){ .iov_base = &n, .iov_len = 1 };

	while (out_len && !ret) {
		n++;
		ret = hmac(tfm, prk, BASTION_DIGEST_SIZE, parts, count + 2, block);
		if (ret)
			break;
		len = min(out_len, sizeof(block));
		memcpy(out, block, len);
		out += len;
		out_len -= len;
		parts[0].iov_len = sizeof(block);
	}
	memzero_explicit(block, sizeof(block));
	kfree(parts);
	return ret;
}

/**
 * bastion_hkdf_sha384 - HKDF with SHA-384 (RFC 5869)
 * @ikm:	input keying material
 * @ikm_len:	bytes
 * @salt:	not secret; 48 zero bytes when @salt_len is 0
 * @salt_len:	bytes
 * @info:	context, in parts
 * @count:	number of @info
 * @out:	output keying material; wiped on failure
 * @out_len:	bytes, at most 255 * 48
 *
 * May sleep.
 *
 * Return: 0, -EINVAL too much is asked for, -ENOMEM, or an error of the
 * kernel's crypto.
 */
int bastion_hkdf_sha384(const u8 *ikm, size_t ikm_len, const u8 *salt, size_t salt_len,
			const struct kvec *info, unsigned int count, u8 *out, size_t out_len)
{
	static const u8 no_salt[BASTION_DIGEST_SIZE];
	const struct kvec material = { .iov_base = (void *)ikm, .iov_len = ikm_len };
	u8 prk[BASTION_DIGEST_SIZE];
	struct crypto_shash *tfm;
	int ret;

	if (out_len > 255 * BASTION_DIGEST_SIZE || count > UIO_MAXIOV)
		return -EINVAL;
	if (!salt_len) {
		salt = no_salt;
		salt_len = sizeof(no_salt);
	}
	/* A tfm of its own for each call, because it holds the key. */
	tfm = crypto_alloc_shash(HMAC, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = hmac(tfm, salt, salt_len, &material, 1, prk);
	if (!ret)
		ret = hkdf_expand(tfm, prk, info, count, out, out_len);
	if (ret)
		memzero_explicit(out, out_len);
	memzero_explicit(prk, sizeof(prk));
	crypto_free_shash(tfm);
	return ret;
}

/**
 * bastion_hmac_sha256 - HMAC-SHA256 (FIPS 198-1)
 * @key:	the key
 * @key_len:	bytes, at most 64
 * @parts:	what to authenticate, in order
 * @count:	number of @parts, at most 6
 * @out:	the code
 *
 * May sleep.
 *
 * Return: 0, -EINVAL too long a key or too many parts, or an error of the kernel's crypto.
 */
int bastion_hmac_sha256(const u8 *key, size_t key_len, const struct kvec *parts,
			unsigned int count, u8 out[BASTION_EXE_SIZE])
{
	u8 inner[SHA256_BLOCK_SIZE], outer[SHA256_BLOCK_SIZE];
	struct kvec all[1 + 6] = { { .iov_base = inner, .iov_len = sizeof(inner) } };
	const struct kvec last[] = {
		{ .iov_base = outer, .iov_len = sizeof(outer) },
		{ .iov_base = out, .iov_len = BASTION_EXE_SIZE },
	};
	size_t i;
	int ret;

	if (key_len > sizeof(inner) || count >= ARRAY_SIZE(all))
		return -EINVAL;
	memset(inner, 0x36, sizeof(inner));
	memset(outer, 0x5c, sizeof(outer));
	for (i = 0; i < key_len; i++) {
		inner[i] ^= key[i];
		outer[i] ^= key[i];
	}
	memcpy(all + 1, parts, count * sizeof(*parts));
	ret = bastion_hash(BASTION_SHA256, all, 1 + count, out);
	if (!ret)
		ret = bastion_hash(BASTION_SHA256, last, ARRAY_SIZE(last), out);
	memzero_explicit(inner, sizeof(inner));
	memzero_explicit(outer, sizeof(outer));
	return ret;
}

/* AES-256-GCM in place: associated data, then text, then room for the tag, at @buf. */
static int crypt_gcm(const u8 *key, u8 *buf, size_t ad_len, size_t len, bool seal)
{
	struct crypto_aead *tfm = crypto_alloc_aead(GCM, 0, SOFTWARE);
	struct aead_request *req = NULL;
	u8 iv[BASTION_GCM_KEY_SIZE - 32];
	struct scatterlist sg;
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = crypto_aead_setkey(tfm, key, 32);
	if (!ret)
		ret = crypto_aead_setauthsize(tfm, BASTION_GCM_TAG_SIZE);
	if (!ret)
		req = aead_request_alloc(tfm, GFP_KERNEL);
	if (req) {
		memcpy(iv, key + 32, sizeof(iv));
		sg_init_one(&sg, buf, ad_len + len + BASTION_GCM_TAG_SIZE);
		aead_request_set_callback(req, 0, NULL, NULL);
		aead_request_set_ad(req, ad_len);
		aead_request_set_crypt(req, &sg, &sg,
				       seal ? len : len + BASTION_GCM_TAG_SIZE, iv);
		ret = seal ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
		aead_request_free(req);		/* which wipes it */
	} else if (!ret) {
		ret = -ENOMEM;
	}
	crypto_free_aead(tfm);
	return ret;
}

/**
 * bastion_gcm_seal - AES-256-GCM (NIST SP 800-38D)
 * @key:	key and IV, which meet no other text
 * @associated:	authenticated, too
 * @ad_len:	bytes
 * @text:	what to encrypt
 * @len:	bytes
 * @sealed:	ciphertext and tag: BASTION_GCM_TAG_SIZE bytes more
 *
 * May sleep.
 *
 * Return: 0, -ENOMEM, or another error of the kernel's crypto.
 */
int bastion_gcm_seal(const u8 key[BASTION_GCM_KEY_SIZE], const void *associated, size_t ad_len,
		     const u8 *text, size_t len, u8 *sealed)
{
	u8 *buf = kmalloc(ad_len + len + BASTION_GCM_TAG_SIZE, GFP_KERNEL);
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, associated, ad_len);
	memcpy(buf + ad_len, text, len);
	ret = crypt_gcm(key, buf, ad_len, len, true);
	if (!ret)
		memcpy(sealed, buf + ad_len, len + BASTION_GCM_TAG_SIZE);
	kfree_sensitive(buf);
	return ret;
}

/**
 * bastion_gcm_open - the reverse of bastion_gcm_seal()
 * @key:	key and IV
 * @associated:	likewise
 * @ad_len:	bytes
 * @sealed:	ciphertext and tag
 * @len:	bytes at @sealed
 * @text:	BASTION_GCM_TAG_SIZE bytes fewer; untouched on failure
 *
 * May sleep.
 *
 * Return: 0, -EBADMSG it is not authentic, -ENOMEM, or another error of the kernel's crypto.
 */
int bastion_gcm_open(const u8 key[BASTION_GCM_KEY_SIZE], const void *associated, size_t ad_len,
		     const u8 *sealed, size_t len, u8 *text)
{
	u8 *buf;
	int ret;

	if (len < BASTION_GCM_TAG_SIZE)
		return -EBADMSG;
	buf = kmalloc(ad_len + len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, associated, ad_len);
	memcpy(buf + ad_len, sealed, len);
	ret = crypt_gcm(key, buf, ad_len, len - BASTION_GCM_TAG_SIZE, false);
	if (!ret)
		memcpy(text, buf + ad_len, len - BASTION_GCM_TAG_SIZE);
	kfree_sensitive(buf);
	return ret;
}

/* Has the kernel choose the private key: that is what no key at all asks for. */
static int generate(struct crypto_kpp *tfm)
{
	struct ecdh none = {};
	unsigned int len = crypto_ecdh_key_len(&none);
	char *encoded;
	int ret;

	encoded = kmalloc(len, GFP_KERNEL);
	if (!encoded)
		return -ENOMEM;
	ret = crypto_ecdh_encode_key(encoded, len, &none);
	if (!ret)
		ret = crypto_kpp_set_secret(tfm, encoded, len);
	kfree(encoded);
	return ret;
}

/**
 * bastion_ecdh_alloc - a fresh key for ECDH
 * @name:	the kernel's name of the algorithm
 *
 * May sleep.
 *
 * Return: the key, for crypto_free_kpp(), which wipes it; or an ERR_PTR: -ENOENT this
 * kernel has no such thing, -ENOMEM or another error of the kernel's crypto.
 */
struct crypto_kpp *bastion_ecdh_alloc(const char *name)
{
	struct crypto_kpp *tfm = crypto_alloc_kpp(name, 0, SOFTWARE);
	int ret;

	if (IS_ERR(tfm))
		return tfm;
	ret = generate(tfm);
	if (ret) {
		crypto_free_kpp(tfm);
		return ERR_PTR(ret);
	}
	return tfm;
}

/**
 * bastion_ecdh - the public half of a key, or what it shares with another's
 * @tfm:	from bastion_ecdh_alloc()
 * @peer:	the other's point, X || Y, not on the stack; NULL for the public half
 * @point_len:	bytes of a point
 * @out:	the point, or the shared x coordinate; not on the stack
 * @out_len:	bytes at @out
 *
 * May sleep.
 *
 * Return: 0, -ENOMEM, or another error of the kernel's crypto.
 */
int bastion_ecdh(struct crypto_kpp *tfm, u8 *peer, size_t point_len, u8 *out, size_t out_len)
{
	struct scatterlist src, dst;
	struct kpp_request *req;
	int ret;

	req = kpp_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	kpp_request_set_callback(req, 0, NULL, NULL);
	sg_init_one(&dst, out, out_len);
	kpp_request_set_output(req, &dst, out_len);
	if (peer) {
		sg_init_one(&src, peer, point_len);
		kpp_request_set_input(req, &src, point_len);
		ret = crypto_kpp_compute_shared_secret(req);
	} else {
		kpp_request_set_input(req, NULL, 0);
		ret = crypto_kpp_generate_public_key(req);
	}
	kpp_request_free(req);
	return ret;
}

/**
 * bastion_point_check - full validation of a public key (SP 800-56A rev. 3, 5.6.2.3.3)
 * @key:	P-384 point, uncompressed (SEC 1, 2.3.3)
 *
 * May sleep; takes about as long as a signature check.
 *
 * Return: 0, -EINVAL when it is not a point of the curve or is infinity, -ENOMEM.
 */
int bastion_point_check(const u8 key[BASTION_POINT_SIZE])
{
	u64 x[POINT_DIGITS], y[POINT_DIGITS];
	struct ecc_point point = ECC_POINT_INIT(x, y, POINT_DIGITS);

	if (key[0] != 0x04)
		return -EINVAL;
	vli_from_be64(x, key + 1, POINT_DIGITS);
	vli_from_be64(y, key + 1 + sizeof(x), POINT_DIGITS);
	return ecc_is_pubkey_valid_full(ecc_get_curve(ECC_CURVE_NIST_P384), &point);
}

/**
 * bastion_ecdsa_verify - checks an ECDSA signature with P-384 (FIPS 186-5, 6.4.2)
 * @key:	P-384 point, uncompressed
 * @digest:	SHA-384 of what was signed
 * @signature:	r || s, big endian
 *
 * May sleep.
 *
 * Return: 0; -EKEYREJECTED the signature is not good, r and s out of range
 * included; -EINVAL @key is not a point of the curve; -ENOMEM or another error
 * of the kernel's crypto, and then nothing was verified.
 */
int bastion_ecdsa_verify(const u8 key[BASTION_POINT_SIZE], const u8 digest[BASTION_DIGEST_SIZE],
			 const u8 signature[BASTION_SIGNATURE_SIZE])
{
	return compat_ecdsa_p384_verify(key, digest, signature);
}

/**
 * bastion_verifier_digest - the digest by which a verifier's grant key is known (round.h)
 * @key:	P-384 point, uncompressed
 * @digest:	SHA-384 of its SubjectPublicKeyInfo (RFC 5480)
 *
 * Return: 0 or an error of the kernel's crypto.
 */
int bastion_verifier_digest(const u8 key[BASTION_POINT_SIZE], u8 digest[BASTION_DIGEST_SIZE])
{
	static const u8 prefix[BASTION_SPKI_PREFIX_SIZE] = BASTION_SPKI_PREFIX;
	const struct kvec parts[] = {
		{ .iov_base = (void *)prefix, .iov_len = sizeof(prefix) },
		{ .iov_base = (void *)key, .iov_len = BASTION_POINT_SIZE },
	};

	return bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), digest);
}

/**
 * bastion_policy_reference - what a policy's label means on this machine (round.h)
 * @chip_id:	of the chip
 * @label:	[a-z0-9._-]{1,64}, checked by the caller
 * @out:	the reference
 *
 * Return: 0 or an error of the kernel's crypto.
 */
int bastion_policy_reference(const u8 chip_id[BASTION_DIGEST_SIZE], const char *label,
			     u8 out[BASTION_DIGEST_SIZE])
{
	static const char tag[] = BASTION_POLICY_TAG;
	const struct kvec name = { .iov_base = (void *)label, .iov_len = strlen(label) };
	u8 digest[BASTION_DIGEST_SIZE];
	const struct kvec parts[] = {
		{ .iov_base = (void *)tag, .iov_len = sizeof(tag) },
		{ .iov_base = (void *)chip_id, .iov_len = BASTION_DIGEST_SIZE },
		{ .iov_base = digest, .iov_len = sizeof(digest) },
	};
	int ret;

	ret = bastion_hash(BASTION_SHA384, &name, 1, digest);
	if (ret)
		return ret;
	return bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), out);
}

/**
 * bastion_registers_digest - the digest over some registers that a grant or blob names
 * @mask:	which registers
 * @values:	theirs alone, ascending, as many as @mask has bits
 * @out:	register_digest of grant.h
 *
 * Return: 0 or an error of the kernel's crypto.
 */
int bastion_registers_digest(u32 mask, const u8 (*values)[BASTION_DIGEST_SIZE],
			     u8 out[BASTION_DIGEST_SIZE])
{
	static const char tag[] = BASTION_REGISTERS_TAG;
	__le32 wire = cpu_to_le32(mask);
	const struct kvec parts[] = {
		{ .iov_base = (void *)tag, .iov_len = sizeof(tag) },
		{ .iov_base = &wire, .iov_len = sizeof(wire) },
		{ .iov_base = (void *)values, .iov_len = hweight32(mask) * BASTION_DIGEST_SIZE },
	};

	return bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), out);
}

/* What crypto_alloc_*() would load by itself, for those who build an initramfs. */
MODULE_SOFTDEP("pre: crypto-sha1 crypto-sha256 crypto-sha384 crypto-ecdsa-nist-p384");
MODULE_SOFTDEP("pre: crypto-ecdh-nist-p384 crypto-gcm crypto-ctr crypto-ghash crypto-aes");
