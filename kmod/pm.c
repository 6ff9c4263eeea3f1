// SPDX-License-Identifier: GPL-2.0
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/suspend.h>

#include "chip.h"
#include "gate.h"
#include "measure.h"
#include "pm.h"

/* The event that the system prepares for, or 0. */
static unsigned long preparing;

static void suspend_gate(struct bastion_chip *chip, unsigned long event)
{
	bastion_gate_suspend(chip->gate, true);
}

static void suspend_chip(struct bastion_chip *chip, unsigned long event)
{
	chip->ops->relock(chip);
	/*
	 * An image on disk could be brought back on another day, by others. And what is brought
	 * back takes this kernel's place, with the chip's registers as this kernel leaves them.
	 * After that there are no more rounds, and what opened their answers is not for an image.
	 */
	if (event == PM_HIBERNATION_PREPARE || event == PM_RESTORE_PREPARE) {
		bastion_measure_cap(chip, "hibernation");
		bastion_gate_forget(chip->gate);
	}
}

static void resume_gate(struct bastion_chip *chip, unsigned long event)
{
	bastion_gate_suspend(chip->gate, false);
}

/* All gates are locked before any chip is asked for something: it may take its time. */
static void prepare(unsigned long event)
{
	WRITE_ONCE(preparing, event);
	bastion_chip_for_each(suspend_gate, event);
	bastion_chip_for_each(suspend_chip, event);
	/* Nor are keys in an image. */
	bastion_grants_settle();
}

static void finish(void)
{
	WRITE_ONCE(preparing, 0);
	bastion_chip_for_each(resume_gate, 0);
}

/**
 * bastion_pm_follow() - a chip that appears while the system prepares to sleep
 * @chip:	the chip, which bastion_chip_for_each() reaches; the caller holds its ops
 *
 * What happens in the other chips happens in it as well.
 */
void bastion_pm_follow(struct bastion_chip *chip)
{
	unsigned long event, followed = 0;

	while ((event = READ_ONCE(preparing)) != followed) {
		followed = event;
		if (event) {
			suspend_gate(chip, event);
			suspend_chip(chip, event);
		} else {
			resume_gate(chip, event);
		}
	}
}

/* Comes before tasks are frozen, which those who wait could not be. */
static int pm_event(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		prepare(event);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		finish();
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block pm_block = { .notifier_call = pm_event };

static void lock_gate(struct bastion_chip *chip, unsigned long event)
{
	bastion_gate_lock(chip->gate, BASTION_REASON_RESET);
}

static void relock_chip(struct bastion_chip *chip, unsigned long event)
{
	bastion_gate_relock(chip->gate, BASTION_REASON_RESET);
}

/* The VM generation id changed: this may be a copy of a machine that was granted. */
static int fork_event(struct notifier_block *nb, unsigned long event, void *data)
{
	bastion_chip_for_each(lock_gate, event);
	bastion_chip_for_each(relock_chip, event);
	return NOTIFY_DONE;
}

static struct notifier_block fork_block = { .notifier_call = fork_event };

int bastion_pm_init(void)
{
	int ret;

	ret = register_pm_notifier(&pm_block);
	if (ret)
		return ret;
	ret = register_random_vmfork_notifier(&fork_block);
	if (ret)
		unregister_pm_notifier(&pm_block);
	return ret;
}

void bastion_pm_exit(void)
{
	unregister_random_vmfork_notifier(&fork_block);
	unregister_pm_notifier(&pm_block);
}
