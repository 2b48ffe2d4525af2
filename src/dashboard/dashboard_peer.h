/* SPDX-License-Identifier: MIT */
#pragma once

/* dashboard_peer: a page's WebSocket as a caller of the control interface. */

struct ctl_server;
struct ws_text;

/* Takes @t, which was just opened; it calls with the rights of an operator. */
void dashboard_peer_open(struct ctl_server *s, struct ws_text *t);
