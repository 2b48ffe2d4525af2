/* SPDX-License-Identifier: MIT */
/*
 * ctl_client: Varlink calls from a program without a loop: blocking, each wait with a deadline.
 * Includes nothing of io, so that tunnelctl links neither libev nor TLS.
 */
#include "ctl/ctl_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "proto/varlink.h"

#define ANSWER_MAX (4 * 1024 * 1024)
/* A daemon that neither accepts nor reads for so long hangs. */
#define SEND_SECONDS 10

struct ctl_client {
	int fd;
	struct buf in;
	char error[2 * VARLINK_NAME_MAX];
	clock_ms_t until; /* of a call with "more" */
};

static enum ctl_client_result class_of(int error)
{
	if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
		return CTL_CLIENT_NO_DAEMON;
	return error == EACCES || error == EPERM ? CTL_CLIENT_REFUSED : CTL_CLIENT_BROKEN;
}

struct ctl_client *ctl_client_open(const char *path, enum ctl_client_result *ret_why,
	struct err *err)
{
	const struct timeval patience = {.tv_sec = SEND_SECONDS};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ctl_client *c;
	int fd;

	if (strlen(path) >= sizeof(un.sun_path)) {
		*ret_why = CTL_CLIENT_BROKEN;
		(void)err_set(err, -ENAMETOOLONG, "'%s' is too long for a socket's path", path);
		return NULL;
	}
	memcpy(un.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		*ret_why = class_of(errno);
		(void)err_set_errno(err, -errno, "control socket '%s'", path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	c = mem_new(struct ctl_client);
	c->fd = fd;
	buf_init(&c->in, ANSWER_MAX);
	*ret_why = CTL_CLIENT_OK;
	return c;
}

void ctl_client_close(struct ctl_client *c)
{
	if (!c)
		return;
	close(c->fd);
	buf_deinit(&c->in);
	free(c);
}

static int send_all(struct ctl_client *c, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(c->fd, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		text += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Wait for input until @deadline (0: for ever). 0, -ETIMEDOUT, or -EINTR: a signal the program
 * handles. */
static int wait_input(struct ctl_client *c, clock_ms_t deadline)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	clock_ms_t now = clock_ms();
	int r;

	if (deadline && now >= deadline)
		return -ETIMEDOUT;
	r = poll(&p, 1, deadline ? (int)MIN(deadline - now, (clock_ms_t)3600000) : -1);
	if (r < 0)
		return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

/* A message that has come whole, into @ret: 1, or 0: there is none yet. */
static int take(struct ctl_client *c, struct varlink_reply *ret)
{
	const uint8_t *end = buf_len(&c->in) ? memchr(buf_data(&c->in), '\0', buf_len(&c->in))
					     : NULL;
	size_t len;
	int r;

	if (!end)
		return 0;
	len = (size_t)(end - buf_data(&c->in));
	r = varlink_reply_parse(ret, (const char *)buf_data(&c->in), len);
	buf_wipe(&c->in, len + 1);
	return r < 0 ? r : 1;
}

/* What has come, or comes (without MSG_DONTWAIT in @flags). */
static int fill(struct ctl_client *c, int flags)
{
	char bytes[16384];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), flags);
	size_t taken;

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	taken = buf_add(&c->in, bytes, (size_t)n);
	mem_wipe(bytes, (size_t)n);
	return taken < (size_t)n ? -EMSGSIZE : 0;
}

/* One message into @ret. */
static int receive(struct ctl_client *c, clock_ms_t deadline, struct varlink_reply *ret)
{
	for (;;) {
		int r = take(c, ret);

		if (r != 0)
			return r < 0 ? r : 0;
		r = wait_input(c, deadline);
		if (r == 0)
			r = fill(c, 0);
		if (r < 0)
			return r;
	}
}

static enum ctl_client_result broken(int r, const char *method, struct err *err)
{
	if (r == -ETIMEDOUT || r == -EAGAIN)
		(void)err_set(err, r, "the daemon did not answer %s in time", method);
	else if (r == -ECONNRESET || r == -EPIPE)
		(void)err_set(err, r, "the daemon closed the control connection");
	else
		(void)err_set_errno(err, r, "%s", method);
	return CTL_CLIENT_BROKEN;
}

static int begin(struct ctl_client *c, const char *method, json_t *params, bool more)
{
	char *text = varlink_call_format(method, params, more);
	int r = send_all(c, text, strlen(text) + 1);

	varlink_free_text(text);
	c->error[0] = '\0';
	return r;
}

static enum ctl_client_result on_error(struct ctl_client *c, const struct varlink_reply *reply,
	struct err *err)
{
	(void)snprintf(c->error, sizeof(c->error), "%s", reply->error);
	if (str_has_suffix(c->error, ".PermissionDenied")) {
		(void)err_set(err, -EACCES, "the daemon does not allow you that");
		return CTL_CLIENT_REFUSED;
	}
	(void)err_set(err, -EREMOTE, "the daemon answered with %s", c->error);
	return CTL_CLIENT_ERROR;
}

enum ctl_client_result ctl_client_call(struct ctl_client *c, const char *method, json_t *params,
	int timeout_ms, json_t **ret_reply, struct err *err)
{
	struct varlink_reply reply = {0};
	int r = begin(c, method, params, /* more= */ false);
	enum ctl_client_result result = CTL_CLIENT_OK;

	*ret_reply = NULL;
	if (r == 0)
		r = receive(c, timeout_ms ? clock_ms() + (clock_ms_t)timeout_ms : 0, &reply);
	if (r < 0)
		return broken(r, method, err);
	if (reply.error[0])
		result = on_error(c, &reply, err);
	*ret_reply = TAKE_PTR(reply.parameters);
	return result;
}

void ctl_client_until(struct ctl_client *c, clock_ms_t until)
{
	c->until = until;
}

enum ctl_client_result ctl_client_more(struct ctl_client *c, const char *method, json_t *params,
	ctl_client_each_f *each, void *arg, struct err *err)
{
	int r = begin(c, method, params, /* more= */ true);

	while (r == 0) {
		struct varlink_reply reply = {0};
		bool go_on, last;

		r = receive(c, c->until, &reply);
		if (r < 0)
			break;
		if (reply.error[0]) {
			enum ctl_client_result result = on_error(c, &reply, err);

			(void)each(c, reply.parameters, arg);
			varlink_reply_deinit(&reply);
			return result;
		}
		go_on = each(c, reply.parameters, arg);
		last = !reply.continues;
		varlink_reply_deinit(&reply);
		if (!go_on || last)
			return CTL_CLIENT_OK;
	}
	if (r == -EINTR || (r == -ETIMEDOUT && c->until))
		return CTL_CLIENT_OK; /* a signal that the caller waited for, or its time is over */
	return broken(r, method, err);
}

int ctl_client_begin(struct ctl_client *c, const char *method, json_t *params, bool more)
{
	return begin(c, method, params, more);
}

int ctl_client_poll(struct ctl_client *c, json_t **ret_reply)
{
	struct varlink_reply reply = {0};
	int r = take(c, &reply);

	while (r == 0) {
		r = fill(c, MSG_DONTWAIT);
		if (r == -EAGAIN || r == -EINTR)
			return 0;
		if (r == 0)
			r = take(c, &reply);
	}
	if (r < 0)
		return r;
	(void)snprintf(c->error, sizeof(c->error), "%s", reply.error);
	*ret_reply = TAKE_PTR(reply.parameters);
	return 1;
}

const char *ctl_client_error(const struct ctl_client *c)
{
	return c->error;
}

int ctl_client_fd(const struct ctl_client *c)
{
	return c->fd;
}
