/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who asks for a key: credentials, the executable, hashed when it matters, and the
 * cgroup.
 */
#ifndef _BASTION_REQUESTER_H
#define _BASTION_REQUESTER_H

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>

#include <bastion/chip.h>

/**
 * struct bastion_requester - a process that asks for a key
 * @cred:	its credentials
 * @pid:	the process
 * @file:	its executable; NULL before bastion_requester_measure()
 * @digest:	SHA-256 of the executable, likewise
 * @buffer:	holds @path
 * @path:	of the executable, as its own or the helper's root sees it
 * @text:	all of it as register 4 has it, bastion_requester_text()
 * @text_len:	bytes at @text
 */
struct bastion_requester {
	const struct cred *cred;
	struct pid *pid;
	struct file *file;
	u8 digest[BASTION_EXE_SIZE];
	char *buffer;
	const char *path;
	char *text;
	size_t text_len;
};

void bastion_requester_init(struct bastion_requester *who, const struct cred *cred,
			    struct pid *pid);
void bastion_requester_exit(struct bastion_requester *who);
bool bastion_requester_owns(const struct bastion_requester *who, u32 owner);
int bastion_requester_measure(struct bastion_requester *who, bool by_helper);
int bastion_requester_is(const struct bastion_requester *who, const u8 digest[BASTION_EXE_SIZE]);
bool bastion_requester_alone(const struct bastion_requester *who, const struct key *keyring);

#endif
