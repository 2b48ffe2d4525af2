/* SPDX-License-Identifier: MIT */
/*
 * The bench's own origin, for what nginx does not do: it takes uploads and throws them away, or
 *answers with their SHA-256, and it holds upgraded connections without a word.
 *
 *	origin PORT		listens on all addresses
 *
 *	PUT, POST /hash		200, the body's SHA-256 in hex
 *	PUT, POST anything else	200, "ok"
 *	GET with Upgrade	101, then silence until the other end closes
 *	GET without		200, "ok"
 *
 * Bodies need a Content-Length. One thread; a head must arrive in one piece of at most HEAD_MAX
 *bytes, which every client of the bench does. It is a measuring tool, not a server: do not expose
 *it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 16384, BODY_PIECE = 1 << 20, EVENTS = 256 };

struct visitor {
	int fd;
	size_t head_n;
	unsigned long long left; /* of the body */
	EVP_MD_CTX *hash;        /* while a hashed body arrives */
	bool in_body, upgraded;
	char *head; /* HEAD_MAX, while there is one: idle connections hold none */
};

static char piece[BODY_PIECE];

static void visitor_free(struct visitor *v)
{
	close(v->fd);
	EVP_MD_CTX_free(v->hash);
	free(v->head);
	free(v);
}

static bool say(const struct visitor *v, const char *text, size_t n)
{
	return send(v->fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool answer(const struct visitor *v, const char *body)
{
	char out[256];
	int n = snprintf(out, sizeof(out), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);

	return say(v, out, (size_t)n);
}

static bool body_done(struct visitor *v)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "ok";
	unsigned n = 0;

	if (v->hash) {
		EVP_DigestFinal_ex(v->hash, digest, &n);
		EVP_MD_CTX_free(v->hash);
		v->hash = NULL;
	}
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	v->in_body = false;
	return answer(v, hex);
}

/* Take @n bytes of a body; false when more came than was announced, or the answer could not be
 * given. */
static bool body_take(struct visitor *v, const char *data, size_t n)
{
	if (n > v->left)
		return false;
	if (v->hash)
		EVP_DigestUpdate(v->hash, data, n);
	v->left -= n;
	return v->left > 0 || body_done(v);
}

static const char *field(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p; p = strstr(p + 2, "\r\n"))
		if (strncasecmp(p + 2, name, n) == 0 && p[2 + n] == ':')
			return p + 2 + n + 1;
	return NULL;
}

/* A whole head is there, @used bytes of it; what follows is body. */
static bool head_done(struct visitor *v, size_t used)
{
	const char *length = field(v->head, "Content-Length");
	bool get = strncmp(v->head, "GET ", 4) == 0;
	char *rest = v->head + used;
	size_t rest_n = v->head_n - used;
	bool ok;

	v->left = length ? strtoull(length, NULL, 10) : 0;
	if (get && field(v->head, "Upgrade")) {
		static const char yes[] = "HTTP/1.1 101 Switching Protocols\r\n"
					  "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
		v->upgraded = true;
		ok = say(v, yes, sizeof(yes) - 1);
	} else if (get || !v->left) {
		ok = rest_n == 0 && answer(v, "ok");
	} else {
		const char *path = strchr(v->head, ' ');

		v->in_body = true;
		if (path && strncmp(path + 1, "/hash", 5) == 0) {
			v->hash = EVP_MD_CTX_new();
			ok = v->hash && EVP_DigestInit_ex(v->hash, EVP_sha256(), NULL) == 1;
		} else {
			ok = true;
		}
		ok = ok &&
		     (!field(v->head, "Expect") || say(v, "HTTP/1.1 100 Continue\r\n\r\n", 25));
		ok = ok && (rest_n == 0 || body_take(v, rest, rest_n));
	}
	free(v->head);
	v->head = NULL;
	v->head_n = 0;
	return ok;
}

static bool visitor_head(struct visitor *v)
{
	ssize_t n;
	char *end;

	if (!v->head && !(v->head = malloc(HEAD_MAX + 1)))
		return false;
	n = recv(v->fd, v->head + v->head_n, HEAD_MAX - v->head_n, 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	v->head_n += (size_t)n;
	v->head[v->head_n] = '\0';
	end = strstr(v->head, "\r\n\r\n");
	if (!end)
		return v->head_n < HEAD_MAX;
	return head_done(v, (size_t)(end + 4 - v->head));
}

/* Input is there; false when the connection is over. */
static bool visitor_input(struct visitor *v)
{
	ssize_t n;

	if (!v->in_body && !v->upgraded)
		return visitor_head(v);
	n = recv(v->fd, piece, sizeof(piece), 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	return v->upgraded || body_take(v, piece, (size_t)n);
}

static void accept_all(int listener, int ep)
{
	for (;;) {
		int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct visitor *v;

		if (fd < 0)
			return;
		v = calloc(1, sizeof(*v));
		if (!v) {
			close(fd);
			return;
		}
		v->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd,
			    &(struct epoll_event){.events = EPOLLIN, .data.ptr = v}) < 0)
			visitor_free(v);
	}
}

static int open_listener(unsigned short port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4096) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int listener = argc == 2 ? open_listener((unsigned short)strtoul(argv[1], NULL, 10)) : -1;

	if (ep < 0 || listener < 0) {
		fprintf(stderr, "usage: origin PORT (%s)\n", strerror(errno));
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct visitor *v = events[i].data.ptr;

			if (!v)
				accept_all(listener, ep);
			else if (!visitor_input(v))
				visitor_free(v);
		}
	}
}
