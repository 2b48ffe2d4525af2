/* SPDX-License-Identifier: MIT */
#pragma once

/* ctl_client: the control socket's caller end: blocking, with deadlines, without a loop; or asked
 * whenever its descriptor is readable. */

#include <stdbool.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/macros.h"

struct ctl_client;
struct err;

enum ctl_client_result {
	CTL_CLIENT_OK = 0,
	CTL_CLIENT_NO_DAEMON, /* nobody listens there */
	CTL_CLIENT_REFUSED,   /* the socket's mode, or org.varlink.service.PermissionDenied */
	CTL_CLIENT_ERROR,     /* the method answered with an error */
	CTL_CLIENT_BROKEN,    /* connection lost, deadline passed, not Varlink */
};

/* NULL and *ret_why and words. */
struct ctl_client *ctl_client_open(const char *path, enum ctl_client_result *ret_why,
	struct err *err) MUST_USE;
void ctl_client_close(struct ctl_client *c);
/* Call "io.tunnelto.Client.Status". @params is stolen (NULL: empty). @timeout_ms 0: none. On OK
 * *ret_reply is the parameters object (to be decref'ed), on ERROR the error's parameters, and its
 * name is in ctl_client_error(). */
enum ctl_client_result ctl_client_call(struct ctl_client *c, const char *method, json_t *params,
	int timeout_ms, json_t **ret_reply, struct err *err) MUST_USE;
/* ctl_client_more() ends then, and that is OK; 0: never. */
void ctl_client_until(struct ctl_client *c, clock_ms_t until);
/* The same with "more": @each (reply borrowed) until the final one, or until it returns false. */
typedef bool ctl_client_each_f(struct ctl_client *c, json_t *reply, void *arg);
enum ctl_client_result ctl_client_more(struct ctl_client *c, const char *method, json_t *params,
	ctl_client_each_f *each, void *arg, struct err *err) MUST_USE;
/* For callers that wait for several things: begin a call (0 or -errno; @params is stolen), then,
 * whenever the descriptor is readable, ask until it says 0. 1: a reply is in *ret_reply (owned), or
 * an error's parameters, and ctl_client_error() is not empty; 0: none has come whole; negative
 * errno: the connection is of no use any more. Never waits. */
int ctl_client_begin(struct ctl_client *c, const char *method, json_t *params, bool more) MUST_USE;
int ctl_client_poll(struct ctl_client *c, json_t **ret_reply) MUST_USE;
const char *ctl_client_error(const struct ctl_client *c);
int ctl_client_fd(const struct ctl_client *c);
