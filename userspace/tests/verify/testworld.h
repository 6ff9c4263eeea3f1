/* SPDX-License-Identifier: GPL-2.0 */
/* A verifier that enrolls, and a machine with a TPM that asks it. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "bastion-verifier/session.h"
#include "testenroll.h"

struct world {
	struct tw tw;
	struct service service;
	struct session session;
	struct bv_policy policy;
	char folder[64];
	char machines[128];
	char expected[128];
	char record[256];
	bool hangup;
	struct bv_error err;
};

int world_setup(void **state);
int world_teardown(void **state);
void world_write_file(const char *path, const char *text);
json_t *world_last_entry(const struct world *world);
void world_journal_says(const struct world *world, const char *event, const char *why);
json_t *world_ask_at(struct world *world, json_t *request, int64_t now);
json_t *world_ask(struct world *world, json_t *request);
void world_refuses(struct world *world, json_t *answer, const char *why);
void world_expect(struct world *world, const char *name);
json_t *world_enroll(struct world *world, const char *name);
void world_enrolls(struct world *world, const char *name);
void world_new_ak(struct world *world);
void world_new_ek(struct world *world);

#endif
