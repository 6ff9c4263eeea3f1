/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module parameter measure: what is measured besides what always is.
 */
#ifndef _BASTION_MEASURING_H
#define _BASTION_MEASURING_H

#include <linux/bits.h>
#include <linux/types.h>

#define BASTION_MEASURE_IMA	BIT(0)
#define BASTION_MEASURE_EXEC	BIT(1)

bool bastion_measuring(unsigned int what);
bool bastion_measuring_given(void);
void bastion_measuring_drop(unsigned int what);
const char *bastion_measuring_text(void);

#endif
