/* SPDX-License-Identifier: MIT */
#pragma once

/* ctl_test: a control server on a socket of its own, and raw callers that say anything to it. */

#include "../cm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "ctl/ctl_server.h"
#include "io/loop.h"
#include "io/timer.h"

#define UNTIL_MS 10000

static struct loop the_loop;
static struct ctl_server server;
static char the_dir[64], the_path[108];
static struct timer ctl_test_tick;

/* What a Hold call left behind, and whether its caller went away. */
static struct ctl_call *held;
static struct ctl_watch held_watch;
static unsigned int n_gone;
/* A Fill call says {bytes} whenever all it said has left. */
static struct ctl_watch fill_watch;
static unsigned int n_filled;
static size_t fill_size;

static UNUSED void on_held_gone(struct ctl_watch *w)
{
	assert_ptr_equal(w, &held_watch);
	held = NULL;
	n_gone++;
}

static UNUSED void on_hold(struct ctl_call *c, json_t *params)
{
	held = c;
	ctl_call_watch(c, &held_watch, on_held_gone);
}

static UNUSED void on_echo(struct ctl_call *c, json_t *params)
{
	ctl_call_reply(c, json_incref(params));
}

static UNUSED json_t *fill_piece(void)
{
	char *text = malloc(fill_size);
	json_t *piece;

	memset(text, 'x', fill_size);
	piece = json_pack("{s:s%}", "text", text, fill_size);
	free(text);
	return piece;
}

static UNUSED void on_fill_flushed(struct ctl_watch *w)
{
	assert_int_equal(ctl_call_queued(w->call), 0);
	n_filled++;
	assert_true(ctl_call_continue(w->call, fill_piece()));
}

static UNUSED void on_fill_gone(struct ctl_watch *w)
{
	n_gone++;
}

static UNUSED void on_fill(struct ctl_call *c, json_t *params)
{
	n_filled = 0;
	fill_size = (size_t)json_integer_value(json_object_get(params, "bytes"));
	fill_watch.flushed = on_fill_flushed;
	ctl_call_watch(c, &fill_watch, on_fill_gone);
	assert_true(ctl_call_continue(c, fill_piece()));
}

/* {bytes}: an answer of that size */
static UNUSED void on_big(struct ctl_call *c, json_t *params)
{
	size_t n = (size_t)json_integer_value(json_object_get(params, "bytes"));
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	ctl_call_reply(c, json_pack("{s:s#}", "text", text, n));
	free(text);
}

/* Three replies when more is wanted. */
static UNUSED void on_count(struct ctl_call *c, json_t *params)
{
	for (int i = 1; ctl_call_wants_more(c) && i < 3; i++)
		assert_true(ctl_call_continue(c, json_pack("{s:i}", "n", i)));
	ctl_call_reply(c, json_pack("{s:i}", "n", 3));
}

static UNUSED void on_fail(struct ctl_call *c, json_t *params)
{
	ctl_call_fail(c, "Broken", json_pack("{s:s}", "why", "asked for"));
}

static UNUSED void on_demand(struct ctl_call *c, json_t *params)
{
	ctl_call_bad_parameter(c, "name");
}

static const struct ctl_method test_methods[] = {
	{"Echo", CTL_RIGHT_READ, on_echo},
	{"Hold", CTL_RIGHT_READ, on_hold},
	{"Big", CTL_RIGHT_READ, on_big},
	{"Count", CTL_RIGHT_READ, on_count},
	{"Fill", CTL_RIGHT_READ, on_fill},
	{"Fail", CTL_RIGHT_READ, on_fail},
	{"Demand", CTL_RIGHT_READ, on_demand},
	{"Operate", CTL_RIGHT_OPERATE, on_echo},
	{"Administer", CTL_RIGHT_ADMIN, on_echo},
};

static const struct ctl_interface test_interface = {
	.name = "io.tunnelto.Test",
	.description = "interface io.tunnelto.Test\n",
	.methods = test_methods,
	.n_methods = ARRAY_SIZE(test_methods),
};

static UNUSED void ctl_test_on_tick(struct timer *t)
{
	timer_start(t, 10);
}

/* Turn the loop until @condition holds; fail the test when it never does. */
#define until(condition)                                                                           \
	do {                                                                                       \
		clock_ms_t until_end = clock_ms() + UNTIL_MS;                                      \
                                                                                                   \
		timer_init(&ctl_test_tick, &the_loop, ctl_test_on_tick);                           \
		timer_start(&ctl_test_tick, 10);                                                   \
		while (!(condition)) {                                                             \
			if (clock_ms() > until_end)                                                \
				fail_msg("never: %s", #condition);                                 \
			ev_run(the_loop.ev, EVRUN_ONCE);                                           \
		}                                                                                  \
		timer_stop(&ctl_test_tick);                                                        \
	} while (0)

static UNUSED int open_server(const struct ctl_interface *i, const char *group)
{
	struct err err = {0};

	held = NULL;
	n_gone = 0;
	(void)snprintf(the_dir, sizeof(the_dir), "/tmp/ctl_test.XXXXXX");
	assert_non_null(mkdtemp(the_dir));
	(void)snprintf(the_path, sizeof(the_path), "%s/control", the_dir);
	assert_int_equal(loop_init(&the_loop), 0);
	ctl_server_init(&server, &the_loop, i, "testd", group);
	if (ctl_server_open(&server, the_path, /* fd= */ -1, &err) < 0)
		fail_msg("%s", err.text);
	return 0;
}

static UNUSED int setup(void **state)
{
	return open_server(&test_interface, NULL);
}

static UNUSED int teardown(void **state)
{
	ctl_server_close(&server);
	ctl_server_close(&server);
	loop_deinit(&the_loop);
	assert_int_equal(rmdir(the_dir), 0); /* the socket's file is gone with the server */
	return 0;
}

struct caller {
	int fd;
	struct buf in;
	bool closed; /* by the server */
};

static UNUSED void caller_open(struct caller *c)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	memset(c, 0, sizeof(*c));
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", the_path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
	buf_init(&c->in, 64 * 1024 * 1024);
}

static UNUSED void caller_close(struct caller *c)
{
	close(c->fd);
	buf_deinit(&c->in);
}

/* Say @n bytes, turning the loop while the socket is full. False: the server hung up. */
static UNUSED bool caller_say_bytes(struct caller *c, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);

		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		if (sent < 0) {
			assert_int_equal(errno, EAGAIN);
			ev_run(the_loop.ev, EVRUN_NOWAIT);
			continue;
		}
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* With its NUL. */
static UNUSED void caller_say(struct caller *c, const char *message)
{
	assert_true(caller_say_bytes(c, message, strlen(message) + 1));
}

static UNUSED bool caller_has_message(struct caller *c)
{
	char bytes[65536];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n > 0)
		assert_int_equal(buf_add(&c->in, bytes, (size_t)n), n);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		c->closed = true;
	return buf_len(&c->in) > 0 && memchr(buf_data(&c->in), '\0', buf_len(&c->in));
}

/* The next reply, to be decref'ed. */
static UNUSED json_t *caller_hear(struct caller *c)
{
	json_t *reply;

	until(caller_has_message(c) || c->closed);
	if (buf_len(&c->in) == 0)
		fail_msg("the server hung up");
	reply = json_loads((const char *)buf_data(&c->in), 0, NULL);
	assert_non_null(reply);
	buf_consume(&c->in, strlen((const char *)buf_data(&c->in)) + 1);
	return reply;
}

static UNUSED bool caller_is_shut_out(struct caller *c)
{
	(void)caller_has_message(c);
	return c->closed;
}

/* The next reply is error @name (NULL: none), whose parameter @key is @value (NULL: no matter). */
static UNUSED void expect_reply(struct caller *c, const char *name, const char *key,
	const char *value)
{
	json_t *reply = caller_hear(c);
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (name)
		assert_string_equal(error ? error : "no error", name);
	else
		assert_null(error);
	if (key)
		assert_string_equal(json_string_value(json_object_get(json_object_get(reply,
									      "parameters"),
					    key)),
			value);
	json_decref(reply);
}

/* A running server answers a new caller. */
static UNUSED void expect_alive(void)
{
	struct caller c;

	caller_open(&c);
	caller_say(&c,
		"{\"method\":\"io.tunnelto.Test.Echo\",\"parameters\":{\"still\":\"here\"}}");
	expect_reply(&c, NULL, "still", "here");
	caller_close(&c);
}
