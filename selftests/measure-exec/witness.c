// SPDX-License-Identifier: GPL-2.0
/*
 * A program that looks for itself in the log, first of all that it does.
 *
 * usage: witness		0 when the log has it
 *	  witness memfd		the same, from a file that has no name
 *	  witness sealed	likewise, and nobody can write to it any more
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define LOG	"/sys/kernel/security/bastion/bastion0/ascii_runtime_measurements"

extern char **environ;

/* Blanks are escaped there. */
static void escape(const char *path, char *out)
{
	for (; *path; path++)
		out += *path == ' ' ? sprintf(out, "\\040") : sprintf(out, "%c", *path);
	strcpy(out, "\n");
}

static int look(void)
{
	char path[PATH_MAX] = "", wanted[4 * PATH_MAX + 2], *line = NULL;
	size_t room = 0, len;
	FILE *log = fopen(LOG, "r");
	int found = 0;

	if (!log || readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 2;
	wanted[0] = ' ';
	escape(path, wanted + 1);
	len = strlen(wanted);
	while (!found && getline(&line, &room, log) > 0)
		found = strlen(line) > len && !strcmp(line + strlen(line) - len, wanted);
	free(line);
	fclose(log);
	if (!found)
		printf("the log has no%s", wanted);
	return !found;
}

static int from_memory(const char *name, int seals)
{
	char *argv[] = { "witness", NULL };
	int self = open("/proc/self/exe", O_RDONLY);
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (self < 0 || fd < 0)
		return 2;
	while (sendfile(fd, self, NULL, 1 << 20) > 0)
		;
	if (fcntl(fd, F_ADD_SEALS, seals))
		return 2;
	fexecve(fd, argv, environ);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "memfd"))
		return from_memory("memfd", 0);
	if (argc > 1 && !strcmp(argv[1], "sealed"))
		return from_memory("sealed", F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	/* Who has it shorter, and longer again, has zeros there. */
	if (argc > 1 && !strcmp(argv[1], "shrinks"))
		return from_memory("shrinks", F_SEAL_WRITE | F_SEAL_GROW);
	if (argc > 1 && !strcmp(argv[1], "grows"))
		return from_memory("grows", F_SEAL_WRITE | F_SEAL_SHRINK);
	return look();
}
