// SPDX-License-Identifier: GPL-2.0
#include <crypto/algapi.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/key.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "content.h"
#include "crypto.h"
#include "requester.h"
#include "requester_text.h"

/* What a helper reads on a requester's behalf: a few seconds' worth. */
#define HELPER_READS_MAX	SZ_1G

/**
 * bastion_requester_init() - begin with who it is
 * @who:	filled in
 * @cred:	its credentials, a reference is taken
 * @pid:	the process, a reference is taken
 */
void bastion_requester_init(struct bastion_requester *who, const struct cred *cred,
			    struct pid *pid)
{
	memset(who, 0, sizeof(*who));
	who->cred = get_cred(cred);
	who->pid = get_pid(pid);
}

void bastion_requester_exit(struct bastion_requester *who)
{
	if (who->file)
		fput(who->file);
	kfree(who->buffer);
	kfree(who->text);
	put_pid(who->pid);
	put_cred(who->cred);
}

/**
 * bastion_requester_owns() - is this the owner of a sealed key?
 * @who:	the requester, whose credentials are in force (override_creds())
 * @owner:	uid in the initial user namespace
 *
 * Uid 0 counts only with CAP_SYS_ADMIN in the initial user namespace, so the
 * root of a container does not own what the machine's root does.
 */
bool bastion_requester_owns(const struct bastion_requester *who, u32 owner)
{
	kuid_t uid = make_kuid(&init_user_ns, owner);

	if (!uid_valid(uid) || !uid_eq(who->cred->fsuid, uid))
		return false;
	return !uid_eq(uid, GLOBAL_ROOT_UID) || capable(CAP_SYS_ADMIN);
}

/* The executable of the process; none for a kernel thread or a dead one. */
static struct file *exe_file(struct pid *pid)
{
	struct file *file = NULL;
	struct task_struct *task;
	struct mm_struct *mm;

	task = get_pid_task(pid, PIDTYPE_PID);
	if (!task)
		return NULL;
	mm = get_task_mm(task);
	if (mm) {
		file = compat_mm_exe_file(mm);
		mmput(mm);
	}
	put_task_struct(task);
	return file;
}

/*
 * The helper reads in the requester's stead, while a kernel worker waits that no signal
 * ends. So it must not be the requester who decides how long that takes: neither
 * by a file system that answers when it likes, nor by a hole of terabytes.
 */
static int hash_executable(struct bastion_requester *who, bool by_helper)
{
	if (by_helper && bastion_users_filesystem(bastion_file_content(who->file)))
		return -EACCES;
	/* As of what is executed from there: what it shows to us it need not show to others. */
	if (bastion_users_content(who->file)) {
		bastion_no_digest(who->digest);
		return 0;
	}
	return bastion_hash_file(who->file, by_helper ? HELPER_READS_MAX : LLONG_MAX, who->digest);
}

/* Where the process is now: the requester's cgroup, whoever asks in its stead. */
static int find_cgroup(struct pid *pid, char *path, size_t size)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	int ret;

	if (!task)
		return -ESRCH;
	ret = compat_cgroup_path(task, path, size);
	put_task_struct(task);
	return ret;
}

static int describe(struct bastion_requester *who)
{
	char *cgroup;
	int ret;

	if (!who->text)
		who->text = kmalloc(BASTION_REQUESTER_MAX, GFP_KERNEL_ACCOUNT);
	cgroup = kmalloc(PATH_MAX, GFP_KERNEL_ACCOUNT);
	ret = who->text && cgroup ? find_cgroup(who->pid, cgroup, PATH_MAX) : -ENOMEM;
	if (!ret)
		ret = bastion_requester_text(who->text, from_kuid(&init_user_ns, who->cred->fsuid),
					     who->digest, who->path, cgroup);
	kfree(cgroup);
	if (ret < 0)
		return ret;
	who->text_len = ret;
	return 0;
}

/**
 * bastion_requester_measure() - find and hash the executable, and say who it is
 * @who:	the requester
 * @by_helper:	the caller is not @who but its helper
 *
 * The digest is computed afresh each time: nothing that anybody remembers
 * about the file is believed.
 *
 * Context: process, may sleep; killable.
 * Return: 0, -ESRCH when the process is gone, -EINTR, -EACCES or -EFBIG when a
 * helper might read for too long, -ENAMETOOLONG a path is longer than PATH_MAX or all
 * of it longer than BASTION_REQUESTER_MAX, or the file's error.
 */
int bastion_requester_measure(struct bastion_requester *who, bool by_helper)
{
	char *path;
	int ret;

	if (!who->buffer) {
		who->buffer = kmalloc(PATH_MAX, GFP_KERNEL_ACCOUNT);
		if (!who->buffer)
			return -ENOMEM;
	}
	if (who->file)
		fput(who->file);
	who->file = exe_file(who->pid);
	if (!who->file)
		return -ESRCH;
	path = d_path(&who->file->f_path, who->buffer, PATH_MAX);
	if (IS_ERR(path))
		return PTR_ERR(path);
	who->path = path;
	ret = hash_executable(who, by_helper);
	/* To a round, or to a helper, what a file system says so would mean something else. */
	if (ret)
		return ret == -ESTALE || ret == -ENOENT ? -EIO : ret;
	return describe(who);
}

/* Any of its threads; one that is gone counts as traced. */
static bool is_traced(struct pid *pid)
{
	struct task_struct *task, *thread;
	bool traced = true;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_PID);
	if (task) {
		traced = false;
		for_each_thread(task, thread)
			traced |= READ_ONCE(thread->ptrace);
	}
	rcu_read_unlock();
	return traced;
}

/**
 * bastion_requester_is() - may what is bound to an executable be used by this one?
 * @who:	the requester, measured
 * @digest:	SHA-256 of the only executable
 *
 * The digest must be right, and be worth something: the file system belongs to
 * the initial user namespace and answers for its content, and nobody traces the
 * process.
 *
 * Return: 0 or -EKEYREJECTED.
 */
int bastion_requester_is(const struct bastion_requester *who, const u8 digest[BASTION_EXE_SIZE])
{
	if (who->cred->user_ns != &init_user_ns ||
	    bastion_users_content(who->file) || is_traced(who->pid))
		return -EKEYREJECTED;
	return crypto_memneq(who->digest, digest, BASTION_EXE_SIZE) ? -EKEYREJECTED : 0;
}

/**
 * bastion_requester_alone() - is a keyring found by nobody but this process?
 * @who:	the requester
 * @keyring:	may be NULL
 */
bool bastion_requester_alone(const struct bastion_requester *who, const struct key *keyring)
{
	return keyring && (keyring == who->cred->thread_keyring ||
			   keyring == who->cred->process_keyring);
}
