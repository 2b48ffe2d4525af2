/* SPDX-License-Identifier: MIT */
#pragma once

/* varlink: messages of the Varlink protocol (varlink.org): JSON objects, each ended by a NUL. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macros.h"

#define VARLINK_NAME_MAX 128

struct varlink_call {
	char interface[VARLINK_NAME_MAX]; /* "io.tunnelto.Client" */
	char method[VARLINK_NAME_MAX];    /* "Status" */
	json_t *parameters;               /* owned; an object, perhaps empty */
	bool more, oneway, upgrade;
};

/* One message of @n bytes without its NUL. 0, or -EPROTO when it is not a call. */
int varlink_call_parse(struct varlink_call *ret, const char *message, size_t n) MUST_USE;
void varlink_call_deinit(struct varlink_call *c);
/* A reply's or error's text without its NUL, to be freed; steals @parameters. @error NULL: none. */
char *varlink_reply_format(json_t *parameters, const char *error, bool continues) MUST_USE;
char *varlink_call_format(const char *method, json_t *parameters, bool more) MUST_USE;

struct varlink_reply {
	json_t *parameters;               /* owned */
	char error[2 * VARLINK_NAME_MAX]; /* "" none */
	bool continues;
};
int varlink_reply_parse(struct varlink_reply *ret, const char *message, size_t n) MUST_USE;
void varlink_reply_deinit(struct varlink_reply *r);
