/* SPDX-License-Identifier: MIT */
#pragma once

/* reload: the configuration applied, at the start and, by difference, again. */

#include <stdbool.h>

#include "base/macros.h"

struct agent;
struct conf_report;
struct err;
struct str_list;

/* What a reload does, or would do, each list may be NULL: tunnels by their names; the paths of
 * other settings that differ ("server.url"). */
struct reload_difference {
	struct str_list *added, *changed, *removed, *kept, *settings;
};

/*
 * Read the configuration and the key again. A mistake goes to @report and to the log, and nothing
 * has changed: false. Tunnels whose definition is the same are not touched. @dry: only compare.
 * The service manager is told, and STATUS= says when there are mistakes.
 */
bool reload_run(struct agent *a, struct conf_report *report, const struct reload_difference *d,
	bool dry);

/* At the start: where to and with which key; the tunnels; how much is logged. */
int reload_uplink(struct agent *a, struct err *err) MUST_USE;
void reload_tunnels(struct agent *a);
void reload_apply_log(const struct agent *a);
