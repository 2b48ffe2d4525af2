/* SPDX-License-Identifier: MIT */
#pragma once

/* replay_verb: the method Replay of the control socket; tunnelto-control(7) describes it. */

#include <jansson.h>

#include "ctl/ctl_server.h"

struct agent;

void replay_verb(struct agent *a, struct ctl_call *c, json_t *params);
