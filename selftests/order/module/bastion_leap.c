// SPDX-License-Identifier: GPL-2.0
/*
 * Has jiffies leap ahead of the clock once, as they do when the CPU that counts them, a guest's, has
 * stood still. For tests.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/stop_machine.h>

static unsigned int milliseconds;
module_param(milliseconds, uint, 0400);
MODULE_PARM_DESC(milliseconds, "how far");

static int leap(void *data)
{
	jiffies_64 += msecs_to_jiffies(milliseconds);
	return 0;
}

/* Nobody counts them, or waits for them, meanwhile. */
static int __init leap_init(void)
{
	return stop_machine(leap, NULL, NULL);
}

static void __exit leap_exit(void)
{
}

module_init(leap_init);
module_exit(leap_exit);

MODULE_DESCRIPTION("Has jiffies leap ahead of the clock, for tests");
MODULE_LICENSE("GPL");
