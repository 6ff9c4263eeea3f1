/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernels, and nothing else. Force-included into every file
 * of the module, so that no other file needs to know that there are several
 * kernels.
 *
 * Features are probed, versions are never compared: a distribution's kernel has
 * what it has, whatever it calls itself. What the preprocessor and the type
 * system can tell is found out here; probe.mk looks for the rest in the headers
 * and passes it as COMPAT_HAVE_*.
 */
#ifndef _BASTION_COMPAT_H
#define _BASTION_COMPAT_H

#include <linux/cgroup.h>
#include <linux/device/class.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mm_types.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sysfs.h>
#include <crypto/aes.h>
#include <keys/request_key_auth-type.h>

#include <bastion/chip.h>

/* hex2bin() is leaving kernel.h for a header of its own. */
#ifdef COMPAT_HAVE_HEX
#include <linux/hex.h>
#endif

/* Told to modules, and with the algorithm by the crypto API's number, since a while. */
#if defined(COMPAT_HAVE_FSVERITY_HALG) && defined(COMPAT_EXPORTS_FSVERITY_GET_DIGEST)
#define COMPAT_FSVERITY_DIGEST
#include <linux/fsverity.h>
#endif

/* get_unaligned() and friends have moved. */
#ifdef COMPAT_HAVE_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/*
 * compat_choose_type - @a when the types @have and @want are the same, else @b
 *
 * Both are types of objects, not of functions.
 */
#define compat_choose_type(have, want, a, b)						\
	typeof(*__builtin_choose_expr(__builtin_types_compatible_p(have, want),	\
				      (a *)NULL, (b *)NULL))

/*
 * compat_class_device - what class.devnode and class.dev_uevent take
 *
 * They promise to leave the device alone since it became const there.
 */
typedef compat_choose_type(typeof(((struct class *)NULL)->devnode),
			   char *(*)(struct device *, umode_t *),
			   struct device, const struct device) compat_class_device;

/* compat_bin_attribute - what bin_attribute.read and .write take, const since lately */
typedef compat_choose_type(typeof(((struct bin_attribute *)NULL)->read),
			   ssize_t (*)(struct file *, struct kobject *, struct bin_attribute *,
				       char *, loff_t, size_t),
			   struct bin_attribute, const struct bin_attribute) compat_bin_attribute;

/* compat_bin_attribute_ptr - the elements of the list attribute_group.bin_attrs */
typedef typeof(*((struct attribute_group *)NULL)->bin_attrs) compat_bin_attribute_ptr;

/* compat_assign_str - __assign_str(), which used to be told the string a second time */
#ifdef COMPAT_HAVE_ASSIGN_STR_ALONE
#define compat_assign_str(field, string)	__assign_str(field)
#else
#define compat_assign_str(field, string)	__assign_str(field, string)
#endif

static inline struct pid *compat_pid_of_number(pid_t number)
{
	struct pid *pid;

	rcu_read_lock();
	pid = get_pid(find_pid_ns(number, &init_pid_ns));
	rcu_read_unlock();
	return pid;
}

/**
 * compat_request_key_pid - the process that called request_key(2)
 * @rka:	authorisation record, kept alive by the caller
 *
 * Old kernels record a number only, which another process may have by now.
 *
 * Return: a reference (put_pid()), or NULL when the process is gone.
 */
static inline struct pid *compat_request_key_pid(const struct request_key_auth *rka)
{
	return _Generic(rka->pid, pid_t: compat_pid_of_number, default: get_pid)(rka->pid);
}

/**
 * compat_mm_exe_file - the executable that an address space runs
 * @mm:		kept alive by the caller
 *
 * get_mm_exe_file() is not exported, and get_file_rcu() has changed from a
 * macro over a file to a function over a pointer that may change under it.
 *
 * Return: a reference (fput()), or NULL when there is none.
 */
static inline struct file *compat_mm_exe_file(struct mm_struct *mm)
{
	struct file *file;

	rcu_read_lock();
#ifdef get_file_rcu
	file = rcu_dereference(mm->exe_file);
	if (file && !get_file_rcu(file))
		file = NULL;
#else
	file = get_file_rcu(&mm->exe_file);
#endif
	rcu_read_unlock();
	return file;
}

/**
 * compat_file_user_path - where a user finds a file
 * @file:	what is mapped, say
 *
 * A layered file system maps the file below in its own's stead. That file used to go by
 * the user's path, and has one of its own since.
 */
static inline const struct path *compat_file_user_path(const struct file *file)
{
#ifdef COMPAT_HAVE_FILE_USER_PATH
	return file_user_path(file);
#else
	return &file->f_path;
#endif
}

/* COMPAT_FSNOTIFY_GROUP_NOFS - marks may go while memory is reclaimed; since a while always so */
#ifdef FSNOTIFY_GROUP_NOFS
#define COMPAT_FSNOTIFY_GROUP_NOFS	FSNOTIFY_GROUP_NOFS
#else
#define COMPAT_FSNOTIFY_GROUP_NOFS	0
#endif

/**
 * compat_fsnotify_find_inode_mark - a group's mark on an inode
 * @inode:	kept alive by the caller
 * @group:	whose mark
 *
 * Return: a reference (fsnotify_put_mark()), or NULL when there is none.
 */
static inline struct fsnotify_mark *compat_fsnotify_find_inode_mark(struct inode *inode,
								    struct fsnotify_group *group)
{
#ifdef COMPAT_HAVE_FSNOTIFY_FIND_INODE_MARK
	return fsnotify_find_inode_mark(inode, group);
#else
	return fsnotify_find_mark(&inode->i_fsnotify_marks, group);
#endif
}

/**
 * compat_fsverity_sha256 - the digest that fs-verity holds a file to
 * @inode:	has the content, and is open
 * @digest:	the file digest; undefined when there is none
 *
 * Return: whether there is one, and it is a SHA-256; not on kernels that tell modules nothing.
 */
static inline bool compat_fsverity_sha256(struct inode *inode, u8 digest[BASTION_EXE_SIZE])
{
#ifdef COMPAT_FSVERITY_DIGEST
	u8 raw[FS_VERITY_MAX_DIGEST_SIZE], number;
	enum hash_algo algo;

	if (fsverity_get_digest(inode, raw, &number, &algo) != BASTION_EXE_SIZE ||
	    algo != HASH_ALGO_SHA256)
		return false;
	memcpy(digest, raw, BASTION_EXE_SIZE);
	return true;
#else
	return false;
#endif
}

/**
 * compat_cgroup_path - where a process is in the unified hierarchy
 * @task:	kept alive by the caller
 * @path:	from the hierarchy's root on; "/" where there are no cgroups
 * @size:	bytes at @path
 *
 * What does not fit is reported by its length, as -E2BIG, or not at all: then the
 * buffer is full to its last byte, and nobody can tell whether that was all.
 *
 * Return: 0, -ENAMETOOLONG when it is longer than @size - 2, or kernfs's error.
 */
static inline int compat_cgroup_path(struct task_struct *task, char *path, size_t size)
{
#ifdef CONFIG_CGROUPS
	int ret;

	rcu_read_lock();
	ret = cgroup_path(task_dfl_cgroup(task), path, size);
	rcu_read_unlock();
	if (ret == -E2BIG || (ret >= 0 && (size_t)ret + 1 >= size))
		return -ENAMETOOLONG;
	return min(ret, 0);
#else
	return strscpy(path, "/", size) < 0 ? -ENAMETOOLONG : 0;
#endif
}

/* compat_kthread_run_worker - made and started, which kthread_create_worker() used to do */
#ifdef kthread_run_worker
#define compat_kthread_run_worker	kthread_run_worker
#else
#define compat_kthread_run_worker	kthread_create_worker
#endif

/* compat_tpm_end_auth_session - of a session that the kernel has loaded in a TPM, and uses again */
#ifdef COMPAT_HAVE_TPM_AUTH_SESSION
#define compat_tpm_end_auth_session(tpm)	tpm2_end_auth_session(tpm)
#else
#define compat_tpm_end_auth_session(tpm)	do { } while (0)
#endif

/**
 * compat_hrtimer_setup - hrtimer_setup(), which was hrtimer_init() and an assignment
 * @timer:	the timer
 * @function:	what it calls
 * @clock:	CLOCK_*
 * @mode:	HRTIMER_MODE_*
 */
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *),
					clockid_t clock, enum hrtimer_mode mode)
{
#ifdef COMPAT_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

/* compat_aes_key - a key prepared for aes_encrypt(), which was one for both directions */
#ifdef COMPAT_HAVE_AES_ENCKEY
typedef struct aes_enckey compat_aes_key;
#else
typedef struct crypto_aes_ctx compat_aes_key;
#endif

/**
 * compat_aes_prepare - prepares a key for aes_encrypt()
 * @key:	to be wiped once it is not needed
 * @bytes:	the key
 * @len:	16, 24 or 32
 *
 * Return: 0, or -EINVAL for another length.
 */
static inline int compat_aes_prepare(compat_aes_key *key, const u8 *bytes, size_t len)
{
#ifdef COMPAT_HAVE_AES_ENCKEY
	return aes_prepareenckey(key, bytes, len);
#else
	return aes_expandkey(key, bytes, len);
#endif
}

int compat_ecdsa_p384_verify(const u8 key[BASTION_POINT_SIZE],
			     const u8 digest[BASTION_DIGEST_SIZE],
			     const u8 signature[BASTION_SIGNATURE_SIZE]);

#endif
