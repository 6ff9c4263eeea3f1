// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bastion/chip.h>

#include "bastion-chip/ivshmem.h"
#include "bastion-chip/socket.h"

#define PROTOCOL_VERSION 0
#define PEER_CHIP 0
#define PEER_QEMU 1
#define MESSAGE_MEMORY (-1)

static int send_message(int client, int64_t value, int fd)
{
	struct iovec part = { .iov_base = &value, .iov_len = sizeof(value) };
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;

	value = (int64_t)htole64(value);
	if (fd >= 0) {
		message.msg_control = control.buffer;
		message.msg_controllen = sizeof(control.buffer);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	return sendmsg(client, &message, MSG_NOSIGNAL) == sizeof(value) ? 0 : -1;
}

/* The order is the protocol's: version, id, memory, other peers' vectors, one's own. */
static int handshake(struct chip_ivshmem *server)
{
	int client = server->client.fd;

	if (send_message(client, PROTOCOL_VERSION, -1) || send_message(client, PEER_QEMU, -1) ||
	    send_message(client, MESSAGE_MEMORY, server->memory_fd) ||
	    send_message(client, PEER_CHIP, server->bell.fd))
		return -1;
	return server->interrupts ? send_message(client, PEER_QEMU, server->interrupt_fd) : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void release(struct chip_ivshmem *server)
{
	chip_loop_remove(server->loop, &server->client);
	chip_loop_remove(server->loop, &server->bell);
	close_fd(&server->client.fd);
	close_fd(&server->bell.fd);
	close_fd(&server->interrupt_fd);
	if (server->memory)
		munmap(server->memory, BASTION_MBOX_SIZE);
	server->memory = NULL;
	close_fd(&server->memory_fd);
}

/*
 * Memory and eventfds are new for every QEMU, so that none reaches into the next
 * one's. The seals keep a QEMU from shrinking the memory under our feet.
 */
static int acquire(struct chip_ivshmem *server)
{
	server->bell.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	server->interrupt_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	server->memory_fd = memfd_create("bastion-chip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (server->bell.fd < 0 || server->interrupt_fd < 0 || server->memory_fd < 0 ||
	    ftruncate(server->memory_fd, BASTION_MBOX_SIZE) < 0 ||
	    fcntl(server->memory_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -1;
	server->memory = mmap(NULL, BASTION_MBOX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			      server->memory_fd, 0);
	if (server->memory == MAP_FAILED) {
		server->memory = NULL;
		return -1;
	}
	return 0;
}

static void hang_up(struct chip_ivshmem *server)
{
	server->power_off(server->data);
	release(server);
	chip_loop_add(server->loop, &server->listener);
}

static void client_ready(void *data)
{
	struct chip_ivshmem *server = data;
	char ignored[64];
	ssize_t got = recv(server->client.fd, ignored, sizeof(ignored), 0);

	/* A client has nothing to say after the handshake but goodbye. */
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	hang_up(server);
}

/* The eventfd is shared with QEMU, which may have read it or made it blocking. */
static void bell_ready(void *data)
{
	struct chip_ivshmem *server = data;
	uint64_t count;

	if (read(server->bell.fd, &count, sizeof(count)) == sizeof(count))
		server->doorbell(server->data);
}

static void listener_ready(void *data)
{
	struct chip_ivshmem *server = data;
	int client = accept4(server->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client < 0)
		return;
	server->client.fd = client;
	if (acquire(server) || !server->power_on(server->data, server->memory)) {
		release(server);
		return;
	}
	chip_loop_remove(server->loop, &server->listener);
	if (handshake(server)) {
		hang_up(server);
		return;
	}
	chip_loop_add(server->loop, &server->client);
	chip_loop_add(server->loop, &server->bell);
}

int chip_ivshmem_listen(struct chip_ivshmem *server, const char *path, struct complaint *why)
{
	server->client = (struct chip_source){ .fd = -1, .ready = client_ready, .data = server };
	server->bell = (struct chip_source){ .fd = -1, .ready = bell_ready, .data = server };
	server->interrupt_fd = -1;
	server->memory_fd = -1;
	server->memory = NULL;
	server->listener = (struct chip_source){
		.fd = chip_socket_listen(path, why),
		.ready = listener_ready,
		.data = server,
	};
	if (server->listener.fd < 0)
		return -1;
	chip_loop_add(server->loop, &server->listener);
	return 0;
}

void chip_ivshmem_ring(struct chip_ivshmem *server)
{
	uint64_t one = 1;

	/* It fails only when the counter is full, and then the guest has been rung. */
	if (server->interrupt_fd >= 0 && write(server->interrupt_fd, &one, sizeof(one)) < 0)
		return;
}

void chip_ivshmem_close(struct chip_ivshmem *server)
{
	if (server->client.fd >= 0)
		hang_up(server);
	chip_loop_remove(server->loop, &server->listener);
	close_fd(&server->listener.fd);
}
