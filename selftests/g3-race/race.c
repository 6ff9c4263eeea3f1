// SPDX-License-Identifier: GPL-2.0
/*
 * G3 under load: on every processor new executables ask for keys, by both doors, while
 * round follows round. Every quote must be what the log had come to; nothing may be
 * missing in the log, or there twice; and who got a key was measured before.
 *
 * usage: race ASKER MEASUREMENTS
 *
 * Each executable is two measurements. Prints TAP. Wants a log with room for all of them.
 */
#include <libgen.h>
#include <sys/stat.h>

#include "check.h"

static int result(bool ok, const char *name)
{
	static int number;

	number++;
	printf("%sok %d - %s\n", ok ? "" : "not ", number, name);
	return !ok;
}

static uint8_t *read_all(const char *path, size_t *len)
{
	size_t size = 1 << 20;
	uint8_t *bytes = malloc(size);
	FILE *file = fopen(path, "r");

	if (!bytes || !file)
		err(1, "%s", path);
	for (*len = 0; !feof(file); *len += fread(bytes + *len, 1, size - *len, file)) {
		if (*len < size)
			continue;
		size *= 2;
		bytes = realloc(bytes, size);
		if (!bytes)
			errx(1, "no memory");
	}
	fclose(file);
	return bytes;
}

/* In a worker's child. */
static void ask(const struct race *race, uint32_t i, enum door door, const char *path)
{
	char index[16], which[16], serial[16], description[64];
	unsigned int user = race_user(i);
	uid_t uid = race_uid(i);

	snprintf(index, sizeof(index), "%u", i);
	snprintf(which, sizeof(which), "%d", door);
	snprintf(serial, sizeof(serial), "%d", race->keys[user]);
	snprintf(description, sizeof(description), "bastion:%s", race->names[user]);
	if (uid && sealed_be_user(uid))
		_exit(1);
	if (dup2(race->answers, ASKER_OUT) != ASKER_OUT)
		_exit(1);
	execl(path, path, index, which, serial, description, NULL);
	_exit(1);
}

static int run_one(const struct race *race, uint32_t i)
{
	char path[96];
	FILE *file;
	int ret = 0;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%u", race->folder, i);
	file = fopen(path, "w");
	if (!file || fwrite(race->asker, race->asker_len, 1, file) != 1 ||
	    fwrite(&i, sizeof(i), 1, file) != 1 || fclose(file) || chmod(path, 0755))
		return 1;
	for (enum door door = 0; door < DOORS; door++) {
		pid = race_uses(i, door) ? fork() : 1;
		if (!pid)
			ask(race, i, door, path);
		ret |= pid < 0;
	}
	while ((pid = wait(NULL)) > 0)
		;
	unlink(path);
	return ret;
}

/* Every @step-th executable from @first on, on a processor of its own. */
static int work(const struct race *race, uint32_t first, uint32_t step)
{
	cpu_set_t cpus;
	int ret = 0;

	CPU_ZERO(&cpus);
	CPU_SET(first, &cpus);
	/* With fewer processors they share one. */
	sched_setaffinity(0, sizeof(cpus), &cpus);
	for (uint32_t i = first; i < race->count; i += step)
		ret |= run_one(race, i);
	return ret;
}

/* A whole round, whose quote is kept: 0 or -errno. */
static int do_round(struct race *race)
{
	struct round_grant grant;
	struct quoted *quoted;
	struct round round;
	int ret = round_prepare(&round, &grant, race->gate.fd, &race->gate.verifier, "prod");

	if (ret)
		return ret;
	race->quotes = realloc(race->quotes, (race->quote_count + 1) * sizeof(*race->quotes));
	if (!race->quotes)
		errx(1, "no memory");
	quoted = &race->quotes[race->quote_count++];
	quoted->log_count = round.quote.log_count;
	memcpy(quoted->aggregate, round.quote.log_aggregate, sizeof(quoted->aggregate));
	memcpy(quoted->registers, round.registers, sizeof(quoted->registers));
	race->is_tpm = round_is_tpm(&round);
	if (race->is_tpm)
		memcpy(quoted->pcr, round.bytes + round.quote.quote_size - RACE_PCR_SIZE,
		       RACE_PCR_SIZE);
	grant.fixed.lifetime = htole32(GATE_LIFETIME);
	round_sign(&round, &grant, race->gate.verifier.key);
	return round_submit(&round, &grant);
}

static void prepare(struct race *race, const char *asker, uint32_t count)
{
	char options[32], answers[96];

	if (gate_setup(&race->gate))
		errx(1, "the gate does not open");
	/* What is released stays with the grant, which is renewed. */
	sealed_exchange_number("/proc/sys/kernel/keys/maxkeys", 20000);
	sealed_exchange_number("/proc/sys/kernel/keys/maxbytes", 20000000);
	race->count = count;
	race->asker = read_all(asker, &race->asker_len);
	strcpy(race->folder, "/tmp/selftest-race.XXXXXX");
	if (!mkdtemp(race->folder) || chmod(race->folder, 0755))
		err(1, "%s", race->folder);
	snprintf(answers, sizeof(answers), "%s/answers", race->folder);
	race->answers = open(answers, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (race->answers < 0)
		err(1, "%s", answers);
	for (unsigned int user = 0; user <= RACE_UIDS; user++) {
		strcpy(race->names[user], sealed_name());
		snprintf(options, sizeof(options), "owner=%u", user ? 72000 + user : 0);
		race->keys[user] = gate_new(&race->gate, race->names[user], options);
		if (race->keys[user] < 0)
			errx(1, "no key: %d", race->keys[user]);
	}
}

/* Rounds, back to back, for as long as somebody works; how many things went wrong. */
static int run_race(struct race *race)
{
	int bad = 0, working = RACE_CPUS, status;

	for (uint32_t cpu = 0; cpu < RACE_CPUS; cpu++) {
		pid_t pid = fork();

		if (!pid)
			_exit(work(race, cpu, RACE_CPUS));
		if (pid < 0)
			err(1, "fork");
	}
	while (working) {
		bad += do_round(race) != 0;
		while (working && waitpid(-1, &status, WNOHANG) > 0) {
			working--;
			bad += status != 0;
		}
	}
	return bad + (do_round(race) != 0);
}

/* How many did not get a key, and how many of those who did were not measured before. */
static void check_answers(const struct race *race, const struct check *check, uint32_t *refused,
			  uint32_t *early)
{
	uint32_t wanted = 0, answers = 0;
	struct answer answer;

	*refused = *early = 0;
	for (uint32_t i = 0; i < race->count; i++)
		wanted += race_uses(i, DOOR_IOCTL) + race_uses(i, DOOR_REQUEST_KEY);
	for (; pread(race->answers, &answer, sizeof(answer), answers * sizeof(answer)) ==
	       sizeof(answer); answers++) {
		if (answer.error || answer.index >= race->count) {
			printf("# executable %u, door %u: error %d\n", answer.index, answer.door,
			       answer.error);
			++*refused;
		} else {
			*early += !check_answer(check, &answer);
		}
	}
	printf("# %u answers of %u\n", answers, wanted);
	*refused += answers != wanted;
}

static int judge(const struct race *race, const uint8_t *log, size_t len)
{
	uint32_t missing = 0, again = 0, refused, early;
	struct check check;
	int bad = 0;

	bad += result(!check_log(&check, race, log, len) && !check.bad_digests,
		      "the log is well formed, and its digests are those of its entries");
	printf("# %zu rounds, %llu entries, %u of them in register 4\n", race->quote_count,
	       (unsigned long long)check.count, check.fourth);
	bad += result(!check.bad_quotes && check.quote == race->quote_count,
		      "every quote is what the log had come to");
	bad += result(race->quotes[race->quote_count - 1].log_count == check.count,
		      "the last one is that of all of the log");
	for (uint32_t i = 0; i < race->count; i++) {
		missing += !check.seen[i].files || !check.seen[i].events;
		again += check.seen[i].files > 1 || check.seen[i].events > 1;
	}
	bad += result(!missing, "every executable and every requester is in the log");
	bad += result(!check.wrong, "and is what it was");
	bad += result(!again && !check_twice(&check), "nothing is there twice");
	check_answers(race, &check, &refused, &early);
	bad += result(!refused, "everybody got a key");
	bad += result(!early, "and was in the register before");
	return bad;
}

int main(int argc, char **argv)
{
	static struct race race;
	char command[128];
	uint8_t *log;
	size_t len;
	int bad;

	if (argc != 3 || atoi(argv[2]) < 2)
		errx(2, "usage: race ASKER MEASUREMENTS");
	setbuf(stdout, NULL);
	prepare(&race, argv[1], (atoi(argv[2]) + 1) / 2);
	bad = result(!run_race(&race), "rounds and askers run");
	log = read_all(CHECK_LOG, &len);
	bad += judge(&race, log, len);
	snprintf(command, sizeof(command), "rm -r %s", race.folder);
	bad += system(command) != 0 || gate_teardown(&race.gate) != 0;
	return bad != 0;
}
