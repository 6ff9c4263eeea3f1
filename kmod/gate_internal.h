/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between gate.c, which closes, and grants.c, which opens. All of it wants
 * gate->lock held.
 */
#ifndef _BASTION_GATE_INTERNAL_H
#define _BASTION_GATE_INTERNAL_H

#include "gate.h"

/*
 * Gated commands that may be with the chip at a time: half as many as a Bastionchip has slots, so
 * that RELOCK, a round and a measurement find one.
 */
#define BASTION_GATED_COMMANDS	8

void bastion_gate_touch(struct bastion_gate *gate);
void bastion_gate_set_state(struct bastion_gate *gate, enum bastion_state state,
			    enum bastion_reason reason);
void bastion_gate_end_grant(struct bastion_gate *gate, struct bastion_grant_live *grant,
			    enum bastion_reason reason);
void bastion_gate_end_expired(struct bastion_gate *gate);
void bastion_gate_arm(struct bastion_gate *gate);
void bastion_grant_revoke(struct bastion_grant_live *grant);

#endif
