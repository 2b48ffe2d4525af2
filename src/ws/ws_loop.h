/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_loop: the libwebsockets context on our loop; everything lws stays in this room. */

#include <stddef.h>

#include "base/macros.h"

struct loop;
struct ws_loop;
struct err;

/* @head_max: of the head of an HTTP request, whose room is held until it is answered; 0: 4 KiB.
 * NULL and words when lws or its libev plugin (a package of its own on Debian) is missing. */
struct ws_loop *ws_loop_new(struct loop *loop, size_t head_max, struct err *err) MUST_USE;
/* Every ws_server and ws_client on it must be closed. */
void ws_loop_free(struct ws_loop *w);
