/* SPDX-License-Identifier: MIT */
#pragma once

/* client_verbs: the methods of io.tunnelto.Client. */

struct agent;
struct ctl_interface;

extern const struct ctl_interface client_verbs_interface;
/* A state has changed: answer those that waited for it. */
void client_verbs_tell_waiters(struct agent *a);
