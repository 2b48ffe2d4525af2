/* SPDX-License-Identifier: MIT */
#pragma once

/* inspect_follow: a call of Requests with follow: what changes, told until the caller goes. */

#include <jansson.h>

struct capture;
struct ctl_call;
struct filter;

/* What the JSON of one reply's requests may take, more or less. */
#define INSPECT_FOLLOW_REPLY (512 * 1024)

/* Takes what is in @f. @first, stolen, is the first reply. */
void inspect_follow_begin(struct capture *k, struct ctl_call *c, struct filter *f, json_t *first);
/* A reply of Requests; both lists are stolen. */
json_t *inspect_follow_reply(const struct capture *k, json_t *requests, json_t *gone);
