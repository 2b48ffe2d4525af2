/* SPDX-License-Identifier: MIT */
/*
 * listener: a listening socket on the loop, bound here or passed in.
 *
 * At most LISTENER_ACCEPTS_PER_TURN connections are taken per turn. Out of descriptors it stops
 * accepting for a second (the backlog holds the visitors) and says so once.
 */
#include "io/listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "io/loop.h"

#define PAUSE_MS 1000

static bool is_exhaustion(int e)
{
	return e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM;
}

static void pause_accepting(struct listener *l, int e)
{
	static struct log_limit limit;

	if (log_limit_pass(&limit, clock_ms(), 1))
		message_log(LOG_LV_WARNING, NO_DESCRIPTORS,
			"cannot accept a connection, pausing for a second: %s", strerror(e));
	ev_io_stop(l->loop->ev, &l->accept);
	timer_start(&l->pause, PAUSE_MS);
}

/* Take one from the backlog; false when there is none, or none can be taken now. */
static bool accept_one(struct listener *l)
{
	struct addr peer = {.len = sizeof(peer.sa)};
	int one = 1, fd;

	fd = accept4(l->fd, (struct sockaddr *)&peer.sa, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (is_exhaustion(errno))
			pause_accepting(l, errno);
		return errno == EINTR || errno == ECONNABORTED;
	}
	if (peer.sa.ss_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	l->accepted(l, fd, &peer);
	return true;
}

static void accept_some(struct listener *l, int most)
{
	while (most-- > 0 && l->fd >= 0 && accept_one(l))
		continue;
}

static void on_accept(struct ev_loop *ev, ev_io *w, int revents)
{
	accept_some(container_of(w, struct listener, accept), LISTENER_ACCEPTS_PER_TURN);
}

static void on_pause_over(struct timer *t)
{
	struct listener *l = container_of(t, struct listener, pause);

	ev_io_start(l->loop->ev, &l->accept);
}

void listener_init(struct listener *l)
{
	memset(l, 0, sizeof(*l));
	l->fd = -1;
}

int listener_adopt(struct listener *l, struct loop *loop, int fd, listener_accept_f *accepted,
	struct err *err)
{
	int listening = 0, flags = fcntl(fd, F_GETFL);
	socklen_t n = sizeof(listening);

	assert(l->fd < 0 && accepted);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) < 0 || !listening)
		return err_set(err, -EINVAL, "descriptor %d is not a listening socket", fd);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_set_errno(err, -errno, "descriptor %d", fd);

	l->fd = fd;
	l->loop = loop;
	l->accepted = accepted;
	l->local.len = sizeof(l->local.sa);
	(void)getsockname(fd, (struct sockaddr *)&l->local.sa, &l->local.len);
	timer_init(&l->pause, loop, on_pause_over);
	ev_io_init(&l->accept, on_accept, fd, EV_READ);
	ev_io_start(loop->ev, &l->accept);
	return 0;
}

/* A socket file nobody listens on any more is in the way; one that answers is somebody else's. */
static int clear_stale(const struct addr *a)
{
	const char *path = ((const struct sockaddr_un *)&a->sa)->sun_path;
	struct stat st;
	int fd, r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)&a->sa, a->len);
	r = r == 0 || errno == EAGAIN ? -EADDRINUSE : 0;
	close(fd);
	if (r == 0 && unlink(path) < 0)
		r = -errno;
	return r;
}

static int bind_and_listen(int fd, const struct addr *a, unsigned int mode)
{
	int one = 1, zero = 0, r = 0;

	if (a->sa.ss_family == AF_UNIX) {
		r = clear_stale(a);
		if (r < 0)
			return r;
		(void)fchmod(fd, (mode_t)mode);
	} else {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	}
	if (a->sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0)
		return -errno;
	if (a->sa.ss_family == AF_UNIX &&
		chmod(((const struct sockaddr_un *)&a->sa)->sun_path, (mode_t)mode) < 0)
		return -errno;
	return listen(fd, LISTENER_BACKLOG) < 0 ? -errno : 0;
}

/* "Every address" is written [::]; on a machine without IPv6 that is 0.0.0.0. */
static bool any_v4_instead(const struct addr *a, struct addr *ret)
{
	if (a->sa.ss_family != AF_INET6 ||
		!IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&a->sa)->sin6_addr))
		return false;
	return addr_parse_ip(ret, "0.0.0.0", addr_port(a)) == 0;
}

int listener_open(struct listener *l, struct loop *loop, const struct addr *a, unsigned int mode,
	listener_accept_f *accepted, struct err *err)
{
	char text[ADDR_TEXT_MAX];
	struct addr v4;
	int fd, r;

	addr_format(a, text);
	fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && any_v4_instead(a, &v4)) {
		a = &v4;
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (fd < 0)
		return err_set_errno(err, -errno, "cannot listen on %s", text);
	r = bind_and_listen(fd, a, mode);
	if (r < 0) {
		close(fd);
		return err_set_errno(err, r, "cannot listen on %s", text);
	}
	r = listener_adopt(l, loop, fd, accepted, err);
	if (r < 0)
		close(fd);
	else if (a->sa.ss_family == AF_UNIX)
		l->unlink_path = mem_strdup(((const struct sockaddr_un *)&a->sa)->sun_path);
	return r;
}

void listener_stop(struct listener *l)
{
	if (l->fd < 0)
		return;
	timer_stop(&l->pause);
	ev_io_stop(l->loop->ev, &l->accept);
}

void listener_finish(struct listener *l)
{
	accept_some(l, LISTENER_BACKLOG);
	listener_stop(l);
}

void listener_close(struct listener *l)
{
	if (l->fd < 0)
		return;
	listener_stop(l);
	close(TAKE_FD(l->fd));
	if (l->unlink_path)
		(void)unlink(l->unlink_path);
	free(TAKE_PTR(l->unlink_path));
}

void listener_resume(struct listener *l)
{
	if (l->fd < 0 || !timer_is_active(&l->pause))
		return; /* not paused: accepting, or stopped for good */
	timer_stop(&l->pause);
	ev_io_start(l->loop->ev, &l->accept);
}
