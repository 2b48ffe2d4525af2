/* SPDX-License-Identifier: MIT */
#pragma once

/* varlink: messages of the Varlink protocol (varlink.org): JSON objects, each ended by a NUL. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macros.h"

#define VARLINK_NAME_MAX 128

/* From here on the memory that JSON was in is overwritten when it is given back, all of it: keys,
 * the dashboard's token and the secrets of webhooks pass through calls and replies. For main(),
 * before there is any JSON. */
void varlink_setup(void);

struct varlink_call {
	char interface[VARLINK_NAME_MAX]; /* "io.tunnelto.Client" */
	char method[VARLINK_NAME_MAX];    /* "Status" */
	json_t *parameters;               /* owned; an object, perhaps empty */
	bool more, oneway, upgrade;
};

/* One message of @n bytes without its NUL. 0, or -EPROTO when it is not a call. */
int varlink_call_parse(struct varlink_call *ret, const char *message, size_t n) MUST_USE;
void varlink_call_deinit(struct varlink_call *c);
/* A reply's or error's text without its NUL, for varlink_free_text(); steals @parameters. @error
 * NULL: none. */
char *varlink_reply_format(json_t *parameters, const char *error, bool continues) MUST_USE;
char *varlink_call_format(const char *method, json_t *parameters, bool more) MUST_USE;
/* Overwritten first. NULL is allowed. */
void varlink_free_text(char *text);

struct varlink_reply {
	json_t *parameters;               /* owned */
	char error[2 * VARLINK_NAME_MAX]; /* "" none */
	bool continues;
};
int varlink_reply_parse(struct varlink_reply *ret, const char *message, size_t n) MUST_USE;
void varlink_reply_deinit(struct varlink_reply *r);
