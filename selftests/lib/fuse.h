/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A FUSE server as an unprivileged user can have one, in a user namespace of its own: it has one file,
 * "program", and answers what it likes.
 *
 * usage: fuse FOLDER FILE HOW COMMAND...
 *
 * Mounts on FOLDER a file system whose program has the content of FILE, and serves it while COMMAND
 * runs. HOW: "plain"; "signed": the file has the longest security.ima that there can be;
 * "once": it can be opened once, and whoever opens it again gets no answer; "moved": before it is
 * opened, what is called COMMAND.moved becomes COMMAND. The exit status is COMMAND's.
 */
#ifndef _SELFTESTS_FUSE_H
#define _SELFTESTS_FUSE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/fuse.h>
#include <linux/hash_info.h>

#define FUSE_PROGRAM	2
#define FUSE_XATTR_SIZE	65536	/* XATTR_SIZE_MAX */

struct fuse_server {
	int fd;
	uint8_t *content;
	size_t size;
	bool is_signed, once;
	const char *moved;
	unsigned int opened;
};

static void fuse_reply(struct fuse_server *s, uint64_t unique, int error, const void *data,
		       size_t len)
{
	static uint8_t out[sizeof(struct fuse_out_header) + (1 << 20)];
	struct fuse_out_header header = {
		.len = sizeof(header) + (error ? 0 : len), .error = -error, .unique = unique,
	};

	memcpy(out, &header, sizeof(header));
	if (!error && len)
		memcpy(out + sizeof(header), data, len);
	/* Whoever asked may be gone. */
	if (write(s->fd, out, header.len) < 0 && errno != ENOENT)
		_exit(3);
}

static struct fuse_attr fuse_attributes(const struct fuse_server *s, uint64_t node)
{
	bool program = node == FUSE_PROGRAM;

	return (struct fuse_attr){
		.ino = node, .nlink = 1, .blksize = 4096, .size = program ? s->size : 0,
		.mode = program ? S_IFREG | 0755 : S_IFDIR | 0755,
	};
}

static void fuse_xattr(struct fuse_server *s, const struct fuse_in_header *in,
		       const struct fuse_getxattr_in *arg)
{
	static uint8_t value[FUSE_XATTR_SIZE];
	struct fuse_getxattr_out size = { .size = sizeof(value) };

	value[0] = 3;		/* EVM_IMA_XATTR_DIGSIG */
	value[1] = 2;		/* of version 2 */
	value[2] = HASH_ALGO_SHA256;	/* IMA lists no file whose hash the kernel lacks */
	if (!s->is_signed || in->nodeid != FUSE_PROGRAM || strcmp((char *)(arg + 1), "security.ima"))
		fuse_reply(s, in->unique, ENODATA, NULL, 0);
	else if (!arg->size)
		fuse_reply(s, in->unique, 0, &size, sizeof(size));
	else if (arg->size < sizeof(value))
		fuse_reply(s, in->unique, ERANGE, NULL, 0);
	else
		fuse_reply(s, in->unique, 0, value, sizeof(value));
}

static void fuse_content(struct fuse_server *s, uint64_t unique, const struct fuse_read_in *arg)
{
	size_t at = arg->offset < s->size ? arg->offset : s->size;
	size_t len = arg->size < s->size - at ? arg->size : s->size - at;

	fuse_reply(s, unique, 0, s->content + at, len);
}

static void fuse_move(const char *to)
{
	char from[256];

	snprintf(from, sizeof(from), "%s.moved", to);
	if (rename(from, to) && errno != ENOENT)
		_exit(3);
}

static void fuse_answer(struct fuse_server *s, const struct fuse_in_header *in)
{
	const void *arg = in + 1;
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096,
	};
	struct fuse_entry_out entry = {
		.nodeid = FUSE_PROGRAM, .generation = 1, .attr = fuse_attributes(s, FUSE_PROGRAM),
	};
	struct fuse_attr_out attr = { .attr = fuse_attributes(s, in->nodeid) };
	struct fuse_open_out opened = { .fh = 1 };
	struct fuse_statfs_out room = { .st = { .bsize = 4096, .namelen = 255, .frsize = 4096 } };

	switch (in->opcode) {
	case FUSE_INIT:
		fuse_reply(s, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		fuse_reply(s, in->unique, strcmp(arg, "program") ? ENOENT : 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		fuse_reply(s, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_STATFS:
		fuse_reply(s, in->unique, 0, &room, sizeof(room));
		break;
	case FUSE_OPEN:
		if (s->moved)
			fuse_move(s->moved);
		if (!s->once || !s->opened++)
			fuse_reply(s, in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		fuse_content(s, in->unique, arg);
		break;
	case FUSE_GETXATTR:
		fuse_xattr(s, in, arg);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		fuse_reply(s, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
	case FUSE_DESTROY:
		break;
	default:
		fuse_reply(s, in->unique, ENOSYS, NULL, 0);
	}
}

static void fuse_fail(const char *what)
{
	perror(what);
	exit(2);
}

static void fuse_load(struct fuse_server *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fuse_fail(path);
	s->size = st.st_size;
	s->content = malloc(s->size);
	if (!s->content || read(fd, s->content, s->size) != (ssize_t)s->size)
		fuse_fail(path);
	close(fd);
}

static void fuse_mount(struct fuse_server *s, const char *folder)
{
	char options[128];

	s->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		fuse_fail("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", s->fd,
		 getuid(), getgid());
	if (mount("fuse", folder, "fuse", MS_NOSUID | MS_NODEV, options))
		fuse_fail(folder);
}

/* Until @child has ended: its exit status, as a shell has it. */
static int fuse_serve(struct fuse_server *s, pid_t child)
{
	static uint8_t request[1 << 20] __attribute__((aligned(8)));
	struct pollfd fds[] = {
		{ .fd = s->fd, .events = POLLIN },
		{ .fd = syscall(SYS_pidfd_open, child, 0), .events = POLLIN },
	};
	int status;

	while (poll(fds, 2, -1) > 0 && !fds[1].revents)
		if (read(s->fd, request, sizeof(request)) > 0)
			fuse_answer(s, (struct fuse_in_header *)request);
	if (waitpid(child, &status, 0) != child)
		fuse_fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int fuse_main(int argc, char **argv)
{
	struct fuse_server s = { .fd = -1 };
	pid_t child;

	if (argc < 5)
		return 2;
	s.is_signed = !strcmp(argv[3], "signed");
	s.once = !strcmp(argv[3], "once");
	s.moved = strcmp(argv[3], "moved") ? NULL : argv[4];
	fuse_load(&s, argv[2]);
	fuse_mount(&s, argv[1]);
	child = fork();
	if (child < 0)
		fuse_fail("fork");
	if (!child) {
		execvp(argv[4], argv + 4);
		_exit(126);
	}
	return fuse_serve(&s, child);
}

#endif
