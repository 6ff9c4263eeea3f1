/* SPDX-License-Identifier: GPL-2.0 */
/* The foundry: makes an offline root, model CAs and chips. Never overwrites one. */
#ifndef CHIP_FOUNDRY_H
#define CHIP_FOUNDRY_H

#include <stdint.h>

#include "bastion-chip/complain.h"

/** chip_foundry_root - root.key and root.pem in a new directory @out. Return: 0 or -1. */
int chip_foundry_root(const char *out, const char *name, struct complaint *why);

/**
 * chip_foundry_model - model.key and model.pem, signed by the root
 * @root:	the root's directory
 * @out:	the model's directory
 * @model:	its name: 1 to 31 printable ASCII characters
 * @why:	the error in words
 *
 * Return: 0 or -1.
 */
int chip_foundry_model(const char *root, const char *out, const char *model,
		       struct complaint *why);

/**
 * chip_foundry_chip - a chip, as store.h describes it
 * @model:	the model's directory
 * @out:	the chip's directory
 * @firmware:	version: dotted numbers
 * @svn:	security version number
 * @why:	the error in words
 *
 * Return: 0 or -1.
 */
int chip_foundry_chip(const char *model, const char *out, const char *firmware, uint32_t svn,
		      struct complaint *why);

/**
 * chip_foundry_update - give a chip that is powered off other firmware
 *
 * Stands for an update that the vendor signed: it changes what the fuses expect.
 *
 * Return: 0 or -1.
 */
int chip_foundry_update(const char *chip, const char *firmware, uint32_t svn,
			struct complaint *why);

#endif
