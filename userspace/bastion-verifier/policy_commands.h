/* SPDX-License-Identifier: GPL-2.0 */
/* The commands below "bastion-verifier policy"; argv begins with the command's name. */
#ifndef VERIFIER_POLICY_COMMANDS_H
#define VERIFIER_POLICY_COMMANDS_H

int policy_learn(int argc, char **argv);
int policy_diff(int argc, char **argv);
int policy_simulate(int argc, char **argv);

#endif
