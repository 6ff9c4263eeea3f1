/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands' handlers. The table in engine.c has checked opcode, the bounds of
 * the input's length and the self-test before it calls one; include/bastion/chip.h
 * says what each does. They return a BASTION_STATUS_* and set io->out_len.
 */
#ifndef CHIP_COMMANDS_H
#define CHIP_COMMANDS_H

#include "bastion-chip/engine.h"

uint32_t chip_command_info(struct chip *chip, struct chip_io *io);
uint32_t chip_command_self_test(struct chip *chip, struct chip_io *io);
uint32_t chip_command_cert_chain(struct chip *chip, struct chip_io *io);
uint32_t chip_command_boot_log(struct chip *chip, struct chip_io *io);
uint32_t chip_command_mr_read(struct chip *chip, struct chip_io *io);
uint32_t chip_command_mr_extend(struct chip *chip, struct chip_io *io);
uint32_t chip_command_nonce(struct chip *chip, struct chip_io *io);
uint32_t chip_command_quote(struct chip *chip, struct chip_io *io);
uint32_t chip_command_grant(struct chip *chip, struct chip_io *io);
uint32_t chip_command_relock(struct chip *chip, struct chip_io *io);
uint32_t chip_command_seal(struct chip *chip, struct chip_io *io);
uint32_t chip_command_unseal(struct chip *chip, struct chip_io *io);
uint32_t chip_command_sign(struct chip *chip, struct chip_io *io);
uint32_t chip_command_rebind(struct chip *chip, struct chip_io *io);
uint32_t chip_command_counter(struct chip *chip, struct chip_io *io);
uint32_t chip_command_random(struct chip *chip, struct chip_io *io);

#endif
