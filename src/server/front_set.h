/* SPDX-License-Identifier: MIT */
#pragma once

/* front_set: the open listeners, brought in line with a configuration: all or nothing. */

#include "base/macros.h"

struct conf_report;
struct err;
struct front_set_plan;
struct hub;
struct reload_difference;
struct server_conf;

/* At the start: open the sockets that were passed by name, to be served by the rows of the first
 * plan. */
int front_set_take_passed(struct hub *h, struct err *err) MUST_USE;
/*
 * What the rows of @conf ask for beside what is open now. Listeners that are new are bound, what
 * may fail is done; nothing that is served has changed. NULL when something cannot be had: the
 * mistakes are in @report, and what was bound is closed again.
 */
struct front_set_plan *front_set_plan(struct hub *h, struct server_conf *conf,
	struct conf_report *report) MUST_USE;
void front_set_describe(const struct front_set_plan *p, const struct reload_difference *d);
/* Do it; cannot fail. Takes the certificates of the rows, which must still be there. Frees @p. */
void front_set_apply(struct front_set_plan *p);
/* Close what was bound. Frees @p. */
void front_set_drop(struct front_set_plan *p);
/* The server ends. */
void front_set_close(struct hub *h);
