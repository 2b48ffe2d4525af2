/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * ws_guest: how libwebsockets' loop and ours become one. There are two ways, chosen when a program
 * is linked: ws_guest.c has lws load its libev plugin, ws_poll.c nests lws' own poll() into our
 * loop.
 */

#include "base/macros.h"

struct loop;
struct lws_context;
struct lws_context_creation_info;
struct ws_guest;

/* What to say when the context cannot be made. */
extern const char ws_guest_missing[];

/* Adds to @info what this way needs; @foreign holds the libev loop and outlives the call that makes
 * the context. */
void ws_guest_prepare(struct lws_context_creation_info *info, void **foreign);
/* NULL where nothing needs to be kept. */
struct ws_guest *ws_guest_start(struct lws_context *context, struct loop *loop);
/* Before the context is destroyed; NULL is fine. */
void ws_guest_stop(struct ws_guest *g, struct loop *loop);
