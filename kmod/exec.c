// SPDX-License-Identifier: GPL-2.0
/*
 * measure=exec: what a process executes is in register 4 of every chip before its first
 * instruction.
 *
 * 1. The tracepoint sched_process_exec says that a process has a new program. Preemption is
 *    disabled there, so all that happens is that the process gets a task work.
 * 2. Task works run on the way back to user space, which is where the new program
 *    begins. Whatever is mapped from a file by then, the kernel has mapped to run it: the
 *    executable and its ELF interpreter. What an interpreter was started for is what the
 *    kernel has opened for it (binfmt_misc's flags O and C), or is found by name, as
 *    the interpreter will find it.
 * 3. What cannot be measured does not run: the process is killed. Only what must run, since
 *    the machine ends with it, or because nobody may stop root, runs unmeasured, and then
 *    nothing attests any more before the next power cycle and a boot.
 */
#include <linux/atomic.h>
#include <linux/binfmts.h>
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "chip.h"
#include "content.h"
#include "crypto.h"
#include "exec.h"
#include "exec_cache.h"
#include "gate.h"
#include "measure.h"
#include "measuring.h"

/* Two that the kernel maps, the executable and its ELF interpreter, and one that it passes on */
#define FILES_MAX	5
/* As deep as the kernel follows "#!" */
#define SCRIPTS_MAX	5

static struct tracepoint *tracepoint;

/* How long unloading waits for somebody before it does not do so quietly */
#define PATIENCE	(10 * HZ)
/* For so long a program waits for a chip that others keep busy, or that says so. */
#define BUSY_MAX	(60 * HZ)

/* Works that were given to a process and are not done, and one for as long as the hook is there. */
static atomic_t pending;
static DECLARE_COMPLETION(idle);

/* Protects the next */
static DEFINE_SPINLOCK(executions_lock);
/* All of them. A process is alive for as long as it has one there. */
static LIST_HEAD(executions);

/**
 * struct execution - a process on its way to a new program
 * @work:	measures it
 * @list:	in @executions
 * @task:	the process
 * @name:	of what was executed when that is interpreted, or NULL
 * @files:	what runs, and what the kernel passes to an interpreter, open
 * @count:	of @files
 * @path:	a buffer of PATH_MAX bytes
 */
struct execution {
	struct callback_head work;
	struct list_head list;
	struct task_struct *task;
	char *name;
	struct file *files[FILES_MAX];
	unsigned int count;
	char *path;
};

/* One file on its way into the logs. */
struct measured {
	kuid_t uid;
	const char *path;
	const struct bastion_known *known;
	int ret;
};

static void execution_free(struct execution *execution)
{
	unsigned int i;

	for (i = 0; i < execution->count; i++)
		fput(execution->files[i]);
	kfree(execution->path);
	kfree(execution->name);
	kfree(execution);
}

/* Something ran that no log has. */
static void give_up(struct bastion_chip *chip, unsigned long data)
{
	dev_err_ratelimited(&chip->dev,
			    "a program ran unmeasured: nothing attests before the chip's power cycle and a boot\n");
	if (READ_ONCE(chip->gate->state) != BASTION_STATE_FAILED)
		bastion_gate_fail(chip->gate, BASTION_REASON_EXTEND);
}

static void cap(struct bastion_chip *chip, unsigned long data)
{
	/* It is once enough: programs come often. */
	if (!READ_ONCE(chip->log->capped))
		bastion_measure_cap(chip, "exec");
}

/* All gates close before any chip is asked for something: it may take its time. */
static void give_up_work(struct work_struct *work)
{
	bastion_chip_for_each(give_up, 0);
	bastion_chip_for_each(cap, 0);
}

static DECLARE_WORK(given_up, give_up_work);

/* Context: any. */
static void refuse(struct task_struct *task, int error)
{
	if (error != -EINTR)
		pr_warn_ratelimited("%s (pid %d, uid %u) could not be measured (%d)%s\n",
				    task->comm, task_pid_nr(task),
				    from_kuid(&init_user_ns, task_uid(task)), error,
				    is_global_init(task) ? "" : " and is killed");
	/* Without it there is no machine. */
	if (is_global_init(task))
		queue_work(system_highpri_wq, &given_up);
	else
		send_sig(SIGKILL, task, 1);
}

static void measure_on(struct bastion_chip *chip, unsigned long data)
{
	struct measured *measured = (struct measured *)data;
	const unsigned long end = jiffies + BUSY_MAX;
	int ret;

	/* Others keep the chip busy. That is no reason to kill anybody. */
	for (;;) {
		ret = bastion_measure_program(chip, measured->uid, measured->path,
					      measured->known->digest, measured->known->verity);
		if (ret != -EAGAIN || fatal_signal_pending(current))
			break;
		/* It says so for ever: then the gate fails, and the program need not wait. */
		if (time_after(jiffies, end) &&
		    READ_ONCE(chip->gate->state) != BASTION_STATE_FAILED)
			bastion_gate_fail(chip->gate, BASTION_REASON_EXTEND);
		cond_resched();
	}
	if (ret == -ENOSPC && uid_eq(measured->uid, GLOBAL_ROOT_UID)) {
		/* In this order no round that has begun ends between them. */
		cap(chip, 0);
		give_up(chip, 0);
		ret = 0;
	}
	if (!measured->ret)
		measured->ret = ret;
}

/*
 * Nobody can open an executable for writing while it runs, but its ELF interpreter: users' own are
 * what they like by the time that they run, unless fs-verity keeps them what they are.
 */
static bool is_users_interpreter(const struct file *file)
{
	const struct inode *inode = bastion_file_content(file);

	return !IS_VERITY(inode) && (!uid_eq(inode->i_uid, GLOBAL_ROOT_UID) || inode->i_mode & 0022);
}

/* @trusted: its content is worth a digest */
static int look_up(struct file *file, bool trusted, const char *path, struct bastion_known *known)
{
	if (!trusted) {
		*known = (struct bastion_known){ .hashed = true };
		bastion_no_digest(known->digest);
		return 0;
	}
	bastion_exec_cache_find(file, path, known);
	return known->hashed ? 0 : bastion_hash_file(file, LLONG_MAX, known->digest);
}

/* Root without it, in a container, say, is a user: its programs do not lock the gate. */
static kuid_t budget_uid(void)
{
	const kuid_t uid = current_uid();

	if (!uid_eq(uid, GLOBAL_ROOT_UID) || has_capability_noaudit(current, CAP_SYS_ADMIN))
		return uid;
	return BASTION_LOG_LESSER_ROOT;
}

static int measure_file(struct execution *execution, struct file *file, bool trusted)
{
	struct bastion_known known;
	struct measured measured = { .uid = budget_uid(), .known = &known };
	char *path;
	int ret;

	path = d_path(compat_file_user_path(file), execution->path, PATH_MAX);
	if (IS_ERR(path))
		return PTR_ERR(path);
	ret = look_up(file, trusted, path, &known);
	if (!ret && !known.logged) {
		measured.path = path;
		bastion_chip_for_each(measure_on, (unsigned long)&measured);
		ret = measured.ret;
		if (!ret)
			bastion_exec_cache_keep(file, path, &known);
	}
	bastion_exec_cache_put(&known);
	return ret;
}

static bool has_content(const struct execution *execution, const struct inode *inode)
{
	unsigned int i;

	for (i = 0; i < execution->count; i++) {
		if (bastion_file_content(execution->files[i]) == inode)
			return true;
	}
	return false;
}

/* Consumes the reference to @file. */
static int add_file(struct execution *execution, struct file *file)
{
	if (has_content(execution, bastion_file_content(file))) {
		fput(file);
		return 0;
	}
	if (execution->count == FILES_MAX) {
		fput(file);
		return -E2BIG;
	}
	execution->files[execution->count++] = file;
	return 0;
}

/*
 * Files that are mapped: by the kernel, since the program has not begun. A layered file
 * system maps the file below, which is the one that is meant.
 */
static int find_mapped(struct execution *execution)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	int ret = 0;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma_iter_init(&vmi, mm, 0);
	for_each_vma(vmi, vma) {
		if (vma->vm_file)
			ret = add_file(execution, get_file(vma->vm_file));
		if (ret)
			break;
	}
	mmap_read_unlock(mm);
	return ret;
}

/* The executable, of which nothing need be mapped: its memory may be all zeros at first. */
static int find_executable(struct execution *execution)
{
	struct file *file = compat_mm_exe_file(current->mm);

	return file ? add_file(execution, file) : -ENOEXEC;
}

/* The interpreter that the first line of @file names; NULL when that is no such line. */
static int find_interpreter(struct file *file, char line[BINPRM_BUF_SIZE], char **name)
{
	loff_t pos = 0;
	ssize_t len;

	len = kernel_read(file, line, BINPRM_BUF_SIZE - 1, &pos);
	if (len < 0)
		return len;
	line[len] = '\0';
	*name = NULL;
	if (strncmp(line, "#!", 2))
		return 0;
	*name = line + 2 + strspn(line + 2, " \t");
	(*name)[strcspn(*name, " \t\n")] = '\0';
	return 0;
}

/* Is what @name names among the files that are open already? It need not be readable. */
static bool has_named(const struct execution *execution, const char *name)
{
	struct path path;
	bool has;

	if (kern_path(name, LOOKUP_FOLLOW, &path))
		return false;
	has = has_content(execution, d_real_inode(path.dentry));
	path_put(&path);
	return has;
}

/* Nothing but a file: to a device it may mean something that somebody opens it. */
static struct file *open_script(const char *name)
{
	struct file *file = ERR_PTR(-EACCES);
	struct path path;
	int ret;

	ret = kern_path(name, LOOKUP_FOLLOW, &path);
	if (ret)
		return ERR_PTR(ret);
	if (d_is_reg(path.dentry))
		file = dentry_open(&path, O_RDONLY | O_LARGEFILE, current_cred());
	path_put(&path);
	ret = IS_ERR(file) ? 0 : file_permission(file, MAY_READ);
	if (ret)
		fput(file);
	return ret ? ERR_PTR(ret) : file;
}

/* @next: the interpreter that it names, if it is a script */
static int measure_script(struct execution *execution, const char *name,
			  char line[BINPRM_BUF_SIZE], char **next)
{
	struct file *file;
	bool trusted;
	int ret;

	file = open_script(name);
	if (IS_ERR(file))
		return PTR_ERR(file);
	trusted = !bastion_users_content(file);
	ret = measure_file(execution, file, trusted);
	/* What a user's file system says of the next is worth nothing. */
	if (!ret && trusted)
		ret = find_interpreter(file, line, next);
	fput(file);
	return ret;
}

/*
 * The script, and each of its interpreters that is a script again. Whoever can replace the
 * file between execve(2) and here, and once more before the interpreter opens
 * it, can run something else.
 */
static int measure_scripts(struct execution *execution)
{
	char line[BINPRM_BUF_SIZE], *next, *name = execution->name;
	unsigned int depth;
	int ret = 0;

	for (depth = 0; name && !ret && !has_named(execution, name); depth++) {
		if (depth > SCRIPTS_MAX)
			return -ELOOP;
		next = NULL;
		ret = measure_script(execution, name, line, &next);
		name = next;
	}
	return ret;
}

static int measure_all(struct execution *execution)
{
	unsigned int i, mapped;
	int ret;

	execution->path = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!execution->path)
		return -ENOMEM;
	ret = find_executable(execution);
	mapped = execution->count;
	if (!ret)
		ret = find_mapped(execution);
	for (i = 0; i < execution->count && !ret; i++) {
		struct file *file = execution->files[i];

		ret = measure_file(execution, file, !bastion_users_content(file) &&
				   (i < mapped || !is_users_interpreter(file)));
	}
	return ret ?: measure_scripts(execution);
}

static void start(struct execution *execution, struct task_struct *task)
{
	execution->task = task;
	atomic_inc(&pending);
	spin_lock(&executions_lock);
	list_add_tail(&execution->list, &executions);
	spin_unlock(&executions_lock);
}

static void done(void)
{
	if (atomic_dec_and_test(&pending))
		complete(&idle);
}

static void finish(struct execution *execution)
{
	spin_lock(&executions_lock);
	list_del(&execution->list);
	spin_unlock(&executions_lock);
	execution_free(execution);
	done();
}

/* In the process itself, before it returns to user space, or on its way to its end. */
static void measure_work(struct callback_head *work)
{
	struct execution *execution = container_of(work, struct execution, work);
	int ret = 0;

	/* Without its memory it is dead, and executes nothing. */
	if (current->mm)
		ret = measure_all(execution);
	if (ret)
		refuse(current, ret);
	finish(execution);
}

static struct execution *execution_alloc(const struct linux_binprm *bprm)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	struct execution *execution = kzalloc(sizeof(*execution), gfp);
	struct file *passed;

	if (!execution)
		return NULL;
	init_task_work(&execution->work, measure_work);
	if (bprm->interp == bprm->filename)
		return execution;
	execution->name = kstrdup(bprm->filename, gfp);
	if (!execution->name) {
		kfree(execution);
		return NULL;
	}
	/* Nobody else has the process's files: it has just got its own, and does not run yet. */
	passed = bprm->have_execfd ? fget(bprm->execfd) : NULL;
	if (passed)
		execution->files[execution->count++] = passed;
	return execution;
}

/* The process has its new memory, and has not left execve(2). Preemption is disabled. */
static void probe(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct execution *execution = execution_alloc(bprm);

	if (!execution) {
		refuse(task, -ENOMEM);
		return;
	}
	start(execution, task);
	if (task_work_add(task, &execution->work, TWA_RESUME))
		/* It is dying. */
		finish(execution);
}

static void find_tracepoint(struct tracepoint *candidate, void *data)
{
	if (!strcmp(candidate->name, "sched_process_exec"))
		*(struct tracepoint **)data = candidate;
}

int bastion_exec_init(void)
{
	struct tracepoint *found = NULL;
	int ret;

	if (!bastion_measuring(BASTION_MEASURE_EXEC))
		return 0;
	/* There the tracepoint's lock and memory may sleep, which it must not. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("measure=exec is not there for kernels with PREEMPT_RT\n");
		return -EOPNOTSUPP;
	}
	for_each_kernel_tracepoint(find_tracepoint, &found);
	if (!found) {
		pr_err("this kernel does not say when programs are executed\n");
		return -EOPNOTSUPP;
	}
	ret = bastion_exec_cache_init();
	if (ret)
		return ret;
	atomic_set(&pending, 1);
	ret = tracepoint_probe_register(found, probe, NULL);
	if (ret)
		bastion_exec_cache_exit();
	else
		tracepoint = found;
	return ret;
}

/*
 * Whoever serves the file system that somebody waits for may never answer. A signal ends the wait if
 * the server has not been asked yet; else only the server's end does.
 */
static void press(void)
{
	struct execution *execution;

	spin_lock(&executions_lock);
	list_for_each_entry(execution, &executions, list) {
		pr_warn_ratelimited("unloading waits for %s (pid %d, uid %u), which cannot be measured yet\n",
				    execution->task->comm, task_pid_nr(execution->task),
				    from_kuid(&init_user_ns, task_uid(execution->task)));
		if (!is_global_init(execution->task))
			send_sig(SIGKILL, execution->task, 1);
	}
	spin_unlock(&executions_lock);
}

void bastion_exec_exit(void)
{
	if (!tracepoint)
		return;
	tracepoint_probe_unregister(tracepoint, probe, NULL);
	/* From here on nobody gets a work. */
	tracepoint_synchronize_unregister();
	done();
	while (!wait_for_completion_timeout(&idle, PATIENCE))
		press();
	flush_work(&given_up);
	bastion_exec_cache_exit();
	/*
	 * Whoever counted last may still be on the last instructions of measure_work(), which must
	 * not go from under it. They do not sleep, but may be preempted: this waits
	 * until everybody who was has gone on to sleep of its own will, or to user space.
	 */
	synchronize_rcu_tasks();
}
