// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "testworld.h"

static void set_paths(struct world *world)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	tw_chip_id(&world->tw, chip);
	snprintf(world->record, sizeof(world->record), "%s/%s.json", world->machines, chip);
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	tw_init(&world->tw);
	strcpy(world->folder, "/tmp/bastion-enroll-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->machines, sizeof(world->machines), "%s/machines", world->folder);
	snprintf(world->expected, sizeof(world->expected), "%s/expected", world->folder);
	assert_int_equal(mkdir(world->machines, 0700), 0);
	set_paths(world);
	world->service.policy = &world->policy;
	world->service.enrolling.machines = world->machines;
	world->service.enrolling.expected = world->expected;
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", world->folder);
	tw_exit(&world->tw);
	free(world);
	return system(command);
}

void world_write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The last line of the journal. */
json_t *world_last_entry(const struct world *world)
{
	char path[256], line[4096], last[4096] = "";
	json_t *json;
	FILE *file;

	snprintf(path, sizeof(path), "%s/journal", world->machines);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		strcpy(last, line);
	fclose(file);
	json = json_loads(last, 0, NULL);
	assert_non_null(json);
	return json;
}

void world_journal_says(const struct world *world, const char *event, const char *why)
{
	json_t *entry = world_last_entry(world);
	const char *said = json_string_value(json_object_get(entry, "why"));

	assert_string_equal(json_string_value(json_object_get(entry, "event")), event);
	assert_int_equal(!said, !why);
	if (why && !strstr(said, why))
		fail_msg("the journal has: %s", said);
	json_decref(entry);
}

/* One request of the conversation; takes the reference. */
json_t *world_ask_at(struct world *world, json_t *request, int64_t now)
{
	char *text = json_dumps(request, JSON_COMPACT), *answer, *log = NULL;
	json_t *json;

	world->hangup = false;
	answer = session_line(&world->session, &world->service,
			      (struct bv_span){ (uint8_t *)text, strlen(text) }, now,
			      &world->hangup, &log);
	assert_non_null(answer);
	json = json_loads(answer, 0, NULL);
	free(answer);
	free(text);
	free(log);
	json_decref(request);
	return json;
}

json_t *world_ask(struct world *world, json_t *request)
{
	return world_ask_at(world, request, 1000);
}

/* It is refused, and the conversation is over. */
void world_refuses(struct world *world, json_t *answer, const char *why)
{
	const char *said = json_string_value(json_object_get(answer, "error"));

	assert_non_null(said);
	if (!strstr(said, why))
		fail_msg("refused, but: %s", said);
	assert_true(world->hangup);
	json_decref(answer);
}

/* The chip that has this name, and nobody else, may have it. */
void world_expect(struct world *world, const char *name)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], line[256];

	tw_chip_id(&world->tw, chip);
	snprintf(line, sizeof(line), "# machines\n\n%s %s # ours\n", name, chip);
	world_write_file(world->expected, line);
}

/* All of it, as the machine does. */
json_t *world_enroll(struct world *world, const char *name)
{
	uint8_t secret[BV_CREDENTIAL_SECRET];
	json_t *answer = world_ask(world, tw_request(&world->tw, name));

	if (world->hangup)
		return answer;
	assert_true(tw_activate(&world->tw, answer, secret));
	json_decref(answer);
	return world_ask(world, tw_answer(&world->tw, secret));
}

void world_enrolls(struct world *world, const char *name)
{
	json_t *answer = world_enroll(world, name);

	if (world->hangup)
		fail_msg("refused: %s", json_string_value(json_object_get(answer, "error")));
	assert_string_equal(json_string_value(json_object_get(answer, "type")), "enrolled");
	assert_string_equal(json_string_value(json_object_get(answer, "name")), name);
	json_decref(answer);
}

/* Another attestation key in the same TPM. */
void world_new_ak(struct world *world)
{
	tt_free(world->tw.tpm);
	world->tw.tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA384, 4);
}

void world_new_ek(struct world *world)
{
	tk_free(world->tw.ek);
	world->tw.ek = tk_new(3, NULL);
	set_paths(world);
}
