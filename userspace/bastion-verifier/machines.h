/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A folder with records of machines (libbastion-verify/machine.h), a file for each chip:
 * CHIP-ID.json.
 *
 * A record is created whole or not at all, and never changed: what is replaced is kept as
 * CHIP-ID.json.replaced-N. Who removes a TPM's withdraws the machine, which EK.enrolled tells from one
 * that never was there. Programs may add and look up at the same time.
 */
#ifndef VERIFIER_MACHINES_H
#define VERIFIER_MACHINES_H

#include "libbastion-verify/verdict.h"

#define MACHINES_MAX	65536

struct machines;

/**
 * enum machines_order - who wants a machine to be on record
 * @MACHINES_UNATTENDED:	the machine itself: not if an operator has removed its record
 * @MACHINES_BY_HAND:		an operator
 * @MACHINES_AGAIN:		an operator, who knows that the chip has another attestation key than it
 *				had
 */
enum machines_order { MACHINES_UNATTENDED, MACHINES_BY_HAND, MACHINES_AGAIN };

/**
 * machines_open() - use a folder
 * @folder:	refused if others may write to it
 * @create:	make it if it is not there
 * @err:	what was wrong
 *
 * Return: to machines_close(), or NULL.
 */
struct machines *machines_open(const char *folder, bool create, struct bv_error *err);

/** machines_close() - NULL is fine */
void machines_close(struct machines *machines);

/**
 * machines_find() - a bv_machine_find
 * @machines:	the folder
 * @ak:		name of a key
 *
 * Sees what was added or removed since. A record that is damaged is reported on standard error,
 * and counts as none.
 */
const struct bv_machine *machines_find(void *machines, struct bv_span ak);

/**
 * machines_list() - all records
 * @machines:	the folder
 * @list:	good until the next call
 * @err:	which record is damaged
 *
 * Return: how many, or -EBADMSG when one is damaged, or another error.
 */
ssize_t machines_list(struct machines *machines, const struct bv_machine **list,
		      struct bv_error *err);

/**
 * machines_add() - create a record, and say so in the journal
 * @machines:	the folder
 * @machine:	the record
 * @order:	whose wish it is
 * @err:	what was wrong
 *
 * A record without endorsement key is replaced by the same with one, which the machine has proven.
 *
 * Return: 0 when it is on disk, also if it is there already and the same; -EEXIST when its name, its
 * chip or its key is another record's, or it had one that was removed; -EBADMSG when a record is
 * damaged, so that nobody knows whose they are; another error, and nothing but a line of the journal
 * is there that was not.
 */
int machines_add(struct machines *machines, const struct bv_machine *machine,
		 enum machines_order order, struct bv_error *err);

/**
 * machines_refused() - say in the journal that a machine was not enrolled
 * @machines:	the folder
 * @machine:	as far as it is known
 * @why:	why
 *
 * That it cannot be done is said on standard error.
 */
void machines_refused(const struct machines *machines, const struct bv_machine *machine,
		      const char *why);

/** machines_folder() - a descriptor of the folder, open as long as @machines is */
int machines_folder(const struct machines *machines);

/**
 * machines_note() - keep the last verdict on a machine that is on record
 * @machines:	the folder
 * @verdict:	closed; one that is not authentic is of nobody
 * @policy:	id of what it was judged by
 *
 * It is for people: what fails is said on standard error, and changes nothing.
 */
void machines_note(const struct machines *machines, const struct bv_verdict *verdict,
		   const uint8_t policy[BASTION_DIGEST_SIZE]);

/** machines_noted() - the last verdict on a machine: a new reference, or NULL */
json_t *machines_noted(const struct machines *machines, const struct bv_machine *machine);

#endif
