// SPDX-License-Identifier: GPL-2.0
/*
 * A TLS 1.3 server whose private key is in the chip, in as few lines as show how.
 * It stands alone: all that it knows of bastion is the key type's name.
 *
 *	bastionctl key new web --ecdsa --verifier V --policy P -o web.blob
 *	bastionctl key csr web --subject /CN=localhost -o web.csr
 *	(have web.csr signed by a certification authority: web.pem)
 *	bastion-tls-server web.pem web 4433
 *	openssl s_client -connect 127.0.0.1:4433 -CAfile ca.pem -quiet
 *
 * Every handshake needs one signature, and the kernel has the chip make it only
 * while a grant is live. When the gate is locked the handshake waits, and fails
 * after the module's release_timeout: a machine that nobody vouches for cannot
 * show its certificate, and there is no key that it could have leaked.
 *
 * Clients are served one after the other. A real server would not let them wait
 * for each other: keyctl_pkey_sign(3) blocks the thread that calls it.
 */

/*
 * OpenSSL 3.0 has two ways to a private key that is elsewhere: a provider, which is
 * a program of its own, and methods of EC_KEY, which it calls deprecated and goes on
 * to support. The second is what fits here.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <keyutils.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define CLIENT_SECONDS 10
#define GREETING "Hello from a key that nobody has.\n"

static key_serial_t chip_key;

static void die(const char *what)
{
	fprintf(stderr, "tls-server: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void die_errno(const char *what)
{
	fprintf(stderr, "tls-server: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* What the errors of keyctl_pkey_sign(3) mean to whoever reads the server's log. */
static const char *explain(int error)
{
	switch (error) {
	case ETIMEDOUT:
		return "no grant came in time: is the gate locked? (bastionctl status)";
	case EKEYREJECTED:
		return "the grant, the chip or the key refuses (bastionctl key show)";
	case EACCES:
		return "only the key's owner may sign with it (bastionctl key show)";
	case EKEYEXPIRED:
	case EKEYREVOKED:
		return "the grant ended meanwhile";
	default:
		return strerror(error);
	}
}

/*
 * ECDSA_sign(3) for our key: a digest goes in, DER comes out. The digest is SHA-384, which
 * is what TLS 1.3 has for P-384 (RFC 8446, 4.2.3), so its length says it all.
 */
static int sign_in_chip(int type, const unsigned char *digest, int len, unsigned char *sig,
			unsigned int *sig_len, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key)
{
	long n = keyctl_pkey_sign(chip_key, "enc=x962", digest, len, sig, ECDSA_size(key));

	if (n < 0) {
		fprintf(stderr, "tls-server: cannot sign: %s\n", explain(errno));
		return 0;
	}
	*sig_len = n;
	return 1;
}

/* OpenSSL's own key but for its signature; the public half comes from the certificate. */
static EVP_PKEY *key_in_chip(X509 *certificate)
{
	const EC_KEY *public = EVP_PKEY_get0_EC_KEY(X509_get0_pubkey(certificate));
	EC_KEY_METHOD *method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	EC_KEY *key = EC_KEY_new_by_curve_name(NID_secp384r1);
	EVP_PKEY *pkey = EVP_PKEY_new();

	if (!public || !method || !key || !pkey ||
	    EC_KEY_set_public_key(key, EC_KEY_get0_public_key(public)) != 1)
		die("the certificate has no public key on P-384");
	EC_KEY_METHOD_set_sign(method, sign_in_chip, NULL, NULL);
	/* Before it becomes an EVP_PKEY, which looks whether the key is OpenSSL's own. */
	EC_KEY_set_method(key, method);
	if (EVP_PKEY_assign_EC_KEY(pkey, key) != 1)
		die("cannot use the key");
	return pkey;
}

static SSL_CTX *make_context(const char *certificate)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1)
		die("cannot set up TLS 1.3");
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		die("cannot read the certificate");
	if (SSL_CTX_use_PrivateKey(ctx, key_in_chip(SSL_CTX_get0_certificate(ctx))) != 1)
		die("cannot use the key");
	/* A resumed session would spare the signature, and with it the grant. */
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

/* A serial number, or a name that is looked for in the keyrings of this process and its user. */
static key_serial_t find_key(const char *name)
{
	char *end;
	long serial = strtol(name, &end, 10);

	if (!*end && serial > 0 && serial <= INT32_MAX)
		return serial;
	keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_THREAD_KEYRING);
	return request_key("bastion", name, NULL, 0);
}

/* A port on the loopback interface, or the path of a UNIX socket. */
static int listen_at(const char *where)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int local = strchr(where, '/') != NULL, one = 1;
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = local ? sizeof(un) : sizeof(in);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(atoi(where));
	if ((size_t)snprintf(un.sun_path, sizeof(un.sun_path), "%s", where) >= sizeof(un.sun_path))
		die("the path of the socket is too long");
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, local ? (struct sockaddr *)&un : (struct sockaddr *)&in, len) < 0 ||
	    listen(fd, 16) < 0)
		die_errno(where);
	return fd;
}

static void serve(SSL_CTX *ctx, int fd)
{
	static const struct timeval patience = { .tv_sec = CLIENT_SECONDS };
	SSL *ssl = SSL_new(ctx);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		die("cannot set up a connection");
	if (SSL_accept(ssl) == 1) {
		SSL_write(ssl, GREETING, strlen(GREETING));
		SSL_shutdown(ssl);
	} else {
		fprintf(stderr, "tls-server: the handshake failed\n");
		ERR_print_errors_fp(stderr);
	}
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	struct keyctl_pkey_query query;
	SSL_CTX *ctx;
	int fd, client;

	if (argc != 4) {
		fprintf(stderr, "usage: bastion-tls-server CERTIFICATE.pem KEY PORT|/SOCKET\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	chip_key = find_key(argv[2]);
	/* This asks for no signature: it works while the gate is locked. */
	if (chip_key < 0 || keyctl_pkey_query(chip_key, "enc=x962", &query) < 0)
		die_errno(argv[2]);
	ctx = make_context(argv[1]);
	fd = listen_at(argv[3]);
	printf("listening at %s\n", argv[3]);
	fflush(stdout);
	while ((client = accept(fd, NULL, NULL)) >= 0)
		serve(ctx, client);
	die_errno("accept");
}
