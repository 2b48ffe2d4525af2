/* SPDX-License-Identifier: MIT */
#pragma once

/* reload: the configuration read again and applied by difference. */

#include <stdbool.h>

#include "base/macros.h"

struct conf_report;
struct hub;
struct str_list;

/*
 * What a reload does, or would do; each list may be NULL. Listeners are called "public[*:443]",
 * keys "keys[NAME]", everything else by its path: "limits.visitors".
 */
struct reload_difference {
	struct str_list *added, *changed, *removed, *kept;
};

/*
 * Read @h's configuration again. A mistake, a certificate that cannot be used or a listener that
 * cannot be bound goes to @report, and nothing has changed: false. @dry: go as far as can be
 * tried, then leave everything as it was; else the service manager is told, and STATUS= says
 * when there are mistakes.
 */
bool reload_run(struct hub *h, struct conf_report *report, const struct reload_difference *d,
	bool dry);
/* Add @name; @l may be NULL. */
void reload_note(struct str_list *l, const char *name);
