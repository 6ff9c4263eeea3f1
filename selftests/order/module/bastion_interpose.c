// SPDX-License-Identifier: GPL-2.0
/*
 * Interposes itself once between a function of the kernel's and who calls it: the call is held until
 * a test has had something else happen, or fails without being made. So an order of events that comes
 * about once in a million comes about every time. For tests.
 */
#include <linux/completion.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

static char *at;
module_param(at, charp, 0400);
MODULE_PARM_DESC(at, "the function, at most six words as its arguments: MODULE:NAME");

static unsigned int skip;
module_param(skip, uint, 0400);
MODULE_PARM_DESC(skip, "how many calls are let through before");

static int fail;
module_param(fail, int, 0400);
MODULE_PARM_DESC(fail, "what the call returns instead of being made; 0: it is made, and held before");

static char *then;
module_param(then, charp, 0400);
MODULE_PARM_DESC(then, "another function, whose next call is held when the one has failed");

static bool held;
module_param(held, bool, 0400);
MODULE_PARM_DESC(held, "the last call has come");

/* A test that has died must not keep the kernel so. */
#define HELD_MAX	(100 * HZ)

static atomic_t calls, thens;
static unsigned long address;
static DECLARE_COMPLETION(go);
static DECLARE_COMPLETION(gone);

static int divert(struct kprobe *probe, struct pt_regs *regs);
static int divert_then(struct kprobe *probe, struct pt_regs *regs);

/* Has a probe not be one that cannot divert. */
static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = { .pre_handler = divert, .post_handler = after };
static struct kprobe probe_then = { .pre_handler = divert_then, .post_handler = after };

/* Called in place of the function, by its caller. */
static unsigned long hold(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
			  unsigned long e, unsigned long f)
{
	unsigned long (*function)(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
				  unsigned long e, unsigned long f) = (void *)address;
	unsigned long ret;

	wait_for_completion_timeout(&go, HELD_MAX);
	ret = function(a, b, c, d, e, f);
	complete(&gone);
	return ret;
}

/* Likewise, and is not waited for. */
static unsigned long fail_at(void)
{
	return fail;
}

static int divert_to_hold(struct kprobe *probe, struct pt_regs *regs)
{
	WRITE_ONCE(address, (unsigned long)probe->addr);
	WRITE_ONCE(held, true);
	instruction_pointer_set(regs, (unsigned long)hold);
	return 1;
}

/* Runs with preemption off. Another call, hold()'s own among them, is let through. */
static int divert(struct kprobe *probe, struct pt_regs *regs)
{
	if (atomic_inc_return(&calls) != skip + 1)
		return 0;
	if (!fail)
		return divert_to_hold(probe, regs);
	if (then)
		atomic_set(&thens, 1);
	else
		WRITE_ONCE(held, true);
	instruction_pointer_set(regs, (unsigned long)fail_at);
	return 1;
}

static int divert_then(struct kprobe *probe, struct pt_regs *regs)
{
	return atomic_cmpxchg(&thens, 1, 2) == 1 ? divert_to_hold(probe, regs) : 0;
}

static int __init interpose_init(void)
{
	int ret = 0;

	probe.symbol_name = at;
	probe_then.symbol_name = then;
	if (then)
		ret = register_kprobe(&probe_then);
	if (ret)
		return ret;
	ret = register_kprobe(&probe);
	if (ret && then)
		unregister_kprobe(&probe_then);
	return ret;
}

/* Lets the call go. */
static void __exit interpose_exit(void)
{
	unregister_kprobe(&probe);
	if (then)
		unregister_kprobe(&probe_then);
	complete(&go);
	/* Not for ever: the kernel may have ended who made it. What has failed is not waited for. */
	if (READ_ONCE(address))
		wait_for_completion_timeout(&gone, HELD_MAX);
	/* Who has said that it is gone may not have returned yet. */
	synchronize_rcu_tasks();
}

module_init(interpose_init);
module_exit(interpose_exit);

MODULE_DESCRIPTION("Holds a call of a function, or has it fail, for tests");
MODULE_LICENSE("GPL");
