/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module tells IMA of its gate, as critical data (Documentation/measurements.rst).
 */
#ifndef BV_GATE_EVENT_H
#define BV_GATE_EVENT_H

#include "ima-list.h"

/**
 * bv_is_gate_event() - whether an entry of IMA's list is such an event
 * @entry:	replayed, so that its digest covers name and data
 *
 * Anything that is not written exactly as the module writes it is none. What the
 * event says is for people to read: no verdict depends on it.
 */
bool bv_is_gate_event(const struct bv_ima_entry *entry);

#endif
