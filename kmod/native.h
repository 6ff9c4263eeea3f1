/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The native chip: what bastion asks for, as commands of the Bastionchip.
 */
#ifndef _BASTION_NATIVE_H
#define _BASTION_NATIVE_H

struct bastion_chip_ops;

/* For a chip whose priv is a struct bastion_mailbox. */
extern const struct bastion_chip_ops bastion_native_ops;

#endif
