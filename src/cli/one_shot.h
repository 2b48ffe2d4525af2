/* SPDX-License-Identifier: MIT */
#pragma once

/* one_shot: tunnels without a daemon: the command becomes `tunneltod --one-shot`. */

#include "base/macros.h"

struct args;

/* All of tunnelto; the exit status. */
int one_shot_main(int argc, const char *const *argv);
/* `tunnelctl http` and `tcp` where no daemon answers. */
int one_shot_exec(const struct args *a, const char *proto, const char *local) MUST_USE;
/* What tunnelto takes, in a synopsis' words. */
#define ONE_SHOT_SYNOPSIS                                                                          \
	"[--port PORT] [--host HOST] [--subdomain LABEL] [--hostname NAME] [--key-file FILE] "     \
	"[--key KEY] [--server URL] [--ca-file FILE] [--tls] [--use-tls] [--dashboard-port PORT] " \
	"[--no-dashboard] [--verify SENDER --secret-file FILE] [--v1] [--json] [--verbose] "       \
	"[--help] [--version]"
