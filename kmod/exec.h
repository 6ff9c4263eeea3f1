/* SPDX-License-Identifier: GPL-2.0 */
/*
 * measure=exec: what a process executes is measured before its first instruction.
 */
#ifndef _BASTION_EXEC_H
#define _BASTION_EXEC_H

int bastion_exec_init(void);
void bastion_exec_exit(void);

#endif
