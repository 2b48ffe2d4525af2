/* SPDX-License-Identifier: MIT */
#pragma once

/* inspect_export: a call of Export: HAR, an entry a reply. */

#include <jansson.h>

struct capture;
struct ctl_call;
struct filter;

/* Takes what is in @f. @ids is an array of numbers, or NULL: all that match. The call wants more.
 * One that has gone when its turn comes is left out. */
void inspect_export_begin(struct capture *k, struct ctl_call *c, struct filter *f,
	const json_t *ids);
